//! Snapshots of the metadata, and that every record is applied once.

use super::unless_metadata_broke;
use crate::fact::{Fact, FactKind, FactSet};
use crate::ghost::covered::snapshot_at;
use crate::judge::{Case, Judge};
use crate::property::{Claim, Cluster, PropertyId, Scope};
use broker_core::Event;
use std::collections::{BTreeMap, BTreeSet};
use wire::files::names::snapshot_file;
use wire::files::{METADATA_FOLDER, METADATA_TOPIC_ID};
use wire::{LogDirId, NodeId};

/// W37. A metadata log that begins behind 0 begins where a snapshot ends that is there; a snapshot ends where a committed batch does, and
/// is named by that batch's epoch. Source: KIP-630; Kafka's SnapshotAtLogStart; bug C15.
#[derive(Clone, Debug, Default)]
pub(crate) struct SnapshotAtLogStart;

impl Judge for SnapshotAtLogStart {
    const ID: PropertyId = PropertyId {
        id: "W37",
        name: "SnapshotAtLogStart",
        sentence: "The metadata log begins at 0 or where a snapshot ends, and a snapshot ends where a committed batch does.",
    };
    const INTERESTS: FactSet =
        FactSet::of(&[FactKind::FileReplaced, FactKind::Stated, FactKind::Opened, FactKind::AtRest]);

    fn claim(&self, _: &Scope, cluster: &Cluster<'_>) -> Claim {
        unless_metadata_broke(cluster)
    }

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        match fact {
            Fact::FileReplaced { node, path, .. } => {
                snapshot_at(path).into_iter().for_each(|id| self.check_name(*node, id, case));
            }
            Fact::Stated { node, event: Event::LogStartRaised { .. } } | Fact::Opened { node, error: None } => {
                self.check_start(*node, case);
            }
            Fact::AtRest {} => case.cluster.nodes.ids().iter().for_each(|&node| self.check_start(node, case)),
            _ => {}
        }
    }
}

impl SnapshotAtLogStart {
    fn check_name(&self, node: NodeId, (end, epoch): (i64, i32), case: &mut Case<'_>) {
        let metadata = case.cluster.ghost.metadata();
        let kind = if end > metadata.end() {
            "uncommitted"
        } else if !metadata.is_boundary(end) {
            "within-a-batch"
        } else if metadata.epoch_at(end - 1) != Some(epoch) {
            "epoch"
        } else {
            return;
        };
        case.charge(self, &Scope::node(node), kind, || {
            let committed = metadata.end();
            format!("node {node} has a snapshot up to {end}, epoch {epoch}, of a log that is committed up to {committed}: {kind}")
        });
    }

    fn check_start(&self, node: NodeId, case: &mut Case<'_>) {
        let view = case.cluster.nodes.view(node).and_then(|view| view.log(METADATA_TOPIC_ID, 0));
        let Some(start) = view.filter(|log| log.online).map(|log| log.log_start_offset).filter(|&start| start > 0)
        else {
            return;
        };
        let name = |epoch| format!("{METADATA_FOLDER}/{}", snapshot_file(start, epoch));
        let epoch = case.cluster.ghost.metadata().epoch_at(start - 1);
        let there = epoch.is_some_and(|epoch| case.cluster.nodes.file(node, LogDirId(0), &name(epoch)).is_some());
        if !there {
            case.charge(self, &Scope::node(node), "no-snapshot", || {
                format!(
                    "the metadata log of node {node} begins at {start}, and no snapshot ends there in epoch {epoch:?}"
                )
            });
        }
    }
}

/// W38. A node that leads the quorum has everything that was committed, and never begins again with a snapshot. Source: Kafka's
/// LeaderNeverLoadSnapshot; bug Z01.
#[derive(Clone, Debug, Default)]
pub(crate) struct LeaderNeverLoads {
    leading: BTreeSet<NodeId>,
}

