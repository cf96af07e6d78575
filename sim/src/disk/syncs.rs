//! Syncs: what one covers is fixed when it is marked, and it takes effect, or does not, when it completes.

use super::SimDisk;
use super::inode::Body;
use super::look::join;
use properties::FaultKind;
use std::collections::BTreeSet;
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

    /// Ends a sync: makes durable exactly what it covered, or fails, or lies. The World calls it when the sync's time
    /// has come and delivers the result. A sync of something that was removed meanwhile succeeds.
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
            self.report_covered(FaultKind::LyingSync, mark);
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

    /// The kernel reports the error once and calls the pages clean. A failed sync of a directory drops its changes in
    /// the same way.
    fn fail(&mut self, mark: Mark) {
        if !self.report_covered(FaultKind::FailedSync, mark) {
            let end = self.is_file(mark.inode()).then(|| self.cached_len(mark.inode()));
            self.report_inode(FaultKind::FailedSync, mark.inode(), end);
        }
        match self.inode_mut(mark.inode()).map(|node| &mut node.body) {
            Ok(Body::File(file)) => file.sync_failed(mark.below),
            Ok(Body::Dir(dir)) => dir.sync_failed(mark.below),
            Err(_) => {}
        }
    }

    /// Reports what a sync should have made durable: a file from its first byte on, or each name. False if there was
    /// nothing.
    fn report_covered(&mut self, fault: FaultKind, mark: Mark) -> bool {
        let (Some(path), Ok(node)) = (self.path(mark.inode()), self.inode(mark.inode())) else { return false };
        let log_dir = node.log_dir;
        let covered: Vec<(String, Option<u64>)> = match &node.body {
            Body::File(file) => {
                let first = file
                    .pending
                    .iter()
                    .filter(|pending| pending.number < mark.below)
                    .map(|pending| pending.change.from())
                    .min();
                first.map(|from| (path, Some(from))).into_iter().collect()
            }
            Body::Dir(dir) => {
                let changes = dir.pending.iter().filter(|pending| pending.number < mark.below);
                let names: BTreeSet<&str> = changes.flat_map(|pending| pending.change.names()).collect();
                names.into_iter().map(|name| (join(&path, name), None)).collect()
            }
        };
        let any = !covered.is_empty();
        covered.into_iter().for_each(|(path, from)| self.report(fault, log_dir, path, from));
        any
    }
}
