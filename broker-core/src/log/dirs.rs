//! The log directories of a node and the logs in them: what the broker holds.

use super::close::Closing;
use super::error::LogError;
use super::floors::Floor;
use super::folders::Doomed;
use super::log::{Appended, Log, Origin};
use super::replace::{FileKey, Replacement};
use super::syncs::{Syncs, Waiter};
use crate::broker::Broker;
use crate::bugs::Bug;
use crate::config::TimestampType;
use std::collections::BTreeMap;
use wire::files::{CleanShutdown, MetaProperties};
use wire::records::Checked;
use wire::{Dir, DiskError, Instant, Io, LogDirId, Planted, SyncId, Uuid};

/// Names a log: the topic's incarnation and the partition's index.
pub(crate) type LogKey = (Uuid, i32);

/// Names a replacement of a small file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileTicket(pub(super) u64);

/// A small file that a log writes on its own account.
#[derive(Clone, Debug)]
pub(super) enum Own {
    /// The epoch checkpoint: what it says.
    Epochs(Vec<(i32, i64)>),
    /// `partition.metadata`.
    Identity,
}

/// What a completed sync made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durable {
    /// A log's recovery point advanced to here.
    Log(LogKey, i64),
    /// A small file has its new contents, durably.
    File(FileTicket),
    /// A log directory failed; the broker halts if it was the metadata directory or none is left.
    DirFailed(LogDirId),
    /// [`LogDirs::begin_close`] is complete: the markers are durable.
    Closed,
}

/// One log directory.
#[derive(Clone, Debug)]
pub(super) struct LogDir {
    pub(super) id: LogDirId,
    /// None if it failed.
    pub(super) root: Option<Dir>,
    pub(super) meta: Option<MetaProperties>,
    pub(super) clean: Option<CleanShutdown>,
}

/// All log directories.
#[derive(Clone, Debug)]
pub(crate) struct LogDirs {
    pub(super) dirs: Vec<LogDir>,
    pub(super) logs: BTreeMap<LogKey, Log>,
    pub(super) syncs: Syncs,
    pub(super) files: BTreeMap<FileKey, Replacement>,
    pub(super) next_ticket: u64,
    /// Files of logs that are being written, which nobody else asks after.
    pub(super) own_tickets: BTreeMap<FileTicket, (LogKey, Own)>,
    pub(super) high_watermarks: BTreeMap<LogKey, i64>,
    /// What the checkpoints say that logs must hold.
    pub(super) floors: BTreeMap<(LogDirId, &'static str), Floor>,
    pub(super) doomed: Vec<Doomed>,
    pub(super) deletions: u64,
    pub(super) failed: Vec<LogDirId>,
    pub(super) closing: Option<Closing>,
}

impl LogDirs {
    /// What the clean-shutdown markers said: Some only if every online directory had one. The broker epoch in it is -1 if unknown.
    pub(crate) fn clean_shutdown(&self) -> Option<CleanShutdown> {
        let mut markers = self.dirs.iter().filter(|dir| dir.root.is_some()).map(|dir| dir.clean);
        let first = markers.next()??;
        markers.all(|marker| marker.is_some()).then_some(first)
    }

    /// `meta.properties` of an online directory.
    pub(crate) fn meta(&self, log_dir: LogDirId) -> Option<&MetaProperties> {
        self.dirs.iter().find(|dir| dir.id == log_dir && dir.root.is_some())?.meta.as_ref()
    }

    /// The directories that work.
    pub(crate) fn online(&self) -> impl Iterator<Item = LogDirId> + '_ {
        self.dirs.iter().filter(|dir| dir.root.is_some()).map(|dir| dir.id)
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

    /// Whether a log is there and its directory works.
    pub(crate) fn is_online(&self, key: LogKey) -> bool {
        self.logs.get(&key).is_some_and(|log| self.root(log.log_dir).is_some())
    }

