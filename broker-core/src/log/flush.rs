//! How far a log is durable: what has to be synced for it, one flush in flight and the rest joined to the next (group commit).

use super::log::Log;
use super::segment::Segment;
use crate::bugs::Bug;
use wire::{Dir, File, Instant, Planted, SyncTarget};

/// The durable side of a log.
#[derive(Clone, Debug)]
pub(super) struct Durability {
    recovery_point: i64,
    /// Entries of the log's folder have changed: a new segment.
    folder_dirty: bool,
    /// The folder's own entry in the log directory is new.
    root_dirty: bool,
    /// A sync has covered the folder's own entry.
    is_named: bool,
    /// `partition.metadata` is on its way to the disk: until it is there, a recovery point would speak of a log without an identity.
    awaits_identity: bool,
    flight: Option<Flight>,
    /// Something asked for a flush while one was in flight.
    again: bool,
    since: Instant,
    truncated: bool,
    /// The epochs that `leader-epoch-checkpoint` durably says.
    pub(super) checkpointed_epochs: Vec<(i32, i64)>,
    /// The epochs that were last given to the checkpoint.
    pub(super) submitted_epochs: Vec<(i32, i64)>,
}

/// One flush.
#[derive(Clone, Debug)]
struct Flight {
    up_to: i64,
    left: usize,
    /// Base offset, covered bytes and covered cuts of the segments that it syncs.
    covers: Vec<(i64, u64, u32)>,
    /// Base offsets of the segments whose indexes it syncs.
    indexes: Vec<i64>,
    /// It syncs the folder's own entry, too.
    names: bool,
}

impl Durability {
    /// Of a log that was just created.
    pub(super) fn fresh(now: Instant) -> Durability {
        Durability::recovered(0, true, Vec::new(), now)
    }

    /// Of a log that was recovered. After an unclean shutdown nothing is known about directory entries.
    pub(super) fn recovered(recovery_point: i64, dirty: bool, epochs: Vec<(i32, i64)>, now: Instant) -> Durability {
        Durability {
            recovery_point,
            folder_dirty: dirty,
            root_dirty: dirty,
            is_named: !dirty,
            awaits_identity: false,
            flight: None,
            again: false,
            since: now,
            truncated: false,
            submitted_epochs: epochs.clone(),
            checkpointed_epochs: epochs,
        }
    }

    pub(super) fn recovery_point(&self) -> i64 {
        self.recovery_point
    }

    /// When the oldest byte that is not durable may have been written.
    pub(super) fn since(&self) -> Instant {
        self.since
    }

    pub(super) fn was_truncated(&self) -> bool {
        self.truncated
    }

    /// Flushes wait from now on until `partition.metadata` is durable, or no longer.
    pub(super) fn await_identity(&mut self, waits: bool) {
        self.awaits_identity = waits;
    }

    pub(super) fn note_new_entry(&mut self) {
        self.folder_dirty = true;
    }

    /// The log ends at `end` now; what a flush in flight covers beyond does not count.
    pub(super) fn truncated(&mut self, end: i64, segments: &[Segment]) {
        self.recovery_point = self.recovery_point.min(end);
        self.truncated = true;
        let Some(flight) = &mut self.flight else { return };
        flight.up_to = flight.up_to.min(end);
        flight.indexes.clear();
        // A segment that is gone may come again under the same name, and is another one then.
        flight.covers.retain_mut(|(base_offset, bytes, _)| {
            let left = segments.iter().find(|segment| segment.base_offset == *base_offset);
            *bytes = left.map_or(0, |segment| segment.size.min(*bytes));
            left.is_some()
        });
    }
}

impl Durability {
    /// The log is empty and starts at `start`, in a segment of which nothing is durable, whatever was of those before; a flush in flight was for
    /// those.
    pub(super) fn restarted(&mut self, start: i64) {
        self.folder_dirty = true;
        self.truncated((start - 1).max(0), &[]);
    }
}

impl Log {
    /// Whether a flush would make more durable.
    pub(super) fn is_dirty(&self) -> bool {
        let durability = &self.durability;
        durability.recovery_point < self.log_end_offset()
            || durability.folder_dirty
            || durability.root_dirty
            || durability.awaits_identity
            || self.segments.iter().any(Segment::is_dirty)
            || self.indexes_to_sync().next().is_some()
    }

