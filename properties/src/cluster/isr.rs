//! The in-sync replicas: what the leader takes for them and what the controller has committed, and who may join.

use super::{replica, unless_metadata_broke};
use crate::fact::{Fact, FactKind, FactSet};
use crate::ghost::{Change, Fetched, LogGhost, METADATA_TOPIC_ID, PartitionGhost, PartitionState};
use crate::judge::{Case, Judge};
use crate::ledger::CHANGED_BYTES;
use crate::property::{Claim, Cluster, PropertyId, Scope};
use broker_core::Event;
use std::collections::{BTreeMap, BTreeSet};
use wire::{NodeId, Uuid};

/// W06. While the committed leader epoch is its own, a leader's maximal ISR, as it stated it last, has every member of
/// the committed ISR, so that its high watermark waits for each replica that may be elected. Judged when it states one
/// and when the controller commits another. And it takes nobody in addition whose broker is fenced or about to stop, as far
/// as the metadata says that the leader has: it would wait for one that the controller cannot let in (KIP-841). Source: KIP-497; TLA+:
/// ReplicationQuorumSupersetProperty; bugs R11 R12 R16.
#[derive(Clone, Debug, Default)]
pub(crate) struct QuorumSuperset {
    /// The maximal ISR that a leader stated last, and in which epoch.
    stated: BTreeMap<(NodeId, Uuid, i32), (i32, Vec<i32>)>,
}

impl Judge for QuorumSuperset {
    const ID: PropertyId = PropertyId {
        id: "W06",
        name: "ReplicationQuorumSupersetProperty",
        sentence: "A leader's maximal ISR has every replica of the committed ISR.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Stated]);

    fn claim(&self, _: &Scope, cluster: &Cluster<'_>) -> Claim {
        unless_metadata_broke(cluster)
    }

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        if let Fact::Stated { node, event: event @ Event::IsrChanged { partition, .. } } = fact {
            self.check_new(*node, event, case);
            let id = (partition.topic_id, partition.partition);
            if let Some(state) = case.cluster.ghost.metadata().image().partition(id.0, id.1) {
                self.check(id, state, case);
            }
        }
        for change in case.cluster.ghost.metadata().changes() {
            if let Change::Partition { id, after, .. } = change {
                self.check(*id, after, case);
            }
        }
    }
}

impl QuorumSuperset {
    fn check_new(&mut self, node: NodeId, event: &Event, case: &mut Case<'_>) {
        let Event::IsrChanged { partition, leader_epoch, isr, maximal_isr, .. } = event else { return };
        let key = (node, partition.topic_id, partition.partition);
        let before = self.stated.insert(key, (*leader_epoch, maximal_isr.clone()));
        let before = before.filter(|(epoch, _)| epoch == leader_epoch).map_or_else(Vec::new, |(_, maximal)| maximal);
        let view = case.cluster.nodes.view(node).and_then(|view| view.log(METADATA_TOPIC_ID, 0));
        let known = view.map_or(0, |view| view.high_watermark);
        let image = case.cluster.ghost.metadata().image();
        let inactive = |id: &i32| image.broker(*id).is_some_and(|broker| !broker.is_active() && broker.since < known);
        let new = maximal_isr.iter().find(|id| !isr.contains(id) && !before.contains(id) && inactive(id));
        let Some(new) = new else { return };
        case.charge(self, &Scope::node(node), "not-active", || {
            let (topic, index) = (&partition.topic, partition.partition);
            format!("node {node} waits for {new} to join the ISR of {topic}-{index}, and knows that it may not")
        });
    }

    fn check(&self, (topic_id, index): (Uuid, i32), state: &PartitionState, case: &mut Case<'_>) {
        let Some(leader) = state.leader() else { return };
        let stated = case.cluster.ghost.leader_isr(leader, topic_id, index);
        let Some(Event::IsrChanged { leader_epoch, partition_epoch, isr, maximal_isr, .. }) = stated else { return };
        if *leader_epoch != state.leader_epoch {
            return;
        }
        let outside = state.isr.iter().find(|id| !maximal_isr.contains(id));
        if let Some(outside) = outside {
            case.charge(self, &Scope::node(leader), "not-superset", || {
                let (topic, isr) = (&state.topic, &state.isr);
                format!("node {leader} takes {maximal_isr:?} for the maximal ISR of {topic}-{index}, without {outside} of {isr:?}")
            });
        } else if *partition_epoch == state.partition_epoch && set(isr) != set(&state.isr) {
            case.charge(self, &Scope::node(leader), "not-committed", || {
                let (topic, committed) = (&state.topic, &state.isr);
                format!("node {leader} takes {isr:?} for the committed ISR of {topic}-{index}, which is {committed:?}")
            });
        }
    }
}

fn set(ids: &[i32]) -> BTreeSet<i32> {
    ids.iter().copied().collect()
}

