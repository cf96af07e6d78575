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
use wire::files::{Suffix, names};
use wire::records::BatchHeader;
use wire::{Dir, Disk, DiskError, Io, LogDirId, Planted};

/// Where an append comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A producer, through a leader.
    Client,
    /// A group or transaction coordinator of this node.
    #[allow(dead_code, reason = "coordinators come with delivery semantics")]
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
    /// What the checkpoints said of a log that was found corrupt below it. They go on saying it, or a later recovery would cut there.
    pub(super) kept_floor: i64,
    /// A cut to here waits until no checkpoint says more.
    pub(super) cap: Option<i64>,
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
            kept_floor: 0,
            cap: None,
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

    /// The base offset of the segment that is appended to.
    pub(crate) fn active_base_offset(&self) -> Option<i64> {
        self.active().map(|active| active.base_offset)
    }

    /// The epoch cache: (epoch, start offset), ascending.
    pub(crate) fn epochs(&self) -> &[(i32, i64)] {
        self.derived.epochs.entries()
    }

    /// The last epoch of the cache; -1 if there is none.
    pub(crate) fn latest_epoch(&self) -> i32 {
        self.derived.epochs.latest()
    }

    /// Epochs never go back in a log: recovery would take what stands behind for what an undone cut left, and drop it.
    pub(super) fn check_epoch(&self, leader_epoch: i32) -> Result<(), LogError> {
        let latest = self.latest_epoch();
        if leader_epoch < latest { Err(LogError::StaleEpoch(latest)) } else { Ok(()) }
    }

    /// The greatest known epoch that is not above `epoch`, and where it ends (KIP-101). None is Kafka's "undefined".
    pub(crate) fn end_offset_of_epoch(&self, epoch: i32) -> Option<(i32, i64)> {
        self.derived.epochs.end_of(epoch, self.log_end_offset())
    }

    /// Whether what stands at an offset, or that nothing does, cannot be known: there the log is corrupt.
    pub(crate) fn hides(&self, offset: i64) -> bool {
        self.corrupt_from.is_some_and(|corrupt| offset >= corrupt)
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
            self.roll(header.base_offset, io, bugs)?;
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
        // Whoever appends leads, or follows another leader: what was to be cut stays.
        self.cap = None;
        self.derived.fold(Step::Batch(&placed, active, interval));
        Ok(rolled)
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

    fn roll(&mut self, base_offset: i64, io: &mut Io<'_, Broker>, bugs: &Planted<Bug>) -> Result<(), DiskError> {
        if let Some(active) = self.segments.last_mut() {
            active.indexes.close(io.disk)?;
        }
        if self.active_base_offset() == Some(base_offset) && bugs.has(Bug::D13) {
            remove_files(self.folder, base_offset, io.disk)?;
        }
        let segment = Segment::create(self.folder, base_offset, io.now.wall.0, io.disk)?;
        self.segments.push(segment);
        self.durability.note_new_entry();
        io.event(Event::SegmentRolled { partition: self.partition.clone(), base_offset });
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
        (self.corrupt_from, self.cap) = (None, None);
        self.durability.restarted(offset);
        Ok(())
    }

    pub(super) fn ended(&mut self, end: i64) {
        self.derived.cut(end);
        (self.corrupt_from, self.cap) = (None, None);
        self.durability.truncated(end, &self.segments);
    }

    pub(super) fn remove_beyond(&mut self, disk: &mut dyn Disk) -> Result<(), DiskError> {
        while let Some(base_offset) = self.beyond.pop() {
            remove_files(self.folder, base_offset, disk)?;
        }
        Ok(())
    }
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
