//! One partition over all of its replicas: what was written to it, what is committed and acknowledged, who led it, and
//! what of it was lost with permission.

use super::log::{Held, LogGhost};
use super::{LogId, NodeGhost};
use crate::fact::Stop;
use std::collections::BTreeMap;
use wire::{NodeId, TopicPartition, Uuid};

/// Names a partition within a run; small, and never used again for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionId(pub(super) u32);

/// The end of a prefix of a log, with its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    end: i64,
    prefix: u128,
}

/// A leadership that was stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Led {
    /// Who led.
    pub node: NodeId,
    /// In which of its incarnations.
    pub incarnation: u32,
    /// In which leader epoch.
    pub epoch: i32,
    /// From which offset on.
    pub start_offset: i64,
}

/// The last fetch of a follower's last incarnation that reached a leader in that one's present epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Who was asked.
    pub leader: NodeId,
    /// Who asked.
    pub replica: NodeId,
    /// In which incarnation the asker was then.
    pub incarnation: u32,
    /// The leader epoch.
    pub epoch: i32,
    /// The follower's log end.
    pub offset: i64,
}

/// A batch that was written: leader epoch, base and last offset, hash. In this order.
pub type Content = (i32, i64, i64, u128);

/// What an append comes to beside everything that was written to the partition before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Writing {
    /// Nobody had this batch before: it was appended by a leader.
    pub original: bool,
    /// The same epoch and offsets had another content.
    pub conflict: Option<Content>,
    /// Another incarnation has appended as leader of this epoch.
    pub other_writer: Option<(NodeId, u32)>,
    /// The replica that had the same batch first had other batches before it.
    pub diverges_from: Option<NodeId>,
}

#[derive(Clone, Copy, Debug)]
struct Written {
    content: Content,
    prefix: u128,
    node: NodeId,
}

/// Acknowledged records may be lost in this range: at some instant no replica that had to hold them was intact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Doubt {
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) cause: &'static str,
}

impl Doubt {
    pub(super) fn join(self, other: Option<Doubt>) -> Doubt {
        other.map_or(self, |other| Doubt { from: self.from.min(other.from), to: self.to.max(other.to), ..self })
    }
}

/// A replica that follows.
#[derive(Clone, Copy, Debug)]
pub struct Followed {
    /// In which leader epoch.
    pub epoch: i32,
    /// The greatest high watermark that it had stated as a leader before.
    pub high_watermark: i64,
    /// Up to where its log was durable then.
    pub durable: i64,
}

/// One partition.
#[derive(Clone, Debug)]
pub struct PartitionGhost {
    /// The topic's incarnation.
    pub topic_id: Uuid,
    /// Name and index.
    pub partition: TopicPartition,
    /// Its replicas' logs, in the order in which they were first seen: one per node.
    pub logs: Vec<LogId>,
    /// The greatest high watermark that any leader stated, lowered by permitted losses.
    pub high_watermark: i64,
    /// The same, never lowered.
    pub highest_ever: i64,
    /// Counts losses: offsets may be compared only within one generation.
    pub generation: u32,
    /// The one who stated last that it leads.
    pub leader: Option<Led>,
    pub(super) doubt: Option<Doubt>,
    /// What the controller's choice of the leader of an epoch left in doubt, and whether the choice was a clean one.
    pub(super) chosen: Option<(i32, Option<Doubt>, bool)>,
    /// The last epoch whose leader was not chosen from those that had to hold everything.
    pub(super) unclean: Option<i32>,
    /// Why a replica lost something last.
    pub(super) last_cause: Option<&'static str>,
    leaders: BTreeMap<i32, Led>,
    followed: BTreeMap<NodeId, Followed>,
    fetches: Vec<Fetched>,
    committed: Vec<Mark>,
    /// Acknowledged offsets: disjoint ranges in order, end exclusive.
    acked: Vec<(i64, i64)>,
    /// Prefixes that were acknowledged before they were committed.
    early: Vec<Mark>,
    lost: Vec<Lost>,
    /// The generation of what was written last by a leader that had a successor already.
    stray: Option<u32>,
    written: Vec<Written>,
    writers: BTreeMap<i32, (NodeId, u32)>,
}

