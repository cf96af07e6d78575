//! Ghost state: what must be so, kept beside the brokers from what was observed on their disks and wires. Properties
//! compare with it.
//!
//! - [`log`]: each replica's log with a rolling prefix hash and its durable end;
//! - [`partition`]: what all replicas of a partition come to: the committed prefix, what was acknowledged, who led;
//! - [`metadata`] and [`image`]: what the metadata log has committed, and the state of the cluster that it makes;
//! - [`contents`]: the same as a snapshot has it; [`covered`]: the log below a snapshot;
//! - [`election`]: what an election must not lose, and what it may (the rebase rule);
//! - [`loss`]: what is gone from a replica, and whether that is permitted;
//! - [`node`]: incarnations, ends, failed log directories;
//! - [`topics`]: what admins asked for.
//!
//! The court feeds it before any property sees a fact, so [`Ghost::losses`], [`Ghost::writing`], [`Ghost::election`] and
//! [`LogGhost::end_before`] speak of the fact at hand.

pub mod contents;
pub mod covered;
pub mod election;
pub mod image;
pub mod log;
pub mod loss;
pub mod metadata;
pub mod node;
pub mod partition;
mod queries;
pub mod topics;

pub use contents::Contents;
pub use election::Election;
pub use image::{Change, Image, PartitionState};
pub(crate) use log::METADATA_TOPIC_ID;
pub use log::{Held, LogGhost};
pub(crate) use loss::epochs_of;
pub use loss::{Cause, How, Loss};
pub use metadata::MetadataGhost;
pub use node::NodeGhost;
pub use partition::{Fetched, Followed, Led, PartitionGhost, PartitionId, Writing};
pub use topics::{Setting, Topics};

use crate::fact::{BatchSeen, Fact, LogRef, Moment};
use crate::ledger::Ledger;
use crate::property::Nodes;
use broker_core::Event;
use std::collections::BTreeMap;
use wire::files::{RECOVERY_POINT_CHECKPOINT, parse_offsets};
use wire::{LogDirId, NodeId, Uuid};

/// Names a replica's log within a run; small, and never used again for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogId(u32);

/// The state beside the brokers.
#[derive(Clone, Debug, Default)]
pub struct Ghost {
    logs: Vec<LogGhost>,
    by_name: BTreeMap<(NodeId, Uuid, i32), LogId>,
    nodes: BTreeMap<NodeId, NodeGhost>,
    topics: Topics,
    losses: Vec<Loss>,
    /// Batches of a failed append that the fact at hand shows to have reached the disk: log, and place in the fact's
    /// list.
    found: Vec<(LogId, usize)>,
    healed: Option<Moment>,
    partitions: Vec<PartitionGhost>,
    partition_ids: BTreeMap<(Uuid, i32), PartitionId>,
    metadata: MetadataGhost,
    /// The nodes of the cluster: each one is a voter of the quorum.
    voters: Vec<NodeId>,
    /// The last `IsrChanged` that a node stated of a partition.
    leader_isr: BTreeMap<(NodeId, Uuid, i32), Event>,
    /// In which incarnation a node got a broker epoch.
    registrations: BTreeMap<(NodeId, i64), u32>,
    /// The end of the newest snapshot of the metadata on each node's disk.
    covered: BTreeMap<NodeId, i64>,
    writing: Option<Writing>,
    election: Option<Election>,
}

impl Ghost {
    pub(crate) fn observe(&mut self, fact: &Fact, moment: Moment, ledger: &Ledger, nodes: &dyn Nodes) {
        self.losses.clear();
        self.found.clear();
        self.metadata.changes_mut().clear();
        (self.writing, self.election) = (None, None);
        match fact {
            Fact::Started { node, incarnation } => {
                self.nodes.entry(*node).or_default().start(*node, *incarnation, moment, nodes);
                if self.voters.is_empty() {
                    self.voters = nodes.ids().to_vec();
                }
                self.find_snapshots(*node, nodes);
            }
            Fact::Opened { node, error } => self.opened(*node, error.is_none(), ledger),
            Fact::Stopped { node, how } => self.nodes.entry(*node).or_default().stop(*how, moment),
            Fact::DiskFailed { node, log_dir, write } => {
                self.nodes.entry(*node).or_default().disk_failed(*log_dir, *write, moment);
            }
            Fact::AdminInvoked { .. } | Fact::AdminCompleted { .. } => self.topics.observe(fact),
            Fact::ProduceAnswered { .. } => self.answered(fact),
            Fact::Stated { node, event } => self.stated(*node, event, ledger),
            Fact::FollowerFetched { .. } => self.fetched(fact),
            Fact::FileReplaced { node, path, contents, .. } if path == RECOVERY_POINT_CHECKPOINT => {
                self.claim_synced(*node, contents);
            }
            Fact::FileReplaced { node, path, .. } => self.snapshot_written(*node, path),
            Fact::Healed {} => self.healed = Some(moment),
            _ => self.observe_log(fact, ledger),
        }
    }

