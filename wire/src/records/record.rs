//! The records of a batch.

use super::batches::Batch;
use super::compression::{Compression, DecompressError};
use super::header::{BatchHeader, HEADER_LEN};
use super::validate::BatchError;
use super::varint;
use bytes::Bytes;
use std::ops::Range;

/// One record; its bytes are shared with the batch (or with what the batch decompressed to).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its offset.
    pub offset: i64,
    /// Its timestamp: the producer's, or the batch's append time.
    pub timestamp: i64,
    /// Its sequence number, or -1.
    pub sequence: i32,
    /// The key.
    pub key: Option<Bytes>,
    /// The value; None is a tombstone.
    pub value: Option<Bytes>,
    /// The headers, in order; a key may repeat.
    pub headers: Vec<Header>,
}

/// A record's header. Kafka calls the key a string but never checks its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The key.
    pub key: Bytes,
    /// The value.
    pub value: Option<Bytes>,
}

/// The records of one batch, in order. The first error ends the iteration.
#[derive(Clone, Debug)]
pub struct Records {
    header: BatchHeader,
    bytes: Bytes,
    at: usize,
    left: i32,
}

pub(super) fn records_of(batch: &Batch, limit: usize) -> Result<Records, BatchError> {
    let bytes = unpacked(batch, limit)?;
    if batch.header.count < 0 {
        return Err(BatchError::InvalidRecord("the record count is negative"));
    }
    Ok(Records { header: batch.header, bytes, at: 0, left: batch.header.count })
}

/// The bytes of the records; shared if they are not compressed.
fn unpacked(batch: &Batch, limit: usize) -> Result<Bytes, BatchError> {
    let packed = batch.bytes.slice(HEADER_LEN.min(batch.bytes.len())..);
    match batch.header.attributes.compression() {
        None => Err(BatchError::Undecodable("no codec has this number")),
        Some(Compression::None) => Ok(packed),
        Some(codec) => codec.decompress(&packed, limit).map(Bytes::from).map_err(|error| match error {
            DecompressError::Corrupt => BatchError::Undecodable("the records do not decompress"),
            DecompressError::TooLarge => BatchError::TooLarge,
        }),
    }
}

impl Records {
    /// Where the next record's parts are, without sharing bytes: for checks.
    pub(super) fn next_span(&mut self) -> Option<Result<Span, BatchError>> {
        if self.left == 0 {
            let rest = std::mem::replace(&mut self.at, self.bytes.len()) < self.bytes.len();
            return rest.then_some(Err(BatchError::InvalidRecord("bytes remain behind the last record")));
        }
        let span = Span::parse(&self.bytes, self.at);
        self.left = if span.is_some() { self.left - 1 } else { 0 };
        self.at = span.as_ref().map_or(self.bytes.len(), |span| span.end);
        Some(span.ok_or(BatchError::InvalidRecord("a record is malformed or ends too early")))
    }

    fn record(&self, span: &Span) -> Result<Record, BatchError> {
        let slice = |range: &Range<usize>| self.bytes.slice(range.clone());
        Ok(Record {
            offset: self.header.base_offset.saturating_add(i64::from(span.offset_delta)),
            timestamp: span.timestamp(&self.header),
            sequence: sequence(&self.header, span.offset_delta),
            key: span.key.as_ref().map(slice),
            value: span.value.as_ref().map(slice),
            headers: self.headers(span).ok_or(BatchError::InvalidRecord("a header is malformed"))?,
        })
    }

    fn headers(&self, span: &Span) -> Option<Vec<Header>> {
        let mut at = span.headers_at;
        (0..span.header_count).map(|_| self.header(&mut at)).collect()
    }

    fn header(&self, at: &mut usize) -> Option<Header> {
        let key = chunk(&self.bytes, at)??;
        let value = chunk(&self.bytes, at)?;
        Some(Header { key: self.bytes.slice(key), value: value.map(|range| self.bytes.slice(range)) })
    }
}

impl Iterator for Records {
    type Item = Result<Record, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_span().map(|span| self.record(&span?))
    }
}

/// Sequence numbers wrap around to zero.
fn sequence(header: &BatchHeader, delta: i32) -> i32 {
    if header.base_sequence < 0 {
        return -1;
    }
    header.base_sequence.checked_add(delta).unwrap_or_else(|| delta - (i32::MAX - header.base_sequence) - 1)
}

