//! What different replicas of a partition hold.

use super::{forgotten_vote, unless_metadata_broke};
use crate::fact::{Fact, FactKind, FactSet};
use crate::ghost::{LogGhost, METADATA_TOPIC_ID, PartitionGhost, epochs_of};
use crate::judge::{Case, Judge};
use crate::ledger::DAMAGE;
use crate::liveness::damaged_replica;
use crate::property::{Claim, Cluster, PropertyId, Scope};

/// W03. Two replicas that hold a batch of the same epoch with the same end hold the same batches before it. Judged
/// whenever a copy is appended, against the first that was seen; never rebased. Source: Raft; TLA+: LogMatchingProperty;
/// bugs R02 R03 R04 R29.
#[derive(Clone, Debug, Default)]
pub(crate) struct LogMatching;

impl Judge for LogMatching {
    const ID: PropertyId = PropertyId {
        id: "W03",
        name: "LogMatchingProperty",
        sentence: "Two logs that have the same batch have the same batches before it.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Appended]);

    /// Who reads damaged epochs cuts its log in the wrong place; a voter that forgot its vote lets two leaders of the quorum have one epoch.
    fn claim(&self, scope: &Scope, cluster: &Cluster<'_>) -> Claim {
        let of_quorum = || scope.log.as_ref().is_some_and(|log| log.topic_id == METADATA_TOPIC_ID);
        let cut_wrongly = || cluster.ledger.excuse(&epochs_of(scope.log.as_ref()?), DAMAGE);
        match cluster.ledger.excuse(scope, DAMAGE).or_else(cut_wrongly) {
            Some(fault) => Claim::Excused(fault),
            None if of_quorum() => {
                let forgot = cluster.nodes.ids().iter().find_map(|&node| forgotten_vote(node, cluster.ledger));
                forgot.map_or(Claim::Holds, Claim::Excused)
            }
            None => Claim::Holds,
        }
    }

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let Fact::Appended { log, batch, .. } = fact else { return };
        let ghost = case.cluster.ghost;
        let Some(other) = ghost.writing().and_then(|writing| writing.diverges_from) else { return };
        let Some(log) = ghost.get(log) else { return };
        let end = batch.last_offset.saturating_add(1);
        let first = super::replica(ghost, ghost.partition(log.home), other).map(|other| Scope::range(other, 0, end));
        let damaged = first.and_then(|scope| case.cluster.ledger.excuse(&scope, DAMAGE));
        if let Some(fault) = damaged {
            return case.verdicts.excuse(Self::ID, fault);
        }
        case.charge(self, &Scope::range(log, 0, end), "diverged", || {
            let (base, epoch) = (batch.base_offset, batch.leader_epoch);
            format!(
                "{} got the batch at offset {base} of epoch {epoch} behind other batches than node {other}",
                log.log
            )
        });
    }
}

/// W23. At rest the assigned replicas that run hold the same batches up to the same end. Of the metadata log, which is
/// never idle, up to the shorter end. Damage to a replica excuses it: nobody else may
/// have what lies behind. So does damage to a voter's metadata log: nobody may be able to say whom to follow. Source: ORACLES; bugs R02 R03 R06.
#[derive(Clone, Debug, Default)]
pub(crate) struct Convergence;

impl Judge for Convergence {
    const ID: PropertyId =
        PropertyId { id: "W23", name: "convergence", sentence: "At rest all replicas of a partition hold the same." };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::AtRest]);

    fn claim(&self, scope: &Scope, cluster: &Cluster<'_>) -> Claim {
        let replica = || scope.log.as_ref().and_then(|log| damaged_replica(log, cluster));
        let damaged = cluster.ledger.excuse(scope, DAMAGE).or_else(replica).map(Claim::Excused);
        damaged.unwrap_or_else(|| unless_metadata_broke(cluster))
    }

    fn observe(&mut self, _: &Fact, case: &mut Case<'_>) {
        let ghost = case.cluster.ghost;
        for (_, partition) in ghost.partitions() {
            let logs = standing(partition, case.cluster);
            let Some((first, rest)) = logs.split_first() else { continue };
            rest.iter().for_each(|log| self.compare(partition, first, log, case));
        }
    }
}

impl Convergence {
    fn compare(&self, partition: &PartitionGhost, one: &LogGhost, other: &LogGhost, case: &mut Case<'_>) {
        let end = one.end.min(other.end);
        let same = end == 0 || one.prefix_at(end) == other.prefix_at(end);
        if same && (one.end == other.end || partition.is_metadata()) {
            return;
        }
        let kind = if same { "shorter" } else { "different" };
        let scope = Scope::range(one, 0, one.end);
        if let Some(fault) = case.cluster.ledger.excuse(&scope, DAMAGE) {
            return case.verdicts.excuse(Self::ID, fault);
        }
        case.charge(self, &Scope::range(other, 0, other.end), kind, || {
            format!("at rest {} ends at {} and {} at {}, {kind}", one.log, one.end, other.log, other.end)
        });
    }
}

/// The logs of a partition's assigned replicas that are online on a node that runs, while the partition has a leader.
fn standing<'a>(partition: &PartitionGhost, cluster: &Cluster<'a>) -> Vec<&'a LogGhost> {
    let (topic_id, index) = (partition.topic_id, partition.partition.partition);
    let state = cluster.ghost.metadata().image().partition(topic_id, index);
    let assigned = |node: i32| state.is_none_or(|state| state.leader >= 0 && state.replicas.contains(&node));
    let ghost: &'a crate::Ghost = cluster.ghost;
    let logs = partition.logs.iter().map(|&log| ghost.log(log)).filter(|log| log.present && assigned(log.log.node.0));
    let online = |log: &&LogGhost| {
        let shown = cluster.nodes.view(log.log.node).and_then(|view| view.log(topic_id, index));
        shown.is_some_and(|log| log.online && log.corrupt_from.is_none())
    };
    logs.filter(online).collect()
}

/// W24. A record stands in the logs of one topic id, unless more requests brought it than that: no replica carries on
/// with the log of a topic of the same name that was deleted. Source: KIP-516; bugs R33 R48.
#[derive(Clone, Debug, Default)]
pub(crate) struct TopicIdSafety;

impl Judge for TopicIdSafety {
    const ID: PropertyId = PropertyId {
        id: "W24",
        name: "topic id safety",
        sentence: "A batch stands only in the logs of the topic id that it was produced to.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Appended]);

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let Fact::Appended { log, batch, .. } = fact else { return };
        let ghost = case.cluster.ghost;
        let Some(home) = ghost.get(log).map(|log| log.home) else { return };
        if !ghost.writing().is_some_and(|writing| writing.original) {
            return;
        }
        let sends = batch.records.iter().filter_map(|record| record.payload.as_ref());
        for send in sends.filter_map(|payload| case.cluster.history.sends().get(payload.uid)) {
            let namesake = |home| ghost.partition(home).partition == log.partition;
            let elsewhere = send.places().any(|place| place.home != home && namesake(place.home));
            if elsewhere && send.places().count() > send.received as usize {
                case.charge(self, &Scope::node(log.node), "other-incarnation", || {
                    let (uid, id) = (send.payload.uid, log.topic_id);
                    format!("record {uid} was appended to {log} of topic id {id:?}, and stands in another of that name")
                });
            }
        }
    }
}
