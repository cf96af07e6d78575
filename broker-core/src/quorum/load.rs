//! Reads the metadata log's batches and records: when a node opens, when others fetch, when a log was cut.

use super::role::{METADATA, METADATA_TOPIC, QuorumError};
use crate::broker::Broker;
use crate::log::{Log, LogDirs, LogError, Slice};
use bytes::Bytes;
use wire::Io;
use wire::metadata::MetadataRecord;
use wire::records::{Batch, BatchHeader, Batches};

/// How much is read at once.
const LOAD_BYTES: usize = 1 << 20;
/// What a batch may decompress to. Ours are not compressed.
const MAX_DECOMPRESSED: usize = 64 << 20;

/// Batches of metadata records: base offset and records.
pub(crate) type Loaded = Vec<(i64, Vec<MetadataRecord>)>;

/// The batches of metadata records that the log holds from an offset on: base offset and records. Control batches hold none.
pub(super) fn load_from(logs: &LogDirs, from: i64, io: &mut Io<'_, Broker>) -> Result<Loaded, QuorumError> {
    let Some(log) = logs.get(METADATA) else { return Ok(Vec::new()) };
    let mut offset = from;
    let mut batches = Vec::new();
    while offset < log.log_end_offset() {
        let before = offset;
        for batch in Batches::new(read(log, offset, LOAD_BYTES, io)?) {
            if batch.header.last_offset() >= offset {
                offset = batch.header.next_offset();
                batches.push((batch.header.base_offset, decode(&batch)?));
            }
        }
        if offset <= before {
            return Err(QuorumError::Corrupt(format!("{METADATA_TOPIC} has no batch at offset {before}")));
        }
    }
    Ok(batches)
}

/// What stands from an offset on. The metadata log is small and mostly hot, so that a cold read is done at once.
pub(super) fn read(log: &Log, offset: i64, max_bytes: usize, io: &mut Io<'_, Broker>) -> Result<Bytes, LogError> {
    let mut slice = log.read(offset, log.log_end_offset(), max_bytes, true, io.disk)?;
    loop {
        match slice {
            Slice::Ready(bytes) => return Ok(bytes),
            Slice::Cold(cold) => {
                let bytes = io.disk.read(cold.file, cold.range.clone())?;
                slice = log.finish_read(cold, bytes)?;
            }
        }
    }
}

/// The header of the batch that contains an offset.
pub(super) fn header_at(logs: &LogDirs, offset: i64, io: &mut Io<'_, Broker>) -> Result<Option<BatchHeader>, LogError> {
    let Some(log) = logs.get(METADATA) else { return Ok(None) };
    Ok(BatchHeader::parse(&read(log, offset, 1, io)?))
}

fn decode(batch: &Batch) -> Result<Vec<MetadataRecord>, QuorumError> {
    let offset = batch.header.base_offset;
    let corrupt = |error: String| QuorumError::Corrupt(format!("{METADATA_TOPIC} at offset {offset}: {error}"));
    // After a clean shutdown nobody has looked at the log since it was written.
    if !batch.is_valid() {
        return Err(corrupt("the CRC is wrong".to_owned()));
    }
    if batch.header.attributes.is_control() {
        return Ok(Vec::new());
    }
    let records = batch.records(MAX_DECOMPRESSED).map_err(|error| corrupt(error.to_string()))?;
    let decoded = records.map(|record| {
        let value = record.map_err(|error| corrupt(error.to_string()))?.value.unwrap_or_default();
        MetadataRecord::decode(&value).map(|(record, _)| record).map_err(|error| corrupt(error.to_string()))
    });
    decoded.collect()
}
