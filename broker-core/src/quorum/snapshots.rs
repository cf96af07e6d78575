//! Snapshots of the metadata (KIP-630): when one is due, what becomes of older ones and of the log below them, and how a node opens with one.
//!
//! Every node makes its own, of the image that it has committed. One is named only when it is whole and durable, so that a death anywhere
//! leaves the older ones and the log that follows them. The log begins where the oldest one ends that is kept.

use super::load::{self, Loaded};
use super::role::{METADATA, QuorumError, Role};
use crate::broker::Broker;
use crate::bugs::Bug;
use crate::config::SnapshotConfig;
use crate::controller::Image;
use crate::event::Event;
use crate::log::{FileTicket, Log, LogDirs, LogError, SnapshotId};
use bytes::Bytes;
use wire::metadata::Snapshot;
use wire::{Instant, Io, Now, Planted};

/// The snapshots of a node.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshots {
    /// Those that are durable, ascending.
    kept: Vec<Kept>,
    /// Those that are on their way to the disk: one of its own at most, and one that a leader sent.
    writing: Vec<Writing>,
    /// What is being downloaded.
    pub(super) fetching: Option<Fetching>,
    /// The one that somebody downloads from here, and until when it is certain to stay.
    lent: Option<(SnapshotId, Instant)>,
    /// The size of the log when the last one was made, in bytes.
    log_size: u64,
    /// When the last one was made.
    since: Instant,
}

/// A snapshot on the disk.
#[derive(Clone, Copy, Debug)]
struct Kept {
    id: SnapshotId,
    size: u64,
    /// The time of the last record that it contains, in milliseconds.
    timestamp: i64,
}

#[derive(Clone, Debug)]
struct Writing {
    ticket: FileTicket,
    kept: Kept,
    /// A leader sent it: this image takes the place of the node's own.
    image: Option<Box<Image>>,
}

/// A snapshot that a leader sends piece by piece.
#[derive(Clone, Debug)]
pub(super) struct Fetching {
    pub(super) id: SnapshotId,
    pub(super) bytes: Vec<u8>,
}

/// What a node opens with.
#[derive(Debug, Default)]
pub(crate) struct Opened {
    /// The state that the newest snapshot holds.
    pub(crate) image: Image,
    /// The batches of the log behind it.
    pub(crate) batches: Loaded,
}

impl Snapshots {
    /// The oldest one.
    pub(super) fn earliest(&self) -> Option<SnapshotId> {
        self.kept.first().map(|kept| kept.id)
    }

    /// The newest one.
    pub(super) fn latest(&self) -> Option<SnapshotId> {
        self.kept.last().map(|kept| kept.id)
    }

    /// The size of one that is kept, in bytes.
    pub(super) fn size_of(&self, id: SnapshotId) -> Option<u64> {
        self.kept.iter().find(|kept| kept.id == id).map(|kept| kept.size)
    }

    /// Somebody asked for a piece of one: it stays for a while, or who downloads slowly would never be through.
    pub(super) fn lend(&mut self, id: SnapshotId, until: Instant) {
        self.lent = Some((id, until));
    }

    /// Whether one that a leader sent is on its way to the disk.
    pub(super) fn is_installing(&self) -> bool {
        self.writing.iter().any(|writing| writing.image.is_some())
    }

    /// Whether another one is due: by the bytes that were written since the last one, or by the time.
    fn is_due(&self, log_size: u64, now: Instant, config: &SnapshotConfig) -> bool {
        let timed = !config.max_interval.is_zero() && now.since(self.since) >= config.max_interval;
        self.writing.is_empty() && (timed || log_size.saturating_sub(self.log_size) >= config.max_bytes)
    }

    /// Whether the oldest one may go, since another one is there: the log and all of them are too large, or it is too old.
    fn is_dispensable(&self, log_size: u64, now: Now, config: &SnapshotConfig) -> bool {
        let [oldest, _, ..] = self.kept[..] else { return false };
        if self.lent.is_some_and(|(id, until)| id == oldest.id && now.mono < until) {
            return false;
        }
        let bytes = self.kept.iter().map(|kept| kept.size).sum::<u64>() + log_size;
        let too_large = u64::try_from(config.retention_bytes).is_ok_and(|most| bytes > most);
        let too_old = config.retention_ms >= 0 && now.wall.0.saturating_sub(oldest.timestamp) > config.retention_ms;
        too_large || too_old
    }

    fn written(&mut self, ticket: FileTicket) -> Option<Writing> {
        let at = self.writing.iter().position(|writing| writing.ticket == ticket)?;
        Some(self.writing.remove(at))
    }
}

