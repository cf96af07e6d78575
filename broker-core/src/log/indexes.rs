//! The sparse offset and time index of one segment: in memory, and as files in Kafka's layout. Like Kafka's, the files are synced once
//! their segment is closed: recovery trusts only what a sync covered, because entries that a power loss left behind can look right.

use wire::files::{IndexEntry, Suffix, TimeEntry, names};
use wire::records::BatchHeader;
use wire::{Dir, Disk, DiskError, File};

/// What a batch adds to the indexes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Entries {
    pub(super) offset: Option<IndexEntry>,
    pub(super) time: Option<TimeEntry>,
}

/// Both indexes. The fold over batches is [`Indexes::fold`]; files follow with [`Indexes::write`] or [`Indexes::persist`].
#[derive(Clone, Debug)]
pub(super) struct Indexes {
    base_offset: i64,
    pub(super) offsets: Vec<IndexEntry>,
    pub(super) times: Vec<TimeEntry>,
    /// The greatest timestamp so far and the last offset of the first batch that has it.
    pub(super) max_timestamp: i64,
    offset_of_max: i64,
    bytes_since_entry: u64,
    files: Option<(File, File)>,
    /// Nothing is added any more, unless the log is cut.
    closed: bool,
    /// A sync has covered what the files say.
    pub(super) is_synced: bool,
}

impl Indexes {
    /// Empty, and without files.
    pub(super) fn new(base_offset: i64) -> Indexes {
        Indexes {
            base_offset,
            offsets: Vec::new(),
            times: Vec::new(),
            max_timestamp: -1,
            offset_of_max: base_offset,
            bytes_since_entry: 0,
            files: None,
            closed: false,
            is_synced: false,
        }
    }

    /// Reads both files; None if one is missing or says what no segment of `size` bytes can. Positions that are no batch boundaries are
    /// found when the tail is read.
    pub(super) fn load(
        dir: Dir,
        base_offset: i64,
        size: u64,
        disk: &mut dyn Disk,
    ) -> Result<Option<Indexes>, DiskError> {
        let Some((offset_file, offset_bytes)) = open(dir, base_offset, Suffix::Index, disk)? else { return Ok(None) };
        let Some((time_file, time_bytes)) = open(dir, base_offset, Suffix::TimeIndex, disk)? else { return Ok(None) };
        let (offsets, times) = (IndexEntry::parse_all(&offset_bytes), TimeEntry::parse_all(&time_bytes));
        let whole = is_padded(&offset_bytes, offsets.len() * IndexEntry::LEN)
            && is_padded(&time_bytes, times.len() * TimeEntry::LEN);
        let fits = offsets.last().is_none_or(|entry| u64::try_from(entry.position).is_ok_and(|at| at < size));
        if !whole || !fits {
            return Ok(None);
        }
        let (max_timestamp, offset_of_max) = times
            .last()
            .map_or((-1, base_offset), |entry| (entry.timestamp, base_offset + i64::from(entry.relative_offset)));
        let files = Some((offset_file, time_file));
        Ok(Some(Indexes { offsets, times, max_timestamp, offset_of_max, files, ..Indexes::new(base_offset) }))
    }

    /// What the batch at `position` adds, with `index.interval.bytes` between entries.
    pub(super) fn entries_for(&self, header: &BatchHeader, position: u64, interval: u32) -> Entries {
        if self.bytes_since_entry <= u64::from(interval) {
            return Entries::default();
        }
        let (timestamp, offset) = self.max_with(header);
        Entries {
            offset: Some(IndexEntry {
                relative_offset: self.relative(header.last_offset()),
                position: position as i32,
            }),
            time: self.time_entry(timestamp, offset),
        }
    }

    /// The fold: takes the batch at `position` with its size.
    pub(super) fn fold(&mut self, header: &BatchHeader, position: u64, size: u64, interval: u32) {
        let Entries { offset, time } = self.entries_for(header, position, interval);
        (self.max_timestamp, self.offset_of_max) = self.max_with(header);
        if let Some(entry) = offset {
            self.offsets.push(entry);
            self.bytes_since_entry = 0;
        }
        self.times.extend(time);
        self.bytes_since_entry += size;
        self.is_synced = false;
    }

