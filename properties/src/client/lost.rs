//! At the end, everything that was acknowledged has been read by somebody.
//!
//! What the configuration permits to be lost was attributed by W13 and is left out here, and so are records of topics
//! that were deleted. Records sent with acks=0 were promised nothing: if they are not there, the reason is a finding.

use crate::fact::{Fact, FactKind, FactSet};
use crate::history::{Place, Send};
use crate::judge::{Case, Judge};
use crate::liveness::unreachable;
use crate::property::{Claim, Cluster, PropertyId, Scope};

/// J03. An acknowledged record at or below the last offset that a final reader got to was read by somebody. Final
/// readers begin at the earliest offset after faults have stopped. Source: Jepsen's `lost-write`.
#[derive(Clone, Debug, Default)]
pub(crate) struct LostWrite;

impl Judge for LostWrite {
    const ID: PropertyId = PropertyId {
        id: "J03",
        name: "lost-write",
        sentence: "Every acknowledged record below what was read in the end was read.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::AtRest]);

    fn claim(&self, scope: &Scope, cluster: &Cluster<'_>) -> Claim {
        unreachable(scope, cluster)
    }

    fn observe(&mut self, _: &Fact, case: &mut Case<'_>) {
        let cluster = case.cluster;
        let below = |place: &Place| read_up_to(*place, cluster).is_some_and(|last| place.offset <= last);
        for (send, place) in unread(cluster).filter(|(_, place)| below(place)) {
            charge(self, case, send, place, "lost");
        }
    }
}

/// J04. An acknowledged record beyond that was read by somebody, too, if a final reader was to read its partition: a
/// loss at a log's tail. Source: Jepsen's `unseen`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unseen;

impl Judge for Unseen {
    const ID: PropertyId = PropertyId {
        id: "J04",
        name: "unseen",
        sentence: "Every acknowledged record was read by somebody when the run ended.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::AtRest]);

    fn claim(&self, scope: &Scope, cluster: &Cluster<'_>) -> Claim {
        unreachable(scope, cluster)
    }

    fn observe(&mut self, _: &Fact, case: &mut Case<'_>) {
        let cluster = case.cluster;
        let beyond = |place: &Place| read_up_to(*place, cluster).is_some_and(|last| place.offset > last);
        for (send, place) in unread(cluster).filter(|(_, place)| beyond(place)) {
            charge(self, case, send, place, "unseen");
        }
        for send in cluster.history.sends().iter().filter(|send| send.acks == 0 && send.is_ok() && send.reads == 0) {
            if let Some(cause) = fate_without_acks(send, cluster) {
                let detail =
                    format!("record {} of {}, sent with acks=0, is not there", send.payload.uid, send.payload.topic);
                case.verdicts.attribute(Self::ID, cause, detail);
            }
        }
    }
}

fn charge<J: Judge>(judge: &J, case: &mut Case<'_>, send: &Send, place: Place, kind: &'static str) {
    let Some(log) = case.cluster.ghost.face(place.home) else { return };
    let scope = Scope::range(log, place.offset, place.offset.saturating_add(1));
    case.charge(judge, &scope, kind, || {
        let (uid, offset, partition) = (send.payload.uid, place.offset, &log.log.partition);
        format!("record {uid} was acknowledged at offset {offset} of {partition}, and nobody ever read it")
    });
}

/// Acknowledged records that nobody read, and that ought to stand where their acknowledgement says.
fn unread<'a>(cluster: &'a Cluster<'a>) -> impl Iterator<Item = (&'a Send, Place)> {
    let unread = cluster.history.sends().iter().filter(|send| send.reads == 0 && send.acks != 0 && send.is_ok());
    unread.filter_map(|send| Some((send, send.acked_place(cluster.ghost)?))).filter(|(_, place)| {
        let partition = cluster.ghost.partition(place.home);
        let gone = !cluster.ghost.is_present(place.home);
        let deleted = gone && cluster.ghost.topics().deletion_asked(&partition.partition.topic);
        !deleted && partition.permitted_loss(place.generation, place.offset).is_none()
    })
}

/// The last offset that a final reader got to in a log, -1 if it got nowhere; None if there was no such reader.
fn read_up_to(place: Place, cluster: &Cluster<'_>) -> Option<i64> {
    let healed = cluster.ghost.healed()?;
    let partition = &cluster.ghost.partition(place.home).partition;
    let readers = cluster.history.consumers().living_since(healed);
    let readings = readers.filter_map(|(_, consumer)| consumer.assigned.get(partition));
    let last = readings.map(|reading| reading.last_offset.unwrap_or(-1)).max()?;
    Some(if cluster.ghost.is_present(place.home) { last } else { -1 })
}

/// Why a record that was promised nothing is not there; None if it is there, and only was not read.
fn fate_without_acks(send: &Send, cluster: &Cluster<'_>) -> Option<&'static str> {
    let Some(place) = send.places().last() else {
        return Some(if send.received == 0 { "acks=0 and a lost request" } else { "acks=0 and a refused request" });
    };
    let deleted = (!cluster.ghost.is_present(place.home)).then_some("topic deleted");
    let partition = cluster.ghost.partition(place.home);
    let cut = || overtaken(*place, cluster).then_some("acks=0 and another leader");
    partition.permitted_loss(place.generation, place.offset).or(deleted).or_else(cut)
}

/// Whether the log that counts now has something else, or nothing, where a former leader had appended a record.
fn overtaken(place: Place, cluster: &Cluster<'_>) -> bool {
    let log = cluster.ghost.face(place.home);
    let held = log.and_then(|log| log.batch(place.offset));
    held.is_none_or(|held| held.leader_epoch != place.leader_epoch)
}