    /// The high watermark that was checkpointed before this incarnation; 0 if there was none.
    pub(crate) fn checkpointed_high_watermark(&self, key: LogKey) -> i64 {
        self.high_watermarks.get(&key).copied().unwrap_or(0)
    }

    /// The directories that failed since the last call. Each was stated as an event.
    pub(crate) fn take_failed(&mut self) -> Vec<LogDirId> {
        std::mem::take(&mut self.failed)
    }

    /// R33: a log is taken for one of another topic id, in which leader epochs begin anew, unless that one has a log.
    #[cfg(feature = "bugs")]
    pub(crate) fn rename(&mut self, key: LogKey, topic_id: Uuid) -> bool {
        if self.logs.contains_key(&(topic_id, key.1)) {
            return false;
        }
        let Some(mut log) = self.logs.remove(&key) else { return false };
        log.partition.topic_id = topic_id;
        log.derived.epochs = super::epochs::Epochs::default();
        self.logs.insert((topic_id, key.1), log);
        true
    }

    pub(super) fn root(&self, log_dir: LogDirId) -> Option<Dir> {
        self.dirs.iter().find(|dir| dir.id == log_dir)?.root
    }

    /// A log whose directory works.
    pub(super) fn usable(&mut self, key: LogKey) -> Result<&mut Log, LogError> {
        let log_dir = self.logs.get(&key).ok_or(LogError::Unknown)?.log_dir;
        let online = self.root(log_dir).is_some();
        self.logs.get_mut(&key).filter(|_| online).ok_or(LogError::Offline)
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
        let log = self.usable(key)?;
        log.check_epoch(leader_epoch)?;
        let before = log.log_end_offset();
        let stamped = origin != Origin::Quorum && log.config.message_timestamp_type == TimestampType::LogAppendTime;
        let log_append_time = stamped.then_some(io.now.wall.0);
        let bytes = batch.stored(before, leader_epoch, log_append_time);
        let result = log.append(&bytes, io, bugs);
        self.appended(key, before, log_append_time, result, io, bugs)
    }

