//! What the cluster's metadata log has committed, folded from what was seen to reach the disks of its voters.
//!
//! A batch is kept by offset and epoch when it is first seen anywhere, so one that is truncated needs no undoing: it is
//! never asked for. What a quorum leader's high watermark covers is committed, batch by batch as that leader's log has
//! them. If a later leader has another history below the watermark (a permitted loss), the fold goes back to what both
//! have in common.

use super::image::{Change, Image};
use crate::fact::BatchSeen;
use crate::ghost::{Held, LogGhost};
use std::collections::BTreeMap;
use std::rc::Rc;
use wire::metadata::MetadataRecord;

/// A batch of records with its leader epoch and the prefix hash of the log up to and with it.
#[derive(Clone, Debug)]
struct Applied {
    end: i64,
    epoch: i32,
    prefix: u128,
    records: Rc<[MetadataRecord]>,
    /// As its leader had it.
    held: Held,
}

/// The fold of the committed metadata, and what the fact at hand changed in it.
#[derive(Clone, Debug, Default)]
pub struct MetadataGhost {
    image: Image,
    applied: Vec<Applied>,
    seen: BTreeMap<(i64, i32), Rc<[MetadataRecord]>>,
    changes: Vec<Change>,
    /// Counts returns to an earlier state.
    reverted: u32,
}

impl MetadataGhost {
    /// The state of the cluster as committed.
    #[must_use]
    pub fn image(&self) -> &Image {
        &self.image
    }

    /// What the fact at hand committed.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The end of what is folded.
    #[must_use]
    pub fn end(&self) -> i64 {
        self.applied.last().map_or(0, |applied| applied.end)
    }

    /// The leader epoch of the last batch that is folded.
    #[must_use]
    pub fn epoch(&self) -> i32 {
        self.applied.last().map_or(-1, |applied| applied.epoch)
    }

    /// Whether an offset is where a committed batch ends, or the log begins.
    #[must_use]
    pub fn is_boundary(&self, offset: i64) -> bool {
        offset == 0 || self.applied.binary_search_by_key(&offset, |applied| applied.end).is_ok()
    }

    /// The committed batches below an offset at which one ends.
    #[must_use]
    pub fn batches(&self, end: i64) -> Option<Vec<Held>> {
        let last = self.applied.binary_search_by_key(&end, |applied| applied.end).ok()?;
        Some(self.applied[..=last].iter().map(|applied| applied.held.clone()).collect())
    }

    /// The committed records in a range of offsets, batches as a whole.
    pub fn records(&self, from: i64, to: i64) -> impl Iterator<Item = &MetadataRecord> {
        let first = self.applied.partition_point(|applied| applied.end <= from);
        let covered = self.applied[first..].iter().take_while(move |applied| applied.end <= to);
        covered.flat_map(|applied| applied.records.iter())
    }

    /// The epoch of the committed batch that contains an offset.
    #[must_use]
    pub fn epoch_at(&self, offset: i64) -> Option<i32> {
        let at = self.applied.partition_point(|applied| applied.end <= offset);
        self.applied.get(at).map(|applied| applied.epoch)
    }

    /// Whether a permitted loss ever took committed metadata back.
    #[must_use]
    pub fn reverted(&self) -> bool {
        self.reverted > 0
    }

    pub(super) fn changes_mut(&mut self) -> &mut Vec<Change> {
        &mut self.changes
    }

    pub(super) fn see(&mut self, batch: &BatchSeen) {
        if !batch.metadata.is_empty() {
            let key = (batch.base_offset, batch.leader_epoch);
            self.seen.entry(key).or_insert_with(|| batch.metadata.clone());
        }
    }

    /// The leader of the quorum has this log, and says that it is committed below `to`.
    pub(super) fn commit(&mut self, leader: &LogGhost, to: i64) {
        let epoch = leader.elections.last().map_or(i32::MAX, |&(epoch, _)| epoch);
        // A former leader has nothing to say that is not committed already.
        if epoch < self.epoch() {
            return;
        }
        self.revert_to_common(leader);
        let from = leader.position(self.end());
        let covered = leader.batches.iter().skip(from).take_while(|held| held.last_offset < to);
        for held in covered {
            let records = self.seen.get(&(held.base_offset, held.leader_epoch)).cloned();
            let records = records.unwrap_or_else(|| Rc::from([].as_slice()));
            let end = held.last_offset.saturating_add(1);
            self.image.apply_all(&records, held.base_offset, &mut self.changes);
            self.applied.push(Applied {
                end,
                epoch: held.leader_epoch,
                prefix: held.prefix,
                records,
                held: held.clone(),
            });
        }
    }

    /// Goes back to the last state that a leader's log contains.
    fn revert_to_common(&mut self, leader: &LogGhost) {
        let holds = |applied: &Applied| leader.prefix_at(applied.end) == Some(applied.prefix);
        if self.applied.last().is_none_or(holds) {
            return;
        }
        let keep = self.applied.partition_point(holds);
        self.applied.truncate(keep);
        self.image = Image::default();
        self.reverted += 1;
        for applied in &self.applied {
            let base = applied.end.saturating_sub(applied.records.len() as i64);
            self.image.apply_all(&applied.records, base, &mut Vec::new());
        }
    }
}
