//! Offsets that clients are told: one value per offset, and an offset with every acknowledgement.

use crate::fact::{Fact, FactKind, FactSet, Outcome, ReadSeen};
use crate::ghost::PartitionId;
use crate::history::{Place, Read, Send};
use crate::judge::{Case, Judge};
use crate::payload::Uid;
use crate::property::{PropertyId, Scope};
use std::collections::BTreeMap;

/// J01. An offset that a poll or an acknowledgement names holds that record, and no two of them name different records
/// for one offset, within one topic id and one generation of the log; unless what stood there was lost with the
/// configuration's permission: what an older leader had written may come to stand there again. Source: Jepsen's
/// `inconsistent-offsets`.
#[derive(Clone, Debug, Default)]
pub(crate) struct InconsistentOffsets {
    /// Per partition and offset, who was seen there, in which generation.
    seen: BTreeMap<PartitionId, Vec<Option<(Uid, u32)>>>,
}

impl Judge for InconsistentOffsets {
    const ID: PropertyId = PropertyId {
        id: "J01",
        name: "inconsistent-offsets",
        sentence: "Every offset that a client is told holds that record, and one record only.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::SendCompleted, FactKind::PollCompleted]);

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        match fact {
            Fact::SendCompleted { payload, outcome: Outcome::Ok, offset: Some(offset), .. } => {
                if let Some(send) = case.cluster.history.sends().get(payload.uid).filter(|send| send.acks != 0) {
                    self.acknowledged(send, *offset, case);
                }
            }
            Fact::PollCompleted { records, .. } => {
                for (seen, read) in records.iter().zip(case.cluster.history.reads()) {
                    self.polled(seen, read, case);
                }
            }
            _ => {}
        }
    }
}

impl InconsistentOffsets {
    fn acknowledged(&mut self, send: &Send, offset: i64, case: &mut Case<'_>) {
        match send.acked_place(case.cluster.ghost) {
            Some(place) => self.note(send.payload.uid, place, case),
            None => case.charge(self, &Scope::default(), "ack-misplaced", || {
                let (uid, topic) = (send.payload.uid, &send.payload.topic);
                format!(
                    "record {uid} was acknowledged at offset {offset} of {topic}-{:?}, where it never stood",
                    send.partition
                )
            }),
        }
    }

    fn polled(&mut self, seen: &ReadSeen, read: &Read, case: &mut Case<'_>) {
        let Some(payload) = &seen.record.payload else { return };
        match read.place {
            Some(place) => self.note(payload.uid, place, case),
            None if case.cluster.history.sends().get(payload.uid).is_some() => {
                case.charge(self, &Scope::default(), "read-misplaced", || {
                    let (offset, partition) = (seen.record.offset, &seen.partition);
                    format!("record {} was read at offset {offset} of {partition}, where it never stood", payload.uid)
                });
            }
            None => {}
        }
    }

    fn note(&mut self, uid: Uid, place: Place, case: &mut Case<'_>) {
        let slots = self.seen.entry(place.home).or_default();
        let Ok(index) = usize::try_from(place.offset) else { return };
        if slots.len() <= index {
            slots.resize(index + 1, None);
        }
        match slots[index].replace((uid, place.generation)) {
            Some((other, generation)) if other != uid && generation == place.generation => {
                let partition = case.cluster.ghost.partition(place.home);
                let detail = || {
                    format!(
                        "offset {} of {} is both record {other} and record {uid}",
                        place.offset, partition.partition
                    )
                };
                match partition.permitted_loss(generation, place.offset) {
                    Some(cause) => case.verdicts.attribute(Self::ID, cause, detail()),
                    None => case.charge(self, &Scope::default(), "two-values", detail),
                }
            }
            _ => {}
        }
    }
}

/// J30. An acknowledgement with acks other than 0 names an offset. Source: Jepsen saw Kafka leave it out "fairly often"
/// and calls it informational; a broker without idempotent producers has no reason to.
#[derive(Clone, Debug, Default)]
pub(crate) struct MissingOffset;

impl Judge for MissingOffset {
    const ID: PropertyId = PropertyId {
        id: "J30",
        name: "missing-ack-offset",
        sentence: "Every acknowledgement of acks=1 or acks=all names the record's offset.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::SendCompleted]);

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let Fact::SendCompleted { payload, outcome: Outcome::Ok, offset, .. } = fact else { return };
        let acks = case.cluster.history.sends().get(payload.uid).map_or(0, |send| send.acks);
        if acks != 0 && offset.is_none_or(|offset| offset < 0) {
            case.charge(self, &Scope::client(payload.uid.producer), "missing", || {
                format!("record {} was acknowledged with acks={acks} and offset {offset:?}", payload.uid)
            });
        }
    }
}
