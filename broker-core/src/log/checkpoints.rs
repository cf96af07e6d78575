//! Small files: the checkpoints of each log directory and of each log, and what the broker keeps beside them.
//!
//! Kafka's checkpoints name logs by topic and partition. A topic that was deleted and created again would inherit the old one's numbers, so
//! each log has a second line, under `#` and its topic id, which Kafka ignores and drops. In a checkpoint that has such lines, they count.

use super::dirs::{Durable, FileTicket, LogDirs, LogKey, Own};
use super::error::LogError;
use super::floors::Offsets;
use super::folders::name_of;
use super::log::Log;
use super::replace::{FileKey, FileName, Progress};
use super::syncs::Waiter;
use crate::broker::Broker;
use crate::bugs::Bug;
use crate::event::Partition;
use bytes::Bytes;
use std::collections::BTreeMap;
use wire::files::{
    EPOCH_CHECKPOINT, HIGH_WATERMARK_CHECKPOINT, LOG_START_CHECKPOINT, RECOVERY_POINT_CHECKPOINT, epochs_text,
    line_by_id, offset_of, offsets_text, parse_offsets,
};
use wire::{Dir, Disk, DiskError, Io, LogDirId, Planted, TopicPartition};

/// A checkpoint of one log directory, as it was read.
#[derive(Clone, Debug, Default)]
pub(super) struct Checkpoint {
    offsets: BTreeMap<TopicPartition, i64>,
}

impl Checkpoint {
    /// Reads one; a missing or damaged one knows nothing.
    pub(super) fn read(root: Dir, name: &str, disk: &mut dyn Disk) -> Result<Checkpoint, DiskError> {
        let text = read_whole(root, name, disk)?.unwrap_or_default();
        Ok(Checkpoint { offsets: parse_offsets(&text).unwrap_or_default() })
    }

    /// What it says of a log; 0 if nothing.
    pub(super) fn get(&self, partition: &Partition) -> i64 {
        offset_of(&self.offsets, partition.topic_id, &name_of(partition)).unwrap_or(0).max(0)
    }
}

/// All of a file; None if there is none.
pub(super) fn read_whole(dir: Dir, name: &str, disk: &mut dyn Disk) -> Result<Option<Bytes>, DiskError> {
    let file = match disk.open(dir, name) {
        Ok(file) => file,
        Err(DiskError::NotFound) => return Ok(None),
        Err(error) => return Err(error),
    };
    let len = disk.len(file)?;
    let bytes = disk.read(file, 0..len)?;
    disk.close(file);
    Ok(Some(bytes))
}

impl LogDirs {
    /// Writes recovery points and log starts.
    pub(crate) fn checkpoint_recovery_points(&mut self, io: &mut Io<'_, Broker>, bugs: &Planted<Bug>) {
        self.checkpoint(RECOVERY_POINT_CHECKPOINT, &|_, log| Some(log.checkpointable()), io, bugs);
        let start = |log: &Log| Some(log.log_start_offset()).filter(|&start| start > 0);
        self.checkpoint(LOG_START_CHECKPOINT, &|_, log| start(log), io, bugs);
    }

    /// Writes high watermarks, never beyond what has been synced: recovery takes them for a floor.
    pub(crate) fn checkpoint_high_watermarks(
        &mut self,
        high_watermark: &dyn Fn(LogKey) -> i64,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) {
        let offset = |key: LogKey, log: &Log| Some(high_watermark(key).min(log.checkpointable()));
        self.checkpoint(HIGH_WATERMARK_CHECKPOINT, &offset, io, bugs);
    }

    /// A log was deleted or is cut: what the checkpoints say is written anew, for the others as it was.
    pub(super) fn recheckpoint(&mut self, io: &mut Io<'_, Broker>, bugs: &Planted<Bug>) {
        self.checkpoint_recovery_points(io, bugs);
        let logs = self.logs.iter();
        let stated = logs.filter_map(|(&key, log)| Some((key, self.stated_high_watermark(key, log.log_dir)?)));
        let stated: Offsets = stated.collect();
        let offset = |key: LogKey, log: &Log| Some((*stated.get(&key)?).min(log.checkpointable()));
        self.checkpoint(HIGH_WATERMARK_CHECKPOINT, &offset, io, bugs);
    }

    fn checkpoint(
        &mut self,
        name: &'static str,
        offset: &dyn Fn(LogKey, &Log) -> Option<i64>,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) {
        for log_dir in self.online().collect::<Vec<_>>() {
            let Some(root) = self.root(log_dir) else { continue };
            let (mut lines, mut offsets) = (BTreeMap::new(), Offsets::new());
            for (&key, log) in self.logs.iter().filter(|(_, log)| log.log_dir == log_dir) {
                if let Some(offset) = offset(key, log) {
                    lines.insert(name_of(&log.partition), offset);
                    lines.insert(line_by_id(log.partition.topic_id, log.partition.partition), offset);
                    offsets.insert(key, offset);
                }
            }
            let file = (root, FileName::Fixed(name));
            if let Ok(ticket) = self.submit(file, Bytes::from(offsets_text(&lines)), io, bugs) {
                self.submitted_floor(log_dir, name, ticket, offsets);
            }
        }
    }