    fn observe_log(&mut self, fact: &Fact, ledger: &Ledger) {
        if log_of(fact).is_some_and(|log| log.topic_id == Uuid::ZERO && self.find(log).is_none()) {
            return;
        }
        match fact {
            Fact::Survived { log, batches } => self.survived(log, batches, ledger),
            Fact::Recovered { log, batches } => {
                let id = self.touch(log, ledger);
                self.log_mut(id).recovered_in = self.incarnation(log.node);
                self.adopt(id, batches, How::NotRecovered, ledger);
            }
            Fact::Appended { log, log_dir, batch, .. } => self.appended(log, *log_dir, batch, ledger),
            Fact::AppendFailed { log, log_dir } => {
                let log = self.touch_mut(log, ledger);
                log.log_dir = Some(*log_dir);
                log.half_written = Some(log.end);
            }
            Fact::Truncated { log, to } => {
                let id = self.touch(log, ledger);
                if self.log(id).present {
                    let to = self.cut_to(id, *to);
                    let gone = self.log_mut(id).truncate(to);
                    self.lose(id, gone, How::Truncated, ledger);
                }
            }
            Fact::SegmentCreated { log, base_offset } => {
                let id = self.touch(log, ledger);
                self.log_mut(id).present = true;
                self.begins_at(id, *base_offset);
            }
            Fact::LogRemoved { log } => {
                let id = self.touch(log, ledger);
                let gone = self.log_mut(id).clear();
                self.lose(id, gone, How::Removed, ledger);
            }
            Fact::LogDurable { log, to } => {
                let opening = self.node(log.node).is_some_and(|node| !node.opened);
                let log = self.touch_mut(log, ledger);
                // Until `open` is through the end may be that of damaged batches: that their bytes are durable promises nothing.
                let intact = log.intact.filter(|_| opening);
                let sound_end = intact.map_or(log.end, |(intact_end, _)| intact_end);
                log.durable = log.durable.max((*to).min(log.end).min(sound_end));
                log.most_durable = log.most_durable.max(log.durable);
            }
            _ => {}
        }
    }

    fn appended(&mut self, log: &LogRef, log_dir: LogDirId, batch: &BatchSeen, ledger: &Ledger) {
        let incarnation = self.incarnation(log.node);
        let id = self.touch(log, ledger);
        let log = self.log_mut(id);
        log.present = true;
        log.log_dir = Some(log_dir);
        log.end_before = log.end;
        log.append(batch, incarnation);
        self.writing = self.written(id, batch);
    }

    /// A batch has reached a replica's log, at its end.
    fn written(&mut self, id: LogId, batch: &BatchSeen) -> Option<Writing> {
        self.metadata.see(batch);
        let (partition, log) = self.partition_and_log(id);
        log.batches.last().map(|held| partition.write(held, log.log.node))
    }

