//! One partition's log: segments, what is derived from them, and how far they are durable.

use super::derived::{Derived, Step};
use super::error::LogError;
use super::flush::Durability;
use super::scan::Placed;
use super::segment::Segment;
use crate::broker::Broker;
use crate::bugs::Bug;
use crate::config::TopicConfig;
use crate::event::{Event, Partition};
use bytes::Bytes;
use wire::files::{Suffix, names};
use wire::records::{Batch, BatchHeader, Batches, Tail};
use wire::{Dir, Disk, DiskError, Io, LogDirId, Planted};

/// Where an append comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A producer, through a leader.
    Client,
    /// A group or transaction coordinator of this node.
    Coordinator,
    /// The controller, through the metadata quorum.
    Quorum,
}

/// What an append did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Appended {
    /// The first record's offset.
    pub(crate) base_offset: i64,
    /// The last record's offset.
    pub(crate) last_offset: i64,
    /// The time that was written into the batch, with `message.timestamp.type=LogAppendTime`.
    pub(crate) log_append_time: Option<i64>,
    /// The flush policy asks that the recovery point reaches this before the append is acknowledged.
    pub(crate) durable_at: Option<i64>,
}

/// One partition's log.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    pub(super) partition: Partition,
    pub(super) log_dir: LogDirId,
    pub(super) folder: Dir,
    pub(super) config: TopicConfig,
    /// Ascending by base offset; the last is active. Never empty.
    pub(super) segments: Vec<Segment>,
    pub(super) derived: Derived,
    pub(super) durability: Durability,
    /// Set where a corrupt batch limits reading.
    pub(super) corrupt_from: Option<i64>,
    /// Base offsets of segments behind a corrupt batch; their files stay until the log is truncated before it.
    pub(super) beyond: Vec<i64>,
    /// Kafka's cleaner has been here: below this offset, batches may be missing.
    pub(super) cleaned_to: i64,
}

impl Log {
    /// A new log with one empty segment in a folder that was just made.
    pub(super) fn create(
        partition: Partition,
        folder: Dir,
        config: TopicConfig,
        io: &mut Io<'_, Broker>,
    ) -> Result<Log, DiskError> {
        let segment = Segment::create(folder, 0, io.now.wall.0, io.disk)?;
        let log_dir = folder.log_dir;
        let derived = Derived::default();
        let durability = Durability::fresh(io.now.mono);
        Ok(Log {
            partition,
            log_dir,
            folder,
            config,
            segments: vec![segment],
            derived,
            durability,
            corrupt_from: None,
            beyond: Vec::new(),
            cleaned_to: 0,
        })
    }

    /// Whose it is.
    pub(crate) fn partition(&self) -> &Partition {
        &self.partition
    }

    /// The log directory that holds it.
    pub(crate) fn log_dir(&self) -> LogDirId {
        self.log_dir
    }

    /// The topic's configuration as of the last [`Log::set_config`].
    pub(crate) fn config(&self) -> &TopicConfig {
        &self.config
    }

    /// Replaces the topic's configuration.
    pub(crate) fn set_config(&mut self, config: TopicConfig) {
        self.config = config;
    }

    /// The first offset that can be read.
    pub(crate) fn log_start_offset(&self) -> i64 {
        self.derived.log_start_offset
    }

    /// The offset that the next record gets. In a corrupt log, [`Log::corrupt_from`].
    pub(crate) fn log_end_offset(&self) -> i64 {
        self.derived.log_end_offset
    }

    /// Below it everything has been synced.
    pub(crate) fn recovery_point(&self) -> i64 {
        self.durability.recovery_point()
    }

    /// Where a corrupt batch limits reading: from there on nothing is read or appended, and it is not the log's end.
    pub(crate) fn corrupt_from(&self) -> Option<i64> {
        self.corrupt_from
    }

    /// The epoch cache: (epoch, start offset), ascending.
    pub(crate) fn epochs(&self) -> &[(i32, i64)] {
        self.derived.epochs.entries()
    }

    /// The last epoch of the cache; -1 if there is none.
    pub(crate) fn latest_epoch(&self) -> i32 {
        self.derived.epochs.latest()
    }

