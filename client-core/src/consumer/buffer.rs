//! What one fetch brought of a partition, unpacked batch by batch as the application takes it.

use super::position::FetchPosition;
use crate::config::Isolation;
use crate::{Bug, Config, PollError, Record};
use bytes::Bytes;
use std::collections::BTreeSet;
use wire::messages::fetch::AbortedTransaction;
use wire::records::{Batch, Batches, Record as Wired, Tail};
use wire::{ErrorCode, Str};

/// No batch may decompress to more.
const MAX_UNPACKED: usize = 64 << 20;
/// The type of the control record that aborts a transaction (KIP-98).
const ABORT: i16 = 0;

/// Fetched bytes of a partition.
#[derive(Clone, Debug)]
pub(super) struct Buffer {
    batches: Batches,
    records: std::vec::IntoIter<(i64, Record)>,
    /// Where the reader stands: the offset after the last one taken, and after what was skipped.
    position: FetchPosition,
    /// Where it stands once the records of the current batch are taken.
    after_batch: i64,
    aborted: Aborted,
    /// Records below the fetch offset that were discarded since somebody asked.
    pub(super) discarded: u32,
    failed: bool,
}

/// The next thing in a buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A record and its offset.
    Record(i64, Record),
    /// Nothing more.
    End,
    /// The next batch cannot be read. It is never skipped.
    Corrupt,
}

impl Buffer {
    pub(super) fn new(
        position: FetchPosition,
        bytes: Bytes,
        aborted: Vec<AbortedTransaction>,
        config: &Config,
    ) -> Buffer {
        let listed = if config.isolation == Isolation::ReadCommitted { aborted } else { Vec::new() };
        Buffer {
            batches: Batches::new(bytes),
            records: Vec::new().into_iter(),
            position,
            after_batch: position.offset,
            aborted: Aborted::new(listed),
            discarded: 0,
            failed: false,
        }
    }

    /// The consumer's position: batches without a record for it are behind it once they were passed.
    pub(super) fn position(&self) -> FetchPosition {
        self.position
    }

    /// Whether nothing is left: the next fetch need not wait for a poll to find that out.
    pub(super) fn is_drained(&self) -> bool {
        let mut batches = self.batches.clone();
        let at_end = self.records.len() == 0 && !self.failed && batches.next().is_none();
        at_end && matches!(batches.tail(), Tail::Clean | Tail::Incomplete)
    }

    pub(super) fn next(&mut self, config: &Config) -> Next {
        loop {
            if let Some((offset, record)) = self.records.next() {
                self.position.offset =
                    if self.records.len() == 0 { self.after_batch } else { offset.saturating_add(1) };
                return Next::Record(offset, record);
            }
            if self.failed {
                return Next::Corrupt;
            }
            let Some(batch) = self.batches.next() else {
                self.failed = matches!(self.batches.tail(), Tail::Corrupt | Tail::OldMagic(_));
                return if self.failed { Next::Corrupt } else { Next::End };
            };
            if self.open(&batch, config).is_err() {
                self.failed = true;
            }
        }
    }

    /// Unpacks a batch. If it leaves nothing to be read the position goes behind it at once: what was compacted away, a control batch and an
    /// aborted transaction are passed like this (KAFKA-5490).
    fn open(&mut self, batch: &Batch, config: &Config) -> Result<(), Corrupt> {
        if config.check_crcs && !batch.is_valid() {
            return Err(Corrupt);
        }
        let after = batch.header.next_offset();
        if after <= self.position.offset {
            self.discarded = self.discarded.saturating_add(batch.header.count.max(0).unsigned_abs());
            return Ok(());
        }
        self.position.offset_epoch = batch.header.partition_leader_epoch;
        let mut records = if self.aborted.hides(batch)? { Vec::new() } else { self.unpack(batch)? };
        if records.len() > 2 && config.bugs.has(Bug::Z08) {
            records.remove(1);
        }
        if !records.is_empty() {
            self.after_batch = after;
        } else if !config.bugs.has(Bug::K25) {
            self.position.offset = after;
        }
        self.records = records.into_iter();
        Ok(())
    }

    fn unpack(&mut self, batch: &Batch) -> Result<Vec<(i64, Record)>, Corrupt> {
        let mut records = Vec::new();
        for record in batch.records(MAX_UNPACKED).map_err(|_| Corrupt)? {
            let record = record.map_err(|_| Corrupt)?;
            if record.offset < self.position.offset {
                self.discarded = self.discarded.saturating_add(1);
            } else {
                records.push((record.offset, given(record)));
            }
        }
        Ok(records)
    }

    /// The error of a batch that cannot be read.
    pub(super) fn error() -> PollError {
        PollError::Code(ErrorCode::CorruptMessage.code())
    }
}

struct Corrupt;

/// A record as an application gets it. A header's key that is no UTF-8 (Kafka does not check) is given with replacement characters.
fn given(record: Wired) -> Record {
    let name = |key: &Bytes| Str::from(String::from_utf8_lossy(key).as_ref());
    let headers = record.headers.into_iter().map(|header| (name(&header.key), header.value)).collect();
    Record { key: record.key, value: record.value, headers, timestamp: Some(record.timestamp) }
}

/// Which producers' records are hidden: the broker lists where aborted transactions begin, an abort marker ends each (KIP-98).
#[derive(Clone, Debug, Default)]
struct Aborted {
    /// By first offset, the last one first.
    ahead: Vec<AbortedTransaction>,
    open: BTreeSet<i64>,
}

impl Aborted {
    fn new(mut listed: Vec<AbortedTransaction>) -> Aborted {
        listed.sort_by_key(|one| std::cmp::Reverse(one.first_offset));
        Aborted { ahead: listed, open: BTreeSet::new() }
    }

    /// Whether an application does not see a batch: control batches, and those of aborted transactions.
    fn hides(&mut self, batch: &Batch) -> Result<bool, Corrupt> {
        let header = &batch.header;
        while let Some(one) = self.ahead.pop_if(|one| one.first_offset <= header.last_offset()) {
            self.open.insert(one.producer_id);
        }
        if header.attributes.is_control() {
            if !self.open.is_empty() && is_abort(batch)? {
                self.open.remove(&header.producer_id);
            }
            return Ok(true);
        }
        Ok(header.attributes.is_transactional() && self.open.contains(&header.producer_id))
    }
}

/// A control record's key is a version and a type.
fn is_abort(batch: &Batch) -> Result<bool, Corrupt> {
    let Some(first) = batch.records(MAX_UNPACKED).map_err(|_| Corrupt)?.next() else { return Ok(false) };
    let first = first.map_err(|_| Corrupt)?;
    let kind = first.key.as_deref().and_then(|key| key.get(2..4)).ok_or(Corrupt)?;
    Ok(kind == ABORT.to_be_bytes())
}
