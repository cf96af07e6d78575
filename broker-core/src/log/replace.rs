//! Replacing a small file atomically and durably: write another name, sync the bytes, rename, sync the directory. A death anywhere leaves the
//! old contents or the new. One replacement per file is in progress; the newest wish waits for it.

use super::dirs::FileTicket;
use crate::broker::Broker;
use crate::bugs::Bug;
use bytes::Bytes;
use wire::{Dir, Disk, DiskError, File, Io, Planted, SyncTarget};

/// Names a small file.
pub(super) type FileKey = (Dir, &'static str);

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
                self.rename(key, io.disk).map(Progress::Sync)
            }
            Some(Stage::Entry) | None => {
                self.stage = None;
                let done = std::mem::take(&mut self.tickets);
                let Some(contents) = self.queued.take() else { return Ok(Progress::Done(done, None)) };
                self.tickets = std::mem::take(&mut self.queued_tickets);
                let next = self.begin(key, &contents, io, bugs)?;
                Ok(Progress::Done(done, Some(next)))
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
        let other = other_name(name);
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
        disk.rename((dir, &other_name(name)), (dir, name))?;
        self.stage = Some(Stage::Entry);
        Ok(SyncTarget::Dir(dir))
    }
}

/// The name under which new contents are written; a leftover of it means nothing.
fn other_name(name: &str) -> String {
    format!("{name}.tmp")
}
