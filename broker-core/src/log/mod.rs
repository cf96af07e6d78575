//! Logs on disk: segments with sparse indexes, the leader epoch cache, recovery, and the log directories that hold them.
//!
//! [`LogDirs`] is the whole of it for the broker: it opens what survived, hands out logs by topic id, appends, flushes in groups,
//! writes checkpoints, and takes a failed directory offline. High watermark and last stable offset are replica state and live
//! beside the log, not in it.
//!
//! Left out on purpose, until transactions and compaction come: producer state, the transaction index, the cleaner, retention.

mod checkpoints;
mod close;
mod derived;
mod dirs;
mod epochs;
mod error;
mod floors;
mod flush;
mod folders;
#[allow(dead_code, reason = "replication comes with the cluster")]
mod follower;
mod indexes;
#[allow(clippy::module_inception)] // A log is what the folder is about.
mod log;
pub mod measure;
mod open;
mod read;
mod recovery;
mod replace;
mod scan;
mod segment;
mod snapshots;
mod start;
mod syncs;
#[cfg(test)]
mod tests;

pub(crate) use dirs::{Durable, FileTicket, LogDirs, LogKey};
pub(crate) use error::LogError;
pub(crate) use log::{Log, Origin};
pub(crate) use read::{ColdRead, Slice};
pub(crate) use snapshots::SnapshotId;
