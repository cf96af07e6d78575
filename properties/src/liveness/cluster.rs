//! The cluster is whole again at rest, as far as its nodes run.

use super::cut_off::CutOff;
use super::{is_eligible_somewhere, unreachable};
use crate::fact::{Fact, FactKind, FactSet};
use crate::ghost::{LogGhost, PartitionState};
use crate::judge::{Case, Judge};
use crate::property::{Claim, Cluster, PropertyId, Scope};
use broker_core::view::LogView;
use wire::NodeId;
use wire::files::METADATA_TOPIC_ID;

/// Whether a majority of the nodes runs.
fn has_majority(cluster: &Cluster<'_>) -> bool {
    running(cluster).len() > cluster.nodes.ids().len() / 2
}

fn running(cluster: &Cluster<'_>) -> Vec<NodeId> {
    cluster.nodes.ids().iter().copied().filter(|&node| cluster.nodes.view(node).is_some()).collect()
}

/// Every partition that the metadata log has, with the log that stands for it.
fn partitions<'a>(cluster: &Cluster<'a>) -> Vec<(&'a PartitionState, &'a LogGhost)> {
    let ghost: &'a crate::Ghost = cluster.ghost;
    let all = ghost.partitions().filter_map(|(id, _)| Some((ghost.state_of(id)?, ghost.face(id)?)));
    all.filter(|(_, log)| !ghost.topics().deletion_asked(&log.log.partition.topic)).collect()
}

/// A log as a node shows it.
fn shown<'a>(node: NodeId, log: &LogGhost, cluster: &Cluster<'a>) -> Option<LogView<'a>> {
    cluster.nodes.view(node)?.log(log.log.topic_id, log.log.partition.partition)
}

/// Whether a replica that may lead runs, and does not show its log offline.
fn can_be_led(state: &PartitionState, log: &LogGhost, cluster: &Cluster<'_>) -> bool {
    let online = |node: NodeId| shown(node, log, cluster).is_none_or(|log| log.online);
    let able = |node: NodeId| cluster.nodes.view(node).is_some() && online(node);
    is_eligible_somewhere(&log.log, cluster) && state.eligible().any(able)
}

/// L01. At rest, if a majority of the quorum runs, one node leads it, and each partition with an eligible replica that
/// runs has a leader that knows that it is; and while a partition lasts, a leader of the quorum that is cut off from the majority resigns
/// within twice its fetch timeout. Source: ORACLES; TLA+: EventuallyLeaderElected; bugs C13 C14 C19 C32.
#[derive(Clone, Debug, Default)]
pub(crate) struct LeaderExists {
    cut_off: CutOff,
}

impl Judge for LeaderExists {
    const ID: PropertyId = PropertyId {
        id: "L01",
        name: "EventuallyLeaderElected",
        sentence: "After healing the quorum and each partition that can have a leader have one; who is cut off resigns.",
    };
    const INTERESTS: FactSet = FactSet::of(&[
        FactKind::AtRest,
        FactKind::Started,
        FactKind::Stated,
        FactKind::Appended,
        FactKind::FollowerFetched,
        FactKind::SnapshotAsked,
    ]);

    fn claim(&self, scope: &Scope, cluster: &Cluster<'_>) -> Claim {
        unreachable(scope, cluster)
    }

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        if let Fact::AtRest {} = fact {
            self.at_rest(case);
        } else if let Some((node, silent)) = self.cut_off.observe(fact, case.cluster) {
            case.charge(self, &Scope::node(node), "not-resigned", || {
                format!("node {node} leads the quorum, and no majority has fetched from it for {silent:?}")
            });
        }
    }
}

