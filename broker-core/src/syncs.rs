//! Group commit: at most one sync is in flight per target, and who asks meanwhile shares the next one.
//!
//! A sync covers what was applied before it was pushed, so a request that finds one in flight must wait for another.

use crate::broker::Broker;
use std::collections::BTreeMap;
use wire::{Io, LogDirId, Output, SyncId, SyncTarget};

/// Syncs in flight and those who wait for them. `W` says what a waiter goes on with.
#[derive(Debug)]
pub(crate) struct Syncs<W> {
    next: u64,
    in_flight: BTreeMap<SyncId, (SyncTarget, Vec<W>)>,
    targets: BTreeMap<SyncTarget, Vec<W>>,
}

impl<W> Default for Syncs<W> {
    fn default() -> Self {
        Syncs { next: 0, in_flight: BTreeMap::new(), targets: BTreeMap::new() }
    }
}

impl<W> Syncs<W> {
    /// Asks for what was applied to the target up to now to become durable.
    pub(crate) fn request(&mut self, target: SyncTarget, waiter: W, io: &mut Io<'_, Broker>) {
        match self.targets.get_mut(&target) {
            Some(queue) => queue.push(waiter),
            None => self.start(target, vec![waiter], io),
        }
    }

    /// A sync ended: who waited for it. Those who came meanwhile get theirs.
    pub(crate) fn complete(&mut self, id: SyncId, io: &mut Io<'_, Broker>) -> Option<(SyncTarget, Vec<W>)> {
        let (target, waiters) = self.in_flight.remove(&id)?;
        let queue = self.targets.remove(&target).unwrap_or_default();
        if !queue.is_empty() {
            self.start(target, queue, io);
        }
        Some((target, waiters))
    }

    /// Forgets everything about a log directory that went offline.
    pub(crate) fn forget(&mut self, log_dir: LogDirId) {
        self.in_flight.retain(|_, (target, _)| target.log_dir() != log_dir);
        self.targets.retain(|target, _| target.log_dir() != log_dir);
    }

    /// The log directory that a sync in flight is about.
    pub(crate) fn log_dir(&self, id: SyncId) -> Option<LogDirId> {
        self.in_flight.get(&id).map(|(target, _)| target.log_dir())
    }

    fn start(&mut self, target: SyncTarget, waiters: Vec<W>, io: &mut Io<'_, Broker>) {
        let id = SyncId(self.next);
        self.next += 1;
        self.in_flight.insert(id, (target, waiters));
        self.targets.insert(target, Vec::new());
        io.push(Output::Sync(id, target));
    }
}