    /// The base offsets and index files of segments to which nothing is added any more.
    fn indexes_to_sync(&self) -> impl Iterator<Item = (i64, (File, File))> {
        let last = self.segments.len().saturating_sub(1);
        let of = move |(place, segment): (usize, &Segment)| {
            Some((segment.base_offset, segment.indexes.to_sync(place < last)?))
        };
        self.segments.iter().enumerate().filter_map(of)
    }

    /// Whether a flush is in flight, or waits for `partition.metadata`.
    pub(super) fn is_flushing(&self) -> bool {
        self.durability.flight.is_some() || self.durability.awaits_identity
    }

    /// Whether no power loss can take the log's folder away.
    pub(crate) fn is_named(&self) -> bool {
        self.durability.is_named
    }

    /// Begins a flush up to the log's end: what to sync. None if one is in flight, which then is followed by another.
    pub(super) fn begin_flush(&mut self, root: Dir, bugs: &Planted<Bug>) -> Option<Vec<SyncTarget>> {
        if self.is_flushing() {
            self.durability.again = true;
            return None;
        }
        let up_to = self.log_end_offset();
        if bugs.has(Bug::D17) {
            self.durability.recovery_point = up_to;
        }
        let dirty: Vec<&Segment> = self.segments.iter().filter(|segment| segment.is_dirty()).collect();
        let covers = dirty.iter().map(|segment| (segment.base_offset, segment.size, segment.cuts)).collect();
        let mut targets: Vec<SyncTarget> = dirty.iter().map(|segment| SyncTarget::File(segment.file)).collect();
        let indexes: Vec<_> = self.indexes_to_sync().collect();
        targets.extend(indexes.iter().flat_map(|&(_, (offsets, times))| [offsets, times]).map(SyncTarget::File));
        let indexes = indexes.into_iter().map(|(base_offset, _)| base_offset).collect();
        let durability = &mut self.durability;
        if std::mem::take(&mut durability.folder_dirty) && !bugs.has(Bug::D05) {
            targets.push(SyncTarget::Dir(self.folder));
        }
        let names = std::mem::take(&mut durability.root_dirty);
        if names {
            targets.push(SyncTarget::Dir(root));
        }
        durability.flight = Some(Flight { up_to, left: targets.len(), covers, indexes, names });
        Some(targets)
    }

    /// One of a flush's syncs succeeded. Whether that was the last.
    pub(super) fn part_synced(&mut self) -> bool {
        let Some(flight) = &mut self.durability.flight else { return false };
        flight.left = flight.left.saturating_sub(1);
        flight.left == 0 && self.end_flush()
    }

    /// Completes a flush if nothing is left of it: the recovery point advances. Whether it did complete.
    pub(super) fn end_flush(&mut self) -> bool {
        let Some(flight) = self.durability.flight.take_if(|flight| flight.left == 0) else { return false };
        for segment in &mut self.segments {
            if let Some(&(_, bytes, cuts)) = flight.covers.iter().find(|(base, ..)| *base == segment.base_offset) {
                segment.synced = segment.synced.max(bytes).min(segment.size);
                segment.synced_cuts = segment.synced_cuts.max(cuts);
            }
            segment.indexes.is_synced |= flight.indexes.contains(&segment.base_offset);
        }
        let up_to = flight.up_to.min(self.log_end_offset());
        self.durability.recovery_point = self.durability.recovery_point.max(up_to);
        self.durability.is_named |= flight.names;
        true
    }

    /// Takes the wish for another flush.
    pub(super) fn take_again(&mut self) -> bool {
        std::mem::take(&mut self.durability.again)
    }

    /// Something was appended: `flush.ms` counts from the first byte that is not durable.
    pub(super) fn note_append(&mut self, before: i64, now: Instant) {
        if self.durability.recovery_point >= before {
            self.durability.since = now;
        }
    }

    /// What `flush.messages` asks for after an append.
    pub(super) fn flush_is_due(&self) -> bool {
        self.log_end_offset().saturating_sub(self.recovery_point()) >= self.config.flush_messages
    }

    /// What a recovery point checkpoint may say: never beyond an epoch that the epoch checkpoint does not durably know.
    pub(super) fn checkpointable(&self) -> i64 {
        let known = || self.derived.epochs.differs_from(&self.durability.checkpointed_epochs).unwrap_or(i64::MAX);
        let most = if self.corrupt_from.is_some() { self.kept_floor } else { self.recovery_point().min(known()) };
        self.cap.map_or(most, |cap| cap.min(most))
    }
}
