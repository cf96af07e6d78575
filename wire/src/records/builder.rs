//! Writes a record batch.

use super::NONE;
use super::compression::Compression;
use super::header::{Attributes, BatchHeader, HEADER_LEN, LENGTH_PREFIX, seal};
use super::record::Header;
use super::varint;
use bytes::Bytes;

/// Builds one batch: `BatchBuilder::new(codec).record(…).record(…).build()`. Timestamps are the records' own (CreateTime).
#[derive(Clone, Debug)]
pub struct BatchBuilder {
    compression: Compression,
    transactional: bool,
    control: bool,
    base_offset: i64,
    leader_epoch: i32,
    producer: (i64, i16, i32),
    base_timestamp: Option<i64>,
    max_timestamp: i64,
    count: i32,
    records: Vec<u8>,
}

impl BatchBuilder {
    /// An empty batch at offset 0, as a client sends it.
    #[must_use]
    pub fn new(compression: Compression) -> BatchBuilder {
        BatchBuilder {
            compression,
            transactional: false,
            control: false,
            base_offset: 0,
            leader_epoch: -1,
            producer: (NONE, -1, -1),
            base_timestamp: None,
            max_timestamp: NONE,
            count: 0,
            records: Vec::new(),
        }
    }

    /// Places it in a log.
    #[must_use]
    pub fn at(mut self, base_offset: i64, partition_leader_epoch: i32) -> Self {
        (self.base_offset, self.leader_epoch) = (base_offset, partition_leader_epoch);
        self
    }

    /// Names the idempotent producer and the sequence number of the first record.
    #[must_use]
    pub fn producer(mut self, producer_id: i64, producer_epoch: i16, base_sequence: i32) -> Self {
        self.producer = (producer_id, producer_epoch, base_sequence);
        self
    }

    /// Makes it part of a transaction.
    #[must_use]
    pub fn transactional(mut self) -> Self {
        self.transactional = true;
        self
    }

    /// Makes it a control batch.
    #[must_use]
    pub fn control(mut self) -> Self {
        self.control = true;
        self
    }

    /// Adds a record without headers.
    #[must_use]
    pub fn record(mut self, timestamp: i64, key: Option<&[u8]>, value: Option<&[u8]>) -> Self {
        self.push(timestamp, key, value, &[]);
        self
    }

    /// Adds a record.
    #[must_use]
    pub fn record_with(mut self, timestamp: i64, key: Option<&[u8]>, value: Option<&[u8]>, headers: &[Header]) -> Self {
        self.push(timestamp, key, value, headers);
        self
    }

    /// Adds a record.
    pub fn push(&mut self, timestamp: i64, key: Option<&[u8]>, value: Option<&[u8]>, headers: &[Header]) {
        let base = *self.base_timestamp.get_or_insert(timestamp);
        let delta = timestamp.wrapping_sub(base);
        let length = body_len(delta, self.count, key, value, headers);
        let out = &mut self.records;
        varint::write(out, length as i64);
        out.push(0);
        varint::write(out, delta);
        varint::write(out, i64::from(self.count));
        chunk(out, key);
        chunk(out, value);
        varint::write(out, headers.len() as i64);
        for header in headers {
            chunk(out, Some(&header.key));
            chunk(out, header.value.as_deref());
        }
        self.max_timestamp = self.max_timestamp.max(timestamp);
        self.count += 1;
    }

    /// How many records were added.
    #[must_use]
    pub fn count(&self) -> i32 {
        self.count
    }

    /// The size in bytes that the batch would have without compression.
    #[must_use]
    pub fn plain_size(&self) -> usize {
        HEADER_LEN + self.records.len()
    }

    /// The size in bytes that a record would add at most, before compression.
    #[must_use]
    pub fn record_bound(key: Option<&[u8]>, value: Option<&[u8]>, headers: &[Header]) -> usize {
        body_len(i64::MAX, i32::MAX, key, value, headers) + 5
    }

    /// The batch's bytes, sealed.
    #[must_use]
    pub fn build(self) -> Bytes {
        let packed = match self.compression {
            Compression::None => self.records,
            codec => codec.compress(&self.records),
        };
        let (producer_id, producer_epoch, base_sequence) = self.producer;
        let header = BatchHeader {
            base_offset: self.base_offset,
            // A batch is far below two gigabytes; were it not, its length would be refused by whoever reads it.
            batch_length: i32::try_from(HEADER_LEN - LENGTH_PREFIX + packed.len()).unwrap_or(i32::MAX),
            partition_leader_epoch: self.leader_epoch,
            crc: 0,
            attributes: Attributes::new(self.compression, self.transactional, self.control),
            last_offset_delta: (self.count - 1).max(0),
            base_timestamp: self.base_timestamp.unwrap_or(NONE),
            max_timestamp: self.max_timestamp,
            producer_id,
            producer_epoch,
            base_sequence,
            count: self.count,
        };
        let mut bytes = Vec::with_capacity(HEADER_LEN + packed.len());
        bytes.extend_from_slice(&header.to_bytes());
        bytes.extend_from_slice(&packed);
        seal(&mut bytes);
        Bytes::from(bytes)
    }
}

fn chunk(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    varint::write(out, bytes.map_or(-1, |bytes| bytes.len() as i64));
    out.extend_from_slice(bytes.unwrap_or_default());
}

fn chunk_len(bytes: Option<&[u8]>) -> usize {
    bytes.map_or(1, |bytes| varint::len(bytes.len() as i64) + bytes.len())
}

fn body_len(delta: i64, index: i32, key: Option<&[u8]>, value: Option<&[u8]>, headers: &[Header]) -> usize {
    let header_len = |header: &Header| chunk_len(Some(&header.key)) + chunk_len(header.value.as_deref());
    let numbers = 1 + varint::len(delta) + varint::len(i64::from(index)) + varint::len(headers.len() as i64);
    numbers + chunk_len(key) + chunk_len(value) + headers.iter().map(header_len).sum::<usize>()
}
