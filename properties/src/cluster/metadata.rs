//! What brokers make of the metadata log, and who may write it.

use super::{role, unless_metadata_broke};
use crate::fact::{Fact, FactKind, FactSet};
use crate::ghost::covered::snapshot_at;
use crate::ghost::{Change, Contents};
use crate::judge::{Case, Judge};
use crate::property::{Claim, Cluster, PropertyId, Scope};
use broker_core::Event;
use broker_core::event::Partition;
use bytes::Bytes;
use std::collections::BTreeMap;
use wire::files::METADATA_TOPIC_ID;
use wire::metadata::Snapshot;
use wire::{NodeId, Uuid};

/// W26, as far as brokers show what they made of their image. No broker takes a record into it that is not committed yet, none acts in a
/// leader epoch of a partition that is not, and only the broker that the committed record names leads in it; and every snapshot is what the
/// committed records below its end come to, as a set. Source: ORACLES; TLA+: MetadataLogMatchingProperty; bugs C20 C27 C28 C31 C38 C41.
#[derive(Clone, Debug, Default)]
pub(crate) struct MetadataRefinement {
    /// What the records below an offset come to.
    folded: (i64, Contents),
}

impl Judge for MetadataRefinement {
    const ID: PropertyId = PropertyId {
        id: "W26",
        name: "metadata refinement",
        sentence: "Brokers act on committed metadata only, and as it says.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Stated, FactKind::FileReplaced]);

    fn claim(&self, _: &Scope, cluster: &Cluster<'_>) -> Claim {
        unless_metadata_broke(cluster)
    }

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        match fact {
            Fact::FileReplaced { node, path, contents, .. } => {
                if let Some((end, _)) = snapshot_at(path) {
                    self.check_snapshot(*node, end, contents, case);
                }
            }
            Fact::Stated { node, event: Event::MetadataApplied { to, .. } } => self.check_applied(*node, *to, case),
            Fact::Stated { node, event } => self.check_role(*node, event, case),
            _ => {}
        }
    }
}

impl MetadataRefinement {
    fn check_applied(&self, node: NodeId, to: i64, case: &mut Case<'_>) {
        let committed = case.cluster.ghost.metadata().end();
        if to > committed {
            case.charge(self, &Scope::node(node), "applied-uncommitted", || {
                format!("node {node} has metadata up to {to} in its image, which is committed up to {committed}")
            });
        }
    }

    fn check_snapshot(&mut self, node: NodeId, end: i64, contents: &Bytes, case: &mut Case<'_>) {
        let metadata = case.cluster.ghost.metadata();
        // What a permitted loss took back may stand in a snapshot of before.
        if metadata.reverted() {
            return;
        }
        let snapshot = Snapshot::decode(contents.clone()).map(|it| Contents::of(it.records.iter().map(|(it, _)| it)));
        if self.folded.0 > end {
            self.folded = Default::default();
        }
        let (from, folded) = &mut self.folded;
        metadata.records(*from, end).for_each(|record| folded.apply(record));
        *from = end;
        let wrong = match &snapshot {
            Err(error) => Some(("snapshot-torn", error.to_string())),
            _ if end > metadata.end() => Some(("snapshot-uncommitted", format!("committed up to {}", metadata.end()))),
            Ok(snapshot) => self.folded.1.difference(snapshot).map(|thing| ("snapshot-differs", thing)),
        };
        if let Some((kind, what)) = wrong {
            case.charge(self, &Scope::node(node), kind, || {
                format!("the snapshot of node {node} up to {end} is not what the records come to: {what}")
            });
        }
    }

    fn check_role(&self, node: NodeId, event: &Event, case: &mut Case<'_>) {
        let Some((partition, epoch)) = role(event) else { return };
        let image = case.cluster.ghost.metadata().image();
        let Some(state) = image.partition(partition.topic_id, partition.partition) else { return };
        let leads = !matches!(event, Event::BecameFollower { .. });
        let kind = if epoch > state.leader_epoch {
            "uncommitted"
        } else if leads && epoch == state.leader_epoch && state.leader != node.0 {
            "not-chosen"
        } else {
            return;
        };
        case.charge(self, &Scope::node(node), kind, || {
            let (name, leader, committed) = (event.name(), state.leader, state.leader_epoch);
            let (topic, index) = (&partition.topic, partition.partition);
            format!("node {node} states {name} of {topic}-{index} in epoch {epoch}; committed is {leader} in epoch {committed}")
        });
    }
}