    /// Writes a log's epoch checkpoint if the cache says something else than what was last submitted.
    pub(super) fn checkpoint_epochs(&mut self, key: LogKey, io: &mut Io<'_, Broker>, bugs: &Planted<Bug>) {
        let Ok(log) = self.usable(key) else { return };
        if log.derived.epochs.entries() == log.durability.submitted_epochs {
            return;
        }
        let entries = log.derived.epochs.entries().to_vec();
        log.durability.submitted_epochs.clone_from(&entries);
        let file = (log.folder, FileName::Fixed(EPOCH_CHECKPOINT));
        if let Ok(ticket) = self.submit(file, Bytes::from(epochs_text(&entries)), io, bugs) {
            self.own_tickets.insert(ticket, (key, Own::Epochs(entries)));
        }
    }

    /// Replaces a small file in the first directory's root (`folder` None) or in a log's folder, atomically and durably:
    /// [`Durable::File`] says when. If a newer replacement overtakes one that waits, both tickets complete with the newer.
    pub(crate) fn replace_file(
        &mut self,
        folder: Option<LogKey>,
        name: &'static str,
        contents: Bytes,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<FileTicket, LogError> {
        let dir = self.place_of(folder)?;
        self.submit((dir, FileName::Fixed(name)), contents, io, bugs)
    }

    /// The contents of such a file; None if there is none.
    pub(crate) fn read_file(
        &mut self,
        folder: Option<LogKey>,
        name: &str,
        io: &mut Io<'_, Broker>,
    ) -> Result<Option<Bytes>, LogError> {
        let dir = self.place_of(folder)?;
        Ok(read_whole(dir, name, io.disk)?)
    }

    fn place_of(&mut self, folder: Option<LogKey>) -> Result<Dir, LogError> {
        match folder {
            Some(key) => Ok(self.usable(key)?.folder),
            None => self.root(LogDirId(0)).ok_or(LogError::Offline),
        }
    }

    pub(super) fn submit(
        &mut self,
        key: FileKey,
        contents: Bytes,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<FileTicket, LogError> {
        let ticket = self.next_ticket();
        let file = self.files.entry(key).or_default();
        let progress = file.submit(key, contents, ticket, io, bugs);
        self.replacing(key, ticket, progress, io)
    }

    /// Goes on with a replacement that an earlier incarnation began: what it wrote under the other name is whole.
    pub(super) fn resume(&mut self, key: FileKey, io: &mut Io<'_, Broker>) -> Result<FileTicket, LogError> {
        let ticket = self.next_ticket();
        let progress = self.files.entry(key).or_default().resume(key, ticket, io.disk);
        self.replacing(key, ticket, progress, io)
    }

    fn next_ticket(&mut self) -> FileTicket {
        let ticket = FileTicket(self.next_ticket);
        self.next_ticket += 1;
        ticket
    }

    fn replacing(
        &mut self,
        key: FileKey,
        ticket: FileTicket,
        progress: Result<Progress, DiskError>,
        io: &mut Io<'_, Broker>,
    ) -> Result<FileTicket, LogError> {
        let progress = progress.inspect_err(|_| self.fail(key.0.log_dir, io))?;
        if let Progress::Sync(target) = progress {
            self.syncs.request(target, Waiter::File(key), io);
        }
        Ok(ticket)
    }

    pub(super) fn file_synced(
        &mut self,
        key: FileKey,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
        done: &mut Vec<Durable>,
    ) {
        let Some(file) = self.files.get_mut(&key) else { return };
        let (tickets, next) = match file.synced(key, io, bugs) {
            Ok(Progress::Sync(target)) => (Vec::new(), Some(target)),
            Ok(Progress::Done(tickets, next)) => (tickets, next),
            Ok(Progress::Queued) => return,
            Err(_) => {
                self.fail(key.0.log_dir, io);
                done.push(Durable::DirFailed(key.0.log_dir));
                return;
            }
        };
        match next {
            Some(target) => self.syncs.request(target, Waiter::File(key), io),
            None => drop(self.files.remove(&key)),
        }
        self.floors_are_durable(&tickets);
        for ticket in tickets {
            match self.own_tickets.remove(&ticket) {
                Some((key, own)) => self.own_file_is_durable(key, own, io, bugs),
                None => done.push(Durable::File(ticket)),
            }
        }
    }

    fn own_file_is_durable(&mut self, key: LogKey, own: Own, io: &mut Io<'_, Broker>, bugs: &Planted<Bug>) {
        let Some(log) = self.logs.get_mut(&key) else { return };
        match own {
            Own::Epochs(entries) => log.durability.checkpointed_epochs = entries,
            Own::Identity => {
                log.durability.await_identity(false);
                self.flush(key, io, bugs);
            }
        }
    }
}
