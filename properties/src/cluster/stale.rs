//! Requests of a past that the receiver knows to be one.

use super::{role, unless_metadata_broke};
use crate::fact::{Fact, FactKind, FactSet};
use crate::ghost::METADATA_TOPIC_ID;
use crate::judge::{Case, Judge};
use crate::property::{Claim, Cluster, PropertyId, Scope};
use broker_core::event::Partition;
use std::collections::BTreeMap;
use wire::{NodeId, TopicPartition, Uuid};

/// W20. A request of an older epoch than the receiver's changes nothing and is answered with an error: a follower's fetch,
/// those of a session included, that names a leader epoch that the receiver has left behind, be it when the request came or
/// while it waited (KIP-227, KIP-320); and an AlterPartition that names an older broker, leader or partition epoch than what
/// is committed (KIP-497, KIP-903). Of a quorum leader that has a successor the latter is not claimed: what it grants is
/// never committed. (Votes and the quorum's own epochs are W31's and W33's; groups and transactions are not built.) Source:
/// ORACLES; bugs R07 R12 R27.
#[derive(Clone, Debug, Default)]
pub(crate) struct StaleRequests {
    /// The leader epoch that a node has stated last of a partition.
    epochs: BTreeMap<(NodeId, Uuid, i32), i32>,
    /// What a fetch asks for in an epoch, until it is answered.
    fetches: BTreeMap<(u32, i32), Vec<Fetch>>,
    /// AlterPartition requests that were stale when they came, with what they named and what is committed.
    stale: BTreeMap<Asked, (Epochs, Epochs)>,
}

#[derive(Clone, Debug)]
struct Fetch {
    topic_id: Uuid,
    partition: TopicPartition,
    epoch: i32,
}

/// Node, correlation id and partition of a request.
type Asked = (NodeId, (u32, i32), Uuid, i32);
/// Broker, leader and partition epoch.
type Epochs = (i64, i32, i32);

impl Judge for StaleRequests {
    const ID: PropertyId = PropertyId {
        id: "W20",
        name: "stale requests are no-ops",
        sentence: "A request that names an older epoch than the receiver knows is refused.",
    };
    const INTERESTS: FactSet = FactSet::of(&[
        FactKind::Started,
        FactKind::Stated,
        FactKind::FollowerFetched,
        FactKind::FollowerAnswered,
        FactKind::AlterPartitionReceived,
        FactKind::AlterPartitionAnswered,
    ]);

    fn claim(&self, _: &Scope, cluster: &Cluster<'_>) -> Claim {
        unless_metadata_broke(cluster)
    }

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        match fact {
            Fact::Started { node, .. } => self.epochs.retain(|(of, ..), _| of != node),
            Fact::Stated { node, event } => {
                if let Some((Partition { topic_id, partition, .. }, epoch)) = role(event) {
                    self.epochs.insert((*node, *topic_id, *partition), epoch);
                }
            }
            Fact::FollowerFetched {
                correlation, topic_id: Some(topic_id), partition, current_leader_epoch, ..
            } => {
                let asked = Fetch { topic_id: *topic_id, partition: partition.clone(), epoch: *current_leader_epoch };
                self.fetches.entry(*correlation).or_default().push(asked);
            }
            Fact::FollowerAnswered { node, correlation, error, failed } => {
                let answered = self.fetches.remove(correlation).filter(|_| *error == 0).unwrap_or_default();
                for asked in answered.iter().filter(|asked| !failed.contains(&asked.partition)) {
                    self.check(*node, asked, case);
                }
            }
            Fact::AlterPartitionReceived {
                node,
                correlation,
                topic_id,
                partition,
                leader,
                broker_epoch,
                leader_epoch,
                partition_epoch,
            } => {
                let named = (*broker_epoch, *leader_epoch, *partition_epoch);
                let known = committed(*node, *leader, (*topic_id, *partition), case.cluster);
                if let Some(known) = known.filter(|known| is_older(named, *known)) {
                    self.stale.insert((*node, *correlation, *topic_id, *partition), (named, known));
                }
            }
            Fact::AlterPartitionAnswered { node, correlation, topic_id, partition, error } => {
                let asked = (*node, *correlation, *topic_id, *partition);
                if let Some((named, known)) = self.stale.remove(&asked).filter(|_| *error == 0) {
                    case.charge(self, &Scope::node(*node), "alter-partition", || {
                        format!("controller {node} granted an AlterPartition of {topic_id:?}-{partition} with broker, leader and partition epoch {named:?}, where {known:?} is committed")
                    });
                }
            }
            _ => {}
        }
    }
}

impl StaleRequests {
    fn check(&self, node: NodeId, asked: &Fetch, case: &mut Case<'_>) {
        let Fetch { topic_id, partition, epoch } = asked;
        let Some(&own) = self.epochs.get(&(node, *topic_id, partition.partition)) else { return };
        // Nobody serves a log that went with its topic.
        let view = case.cluster.nodes.view(node);
        if view.is_none_or(|view| view.log(*topic_id, partition.partition).is_none()) {
            return;
        }
        if (0..own).contains(epoch) {
            case.charge(self, &Scope::node(node), "served", || {
                format!("node {node} is in epoch {own} of {partition} and served a fetch in epoch {epoch}")
            });
        }
    }
}

/// What is committed of a partition and its leader, if the node leads the quorum.
fn committed(node: NodeId, leader: NodeId, id: (Uuid, i32), cluster: &Cluster<'_>) -> Option<Epochs> {
    let metadata = cluster.ghost.metadata();
    let view = cluster.nodes.view(node)?.log(METADATA_TOPIC_ID, 0)?;
    let decides = view.leads && view.leader_epoch >= metadata.epoch();
    let state = metadata.image().partition(id.0, id.1).filter(|_| decides)?;
    let broker = metadata.image().broker(leader.0)?;
    Some((broker.epoch, state.leader_epoch, state.partition_epoch))
}

fn is_older(named: Epochs, known: Epochs) -> bool {
    named.0 < known.0 || named.1 < known.1 || named.2 < known.2
}
