//! Syncs: what one covers is fixed when it is marked, and it takes effect, or does not, when it completes.

use super::SimDisk;
use super::inode::Body;
use properties::FaultKind;
use wire::{DiskError, SyncId, SyncTarget};

/// What a sync covers: the changes of a target before a number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    target: SyncTarget,
    below: u64,
}

impl Mark {
    fn inode(self) -> u64 {
        match self.target {
            SyncTarget::File(file) => file.inode,
            SyncTarget::Dir(dir) => dir.inode,
        }
    }
}

impl SimDisk {
    pub(super) fn mark_sync(&mut self, id: SyncId, target: SyncTarget) {
        let mark = Mark { target, below: 0 };
        let below = self.inode(mark.inode()).map_or(0, |node| match &node.body {
            Body::File(file) => file.changes,
            Body::Dir(dir) => dir.changes,
        });
        self.marks.insert(id, Mark { target, below });
    }

    /// Ends a sync: makes durable exactly what it covered, or fails, or lies. The World calls it when the sync's time has come and
    /// delivers the result. A sync of something that was removed meanwhile succeeds.
    pub fn complete_sync(&mut self, id: SyncId) -> Result<(), DiskError> {
        if self.gone {
            return Err(DiskError::Gone);
        }
        let mark = self.marks.remove(&id).ok_or(DiskError::Invalid)?;
        if self.faults.fails_sync(mark.target.log_dir()) {
            self.fail(mark);
            return Err(DiskError::Io);
        }
        if self.faults.lying {
            self.lie(mark);
        } else {
            self.make_durable(mark);
        }
        Ok(())
    }

    /// What a sync in flight is about.
    #[must_use]
    pub fn sync_target(&self, id: SyncId) -> Option<SyncTarget> {
        self.marks.get(&id).map(|mark| mark.target)
    }

    fn make_durable(&mut self, mark: Mark) {
        match self.inode_mut(mark.inode()).map(|node| &mut node.body) {
            Ok(Body::File(file)) => file.synced(mark.below),
            Ok(Body::Dir(dir)) => dir.synced(mark.below),
            Err(_) => {}
        }
    }

    /// The kernel reports the error once and calls the pages clean. A failed sync of a directory drops its changes in the same way.
    fn fail(&mut self, mark: Mark) {
        let from = self.first_covered(mark).unwrap_or_default();
        match self.inode_mut(mark.inode()).map(|node| &mut node.body) {
            Ok(Body::File(file)) => file.sync_failed(mark.below),
            Ok(Body::Dir(dir)) => dir.sync_failed(mark.below),
            Err(_) => {}
        }
        self.report_inode(FaultKind::FailedSync, mark.inode(), from);
    }

    fn lie(&mut self, mark: Mark) {
        if let Some(from) = self.first_covered(mark) {
            self.report_inode(FaultKind::LyingSync, mark.inode(), from);
        }
    }

    /// The first byte that a sync would make durable (None within if it is about names); None if there is nothing to do.
    fn first_covered(&self, mark: Mark) -> Option<Option<u64>> {
        match &self.inode(mark.inode()).ok()?.body {
            Body::File(file) => {
                let covered = file.pending.iter().filter(|pending| pending.number < mark.below);
                covered.map(|pending| pending.change.from()).min().map(Some)
            }
            Body::Dir(dir) => dir.pending.iter().any(|pending| pending.number < mark.below).then_some(None),
        }
    }
}