/// Finds the newest snapshot that is whole, lets the log begin and end where the snapshots say, and reads both.
pub(super) fn open(
    logs: &mut LogDirs,
    io: &mut Io<'_, Broker>,
    bugs: &Planted<Bug>,
) -> Result<(Snapshots, Opened), QuorumError> {
    let mut snapshots = Snapshots { since: io.now.mono, ..Snapshots::default() };
    let mut newest = None;
    for (id, size) in logs.snapshots(METADATA, io)?.into_iter().rev() {
        if came_too_early(id, logs) {
            logs.remove_snapshot(METADATA, id, io)?;
            continue;
        }
        let decoded = Snapshot::decode(logs.read_snapshot(METADATA, id, 0..size, io)?);
        match decoded {
            Ok(snapshot) => {
                snapshots.kept.insert(0, Kept { id, size, timestamp: snapshot.last_contained_log_timestamp });
                newest.get_or_insert((id, snapshot));
            }
            Err(error) => {
                tracing::warn!(%error, end_offset = id.end_offset, "a snapshot cannot be read");
                logs.remove_snapshot(METADATA, id, io)?;
            }
        }
    }
    if let Some((id, _)) = &newest {
        reach(*id, logs, io, bugs)?;
    }
    snapshots.begin_log(logs, io, bugs)?;
    let opened = newest.map_or_else(Opened::default, |(id, snapshot)| {
        io.event(Event::SnapshotLoaded { end_offset: id.end_offset, epoch: id.epoch });
        Opened { image: Image::of_snapshot(&snapshot, id.end_offset), batches: Loaded::new() }
    });
    snapshots.log_size = logs.get(METADATA).map_or(0, Log::size);
    Ok((snapshots, Opened { batches: load::load_from(logs, opened.image.next_offset(), io)?, ..opened }))
}

/// A death came when a snapshot had been downloaded, and before the checkpoints said less than what it was to take the place of. The log and
/// what precedes it stand as they were; the leader will send it again.
fn came_too_early(id: SnapshotId, logs: &LogDirs) -> bool {
    let Some(log) = logs.get(METADATA).filter(|log| log.corrupt_from().is_none()) else { return false };
    let departs = log.epochs().last().is_some_and(|&(epoch, _)| epoch < id.epoch);
    departs && log.log_end_offset() >= id.end_offset && logs.floor(METADATA) > id.end_offset
}

/// A death came between a download and the cut: the log does not reach the snapshot's end, or only with what was never committed. One that is
/// kept although it is corrupt may hold, behind the damage, what was acknowledged: it is not thrown away.
fn reach(id: SnapshotId, logs: &mut LogDirs, io: &mut Io<'_, Broker>, bugs: &Planted<Bug>) -> Result<(), LogError> {
    let Some(log) = logs.get(METADATA) else { return Ok(()) };
    let short = log.log_end_offset() < id.end_offset;
    match log.corrupt_from().filter(|_| short) {
        Some(corrupt) => return Err(LogError::Corrupt(corrupt)),
        None if short || log.epochs().last().is_some_and(|&(epoch, _)| epoch < id.epoch) => {
            logs.restart_at(METADATA, id.end_offset, io, bugs)?;
        }
        None => {}
    }
    Ok(())
}

impl Snapshots {
    /// The log begins where a snapshot ends, or at 0. After a death, segments below may be gone already and snapshots there still be there.
    fn begin_log(
        &mut self,
        logs: &mut LogDirs,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<(), QuorumError> {
        let log_start = logs.get(METADATA).map_or(0, Log::log_start_offset);
        let start = log_start.max(self.cut_epochs(logs));
        while let Some(oldest) = self.earliest().filter(|oldest| oldest.end_offset < start) {
            logs.remove_snapshot(METADATA, oldest, io)?;
            self.kept.remove(0);
        }
        match self.earliest() {
            _ if start == 0 => Ok(()),
            Some(oldest) => Ok(logs.raise_start(METADATA, oldest.end_offset, io, bugs)?),
            None if log_start == 0 => Ok(()),
            None => Err(QuorumError::Corrupt(format!(
                "it begins at offset {start}, and there is no snapshot of what lies below"
            ))),
        }
    }

    /// Where the epochs of the log begin. A death may have taken the log's start back, and left them cut; where the log ended in the snapshot
    /// that it began with, recovery has none of them left.
    fn cut_epochs(&self, logs: &LogDirs) -> i64 {
        let Some(log) = logs.get(METADATA) else { return 0 };
        let end = log.log_end_offset();
        let all = log.epochs().is_empty() && self.kept.iter().any(|kept| kept.id.end_offset == end);
        log.epochs().first().map_or(if all { end } else { 0 }, |&(_, start)| start)
    }
}

impl Broker {
    /// Committed metadata was applied: a snapshot may be due.
    pub(crate) fn snapshot_if_due(&mut self, io: &mut Io<'_, Broker>) {
        let size = self.logs.get(METADATA).map_or(0, Log::size);
        let newest = self.quorum.snapshots.latest().map_or(0, |id| id.end_offset);
        let Some(last) = self.controller.committed().last_offset.filter(|&last| last >= newest) else { return };
        if self.quorum.snapshots.is_due(size, io.now.mono, &self.config.cluster.snapshots)
            && let Err(error) = self.write_snapshot(last, size, io)
        {
            self.metadata_failed(&error.to_string(), io);
        }
    }

