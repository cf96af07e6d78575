//! The quorum of the metadata log: who leads it, and what it may call committed.

use super::{forgotten_vote, unless_metadata_broke};
use crate::fact::{Fact, FactKind, FactSet};
use crate::ghost::LogGhost;
use crate::judge::{Case, Judge};
use crate::ledger::{BROKEN_PROMISES, FaultKind};
use crate::property::{Claim, Cluster, PropertyId, Scope};
use broker_core::Event;
use std::collections::BTreeMap;
use wire::NodeId;
use wire::files::METADATA_TOPIC_ID;

/// W30. At most one node becomes leader of the quorum in an epoch, and no two nodes name different leaders of one. Source:
/// Raft; TLA+: NeverTwoLeadersInSameEpoch; Kafka's SingleLeader; bugs C01 C03 C04.
#[derive(Clone, Debug, Default)]
pub(crate) struct ElectionSafety {
    leaders: BTreeMap<i32, NodeId>,
}

impl Judge for ElectionSafety {
    const ID: PropertyId = PropertyId {
        id: "W30",
        name: "NeverTwoLeadersInSameEpoch",
        sentence: "At most one node leads the quorum in an epoch, and all agree who.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Stated]);

    fn claim(&self, _: &Scope, cluster: &Cluster<'_>) -> Claim {
        unless_metadata_broke(cluster)
    }

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let Fact::Stated { node, event } = fact else { return };
        let (partition, leader, epoch, kind) = match event {
            Event::LeaderElected { partition, leader_epoch, .. } => (partition, *node, *leader_epoch, "two-leaders"),
            Event::BecameFollower { partition, leader, leader_epoch } if *leader >= 0 => {
                (partition, NodeId(*leader), *leader_epoch, "two-names")
            }
            _ => return,
        };
        if partition.topic_id != METADATA_TOPIC_ID {
            return;
        }
        let first = *self.leaders.entry(epoch).or_insert(leader);
        if first != leader {
            case.charge(self, &Scope::node(*node), kind, || {
                format!("node {leader} leads the quorum in epoch {epoch}, says node {node}; node {first} did already")
            });
        }
    }
}

/// A high watermark of the metadata log that advanced, where there are several voters.
fn advance<'a>(fact: &Fact, cluster: &Cluster<'a>) -> Option<(&'a LogGhost, i64)> {
    let Fact::Stated { node, event: Event::HighWatermarkAdvanced { partition, to } } = fact else { return None };
    let log = cluster.ghost.named(*node, partition).filter(|log| log.is_metadata())?;
    (cluster.ghost.voters().len() > 1).then_some((log, *to))
}

/// W34. What a leader commits ends with a batch of its own epoch. Source: Raft, figure 8; KIP-595; bugs C06 C41.
#[derive(Clone, Debug, Default)]
pub(crate) struct CurrentTermCommit;

impl Judge for CurrentTermCommit {
    const ID: PropertyId = PropertyId {
        id: "W34",
        name: "current-term commit",
        sentence: "A leader of the quorum commits nothing before a batch of its own epoch.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Stated]);

    fn claim(&self, _: &Scope, cluster: &Cluster<'_>) -> Claim {
        unless_metadata_broke(cluster)
    }

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let Some((log, to)) = advance(fact, case.cluster) else { return };
        let Some(epoch) = log.elections.last().map(|&(epoch, _)| epoch) else { return };
        let last = log.batch(to.saturating_sub(1)).map_or(epoch, |held| held.leader_epoch);
        if last < epoch {
            case.charge(self, &Scope::log(log), "earlier-epoch", || {
                format!("{} committed up to {to} in epoch {epoch}, which ends with a batch of epoch {last}", log.log)
            });
        }
    }
}

/// W35. Whenever the quorum's high watermark advances, a majority of the voters have what lies below on their platters,
/// the same as the leader; the leader counts itself only so, too. A disk that lied to a voter, or failed it, excuses that
/// voter. Source: KIP-595; TLA+: CommittedEntriesReachMajority; Kafka's MajorityReachedHighWatermark; bugs C05 R35.
#[derive(Clone, Debug, Default)]
pub(crate) struct MajorityDurable;

impl Judge for MajorityDurable {
    const ID: PropertyId = PropertyId {
        id: "W35",
        name: "CommittedEntriesReachMajority",
        sentence: "What the quorum commits is durable on a majority of the voters.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Stated]);

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let Some((log, to)) = advance(fact, case.cluster) else { return };
        let ghost = case.cluster.ghost;
        let prefix = log.prefix_at(to);
        let logs =
            || ghost.voters().iter().map(|&node| ghost.by_id(node, METADATA_TOPIC_ID, 0).map(|id| ghost.log(id)));
        let reaches = |held: &Option<&LogGhost>| held.is_some_and(|held| held.durable >= to);
        let same = |held: &Option<&LogGhost>| prefix.is_none() || held.is_some_and(|held| held.prefix_at(to) == prefix);
        let durable = |held: &Option<&LogGhost>| reaches(held) && same(held);
        let majority = ghost.voters().len() / 2 + 1;
        let have = logs().filter(durable).count();
        if have >= majority {
            return;
        }
        let lied = |held: &LogGhost| case.cluster.ledger.excuse(&Scope::range(held, 0, to), BROKEN_PROMISES);
        // Where the leader's bytes changed behind its back, or a voter forgot its vote, its log says nothing of the others'.
        let forgot = || ghost.voters().iter().find_map(|&node| forgotten_vote(node, case.cluster.ledger));
        let apart = (logs().filter(reaches).count() >= majority).then(|| lied(log).or_else(forgot)).flatten();
        if let Some(fault) = apart {
            return case.verdicts.excuse(Self::ID, fault);
        }
        let excused: Vec<FaultKind> = logs().filter(|held| !durable(held)).flatten().filter_map(lied).collect();
        match excused.first() {
            Some(&fault) if have + excused.len() >= majority => case.verdicts.excuse(Self::ID, fault),
            _ => case.charge(self, &Scope::default(), "minority", || {
                format!("{} advanced its high watermark to {to}, which {have} voters have durably", log.log)
            }),
        }
    }
}
