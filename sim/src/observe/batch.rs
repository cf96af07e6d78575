//! Record batches as an observer sees them, parsed with `wire` alone.

use bytes::Bytes;
use properties::hash::{batch_hash, record_hash};
use properties::{BatchSeen, Payload, RecordSeen};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use wire::metadata::MetadataRecord;
use wire::records::header::covered;
use wire::records::{Batch, Batches, Record};

/// What a batch may decompress to; what is larger is seen without its records.
const MOST_DECOMPRESSED: usize = 64 << 20;
/// How many batches are remembered, and how large each is at most.
const REMEMBERED: usize = 16;
const LARGEST_REMEMBERED: usize = 64 << 10;

/// Parses batches, and remembers those that it parsed last: every replica writes the same ones, and every reader gets them. Clones share the
/// memory. What it gives depends on the batch's bytes alone.
#[derive(Clone, Debug, Default)]
pub struct BatchParser(Rc<RefCell<VecDeque<Known>>>);

/// A batch that was parsed.
#[derive(Clone, Debug)]
struct Known {
    bytes: Bytes,
    /// Whether its records were read as those of a metadata log.
    metadata: bool,
    seen: BatchSeen,
}

impl Known {
    /// Whether a batch has the same bytes, but for the leader epoch, which no CRC covers and each leader sets.
    fn is(&self, bytes: &[u8], metadata: bool) -> bool {
        let (front, epoch) = (..12, 12..16);
        self.metadata == metadata
            && self.bytes.len() == bytes.len()
            && self.bytes.get(front) == bytes.get(front)
            && self.bytes.get(epoch.end..) == bytes.get(epoch.end..)
    }
}

impl BatchParser {
    /// The whole batches of a record set, up to the first byte that does not parse.
    pub(crate) fn see_all(&self, bytes: Bytes) -> Vec<BatchSeen> {
        Batches::new(bytes).map(|batch| self.see(&batch)).collect()
    }

    /// The batches of a metadata log, with what their records say.
    pub(crate) fn see_all_metadata(&self, bytes: Bytes) -> Vec<BatchSeen> {
        Batches::new(bytes).map(|batch| self.see_metadata(&batch)).collect()
    }

    /// A batch.
    pub(crate) fn see(&self, batch: &Batch) -> BatchSeen {
        self.recall(batch, false, parse)
    }

    /// A batch of a metadata log. Records that do not parse say nothing.
    pub(crate) fn see_metadata(&self, batch: &Batch) -> BatchSeen {
        self.recall(batch, true, |batch| {
            let seen = parse(batch);
            let metadata = if seen.valid && !seen.control { metadata(batch) } else { Vec::new() };
            BatchSeen { metadata: metadata.into(), ..seen }
        })
    }

    fn recall(&self, batch: &Batch, metadata: bool, parse: impl FnOnce(&Batch) -> BatchSeen) -> BatchSeen {
        let mut known = self.0.borrow_mut();
        if let Some(known) = known.iter().find(|known| known.is(&batch.bytes, metadata)) {
            return BatchSeen { leader_epoch: batch.header.partition_leader_epoch, ..known.seen.clone() };
        }
        let seen = parse(batch);
        if batch.bytes.len() <= LARGEST_REMEMBERED {
            known.truncate(REMEMBERED - 1);
            known.push_front(Known { bytes: batch.bytes.clone(), metadata, seen: seen.clone() });
        }
        seen
    }
}

fn metadata(batch: &Batch) -> Vec<MetadataRecord> {
    let Ok(records) = batch.records(MOST_DECOMPRESSED) else { return Vec::new() };
    let values = records.map_while(Result::ok).filter_map(|record| record.value);
    values.filter_map(|value| MetadataRecord::decode(&value).ok()).map(|(record, _)| record).collect()
}

fn parse(batch: &Batch) -> BatchSeen {
    let header = &batch.header;
    let valid = batch.is_valid();
    BatchSeen {
        base_offset: header.base_offset,
        last_offset: header.last_offset(),
        leader_epoch: header.partition_leader_epoch,
        max_timestamp: header.max_timestamp,
        hash: batch_hash(covered(&batch.bytes)),
        valid,
        control: header.attributes.is_control(),
        bytes: u32::try_from(batch.bytes.len()).unwrap_or(u32::MAX),
        metadata: Rc::default(),
        records: if valid { records(batch).into() } else { Rc::default() },
    }
}

fn records(batch: &Batch) -> Vec<RecordSeen> {
    let Ok(records) = batch.records(MOST_DECOMPRESSED) else { return Vec::new() };
    records.map_while(Result::ok).map(|record| see_record(&record)).collect()
}

/// A record.
pub(crate) fn see_record(record: &Record) -> RecordSeen {
    let headers = record.headers.iter().map(|header| (header.key.as_ref(), header.value.as_deref()));
    RecordSeen {
        offset: record.offset,
        timestamp: record.timestamp,
        payload: record.value.as_deref().and_then(Payload::decode),
        hash: record_hash(record.key.as_deref(), record.value.as_deref(), headers),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::metadata::NoOpRecord;
    use wire::records::{BatchBuilder, Compression};

    fn bytes(base_offset: i64, leader_epoch: i32) -> Vec<u8> {
        let value = MetadataRecord::from(NoOpRecord {}).encode(0).unwrap();
        let batch = BatchBuilder::new(Compression::None).at(base_offset, leader_epoch);
        batch.record(7, None, Some(&value)).record(8, Some(b"k"), None).build().to_vec()
    }

    fn batches(bytes: &[u8]) -> Vec<Batch> {
        Batches::new(Bytes::copy_from_slice(bytes)).collect()
    }

    #[test]
    fn what_is_remembered_is_what_a_stranger_sees() {
        let parser = BatchParser::default();
        let first = bytes(5, 1);
        let rotten = (0..first.len()).map(|at| {
            let mut rotten = first.clone();
            rotten[at] ^= 1;
            rotten
        });
        let again = [first.clone(), bytes(5, 2), bytes(6, 1)];
        let all: Vec<Vec<u8>> = again.iter().cloned().chain(rotten).chain(again.clone()).collect();
        for batch in all.iter().flat_map(|bytes| batches(bytes)) {
            parser.see(&batches(&first)[0]);
            assert_eq!(parser.see(&batch), BatchParser::default().see(&batch));
            assert_eq!(parser.see_metadata(&batch), BatchParser::default().see_metadata(&batch));
        }
        assert_eq!(parser.0.borrow().len(), REMEMBERED);
    }

    #[test]
    fn clones_parse_a_batch_once() {
        let parser = BatchParser::default();
        let [batch] = batches(&bytes(5, 1)).try_into().unwrap();
        let (one, other) = (parser.see(&batch), parser.clone().see(&batch));
        assert!(Rc::ptr_eq(&one.records, &other.records));
        assert!(!Rc::ptr_eq(&one.records, &BatchParser::default().see(&batch).records));
    }
}
