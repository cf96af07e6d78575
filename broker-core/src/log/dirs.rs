//! The log directories of a node and the logs in them.

use super::error::LogError;
use super::log::{Appended, Log, Origin};
use crate::broker::{Broker, OpenError};
use crate::bugs::Bug;
use crate::config::{Config, TopicConfig};
use crate::event::Partition;
use bytes::Bytes;
use std::collections::BTreeMap;
use wire::files::{CleanShutdown, MetaProperties};
use wire::records::Checked;
use wire::{DiskError, Instant, Io, LogDirId, Planted, SyncId, Uuid};

/// Names a log: the topic's incarnation and the partition's index.
pub(crate) type LogKey = (Uuid, i32);

/// Names a replacement of a small file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileTicket(pub(crate) u64);

/// What a completed sync made durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Durable {
    /// A log's recovery point advanced.
    Log(LogKey, i64),
    /// A small file has its new contents, durably.
    File(FileTicket),
    /// A log directory failed; the broker halts if it was the metadata directory or none is left.
    DirFailed(LogDirId),
    /// [`LogDirs::begin_close`] is complete: the marker is durable.
    Closed,
}

/// All log directories.
pub(crate) struct LogDirs {
    logs: BTreeMap<LogKey, Log>,
}

impl LogDirs {
    /// Opens every log directory and recovers its logs. A fresh directory is formatted with the configuration's cluster id. `directory_seed`
    /// gives new directory ids.
    pub(crate) fn open(config: &Config, directory_seed: u64, io: &mut Io<'_, Broker>) -> Result<LogDirs, OpenError> {
        let _ = (config, directory_seed, io);
        Ok(LogDirs { logs: BTreeMap::new() })
    }
    /// What the clean-shutdown markers said: Some only if every directory had one. The broker epoch in it is -1 if unknown.
    pub(crate) fn clean_shutdown(&self) -> Option<CleanShutdown> {
        None
    }
    /// `meta.properties` of an online directory.
    pub(crate) fn meta(&self, log_dir: LogDirId) -> Option<&MetaProperties> {
        let _ = log_dir;
        None
    }
    /// The directories that work.
    pub(crate) fn online(&self) -> impl Iterator<Item = LogDirId> + '_ {
        std::iter::empty()
    }
    /// A log.
    pub(crate) fn get(&self, key: LogKey) -> Option<&Log> {
        self.logs.get(&key)
    }
    /// A log, to change its configuration.
    pub(crate) fn get_mut(&mut self, key: LogKey) -> Option<&mut Log> {
        self.logs.get_mut(&key)
    }
    /// All logs in the order of their keys, the metadata log included; those of offline directories too.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&LogKey, &Log)> {
        self.logs.iter()
    }
    /// Whether a log's directory is online.
    pub(crate) fn is_online(&self, key: LogKey) -> bool {
        self.logs.contains_key(&key)
    }
    /// The high watermark that was checkpointed before this incarnation; 0 if there was none.
    pub(crate) fn checkpointed_high_watermark(&self, key: LogKey) -> i64 {
        let _ = key;
        0
    }
    /// Creates a log, in the directory with the fewest; the metadata log (`METADATA_TOPIC_ID`) in the first.
    pub(crate) fn create(
        &mut self,
        partition: Partition,
        config: TopicConfig,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<(), LogError> {
        let _ = (partition, config, io, bugs);
        Ok(())
    }
    /// Renames a log's folder for deletion; [`LogDirs::remove_deleted`] removes it after `file.delete.delay.ms`.
    pub(crate) fn delete(&mut self, key: LogKey, io: &mut Io<'_, Broker>) -> Result<(), LogError> {
        let _ = (key, io);
        Ok(())
    }
    /// When the next deleted folder is due to be removed.
    pub(crate) fn next_removal(&self) -> Option<Instant> {
        None
    }
    /// Removes the deleted folders that are due.
    pub(crate) fn remove_deleted(&mut self, io: &mut Io<'_, Broker>) {
        let _ = io;
    }
    /// Appends a batch as leader: assigns offset and epoch, and the append time if the topic says so. Starts the flush that a roll or
    /// the flush policy asks for. After an error nothing was appended.
    pub(crate) fn append(
        &mut self,
        key: LogKey,
        origin: Origin,
        batch: &Checked,
        leader_epoch: i32,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<Appended, LogError> {
        let _ = (key, origin, batch, leader_epoch, io, bugs);
        Err(LogError::Unknown)
    }
    /// Appends what a leader sent, as it is.
    pub(crate) fn append_as_follower(
        &mut self,
        key: LogKey,
        batches: &Bytes,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<Appended, LogError> {
        let _ = (key, batches, io, bugs);
        Err(LogError::Unknown)
    }
    /// A leader epoch starts at the log's end, with or without a batch.
    pub(crate) fn start_epoch(
        &mut self,
        key: LogKey,
        epoch: i32,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<(), LogError> {
        let _ = (key, epoch, io, bugs);
        Ok(())
    }
    /// Cuts a log so that it ends at `offset` at most.
    pub(crate) fn truncate(
        &mut self,
        key: LogKey,
        offset: i64,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<(), LogError> {
        let _ = (key, offset, io, bugs);
        Ok(())
    }
    /// Empties a log and lets it start at `offset`.
    pub(crate) fn restart_at(
        &mut self,
        key: LogKey,
        offset: i64,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<(), LogError> {
        let _ = (key, offset, io, bugs);
        Ok(())
    }
    /// Starts to make a log durable up to its present end; joins what is in flight. [`Durable::Log`] says when.
    pub(crate) fn flush(&mut self, key: LogKey, io: &mut Io<'_, Broker>, bugs: &Planted<Bug>) {
        let _ = (key, io, bugs);
    }
    /// When the next log is due by `flush.ms`.
    pub(crate) fn next_flush(&self) -> Option<Instant> {
        None
    }
    /// Flushes the logs that are due by `flush.ms`.
    pub(crate) fn flush_due(&mut self, io: &mut Io<'_, Broker>, bugs: &Planted<Bug>) {
        let _ = (io, bugs);
    }
    /// Writes recovery points and log starts.
    pub(crate) fn checkpoint_recovery_points(&mut self, io: &mut Io<'_, Broker>, bugs: &Planted<Bug>) {
        let _ = (io, bugs);
    }
    /// Writes high watermarks, never beyond what has been synced.
    pub(crate) fn checkpoint_high_watermarks(
        &mut self,
        high_watermark: &dyn Fn(LogKey) -> i64,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) {
        let _ = (high_watermark, io, bugs);
    }
    /// Replaces a small file in the first directory's root (`folder` None) or in a log's folder, atomically and durably:
    /// [`Durable::File`] says when. A newer replacement of the same file makes an older one's ticket complete with its own.
    pub(crate) fn replace_file(
        &mut self,
        folder: Option<LogKey>,
        name: &'static str,
        contents: Bytes,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<FileTicket, LogError> {
        let _ = (folder, name, contents, io, bugs);
        Err(LogError::Unknown)
    }
    /// The contents of such a file; None if there is none.
    pub(crate) fn read_file(
        &mut self,
        folder: Option<LogKey>,
        name: &str,
        io: &mut Io<'_, Broker>,
    ) -> Result<Option<Bytes>, LogError> {
        let _ = (folder, name, io);
        Ok(None)
    }
    /// A sync ended.
    pub(crate) fn synced(
        &mut self,
        id: SyncId,
        result: Result<(), DiskError>,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Vec<Durable> {
        let _ = (id, result, io, bugs);
        Vec::new()
    }
    /// The directories that failed since the last call: after every input the broker asks. Each was stated as an event.
    pub(crate) fn take_failed(&mut self) -> Vec<LogDirId> {
        Vec::new()
    }
    /// Begins a controlled shutdown: flushes every log, writes the checkpoints, then the marker. [`Durable::Closed`] says that it is done.
    pub(crate) fn begin_close(
        &mut self,
        broker_epoch: i64,
        high_watermark: &dyn Fn(LogKey) -> i64,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) {
        let _ = (broker_epoch, high_watermark, io, bugs);
    }
}