impl Judge for LeaderNeverLoads {
    const ID: PropertyId = PropertyId {
        id: "W38",
        name: "LeaderNeverLoadSnapshot",
        sentence: "A leader of the quorum never loads a snapshot.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Started, FactKind::Stated]);

    fn claim(&self, _: &Scope, cluster: &Cluster<'_>) -> Claim {
        unless_metadata_broke(cluster)
    }

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        match fact {
            Fact::Started { node, .. } => drop(self.leading.remove(node)),
            Fact::Stated { node, event: Event::LeaderElected { partition, .. } }
                if partition.topic_id == METADATA_TOPIC_ID =>
            {
                self.leading.insert(*node);
            }
            Fact::Stated { node, event: Event::Resigned { .. } } => drop(self.leading.remove(node)),
            Fact::Stated {
                node,
                event: Event::SnapshotFetched { end_offset, .. } | Event::SnapshotLoaded { end_offset, .. },
            } if self.leading.contains(node) => {
                case.charge(self, &Scope::node(*node), "loaded", || {
                    format!("node {node} leads the quorum and loads a snapshot up to {end_offset}")
                });
            }
            _ => {}
        }
    }
}

/// W41. The state machine of each node takes each committed record once and in order: an incarnation begins with its snapshot, or with
/// nothing, what it takes then begins where what it took ends (but for control batches, which hold no records), and a snapshot that it
/// writes is named by where it was. Source: Raft; etcd's applied index; bugs C31 C19.
#[derive(Clone, Debug, Default)]
pub(crate) struct AppliedOnce {
    nodes: BTreeMap<NodeId, Applied>,
}

/// What an incarnation's image has taken.
#[derive(Clone, Debug, Default)]
struct Applied {
    to: i64,
    /// Where it was at times since the last snapshot.
    ends: BTreeSet<i64>,
}

impl Judge for AppliedOnce {
    const ID: PropertyId = PropertyId {
        id: "W41",
        name: "exactly-once apply",
        sentence: "Every node applies each committed record of the metadata once, and in order.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Started, FactKind::Stated]);

    fn claim(&self, _: &Scope, cluster: &Cluster<'_>) -> Claim {
        unless_metadata_broke(cluster)
    }

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let (node, event) = match fact {
            Fact::Started { node, .. } => return drop(self.nodes.insert(*node, Applied::default())),
            Fact::Stated { node, event } => (*node, event),
            _ => return,
        };
        match event {
            Event::SnapshotLoaded { end_offset, .. } | Event::SnapshotFetched { end_offset, .. } => {
                self.nodes.insert(node, Applied { to: *end_offset, ends: BTreeSet::from([*end_offset]) });
            }
            Event::MetadataApplied { from, to } => self.applied(node, (*from, *to), case),
            Event::SnapshotWritten { end_offset, .. } => self.written(node, *end_offset, case),
            _ => {}
        }
    }
}

impl AppliedOnce {
    fn applied(&mut self, node: NodeId, (from, to): (i64, i64), case: &mut Case<'_>) {
        let applied = self.nodes.entry(node).or_default();
        let before = std::mem::replace(&mut applied.to, to);
        applied.ends.insert(to);
        let skipped = || case.cluster.ghost.metadata().records(before, from).next().is_some();
        let kind = if from < before {
            "twice"
        } else if from > before && skipped() {
            "skipped"
        } else {
            return;
        };
        case.charge(self, &Scope::node(node), kind, || {
            format!("node {node} applied offsets from {from} to {to}, and had applied up to {before}: {kind}")
        });
    }

    fn written(&mut self, node: NodeId, end: i64, case: &mut Case<'_>) {
        let applied = self.nodes.entry(node).or_default();
        let was_there = applied.ends.contains(&end);
        applied.ends.retain(|&other| other >= end);
        if !was_there {
            case.charge(self, &Scope::node(node), "misnamed", || {
                format!("node {node} wrote a snapshot up to {end}, where its state never was")
            });
        }
    }
}