impl LeaderExists {
    fn at_rest(&self, case: &mut Case<'_>) {
        let cluster = case.cluster;
        let leads = |node: &NodeId| {
            let view = cluster.nodes.view(*node).and_then(|view| view.log(METADATA_TOPIC_ID, 0));
            view.is_some_and(|log| log.leads)
        };
        // A driver that cannot show its lone broker from inside shows no metadata log either, and nothing can be said.
        let shows =
            |node: &NodeId| cluster.nodes.view(*node).is_some_and(|view| view.log(METADATA_TOPIC_ID, 0).is_some());
        if cluster.nodes.ids().len() == 1 && !cluster.nodes.ids().iter().all(shows) {
            return;
        }
        let leaders = running(cluster).iter().filter(|node| leads(node)).count();
        if cluster.nodes.ids().len() > 1 && has_majority(cluster) && leaders == 0 {
            case.charge(self, &Scope::default(), "no-controller", || "nobody leads the quorum at rest".to_owned());
        }
        for (state, log) in partitions(cluster).into_iter().filter(|(state, log)| can_be_led(state, log, cluster)) {
            let led = state.leader().and_then(|leader| shown(leader, log, cluster));
            if !led.is_some_and(|led| led.leads && led.leader_epoch == state.leader_epoch) {
                case.charge(self, &Scope::log(log), "no-leader", || {
                    let (partition, leader, epoch) = (&log.log.partition, state.leader, state.leader_epoch);
                    format!("at rest nobody leads {partition}: committed is {leader} in epoch {epoch}")
                });
            }
        }
    }
}

/// L02. At rest each assigned replica that runs is in the ISR. Source: ORACLES; TLA+:
/// EventuallyAcknowledgedValueFullyReplicated; bugs R28 R49 C23.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReplicasReturn;

impl Judge for ReplicasReturn {
    const ID: PropertyId = PropertyId {
        id: "L02",
        name: "EventuallyAcknowledgedValueFullyReplicated",
        sentence: "After healing every replica that runs is in sync again.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::AtRest]);

    fn claim(&self, scope: &Scope, cluster: &Cluster<'_>) -> Claim {
        unreachable(scope, cluster)
    }

    fn observe(&mut self, _: &Fact, case: &mut Case<'_>) {
        let cluster = case.cluster;
        for (state, log) in partitions(cluster).into_iter().filter(|(state, log)| can_be_led(state, log, cluster)) {
            for node in state.replicas.iter().map(|&id| NodeId(id)).filter(|node| !state.isr.contains(&node.0)) {
                if cluster.nodes.view(node).is_none() {
                    continue;
                }
                let of_node = cluster.ghost.by_id(node, log.log.topic_id, log.log.partition.partition);
                let scope = of_node.map_or(Scope::node(node), |id| Scope::log(cluster.ghost.log(id)));
                case.charge(self, &scope, "not-in-sync", || {
                    let (partition, isr) = (&log.log.partition, &state.isr);
                    format!("at rest node {node} runs and is not in the ISR of {partition}, {isr:?}")
                });
            }
        }
    }
}

/// L12. At rest every node that runs has caught up with the metadata that was committed when faults stopped, and is not
/// fenced. Source: ORACLES; TLA+: EventuallyMetadataConverges, EventuallyUnfenced; bug C22.
#[derive(Clone, Debug, Default)]
pub(crate) struct MetadataConverges {
    healed: i64,
}

impl Judge for MetadataConverges {
    const ID: PropertyId = PropertyId {
        id: "L12",
        name: "EventuallyMetadataConverges",
        sentence: "After healing every broker that runs has the committed metadata and is not fenced.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Healed, FactKind::AtRest]);

    fn claim(&self, scope: &Scope, cluster: &Cluster<'_>) -> Claim {
        unreachable(scope, cluster)
    }

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let cluster = case.cluster;
        let metadata = cluster.ghost.metadata();
        if let Fact::Healed {} = fact {
            self.healed = metadata.end();
            return;
        }
        if !has_majority(cluster) || cluster.nodes.ids().len() < 2 {
            return;
        }
        for node in running(cluster) {
            let view = cluster.nodes.view(node).and_then(|view| view.log(METADATA_TOPIC_ID, 0));
            if let Some(view) = view.filter(|view| view.high_watermark < self.healed) {
                case.charge(self, &Scope::node(node), "behind", || {
                    let (has, due) = (view.high_watermark, self.healed);
                    format!("at rest node {node} knows the metadata up to {has}, of {due}")
                });
            }
            if metadata.image().broker(node.0).is_some_and(|broker| broker.fenced) {
                case.charge(self, &Scope::node(node), "fenced", || format!("at rest broker {node} runs and is fenced"));
            }
        }
    }
}