/// Where the parts of one record are.
pub(super) struct Span {
    pub(super) timestamp_delta: i64,
    pub(super) offset_delta: i32,
    pub(super) key: Option<Range<usize>>,
    value: Option<Range<usize>>,
    headers_at: usize,
    header_count: i32,
    end: usize,
}

impl Span {
    /// Parses the record at `at`, headers included; None if it is malformed.
    fn parse(bytes: &[u8], mut at: usize) -> Option<Span> {
        let length = usize::try_from(varint::read_int(bytes, &mut at)?).ok()?;
        let end = at.checked_add(length)?;
        let bytes = bytes.get(..end)?;
        at += 1; // The record's own attributes are unused.
        let timestamp_delta = varint::read_long(bytes, &mut at)?;
        let offset_delta = varint::read_int(bytes, &mut at)?;
        let key = chunk(bytes, &mut at)?;
        let value = chunk(bytes, &mut at)?;
        let header_count = varint::read_int(bytes, &mut at)?;
        let headers_at = at;
        if usize::try_from(header_count).ok()? > end.checked_sub(at)? {
            return None;
        }
        for _ in 0..header_count {
            chunk(bytes, &mut at)??;
            chunk(bytes, &mut at)?;
        }
        (at == end).then_some(Span { timestamp_delta, offset_delta, key, value, headers_at, header_count, end })
    }

    /// The record's timestamp under its batch's header.
    pub(super) fn timestamp(&self, header: &BatchHeader) -> i64 {
        if header.attributes.is_log_append_time() {
            header.max_timestamp
        } else {
            header.base_timestamp.wrapping_add(self.timestamp_delta)
        }
    }
}

/// Reads a length and moves past that many bytes; `Some(None)` is null, `None` is malformed.
fn chunk(bytes: &[u8], at: &mut usize) -> Option<Option<Range<usize>>> {
    let Ok(length) = usize::try_from(varint::read_int(bytes, at)?) else { return Some(None) };
    let range = *at..at.checked_add(length)?;
    bytes.get(range.clone())?;
    *at = range.end;
    Some(Some(range))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::BatchBuilder;
    use crate::records::compression::ALL;

    fn header(key: &'static str, value: Option<&'static str>) -> Header {
        Header { key: Bytes::from(key), value: value.map(Bytes::from) }
    }

    #[test]
    fn what_was_built_is_read_under_every_codec() {
        let headers = [header("h", Some("1")), header("h", Some("2")), header("e", None)];
        for codec in ALL {
            let batch = BatchBuilder::new(codec)
                .at(100, 3)
                .producer(7, 0, i32::MAX)
                .record(50, Some(b"k"), Some(b"v"))
                .record_with(40, None, None, &headers)
                .build();
            let records: Vec<_> = Batch::parse(batch).unwrap().records(1 << 20).unwrap().map(Result::unwrap).collect();
            let [first, second] = records.as_slice() else { panic!("two records") };
            assert_eq!((first.offset, first.timestamp, first.sequence), (100, 50, i32::MAX));
            assert_eq!((first.key.as_deref(), first.value.as_deref()), (Some(&b"k"[..]), Some(&b"v"[..])));
            assert_eq!((second.offset, second.timestamp, second.sequence), (101, 40, 0));
            assert_eq!(second.headers, headers);
        }
    }

    #[test]
    fn damage_is_an_error_and_ends_the_iteration() {
        let good =
            BatchBuilder::new(Compression::None).record(5, Some(b"key"), Some(b"value")).record(6, None, None).build();
        for at in HEADER_LEN..good.len() {
            for byte in [0, 1, 0x7f, 0x80, 0xff] {
                let mut bytes = good.to_vec();
                bytes[at] = byte;
                let records: Vec<_> = Batch::parse(Bytes::from(bytes)).unwrap().records(1 << 20).unwrap().collect();
                assert!(records.len() <= 3 && records.iter().rev().skip(1).all(Result::is_ok));
            }
        }
    }

    #[test]
    fn a_count_that_does_not_fit_is_an_error() {
        for (count, fine) in [(0, false), (1, false), (2, true), (3, false), (i32::MAX, false)] {
            let mut bytes =
                BatchBuilder::new(Compression::None).record(5, None, None).record(6, None, None).build().to_vec();
            bytes[57..61].copy_from_slice(&i32::to_be_bytes(count));
            let all: Result<Vec<_>, _> = Batch::parse(Bytes::from(bytes)).unwrap().records(1 << 20).unwrap().collect();
            assert_eq!(all.is_ok(), fine, "{count}");
        }
    }
}
