//! What crosses a node's border.
//!
//! - [`border`]: the one shape of every state machine ([`Node`], [`Input`], [`Output`], [`Io`]);
//! - [`disk`]: the disk that a driver lends to a broker;
//! - [`codec`] and [`mod@messages`]: Kafka's requests and responses as tables, and their frames; [`error`]: its error codes;
//! - [`records`]: record batches;
//! - [`files`]: what the files of a log directory look like;
//! - [`ram_disk`]: a disk in memory that never fails;
//! - [`metadata`]: the records of `__cluster_metadata` as tables of the same kind;
//! - [`time`] and [`names`]: the field's nouns as types.
//!
//! Left out on purpose: sockets, files, threads and clocks (drivers own them), and anything that knows a broker's state.

pub mod border;
pub mod codec;
pub mod disk;
pub mod error;
pub mod files;
pub mod messages;
pub mod metadata;
pub mod names;
pub mod planted;
pub mod ram_disk;
pub mod records;
pub mod time;

pub use border::{ConnId, Endpoint, Input, Io, Lent, Node, OpId, Output, Peer, ReadId, Reason, Side, SyncId};
pub use disk::{Dir, Disk, DiskError, EntryKind, File, LogDirId, SyncTarget};
pub use error::{ErrorClass, ErrorCode};
pub use messages::{ApiKey, Request, RequestError, RequestHeader, Response};
pub use names::{NodeId, Str, TopicPartition, Uuid};
pub use planted::Planted;
pub use ram_disk::RamDisk;
pub use time::{Instant, Now, Timestamp};
