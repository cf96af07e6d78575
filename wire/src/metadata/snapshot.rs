//! Snapshots of the metadata log (KIP-630): record batches like those of a log, with offsets of their own from 0 on; the first record is a
//! SnapshotHeader, the last a SnapshotFooter, and everything between is the state that the log's records come to.

use super::{ControlRecord, MetadataRecord, SnapshotFooterRecord, SnapshotHeaderRecord};
use crate::codec::EncodeError;
use crate::records::{Batch, BatchBuilder, Batches, Compression, Tail};
use bytes::Bytes;

/// How many records a batch has at most.
const BATCH_RECORDS: usize = 1_000;
/// What a batch may decompress to.
const MAX_DECOMPRESSED: usize = 64 << 20;

/// What a snapshot says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// The time of the last record of the log that it contains, in milliseconds.
    pub last_contained_log_timestamp: i64,
    /// The state, as records with their versions.
    pub records: Vec<(MetadataRecord, i16)>,
}

/// The bytes are no whole snapshot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a snapshot: {0}")]
pub struct BadSnapshot(String);

impl Snapshot {
    /// The file, as written in an epoch at a time in milliseconds.
    pub fn encode(&self, epoch: i32, now_ms: i64) -> Result<Bytes, EncodeError> {
        let header =
            SnapshotHeaderRecord { version: 0, last_contained_log_timestamp: self.last_contained_log_timestamp };
        let mut out = control(&ControlRecord::SnapshotHeader(header), 0, epoch, now_ms)?.to_vec();
        let mut offset = 1;
        for records in self.records.chunks(BATCH_RECORDS) {
            let mut batch = BatchBuilder::new(Compression::None).at(offset, epoch);
            for (record, version) in records {
                batch.push(now_ms, None, Some(&record.encode(*version)?), &[]);
            }
            offset += i64::from(batch.count());
            out.extend_from_slice(&batch.build());
        }
        let footer = ControlRecord::SnapshotFooter(SnapshotFooterRecord { version: 0 });
        out.extend_from_slice(&control(&footer, offset, epoch, now_ms)?);
        Ok(Bytes::from(out))
    }

    /// Reads a file. Every batch must be valid, and header and footer must be there.
    pub fn decode(bytes: Bytes) -> Result<Snapshot, BadSnapshot> {
        let mut snapshot = Snapshot::default();
        let mut ends = (false, false);
        let mut batches = Batches::new(bytes);
        for batch in &mut batches {
            if !batch.is_valid() || ends.1 {
                return Err(bad(&format!("the batch at {} is not valid there", batch.header.base_offset)));
            }
            if batch.header.attributes.is_control() {
                snapshot.control(&batch, &mut ends)?;
            } else {
                snapshot.state(&batch)?;
            }
        }
        match (batches.tail(), ends) {
            (Tail::Clean, (true, true)) => Ok(snapshot),
            (Tail::Clean, _) => Err(bad(&"it has no header or no footer")),
            _ => Err(bad(&"it ends within a batch")),
        }
    }

    fn control(&mut self, batch: &Batch, ends: &mut (bool, bool)) -> Result<(), BadSnapshot> {
        for record in batch.records(MAX_DECOMPRESSED).map_err(|why| bad(&why))? {
            let record = record.map_err(|why| bad(&why))?;
            let (key, value) = (record.key.unwrap_or_default(), record.value.unwrap_or_default());
            match ControlRecord::decode(&key, &value).map_err(|why| bad(&why))? {
                ControlRecord::SnapshotHeader(header) => {
                    (self.last_contained_log_timestamp, ends.0) = (header.last_contained_log_timestamp, true);
                }
                ControlRecord::SnapshotFooter(_) => ends.1 = ends.0,
                // What the quorum itself keeps (KIP-853) stands beside the header.
                _ => {}
            }
        }
        Ok(())
    }

    fn state(&mut self, batch: &Batch) -> Result<(), BadSnapshot> {
        for record in batch.records(MAX_DECOMPRESSED).map_err(|why| bad(&why))? {
            let value = record.map_err(|why| bad(&why))?.value.unwrap_or_default();
            self.records.push(MetadataRecord::decode(&value).map_err(|why| bad(&why))?);
        }
        Ok(())
    }
}

fn bad(why: &impl ToString) -> BadSnapshot {
    BadSnapshot(why.to_string())
}

fn control(record: &ControlRecord, offset: i64, epoch: i32, now_ms: i64) -> Result<Bytes, EncodeError> {
    let (key, value) = record.encode()?;
    let batch = BatchBuilder::new(Compression::None).at(offset, epoch).control();
    Ok(batch.record(now_ms, Some(&key), Some(&value)).build())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::FeatureLevelRecord;

    fn snapshot(records: i16) -> Snapshot {
        let record = |feature_level| (FeatureLevelRecord { name: "f".into(), feature_level }.into(), 0);
        Snapshot { last_contained_log_timestamp: 7, records: (1..=records).map(record).collect() }
    }

    #[test]
    fn what_is_written_is_read() {
        for records in [0, 1, 2_500] {
            let written = snapshot(records);
            let bytes = written.encode(3, 99).unwrap();
            let last = Batches::new(bytes.clone()).last().unwrap();
            assert_eq!((last.header.base_offset, last.header.partition_leader_epoch), (i64::from(records) + 1, 3));
            assert_eq!(Snapshot::decode(bytes), Ok(written));
        }
    }

    #[test]
    fn no_part_of_a_snapshot_is_one_and_no_damage_passes() {
        let bytes = snapshot(3).encode(3, 99).unwrap();
        for len in 0..bytes.len() {
            assert!(Snapshot::decode(bytes.slice(..len)).is_err(), "{len}");
            let mut damaged = bytes.to_vec();
            damaged[len] ^= 0x40;
            let changed = Snapshot::decode(damaged.into());
            // Base offsets and epochs of batches are not covered by the CRC, and say nothing here.
            assert!(changed.is_err() || changed == Ok(snapshot(3)), "{len}");
        }
        let twice = [&bytes[..], &bytes[..]].concat();
        assert!(Snapshot::decode(twice.into()).is_err());
    }
}
