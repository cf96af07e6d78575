//! Small files: what they say is never more than what is so, and a crash leaves one of their versions.

use crate::fact::{Fact, FactKind, FactSet};
use crate::ghost::LogGhost;
use crate::hash::batch_hash;
use crate::judge::{Case, Judge};
use crate::ledger::{BROKEN_PROMISES, FaultKind};
use crate::property::{Cluster, PropertyId, Scope};
use broker_core::view::LogView;
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use wire::files::names::Folder;
use wire::files::{
    HIGH_WATERMARK_CHECKPOINT, LOG_START_CHECKPOINT, PARTITION_METADATA, RECOVERY_POINT_CHECKPOINT, offset_of,
    parse_offsets,
};
use wire::{LogDirId, NodeId};

/// W47. A recovery point that is written down is at most what is durable, a high watermark at most the high watermark,
/// a log start at most the log start. What an incarnation finds under a small file's name is a version that was put
/// there as a whole, or nothing; an empty file counts only where one was put there. A folder that waits to be removed promises nothing. (`partition.metadata` is no
/// checkpoint: it is written when a log is made, and until it is whole and durable nothing else of the log is; that is
/// W13's.) Damage to the file, and syncs that lied or failed, excuse it. Source: KAFKA-1539, KAFKA-16541; bugs D06 D17.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConservativeCheckpoints {
    /// Every version that was seen under a name, as a hash.
    versions: BTreeMap<(NodeId, LogDirId, String), BTreeSet<u128>>,
    /// The recovery points and high watermarks as a log directory has them: recovery takes the greater one for what must be there.
    floors: BTreeMap<(NodeId, LogDirId, &'static str), Bytes>,
}

const FLOORS: [&str; 2] = [RECOVERY_POINT_CHECKPOINT, HIGH_WATERMARK_CHECKPOINT];

impl Judge for ConservativeCheckpoints {
    const ID: PropertyId = PropertyId {
        id: "W47",
        name: "conservative checkpoints",
        sentence: "A checkpoint never says more than is so, and a crash leaves one of its versions whole.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Started, FactKind::FileReplaced]);
    const EXCUSED_BY: &'static [FaultKind] = BROKEN_PROMISES;

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        match fact {
            Fact::Started { node, .. } => {
                self.survey(*node, case);
                for ((_, log_dir, name), found) in self.floors.iter_mut().filter(|((of, ..), _)| of == node) {
                    *found = case.cluster.nodes.file(*node, *log_dir, name).unwrap_or_default();
                }
            }
            Fact::FileReplaced { node, log_dir, path, contents } => {
                if !path.ends_with(PARTITION_METADATA) {
                    let versions = self.versions.entry((*node, *log_dir, path.clone())).or_default();
                    versions.insert(batch_hash(contents));
                }
                self.compare((*node, *log_dir), path, contents, case);
                if let Some(name) = FLOORS.into_iter().find(|name| path == name) {
                    self.floors.insert((*node, *log_dir, name), contents.clone());
                }
            }
            _ => {}
        }
    }
}

impl ConservativeCheckpoints {
    fn survey(&self, node: NodeId, case: &mut Case<'_>) {
        let nodes = case.cluster.nodes;
        let first = (node, LogDirId(0), String::new());
        let of_node = self.versions.range(first..).take_while(|((other, ..), _)| *other == node);
        for ((_, log_dir, path), versions) in of_node.filter(|((.., path), _)| !is_deleted(path)) {
            let Some(contents) = nodes.file(node, *log_dir, path) else { continue };
            if !versions.contains(&batch_hash(&contents)) {
                case.charge(self, &Scope::file(node, *log_dir, path), "partial", || {
                    let len = contents.len();
                    format!("node {node} starts with {len} bytes in {path} that were never put there as a whole")
                });
            }
        }
    }

    fn compare(&self, (node, log_dir): (NodeId, LogDirId), path: &str, contents: &[u8], case: &mut Case<'_>) {
        let (kind, bound): (_, fn(&LogGhost, Option<&LogView<'_>>) -> i64) = match path {
            RECOVERY_POINT_CHECKPOINT => ("recovery-point", |log, _| log.durable),
            HIGH_WATERMARK_CHECKPOINT => {
                ("high-watermark", |log, shown| log.high_watermark.max(shown.map_or(0, |shown| shown.high_watermark)))
            }
            LOG_START_CHECKPOINT => ("log-start", |_, shown| shown.map_or(i64::MAX, |shown| shown.log_start_offset)),
            _ => return,
        };
        let cluster = case.cluster;
        let Ok(offsets) = parse_offsets(contents) else {
            return case.charge(self, &Scope::node(node), "malformed", || {
                format!("node {node} wrote {path} in a form that is none")
            });
        };
        for (partition, offset) in offsets {
            let Some(log) = cluster.ghost.named_on(node, &partition).map(|id| cluster.ghost.log(id)) else { continue };
            let bound = with_view(log, cluster, bound);
            // A follower's is one that some leader stated.
            let stated = kind == "high-watermark" && cluster.ghost.partition(log.home).logs.len() > 1;
            let bound = if stated { bound.max(cluster.ghost.partition(log.home).highest_ever) } else { bound };
            let repeats = kind == "recovery-point" && is_kept_corrupt(log, cluster);
            let bound = if repeats { bound.max(self.said_before(log, log_dir)) } else { bound };
            if offset > bound {
                case.charge(self, &Scope::range(log, bound, offset), kind, || {
                    format!("{path} of node {node} says {offset} for {partition}, which is {bound} in truth")
                });
            }
        }
    }

    /// What its directory's checkpoints say so far of what a log must hold.
    fn said_before(&self, log: &LogGhost, log_dir: LogDirId) -> i64 {
        let said = |name| {
            let offsets = parse_offsets(self.floors.get(&(log.log.node, log_dir, name))?).ok()?;
            offset_of(&offsets, log.log.topic_id, &log.log.partition)
        };
        FLOORS.into_iter().filter_map(said).max().unwrap_or(0)
    }
}

/// Whether a broker shows a log as corrupt: it found less than a checkpoint says. What that said is then said again, and no more.
fn is_kept_corrupt(log: &LogGhost, cluster: &Cluster<'_>) -> bool {
    let view = cluster.nodes.view(log.log.node);
    view.and_then(|view| view.log(log.log.topic_id, log.log.partition.partition))
        .is_some_and(|it| it.corrupt_from.is_some())
}

/// Whether a path leads into the folder of a deleted log.
fn is_deleted(path: &str) -> bool {
    path.split_once('/').is_some_and(|(folder, _)| matches!(Folder::parse(folder), Some(Folder::Deleted(_))))
}

fn with_view(log: &LogGhost, cluster: &Cluster<'_>, bound: fn(&LogGhost, Option<&LogView<'_>>) -> i64) -> i64 {
    let view = cluster.nodes.view(log.log.node);
    let shown = view.and_then(|view| view.log(log.log.topic_id, log.log.partition.partition));
    bound(log, shown.as_ref())
}
