//! The header of a record batch, as it stands in its first 61 bytes.

use super::NONE;
use super::compression::Compression;

/// Bytes of a batch before its first record.
pub const HEADER_LEN: usize = 61;
/// Bytes of a batch that its length field does not count: base offset and the length itself.
pub const LENGTH_PREFIX: usize = 12;

const LENGTH_AT: usize = 8;
const EPOCH_AT: usize = 12;
const MAGIC_AT: usize = 16;
const CRC_AT: usize = 17;
/// The CRC covers everything from here on.
const ATTRIBUTES_AT: usize = 21;
const LAST_DELTA_AT: usize = 23;
const BASE_TIMESTAMP_AT: usize = 27;
const MAX_TIMESTAMP_AT: usize = 35;
const PRODUCER_ID_AT: usize = 43;
const PRODUCER_EPOCH_AT: usize = 51;
const BASE_SEQUENCE_AT: usize = 53;
const COUNT_AT: usize = 57;

const LOG_APPEND_TIME: i16 = 0x08;
const TRANSACTIONAL: i16 = 0x10;
const CONTROL: i16 = 0x20;
const DELETE_HORIZON: i16 = 0x40;

/// The fields of a batch header. Numbers are as they stand in the bytes: nothing here has been checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    /// The offset of the first record, kept by compaction even if that record is gone.
    pub base_offset: i64,
    /// How many bytes follow the length field.
    pub batch_length: i32,
    /// The leader epoch that the batch was appended in.
    pub partition_leader_epoch: i32,
    /// CRC-32C of everything from the attributes on.
    pub crc: u32,
    /// Compression, timestamp type and flags.
    pub attributes: Attributes,
    /// The last offset less the base offset.
    pub last_offset_delta: i32,
    /// What the records' timestamp deltas count from; or the delete horizon, if the attributes say so (KIP-534).
    pub base_timestamp: i64,
    /// The greatest timestamp of the records, or the append time.
    pub max_timestamp: i64,
    /// The idempotent producer, or -1.
    pub producer_id: i64,
    /// Its epoch, or -1.
    pub producer_epoch: i16,
    /// The sequence number of the first record, or -1.
    pub base_sequence: i32,
    /// How many records the batch holds.
    pub count: i32,
}

impl BatchHeader {
    /// Reads the fields; None if there are fewer than [`HEADER_LEN`] bytes. The magic is not looked at: see [`magic`].
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<BatchHeader> {
        let bytes = bytes.get(..HEADER_LEN)?;
        Some(BatchHeader {
            base_offset: i64::from_be_bytes(take(bytes, 0)),
            batch_length: i32::from_be_bytes(take(bytes, LENGTH_AT)),
            partition_leader_epoch: i32::from_be_bytes(take(bytes, EPOCH_AT)),
            crc: u32::from_be_bytes(take(bytes, CRC_AT)),
            attributes: Attributes(i16::from_be_bytes(take(bytes, ATTRIBUTES_AT))),
            last_offset_delta: i32::from_be_bytes(take(bytes, LAST_DELTA_AT)),
            base_timestamp: i64::from_be_bytes(take(bytes, BASE_TIMESTAMP_AT)),
            max_timestamp: i64::from_be_bytes(take(bytes, MAX_TIMESTAMP_AT)),
            producer_id: i64::from_be_bytes(take(bytes, PRODUCER_ID_AT)),
            producer_epoch: i16::from_be_bytes(take(bytes, PRODUCER_EPOCH_AT)),
            base_sequence: i32::from_be_bytes(take(bytes, BASE_SEQUENCE_AT)),
            count: i32::from_be_bytes(take(bytes, COUNT_AT)),
        })
    }

