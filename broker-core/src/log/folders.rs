//! Creating and deleting the folders of logs. A deleted one is renamed at once and removed after `file.delete.delay.ms`.

use super::dirs::{FileTicket, LogDirs, LogKey, Own};
use super::error::LogError;
use super::log::Log;
use super::replace::{FileKey, FileName};
use super::syncs::Waiter;
use crate::broker::Broker;
use crate::bugs::Bug;
use crate::config::TopicConfig;
use crate::event::{Event, Partition};
use bytes::Bytes;
use std::time::Duration;
use wire::files::names::{delete_folder, log_folder};
use wire::files::{EPOCH_CHECKPOINT, METADATA_TOPIC_ID, PARTITION_METADATA, PartitionMetadata};
use wire::records::hash128;
use wire::{Dir, Disk, DiskError, Instant, Io, LogDirId, Planted, SyncTarget, TopicPartition};

/// A folder that waits to be removed.
#[derive(Clone, Debug)]
pub(super) struct Doomed {
    pub(super) at: Instant,
    pub(super) log_dir: LogDirId,
    pub(super) name: String,
}

/// The name and index of a log.
pub(super) fn name_of(partition: &Partition) -> TopicPartition {
    TopicPartition { topic: partition.topic.clone(), partition: partition.partition }
}

impl LogDirs {
    /// Creates a log, in the directory with the fewest; the metadata log (`METADATA_TOPIC_ID`) in the first. An earlier incarnation of the
    /// same name is deleted.
    pub(crate) fn create(
        &mut self,
        partition: Partition,
        config: TopicConfig,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<(), LogError> {
        let key = (partition.topic_id, partition.partition);
        if self.logs.contains_key(&key) {
            return Ok(());
        }
        let namesake = self.logs.values().find(|log| name_of(&log.partition) == name_of(&partition));
        if let Some(old) = namesake.map(|log| (log.partition.topic_id, log.partition.partition)) {
            self.delete(old, io, bugs)?;
        }
        let log_dir = self.place(partition.topic_id == METADATA_TOPIC_ID).ok_or(LogError::Offline)?;
        let root = self.root(log_dir).ok_or(LogError::Offline)?;
        match create_folder(root, partition.clone(), config, io) {
            Ok(log) => self.logs.insert(key, log),
            Err(error) => {
                self.fail(log_dir, io);
                return Err(error.into());
            }
        };
        let text = PartitionMetadata { topic_id: partition.topic_id }.text();
        io.event(Event::LogCreated { partition });
        self.identify(key, |dirs, file| dirs.submit(file, Bytes::from(text), io, bugs))?;
        self.flush(key, io, bugs);
        Ok(())
    }

    /// Puts `partition.metadata` in place; flushes of the log wait for it.
    pub(super) fn identify(
        &mut self,
        key: LogKey,
        write: impl FnOnce(&mut LogDirs, FileKey) -> Result<FileTicket, LogError>,
    ) -> Result<(), LogError> {
        let log = self.usable(key)?;
        log.durability.await_identity(true);
        let file = (log.folder, FileName::Fixed(PARTITION_METADATA));
        let ticket = write(self, file)?;
        self.own_tickets.insert(ticket, (key, Own::Identity));
        Ok(())
    }

    fn place(&self, metadata: bool) -> Option<LogDirId> {
        if metadata {
            return self.online().find(|&log_dir| log_dir == LogDirId(0));
        }
        let load = |log_dir: &LogDirId| self.logs.values().filter(|log| log.log_dir == *log_dir).count();
        self.online().min_by_key(load)
    }

    /// Renames a log's folder for deletion; [`LogDirs::remove_deleted`] removes it after `file.delete.delay.ms`.
    pub(crate) fn delete(&mut self, key: LogKey, io: &mut Io<'_, Broker>, bugs: &Planted<Bug>) -> Result<(), LogError> {
        let log = self.usable(key)?;
        let (log_dir, partition) = (log.log_dir, log.partition.clone());
        let delay = Duration::from_millis(u64::try_from(log.config.file_delete_delay_ms).unwrap_or(0));
        let from = log_folder(&name_of(&partition));
        let result = self.doom(log_dir, &from, &name_of(&partition), io.now.mono + delay, io).map_err(LogError::from);
        self.checked(key, result, io)?;
        if let Some(log) = self.logs.remove(&key) {
            log.segments.iter().for_each(|segment| segment.release(io.disk));
        }
        self.high_watermarks.remove(&key);
        io.event(Event::LogDeleted { partition });
        self.recheckpoint(io, bugs);
        Ok(())
    }

    /// Renames a folder for deletion and remembers to remove it.
    pub(super) fn doom(
        &mut self,
        log_dir: LogDirId,
        from: &str,
        partition: &TopicPartition,
        at: Instant,
        io: &mut Io<'_, Broker>,
    ) -> Result<(), DiskError> {
        let Some(root) = self.root(log_dir) else { return Ok(()) };
        self.deletions += 1;
        let salt = format!("{from} {} {}", self.deletions, io.now.wall.0);
        let name = delete_folder(partition, hash128(salt.as_bytes()));
        io.disk.rename((root, from), (root, &name))?;
        self.syncs.request(SyncTarget::Dir(root), Waiter::Nobody, io);
        self.doomed.push(Doomed { at, log_dir, name });
        Ok(())
    }

    /// When the next deleted folder is due to be removed.
    pub(crate) fn next_removal(&self) -> Option<Instant> {
        self.doomed.iter().map(|doomed| doomed.at).min()
    }

    /// Removes the deleted folders that are due.
    pub(crate) fn remove_deleted(&mut self, io: &mut Io<'_, Broker>) {
        let now = io.now.mono;
        for doomed in self.doomed.extract_if(.., |doomed| doomed.at <= now).collect::<Vec<_>>() {
            let Some(root) = self.root(doomed.log_dir) else { continue };
            if remove_folder(root, &doomed.name, io.disk).is_err() {
                self.fail(doomed.log_dir, io);
            }
        }
    }
}

fn create_folder(
    root: Dir,
    partition: Partition,
    config: TopicConfig,
    io: &mut Io<'_, Broker>,
) -> Result<Log, DiskError> {
    let folder = io.disk.create_dir(root, &log_folder(&name_of(&partition)))?;
    let epochs = io.disk.create(folder, EPOCH_CHECKPOINT)?;
    io.disk.close(epochs);
    Log::create(partition, folder, config, io)
}

fn remove_folder(root: Dir, name: &str, disk: &mut dyn Disk) -> Result<(), DiskError> {
    let folder = match disk.open_dir(root, name) {
        Err(DiskError::NotFound) => return Ok(()),
        other => other?,
    };
    for (file, _) in disk.list(folder)? {
        disk.remove(folder, &file)?;
    }
    disk.remove_dir(root, name)
}
