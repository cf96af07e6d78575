//! Opens a log as it survived.
//!
//! What a completed sync covered is not scanned again; everything else is, batch by batch. The *floor* is the greater of the checkpointed
//! recovery point and the checkpointed high watermark, which this broker never writes beyond what it synced. At or above the floor, the first
//! batch that is torn, corrupt or misplaced ends the log, and what follows is cut, as Kafka does. Below the floor nothing may be missing:
//! there the log stays as it is, readable up to the damage, and says so (KAFKA_STORAGE_ERROR beyond, never "end of log").

use super::derived::{Derived, Step};
use super::flush::Durability;
use super::indexes::Indexes;
use super::log::{Log, remove_files, remove_segment};
use super::replace::other_name;
use super::scan::{Placed, Scan};
use super::segment::Segment;
use super::snapshots::snapshots_in;
use crate::broker::Broker;
use crate::bugs::Bug;
use crate::config::TopicConfig;
use crate::event::{Event, Partition};
use std::collections::{BTreeMap, BTreeSet};
use wire::files::names::{CLEANED, DELETED, PART, SWAP, parse_segment_file, segment_file};
use wire::files::{EPOCH_CHECKPOINT, PARTITION_METADATA, Suffix, parse_epochs};
use wire::records::Tail;
use wire::{Dir, Disk, DiskError, Io, Planted};

/// What the log directory knows of a log before it is opened.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Checkpointed {
    pub(super) recovery_point: i64,
    pub(super) high_watermark: i64,
    pub(super) log_start_offset: i64,
    /// Below it, Kafka's cleaner may have removed batches.
    pub(super) cleaned_to: i64,
    /// The last incarnation shut down in a controlled way.
    pub(super) clean: bool,
}

impl Checkpointed {
    fn floor(&self, bugs: &Planted<Bug>) -> i64 {
        let floor = self.recovery_point.max(self.high_watermark);
        if bugs.has(Bug::D11) { 0 } else { floor }
    }
}

/// Where reading a segment ended before its file did.
#[derive(Clone, Copy, Debug)]
struct Damage {
    segment: usize,
    position: u64,
    /// The segment does not begin where the log ended: all of it is behind the damage.
    misplaced: bool,
}

/// A recovery in progress.
struct Recovery<'a, 'b, 'c> {
    log: Log,
    known: Checkpointed,
    /// The epoch checkpoint was lost: everything is scanned to derive it.
    rebuild: bool,
    /// A snapshot contains everything below: the log may begin there, or be begun there anew.
    covered_to: i64,
    /// The leader epoch of the last batch that was taken.
    leader_epoch: i32,
    io: &'a mut Io<'b, Broker>,
    bugs: &'c Planted<Bug>,
}

/// Opens the log in `folder`.
pub(super) fn recover(
    partition: Partition,
    folder: Dir,
    config: TopicConfig,
    known: Checkpointed,
    io: &mut Io<'_, Broker>,
    bugs: &Planted<Bug>,
) -> Result<Log, DiskError> {
    let bases = tidy(folder, io.disk)?;
    let covered_to = snapshots_in(folder, io.disk)?.last().map_or(0, |(id, _)| id.end_offset);
    let epochs = read_epochs(folder, io.disk)?;
    let rebuild = epochs.is_none();
    let mut log = Log {
        partition,
        log_dir: folder.log_dir,
        folder,
        config,
        segments: Vec::new(),
        derived: Derived::default(),
        durability: Durability::recovered(0, !known.clean, epochs.clone().unwrap_or_default(), io.now.mono),
        corrupt_from: None,
        kept_floor: 0,
        cap: None,
        beyond: Vec::new(),
        cleaned_to: known.cleaned_to,
    };
    log.derived.epochs = super::epochs::Epochs::from_checkpoint(epochs.unwrap_or_default());
    for &base_offset in &bases {
        log.segments.push(Segment::open(folder, base_offset, io.now.wall.0, io.disk)?);
    }
    Recovery { log, known, rebuild, covered_to, leader_epoch: -1, io, bugs }.run()
}