/// A permitted loss: in which generations, first and last, of which offsets, end exclusive, and why.
#[derive(Clone, Debug)]
struct Lost {
    generations: (u32, u32),
    offsets: (i64, i64),
    cause: &'static str,
}

impl PartitionGhost {
    pub(super) fn new(topic_id: Uuid, partition: TopicPartition) -> PartitionGhost {
        PartitionGhost {
            topic_id,
            partition,
            logs: Vec::new(),
            high_watermark: 0,
            highest_ever: 0,
            generation: 0,
            leader: None,
            doubt: None,
            chosen: None,
            unclean: None,
            last_cause: None,
            leaders: BTreeMap::new(),
            followed: BTreeMap::new(),
            fetches: Vec::new(),
            committed: Vec::new(),
            acked: Vec::new(),
            early: Vec::new(),
            lost: Vec::new(),
            stray: None,
            written: Vec::new(),
            writers: BTreeMap::new(),
        }
    }

    /// Whether the controller has chosen a leader that does not lead yet.
    #[must_use]
    pub fn is_choosing(&self) -> bool {
        let led = self.leader.map_or(-1, |led| led.epoch);
        self.chosen.is_some_and(|(epoch, ..)| epoch > led)
    }

    /// Whether what a leader of an epoch commits binds its successors: after an unclean election its predecessors commit for
    /// themselves alone.
    #[must_use]
    pub fn commits_in(&self, epoch: i32) -> bool {
        self.unclean.is_none_or(|unclean| epoch >= unclean)
    }

    /// Whether this is the metadata log.
    #[must_use]
    pub fn is_metadata(&self) -> bool {
        self.topic_id == super::METADATA_TOPIC_ID
    }

    /// How far a replica's log is the committed one.
    #[must_use]
    pub fn held_by(&self, log: &LogGhost) -> i64 {
        let holds = |mark: &Mark| log.prefix_at(mark.end) == Some(mark.prefix);
        last_where(&self.committed, holds).map_or(0, |mark| mark.end)
    }

    /// The end of the committed prefix that batches mark: the high watermark, but for one that lies within a batch.
    #[must_use]
    pub fn committed_end(&self) -> i64 {
        self.committed.last().map_or(0, |mark| mark.end)
    }

    /// How many committed offsets of a range a log has had, and has no more.
    pub(super) fn committed_gone(&self, log: &LogGhost, from: i64, to: i64) -> i64 {
        let first = self.committed.partition_point(|mark| mark.end <= from);
        let within = self.committed[first..].partition_point(|mark| mark.end <= to);
        let had = self.committed[first..first + within].partition_point(|mark| log.has_just_left(mark.prefix));
        had.checked_sub(1).map_or(0, |last| self.committed[first + last].end.saturating_sub(from))
    }

    /// Who stated that it led an epoch, first.
    #[must_use]
    pub fn leader_of(&self, epoch: i32) -> Option<Led> {
        self.leaders.get(&epoch).copied()
    }

    /// Whether anybody led an epoch from an offset on.
    #[must_use]
    pub fn was_led(&self, epoch: i32, start_offset: i64) -> bool {
        self.leader_of(epoch).is_some_and(|led| led.start_offset == start_offset)
    }

    /// The last time that a node's incarnations said that they follow.
    #[must_use]
    pub fn followed_in(&self, node: NodeId) -> Option<Followed> {
        self.followed.get(&node).copied()
    }

    /// The last fetch of a replica that reached a leader in an epoch.
    #[must_use]
    pub fn last_fetch(&self, leader: NodeId, replica: NodeId, epoch: i32) -> Option<Fetched> {
        let of = |fetch: &&Fetched| fetch.leader == leader && fetch.replica == replica && fetch.epoch == epoch;
        self.fetches.iter().find(of).copied()
    }

