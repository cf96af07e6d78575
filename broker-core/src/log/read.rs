//! Reads of a log: the hot tail at once, the rest through the driver; and look-ups by timestamp.

use super::error::LogError;
use super::log::Log;
use super::scan::{Placed, Scan};
use super::segment::Segment;
use bytes::Bytes;
use std::ops::Range;
use wire::records::batches::announced;
use wire::records::{BatchHeader, Tail};
use wire::{Disk, File};

/// How much of the active segment's end a page cache is taken to hold.
const HOT_TAIL: u64 = 1 << 20;
/// What a batch may decompress to when its records are looked at.
const MAX_DECOMPRESSED: usize = 64 << 20;
/// Read beyond what was asked for when cold, so that batches before the offset do not cost another read.
const COLD_SLACK: u64 = 8 * 1024;

/// What a read found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Slice {
    /// Batches, the first of which contains the offset that was asked for. Empty at the log's end.
    Ready(Bytes),
    /// They are to be read from the disk first.
    Cold(ColdRead),
}

/// A read below the hot tail: push `Output::Read(id, file, range)`, and give what comes to [`Log::finish_read`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ColdRead {
    /// What to read.
    pub(crate) file: File,
    /// Where.
    pub(crate) range: Range<u64>,
    /// The offset that was asked for.
    pub(crate) offset: i64,
    /// Where what is read ends at most.
    pub(crate) upto: i64,
    max_bytes: usize,
    at_least_one: bool,
}

impl ColdRead {
    /// How many bytes it is to bring at most, but for a first batch that is owed.
    pub(crate) fn room(&self) -> usize {
        self.max_bytes.min(usize::try_from(self.range.end - self.range.start).unwrap_or(usize::MAX))
    }
}

/// A record found by its timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimestampOffset {
    /// Its offset.
    pub(crate) offset: i64,
    /// Its timestamp.
    pub(crate) timestamp: i64,
    /// The leader epoch of its batch.
    pub(crate) leader_epoch: i32,
}

impl Log {
    /// Batches from the one that contains `offset`, below `upto`, in at most `max_bytes`; the first even if it is larger, if
    /// `at_least_one`. The last may be cut, as Kafka's are.
    pub(crate) fn read(
        &self,
        offset: i64,
        upto: i64,
        max_bytes: usize,
        at_least_one: bool,
        disk: &mut dyn Disk,
    ) -> Result<Slice, LogError> {
        self.check_readable(offset)?;
        let upto = upto.min(self.log_end_offset());
        if offset >= upto || (max_bytes == 0 && !at_least_one) {
            return Ok(Slice::Ready(Bytes::new()));
        }
        let index = self.segments.partition_point(|segment| segment.base_offset <= offset).saturating_sub(1);
        let Some(segment) = self.segments.get(index) else { return Err(LogError::Offline) };
        let start = segment.indexes.position_before(offset);
        let hot = index + 1 == self.segments.len() && start + HOT_TAIL >= segment.size;
        if !hot {
            let wanted = (max_bytes as u64).saturating_add(COLD_SLACK + u64::from(self.config.index_interval_bytes));
            let range = start..segment.size.min(start.saturating_add(wanted));
            return Ok(Slice::Cold(ColdRead { file: segment.file, range, offset, upto, max_bytes, at_least_one }));
        }
        let found = self.continues(offset, segment.find(offset, disk)?)?;
        let end =
            if upto < self.log_end_offset() { segment.find(upto, disk)?.map(|placed| placed.position) } else { None };
        let room = end.unwrap_or(segment.size).saturating_sub(found.position);
        let Some(len) = fitting(found.size, room, max_bytes, at_least_one) else {
            return Ok(Slice::Ready(Bytes::new()));
        };
        let mut bytes = disk.read(segment.file, found.position..found.position + len)?;
        bytes.truncate(self.unbroken(&bytes, upto));
        Ok(Slice::Ready(bytes))
    }

    /// What a cold read brought, cut to what was asked for; cold again if the first batch was not wholly in it. The caller has checked
    /// the leader epoch again.
    pub(crate) fn finish_read(&self, mut cold: ColdRead, mut bytes: Bytes) -> Result<Slice, LogError> {
        self.check_readable(cold.offset)?;
        let Some(segment) = self.segments.iter().find(|segment| segment.file == cold.file) else {
            return Ok(Slice::Ready(Bytes::new()));
        };
        let (at, first) = skip_below(&bytes, cold.offset).map_err(|_| LogError::Corrupt(cold.offset))?;
        let position = cold.range.start + at as u64;
        let Some((header, size)) = first else {
            let size = announced(&bytes[at..]).ok().flatten().unwrap_or(0) as u64;
            let end = segment.size.min(position.saturating_add(size.max(COLD_SLACK)));
            if (bytes.len() as u64) < cold.range.end - cold.range.start || end <= cold.range.end {
                // The segment ends here: it was cut since, or a hole follows.
                return self.at_segment_end(&cold, segment);
            }
            cold.range = position..end;
            return Ok(Slice::Cold(cold));
        };
        self.continues(cold.offset, Some(Placed { header, position, size: size as u64 }))?;
        let Some(len) = fitting(size as u64, (bytes.len() - at) as u64, cold.max_bytes, cold.at_least_one) else {
            return Ok(Slice::Ready(Bytes::new()));
        };
        bytes.truncate(at + len as usize);
        let _ = bytes.split_to(at);
        bytes.truncate(self.unbroken(&bytes, cold.upto.min(self.log_end_offset())));
        Ok(Slice::Ready(bytes))
    }

