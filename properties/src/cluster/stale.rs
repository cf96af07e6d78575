//! Requests of a past that the receiver knows to be one.

use super::unless_metadata_broke;
use crate::fact::{Fact, FactKind, FactSet};
use crate::ghost::METADATA_TOPIC_ID;
use crate::judge::{Case, Judge};
use crate::property::{Claim, Cluster, PropertyId, Scope};
use std::collections::BTreeMap;
use wire::{NodeId, Uuid};

/// W20. A request of an older epoch than the receiver's changes nothing and is answered with an error: a follower's fetch that names an older
/// leader epoch than the one that the broker led or followed in when it came (KIP-320), and an AlterPartition that names an older broker, leader or partition
/// epoch than what is committed (KIP-497, KIP-903). Of a quorum leader that has a successor the latter is not claimed: what it grants is
/// never committed. (Votes and the quorum's own epochs are W31's and W33's; groups and transactions are not built.) Source: ORACLES; bugs
/// R07 R12.
#[derive(Clone, Debug, Default)]
pub(crate) struct StaleRequests {
    /// AlterPartition requests that were stale when they came, with what they named and what is committed.
    stale: BTreeMap<Asked, (Epochs, Epochs)>,
    /// Fetches that were stale when they came, with the leader epoch that they named and the broker's.
    fetches: BTreeMap<Asked, (i32, i32)>,
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
        FactKind::FollowerFetched,
        FactKind::FetchAnswered,
        FactKind::AlterPartitionReceived,
        FactKind::AlterPartitionAnswered,
    ]);

    fn claim(&self, _: &Scope, cluster: &Cluster<'_>) -> Claim {
        unless_metadata_broke(cluster)
    }

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        match fact {
            Fact::FollowerFetched {
                node,
                correlation,
                topic_id: Some(topic_id),
                partition,
                current_leader_epoch,
                ..
            } if *current_leader_epoch >= 0 => {
                let present = present_epoch(*node, (*topic_id, partition.partition), case.cluster);
                if *current_leader_epoch < present {
                    let asked = (*node, *correlation, *topic_id, partition.partition);
                    self.fetches.insert(asked, (*current_leader_epoch, present));
                }
            }
            Fact::FetchAnswered {
                node, client: None, correlation, topic_id: Some(topic_id), partition, error, ..
            } => {
                let asked = (*node, *correlation, *topic_id, partition.partition);
                if let Some((named, present)) = self.fetches.remove(&asked).filter(|_| *error == 0) {
                    case.charge(self, &Scope::node(*node), "fetch", || {
                        format!(
                            "node {node} answered a fetch of {partition} in epoch {named}, and was in epoch {present}"
                        )
                    });
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

/// The leader epoch that a broker leads or follows in; -1 of the metadata log, whose epochs are the quorum's.
fn present_epoch(node: NodeId, (topic_id, index): (Uuid, i32), cluster: &Cluster<'_>) -> i32 {
    let ghost = cluster.ghost;
    let Some(log) = ghost.by_id(node, topic_id, index).map(|id| ghost.log(id)).filter(|log| !log.is_metadata()) else {
        return -1;
    };
    let led = log.elections.last().map_or(-1, |&(epoch, _)| epoch);
    let followed = ghost.partition(log.home).followed_in(node).map_or(-1, |(epoch, _)| epoch);
    led.max(followed)
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
