//! The files of snapshots beside the metadata log (KIP-630). One that has its final name is whole and durable: it is written under another name,
//! synced, renamed, and the folder synced.

use super::dirs::{FileTicket, LogDirs, LogKey};
use super::error::LogError;
use super::replace::FileName;
use super::syncs::Waiter;
use crate::broker::Broker;
use crate::bugs::Bug;
use bytes::Bytes;
use std::ops::Range;
use wire::files::names::{parse_snapshot_file, snapshot_file};
use wire::{Dir, Disk, DiskError, Io, Planted, SyncTarget};

/// Names a snapshot: the first offset behind what it contains, and the epoch of the last record that it contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SnapshotId {
    pub(crate) end_offset: i64,
    pub(crate) epoch: i32,
}

impl SnapshotId {
    /// Its file's name.
    pub(super) fn file(self) -> String {
        snapshot_file(self.end_offset, self.epoch)
    }
}

/// The snapshots in a folder with their sizes, ascending.
pub(super) fn snapshots_in(folder: Dir, disk: &mut dyn Disk) -> Result<Vec<(SnapshotId, u64)>, DiskError> {
    let mut found = Vec::new();
    for (name, _) in disk.list(folder)? {
        if let Some((end_offset, epoch)) = parse_snapshot_file(&name) {
            let file = disk.open(folder, &name)?;
            found.push((SnapshotId { end_offset, epoch }, disk.len(file)?));
            disk.close(file);
        }
    }
    Ok(found)
}

impl LogDirs {
    /// The snapshots beside a log with their sizes, ascending.
    pub(crate) fn snapshots(
        &mut self,
        key: LogKey,
        io: &mut Io<'_, Broker>,
    ) -> Result<Vec<(SnapshotId, u64)>, LogError> {
        let folder = self.usable(key)?.folder;
        let result = snapshots_in(folder, io.disk).map_err(LogError::from);
        self.checked(key, result, io)
    }

    /// Writes a snapshot; [`super::Durable::File`] says when it is whole and durable.
    pub(crate) fn write_snapshot(
        &mut self,
        key: LogKey,
        id: SnapshotId,
        contents: Bytes,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<FileTicket, LogError> {
        let folder = self.usable(key)?.folder;
        self.submit((folder, FileName::Snapshot(id)), contents, io, bugs)
    }

    /// Bytes of a snapshot, as many as are there.
    pub(crate) fn read_snapshot(
        &mut self,
        key: LogKey,
        id: SnapshotId,
        range: Range<u64>,
        io: &mut Io<'_, Broker>,
    ) -> Result<Bytes, LogError> {
        let file = io.disk.open(self.usable(key)?.folder, &id.file())?;
        let bytes = io.disk.read(file, range);
        io.disk.close(file);
        Ok(bytes?)
    }

    /// Removes a snapshot. A power loss may bring it back.
    pub(crate) fn remove_snapshot(
        &mut self,
        key: LogKey,
        id: SnapshotId,
        io: &mut Io<'_, Broker>,
    ) -> Result<(), LogError> {
        let folder = self.usable(key)?.folder;
        let result = match io.disk.remove(folder, &id.file()) {
            Ok(()) | Err(DiskError::NotFound) => Ok(()),
            Err(error) => Err(error.into()),
        };
        self.checked(key, result, io)?;
        self.syncs.request(SyncTarget::Dir(folder), Waiter::Nobody, io);
        Ok(())
    }
}