    /// The first record at or behind `timestamp`. Reads synchronously: look-ups are rare and touch one batch.
    pub(crate) fn offset_for_timestamp(
        &self,
        timestamp: i64,
        disk: &mut dyn Disk,
    ) -> Result<Option<TimestampOffset>, LogError> {
        for segment in self.segments.iter().filter(|segment| segment.indexes.max_timestamp >= timestamp) {
            let from = segment.indexes.offset_before(timestamp).max(self.log_start_offset());
            let mut scan = Scan::short(segment.file, segment.indexes.position_before(from), segment.size);
            while let Some(placed) = scan.next_header(disk)? {
                if placed.header.max_timestamp >= timestamp && placed.header.last_offset() >= self.log_start_offset() {
                    let found = self.first_record(&mut scan, &placed, disk, |at| at >= timestamp)?;
                    if found.is_some() {
                        return Ok(found);
                    }
                }
            }
        }
        Ok(None)
    }

    /// The first record with the greatest timestamp (KIP-734); None if no record has one.
    pub(crate) fn max_timestamp(&self, disk: &mut dyn Disk) -> Result<Option<TimestampOffset>, LogError> {
        let newer = |a: &Segment, b: &Segment| b.indexes.max_timestamp > a.indexes.max_timestamp;
        let greatest = self.segments.iter().reduce(|a, b| if newer(a, b) { b } else { a });
        let Some(segment) = greatest.filter(|segment| segment.indexes.max_timestamp >= 0) else { return Ok(None) };
        let Some(placed) = segment.find(segment.indexes.offset_of_max(), disk)? else { return Ok(None) };
        let mut scan = Scan::short(segment.file, placed.position, segment.size);
        self.first_record(&mut scan, &placed, disk, |at| at == placed.header.max_timestamp)
    }

    fn check_readable(&self, offset: i64) -> Result<(), LogError> {
        match self.corrupt_from {
            // Never an answer that sounds like the log's end (BookKeeper #2908).
            Some(corrupt) if offset >= corrupt => Err(LogError::Corrupt(corrupt)),
            _ if offset < self.log_start_offset() || offset > self.log_end_offset() => Err(LogError::OutOfRange),
            _ => Ok(()),
        }
    }

    /// A batch behind the offset is a hole, unless the cleaner made it.
    fn continues(&self, offset: i64, found: Option<Placed>) -> Result<Placed, LogError> {
        let hole = |placed: &Placed| placed.header.base_offset > offset && offset >= self.cleaned_to;
        found.filter(|placed| !hole(placed)).ok_or(LogError::Corrupt(offset))
    }

    /// How many of these bytes are batches below `upto`, without a hole between them that the cleaner did not make: what lies behind
    /// one, nobody gets who was not told of it.
    fn unbroken(&self, bytes: &[u8], upto: i64) -> usize {
        let (mut at, mut expected) = (0, i64::MAX);
        while let Some(header) = bytes.get(at..).and_then(BatchHeader::parse) {
            let hole = header.base_offset > expected && expected >= self.cleaned_to;
            if header.base_offset >= upto || hole {
                return at;
            }
            let Some(size) = header.size() else { break };
            at = at.saturating_add(size);
            expected = header.next_offset();
        }
        bytes.len()
    }

    /// A segment holds nothing at or behind the offset, although the log goes on: the cleaner left the end of the segment empty.
    fn at_segment_end(&self, cold: &ColdRead, segment: &Segment) -> Result<Slice, LogError> {
        let next = self.segments.iter().find(|other| other.base_offset > segment.base_offset);
        match next {
            Some(next) if cold.offset < self.cleaned_to => {
                let end = next.size.min(cold.max_bytes as u64 + COLD_SLACK);
                Ok(Slice::Cold(ColdRead { file: next.file, range: 0..end, offset: next.base_offset, ..cold.clone() }))
            }
            None if cold.offset >= self.log_end_offset() => Ok(Slice::Ready(Bytes::new())),
            Some(_) | None => Err(LogError::Corrupt(cold.offset)),
        }
    }

    fn first_record(
        &self,
        scan: &mut Scan,
        placed: &Placed,
        disk: &mut dyn Disk,
        wanted: impl Fn(i64) -> bool,
    ) -> Result<Option<TimestampOffset>, LogError> {
        let corrupt = LogError::Corrupt(placed.header.base_offset);
        let leader_epoch = placed.header.partition_leader_epoch;
        for record in scan.batch(placed, disk)?.records(MAX_DECOMPRESSED).map_err(|_| corrupt)? {
            let record = record.map_err(|_| corrupt)?;
            if record.offset >= self.log_start_offset() && wanted(record.timestamp) {
                return Ok(Some(TimestampOffset { offset: record.offset, timestamp: record.timestamp, leader_epoch }));
            }
        }
        Ok(None)
    }
}

/// How many bytes to give: None if not even the first batch fits and it is not owed.
fn fitting(first: u64, room: u64, max_bytes: usize, at_least_one: bool) -> Option<u64> {
    let most = max_bytes as u64;
    if most < first && !at_least_one { None } else { Some(room.min(most.max(first))) }
}

/// Where the first batch begins that ends at or behind `offset`, and that batch if it is whole.
fn skip_below(bytes: &[u8], offset: i64) -> Result<(usize, Option<(BatchHeader, usize)>), Tail> {
    let mut at = 0;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(size) = announced(rest)? else { return Ok((at, None)) };
        let Some(header) = BatchHeader::parse(rest) else { return Ok((at, None)) };
        if header.last_offset() >= offset {
            return Ok((at, (size <= rest.len()).then_some((header, size))));
        }
        if size > rest.len() {
            // The whole of the next one lies behind what was read.
            return Ok((at, None));
        }
        at += size;
    }
}
