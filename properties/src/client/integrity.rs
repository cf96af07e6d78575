//! What a consumer hands to its application is what some producer's application handed over.

use crate::fact::{Fact, FactKind, FactSet};
use crate::history::Place;
use crate::judge::{Case, Judge};
use crate::property::{PropertyId, Scope};

/// J27. Every value that is read was sent. No fault excuses it: the consumer checks CRCs. Source: Jepsen's
/// `no-writer-of-value`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Garbage;

impl Judge for Garbage {
    const ID: PropertyId =
        PropertyId { id: "J27", name: "unexpected", sentence: "Every record that is read was sent by somebody." };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::PollCompleted]);

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let Fact::PollCompleted { client, records, .. } = fact else { return };
        for read in records {
            let (offset, partition) = (read.record.offset, &read.partition);
            match &read.record.payload {
                None => case.charge(self, &Scope::default(), "garbage", || {
                    format!("client {client} read a value at offset {offset} of {partition} that is none of ours, or is damaged")
                }),
                Some(payload) if case.cluster.history.sends().get(payload.uid).is_none() => {
                    case.charge(self, &Scope::default(), "never-sent", || {
                        format!("client {client} read record {} at offset {offset} of {partition}, which nobody sent", payload.uid)
                    });
                }
                Some(_) => {}
            }
        }
    }
}

/// JX8. Key, value and headers of a record that is read are those that were sent, and its timestamp is the one that it
/// was stored with (with any of them, if a permitted loss made it stand there twice: a consumer may have read it before).
/// Source: what Jepsen leaves out (keys, headers, timestamps).
#[derive(Clone, Debug, Default)]
pub(crate) struct Integrity;

impl Judge for Integrity {
    const ID: PropertyId = PropertyId {
        id: "JX8",
        name: "integrity",
        sentence: "Key, value, headers and timestamp of a record that is read are those that were written.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::PollCompleted]);

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let Fact::PollCompleted { records, .. } = fact else { return };
        for (seen, read) in records.iter().zip(case.cluster.history.reads()) {
            let Some(uid) = seen.record.payload.as_ref().map(|payload| payload.uid) else { continue };
            let Some(send) = case.cluster.history.sends().get(uid) else { continue };
            let (offset, partition) = (seen.record.offset, &seen.partition);
            if seen.record.hash != send.hash {
                case.charge(self, &Scope::default(), "changed", || {
                    format!("record {uid} read at offset {offset} of {partition} differs from what was sent in key or headers")
                });
            }
            let got = seen.record.timestamp;
            let ghost = case.cluster.ghost;
            let here = |place: &&Place| place.offset == offset && ghost.partition(place.home).partition == *partition;
            if let Some(stored) = read.place.map(|place| place.timestamp)
                && !send.places().filter(here).any(|place| place.timestamp == got)
            {
                case.charge(self, &Scope::default(), "timestamp", || {
                    format!("record {uid} at offset {offset} of {partition} was stored with timestamp {stored} and read with {got}")
                });
            }
        }
    }
}
