//! What a leader checks of a producer's record set before it appends it, in Kafka's order and with Kafka's errors.
//!
//! One difference is meant: a batch whose records are not numbered 0 to n-1 is refused, where Kafka decompresses and rebuilds it. Here
//! batches are stored as the bytes that came.

use super::batches::{Batch, Batches, Tail};
use super::compression::Compression;
use super::header::{assign, set_create_time, set_log_append_time};
use crate::error::ErrorCode;
use bytes::Bytes;

/// Why a batch is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// The CRC is wrong, or the bytes are no batch.
    #[error("the batch is corrupt")]
    Corrupt,
    /// The batch is whole but breaks a rule.
    #[error("{0}")]
    InvalidRecord(&'static str),
    /// A timestamp is outside what the topic allows.
    #[error("a timestamp is out of range")]
    InvalidTimestamp,
    /// The batch, or what it decompresses to, is larger than allowed.
    #[error("the batch is larger than allowed")]
    TooLarge,
    /// The codec is too new for the request's version.
    #[error("this version of Produce does not know the codec")]
    UnsupportedCompression,
    /// The records cannot be decompressed, which Kafka answers with its unknown error.
    #[error("{0}")]
    Undecodable(&'static str),
}

impl BatchError {
    /// Kafka's error code.
    #[must_use]
    pub fn code(self) -> ErrorCode {
        match self {
            BatchError::Corrupt => ErrorCode::CorruptMessage,
            BatchError::InvalidRecord(_) => ErrorCode::InvalidRecord,
            BatchError::InvalidTimestamp => ErrorCode::InvalidTimestamp,
            BatchError::TooLarge => ErrorCode::MessageTooLarge,
            BatchError::UnsupportedCompression => ErrorCode::UnsupportedCompressionType,
            BatchError::Undecodable(_) => ErrorCode::UnknownServerError,
        }
    }
}

/// What a topic and a request's version ask of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Checks {
    /// The version of the Produce request.
    pub produce_version: i16,
    /// `max.message.bytes`.
    pub max_message_bytes: usize,
    /// What a batch may decompress to.
    pub max_decompressed: usize,
    /// Whether `cleanup.policy` contains `compact`: every record needs a key.
    pub compacted: bool,
    /// `message.timestamp.type=LogAppendTime`.
    pub log_append_time: bool,
    /// `message.timestamp.before.max.ms`.
    pub timestamp_before_max_ms: i64,
    /// `message.timestamp.after.max.ms`.
    pub timestamp_after_max_ms: i64,
    /// The broker's wall clock.
    pub now_ms: i64,
}

impl Checks {
    /// A topic with Kafka's defaults.
    #[must_use]
    pub fn defaults(now_ms: i64) -> Checks {
        Checks {
            produce_version: 12,
            max_message_bytes: 1_048_588,
            max_decompressed: 64 << 20,
            compacted: false,
            log_append_time: false,
            timestamp_before_max_ms: i64::MAX,
            timestamp_after_max_ms: 3_600_000,
            now_ms,
        }
    }
}

/// A producer's batch that passed.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The batch as it came.
    pub batch: Batch,
    /// The greatest timestamp of its records; it replaces what the header states if that is something else.
    pub max_timestamp: i64,
}

impl Checked {
    /// A batch that this node built and need not check.
    #[must_use]
    pub fn trusted(batch: Batch) -> Checked {
        let max_timestamp = batch.header.max_timestamp;
        Checked { batch, max_timestamp }
    }

    /// The bytes that the log stores: what came, with offset and epoch assigned, and the timestamps restamped where Kafka does.
    #[must_use]
    pub fn stored(&self, base_offset: i64, partition_leader_epoch: i32, log_append_time: Option<i64>) -> Vec<u8> {
        let mut bytes = self.batch.bytes.to_vec();
        let stated = &self.batch.header;
        assign(&mut bytes, base_offset, partition_leader_epoch);
        match log_append_time {
            Some(now_ms) => set_log_append_time(&mut bytes, now_ms),
            None if stated.attributes.is_log_append_time() || stated.max_timestamp != self.max_timestamp => {
                set_create_time(&mut bytes, self.max_timestamp);
            }
            None => {}
        }
        bytes
    }
}

/// What can be said of a record set before anybody looks for its partition: it must be one batch that the request's version may carry.
pub fn check_set(records: &Bytes, produce_version: i16) -> Result<Batch, BatchError> {
    only_batch(records, produce_version)
}

