//! The metadata log below a node's snapshot (KIP-630). What a snapshot contains its node holds, whatever became of the batches: here the
//! node's log goes on having them, so that what is asked of logs (who holds what, whose prefix is whose) is asked in one way.
//!
//! That a snapshot says what the batches say is W26's business, and that the log may begin there W37's.

use super::{Ghost, Held, LogId};
use crate::fact::{BatchSeen, LogRef};
use crate::property::Nodes;
use wire::files::METADATA_FOLDER;
use wire::files::names::parse_snapshot_file;
use wire::{LogDirId, NodeId};

/// The end offset and the epoch of a snapshot, from its path below a log directory.
#[must_use]
pub fn snapshot_at(path: &str) -> Option<(i64, i32)> {
    parse_snapshot_file(path.strip_prefix(METADATA_FOLDER)?.strip_prefix('/')?)
}

impl Ghost {
    /// An incarnation begins with what its disk shows.
    pub(super) fn find_snapshots(&mut self, node: NodeId, nodes: &dyn Nodes) {
        let files = nodes.files(node, LogDirId(0));
        let newest = files.iter().filter_map(|(path, _)| snapshot_at(path)).map(|(end, _)| end).max();
        self.covered.insert(node, newest.unwrap_or(0));
    }

    /// A snapshot has its final name, or another small file.
    pub(super) fn snapshot_written(&mut self, node: NodeId, path: &str) {
        if let Some((end, _)) = snapshot_at(path) {
            let covered = self.covered.entry(node).or_default();
            *covered = (*covered).max(end);
        }
    }

    /// How far a log is contained in its node's newest snapshot; 0 for any but the metadata log.
    fn covered_to(&self, log: &LogRef) -> i64 {
        if log.topic_id == super::METADATA_TOPIC_ID { self.covered.get(&log.node).copied().unwrap_or(0) } else { 0 }
    }

    /// Where a log really ends whose files were cut to an offset.
    pub(super) fn cut_to(&self, id: LogId, to: i64) -> i64 {
        let log = self.log(id);
        to.max(self.covered_to(&log.log).min(log.end))
    }

    /// The batches that a log has before those that its files show, and those of its files that count. Files that end before the snapshot
    /// does are about to be thrown away.
    pub(super) fn behind_snapshot<'a>(&self, id: LogId, batches: &'a [BatchSeen]) -> (Vec<Held>, &'a [BatchSeen]) {
        let covered = self.covered_to(&self.log(id).log);
        let first = batches.first().map_or(covered, |batch| batch.base_offset);
        let end = batches.last().map_or(0, |batch| batch.last_offset.saturating_add(1));
        if covered == 0 || (first == 0 && end >= covered) {
            return (Vec::new(), batches);
        }
        let (to, rest) = if end < covered { (covered, &batches[..0]) } else { (first, batches) };
        self.metadata.batches(to).map_or((Vec::new(), batches), |front| (front, rest))
    }

    /// A segment was made: at a snapshot's end a log begins anew.
    pub(super) fn begins_at(&mut self, id: LogId, base_offset: i64) {
        let log = self.log(id);
        if base_offset == 0 || base_offset != self.covered_to(&log.log) || base_offset < log.end {
            return;
        }
        if let Some(front) = self.metadata.batches(base_offset) {
            self.log_mut(id).begin_behind(front, base_offset);
        }
    }
}
