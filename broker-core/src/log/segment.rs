//! One segment of a log: a `.log` file and its indexes.

use super::indexes::{Entries, Indexes};
use super::scan::{Placed, Scan};
use wire::files::{Suffix, names};
use wire::records::BatchHeader;
use wire::{Dir, Disk, DiskError, File};

/// A segment.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) base_offset: i64,
    pub(super) file: File,
    pub(super) size: u64,
    /// Bytes that a completed sync covered.
    pub(super) synced: u64,
    /// How often the file was cut.
    pub(super) cuts: u32,
    /// How many of these cuts a completed sync covered: a power loss may undo the others.
    pub(super) synced_cuts: u32,
    pub(super) indexes: Indexes,
    /// The greatest timestamp of the first batch: `segment.ms` counts from it.
    pub(super) first_timestamp: Option<i64>,
    /// Base offset and position of the batch that was written last: most readers want that one.
    last: Option<(i64, u64)>,
    /// When it was created or opened; counts if records have no timestamp.
    created_ms: i64,
}

impl Segment {
    /// Creates the files of an empty segment.
    pub(super) fn create(dir: Dir, base_offset: i64, now_ms: i64, disk: &mut dyn Disk) -> Result<Segment, DiskError> {
        let file = disk.create(dir, &names::segment_file(base_offset, Suffix::Log))?;
        let mut indexes = Indexes::new(base_offset);
        indexes.create(dir, disk)?;
        Ok(Segment::with(base_offset, file, 0, indexes, now_ms))
    }

    /// A segment that is there, with indexes still to be loaded or rebuilt.
    pub(super) fn open(dir: Dir, base_offset: i64, now_ms: i64, disk: &mut dyn Disk) -> Result<Segment, DiskError> {
        let file = disk.open(dir, &names::segment_file(base_offset, Suffix::Log))?;
        let size = disk.len(file)?;
        let indexes = Indexes::new(base_offset);
        Ok(Segment::with(base_offset, file, size, indexes, now_ms))
    }

    fn with(base_offset: i64, file: File, size: u64, indexes: Indexes, created_ms: i64) -> Segment {
        Segment {
            base_offset,
            file,
            size,
            synced: 0,
            cuts: 0,
            synced_cuts: 0,
            indexes,
            first_timestamp: None,
            last: None,
            created_ms,
        }
    }

    /// Whether a sync of its file would make something durable.
    pub(super) fn is_dirty(&self) -> bool {
        self.synced < self.size || self.synced_cuts < self.cuts
    }

    /// Cuts the file.
    pub(super) fn shorten(&mut self, size: u64, disk: &mut dyn Disk) -> Result<(), DiskError> {
        disk.truncate(self.file, size)?;
        self.size = size;
        self.synced = self.synced.min(size);
        self.last = self.last.filter(|&(_, position)| position < size);
        self.cuts += 1;
        Ok(())
    }

    /// Whether a batch that ends at `last_offset` can be indexed here.
    pub(super) fn can_hold(&self, last_offset: i64) -> bool {
        last_offset.checked_sub(self.base_offset).is_some_and(|relative| (0..=i64::from(i32::MAX)).contains(&relative))
    }

    /// How long a batch with this timestamp shows the segment to have been open.
    pub(super) fn age_ms(&self, max_timestamp: i64, now_ms: i64) -> i64 {
        match self.first_timestamp {
            Some(first) if first >= 0 => max_timestamp.saturating_sub(first),
            _ => now_ms.saturating_sub(self.created_ms),
        }
    }

    /// Writes a batch and its index entries: all of it, or nothing that the disk lets us cut again. Memory is unchanged: see [`Segment::fold`].
    pub(super) fn write(&self, bytes: &[u8], entries: Entries, disk: &mut dyn Disk) -> Result<(), DiskError> {
        disk.append(self.file, bytes)?;
        self.indexes.write(entries, disk)
    }

    /// Takes a batch that was written, or that recovery found.
    pub(super) fn fold(&mut self, header: &BatchHeader, position: u64, size: u64, interval: u32) {
        self.first_timestamp.get_or_insert(header.max_timestamp);
        self.last = Some((header.base_offset, position));
        self.indexes.fold(header, position, size, interval);
    }

    /// The first batch whose last offset is at or behind `offset`; None if the segment ends before.
    pub(super) fn find(&self, offset: i64, disk: &mut dyn Disk) -> Result<Option<Placed>, DiskError> {
        let last = self.last.filter(|&(base_offset, _)| base_offset <= offset);
        let from = last.map_or_else(|| self.indexes.position_before(offset), |(_, position)| position);
        let mut scan = Scan::short(self.file, from, self.size);
        while let Some(placed) = scan.next_header(disk)? {
            if placed.header.last_offset() >= offset {
                return Ok(Some(placed));
            }
        }
        Ok(None)
    }

    /// Cuts the file at `position`, where a batch with base offset `offset` begins, and the indexes with it.
    pub(super) fn cut(&mut self, position: u64, offset: i64, disk: &mut dyn Disk) -> Result<(), DiskError> {
        self.shorten(position, disk)?;
        self.indexes.cut(offset);
        self.indexes.trim(disk)?;
        if position == 0 {
            self.first_timestamp = None;
        }
        let mut scan = Scan::short(self.file, self.indexes.tail_position(), self.size);
        while let Some(placed) = scan.next_header(disk)? {
            self.indexes.fold_tail(&placed.header, placed.size);
        }
        Ok(())
    }

    pub(super) fn release(&self, disk: &mut dyn Disk) {
        disk.close(self.file);
        self.indexes.release(disk);
    }
}