    /// Writes the header's 61 bytes. `crc` is written as it stands; [`seal`] computes it.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; HEADER_LEN] {
        let mut out = [0; HEADER_LEN];
        put(&mut out, 0, self.base_offset.to_be_bytes());
        put(&mut out, LENGTH_AT, self.batch_length.to_be_bytes());
        put(&mut out, EPOCH_AT, self.partition_leader_epoch.to_be_bytes());
        out[MAGIC_AT] = 2;
        put(&mut out, CRC_AT, self.crc.to_be_bytes());
        put(&mut out, ATTRIBUTES_AT, self.attributes.0.to_be_bytes());
        put(&mut out, LAST_DELTA_AT, self.last_offset_delta.to_be_bytes());
        put(&mut out, BASE_TIMESTAMP_AT, self.base_timestamp.to_be_bytes());
        put(&mut out, MAX_TIMESTAMP_AT, self.max_timestamp.to_be_bytes());
        put(&mut out, PRODUCER_ID_AT, self.producer_id.to_be_bytes());
        put(&mut out, PRODUCER_EPOCH_AT, self.producer_epoch.to_be_bytes());
        put(&mut out, BASE_SEQUENCE_AT, self.base_sequence.to_be_bytes());
        put(&mut out, COUNT_AT, self.count.to_be_bytes());
        out
    }

    /// The offset of the last record; saturates on numbers that no broker writes.
    #[must_use]
    pub fn last_offset(&self) -> i64 {
        self.base_offset.saturating_add(i64::from(self.last_offset_delta))
    }

    /// The offset after the last record.
    #[must_use]
    pub fn next_offset(&self) -> i64 {
        self.last_offset().saturating_add(1)
    }

    /// The size of the whole batch in bytes; None if the length field is below a header's or negative.
    #[must_use]
    pub fn size(&self) -> Option<usize> {
        let size = usize::try_from(self.batch_length).ok()?.checked_add(LENGTH_PREFIX)?;
        (size >= HEADER_LEN).then_some(size)
    }

    /// Whether an idempotent producer wrote it.
    #[must_use]
    pub fn has_producer_id(&self) -> bool {
        self.producer_id > NONE
    }

    /// When tombstones of a cleaned batch may go (KIP-534).
    #[must_use]
    pub fn delete_horizon_ms(&self) -> Option<i64> {
        (self.attributes.0 & DELETE_HORIZON != 0).then_some(self.base_timestamp)
    }
}

/// The attributes of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes(pub i16);

impl Attributes {
    /// Attributes of a new batch.
    #[must_use]
    pub fn new(compression: Compression, transactional: bool, control: bool) -> Attributes {
        let flags = if transactional { TRANSACTIONAL } else { 0 } | if control { CONTROL } else { 0 };
        Attributes(compression as i16 | flags)
    }

    /// The codec of the records; None for numbers that mean none.
    #[must_use]
    pub fn compression(self) -> Option<Compression> {
        Compression::from_id(self.0 & 7)
    }

    /// Whether `max_timestamp` is the broker's time of the append.
    #[must_use]
    pub fn is_log_append_time(self) -> bool {
        self.0 & LOG_APPEND_TIME != 0
    }

    /// Whether it belongs to a transaction.
    #[must_use]
    pub fn is_transactional(self) -> bool {
        self.0 & TRANSACTIONAL != 0
    }

    /// Whether it holds control records, which consumers do not deliver.
    #[must_use]
    pub fn is_control(self) -> bool {
        self.0 & CONTROL != 0
    }
}

/// The magic byte of a batch; None if there are fewer than 17 bytes.
#[must_use]
pub fn magic(bytes: &[u8]) -> Option<i8> {
    bytes.get(MAGIC_AT).map(|&byte| byte as i8)
}

/// What a CRC covers of a whole batch.
#[must_use]
pub fn covered(batch: &[u8]) -> &[u8] {
    batch.get(ATTRIBUTES_AT..).unwrap_or_default()
}

/// The CRC-32C of a whole batch.
#[must_use]
pub fn crc_of(batch: &[u8]) -> u32 {
    crc32c::crc32c(covered(batch))
}

