//! A record's number and its place: not more often in the log than it was sent there, and never in another partition.

use crate::fact::{BatchSeen, Fact, FactKind, FactSet};
use crate::ghost::PartitionId;
use crate::history::{Place, Send};
use crate::judge::{Case, Judge};
use crate::payload::Payload;
use crate::property::{Claim, Cluster, PropertyId, Scope};
use wire::TopicPartition;

/// J02. An idempotent producer's record stands at most once in one generation of a log. Any other producer's record may
/// be repeated by a retry (KIP-98 is what prevents that), so there the claim is what remains without idempotence: it
/// was appended at most as often as requests with it reached a broker. Source: Jepsen's `duplicate`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Duplicate;

impl Judge for Duplicate {
    const ID: PropertyId = PropertyId {
        id: "J02",
        name: "duplicate",
        sentence: "No record is appended more often than requests brought it; an idempotent producer's only once.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Appended]);

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let Fact::Appended { log, batch, .. } = fact else { return };
        let Some(id) = case.cluster.ghost.find(log) else { return };
        let home = case.cluster.ghost.partition_of(id);
        for payload in payloads(batch) {
            let Some(send) = case.cluster.history.sends().get(payload.uid) else { continue };
            let standing = send.places().count();
            if standing < 2 && send.received >= 1 {
                continue;
            }
            let scope = Scope::log(case.cluster.ghost.log(id));
            if standing > send.received as usize {
                case.charge(self, &scope, "duplicate", || {
                    format!(
                        "record {} was appended {standing} times, but {} requests brought it",
                        payload.uid, send.received
                    )
                });
            } else if send.idempotent && repeated(send, home, case.cluster) {
                case.charge(self, &scope, "not-idempotent", || {
                    format!("record {} of an idempotent producer stands twice in {log}", payload.uid)
                });
            }
        }
    }
}

/// Whether a record stands twice in what its partition's leader has now (what a former leader appended may be cut).
fn repeated(send: &Send, home: PartitionId, cluster: &Cluster<'_>) -> bool {
    let ghost = cluster.ghost;
    let generation = ghost.partition(home).generation;
    let Some(log) = ghost.face(home) else { return false };
    let here = |place: &&Place| {
        let held = log.batch(place.offset).is_some_and(|held| held.leader_epoch == place.leader_epoch);
        held && place.home == home && place.generation == generation
    };
    send.places().filter(here).count() > 1
}

/// JX9. A record is seen only in the partition that it was sent to; where the partitioner was to choose, only in the
/// one that it chose first. Source: ruby-kafka #956 (a retry chose anew), KAFKA-19012 (a reused buffer led to another
/// topic).
#[derive(Clone, Debug, Default)]
pub(crate) struct Misrouted;

impl Judge for Misrouted {
    const ID: PropertyId = PropertyId {
        id: "JX9",
        name: "misrouted",
        sentence: "A record is seen only in the partition that it was meant for.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::ProduceReceived, FactKind::Appended, FactKind::PollCompleted]);

    fn claim(&self, _: &Scope, _: &Cluster<'_>) -> Claim {
        Claim::Holds
    }

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        match fact {
            Fact::ProduceReceived { partition, batch: Some(batch), .. } => {
                payloads(batch).for_each(|payload| self.check(payload, partition, "was sent to", case));
            }
            Fact::Appended { log, batch, .. } => {
                payloads(batch).for_each(|payload| self.check(payload, &log.partition, "was appended to", case));
            }
            Fact::PollCompleted { records, .. } => {
                let known = records.iter().filter_map(|read| Some((read.record.payload.as_ref()?, &read.partition)));
                known.for_each(|(payload, partition)| self.check(payload, partition, "was read from", case));
            }
            _ => {}
        }
    }
}

impl Misrouted {
    fn check(&self, payload: &Payload, partition: &TopicPartition, how: &str, case: &mut Case<'_>) {
        let routed = case.cluster.history.sends().get(payload.uid).and_then(|send| send.routed);
        let meant = payload.partition.or(routed);
        if payload.topic == partition.topic && meant.is_none_or(|meant| meant == partition.partition) {
            return;
        }
        let kind = if payload.topic == partition.topic { "other-partition" } else { "other-topic" };
        case.charge(self, &Scope::default(), kind, || {
            let meant = meant.map_or_else(|| "any".to_owned(), |meant| meant.to_string());
            format!("record {} of {} partition {meant} {how} {partition}", payload.uid, payload.topic)
        });
    }
}

fn payloads(batch: &BatchSeen) -> impl Iterator<Item = &Payload> {
    batch.records.iter().filter_map(|record| record.payload.as_ref())
}