/// W27. After a batch of a controller's epoch is committed, no controller of an earlier epoch commits anything. Source:
/// ORACLES; bug C14.
#[derive(Clone, Debug, Default)]
pub(crate) struct ControllerFencing {
    /// The end of what is committed, and the epoch of the last who committed.
    committed: (i64, i32),
}

impl Judge for ControllerFencing {
    const ID: PropertyId = PropertyId {
        id: "W27",
        name: "controller fencing",
        sentence: "Once a controller has committed a record, no earlier one commits another.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Stated]);

    fn claim(&self, _: &Scope, cluster: &Cluster<'_>) -> Claim {
        unless_metadata_broke(cluster)
    }

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let Fact::Stated { node, event: Event::HighWatermarkAdvanced { partition, to } } = fact else { return };
        let Some(log) = case.cluster.ghost.named(*node, partition).filter(|log| log.is_metadata()) else { return };
        let Some(&(epoch, _)) = log.elections.last() else { return };
        let (end, last) = self.committed;
        if *to <= end {
            return;
        }
        self.committed = (*to, last.max(epoch));
        if epoch < last {
            case.charge(self, &Scope::node(*node), "stale", || {
                format!("node {node}, controller of epoch {epoch}, committed up to {to} after one of epoch {last}")
            });
        }
    }
}

/// W28. Epochs do not go back: a broker's with each incarnation that registers (one that asks again keeps its epoch), and
/// the leader epochs of each partition that an incarnation of a broker acts in. (Leader and partition epochs of committed
/// records rise by what a record is.) Source: ORACLES; bug C28.
#[derive(Clone, Debug, Default)]
pub(crate) struct EpochMonotonicity {
    acted: BTreeMap<(NodeId, Uuid, i32), (u32, i32)>,
}

impl Judge for EpochMonotonicity {
    const ID: PropertyId = PropertyId {
        id: "W28",
        name: "epoch monotonicity",
        sentence: "Neither a broker's epochs nor the leader epochs that it acts in go back.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Stated]);

    fn claim(&self, _: &Scope, cluster: &Cluster<'_>) -> Claim {
        unless_metadata_broke(cluster)
    }

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let Fact::Stated { node, event } = fact else { return };
        if let Some((partition, epoch)) = role(event) {
            self.acts(*node, partition, epoch, case);
        }
        for change in case.cluster.ghost.metadata().changes() {
            let Change::Registered { broker, before: Some(before), .. } = change else { continue };
            let Some(&after) = case.cluster.ghost.metadata().image().broker(*broker) else { continue };
            let kind = match after.epoch > before.epoch {
                true if after.incarnation != before.incarnation => continue,
                true => "anew",
                false => "broker-epoch",
            };
            case.charge(self, &Scope::node(NodeId(*broker)), kind, || {
                format!("broker {broker} registered with epoch {} after {}: {kind}", after.epoch, before.epoch)
            });
        }
    }
}

impl EpochMonotonicity {
    fn acts(&mut self, node: NodeId, partition: &Partition, epoch: i32, case: &mut Case<'_>) {
        let incarnation = case.cluster.ghost.node(node).map_or(0, |node| node.incarnation);
        let key = (node, partition.topic_id, partition.partition);
        let before = self.acted.insert(key, (incarnation, epoch));
        let Some((_, before)) = before.filter(|it| it.0 == incarnation && it.1 > epoch) else { return };
        let kind = if partition.topic_id == METADATA_TOPIC_ID { "quorum-epoch" } else { "leader-epoch" };
        case.charge(self, &Scope::node(node), kind, || {
            let (topic, index) = (&partition.topic, partition.partition);
            format!("node {node} acts in epoch {epoch} of {topic}-{index} after epoch {before}")
        });
    }
}