    fn survived(&mut self, log: &LogRef, batches: &[BatchSeen], ledger: &Ledger) {
        let id = self.entry(log);
        let incarnation = self.incarnation(log.node);
        let it = self.log_mut(id);
        it.seen_in = incarnation;
        it.present = true;
        it.nameless = log.topic_id == Uuid::ZERO;
        it.floor = it.durable.max(it.claimed);
        let start = self.log(id).batches.first().map(|held| held.base_offset);
        self.adopt(id, batches, How::NotSurvived, ledger);
        // A gap at the very front is a gap, too.
        let shown = self.log(id).batches.first().map(|held| held.base_offset);
        let headless = |start: &i64| shown.is_some_and(|shown| shown > *start);
        let end = start.filter(headless).unwrap_or_else(|| self.log(id).sound_end());
        let lost_here = self.losses.iter().find(|loss| loss.log == id && (loss.from..loss.to).contains(&end));
        // An incarnation that died before it was open has left the work, and the cause, to this one.
        let left = self.log(id).intact.filter(|&(before, _)| before == end);
        let cause = lost_here.map(|loss| loss.cause).or(left.map(|(_, cause)| cause));
        let cause = cause.unwrap_or_else(|| loss::of_the_disk(self, id, (end, end), ledger));
        self.log_mut(id).intact = Some((end, cause));
    }

    /// `open` is through. What an incarnation has not shown by now is not there.
    fn opened(&mut self, node: NodeId, well: bool, ledger: &Ledger) {
        let of_node: Vec<LogId> =
            self.logs().filter(|(_, log)| log.log.node == node && log.present).map(|(id, _)| id).collect();
        for id in of_node {
            self.vanish_unless_seen(id, ledger);
            if well {
                self.drop_unless_recovered(id, ledger);
                let log = self.log_mut(id);
                // What still stands behind a damage may be cut later, for the damage's reason.
                log.intact.take_if(|(intact_end, _)| log.end <= *intact_end);
            }
        }
        self.nodes.entry(node).or_default().opened = well;
    }

    fn answered(&mut self, fact: &Fact) {
        let Fact::ProduceAnswered {
            node, partition, topic_id: Some(topic_id), error: 0, base_offset, uids, acks, ..
        } = fact
        else {
            return;
        };
        let Some(id) = self.by_id(*node, *topic_id, partition.partition) else { return };
        if *acks == 0 {
            return;
        }
        let to = base_offset.saturating_add(uids.len() as i64).min(self.log(id).end);
        let promised = self.promises_sync(self.log(id));
        if *base_offset >= 0 && to > *base_offset {
            if *acks == 1 && self.is_stray(id, *base_offset, to) {
                return self.lose_stray(id, *base_offset, to);
            }
            let (partition, log) = self.partition_and_log(id);
            partition.acknowledge(*base_offset, to);
            if *acks == 1 {
                partition.acknowledge_early(log, to);
            }
            let log = self.log_mut(id);
            log.claimed = if promised { log.claimed.max(to) } else { log.claimed };
        }
    }

    /// The broker's checkpoint says what has been synced.
    fn claim_synced(&mut self, node: NodeId, contents: &[u8]) {
        for (partition, to) in parse_offsets(contents).unwrap_or_default() {
            if let Some(id) = self.named_on(node, &partition) {
                let log = self.log_mut(id);
                log.claimed = log.claimed.max(to.min(log.end));
            }
        }
    }

    fn adopt(&mut self, id: LogId, batches: &[BatchSeen], how: How, ledger: &Ledger) {
        let incarnation = self.incarnation(self.log(id).log.node);
        let (front, batches) = self.behind_snapshot(id, batches);
        let (lost, found) = self.log_mut(id).adopt(front, batches, incarnation);
        for place in found {
            self.found_at(id, place);
        }
        batches.iter().for_each(|batch| self.metadata.see(batch));
        for range in lost {
            self.lose(id, Some(range), how, ledger);
        }
    }

    /// A batch of a failed append turned out to be there: a leader's, or a copy of one.
    fn found_at(&mut self, id: LogId, place: usize) {
        let (partition, log) = self.partition_and_log(id);
        let writing = log.batches.get(place).map(|held| partition.write(held, log.log.node));
        if writing.is_some_and(|writing| writing.original) {
            self.found.push((id, place));
        }
    }

    /// Writes a loss down. Where there is only one replica, offsets from there on begin a new generation.
    fn lose(&mut self, id: LogId, gone: Option<(i64, i64)>, how: How, ledger: &Ledger) {
        let Some((from, to)) = gone else { return };
        let durable = self.log(id).durable_before.clamp(from, to);
        let replicated = self.is_replicated(id);
        for range in [(from, durable), (durable, to)].into_iter().filter(|(from, to)| from < to) {
            let cause = loss::cause(self, id, range, how, ledger);
            if replicated {
                self.lost_on_replica(id, range, how, cause);
            } else {
                self.lose_only_copy(id, range, how, cause);
            }
        }
        if !replicated {
            self.partition_mut(id).rebase(from);
        }
    }

