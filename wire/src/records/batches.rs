//! The batches of a byte slice: a record set of a request or an answer, or a piece of a segment.

use super::header::{BatchHeader, HEADER_LEN, LENGTH_PREFIX, covered, crc_of, magic};
use super::record::Records;
use super::validate::BatchError;
use super::{hash128, record};
use bytes::Bytes;

/// Bytes that tell a batch's length and magic.
const UP_TO_MAGIC: usize = 17;
/// The smallest length field that any magic ever had.
const LEAST_LENGTH: i32 = 14;

/// One whole batch: its header and all its bytes, shared with where they came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Its header.
    pub header: BatchHeader,
    /// All its bytes, header included.
    pub bytes: Bytes,
}

impl Batch {
    /// The one batch that the bytes are; None if they are something else, more or less.
    #[must_use]
    pub fn parse(bytes: Bytes) -> Option<Batch> {
        let header = BatchHeader::parse(&bytes)?;
        let whole = magic(&bytes) == Some(2) && header.size() == Some(bytes.len());
        whole.then_some(Batch { header, bytes })
    }

    /// Whether the CRC is right.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.header.crc == crc_of(&self.bytes)
    }

    /// 128-bit hash of everything that the CRC covers: equal on every replica.
    #[must_use]
    pub fn content_hash(&self) -> u128 {
        hash128(covered(&self.bytes))
    }

    /// The records, decompressed into at most `limit` bytes.
    pub fn records(&self, limit: usize) -> Result<Records, BatchError> {
        record::records_of(self, limit)
    }
}

/// What stands behind the last whole batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// Nothing.
    Clean,
    /// A batch that may go on behind the end of the slice, or fewer bytes than a batch's beginning.
    Incomplete,
    /// Bytes that are the beginning of no batch: a length that no batch has, or a magic that never was.
    Corrupt,
    /// A message set of magic 0 or 1, which Kafka 4 no longer writes.
    OldMagic(i8),
}

/// Iterates over the batches of a slice, without copying. CRCs are not checked: see [`Batch::is_valid`].
#[derive(Clone, Debug)]
pub struct Batches {
    bytes: Bytes,
    at: usize,
    tail: Tail,
}

impl Batches {
    /// The batches of `bytes`.
    #[must_use]
    pub fn new(bytes: Bytes) -> Batches {
        Batches { bytes, at: 0, tail: Tail::Clean }
    }

    /// Where the next batch begins; after the end, where the tail begins.
    #[must_use]
    pub fn position(&self) -> usize {
        self.at
    }

    /// What stands behind the last batch. Says something only once the iteration has ended.
    #[must_use]
    pub fn tail(&self) -> Tail {
        self.tail
    }
}

impl Iterator for Batches {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        match measure(&self.bytes[self.at..]) {
            Ok(size) => {
                let bytes = self.bytes.slice(self.at..self.at + size);
                self.at += size;
                BatchHeader::parse(&bytes).map(|header| Batch { header, bytes })
            }
            Err(tail) => {
                self.tail = tail;
                None
            }
        }
    }
}

/// The size of the whole batch that the bytes begin with, or why there is none. Allocates nothing; for scanning files in pieces.
pub fn measure(bytes: &[u8]) -> Result<usize, Tail> {
    if bytes.is_empty() {
        return Err(Tail::Clean);
    }
    let Some(size) = announced(bytes)? else { return Err(Tail::Incomplete) };
    if bytes.len() < size { Err(Tail::Incomplete) } else { Ok(size) }
}

/// The size that a batch's first bytes announce, even if fewer bytes are there; `Ok(None)` if not even that can be told.
pub fn announced(bytes: &[u8]) -> Result<Option<usize>, Tail> {
    let Some(Ok(length)) = bytes.get(8..LENGTH_PREFIX).map(TryInto::try_into) else { return Ok(None) };
    let length = i32::from_be_bytes(length);
    if length < LEAST_LENGTH {
        return Err(Tail::Corrupt);
    }
    if bytes.len() < UP_TO_MAGIC {
        return Ok(None);
    }
    let size = usize::try_from(length).unwrap_or(0) + LENGTH_PREFIX;
    match magic(bytes) {
        Some(2) if size >= HEADER_LEN => Ok(Some(size)),
        Some(old @ 0..=1) => Err(Tail::OldMagic(old)),
        _ => Err(Tail::Corrupt),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::{BatchBuilder, Compression};

    fn two() -> Vec<u8> {
        let one = |value: &'static [u8]| BatchBuilder::new(Compression::None).record(1, None, Some(value)).build();
        [one(b"a"), one(b"b")].concat()
    }

    fn walk(bytes: Vec<u8>) -> (usize, usize, Tail) {
        let mut batches = Batches::new(Bytes::from(bytes));
        let count = batches.by_ref().count();
        (count, batches.position(), batches.tail())
    }

    #[test]
    fn every_prefix_is_whole_batches_and_an_incomplete_tail() {
        let bytes = two();
        let half = bytes.len() / 2;
        for len in 0..=bytes.len() {
            let whole = len / half;
            let tail = if len % half == 0 { Tail::Clean } else { Tail::Incomplete };
            assert_eq!(walk(bytes[..len].to_vec()), (whole, whole * half, tail), "{len}");
        }
    }

    #[test]
    fn corrupt_is_not_incomplete() {
        let half = two().len() / 2;
        for (at, byte, tail) in
            [(8, 0xff, Tail::Corrupt), (16, 3, Tail::Corrupt), (16, 1, Tail::OldMagic(1)), (8, 0x7f, Tail::Incomplete)]
        {
            let mut bytes = two();
            bytes[half + at] = byte;
            assert_eq!(walk(bytes), (1, half, tail), "{at} {byte}");
        }
    }

    #[test]
    fn a_flipped_bit_is_seen_by_the_crc() {
        let bytes = two();
        let batch = Batches::new(Bytes::from(bytes.clone())).next().unwrap();
        assert!(batch.is_valid());
        for at in 21..batch.bytes.len() {
            let mut damaged = batch.bytes.to_vec();
            damaged[at] ^= 1;
            assert!(!Batch::parse(Bytes::from(damaged)).unwrap().is_valid(), "{at}");
        }
    }
}