impl Recovery<'_, '_, '_> {
    /// Below it nothing may be missing; what a snapshot contains cannot be.
    fn floor(&self) -> i64 {
        let floor = self.known.floor(self.bugs);
        if floor <= self.covered_to { 0 } else { floor }
    }

    fn run(mut self) -> Result<Log, DiskError> {
        let first = self.log.segments.first().map(|segment| segment.base_offset);
        let Some(first) = first else {
            let start = self.known.log_start_offset.max(0);
            self.log.restart_at(start, self.io)?;
            self.settle()?;
            return Ok(self.log);
        };
        // Segments may have gone at the front, and a death come before the epoch checkpoint said so.
        self.log.step(Step::Start(first));
        let epochs = self.log.derived.epochs.entries();
        self.rebuild |= epochs.is_empty() && self.log.segments.iter().any(|segment| segment.size > 0);
        if self.is_headless(first) {
            // What a power loss left of a log without its beginning is no prefix of anything.
            self.log.restart_at(self.known.log_start_offset.max(0), self.io)?;
            self.settle()?;
            return Ok(self.log);
        }
        let damage = self.walk()?;
        if let Some(damage) = damage {
            self.stop_at(damage)?;
        }
        self.settle()?;
        Ok(self.log)
    }

    /// Whether the first segment begins behind where the log starts, and nothing of what is missing was ever synced or committed. Segments
    /// that are deleted at the front are deleted after the log start is checkpointed, or a snapshot contains them; those that Kafka's cleaner took
    /// are known.
    fn is_headless(&self, first: i64) -> bool {
        let start = self.known.log_start_offset.max(self.covered_to);
        !self.known.clean && first > start.max(self.known.cleaned_to) && self.floor() <= start
    }

    /// Takes segment after segment; ends at the first damage.
    fn walk(&mut self) -> Result<Option<Damage>, DiskError> {
        for index in 0..self.log.segments.len() {
            let base_offset = self.log.segments[index].base_offset;
            let end = self.log.log_end_offset();
            let overlaps = base_offset < end;
            let hole = base_offset > end && base_offset > self.known.cleaned_to;
            if index > 0 && (overlaps || hole) {
                // The end stays where the segment before it ended.
                return Ok(Some(Damage { segment: index, position: 0, misplaced: true }));
            }
            self.log.derived.log_end_offset = base_offset;
            let trusted = self.may_trust(index) && self.trust(index)?;
            if !trusted && let Some(position) = self.scan(index)? {
                return Ok(Some(Damage { segment: index, position, misplaced: false }));
            }
        }
        Ok(None)
    }

    /// Whether a sync is known to have covered all of a segment, and its indexes: they are synced by the first flush after the roll, which
    /// is what takes the recovery point beyond the next segment's beginning.
    fn may_trust(&self, index: usize) -> bool {
        let next = self.log.segments.get(index + 1).map(|segment| segment.base_offset);
        let covered = match next {
            Some(next) => next < self.known.recovery_point || (self.known.clean && next == self.known.recovery_point),
            None => self.known.clean,
        };
        !self.rebuild && (covered != self.bugs.has(Bug::D09))
    }

    /// Takes a segment by its indexes, without checking batches that a sync has covered. False if what is there does not fit: then it is
    /// to be scanned.
    fn trust(&mut self, index: usize) -> Result<bool, DiskError> {
        let folder = self.log.folder;
        let next = self.log.segments.get(index + 1).map(|segment| segment.base_offset);
        let blindly = self.trusts_blindly();
        let segment = &mut self.log.segments[index];
        let loaded = Indexes::load(folder, segment.base_offset, segment.size, self.io.disk)?;
        let Some(mut indexes) = loaded else { return Ok(false) };
        let (mut end, mut leader_epoch) = (segment.base_offset, self.leader_epoch);
        let mut scan = Scan::short(segment.file, indexes.tail_position(), segment.size);
        while let Some(placed) = scan.next_header(self.io.disk)? {
            end = placed.header.next_offset();
            leader_epoch = leader_epoch.max(placed.header.partition_leader_epoch);
            indexes.fold_tail(&placed.header, placed.size);
        }
        let continues = next.is_none_or(|next| end == next || next <= self.known.cleaned_to);
        let covered = next.is_some() || end <= self.known.recovery_point || blindly;
        let whole = scan.tail() == Tail::Clean && indexes.end_before(end.max(segment.base_offset + 1));
        if !whole || !continues || !covered || end < segment.base_offset {
            return Ok(false);
        }
        indexes.trim(self.io.disk)?;
        indexes.is_synced = true;
        segment.indexes = indexes;
        segment.synced = segment.size;
        let mut first = Scan::short(segment.file, 0, segment.size);
        segment.first_timestamp = first.next_header(self.io.disk)?.map(|placed| placed.header.max_timestamp);
        self.log.derived.log_end_offset = end;
        self.leader_epoch = leader_epoch;
        Ok(true)
    }

    /// D09 and D08: the clean-shutdown marker alone is believed, whatever the recovery point says.
    fn trusts_blindly(&self) -> bool {
        self.bugs.has(Bug::D09) || self.bugs.has(Bug::D08)
    }

    /// Reads a segment batch by batch, folding each, and rebuilds its indexes. Returns where a batch is not what it should be.
    fn scan(&mut self, index: usize) -> Result<Option<u64>, DiskError> {
        let interval = self.log.config.index_interval_bytes;
        let segment = &self.log.segments[index];
        let mut scan = Scan::new(segment.file, 0, segment.size);
        let mut bad = None;
        while let Some(placed) = scan.next_header(self.io.disk)? {
            if !self.is_sound(&mut scan, &placed, index)? {
                bad = Some(placed.position);
                break;
            }
            self.leader_epoch = self.leader_epoch.max(placed.header.partition_leader_epoch);
            let segment = &mut self.log.segments[index];
            self.log.derived.fold(Step::Batch(&placed, segment, interval));
        }
        if bad.is_none() && scan.tail() != Tail::Clean {
            bad = Some(scan.position());
        }
        self.rebuild_indexes(index)?;
        Ok(bad)
    }

    /// Whether a batch is valid and stands where its offsets belong, and its epoch too: behind a newer epoch, be it another batch's or one that
    /// the checkpoint knows, an older one can only be what an earlier, un-synced cut left on the disk, to which a power loss returned.
    fn is_sound(&mut self, scan: &mut Scan, placed: &Placed, index: usize) -> Result<bool, DiskError> {
        let header = &placed.header;
        let expected = self.log.log_end_offset();
        let cleaned = expected < self.known.cleaned_to || header.delete_horizon_ms().is_some();
        let in_place = header.base_offset == expected || (cleaned && header.base_offset > expected);
        let whole = header.last_offset_delta >= 0 && self.log.segments[index].can_hold(header.last_offset());
        let epochs = self.log.derived.epochs.entries();
        let begun = epochs.iter().rev().find(|(_, start)| *start <= header.base_offset).map_or(-1, |&(epoch, _)| epoch);
        let stale = (0..self.leader_epoch.max(begun)).contains(&header.partition_leader_epoch);
        if !whole || stale || !(in_place || self.bugs.has(Bug::D29)) {
            return Ok(false);
        }
        Ok(self.bugs.has(Bug::D10) || scan.batch(placed, self.io.disk)?.is_valid())
    }

    fn rebuild_indexes(&mut self, index: usize) -> Result<(), DiskError> {
        let last = index + 1 == self.log.segments.len();
        let folder = self.log.folder;
        let segment = &mut self.log.segments[index];
        if !last || self.known.clean {
            // A segment that is closed ends its time index with its greatest timestamp.
            let entry = segment.indexes.closing_entry();
            segment.indexes.times.extend(entry);
        }
        if segment.indexes.persist(folder, self.io.disk)? {
            let (partition, base_offset) = (self.log.partition.clone(), segment.base_offset);
            self.io.event(Event::IndexRebuilt { partition, base_offset });
        }
        Ok(())
    }

    /// Ends the log at a damage: cuts above the floor, stays below it.
    fn stop_at(&mut self, damage: Damage) -> Result<(), DiskError> {
        let end = self.log.log_end_offset();
        if end < self.floor() {
            self.keep_damaged(damage);
            return Ok(());
        }
        let mut bytes = 0;
        while self.log.segments.len() > damage.segment + 1 {
            bytes += self.drop_last()?;
        }
        if damage.misplaced {
            bytes += self.drop_last()?;
        } else if let Some(segment) = self.log.segments.last_mut() {
            bytes += segment.size.saturating_sub(damage.position);
            segment.shorten(damage.position, self.io.disk)?;
        }
        self.io.event(Event::TailTruncated { partition: self.log.partition.clone(), to: end, bytes });
        Ok(())
    }

    fn drop_last(&mut self) -> Result<u64, DiskError> {
        let Some(segment) = self.log.segments.pop() else { return Ok(0) };
        remove_segment(self.log.folder, &segment, self.io.disk)?;
        Ok(segment.size)
    }

    fn keep_damaged(&mut self, damage: Damage) {
        let keep = if damage.misplaced { damage.segment } else { damage.segment + 1 };
        let beyond = self.log.segments.split_off(keep);
        for segment in &beyond {
            segment.release(self.io.disk);
        }
        self.log.beyond = beyond.iter().map(|segment| segment.base_offset).collect();
        self.damaged();
    }

    fn damaged(&mut self) {
        let offset = self.log.log_end_offset();
        self.log.corrupt_from = Some(offset);
        self.log.kept_floor = self.floor();
        self.io.event(Event::CorruptionFound { partition: self.log.partition.clone(), offset });
    }

    /// Brings what is derived into line with where the log ended.
    fn settle(&mut self) -> Result<(), DiskError> {
        let end = self.log.log_end_offset();
        if self.log.corrupt_from.is_none() && end < self.floor() {
            // The file ends cleanly, but what was synced is not there.
            self.damaged();
        }
        let start = self.known.log_start_offset;
        if start > end && self.log.corrupt_from.is_none() {
            self.log.restart_at(start, self.io)?;
        }
        self.log.step(Step::Start(start.min(self.log.log_end_offset())));
        let end = self.log.log_end_offset();
        self.log.derived.epochs.cut_end(end);
        let epochs = std::mem::take(&mut self.log.durability.checkpointed_epochs);
        let now = self.io.now.mono;
        // An empty segment may have been made anew just now.
        let most = if self.known.clean || self.log.size() > 0 { end } else { (end - 1).max(0) };
        self.log.durability =
            Durability::recovered(self.known.recovery_point.min(most), !self.known.clean, epochs, now);
        Ok(())
    }
}