/// W17. Who joins an ISR fetched from the leader in the incarnation whose broker epoch is registered: what an earlier one
/// had may be gone. Source: KIP-903; bugs R13 C30.
#[derive(Clone, Debug, Default)]
pub(crate) struct BrokerEpochSafety;

impl Judge for BrokerEpochSafety {
    const ID: PropertyId = PropertyId {
        id: "W17",
        name: "broker-epoch safety",
        sentence: "A replica joins the ISR only by a fetch of the incarnation that is registered.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Stated]);

    fn claim(&self, _: &Scope, cluster: &Cluster<'_>) -> Claim {
        unless_metadata_broke(cluster)
    }

    fn observe(&mut self, _: &Fact, case: &mut Case<'_>) {
        let ghost = case.cluster.ghost;
        for join in joins(case.cluster) {
            let registered = ghost.metadata().image().broker(join.node.0);
            let incarnation = registered.and_then(|broker| ghost.registered_in(join.node, broker.epoch));
            let Some((incarnation, fetch)) = incarnation.zip(join.fetch) else { continue };
            if fetch.incarnation != incarnation {
                case.charge(self, &Scope::node(join.node), "other-incarnation", || {
                    let (node, partition, before) = (join.node, &join.partition.partition, fetch.incarnation);
                    format!("node {node} joined the ISR of {partition} by a fetch of incarnation {before}; {incarnation} is registered")
                });
            }
        }
    }
}

/// W18. Who joins an ISR has fetched from its leader in the present epoch, from at least the leader's high watermark and
/// at least where the epoch starts. Source: KIP-497, KAFKA-15489; TLA+ guards of the follower's log end; bugs R09 R40.
#[derive(Clone, Debug, Default)]
pub(crate) struct IsrExpansion;

impl Judge for IsrExpansion {
    const ID: PropertyId = PropertyId {
        id: "W18",
        name: "ISR expansion",
        sentence: "A replica joins the ISR only when it has fetched up to the high watermark in the present epoch.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Stated]);

    /// A leader whose log a fault changed starts from what is left of it.
    fn claim(&self, leader: &Scope, cluster: &Cluster<'_>) -> Claim {
        let damaged = cluster.ledger.excuse(leader, CHANGED_BYTES);
        damaged.map_or_else(|| unless_metadata_broke(cluster), Claim::Excused)
    }

    fn observe(&mut self, _: &Fact, case: &mut Case<'_>) {
        for join in joins(case.cluster) {
            let Some((kind, scope)) = premature(&join) else { continue };
            case.charge(self, &scope, kind, || {
                let Join { node, partition, fetch, high_watermark, epoch, .. } = join;
                let name = &partition.partition;
                format!("node {node} joined the ISR of {name} in epoch {epoch} with {fetch:?}, high watermark {high_watermark}")
            });
        }
    }
}

/// What a join lacks, and what may excuse it: of the leader's log that what it measures by, of a replica that never fetched nothing.
fn premature(join: &Join<'_>) -> Option<(&'static str, Scope)> {
    let start = join.partition.leader_of(join.epoch)?.start_offset;
    let Some(fetch) = join.fetch else { return Some(("never-fetched", Scope::node(join.node))) };
    let measures = [(join.high_watermark, "below-high-watermark"), (start, "below-epoch-start")];
    let &(least, kind) = measures.iter().find(|&&(least, _)| fetch.offset < least)?;
    Some((kind, Scope::range(join.leader, 0, least)))
}

/// A replica that the fact at hand has taken into an ISR at its leader's request.
struct Join<'a> {
    partition: &'a PartitionGhost,
    leader: &'a LogGhost,
    node: NodeId,
    epoch: i32,
    /// The greatest that the leader has stated.
    high_watermark: i64,
    /// The replica's last fetch that reached the leader in this epoch.
    fetch: Option<Fetched>,
}

fn joins<'a>(cluster: &Cluster<'a>) -> Vec<Join<'a>> {
    let ghost: &'a crate::Ghost = cluster.ghost;
    let mut found = Vec::new();
    for change in ghost.metadata().changes() {
        let Change::Partition { id: (topic_id, index), before: Some(before), after } = change else { continue };
        let same_leader = after.leader_epoch == before.leader_epoch;
        let Some(partition) = ghost.partition_by_id(*topic_id, *index).filter(|_| same_leader) else { continue };
        let Some(leader) = after.leader() else { continue };
        let Some(log) = replica(ghost, partition, leader) else { continue };
        for node in after.isr.iter().filter(|id| !before.isr.contains(id)).map(|&id| NodeId(id)) {
            let (epoch, high_watermark) = (after.leader_epoch, log.high_watermark);
            let fetch = partition.last_fetch(leader, node, epoch);
            found.push(Join { partition, leader: log, node, epoch, high_watermark, fetch });
        }
    }
    found
}