    /// Writes a snapshot of the committed image, whose last record has this offset.
    fn write_snapshot(&mut self, last: i64, log_size: u64, io: &mut Io<'_, Broker>) -> Result<(), LogError> {
        let Some(header) = load::header_at(&self.logs, last, io)? else { return Ok(()) };
        let end_offset = if self.config.planted.has(Bug::C31) { last + 2 } else { last + 1 };
        let id = SnapshotId { end_offset, epoch: header.partition_leader_epoch };
        let snapshot = self.controller.committed().snapshot(header.max_timestamp);
        let contents = snapshot.encode(id.epoch, io.now.wall.0).map_err(|_| super::role::unwritable())?;
        self.begin_writing(id, contents, header.max_timestamp, None, io)?;
        (self.quorum.snapshots.log_size, self.quorum.snapshots.since) = (log_size, io.now.mono);
        Ok(())
    }

    fn begin_writing(
        &mut self,
        id: SnapshotId,
        contents: Bytes,
        timestamp: i64,
        image: Option<Box<Image>>,
        io: &mut Io<'_, Broker>,
    ) -> Result<(), LogError> {
        let kept = Kept { id, size: contents.len() as u64, timestamp };
        let ticket = self.logs.write_snapshot(METADATA, id, contents, io, &self.config.planted)?;
        self.quorum.snapshots.writing.push(Writing { ticket, kept, image });
        Ok(())
    }

    /// A file is durable; it may be a snapshot.
    pub(crate) fn snapshot_is_durable(&mut self, ticket: FileTicket, io: &mut Io<'_, Broker>) {
        let Some(Writing { kept, image, .. }) = self.quorum.snapshots.written(ticket) else { return };
        let done = match image {
            Some(image) => self.install_snapshot(kept, image, io),
            // One that a leader sent has overtaken it.
            None if self.quorum.snapshots.latest().is_some_and(|latest| kept.id <= latest) => {
                self.logs.remove_snapshot(METADATA, kept.id, io)
            }
            None => {
                let SnapshotId { end_offset, epoch } = kept.id;
                io.event(Event::SnapshotWritten { end_offset, epoch });
                self.quorum.snapshots.kept.push(kept);
                self.clean_metadata(io)
            }
        };
        if let Err(error) = done {
            self.metadata_failed(&error.to_string(), io);
        }
    }

    /// Old snapshots go as long as there is a newer one, and with them the log that only they precede.
    fn clean_metadata(&mut self, io: &mut Io<'_, Broker>) -> Result<(), LogError> {
        let config = self.config.cluster.snapshots;
        let size = |logs: &LogDirs| logs.get(METADATA).map_or(0, Log::size);
        while self.quorum.snapshots.is_dispensable(size(&self.logs), io.now, &config) {
            let before = size(&self.logs);
            let oldest = self.quorum.snapshots.kept.remove(0).id;
            let Some(next) = self.quorum.snapshots.earliest() else { break };
            self.logs.remove_snapshot(METADATA, oldest, io)?;
            self.logs.raise_start(METADATA, next.end_offset, io, &self.config.planted)?;
            let gone = before.saturating_sub(size(&self.logs));
            self.quorum.snapshots.log_size = self.quorum.snapshots.log_size.saturating_sub(gone);
        }
        self.logs.flush(METADATA, io, &self.config.planted);
        Ok(())
    }

    /// All of a leader's snapshot has come: it is written, if it is one, and takes the log's place when it is durable.
    pub(super) fn take_snapshot(&mut self, fetched: Fetching, io: &mut Io<'_, Broker>) -> Result<(), LogError> {
        let contents = Bytes::from(fetched.bytes);
        let Ok(snapshot) = Snapshot::decode(contents.clone()) else {
            tracing::warn!(end_offset = fetched.id.end_offset, "what was downloaded is no snapshot");
            return Ok(());
        };
        let image = Image::of_snapshot(&snapshot, fetched.id.end_offset);
        self.begin_writing(fetched.id, contents, snapshot.last_contained_log_timestamp, Some(Box::new(image)), io)
    }

