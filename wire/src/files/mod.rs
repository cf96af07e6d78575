//! What the files of a log directory look like, as Kafka 4.3 writes them: for the core that writes them and for observers that must
//! parse a disk without the core.
//!
//! - [`names`]: log folders and segment files;
//! - [`index`]: entries of `.index` and `.timeindex`;
//! - [`checkpoint`]: the text checkpoints of offsets and of leader epochs;
//! - [`properties`]: `meta.properties`, `partition.metadata` and `.kafka_cleanshutdown`.
//!
//! Left out on purpose: producer-state snapshots and transaction indexes (they come with transactions), and `quorum-state`, which belongs
//! to the metadata quorum.

pub mod checkpoint;
pub mod index;
pub mod names;
pub mod properties;

pub use checkpoint::{epochs_text, line_by_id, offset_of, offsets_text, parse_epochs, parse_offsets};
pub use index::{IndexEntry, TimeEntry};
pub use names::{Folder, Suffix};
pub use properties::{CleanShutdown, MetaProperties, PartitionMetadata};

/// The topic id of `__cluster_metadata`.
pub const METADATA_TOPIC_ID: crate::Uuid = crate::Uuid(1);
/// The folder of the metadata log.
pub const METADATA_FOLDER: &str = "__cluster_metadata-0";
/// In each log folder: where leader epochs start.
pub const EPOCH_CHECKPOINT: &str = "leader-epoch-checkpoint";
/// In each log folder: the topic's id.
pub const PARTITION_METADATA: &str = "partition.metadata";
/// In each log directory: what has been synced of each log.
pub const RECOVERY_POINT_CHECKPOINT: &str = "recovery-point-offset-checkpoint";
/// In each log directory: high watermarks.
pub const HIGH_WATERMARK_CHECKPOINT: &str = "replication-offset-checkpoint";
/// In each log directory: where logs start, if not at their first segment.
pub const LOG_START_CHECKPOINT: &str = "log-start-offset-checkpoint";
/// In each log directory: whose it is.
pub const META_PROPERTIES: &str = "meta.properties";
/// What a voter has promised (KIP-595): which epoch it is in, and whom it voted for; below a log directory.
pub const QUORUM_STATE: &str = "__cluster_metadata-0/quorum-state";
/// In each log directory after a controlled shutdown.
pub const CLEAN_SHUTDOWN: &str = ".kafka_cleanshutdown";

/// A file's text says something else than its format allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed file: {0}")]
pub struct Malformed(pub &'static str);