    pub(super) fn appended(
        &mut self,
        key: LogKey,
        before: i64,
        log_append_time: Option<i64>,
        result: Result<bool, LogError>,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<Appended, LogError> {
        if matches!(result, Err(LogError::Storage(_))) && bugs.has(Bug::D02) {
            return Err(LogError::Offline);
        }
        let rolled = self.checked(key, result, io)?;
        let log = self.usable(key)?;
        log.note_append(before, io.now.mono);
        let end = log.log_end_offset();
        let durable_at = log.flush_is_due().then_some(end);
        self.checkpoint_epochs(key, io, bugs);
        if rolled || durable_at.is_some() {
            self.flush(key, io, bugs);
        }
        Ok(Appended { base_offset: before, last_offset: end - 1, log_append_time, durable_at })
    }

    /// A leader epoch starts at the log's end, with or without a batch.
    pub(crate) fn start_epoch(
        &mut self,
        key: LogKey,
        epoch: i32,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<(), LogError> {
        let log = self.usable(key)?;
        if let Some(offset) = log.corrupt_from() {
            return Err(LogError::Corrupt(offset));
        }
        let end = log.log_end_offset();
        log.step(super::derived::Step::Epoch(epoch, end));
        self.checkpoint_epochs(key, io, bugs);
        Ok(())
    }

    /// Starts to make a log durable up to its present end; joins what is in flight. [`Durable::Log`] says when; if nothing was left to
    /// sync, the recovery point has advanced at once.
    pub(crate) fn flush(&mut self, key: LogKey, io: &mut Io<'_, Broker>, bugs: &Planted<Bug>) {
        let Some(log) = self.logs.get_mut(&key) else { return };
        let Some(root) = self.dirs.iter().find(|dir| dir.id == log.log_dir).and_then(|dir| dir.root) else { return };
        let Some(targets) = log.begin_flush(root, bugs) else { return };
        if targets.is_empty() {
            log.end_flush();
        }
        for target in targets {
            self.syncs.request(target, Waiter::Log(key), io);
        }
    }

    /// When the next log is due by `flush.ms`.
    pub(crate) fn next_flush(&self) -> Option<Instant> {
        self.logs.values().filter_map(|log| self.flush_due_at(log)).min()
    }

    /// Flushes the logs that are due by `flush.ms`.
    pub(crate) fn flush_due(&mut self, io: &mut Io<'_, Broker>, bugs: &Planted<Bug>) {
        let is_due = |log: &Log| self.flush_due_at(log).is_some_and(|at| at <= io.now.mono);
        let due: Vec<LogKey> = self.logs.iter().filter(|(_, log)| is_due(log)).map(|(&key, _)| key).collect();
        for key in due {
            self.flush(key, io, bugs);
        }
    }

    fn flush_due_at(&self, log: &Log) -> Option<Instant> {
        let waits = log.config.flush_ms < i64::MAX && log.is_dirty() && !log.is_flushing();
        let online = self.root(log.log_dir).is_some();
        let delay = std::time::Duration::from_millis(u64::try_from(log.config.flush_ms).unwrap_or(0));
        (waits && online).then(|| log.durability.since() + delay)
    }

    /// A sync ended.
    pub(crate) fn synced(
        &mut self,
        id: SyncId,
        result: Result<(), DiskError>,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Vec<Durable> {
        if result.is_err() {
            return self.sync_failed(id, io, bugs);
        }
        let mut done = Vec::new();
        for waiter in self.syncs.complete(id, io) {
            match waiter {
                Waiter::Log(key) => self.log_synced(key, io, bugs, &mut done),
                Waiter::File(key) => self.file_synced(key, io, bugs, &mut done),
                Waiter::Nobody => {}
            }
        }
        self.advance_close(io, bugs, &mut done);
        done
    }

    fn log_synced(&mut self, key: LogKey, io: &mut Io<'_, Broker>, bugs: &Planted<Bug>, done: &mut Vec<Durable>) {
        let Some(log) = self.logs.get_mut(&key) else { return };
        if log.part_synced() {
            done.push(Durable::Log(key, log.recovery_point()));
            if log.take_again() && log.is_dirty() {
                self.flush(key, io, bugs);
            }
        }
    }

    /// What a failed sync leaves may read well and never be durable, and trying again proves nothing: the directory is done for.
    fn sync_failed(&mut self, id: SyncId, io: &mut Io<'_, Broker>, bugs: &Planted<Bug>) -> Vec<Durable> {
        if bugs.has(Bug::D01) {
            self.syncs.retry(id, io);
            return Vec::new();
        }
        let Some(log_dir) = self.syncs.log_dir(id) else { return Vec::new() };
        self.fail(log_dir, io);
        vec![Durable::DirFailed(log_dir)]
    }

    /// Passes a result on; a storage error takes the log's directory offline.
    pub(super) fn checked<T>(
        &mut self,
        key: LogKey,
        result: Result<T, LogError>,
        io: &mut Io<'_, Broker>,
    ) -> Result<T, LogError> {
        if let (Err(LogError::Storage(_)), Some(log)) = (&result, self.logs.get(&key)) {
            let log_dir = log.log_dir;
            self.fail(log_dir, io);
        }
        result
    }

    /// Takes a log directory offline, once.
    pub(super) fn fail(&mut self, log_dir: LogDirId, io: &mut Io<'_, Broker>) {
        let Some(dir) = self.dirs.iter_mut().find(|dir| dir.id == log_dir && dir.root.is_some()) else { return };
        dir.root = None;
        self.syncs.forget(log_dir);
        self.files.retain(|(dir, _), _| dir.log_dir != log_dir);
        self.doomed.retain(|doomed| doomed.log_dir != log_dir);
        self.failed.push(log_dir);
        io.event(crate::event::Event::LogDirFailed { log_dir });
    }
}