/// Removes what an interrupted deletion or cleaning left, completes an interrupted replacement of segments, and returns the base offsets.
fn tidy(folder: Dir, disk: &mut dyn Disk) -> Result<BTreeSet<i64>, DiskError> {
    let names: Vec<String> = disk.list(folder)?.into_iter().map(|(name, _)| name).collect();
    let is_identified = names.iter().any(|name| name == PARTITION_METADATA);
    let cleaning = names.iter().any(|name| name.ends_with(CLEANED));
    for name in &names {
        let unfinished = name.ends_with(".tmp") && (*name != other_name(PARTITION_METADATA) || is_identified);
        let left_over = name.ends_with(DELETED) || name.ends_with(CLEANED) || name.ends_with(PART) || unfinished;
        if left_over || (cleaning && name.ends_with(SWAP)) {
            disk.remove(folder, name)?;
        }
    }
    if !cleaning {
        complete_swap(folder, &names, disk)?;
    }
    let mut files: BTreeMap<i64, Vec<Suffix>> = BTreeMap::new();
    for (name, _) in disk.list(folder)? {
        if let Some((base_offset, suffix)) = parse_segment_file(&name) {
            files.entry(base_offset).or_default().push(suffix);
        }
    }
    for (&base_offset, suffixes) in &files {
        if !suffixes.contains(&Suffix::Log) {
            remove_orphans(folder, base_offset, suffixes, disk)?;
        }
    }
    files.retain(|_, suffixes| suffixes.contains(&Suffix::Log));
    Ok(files.into_keys().collect())
}