    /// Takes a batch behind the last entry of a loaded index: entries that Kafka would have written are there already.
    pub(super) fn fold_tail(&mut self, header: &BatchHeader, size: u64) {
        (self.max_timestamp, self.offset_of_max) = self.max_with(header);
        self.bytes_since_entry += size;
    }

    /// The greatest timestamp as a last entry of the time index: when a segment is closed.
    pub(super) fn closing_entry(&self) -> Option<TimeEntry> {
        self.time_entry(self.max_timestamp, self.offset_of_max)
    }

    /// The files, if they are to be synced: of a closed segment, or of one that a newer one follows.
    pub(super) fn to_sync(&self, followed: bool) -> Option<(File, File)> {
        self.files.filter(|_| !self.is_synced && (self.closed || followed))
    }

    /// Whether every entry speaks of offsets below `end`.
    pub(super) fn end_before(&self, end: i64) -> bool {
        let last = [
            self.offsets.last().map(|entry| entry.relative_offset),
            self.times.last().map(|entry| entry.relative_offset),
        ];
        last.into_iter().flatten().all(|relative| self.base_offset + i64::from(relative) < end)
    }

    /// Whether an entry more would exceed `segment.index.bytes`.
    pub(super) fn is_full(&self, index_bytes: u32) -> bool {
        let room = index_bytes as usize;
        self.offsets.len() >= room / IndexEntry::LEN || self.times.len() + 1 >= room / TimeEntry::LEN
    }

    /// Where to begin to look for an offset: the position of the last indexed batch that ends at or before it.
    pub(super) fn position_before(&self, offset: i64) -> u64 {
        let relative = offset.saturating_sub(self.base_offset);
        let above = self.offsets.partition_point(|entry| i64::from(entry.relative_offset) <= relative);
        above.checked_sub(1).map_or(0, |index| self.offsets[index].position as u64)
    }

    /// The offset of the last time entry before `timestamp`: nothing below it has that timestamp.
    pub(super) fn offset_before(&self, timestamp: i64) -> i64 {
        let above = self.times.partition_point(|entry| entry.timestamp < timestamp);
        let relative = above.checked_sub(1).map_or(0, |index| self.times[index].relative_offset);
        self.base_offset + i64::from(relative)
    }

    /// The offset (of a batch's last record) of the greatest timestamp.
    pub(super) fn offset_of_max(&self) -> i64 {
        self.offset_of_max
    }

    /// Forgets what is at or behind an offset; the caller folds the rest of the tail again from [`Indexes::tail_position`].
    pub(super) fn cut(&mut self, offset: i64) {
        let relative = offset.saturating_sub(self.base_offset);
        self.offsets.retain(|entry| i64::from(entry.relative_offset) < relative);
        self.times.retain(|entry| i64::from(entry.relative_offset) < relative);
        let last = self.times.last().copied();
        (self.max_timestamp, self.offset_of_max) = last.map_or((-1, self.base_offset), |entry| {
            (entry.timestamp, self.base_offset + i64::from(entry.relative_offset))
        });
        self.bytes_since_entry = 0;
        (self.closed, self.is_synced) = (false, false);
    }

    /// The position of the last indexed batch.
    pub(super) fn tail_position(&self) -> u64 {
        self.offsets.last().map_or(0, |entry| entry.position as u64)
    }

    /// Creates empty files.
    pub(super) fn create(&mut self, dir: Dir, disk: &mut dyn Disk) -> Result<(), DiskError> {
        let offset_file = disk.create(dir, &names::segment_file(self.base_offset, Suffix::Index))?;
        let time_file = disk.create(dir, &names::segment_file(self.base_offset, Suffix::TimeIndex))?;
        self.files = Some((offset_file, time_file));
        Ok(())
    }

    /// Appends entries to the files; on failure both are cut back as far as the disk allows.
    pub(super) fn write(&self, entries: Entries, disk: &mut dyn Disk) -> Result<(), DiskError> {
        let Some((offset_file, time_file)) = self.files else { return Ok(()) };
        let written = (|| {
            if let Some(entry) = entries.offset {
                disk.append(offset_file, &entry.to_bytes())?;
            }
            if let Some(entry) = entries.time {
                disk.append(time_file, &entry.to_bytes())?;
            }
            Ok(())
        })();
        if written.is_err() {
            let _ = disk.truncate(offset_file, (self.offsets.len() * IndexEntry::LEN) as u64);
            let _ = disk.truncate(time_file, (self.times.len() * TimeEntry::LEN) as u64);
        }
        written
    }