    /// The log begins anew where the snapshot ends, and the image is the snapshot's.
    fn install_snapshot(&mut self, kept: Kept, image: Box<Image>, io: &mut Io<'_, Broker>) -> Result<(), LogError> {
        let SnapshotId { end_offset, epoch } = kept.id;
        // Whoever leads has everything that was committed, and so has one whose leader sent the rest meanwhile.
        if matches!(self.quorum.role, Role::Leader(_)) || end_offset < self.quorum.high_watermark {
            return self.logs.remove_snapshot(METADATA, kept.id, io);
        }
        match self.logs.restart_at(METADATA, end_offset, io, &self.config.planted) {
            Err(LogError::Stated(ticket)) => {
                self.quorum.snapshots.writing.push(Writing { ticket, kept, image: Some(image) });
                return Ok(());
            }
            done => done?,
        }
        let old = std::mem::replace(&mut self.quorum.snapshots.kept, vec![kept]);
        for old in old.into_iter().filter(|old| old.id != kept.id) {
            self.logs.remove_snapshot(METADATA, old.id, io)?;
        }
        self.quorum.high_watermark = end_offset;
        (self.quorum.snapshots.log_size, self.quorum.snapshots.since) = (0, io.now.mono);
        io.event(Event::SnapshotFetched { end_offset, epoch });
        for answer in self.controller.install(*image) {
            self.unanswered(answer, io);
        }
        if self.quorum.published {
            self.publish_image(io);
        }
        Ok(())
    }
}

/// Z01: a leader begins again with its newest snapshot, and takes the records behind it anew.
#[cfg(feature = "bugs")]
impl Broker {
    pub(crate) fn reload_snapshot(&mut self, io: &mut Io<'_, Broker>) -> Option<()> {
        let id = self.quorum.snapshots.latest()?;
        let size = self.quorum.snapshots.size_of(id)?;
        let bytes = self.logs.read_snapshot(METADATA, id, 0..size, io).ok()?;
        let image = Image::of_snapshot(&Snapshot::decode(bytes).ok()?, id.end_offset);
        io.event(Event::SnapshotLoaded { end_offset: id.end_offset, epoch: id.epoch });
        self.controller.install(image);
        self.reload_uncommitted(io).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use wire::Timestamp;

    fn kept(end_offset: i64, timestamp: i64) -> Kept {
        Kept { id: SnapshotId { end_offset, epoch: 1 }, size: 100, timestamp }
    }

    #[test]
    fn one_is_due_by_bytes_or_by_time() {
        let config = SnapshotConfig { max_bytes: 50, max_interval: Duration::from_nanos(10), ..Default::default() };
        let snapshots = Snapshots { log_size: 200, since: Instant(5), ..Snapshots::default() };
        let table = [(249, 14, false), (250, 14, true), (100, 14, false), (200, 15, true)];
        for (size, now, expected) in table {
            assert_eq!(snapshots.is_due(size, Instant(now), &config), expected, "{size} {now}");
        }
        let by_bytes = SnapshotConfig { max_interval: Duration::ZERO, ..config };
        assert!(!snapshots.is_due(200, Instant(1_000), &by_bytes));
    }

    #[test]
    fn the_last_one_stays_whatever_it_costs() {
        let config = SnapshotConfig { retention_bytes: 300, retention_ms: 1_000, ..SnapshotConfig::default() };
        let table = [
            (vec![kept(10, 0)], 10_000, 10_000, false),
            (vec![kept(10, 0), kept(20, 5)], 100, 500, false),
            (vec![kept(10, 0), kept(20, 5)], 101, 500, true),
            (vec![kept(10, 0), kept(20, 5)], 100, 1_001, true),
        ];
        for (kept, log_size, now, expected) in table {
            let mut snapshots = Snapshots { kept, ..Snapshots::default() };
            let now = Now { mono: Instant(7), wall: Timestamp(now) };
            assert_eq!(snapshots.is_dispensable(log_size, now, &config), expected, "{snapshots:?}");
            // One that is being downloaded stays.
            let oldest = snapshots.kept[0].id;
            snapshots.lend(oldest, Instant(8));
            assert!(!snapshots.is_dispensable(log_size, now, &config));
            snapshots.lend(oldest, Instant(7));
            assert_eq!(snapshots.is_dispensable(log_size, now, &config), expected);
        }
    }
}
