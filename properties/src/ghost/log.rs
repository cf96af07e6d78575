//! One replica's log as it must be: every batch that was seen to reach its disk, with a rolling prefix hash, so that
//! "is this a state that the log was in" is one look-up.

use super::Cause;
use super::partition::PartitionId;
use crate::fact::{BatchSeen, LogRef};
use crate::hash::Hash128;
use std::collections::BTreeMap;
use wire::LogDirId;
pub(crate) use wire::files::METADATA_TOPIC_ID;

/// A batch that a log holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The first offset.
    pub base_offset: i64,
    /// The last offset.
    pub last_offset: i64,
    /// The leader epoch.
    pub leader_epoch: i32,
    /// The greatest timestamp.
    pub max_timestamp: i64,
    /// The hash of its contents.
    pub hash: u128,
    /// The rolling hash of the log up to and with this batch.
    pub prefix: u128,
    /// Its size in the file.
    pub bytes: u32,
    /// Whether its CRC was right when it was last seen.
    pub valid: bool,
    /// Whether the log was ever seen to reach this state by appends; false for a batch that came up from nowhere, and
    /// all after it.
    pub known: bool,
    /// The incarnation of the node that appended it.
    pub incarnation: u32,
}

impl Held {
    fn next_offset(&self) -> i64 {
        self.last_offset.saturating_add(1)
    }
}

/// One replica's log.
#[derive(Clone, Debug)]
pub struct LogGhost {
    /// Which.
    pub log: LogRef,
    /// Of which partition.
    pub home: PartitionId,
    /// Where, once an append told.
    pub log_dir: Option<LogDirId>,
    /// Whether it is on its node's disk; false once removed or lost as a whole.
    pub present: bool,
    /// Its batches, in order.
    pub batches: Vec<Held>,
    /// The offset that the next record gets.
    pub end: i64,
    /// `end` before the fact at hand.
    pub end_before: i64,
    /// What no power loss can take, by what was observed.
    pub durable: i64,
    /// The most that `durable` ever was.
    pub most_durable: i64,
    /// `durable` before the fact at hand took something away.
    pub(crate) durable_before: i64,
    /// What the broker has claimed to be synced: acknowledged where a sync was promised, or below its recovery point.
    pub claimed: i64,
    /// The greatest high watermark that its leader stated, lowered by losses.
    pub high_watermark: i64,
    /// Leader epochs that were stated, with the offset at which each starts.
    pub elections: Vec<(i32, i64)>,
    /// Where a failed append may have left bytes: the end at that time.
    pub half_written: Option<i64>,
    /// From the survey of the disk until `open` is through, or as long as the log goes on behind it: the end of what is
    /// intact from the start on without a gap, and why what stood there is not.
    pub intact: Option<(i64, Cause)>,
    /// What had to be there when the incarnation began: `durable` or `claimed`, whichever is more.
    pub floor: i64,
    /// The incarnation in which the log was last seen.
    pub seen_in: u32,
    /// The incarnation that last had the log when it was open.
    pub(crate) recovered_in: u32,
    /// Whether the disk showed the log without its `partition.metadata` when the incarnation began.
    pub(crate) nameless: bool,
    /// Prefix hashes of states that the log has left by a truncation or a crash, with their ends.
    left: BTreeMap<u128, u32>,
    /// Counts the times at which batches left.
    departures: u32,
    /// Nothing was seen of it yet: what the disk shows first is taken as given.
    pristine: bool,
    /// The end of the committed prefix that it would hold if its broker had not dropped it without a reason.
    pub(crate) robbed_of: i64,
    /// Whether a fault took something committed from it that it has not fetched again.
    pub damaged: bool,
}

impl LogGhost {
    pub(crate) fn new(log: LogRef, home: PartitionId, incarnation: u32) -> LogGhost {
        LogGhost {
            log,
            home,
            log_dir: None,
            present: true,
            batches: Vec::new(),
            end: 0,
            end_before: 0,
            durable: 0,
            most_durable: 0,
            durable_before: 0,
            claimed: 0,
            high_watermark: 0,
            elections: Vec::new(),
            half_written: None,
            intact: None,
            floor: 0,
            seen_in: incarnation,
            recovered_in: 0,
            nameless: false,
            left: BTreeMap::new(),
            departures: 0,
            pristine: true,
            robbed_of: 0,
            damaged: false,
        }
    }

    /// Whether this is the metadata log.
    #[must_use]
    pub fn is_metadata(&self) -> bool {
        self.log.topic_id == METADATA_TOPIC_ID
    }

    /// The batch that holds an offset.
    #[must_use]
    pub fn batch(&self, offset: i64) -> Option<&Held> {
        self.batches.get(self.position(offset)).filter(|held| held.base_offset <= offset)
    }

    /// The place of the first batch that ends at or above an offset.
    #[must_use]
    pub fn position(&self, offset: i64) -> usize {
        self.batches.partition_point(|held| held.last_offset < offset)
    }

    /// Whether the log reached up to this prefix until the last time that something left it. What left it earlier is no part of what leaves now,
    /// whatever a disk brought back in between.
    #[must_use]
    pub fn has_just_left(&self, prefix: u128) -> bool {
        self.left.get(&prefix) == Some(&self.departures)
    }