    /// Writes the closing entry of the time index, once.
    pub(super) fn close(&mut self, disk: &mut dyn Disk) -> Result<(), DiskError> {
        let time = self.closing_entry();
        self.write(Entries { offset: None, time }, disk)?;
        self.times.extend(time);
        self.closed = true;
        Ok(())
    }

    /// Makes the files say what memory says. Returns whether a file was missing or said something else.
    pub(super) fn persist(&mut self, dir: Dir, disk: &mut dyn Disk) -> Result<bool, DiskError> {
        let offsets: Vec<u8> = self.offsets.iter().flat_map(|entry| entry.to_bytes()).collect();
        let times: Vec<u8> = self.times.iter().flat_map(|entry| entry.to_bytes()).collect();
        let (offset_file, new_offsets) = replace(dir, self.base_offset, Suffix::Index, &offsets, disk)?;
        let (time_file, new_times) = replace(dir, self.base_offset, Suffix::TimeIndex, &times, disk)?;
        self.files = Some((offset_file, time_file));
        self.is_synced = false;
        Ok(new_offsets || new_times)
    }

    /// Cuts the zeros that Kafka preallocates and the entries that memory has forgotten.
    pub(super) fn trim(&self, disk: &mut dyn Disk) -> Result<(), DiskError> {
        let Some((offset_file, time_file)) = self.files else { return Ok(()) };
        let lengths =
            [(offset_file, self.offsets.len() * IndexEntry::LEN), (time_file, self.times.len() * TimeEntry::LEN)];
        for (file, len) in lengths {
            if disk.len(file)? > len as u64 {
                disk.truncate(file, len as u64)?;
            }
        }
        Ok(())
    }

    pub(super) fn release(&self, disk: &mut dyn Disk) {
        if let Some((offset_file, time_file)) = self.files {
            disk.close(offset_file);
            disk.close(time_file);
        }
    }

    fn relative(&self, offset: i64) -> i32 {
        i32::try_from(offset.saturating_sub(self.base_offset)).unwrap_or(i32::MAX)
    }

    fn max_with(&self, header: &BatchHeader) -> (i64, i64) {
        let newer = header.max_timestamp > self.max_timestamp;
        if newer { (header.max_timestamp, header.last_offset()) } else { (self.max_timestamp, self.offset_of_max) }
    }

    fn time_entry(&self, timestamp: i64, offset: i64) -> Option<TimeEntry> {
        let newer = timestamp > self.times.last().map_or(-1, |entry| entry.timestamp);
        newer.then(|| TimeEntry { timestamp, relative_offset: self.relative(offset) })
    }
}

fn open(
    dir: Dir,
    base_offset: i64,
    suffix: Suffix,
    disk: &mut dyn Disk,
) -> Result<Option<(File, bytes::Bytes)>, DiskError> {
    match disk.open(dir, &names::segment_file(base_offset, suffix)) {
        Ok(file) => {
            let len = disk.len(file)?;
            Ok(Some((file, disk.read(file, 0..len)?)))
        }
        Err(DiskError::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether nothing but zeros stands behind the entries.
fn is_padded(bytes: &[u8], entries: usize) -> bool {
    bytes.get(entries..).is_some_and(|rest| rest.iter().all(|&byte| byte == 0))
}

fn replace(
    dir: Dir,
    base_offset: i64,
    suffix: Suffix,
    contents: &[u8],
    disk: &mut dyn Disk,
) -> Result<(File, bool), DiskError> {
    let Some((file, there)) = open(dir, base_offset, suffix, disk)? else {
        let file = disk.create(dir, &names::segment_file(base_offset, suffix))?;
        disk.append(file, contents)?;
        return Ok((file, true));
    };
    let same = there.starts_with(contents) && is_padded(&there, contents.len());
    if same && there.len() > contents.len() {
        disk.truncate(file, contents.len() as u64)?;
    }
    if !same {
        disk.truncate(file, 0)?;
        disk.append(file, contents)?;
    }
    Ok((file, !same))
}
