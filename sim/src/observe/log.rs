//! What an observer knows of one log: which batch lies where, and how much of it no power loss can take.

use super::batch::BatchParser;
use crate::SimDisk;
use bytes::Bytes;
use properties::{BatchSeen, Fact, LogRef};
use std::collections::BTreeMap;
use wire::files::METADATA_TOPIC_ID;
use wire::files::names::{Suffix, segment_file};
use wire::records::{Batch, Batches};
use wire::{LogDirId, Uuid};

/// A log of a log directory.
#[derive(Clone, Debug)]
pub(super) struct Log {
    pub(super) name: LogRef,
    pub(super) log_dir: LogDirId,
    /// The folder.
    pub(super) dir: u64,
    pub(super) folder: String,
    /// By base offset.
    pub(super) segments: BTreeMap<i64, Segment>,
    durable_to: Option<i64>,
    /// Facts that wait for the topic's id, which Kafka may write after the first segment.
    pub(super) held: Vec<Fact>,
}

/// A segment's `.log` file.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    inode: u64,
    len: u64,
    extents: Vec<Extent>,
}

/// Where a batch ends, and what it holds.
#[derive(Clone, Copy, Debug)]
struct Extent {
    end: u64,
    base_offset: i64,
    next_offset: i64,
}

impl Log {
    pub(super) fn new(name: LogRef, log_dir: LogDirId, dir: u64, folder: String) -> Log {
        Log { name, log_dir, dir, folder, segments: BTreeMap::new(), durable_to: None, held: Vec::new() }
    }

    /// Whether its topic's id is known.
    pub(super) fn is_named(&self) -> bool {
        self.name.topic_id != Uuid::ZERO
    }

    /// A segment's file is there.
    pub(super) fn add(&mut self, base_offset: i64, inode: u64) {
        self.segments.insert(base_offset, Segment { inode, len: 0, extents: Vec::new() });
    }

    /// A batch of this log.
    pub(super) fn see(&self, batch: &Batch, parser: &BatchParser) -> BatchSeen {
        if self.name.topic_id == METADATA_TOPIC_ID { parser.see_metadata(batch) } else { parser.see(batch) }
    }

    /// Bytes were appended to a segment; returns the whole batches among them.
    pub(super) fn append(&mut self, segment: i64, bytes: Bytes) -> Vec<Batch> {
        self.segments.get_mut(&segment).map_or_else(Vec::new, |segment| segment.append(bytes))
    }

    /// A segment was cut to a length.
    pub(super) fn cut(&mut self, segment: i64, len: u64) {
        if let Some(segment) = self.segments.get_mut(&segment) {
            segment.len = segment.len.min(len);
            let kept = segment.extents.partition_point(|extent| extent.end <= len);
            segment.extents.truncate(kept);
        }
    }

    /// How long an observer thinks that a segment is.
    pub(super) fn len_of(&self, segment: i64) -> u64 {
        self.segments.get(&segment).map_or(0, |segment| segment.len)
    }

    /// Where the log starts; None if it has no segment.
    pub(super) fn start(&self) -> Option<i64> {
        self.segments.keys().next().copied()
    }

    /// The log end offset; None if it has no segment.
    pub(super) fn end(&self) -> Option<i64> {
        let (&base, last) = self.segments.last_key_value()?;
        Some(last.extents.last().map_or(base, |extent| extent.next_offset))
    }

    /// Runs a change, and returns the new end of the log if it lost some of its end.
    pub(super) fn shortened(&mut self, change: impl FnOnce(&mut Log)) -> Option<i64> {
        let before = self.end()?;
        let start = self.start()?;
        change(self);
        let end = self.end().unwrap_or(start);
        self.durable_to = self.durable_to.map(|to| to.min(end));
        (end < before).then_some(end)
    }

    /// The first offset that a byte of a segment, or what comes after it, belongs to.
    pub(super) fn offset_at(&self, segment: i64, byte: u64) -> i64 {
        let Some(found) = self.segments.get(&segment) else { return segment };
        let index = found.extents.partition_point(|extent| extent.end <= byte);
        let next = || found.extents.last().map_or(segment, |extent| extent.next_offset);
        found.extents.get(index).map_or_else(next, |extent| extent.base_offset)
    }

    /// Looks how much of the log no power loss can take; returns the offset if it became more. What was durable stays
    /// so until it is cut, so this begins where the last look ended.
    pub(super) fn durable_grew(&mut self, disk: &SimDisk) -> Option<i64> {
        let root = disk.root_inode(self.log_dir)?;
        if disk.durable_name(root, &self.folder) != Some(self.dir) {
            return None;
        }
        let from = self.durable_to.unwrap_or(i64::MIN);
        let (mut to, start) = (None, self.segments.range(..from).next_back().map_or(i64::MIN, |(&base, _)| base));
        for (&base, segment) in self.segments.range(start..) {
            if disk.durable_name(self.dir, &segment_file(base, Suffix::Log)) != Some(segment.inode) {
                break;
            }
            let durable = disk.durable_bytes(segment.inode);
            let whole = segment.extents.partition_point(|extent| extent.end <= durable);
            to = Some(whole.checked_sub(1).map_or(base, |last| segment.extents[last].next_offset));
            if durable < segment.len || whole < segment.extents.len() {
                break;
            }
        }
        let grew = to.filter(|&to| to > from)?;
        self.durable_to = Some(grew);
        Some(grew)
    }

    /// Every batch of the log, in file order, up to the first byte that does not parse.
    pub(super) fn read(&self, disk: &SimDisk, parser: &BatchParser) -> Vec<BatchSeen> {
        let mut seen = Vec::new();
        for segment in self.segments.values() {
            let bytes = disk.peek(segment.inode, 0..u64::MAX);
            let (len, mut batches) = (bytes.len(), Batches::new(bytes));
            seen.extend(batches.by_ref().map(|batch| self.see(&batch, parser)));
            if batches.position() < len {
                break;
            }
        }
        seen
    }
}

impl Segment {
    fn append(&mut self, bytes: Bytes) -> Vec<Batch> {
        let start = self.len;
        self.len += bytes.len() as u64;
        let mut batches = Batches::new(bytes);
        let mut found = Vec::new();
        while let Some(batch) = batches.next() {
            let end = start + batches.position() as u64;
            let (base_offset, next_offset) = (batch.header.base_offset, batch.header.next_offset());
            self.extents.push(Extent { end, base_offset, next_offset });
            found.push(batch);
        }
        found
    }
}
