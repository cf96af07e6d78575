//! One batch of a producer, from its first record to the end of its last attempt.

use crate::Record;
use bytes::Bytes;
use wire::records::{Batch as Sealed, BatchBuilder, Compression, Header};
use wire::{Instant, OpId};

/// Records for one partition that are sent, retried and answered together.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(super) created: Instant,
    /// Who sent the records, in their order.
    pub(super) sends: Vec<Send>,
    /// What its records count against `buffer.memory`.
    pub(super) memory: u64,
    pub(super) attempts: u32,
    /// At least one attempt may have been appended.
    pub(super) ambiguous: bool,
    /// The last attempt's error; -1 is a lost connection.
    pub(super) error: i16,
    /// Not before the backoff is over.
    pub(super) not_before: Instant,
    /// The leader's epoch at the last attempt: another leader is tried without waiting (KIP-951).
    pub(super) epoch: i32,
    body: Body,
}

/// Who sent a record, and as the how-manieth of the producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Send {
    pub(super) op: OpId,
    pub(super) ordinal: u64,
}

#[derive(Clone, Debug)]
enum Body {
    Open(BatchBuilder),
    Sealed(Bytes),
}

impl Batch {
    pub(super) fn new(created: Instant, compression: Compression) -> Batch {
        Batch {
            created,
            sends: Vec::new(),
            memory: 0,
            attempts: 0,
            ambiguous: false,
            error: -1,
            not_before: created,
            epoch: -1,
            body: Body::Open(BatchBuilder::new(compression)),
        }
    }

    /// The ordinal of its first send: it names the batch, and is its place among the batches of its partition.
    pub(super) fn id(&self) -> u64 {
        self.sends.first().map_or(u64::MAX, |send| send.ordinal)
    }

    /// Whether a record of at most `bound` bytes still fits.
    pub(super) fn has_room(&self, bound: usize, batch_size: usize) -> bool {
        match &self.body {
            Body::Open(builder) => builder.plain_size().saturating_add(bound) <= batch_size,
            Body::Sealed(_) => false,
        }
    }

    pub(super) fn is_full(&self, batch_size: usize) -> bool {
        match &self.body {
            Body::Open(builder) => builder.plain_size() >= batch_size,
            Body::Sealed(_) => true,
        }
    }

    pub(super) fn push(&mut self, send: Send, record: &Record, timestamp: i64) {
        let Body::Open(builder) = &mut self.body else { return };
        builder.push(timestamp, record.key.as_deref(), record.value.as_deref(), &headers(record));
        self.sends.push(send);
        self.memory += size_bound(record) as u64;
    }

    /// The batch's bytes; it takes no more records from here on.
    pub(super) fn seal(&mut self) -> Bytes {
        if let Body::Open(builder) = &mut self.body {
            let builder = std::mem::replace(builder, BatchBuilder::new(Compression::None));
            self.body = Body::Sealed(builder.build());
        }
        match &self.body {
            Body::Sealed(bytes) => bytes.clone(),
            Body::Open(_) => Bytes::new(),
        }
    }

    /// How many bytes it takes in a request, at most.
    pub(super) fn size(&self) -> usize {
        match &self.body {
            Body::Open(builder) => builder.plain_size(),
            Body::Sealed(bytes) => bytes.len(),
        }
    }

    /// Two batches with half of the records each, or the batch itself if it cannot be split.
    pub(super) fn split(mut self, compression: Compression) -> Result<(Batch, Batch), Box<Batch>> {
        let records = Sealed::parse(self.seal()).and_then(|batch| batch.records(MAX_UNPACKED).ok());
        let records: Vec<_> = records.into_iter().flatten().map_while(Result::ok).collect();
        if self.sends.len() < 2 || records.len() != self.sends.len() {
            return Err(Box::new(self));
        }
        let middle = self.sends.len() / 2;
        let half = |range: std::ops::Range<usize>, memory: u64| {
            let mut builder = BatchBuilder::new(compression);
            for record in &records[range.clone()] {
                builder.push(record.timestamp, record.key.as_deref(), record.value.as_deref(), &record.headers);
            }
            Batch { sends: self.sends[range].to_vec(), memory, body: Body::Sealed(builder.build()), ..self }
        };
        Ok((half(0..middle, self.memory), half(middle..self.sends.len(), 0)))
    }
}

/// More than any batch of ours decompresses to.
const MAX_UNPACKED: usize = 1 << 30;

/// The bytes that a record takes at most before compression.
pub(super) fn size_bound(record: &Record) -> usize {
    BatchBuilder::record_bound(record.key.as_deref(), record.value.as_deref(), &headers(record))
}

fn headers(record: &Record) -> Vec<Header> {
    record
        .headers
        .iter()
        .map(|(key, value)| Header { key: Bytes::copy_from_slice(key.as_bytes()), value: value.clone() })
        .collect()
}
