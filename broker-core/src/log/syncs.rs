//! Syncs in flight: one per target, whoever else asks waits for the next (group commit). Gives out every [`SyncId`] of an incarnation.

use super::dirs::LogKey;
use super::replace::FileKey;
use crate::broker::Broker;
use std::collections::BTreeMap;
use wire::{Io, LogDirId, Output, SyncId, SyncTarget};

/// Who waits for a sync.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Waiter {
    /// A flush of a log.
    Log(LogKey),
    /// A stage of a small file's replacement.
    File(FileKey),
    /// Nobody: what it makes durable is only to be so soon.
    Nobody,
}

/// The table.
#[derive(Clone, Debug, Default)]
pub(super) struct Syncs {
    next: u64,
    flights: BTreeMap<SyncId, (SyncTarget, Vec<Waiter>)>,
    targets: BTreeMap<SyncTarget, (SyncId, Vec<Waiter>)>,
}

impl Syncs {
    /// Makes durable what was applied to the target until now, for `waiter`. What is in flight was marked earlier, so it is not joined.
    pub(super) fn request(&mut self, target: SyncTarget, waiter: Waiter, io: &mut Io<'_, Broker>) {
        match self.targets.get_mut(&target) {
            Some((_, waiting)) => waiting.push(waiter),
            None => self.start(target, vec![waiter], io),
        }
    }

    /// A sync succeeded: whom it was for. Starts the next one if somebody has asked since.
    pub(super) fn complete(&mut self, id: SyncId, io: &mut Io<'_, Broker>) -> Vec<Waiter> {
        let Some((target, waiters)) = self.flights.remove(&id) else { return Vec::new() };
        let waiting = self.targets.remove(&target).map(|(_, waiting)| waiting).unwrap_or_default();
        if !waiting.is_empty() {
            self.start(target, waiting, io);
        }
        waiters
    }

    /// The log directory that a sync in flight belongs to.
    pub(super) fn log_dir(&self, id: SyncId) -> Option<LogDirId> {
        self.flights.get(&id).map(|(target, _)| target.log_dir())
    }

    /// Tries a failed sync again: what a planted bug does.
    pub(super) fn retry(&mut self, id: SyncId, io: &mut Io<'_, Broker>) {
        if let Some((target, waiters)) = self.flights.remove(&id) {
            let waiting = self.targets.remove(&target).map(|(_, waiting)| waiting).unwrap_or_default();
            self.start(target, [waiters, waiting].concat(), io);
        }
    }

    /// A log directory failed: nothing of it is waited for any more.
    pub(super) fn forget(&mut self, log_dir: LogDirId) {
        self.flights.retain(|_, (target, _)| target.log_dir() != log_dir);
        self.targets.retain(|target, _| target.log_dir() != log_dir);
    }

    fn start(&mut self, target: SyncTarget, waiters: Vec<Waiter>, io: &mut Io<'_, Broker>) {
        let id = SyncId(self.next);
        self.next += 1;
        self.flights.insert(id, (target, waiters));
        self.targets.insert(target, (id, Vec::new()));
        io.push(Output::Sync(id, target));
    }
}
