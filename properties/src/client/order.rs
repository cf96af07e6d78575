//! The order of a log against the order in which records were sent.

use crate::fact::{Fact, FactKind, FactSet, Moment, Outcome};
use crate::ghost::PartitionId;
use crate::history::{Place, Send};
use crate::judge::{Case, Judge};
use crate::payload::Uid;
use crate::property::{PropertyId, Scope};
use std::collections::BTreeMap;

/// J14. Two acknowledged records of one producer session stand in one partition in the order in which they were sent.
///
/// Claimed with one request in flight or idempotence. With several in flight and no idempotence a failed request may be
/// overtaken by the next one (the documentation of `max.in.flight.requests.per.connection` says so), so there only
/// records count during which their producer repeated nothing, and that came to a broker once (a batch that was too
/// large is split and sent again). Acknowledged offsets are compared: another copy of a repeated record may come late.
/// Source: Jepsen's `nonmonotonic-send`.
#[derive(Clone, Debug, Default)]
pub(crate) struct SendOrder {
    /// Per producer session and partition.
    lanes: BTreeMap<(u16, u16, PartitionId), Vec<Sent>>,
}

/// Ordinal, offset and generation, by ordinal.
type Sent = (u32, i64, u32);

impl Judge for SendOrder {
    const ID: PropertyId = PropertyId {
        id: "J14",
        name: "nonmonotonic-send",
        sentence: "A producer's acknowledged records stand in a partition in the order in which they were sent.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::SendCompleted]);

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let Some((send, place)) = acknowledged(fact, case) else { return };
        let repeated = send.maybe_retried || send.received > 1;
        if repeated && send.max_in_flight > 1 && !send.idempotent {
            return;
        }
        let Uid { producer, session, ordinal } = send.payload.uid;
        let lane = self.lanes.entry((producer, session, place.home)).or_default();
        let at = lane.partition_point(|&(other, ..)| other < ordinal);
        let wrong = |&&(_, offset, generation): &&Sent, before: bool| {
            generation == place.generation && if before { offset >= place.offset } else { offset <= place.offset }
        };
        let before = at.checked_sub(1).and_then(|at| lane.get(at)).filter(|other| wrong(other, true));
        let after = lane.get(at).filter(|other| wrong(other, false));
        let found = before.or(after).copied();
        lane.insert(at, (ordinal, place.offset, place.generation));
        if let Some((other, offset, _)) = found {
            case.charge(self, &Scope::client(producer), "reordered", || {
                let log = &case.cluster.ghost.partition(place.home).partition;
                let (mine, uid) = (place.offset, send.payload.uid);
                format!(
                    "record {uid} is at offset {mine} of {log}, record {producer}.{session}.{other} at offset {offset}"
                )
            });
        }
    }
}

/// JX1. If one send was acknowledged before another was invoked, its offset is the smaller one, whoever the producers
/// are. It holds with and without idempotence and with any number in flight: the second record did not exist when the
/// first was appended. Source: ORACLES (linearizable append).
#[derive(Clone, Debug, Default)]
pub(crate) struct AppendLinearizable {
    /// Per partition: its generation, and the greatest acknowledged offset over time, where it grew.
    greatest: BTreeMap<PartitionId, (u32, Vec<Greatest>)>,
}

/// When it was acknowledged, the offset, and whose it is.
type Greatest = (Moment, i64, Uid);

impl Judge for AppendLinearizable {
    const ID: PropertyId = PropertyId {
        id: "JX1",
        name: "append-linearizability",
        sentence: "A record that was acknowledged before another was sent stands before it.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::SendCompleted]);

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let Some((send, place)) = acknowledged(fact, case) else { return };
        let (generation, greatest) = self.greatest.entry(place.home).or_default();
        if *generation > place.generation {
            return;
        }
        if *generation < place.generation {
            (*generation, *greatest) = (place.generation, Vec::new());
        }
        let earlier = greatest.partition_point(|&(completed, ..)| completed < send.invoked);
        let found = earlier.checked_sub(1).map(|at| greatest[at]).filter(|&(_, offset, _)| offset >= place.offset);
        if greatest.last().is_none_or(|&(_, offset, _)| offset < place.offset) {
            greatest.push((case.cluster.moment, place.offset, send.payload.uid));
        }
        if let Some((_, offset, other)) = found {
            case.charge(self, &Scope::default(), "reordered", || {
                let log = &case.cluster.ghost.partition(place.home).partition;
                let (mine, uid) = (place.offset, send.payload.uid);
                format!("record {other} was acknowledged at offset {offset} of {log} before record {uid} was sent, which is at {mine}")
            });
        }
    }
}

/// The record that a fact acknowledges, with its place.
fn acknowledged<'a>(fact: &Fact, case: &Case<'a>) -> Option<(&'a Send, Place)> {
    let Fact::SendCompleted { payload, outcome: Outcome::Ok, .. } = fact else { return None };
    let send = case.cluster.history.sends().get(payload.uid).filter(|send| send.acks != 0 && send.completions == 1)?;
    Some((send, send.acked_place(case.cluster.ghost)?))
}