/// The records, by number, for which a batch was refused with INVALID_RECORD or INVALID_TIMESTAMP; none if it is the batch as a whole.
#[must_use]
pub fn refused_records(records: &Bytes, checks: &Checks) -> Vec<i32> {
    let Ok(batch) = only_batch(records, checks.produce_version) else { return Vec::new() };
    if check_envelope(&batch, checks).and_then(|()| check_header(&batch)).is_err() {
        return Vec::new();
    }
    let Ok(mut records) = batch.records(checks.max_decompressed) else { return Vec::new() };
    let (mut refused, mut index) = (Vec::new(), 0);
    while let Some(Ok(span)) = records.next_span() {
        let keyless = span.key.is_none() && checks.compacted;
        if keyless || !timestamp_allowed(&batch, span.timestamp(&batch.header), checks) {
            refused.push(index);
        }
        index += 1;
    }
    refused
}

/// Checks a record set of a Produce request. It must be exactly one batch; bytes of an incomplete second one are dropped, as Kafka does.
pub fn check_produced(records: &Bytes, checks: &Checks) -> Result<Checked, BatchError> {
    let batch = only_batch(records, checks.produce_version)?;
    check_envelope(&batch, checks)?;
    check_header(&batch)?;
    let max_timestamp = check_records(&batch, checks)?;
    Ok(Checked { batch, max_timestamp })
}

fn only_batch(records: &Bytes, produce_version: i16) -> Result<Batch, BatchError> {
    let mut batches = Batches::new(records.clone());
    let Some(batch) = batches.next() else {
        return Err(match batches.tail() {
            Tail::Corrupt => BatchError::Corrupt,
            Tail::OldMagic(_) => BatchError::InvalidRecord("only magic 2 is allowed"),
            Tail::Clean | Tail::Incomplete => BatchError::InvalidRecord("there is no batch"),
        });
    };
    if produce_version < 7 && batch.header.attributes.compression() == Some(Compression::Zstd) {
        return Err(BatchError::UnsupportedCompression);
    }
    match (batches.next(), batches.tail()) {
        (Some(_), _) | (None, Tail::OldMagic(_)) => Err(BatchError::InvalidRecord("there is more than one batch")),
        (None, Tail::Corrupt) => Err(BatchError::Corrupt),
        (None, Tail::Clean | Tail::Incomplete) => Ok(batch),
    }
}

fn check_envelope(batch: &Batch, checks: &Checks) -> Result<(), BatchError> {
    if batch.header.base_offset != 0 {
        return Err(BatchError::InvalidRecord("the base offset of a producer's batch is not 0"));
    }
    if batch.bytes.len() > checks.max_message_bytes {
        return Err(BatchError::TooLarge);
    }
    if !batch.is_valid() {
        return Err(BatchError::Corrupt);
    }
    match batch.header.attributes.compression() {
        Some(_) => Ok(()),
        None => Err(BatchError::Undecodable("no codec has this number")),
    }
}

fn check_header(batch: &Batch) -> Result<(), BatchError> {
    let header = &batch.header;
    let refuse = |reason| Err(BatchError::InvalidRecord(reason));
    if header.last_offset_delta < 0 {
        return refuse("the last offset is below the base offset");
    }
    if header.count <= 0 {
        return refuse("the record count is not positive");
    }
    if i64::from(header.last_offset_delta) + 1 != i64::from(header.count) {
        return refuse("the record count does not fit the offsets");
    }
    if header.attributes.is_control() {
        return refuse("clients may not write control batches");
    }
    if header.has_producer_id() && header.base_sequence < 0 {
        return refuse("a producer id without a sequence number");
    }
    Ok(())
}

/// Walks the records; returns their greatest timestamp.
fn check_records(batch: &Batch, checks: &Checks) -> Result<i64, BatchError> {
    let mut records = batch.records(checks.max_decompressed)?;
    let mut max_timestamp = super::NONE;
    let (mut index, mut dense, mut in_time, mut keyed) = (0, true, true, true);
    while let Some(span) = records.next_span() {
        let span = span?;
        let timestamp = span.timestamp(&batch.header);
        dense &= span.offset_delta == index;
        keyed &= span.key.is_some() || !checks.compacted;
        in_time &= timestamp_allowed(batch, timestamp, checks);
        max_timestamp = max_timestamp.max(timestamp);
        index += 1;
    }
    match (in_time, keyed, dense) {
        (false, _, _) => Err(BatchError::InvalidTimestamp),
        (_, false, _) => Err(BatchError::InvalidRecord("a compacted topic needs keys")),
        (_, _, false) => Err(BatchError::InvalidRecord("records are not numbered from 0 on")),
        (true, true, true) => Ok(max_timestamp),
    }
}

