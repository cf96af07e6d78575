//! What the checkpoints in a log directory say that a log must hold: recovery takes the greater of recovery point and high watermark for
//! the *floor* below which nothing may be missing. A cut below it therefore waits until the checkpoints say less, durably; a death in the
//! middle of a cut would leave a log that looks damaged. (Kafka lowers its checkpoint after the cut, and takes whatever it finds for the log.)

use super::dirs::{FileTicket, LogDirs, LogKey};
use super::error::LogError;
use crate::broker::Broker;
use crate::bugs::Bug;
use std::collections::BTreeMap;
use wire::files::{HIGH_WATERMARK_CHECKPOINT, RECOVERY_POINT_CHECKPOINT};
use wire::{Io, LogDirId, Planted};

/// The checkpoints that make the floor.
pub(super) const FLOORS: [&str; 2] = [RECOVERY_POINT_CHECKPOINT, HIGH_WATERMARK_CHECKPOINT];

/// The offsets of one version of a checkpoint.
pub(super) type Offsets = BTreeMap<LogKey, i64>;

/// One checkpoint file of a log directory.
#[derive(Clone, Debug, Default)]
pub(super) struct Floor {
    /// What stands there durably.
    durable: Offsets,
    /// What is being written, in order: any of these may stand there.
    submitted: Vec<(FileTicket, Offsets)>,
}

impl Floor {
    /// The most that it may say of a log.
    fn of(&self, key: LogKey) -> i64 {
        let versions = self.submitted.iter().map(|(_, offsets)| offsets).chain([&self.durable]);
        versions.filter_map(|offsets| offsets.get(&key)).copied().max().unwrap_or(0)
    }

    /// What was submitted last.
    fn latest(&self) -> &Offsets {
        self.submitted.last().map_or(&self.durable, |(_, offsets)| offsets)
    }

    /// A version, or a newer one in its place, is durable.
    fn settle(&mut self, ticket: FileTicket) {
        let Some(place) = self.submitted.iter().position(|(other, _)| *other == ticket) else { return };
        if let Some((_, offsets)) = self.submitted.drain(..=place).next_back() {
            self.durable = offsets;
        }
    }
}

impl LogDirs {
    /// What was found in a checkpoint when a log was opened.
    pub(super) fn found_floor(&mut self, key: LogKey, log_dir: LogDirId, offsets: [i64; 2]) {
        for (name, offset) in FLOORS.into_iter().zip(offsets) {
            self.floors.entry((log_dir, name)).or_default().durable.insert(key, offset);
        }
    }

    /// A version of a checkpoint is on its way to the disk.
    pub(super) fn submitted_floor(
        &mut self,
        log_dir: LogDirId,
        name: &'static str,
        ticket: FileTicket,
        offsets: Offsets,
    ) {
        if FLOORS.contains(&name) {
            self.floors.entry((log_dir, name)).or_default().submitted.push((ticket, offsets));
        }
    }

    /// Small files are durable, some of which may be such checkpoints.
    pub(super) fn floors_are_durable(&mut self, tickets: &[FileTicket]) {
        for floor in self.floors.values_mut() {
            tickets.iter().for_each(|&ticket| floor.settle(ticket));
        }
    }

    /// The most that a checkpoint may say of a log.
    pub(crate) fn floor(&self, key: LogKey) -> i64 {
        let Some(log) = self.logs.get(&key) else { return 0 };
        FLOORS
            .into_iter()
            .filter_map(|name| self.floors.get(&(log.log_dir, name)))
            .map(|it| it.of(key))
            .max()
            .unwrap_or(0)
    }

    /// The high watermark that was given to the checkpoint last.
    pub(super) fn stated_high_watermark(&self, key: LogKey, log_dir: LogDirId) -> Option<i64> {
        self.floors.get(&(log_dir, HIGH_WATERMARK_CHECKPOINT))?.latest().get(&key).copied()
    }

    /// Whether a cut of a log waits for its checkpoints.
    pub(crate) fn awaits_cut(&self, key: LogKey) -> bool {
        let cap = self.logs.get(&key).and_then(|log| log.cap);
        cap.is_some_and(|cap| self.floor(key) > cap)
    }

    /// Lets the checkpoints say at most `offset` of a log; an error as long as they do not do so durably.
    pub(super) fn lower(
        &mut self,
        key: LogKey,
        offset: i64,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<(), LogError> {
        if self.floor(key) <= offset {
            return Ok(());
        }
        let log = self.usable(key)?;
        log.cap = Some(offset);
        let log_dir = log.log_dir;
        self.recheckpoint(io, bugs);
        let submitted = FLOORS.into_iter().filter_map(|name| self.floors.get(&(log_dir, name))?.submitted.last());
        let last = submitted.map(|&(ticket, _)| ticket).max();
        last.map_or(Err(LogError::Offline), |ticket| Err(LogError::Stated(ticket)))
    }
}
