//! Record batches as an observer sees them, parsed with `wire` alone.

use bytes::Bytes;
use properties::hash::{batch_hash, record_hash};
use properties::{BatchSeen, Payload, RecordSeen};
use wire::metadata::MetadataRecord;
use wire::records::header::covered;
use wire::records::{Batch, Batches, Record};

/// What a batch may decompress to; what is larger is seen without its records.
const MOST_DECOMPRESSED: usize = 64 << 20;

/// The whole batches of a record set, up to the first byte that does not parse.
pub(crate) fn see_all(bytes: Bytes) -> Vec<BatchSeen> {
    Batches::new(bytes).map(|batch| see(&batch)).collect()
}

/// The batches of a metadata log, with what their records say.
pub(crate) fn see_all_metadata(bytes: Bytes) -> Vec<BatchSeen> {
    Batches::new(bytes).map(|batch| see_metadata(&batch)).collect()
}

/// A batch of a metadata log. Records that do not parse say nothing.
pub(crate) fn see_metadata(batch: &Batch) -> BatchSeen {
    let seen = see(batch);
    let metadata = if seen.valid && !seen.control { metadata(batch) } else { Vec::new() };
    BatchSeen { metadata, ..seen }
}

fn metadata(batch: &Batch) -> Vec<MetadataRecord> {
    let Ok(records) = batch.records(MOST_DECOMPRESSED) else { return Vec::new() };
    let values = records.map_while(Result::ok).filter_map(|record| record.value);
    values.filter_map(|value| MetadataRecord::decode(&value).ok()).map(|(record, _)| record).collect()
}

/// A batch.
pub(crate) fn see(batch: &Batch) -> BatchSeen {
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
        metadata: Vec::new(),
        records: if valid { records(batch) } else { Vec::new() },
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