fn timestamp_allowed(batch: &Batch, timestamp: i64, checks: &Checks) -> bool {
    if checks.log_append_time || timestamp == super::NONE {
        return !batch.header.attributes.is_log_append_time();
    }
    let age = checks.now_ms.wrapping_sub(timestamp);
    age <= checks.timestamp_before_max_ms && age.wrapping_neg() <= checks.timestamp_after_max_ms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::BatchBuilder;
    use crate::records::header::seal;

    fn good() -> Vec<u8> {
        BatchBuilder::new(Compression::None).record(1, Some(b"k"), Some(b"v")).record(2, None, None).build().to_vec()
    }

    fn code(bytes: Vec<u8>, checks: Checks) -> i16 {
        check_produced(&Bytes::from(bytes), &checks).map_or_else(|error| error.code() as i16, |_| 0)
    }

    /// Overwrites bytes of a good batch and seals it again.
    fn patched(at: usize, bytes: &[u8]) -> Vec<u8> {
        let mut batch = good();
        batch[at..at + bytes.len()].copy_from_slice(bytes);
        seal(&mut batch);
        batch
    }

    #[test]
    fn each_mistake_has_its_error() {
        let cases: Vec<(&str, Vec<u8>, i16)> = vec![
            ("a good batch", good(), 0),
            ("nothing", vec![], 87),
            ("half a batch", good()[..50].to_vec(), 87),
            ("a batch and a half", [good(), good()[..50].to_vec()].concat(), 0),
            ("two batches", [good(), good()].concat(), 87),
            ("a batch, then garbage", [good(), vec![0xff; 80]].concat(), 2),
            ("a length below a header's", patched(8, &20i32.to_be_bytes()), 2),
            ("magic 1", patched(16, &[1]), 87),
            ("magic 9", patched(16, &[9]), 2),
            ("base offset 5", patched(0, &5i64.to_be_bytes()), 87),
            (
                "a wrong CRC",
                {
                    let mut b = good();
                    b[17] ^= 1;
                    b
                },
                2,
            ),
            ("codec 7", patched(21, &7i16.to_be_bytes()), -1),
            ("not gzip at all", patched(21, &1i16.to_be_bytes()), -1),
            ("a control batch", patched(21, &0x20i16.to_be_bytes()), 87),
            ("a last offset below the first", patched(23, &(-1i32).to_be_bytes()), 87),
            ("a count of zero", patched(57, &0i32.to_be_bytes()), 87),
            ("a gap behind the last record", patched(23, &5i32.to_be_bytes()), 87),
            ("three records announced, two there", patched(23, &[0, 0, 0, 2]).into_iter().collect(), 87),
            ("a producer id without sequence", patched(43, &1i64.to_be_bytes()), 87),
            ("LogAppendTime set by a client, in time", patched(21, &8i16.to_be_bytes()), 0),
        ];
        for (what, bytes, expected) in cases {
            assert_eq!(code(bytes, Checks::defaults(0)), expected, "{what}");
        }
    }

    #[test]
    fn the_topic_decides_on_size_keys_and_time() {
        let checks = Checks::defaults(10_000_000);
        assert_eq!(code(good(), Checks { max_message_bytes: 60, ..checks }), 10);
        assert_eq!(code(good(), Checks { compacted: true, ..checks }), 87);
        assert_eq!(code(good(), Checks { timestamp_before_max_ms: 1000, ..checks }), 32);
        let future = BatchBuilder::new(Compression::None).record(10_000_000 + 3_600_001, None, None).build().to_vec();
        assert_eq!(code(future.clone(), checks), 32);
        assert_eq!(code(future, Checks { log_append_time: true, ..checks }), 0);
        let zstd = BatchBuilder::new(Compression::Zstd).record(1, None, None).build().to_vec();
        assert_eq!(code(zstd.clone(), Checks { produce_version: 6, ..checks }), 76);
        assert_eq!(code(zstd, checks), 0);
    }

    #[test]
    fn a_bomb_is_too_large() {
        let bomb = BatchBuilder::new(Compression::Gzip).record(1, None, Some(&vec![0; 1 << 20])).build().to_vec();
        assert_eq!(code(bomb, Checks { max_decompressed: 1 << 16, ..Checks::defaults(0) }), 10);
    }

    #[test]
    fn the_greatest_timestamp_is_that_of_the_records() {
        let checked = check_produced(&Bytes::from(patched(35, &99i64.to_be_bytes())), &Checks::defaults(0)).unwrap();
        assert_eq!((checked.batch.header.max_timestamp, checked.max_timestamp), (99, 2));
    }
}