    /// The prefix hash of the log up to an offset at which a batch ends; None where none does.
    #[must_use]
    pub fn prefix_at(&self, end: i64) -> Option<u128> {
        let held = self.batches.get(self.position(end.saturating_sub(1)))?;
        (held.next_offset() == end && held.valid).then_some(held.prefix)
    }

    pub(crate) fn append(&mut self, batch: &BatchSeen, incarnation: u32) {
        self.pristine = false;
        self.intact.take_if(|(intact_end, _)| self.end <= *intact_end);
        self.push(batch, incarnation, true);
        self.end = self.end.max(batch.last_offset.saturating_add(1));
    }

    fn push(&mut self, batch: &BatchSeen, incarnation: u32, known: bool) {
        let before = self.batches.last();
        let prefix = prefix_hash(before.map_or(0, |held| held.prefix), batch);
        let known = known && before.is_none_or(|held| held.known);
        self.batches.push(Held {
            base_offset: batch.base_offset,
            last_offset: batch.last_offset,
            leader_epoch: batch.leader_epoch,
            max_timestamp: batch.max_timestamp,
            hash: batch.hash,
            prefix,
            bytes: batch.bytes,
            valid: batch.valid,
            known,
            incarnation,
        });
    }

    /// The log's end is cut; returns the range that is gone, if any.
    pub(crate) fn truncate(&mut self, to: i64) -> Option<(i64, i64)> {
        let keep = self.batches.partition_point(|held| held.last_offset < to);
        self.departures += 1;
        for held in self.batches.drain(keep..).filter(|held| held.known) {
            self.left.insert(held.prefix, self.departures);
        }
        let before = std::mem::replace(&mut self.end, to);
        self.settle();
        (to < before).then_some((to, before))
    }

    /// The log is not there any more; returns the range that is gone.
    pub(crate) fn clear(&mut self) -> Option<(i64, i64)> {
        self.present = false;
        self.half_written = None;
        self.truncate(0)
    }

    /// The log goes on behind a snapshot that contains these batches.
    pub(crate) fn begin_behind(&mut self, front: Vec<Held>, end: i64) {
        self.pristine = false;
        (self.batches, self.end) = (front, end);
    }

    /// The disk shows these batches, behind those of a snapshot. Returns the ranges of what stood here before and is not there intact, and the
    /// places of batches that a failed append left behind.
    pub(crate) fn adopt(
        &mut self,
        front: Vec<Held>,
        batches: &[BatchSeen],
        incarnation: u32,
    ) -> (Vec<(i64, i64)>, Vec<usize>) {
        let old = std::mem::replace(&mut self.batches, front);
        let mut found = Vec::new();
        let pristine = std::mem::take(&mut self.pristine);
        for (place, batch) in (self.batches.len()..).zip(batches) {
            self.push(batch, incarnation, true);
            let half_written = batch.valid && self.half_written == Some(batch.base_offset);
            let Some(held) = self.batches.last_mut() else { continue };
            match old.get(place).filter(|before| before.prefix == held.prefix) {
                Some(before) => (held.incarnation, held.known) = (before.incarnation, before.known),
                None if pristine || self.left.contains_key(&held.prefix) => {}
                None if half_written => found.push(place),
                None => held.known = false,
            }
        }
        self.half_written = None;
        self.end = self.batches.last().map_or(0, Held::next_offset);
        let lost = missing(&old, &self.batches);
        self.departures += 1;
        for held in old.iter().skip(common(&old, &self.batches)).filter(|held| held.known) {
            self.left.insert(held.prefix, self.departures);
        }
        self.settle();
        (lost, found)
    }

    /// The end of what stands here from the start on intact and without a gap.
    pub(crate) fn sound_end(&self) -> i64 {
        let mut end = self.batches.first().map_or(0, |held| held.base_offset);
        for held in &self.batches {
            if !held.valid || !held.known || held.base_offset != end {
                break;
            }
            end = held.next_offset();
        }
        end
    }

    /// Nothing that is gone is durable, claimed or visible any more.
    fn settle(&mut self) {
        self.durable_before = self.durable;
        self.durable = self.durable.min(self.end);
        self.claimed = self.claimed.min(self.end);
        self.high_watermark = self.high_watermark.min(self.end);
    }
}

fn prefix_hash(before: u128, batch: &BatchSeen) -> u128 {
    let place =
        Hash128::default().wide(before).number(batch.base_offset as u64).number(u64::from(batch.leader_epoch as u32));
    place.wide(batch.hash).finish()
}

/// How many batches two states share from the start on.
fn common(old: &[Held], new: &[Held]) -> usize {
    old.iter().zip(new).take_while(|(old, new)| old.prefix == new.prefix && old.valid == new.valid).count()
}

/// The ranges of intact batches of `old` that are not intact in `new`, joined where they touch.
fn missing(old: &[Held], new: &[Held]) -> Vec<(i64, i64)> {
    let mut ranges: Vec<(i64, i64)> = Vec::new();
    let skip = common(old, new);
    let rest = &new[skip..];
    for held in old[skip..].iter().filter(|held| held.valid) {
        let at = rest.partition_point(|other| other.base_offset < held.base_offset);
        if rest
            .get(at)
            .is_some_and(|other| other.base_offset == held.base_offset && other.hash == held.hash && other.valid)
        {
            continue;
        }
        match ranges.last_mut() {
            Some((_, end)) if *end == held.base_offset => *end = held.next_offset(),
            _ => ranges.push((held.base_offset, held.next_offset())),
        }
    }
    ranges
}
