//! Replacing a small file atomically and durably: write another name, sync the bytes, rename, sync the directory. A death anywhere leaves the
//! old contents or the new. One replacement per file is in progress; the newest wish waits for it, and what it overtakes is not put in place:
//! a checkpoint from before a deletion must not appear after it.

use super::dirs::FileTicket;
use super::snapshots::SnapshotId;
use crate::broker::Broker;
use crate::bugs::Bug;
use bytes::Bytes;
use std::borrow::Cow;
use wire::files::names::PART;
use wire::{Dir, Disk, DiskError, File, Io, Planted, SyncTarget};

/// Names a small file.
pub(super) type FileKey = (Dir, FileName);

/// The name of a small file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum FileName {
    /// One that is always the same.
    Fixed(&'static str),
    /// A snapshot's.
    Snapshot(SnapshotId),
}

impl FileName {
    fn text(self) -> Cow<'static, str> {
        match self {
            FileName::Fixed(name) => Cow::Borrowed(name),
            FileName::Snapshot(id) => Cow::Owned(id.file()),
        }
    }

    /// The name under which new contents are written.
    fn other(self) -> String {
        match self {
            FileName::Fixed(name) => other_name(name),
            FileName::Snapshot(id) => id.file() + PART,
        }
    }
}

/// Where a replacement stands.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// The other name's bytes are being synced.
    Contents(File),
    /// The directory entry is being synced.
    Entry,
}

/// One file and what happens to it.
#[derive(Clone, Debug, Default)]
pub(super) struct Replacement {
    stage: Option<Stage>,
    tickets: Vec<FileTicket>,
    queued: Option<Bytes>,
    queued_tickets: Vec<FileTicket>,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// Wait for this sync.
    Sync(SyncTarget),
    /// These are durable; and the next replacement waits for this sync.
    Done(Vec<FileTicket>, Option<SyncTarget>),
    /// One is in progress already.
    Queued,
}

impl Replacement {
    /// Wishes for new contents.
    pub(super) fn submit(
        &mut self,
        key: FileKey,
        contents: Bytes,
        ticket: FileTicket,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<Progress, DiskError> {
        if self.stage.is_some() {
            self.queued = Some(contents);
            self.queued_tickets.push(ticket);
            return Ok(Progress::Queued);
        }
        self.tickets.push(ticket);
        self.begin(key, &contents, io, bugs).map(Progress::Sync)
    }

    /// Takes up what an earlier incarnation left under the other name: it is synced, then put in place.
    pub(super) fn resume(
        &mut self,
        (dir, name): FileKey,
        ticket: FileTicket,
        disk: &mut dyn Disk,
    ) -> Result<Progress, DiskError> {
        let file = disk.open(dir, &name.other())?;
        self.tickets.push(ticket);
        self.stage = Some(Stage::Contents(file));
        Ok(Progress::Sync(SyncTarget::File(file)))
    }

    /// The sync that it waited for succeeded.
    pub(super) fn synced(
        &mut self,
        key: FileKey,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<Progress, DiskError> {
        match self.stage {
            Some(Stage::Contents(file)) => {
                io.disk.close(file);
                if self.queued.is_some() {
                    return self.next(key, Vec::new(), io, bugs);
                }
                self.rename(key, io.disk).map(Progress::Sync)
            }
            Some(Stage::Entry) | None => {
                let done = std::mem::take(&mut self.tickets);
                self.next(key, done, io, bugs)
            }
        }
    }

    /// Goes on with what is queued; tickets that were not served are served with it.
    fn next(
        &mut self,
        key: FileKey,
        mut done: Vec<FileTicket>,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<Progress, DiskError> {
        self.stage = None;
        self.tickets.append(&mut self.queued_tickets);
        match self.queued.take() {
            Some(contents) => Ok(Progress::Done(done, Some(self.begin(key, &contents, io, bugs)?))),
            None => {
                done.append(&mut self.tickets);
                Ok(Progress::Done(done, None))
            }
        }
    }

    fn begin(
        &mut self,
        (dir, name): FileKey,
        contents: &[u8],
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<SyncTarget, DiskError> {
        let other = name.other();
        match io.disk.remove(dir, &other) {
            Ok(()) | Err(DiskError::NotFound) => {}
            Err(error) => return Err(error),
        }
        let file = io.disk.create(dir, &other)?;
        io.disk.append(file, contents)?;
        if bugs.has(Bug::D06) {
            return self.rename((dir, name), io.disk);
        }
        self.stage = Some(Stage::Contents(file));
        Ok(SyncTarget::File(file))
    }

    fn rename(&mut self, (dir, name): FileKey, disk: &mut dyn Disk) -> Result<SyncTarget, DiskError> {
        disk.rename((dir, &name.other()), (dir, &name.text()))?;
        self.stage = Some(Stage::Entry);
        Ok(SyncTarget::Dir(dir))
    }
}

/// The name under which new contents are written; a leftover of it means nothing, but for `partition.metadata`, which is written once.
pub(super) fn other_name(name: &str) -> String {
    format!("{name}.tmp")
}
