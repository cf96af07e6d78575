//! Record batches of magic 2 (KIP-98): the bytes that producers send, logs hold and consumers read.
//!
//! - [`header`]: the 61 bytes of a batch header, and what a broker patches in them;
//! - [`batches`]: the batches of a byte slice, without a copy;
//! - [`record`]: the records of a batch;
//! - [`compression`]: none, gzip, snappy (xerial's framing), lz4 (frames), zstd; the decompressed size is bounded by the caller;
//! - [`builder`]: writes a batch;
//! - [`validate`]: what a leader checks of a producer's batch, and with which error it refuses;
//! - [`hash`]: a 128-bit hash of what the CRC covers.
//!
//! Left out on purpose: magic 0 and 1, which Kafka 4 no longer writes; conversion between codecs (batches are stored as they came).

pub mod batches;
pub mod builder;
pub mod compression;
pub mod hash;
pub mod header;
pub mod record;
pub mod validate;
mod varint;

pub use batches::{Batch, Batches, Tail, announced};
pub use builder::BatchBuilder;
pub use compression::Compression;
pub use hash::hash128;
pub use header::{BatchHeader, HEADER_LEN, LENGTH_PREFIX};
pub use record::{Header, Record, Records};
pub use validate::{BatchError, Checked, Checks, check_produced, check_set, refused_records};

/// "No timestamp", "no producer id", "no sequence", "no leader epoch": Kafka's absent value.
pub const NONE: i64 = -1;