/// Writes what a leader assigns; the CRC covers neither. Does nothing to fewer bytes than a header.
pub fn assign(batch: &mut [u8], base_offset: i64, partition_leader_epoch: i32) {
    if batch.len() >= HEADER_LEN {
        put(batch, 0, base_offset.to_be_bytes());
        put(batch, EPOCH_AT, partition_leader_epoch.to_be_bytes());
    }
}

/// Writes the time of an append and seals (`message.timestamp.type=LogAppendTime`).
pub fn set_log_append_time(batch: &mut [u8], now_ms: i64) {
    if batch.len() >= HEADER_LEN {
        let attributes = i16::from_be_bytes(take(batch, ATTRIBUTES_AT)) | LOG_APPEND_TIME;
        put(batch, ATTRIBUTES_AT, attributes.to_be_bytes());
        put(batch, MAX_TIMESTAMP_AT, now_ms.to_be_bytes());
        seal(batch);
    }
}

/// Writes the greatest timestamp of the records and seals: for a producer that stated another one, or said LogAppendTime.
pub fn set_create_time(batch: &mut [u8], max_timestamp: i64) {
    if batch.len() >= HEADER_LEN {
        let attributes = i16::from_be_bytes(take(batch, ATTRIBUTES_AT)) & !LOG_APPEND_TIME;
        put(batch, ATTRIBUTES_AT, attributes.to_be_bytes());
        put(batch, MAX_TIMESTAMP_AT, max_timestamp.to_be_bytes());
        seal(batch);
    }
}

/// Computes the CRC of a whole batch and writes it.
pub fn seal(batch: &mut [u8]) {
    if batch.len() >= HEADER_LEN {
        let crc = crc_of(batch);
        put(batch, CRC_AT, crc.to_be_bytes());
    }
}

/// `N` bytes at a place that the caller knows to exist; zeros beyond the end.
fn take<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes.get(at..at + N).and_then(|field| field.try_into().ok()).unwrap_or([0; N])
}

fn put<const N: usize>(bytes: &mut [u8], at: usize, field: [u8; N]) {
    bytes[at..at + N].copy_from_slice(&field);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::BatchBuilder;

    #[test]
    fn a_header_written_reads_back() {
        let batch =
            BatchBuilder::new(Compression::Zstd).producer(7, 1, 5).transactional().record(9, Some(b"k"), None).build();
        let header = BatchHeader::parse(&batch).unwrap();
        assert_eq!(header.to_bytes(), batch[..HEADER_LEN]);
        assert_eq!((header.producer_id, header.producer_epoch, header.base_sequence, header.count), (7, 1, 5, 1));
        assert!(header.attributes.is_transactional() && !header.attributes.is_control());
        assert_eq!(header.attributes.compression(), Some(Compression::Zstd));
        assert_eq!(header.size(), Some(batch.len()));
    }

    #[test]
    fn assigning_offset_and_epoch_keeps_the_crc() {
        let mut batch = BatchBuilder::new(Compression::None).record(9, None, Some(b"v")).build().to_vec();
        let before = BatchHeader::parse(&batch).unwrap();
        assign(&mut batch, 1000, 7);
        let after = BatchHeader::parse(&batch).unwrap();
        assert_eq!(after, BatchHeader { base_offset: 1000, partition_leader_epoch: 7, ..before });
        assert_eq!(after.crc, crc_of(&batch));
    }

    #[test]
    fn log_append_time_is_sealed() {
        let mut batch = BatchBuilder::new(Compression::None).record(9, None, Some(b"v")).build().to_vec();
        set_log_append_time(&mut batch, 77);
        let header = BatchHeader::parse(&batch).unwrap();
        assert!(header.attributes.is_log_append_time());
        assert_eq!((header.max_timestamp, header.crc), (77, crc_of(&batch)));
    }

    #[test]
    fn hostile_lengths_have_no_size() {
        for batch_length in [i32::MIN, -1, 0, 48] {
            let header = BatchHeader { batch_length, ..BatchHeader::parse(&[0; HEADER_LEN]).unwrap() };
            assert_eq!(header.size(), None, "{batch_length}");
        }
    }
}