    /// The greatest known epoch that is not above `epoch`, and where it ends (KIP-101). None is Kafka's "undefined".
    pub(crate) fn end_offset_of_epoch(&self, epoch: i32) -> Option<(i32, i64)> {
        self.derived.epochs.end_of(epoch, self.log_end_offset())
    }

    /// Bytes of all segments.
    pub(crate) fn size(&self) -> u64 {
        self.segments.iter().map(|segment| segment.size).sum()
    }

    pub(super) fn active(&self) -> Option<&Segment> {
        self.segments.last()
    }

    pub(super) fn step(&mut self, step: Step<'_>) {
        self.derived.fold(step);
    }

    /// Appends one batch at the log's end. Whether a segment was rolled for it.
    pub(super) fn append(
        &mut self,
        bytes: &[u8],
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<bool, LogError> {
        let header = BatchHeader::parse(bytes).ok_or(LogError::NotNext)?;
        self.check_appendable(&header, bytes.len())?;
        let rolled = self.should_roll(&header, bytes.len(), io.now.wall.0, bugs);
        if rolled {
            self.roll(header.base_offset, io)?;
        }
        let interval = self.config.index_interval_bytes;
        let Some(active) = self.segments.last_mut() else { return Err(LogError::Offline) };
        let placed = Placed { header, position: active.size, size: bytes.len() as u64 };
        let entries = active.indexes.entries_for(&header, placed.position, interval);
        if let Err(error) = active.write(bytes, entries, io.disk) {
            if !bugs.has(Bug::D02) {
                // What was torn must not be found by recovery as if it had been acknowledged.
                let _ = io.disk.truncate(active.file, placed.position);
            }
            return Err(error.into());
        }
        active.size += placed.size;
        self.derived.fold(Step::Batch(&placed, active, interval));
        Ok(rolled)
    }

    /// Appends what a leader sent: all of it or nothing.
    pub(super) fn append_as_follower(
        &mut self,
        records: &Bytes,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<bool, LogError> {
        let batches = self.check_replicated(records, bugs)?;
        let before = self.log_end_offset();
        let mut rolled = false;
        for batch in &batches {
            match self.append(&batch.bytes, io, bugs) {
                Ok(this) => rolled |= this,
                Err(error) => {
                    let _ = self.truncate(before, io);
                    return Err(error);
                }
            }
        }
        Ok(rolled)
    }

    /// The whole batches of what a leader sent. They must be valid and continue the log without a gap; an incomplete last one is dropped.
    fn check_replicated(&self, records: &Bytes, bugs: &Planted<Bug>) -> Result<Vec<Batch>, LogError> {
        let mut walk = Batches::new(records.clone());
        let mut next = self.log_end_offset();
        let mut batches = Vec::new();
        for batch in &mut walk {
            let continues = batch.header.base_offset == next || bugs.has(Bug::D16);
            if !continues || batch.header.last_offset_delta < 0 || !batch.is_valid() {
                return Err(LogError::NotNext);
            }
            next = batch.header.next_offset();
            batches.push(batch);
        }
        match walk.tail() {
            Tail::Clean | Tail::Incomplete => Ok(batches),
            Tail::Corrupt | Tail::OldMagic(_) => Err(LogError::NotNext),
        }
    }

    fn check_appendable(&self, header: &BatchHeader, len: usize) -> Result<(), LogError> {
        if let Some(offset) = self.corrupt_from {
            return Err(LogError::Corrupt(offset));
        }
        if len > self.config.segment_bytes as usize {
            return Err(LogError::TooLarge);
        }
        let overflows =
            header.base_offset.checked_add(i64::from(header.last_offset_delta)).is_none_or(|last| last == i64::MAX);
        if overflows { Err(LogError::NotNext) } else { Ok(()) }
    }

    fn should_roll(&self, header: &BatchHeader, len: usize, now_ms: i64, bugs: &Planted<Bug>) -> bool {
        let Some(active) = self.active() else { return false };
        if active.size == 0 {
            return !active.can_hold(header.last_offset()) || (self.durability.was_truncated() && bugs.has(Bug::D13));
        }
        active.size + len as u64 > u64::from(self.config.segment_bytes)
            || active.age_ms(header.max_timestamp, now_ms) > self.config.segment_ms
            || active.indexes.is_full(self.config.segment_index_bytes)
            || !active.can_hold(header.last_offset())
    }

    fn roll(&mut self, base_offset: i64, io: &mut Io<'_, Broker>) -> Result<(), DiskError> {
        if let Some(active) = self.segments.last_mut() {
            active.indexes.close(io.disk)?;
        }
        let segment = Segment::create(self.folder, base_offset, io.now.wall.0, io.disk)?;
        self.segments.push(segment);
        self.durability.note_new_entry();
        io.event(Event::SegmentRolled { partition: self.partition.clone(), base_offset });
        Ok(())
    }

    /// Cuts the log so that it ends at `offset` at most; a batch that contains the offset goes as a whole.
    pub(super) fn truncate(&mut self, offset: i64, io: &mut Io<'_, Broker>) -> Result<(), DiskError> {
        if offset >= self.log_end_offset() && self.corrupt_from.is_none_or(|corrupt| offset > corrupt) {
            // The end stays, but an epoch that was to start at or behind it has become void (KAFKA-10706).
            self.derived.epochs.cut_end(offset);
            return Ok(());
        }
        if offset <= self.log_start_offset() && self.segments.first().is_none_or(|first| offset <= first.base_offset) {
            return self.restart_at(offset, io);
        }
        self.remove_beyond(io.disk)?;
        while self.segments.len() > 1 && self.active().is_some_and(|active| active.base_offset > offset) {
            let Some(segment) = self.segments.pop() else { break };
            remove_segment(self.folder, &segment, io.disk)?;
        }
        let mut end = offset.min(self.log_end_offset());
        if let Some(active) = self.segments.last_mut() {
            let found = active.find(offset, io.disk)?;
            end = found.map_or(end, |placed| end.min(placed.header.base_offset)).max(active.base_offset);
            let position = found.map_or(active.size, |placed| placed.position);
            // Behind a corrupt batch the walk finds nothing; the file is cut where the walk ended.
            active.cut(position.min(readable(active, io.disk)?), end, io.disk)?;
        }
        self.ended(end);
        Ok(())
    }

    /// Empties the log and lets it start at `offset`.
    pub(super) fn restart_at(&mut self, offset: i64, io: &mut Io<'_, Broker>) -> Result<(), DiskError> {
        self.remove_beyond(io.disk)?;
        while let Some(segment) = self.segments.pop() {
            remove_segment(self.folder, &segment, io.disk)?;
        }
        self.segments.push(Segment::create(self.folder, offset, io.now.wall.0, io.disk)?);
        self.derived = Derived { log_start_offset: offset, log_end_offset: offset, ..Derived::default() };
        self.durability.note_new_entry();
        self.ended(offset);
        Ok(())
    }

    fn ended(&mut self, end: i64) {
        self.derived.cut(end);
        self.corrupt_from = None;
        self.durability.truncated(end, &self.segments);
    }

    fn remove_beyond(&mut self, disk: &mut dyn Disk) -> Result<(), DiskError> {
        while let Some(base_offset) = self.beyond.pop() {
            remove_files(self.folder, base_offset, disk)?;
        }
        Ok(())
    }
}

/// Where the last whole batch of a segment ends.
fn readable(segment: &Segment, disk: &mut dyn Disk) -> Result<u64, DiskError> {
    let mut scan = super::scan::Scan::short(segment.file, segment.indexes.tail_position(), segment.size);
    while scan.next_header(disk)?.is_some() {}
    Ok(scan.position())
}

pub(super) fn remove_segment(folder: Dir, segment: &Segment, disk: &mut dyn Disk) -> Result<(), DiskError> {
    segment.release(disk);
    remove_files(folder, segment.base_offset, disk)
}

/// Removes every file of a segment that is there, the `.log` last: what a death leaves has its data.
pub(super) fn remove_files(folder: Dir, base_offset: i64, disk: &mut dyn Disk) -> Result<(), DiskError> {
    for suffix in Suffix::ALL.into_iter().rev() {
        match disk.remove(folder, &names::segment_file(base_offset, suffix)) {
            Ok(()) | Err(DiskError::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