    fn lose_only_copy(&mut self, id: LogId, (from, to): (i64, i64), how: How, cause: Cause) {
        let partition = self.partition_mut(id);
        let acked = partition.acked_in(from, to);
        partition.forget_acked(from, to);
        match cause {
            Cause::Permitted(cause) => partition.lose(from, to, cause),
            Cause::Deleted => partition.lose(from, to, "topic deleted"),
            Cause::Unexplained => {}
        }
        self.losses.push(Loss { log: id, from, to, acked, committed: 0, how, cause });
    }

    fn vanish_unless_seen(&mut self, id: LogId, ledger: &Ledger) {
        let log = self.log(id);
        let incarnation = self.incarnation(log.log.node);
        if log.seen_in == incarnation || !log.present {
            return;
        }
        let floor = log.durable.max(log.claimed);
        let log = self.log_mut(id);
        log.seen_in = incarnation;
        log.floor = floor;
        let gone = log.clear();
        self.lose(id, gone, How::Vanished, ledger);
    }

    /// A log that was on the disk, and that the broker did not take over.
    fn drop_unless_recovered(&mut self, id: LogId, ledger: &Ledger) {
        let log = self.log(id);
        if log.present && log.recovered_in != self.incarnation(log.log.node) {
            let how = if log.nameless { How::Nameless } else { How::Removed };
            let gone = self.log_mut(id).clear();
            self.lose(id, gone, how, ledger);
        }
    }

    /// The log of a fact other than `Survived`: one that the present incarnation has not shown before is a new one.
    fn touch(&mut self, log: &LogRef, ledger: &Ledger) -> LogId {
        let id = self.entry(log);
        self.vanish_unless_seen(id, ledger);
        let incarnation = self.incarnation(log.node);
        self.log_mut(id).seen_in = incarnation;
        id
    }

    fn touch_mut(&mut self, log: &LogRef, ledger: &Ledger) -> &mut LogGhost {
        let id = self.touch(log, ledger);
        self.log_mut(id)
    }

    fn entry(&mut self, log: &LogRef) -> LogId {
        if let Some(id) = self.find(log) {
            return id;
        }
        let name = (log.node, log.topic_id, log.partition.partition);
        let id = LogId(self.logs.len() as u32);
        let home = self.home(log);
        self.logs.push(LogGhost::new(log.clone(), home, self.incarnation(log.node)));
        self.partitions[home.0 as usize].logs.push(id);
        self.by_name.insert(name, id);
        id
    }

    fn home(&mut self, log: &LogRef) -> PartitionId {
        let next = PartitionId(self.partitions.len() as u32);
        let id = *self.partition_ids.entry((log.topic_id, log.partition.partition)).or_insert(next);
        if id == next {
            self.partitions.push(PartitionGhost::new(log.topic_id, log.partition.clone()));
        }
        id
    }

    fn partition_mut(&mut self, log: LogId) -> &mut PartitionGhost {
        let home = self.log(log).home;
        &mut self.partitions[home.0 as usize]
    }

    fn partition_and_log(&mut self, log: LogId) -> (&mut PartitionGhost, &LogGhost) {
        let log = &self.logs[log.0 as usize];
        (&mut self.partitions[log.home.0 as usize], log)
    }

    fn log_mut(&mut self, log: LogId) -> &mut LogGhost {
        &mut self.logs[log.0 as usize]
    }

    fn incarnation(&self, node: NodeId) -> u32 {
        self.nodes.get(&node).map_or(0, |node| node.incarnation)
    }
}

/// The log that a fact is about.
fn log_of(fact: &Fact) -> Option<&LogRef> {
    match fact {
        Fact::Survived { log, .. }
        | Fact::Recovered { log, .. }
        | Fact::Appended { log, .. }
        | Fact::AppendFailed { log, .. }
        | Fact::Truncated { log, .. }
        | Fact::SegmentCreated { log, .. }
        | Fact::LogRemoved { log }
        | Fact::LogDurable { log, .. } => Some(log),
        _ => None,
    }
}
