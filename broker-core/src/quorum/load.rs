//! Reads the metadata log's records when a node opens.

use super::{METADATA, METADATA_TOPIC, QuorumError};
use crate::broker::Broker;
use crate::log::{Log, LogDirs, LogError, Slice};
use bytes::Bytes;
use wire::Io;
use wire::metadata::MetadataRecord;
use wire::records::{Batch, Batches};

/// How much is read at once.
const LOAD_BYTES: usize = 1 << 20;
/// What a batch may decompress to. Ours are not compressed.
const MAX_DECOMPRESSED: usize = 64 << 20;

/// The batches of metadata records that the log holds: base offset and records. Control batches hold none.
pub(crate) fn load(logs: &LogDirs, io: &mut Io<'_, Broker>) -> Result<Vec<(i64, Vec<MetadataRecord>)>, QuorumError> {
    let Some(log) = logs.get(METADATA) else { return Ok(Vec::new()) };
    let mut offset = log.log_start_offset();
    let mut batches = Vec::new();
    while offset < log.log_end_offset() {
        let before = offset;
        for batch in Batches::new(read(log, offset, io)?) {
            let last_offset = batch.header.base_offset.saturating_add(i64::from(batch.header.last_offset_delta));
            if last_offset >= offset {
                offset = last_offset.saturating_add(1);
                batches.push((batch.header.base_offset, decode(&batch)?));
            }
        }
        if offset <= before {
            return Err(QuorumError::Corrupt(format!("{METADATA_TOPIC} has no batch at offset {before}")));
        }
    }
    Ok(batches)
}

/// What stands from an offset on. Nothing is served yet, so that a cold read may be done at once.
fn read(log: &Log, offset: i64, io: &mut Io<'_, Broker>) -> Result<Bytes, LogError> {
    let mut slice = log.read(offset, log.log_end_offset(), LOAD_BYTES, true, io.disk)?;
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

fn decode(batch: &Batch) -> Result<Vec<MetadataRecord>, QuorumError> {
    if batch.header.attributes.is_control() {
        return Ok(Vec::new());
    }
    let offset = batch.header.base_offset;
    let corrupt = |error: String| QuorumError::Corrupt(format!("{METADATA_TOPIC} at offset {offset}: {error}"));
    let records = batch.records(MAX_DECOMPRESSED).map_err(|error| corrupt(error.to_string()))?;
    let decoded = records.map(|record| {
        let value = record.map_err(|error| corrupt(error.to_string()))?.value.unwrap_or_default();
        MetadataRecord::decode(&value).map(|(record, _)| record).map_err(|error| corrupt(error.to_string()))
    });
    decoded.collect()
}
