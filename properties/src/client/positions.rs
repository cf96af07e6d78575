//! What a consumer reads next follows from what it read last, unless it says otherwise.

use crate::fact::{Fact, FactKind, FactSet, ReadSeen};
use crate::ghost::LogGhost;
use crate::history::{Place, Sends};
use crate::judge::{Case, Judge};
use crate::ledger::{DAMAGE, FaultKind};
use crate::payload::Uid;
use crate::property::{PropertyId, Scope};
use std::collections::BTreeMap;
use wire::TopicPartition;

/// W78. A consumer's position changes only by delivery, by its application, or by an event in which it says so: a reset by
/// policy, a truncation that it noticed. So the log from which it reads on has what it read last, and nothing in between;
/// a log that was cut below the position is never read on in silence (KIP-320). Between two polls and within one. Damage
/// to a log excuses it. Source: ORACLES; bug K15.
#[derive(Clone, Debug, Default)]
pub(crate) struct PositionsMoveOpenly {
    standing: BTreeMap<(u16, u16, TopicPartition), Standing>,
}

/// Where a consumer stands since it was positioned.
#[derive(Clone, Copy, Debug)]
enum Standing {
    /// Behind the record that it read last.
    Behind(Uid, Place),
    /// Where it said that it goes; it has read nothing since.
    At(i64),
}

impl Judge for PositionsMoveOpenly {
    const ID: PropertyId = PropertyId {
        id: "W78",
        name: "positions move openly",
        sentence: "A consumer reads on in the log that has what it read last, or says that it does not.",
    };
    const INTERESTS: FactSet =
        FactSet::of(&[FactKind::PollCompleted, FactKind::Repositioned, FactKind::PositionMoved, FactKind::ClientLife]);
    const EXCUSED_BY: &'static [FaultKind] = DAMAGE;

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        match fact {
            Fact::PollCompleted { client, session, records, .. } => {
                let places: Vec<Option<Place>> = case.cluster.history.reads().iter().map(|read| read.place).collect();
                for (read, place) in records.iter().zip(places) {
                    self.read((*client, *session), read, place, case);
                }
            }
            Fact::Repositioned { client, session, partitions, assign } => {
                let dropped = |partition: &TopicPartition| *assign || partitions.contains(partition);
                self.standing.retain(|(who, when, at), _| (*who, *when) != (*client, *session) || !dropped(at));
            }
            Fact::PositionMoved { client, session, partition, to, .. } => {
                let who = (*client, *session, partition.clone());
                match to {
                    Some(to) => _ = self.standing.insert(who, Standing::At(*to)),
                    None => _ = self.standing.remove(&who),
                }
            }
            Fact::ClientLife { client, alive: false, .. } => self.standing.retain(|(who, ..), _| who != client),
            _ => {}
        }
    }
}

impl PositionsMoveOpenly {
    fn read(&mut self, (client, session): (u16, u16), read: &ReadSeen, place: Option<Place>, case: &mut Case<'_>) {
        let who = (client, session, read.partition.clone());
        let now = read.record.payload.as_ref().map(|payload| payload.uid).zip(place);
        let before = match now {
            Some((uid, place)) => self.standing.insert(who, Standing::Behind(uid, place)),
            None => self.standing.remove(&who),
        };
        let (Some(before), Some((uid, place))) = (before, now) else { return };
        let sends = case.cluster.history.sends();
        let logs: Vec<_> =
            sends.get(uid).into_iter().flat_map(|send| send.holders(place, case.cluster.ghost)).collect();
        let log = logs.first().copied();
        // A record that came twice may stand at the same offset in what was cut, too.
        let follows = logs.iter().any(|log| wrong(before, place, Some(log), sends).is_none());
        let Some(wrong) = wrong(before, place, log, sends).filter(|_| !follows) else { return };
        let scope = log.map_or_else(Scope::default, |log| Scope::range(log, 0, place.offset.saturating_add(1)));
        case.charge(self, &scope, wrong, || {
            let (offset, partition) = (place.offset, &read.partition);
            let from = match before {
                Standing::Behind(uid, last) => format!("record {uid} at offset {}", last.offset),
                Standing::At(position) => format!("it had gone to offset {position}"),
            };
            format!("client {client} read record {uid} at offset {offset} of {partition} after {from}: {wrong}")
        });
    }
}

/// In which way what was read does not follow from where the consumer stood; None if it does.
fn wrong(before: Standing, now: Place, log: Option<&LogGhost>, sends: &Sends) -> Option<&'static str> {
    let next = match before {
        Standing::Behind(_, last) if last.home != now.home => return Some("other-topic"),
        Standing::Behind(uid, last) => {
            let stands = |log| sends.get(uid).is_none_or(|send| send.stands_in(log, last.home, last.offset));
            if log.is_some_and(|log| !stands(log)) {
                return Some("silent-truncation");
            }
            last.offset.saturating_add(1)
        }
        Standing::At(position) => position,
    };
    if now.offset < next {
        return Some("went-back");
    }
    let passed = now.offset > next && log.is_some_and(|log| log.batch(next).is_some());
    passed.then_some("skipped")
}