/// Index files without their segment go; a producer snapshot is named by an offset that need not be a segment's.
fn remove_orphans(folder: Dir, base_offset: i64, suffixes: &[Suffix], disk: &mut dyn Disk) -> Result<(), DiskError> {
    for &suffix in suffixes.iter().filter(|&&suffix| suffix != Suffix::Snapshot) {
        disk.remove(folder, &segment_file(base_offset, suffix))?;
    }
    Ok(())
}

/// A `.swap` segment is complete: it replaces every segment that begins within it.
fn complete_swap(folder: Dir, names: &[String], disk: &mut dyn Disk) -> Result<(), DiskError> {
    for name in names {
        let Some((base_offset, Suffix::Log)) = name.strip_suffix(SWAP).and_then(parse_segment_file) else { continue };
        let file = disk.open(folder, name)?;
        let mut scan = Scan::new(file, 0, disk.len(file)?);
        let mut end = base_offset;
        while let Some(placed) = scan.next_header(disk)? {
            end = placed.header.next_offset();
        }
        disk.close(file);
        let replaced = names.iter().filter_map(|name| parse_segment_file(name)).map(|(base, _)| base);
        for base in
            replaced.filter(|base| (base_offset..end.max(base_offset + 1)).contains(base)).collect::<BTreeSet<_>>()
        {
            remove_files(folder, base, disk)?;
        }
        disk.rename((folder, name), (folder, &segment_file(base_offset, Suffix::Log)))?;
    }
    for name in names.iter().filter(|name| name.ends_with(SWAP) && !name.ends_with(".log.swap")) {
        disk.remove(folder, name)?;
    }
    Ok(())
}

/// The epoch checkpoint; None if it is missing or damaged.
fn read_epochs(folder: Dir, disk: &mut dyn Disk) -> Result<Option<Vec<(i32, i64)>>, DiskError> {
    let file = match disk.open(folder, EPOCH_CHECKPOINT) {
        Ok(file) => file,
        Err(DiskError::NotFound) => return Ok(None),
        Err(error) => return Err(error),
    };
    let len = disk.len(file)?;
    let text = disk.read(file, 0..len)?;
    disk.close(file);
    Ok(parse_epochs(&text).ok())
}
