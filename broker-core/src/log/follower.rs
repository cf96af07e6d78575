//! What replication does to a follower's log: append what a leader sent, cut what a leader does not have, start anew.

use super::dirs::{LogDirs, LogKey};
use super::error::LogError;
use super::log::{Appended, Log, remove_segment};
use super::scan::Scan;
use super::segment::Segment;
use crate::broker::Broker;
use crate::bugs::Bug;
use bytes::Bytes;
use wire::records::{Batch, Batches, Tail};
use wire::{Disk, DiskError, Io, Planted};

impl LogDirs {
    /// Appends what a leader of an epoch sent, as it is: all of it or nothing. An incomplete last batch is dropped.
    pub(crate) fn append_as_follower(
        &mut self,
        key: LogKey,
        batches: &Bytes,
        leader_epoch: i32,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<Appended, LogError> {
        let log = self.usable(key)?;
        let before = log.log_end_offset();
        let result = log.append_as_follower(batches, leader_epoch, io, bugs);
        self.appended(key, before, None, result, io, bugs)
    }

    /// Cuts a log so that it ends at `offset` at most, and forgets a corruption at or behind it. [`LogError::Stated`] if that has to wait.
    pub(crate) fn truncate(
        &mut self,
        key: LogKey,
        offset: i64,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<(), LogError> {
        if !self.usable(key)?.ends_at_most_at(offset) {
            self.lower(key, offset, io, bugs)?;
        }
        let result = self.usable(key)?.truncate(offset, io, bugs).map_err(LogError::from);
        self.cut(key, result, io, bugs)
    }

    /// Empties a log and lets it start at `offset`. [`LogError::Stated`] if that has to wait.
    pub(crate) fn restart_at(
        &mut self,
        key: LogKey,
        offset: i64,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<(), LogError> {
        self.lower(key, offset, io, bugs)?;
        let result = self.usable(key)?.restart_at(offset, io).map_err(LogError::from);
        self.cut(key, result, io, bugs)
    }

    /// A log that became empty begins in a segment that is new: what its end says is not durable before that is.
    fn cut(
        &mut self,
        key: LogKey,
        result: Result<(), LogError>,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<(), LogError> {
        self.checked(key, result, io)?;
        self.checkpoint_epochs(key, io, bugs);
        self.recheckpoint(io, bugs);
        if self.logs.get(&key).is_some_and(|log| log.size() == 0) {
            self.flush(key, io, bugs);
        }
        Ok(())
    }
}

impl Log {
    /// Appends what a leader of an epoch sent: all of it or nothing.
    pub(super) fn append_as_follower(
        &mut self,
        records: &Bytes,
        leader_epoch: i32,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<bool, LogError> {
        let batches = self.check_replicated(records, leader_epoch, bugs)?;
        let before = self.log_end_offset();
        let mut rolled = false;
        for batch in &batches {
            match self.append(&batch.bytes, io, bugs) {
                Ok(this) => rolled |= this,
                Err(error) => {
                    let _ = self.truncate(before, io, bugs);
                    return Err(error);
                }
            }
        }
        Ok(rolled)
    }

    /// The whole batches of what a leader sent. They must be valid and continue the log without a gap; an incomplete last one is dropped.
    /// No CRC covers their epochs: these may neither go back nor lie beyond the leader's own (KAFKA-18723).
    fn check_replicated(
        &self,
        records: &Bytes,
        leader_epoch: i32,
        bugs: &Planted<Bug>,
    ) -> Result<Vec<Batch>, LogError> {
        let mut walk = Batches::new(records.clone());
        let (mut next, mut epoch) = (self.log_end_offset(), self.latest_epoch());
        let mut batches = Vec::new();
        for batch in &mut walk {
            let continues = batch.header.base_offset == next || bugs.has(Bug::D16);
            let is_sound = batch.header.last_offset_delta >= 0 && (batch.is_valid() || bugs.has(Bug::R30));
            let is_of_its_time = (epoch..=leader_epoch).contains(&batch.header.partition_leader_epoch);
            if !continues || !is_sound || !(is_of_its_time || bugs.has(Bug::D16)) {
                return Err(LogError::NotNext);
            }
            (next, epoch) = (batch.header.next_offset(), batch.header.partition_leader_epoch);
            batches.push(batch);
        }
        match walk.tail() {
            Tail::Clean | Tail::Incomplete => Ok(batches),
            Tail::Corrupt | Tail::OldMagic(_) => Err(LogError::NotNext),
        }
    }

    fn ends_at_most_at(&self, offset: i64) -> bool {
        offset >= self.log_end_offset() && self.corrupt_from.is_none_or(|corrupt| offset > corrupt)
    }

    /// Cuts the log so that it ends at `offset` at most; a batch that contains the offset goes as a whole.
    pub(super) fn truncate(
        &mut self,
        offset: i64,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<(), DiskError> {
        if self.ends_at_most_at(offset) {
            // The end stays, but an epoch that was to start at or behind it has become void (KAFKA-10706).
            if !bugs.has(Bug::R28) {
                self.derived.epochs.cut_end(offset);
            }
            return Ok(());
        }
        if offset <= self.log_start_offset() && self.segments.first().is_none_or(|first| offset <= first.base_offset) {
            return self.restart_at(offset, io);
        }
        self.remove_beyond(io.disk)?;
        while self.segments.len() > 1 && self.active().is_some_and(|active| active.base_offset > offset) {
            let Some(segment) = self.segments.pop() else { break };
            remove_segment(self.folder, &segment, io.disk)?;
            self.durability.note_new_entry();
        }
        let mut end = offset.min(self.log_end_offset());
        if let Some(active) = self.segments.last_mut() {
            let found = active.find(offset, io.disk)?;
            end = found.map_or(end, |placed| end.min(placed.header.base_offset)).max(active.base_offset);
            let position = found.map_or(active.size, |placed| placed.position);
            // Behind a corrupt batch the walk finds nothing; the file is cut where the walk ended.
            active.cut(position.min(readable(active, io.disk)?), end, io.disk)?;
        }
        self.ended(end);
        Ok(())
    }
}

/// Where the last whole batch of a segment ends.
fn readable(segment: &Segment, disk: &mut dyn Disk) -> Result<u64, DiskError> {
    let mut scan = Scan::short(segment.file, segment.indexes.tail_position(), segment.size);
    while scan.next_header(disk)?.is_some() {}
    Ok(scan.position())
}
