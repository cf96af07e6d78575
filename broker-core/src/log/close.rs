//! A controlled shutdown: everything is synced, the checkpoints say so, and only then the markers are written.

use super::dirs::{Durable, LogDirs, LogKey};
use super::error::LogError;
use super::replace::FileName;
use crate::broker::Broker;
use crate::bugs::Bug;
use bytes::Bytes;
use std::collections::BTreeMap;
use wire::files::{CLEAN_SHUTDOWN, CleanShutdown};
use wire::{Io, Planted};

/// How far a shutdown is.
#[derive(Clone, Debug)]
pub(super) struct Closing {
    stage: Stage,
    broker_epoch: i64,
    high_watermarks: BTreeMap<LogKey, i64>,
}

/// What is being made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Logs,
    Checkpoints,
    Markers,
    Closed,
}

impl LogDirs {
    /// Begins a controlled shutdown: closes the indexes, flushes every log, writes the checkpoints, then the markers. Nothing may be appended
    /// any more. [`Durable::Closed`] says that it is done.
    pub(crate) fn begin_close(
        &mut self,
        broker_epoch: i64,
        high_watermark: &dyn Fn(LogKey) -> i64,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) {
        let keys: Vec<LogKey> = self.logs.keys().copied().filter(|&key| self.is_online(key)).collect();
        for &key in &keys {
            let Ok(log) = self.usable(key) else { continue };
            let closed = log.segments.last_mut().map_or(Ok(()), |active| active.indexes.close(io.disk));
            if self.checked(key, closed.map_err(LogError::from), io).is_ok() {
                self.flush(key, io, bugs);
            }
        }
        let high_watermarks = keys.into_iter().map(|key| (key, high_watermark(key))).collect();
        self.closing = Some(Closing { stage: Stage::Logs, broker_epoch, high_watermarks });
        self.advance_close(io, bugs, &mut Vec::new());
    }

    /// Goes on with a shutdown once nothing of its stage is left.
    pub(super) fn advance_close(&mut self, io: &mut Io<'_, Broker>, bugs: &Planted<Bug>, done: &mut Vec<Durable>) {
        while let Some(closing) = self.closing.take_if(|closing| closing.stage != Stage::Closed) {
            if !self.files.is_empty() || !self.logs_are_durable(io, bugs) {
                self.closing = Some(closing);
                return;
            }
            let stage = match closing.stage {
                Stage::Logs => self.close_checkpoints(&closing, io, bugs),
                Stage::Checkpoints => self.close_markers(&closing, io, bugs),
                Stage::Markers | Stage::Closed => {
                    done.push(Durable::Closed);
                    Stage::Closed
                }
            };
            self.closing = Some(Closing { stage, ..closing });
        }
    }

    /// Whether every online log is durable to its end; flushes those that are not.
    fn logs_are_durable(&mut self, io: &mut Io<'_, Broker>, bugs: &Planted<Bug>) -> bool {
        let waits = |key: &LogKey| {
            self.is_online(*key) && self.logs.get(key).is_some_and(|log| log.is_dirty() || log.is_flushing())
        };
        let waiting: Vec<LogKey> = self.logs.keys().copied().filter(waits).collect();
        for &key in &waiting {
            if self.logs.get(&key).is_some_and(|log| !log.is_flushing()) {
                self.flush(key, io, bugs);
            }
        }
        waiting.is_empty()
    }

    fn close_checkpoints(&mut self, closing: &Closing, io: &mut Io<'_, Broker>, bugs: &Planted<Bug>) -> Stage {
        self.checkpoint_recovery_points(io, bugs);
        let high_watermark = |key: LogKey| closing.high_watermarks.get(&key).copied().unwrap_or(0);
        self.checkpoint_high_watermarks(&high_watermark, io, bugs);
        Stage::Checkpoints
    }

    fn close_markers(&mut self, closing: &Closing, io: &mut Io<'_, Broker>, bugs: &Planted<Bug>) -> Stage {
        let text = CleanShutdown { broker_epoch: closing.broker_epoch }.text();
        for log_dir in self.online().collect::<Vec<_>>() {
            if let Some(root) = self.root(log_dir) {
                let _ = self.submit((root, FileName::Fixed(CLEAN_SHUTDOWN)), Bytes::from(text.clone()), io, bugs);
            }
        }
        Stage::Markers
    }
}