    /// How many acknowledged records lie in a range, end exclusive.
    #[must_use]
    pub fn acked_in(&self, from: i64, to: i64) -> i64 {
        let first = self.acked.partition_point(|&(_, end)| end <= from);
        let overlaps = self.acked[first..].iter().take_while(|&&(base, _)| base < to);
        overlaps.map(|&(base, end)| end.min(to) - base.max(from)).sum()
    }

    /// Why what stood at an offset in a generation was lost with the configuration's permission; None if it was not.
    #[must_use]
    pub fn permitted_loss(&self, generation: u32, offset: i64) -> Option<&'static str> {
        let covers = |lost: &&Lost| {
            (lost.generations.0..=lost.generations.1).contains(&generation)
                && (lost.offsets.0..lost.offsets.1).contains(&offset)
        };
        self.lost.iter().find(covers).map(|lost| lost.cause)
    }

    pub(super) fn acknowledge(&mut self, base: i64, end: i64) {
        let first = self.acked.partition_point(|&(_, other)| other < base);
        let after = first + self.acked[first..].partition_point(|&(other, _)| other <= end);
        let touched = &self.acked[first..after];
        let base = touched.first().map_or(base, |&(other, _)| other.min(base));
        let end = touched.last().map_or(end, |&(_, other)| other.max(end));
        self.acked.splice(first..after, [(base, end)]);
    }

    /// What a leader acknowledged although it is not committed yet.
    pub(super) fn acknowledge_early(&mut self, log: &LogGhost, end: i64) {
        let last = self.early.last().map_or(self.high_watermark, |mark| mark.end);
        if let Some(prefix) = log.prefix_at(end).filter(|_| end > last) {
            self.early.push(Mark { end, prefix });
        }
    }

    /// The end of the acknowledged records, and how far a log has what was acknowledged early.
    pub(super) fn early_held_by(&self, log: &LogGhost) -> (i64, i64) {
        let holds = |mark: &Mark| log.prefix_at(mark.end) == Some(mark.prefix);
        let held = last_where(&self.early, holds).map_or(0, |mark| mark.end);
        (self.early.last().map_or(0, |mark| mark.end), held)
    }

    /// What stood in a range is gone; its acknowledgements are settled.
    pub(super) fn forget_acked(&mut self, from: i64, to: i64) {
        let outside = |&(base, end): &(i64, i64)| [(base, end.min(from)), (base.max(to), end)];
        self.acked = self.acked.iter().flat_map(outside).filter(|(base, end)| base < end).collect();
        self.early.retain(|mark| mark.end <= from);
    }

    /// A loss is written down.
    pub(super) fn lose(&mut self, from: i64, to: i64, cause: &'static str) {
        self.lost.push(Lost { generations: (0, self.generation), offsets: (from, to), cause });
    }

    /// What a leader acknowledged that had a successor already is lost from the first moment on.
    pub(super) fn lose_stray(&mut self, from: i64, to: i64, cause: &'static str) {
        // It may have been written before the successor was elected, and so in an earlier generation.
        self.lost.push(Lost { generations: (0, self.generation), offsets: (from, to), cause });
    }

    /// Whether a leader of a later epoch is known.
    pub(super) fn has_successor(&self, epoch: i32) -> bool {
        self.leader.is_some_and(|led| led.epoch > epoch)
    }

    /// What is committed ends here now; offsets from here on begin a new generation.
    pub(super) fn rebase(&mut self, to: i64) {
        let keep = self.committed.partition_point(|mark| mark.end <= to);
        self.committed.truncate(keep);
        self.high_watermark = self.high_watermark.min(to);
        self.generation += 1;
    }

    /// A leader's high watermark advanced; what its log has below it is committed.
    pub(super) fn commit(&mut self, log: &LogGhost, to: i64) {
        let last = self.committed.last().map_or(0, |mark| mark.end);
        if to <= self.high_watermark || self.committed.last().is_some_and(|m| log.prefix_at(m.end) != Some(m.prefix)) {
            return;
        }
        self.high_watermark = to;
        self.early.retain(|mark| mark.end > to);
        let from = log.position(last);
        let covered = log.batches[from.min(log.batches.len())..].iter().take_while(|held| held.last_offset < to);
        self.committed
            .extend(covered.map(|held| Mark { end: held.last_offset.saturating_add(1), prefix: held.prefix }));
    }

    pub(super) fn led(&mut self, led: Led) {
        self.leaders.entry(led.epoch).or_insert(led);
        self.fetches.retain(|fetch| fetch.leader != led.node || fetch.epoch == led.epoch);
        if self.leader.is_none_or(|before| before.epoch <= led.epoch) {
            self.leader = Some(led);
        }
    }

    pub(super) fn followed(&mut self, node: NodeId, followed: Followed) {
        self.followed.insert(node, followed);
    }

    pub(super) fn fetched(&mut self, fetch: Fetched) {
        let same = |other: &&mut Fetched| other.leader == fetch.leader && other.replica == fetch.replica;
        match self.fetches.iter_mut().find(same) {
            // What an earlier incarnation sent was long on its way, and counts for nothing any more.
            Some(before) if fetch.incarnation < before.incarnation => {}
            Some(before) => *before = fetch,
            None => self.fetches.push(fetch),
        }
    }

    /// A batch was appended to a replica's log.
    pub(super) fn write(&mut self, held: &Held, node: NodeId) -> Writing {
        let content = (held.leader_epoch, held.base_offset, held.last_offset, held.hash);
        let at = self.written.partition_point(|other| other.content < content);
        let near = [at.checked_sub(1).and_then(|at| self.written.get(at)), self.written.get(at)];
        let overlaps = |other: &&Written| {
            other.content.0 == content.0 && other.content.1 <= content.2 && other.content.2 >= content.1
        };
        let found = near.into_iter().flatten().find(overlaps).copied();
        match found {
            Some(other) if other.content == content => {
                let diverges_from = (other.prefix != held.prefix).then_some(other.node);
                Writing { diverges_from, ..Writing::default() }
            }
            Some(other) => Writing { original: true, conflict: Some(other.content), ..self.wrote(held, node) },
            None => {
                self.written.insert(at, Written { content, prefix: held.prefix, node });
                self.wrote(held, node)
            }
        }
    }

    /// What a leader writes that has a successor already stands beside the partition's log, and so in a generation of its own.
    fn wrote(&mut self, held: &Held, node: NodeId) -> Writing {
        let strays = self.has_successor(held.leader_epoch);
        if strays || self.stray == Some(self.generation) {
            self.generation += 1;
            self.stray = if strays { Some(self.generation) } else { self.stray };
        }
        let writer = (node, held.incarnation);
        let first = *self.writers.entry(held.leader_epoch).or_insert(writer);
        Writing { original: true, other_writer: (first != writer).then_some(first), ..Writing::default() }
    }
}

/// The last of some marks that a log holds; it holds all before one that it holds.
fn last_where(marks: &[Mark], holds: impl Fn(&Mark) -> bool) -> Option<&Mark> {
    match marks.last() {
        Some(last) if holds(last) => Some(last),
        _ => marks.partition_point(holds).checked_sub(1).map(|at| &marks[at]),
    }
}

/// How much of what a log holds is sure to be there: of a machine that has lost its power, or whose disk has failed,
/// nobody knows before it starts again.
pub(super) fn sure(log: &LogGhost, node: Option<&NodeGhost>, held: i64) -> i64 {
    let Some(node) = node else { return held };
    let surveyed = node.running && log.seen_in == node.incarnation;
    let shaken = node.last_stop == Some(Stop::PowerLoss) || !node.failed_dirs.is_empty();
    if shaken && !surveyed { held.min(log.durable) } else { held }
}
