//! Walks over the batches of a segment's file, a piece at a time. Takes no more memory than a piece or the file's largest batch.

use bytes::Bytes;
use wire::records::batches::announced;
use wire::records::{Batch, BatchHeader, HEADER_LEN, Tail};
use wire::{Disk, DiskError, File};

/// What the disk reads at once.
const PIECE: u64 = 256 * 1024;
/// For walks that end soon.
const SMALL_PIECE: u64 = 8 * 1024;

/// A batch's header and place in the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    pub(super) header: BatchHeader,
    pub(super) position: u64,
    pub(super) size: u64,
}

/// The walk.
pub(super) struct Scan {
    file: File,
    at: u64,
    end: u64,
    piece: u64,
    window: Bytes,
    window_at: u64,
    tail: Tail,
}

impl Scan {
    /// Over all of a file from a batch's beginning to `end`, which must not be behind the file's end.
    pub(super) fn new(file: File, from: u64, end: u64) -> Scan {
        Scan { file, at: from, end, piece: PIECE, window: Bytes::new(), window_at: from, tail: Tail::Clean }
    }

    /// The same for a walk that is expected to end soon.
    pub(super) fn short(file: File, from: u64, end: u64) -> Scan {
        Scan { piece: SMALL_PIECE, ..Scan::new(file, from, end) }
    }

    /// Where the next batch begins; at the end, where the tail begins.
    pub(super) fn position(&self) -> u64 {
        self.at
    }

    /// Why the walk ended.
    pub(super) fn tail(&self) -> Tail {
        self.tail
    }

    /// The next batch's header; its records need not be read.
    pub(super) fn next_header(&mut self, disk: &mut dyn Disk) -> Result<Option<Placed>, DiskError> {
        let head = self.bytes(self.at, HEADER_LEN as u64, disk)?;
        let left = self.end.saturating_sub(self.at);
        let size = match announced(&head) {
            Ok(Some(size)) => size as u64,
            Ok(None) => return Ok(self.stop(if left == 0 { Tail::Clean } else { Tail::Incomplete })),
            Err(tail) => return Ok(self.stop(tail)),
        };
        match BatchHeader::parse(&head) {
            Some(header) if size <= left => {
                let placed = Placed { header, position: self.at, size };
                self.at += size;
                Ok(Some(placed))
            }
            _ => Ok(self.stop(Tail::Incomplete)),
        }
    }

    /// The bytes of a batch that this walk found.
    pub(super) fn batch(&mut self, placed: &Placed, disk: &mut dyn Disk) -> Result<Batch, DiskError> {
        let bytes = self.bytes(placed.position, placed.size, disk)?;
        Ok(Batch { header: placed.header, bytes })
    }

    fn stop(&mut self, tail: Tail) -> Option<Placed> {
        self.tail = tail;
        None
    }

    /// Up to `len` bytes at `at`; fewer if the end comes first.
    fn bytes(&mut self, at: u64, len: u64, disk: &mut dyn Disk) -> Result<Bytes, DiskError> {
        let end = at.saturating_add(len).min(self.end);
        let window_end = self.window_at + self.window.len() as u64;
        if at < self.window_at || end > window_end {
            let until = at.saturating_add(len.max(self.piece)).min(self.end);
            self.window = disk.read(self.file, at..until.max(at))?;
            self.window_at = at;
        }
        let from = (at - self.window_at) as usize;
        let to = (end.max(at) - self.window_at) as usize;
        Ok(self.window.slice(from.min(self.window.len())..to.min(self.window.len())))
    }
}
