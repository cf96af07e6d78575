//! Ghost state: what must be so, kept beside the brokers from what was observed on their disks and wires. Properties
//! compare with it.
//!
//! - [`log`]: each replica's log with a rolling prefix hash, its durable end, what was acknowledged;
//! - [`loss`]: what is gone, and whether that is permitted (the rebase rule);
//! - [`node`]: incarnations, ends, failed log directories;
//! - [`topics`]: what admins asked for.
//!
//! The court feeds it before any property sees a fact, so [`Ghost::losses`] and [`LogGhost::end_before`] speak of the
//! fact at hand. Left out on purpose, until there is more than one replica: ISR, ELR, votes, and a committed prefix
//! apart from the leader's log.

pub mod log;
pub mod loss;
pub mod node;
pub mod topics;

pub(crate) use log::METADATA_TOPIC_ID;
pub use log::{Held, LogGhost};
pub use loss::{Cause, How, Loss};
pub use node::NodeGhost;
pub use topics::{Setting, Topics};

use crate::fact::{BatchSeen, Fact, LogRef, Moment};
use crate::ledger::Ledger;
use crate::property::Nodes;
use broker_core::Event;
use broker_core::event::Partition;
use std::collections::BTreeMap;
use wire::files::{RECOVERY_POINT_CHECKPOINT, parse_offsets};
use wire::{LogDirId, NodeId, TopicPartition, Uuid};

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
}

impl Ghost {
    /// A log by its handle.
    #[must_use]
    pub fn log(&self, log: LogId) -> &LogGhost {
        &self.logs[log.0 as usize]
    }

    /// A log's handle. A folder that has lost its `partition.metadata` is the last log of its name.
    #[must_use]
    pub fn find(&self, log: &LogRef) -> Option<LogId> {
        if log.topic_id != Uuid::ZERO {
            return self.by_id(log.node, log.topic_id, log.partition.partition);
        }
        self.named_on(log.node, &log.partition)
    }

    /// A log's handle by node, topic id and index.
    #[must_use]
    pub fn by_id(&self, node: NodeId, topic_id: Uuid, partition: i32) -> Option<LogId> {
        self.by_name.get(&(node, topic_id, partition)).copied()
    }

    /// The log that a node has of a partition by name, as in its checkpoints.
    #[must_use]
    pub fn named_on(&self, node: NodeId, partition: &TopicPartition) -> Option<LogId> {
        let of = |(_, log): &(LogId, &LogGhost)| log.log.node == node && log.present && log.log.partition == *partition;
        self.logs().filter(of).last().map(|(id, _)| id)
    }

    /// A log that the broker named in an event.
    #[must_use]
    pub fn named(&self, node: NodeId, partition: &Partition) -> Option<&LogGhost> {
        self.by_id(node, partition.topic_id, partition.partition).map(|log| self.log(log))
    }

    /// The log that a fact is about.
    #[must_use]
    pub fn get(&self, log: &LogRef) -> Option<&LogGhost> {
        self.find(log).map(|log| self.log(log))
    }

    /// Every log of a run, in the order in which they were first seen.
    pub fn logs(&self) -> impl Iterator<Item = (LogId, &LogGhost)> {
        self.logs.iter().enumerate().map(|(n, log)| (LogId(n as u32), log))
    }

    /// The logs that are on a node's disk.
    pub fn logs_of(&self, node: NodeId) -> impl Iterator<Item = &LogGhost> {
        self.logs.iter().filter(move |log| log.log.node == node && log.present)
    }

    /// The log of a topic that clients know by name, as it is now.
    #[must_use]
    pub fn current(&self, topic: &str, partition: i32) -> Option<&LogGhost> {
        let of = |log: &&LogGhost| {
            log.present && log.log.partition.partition == partition && log.log.partition.topic == *topic
        };
        self.logs.iter().rev().find(of)
    }

    /// A node.
    #[must_use]
    pub fn node(&self, node: NodeId) -> Option<&NodeGhost> {
        self.nodes.get(&node)
    }

    /// What is known of topics.
    #[must_use]
    pub fn topics(&self) -> &Topics {
        &self.topics
    }

    /// What the fact at hand shows to be gone.
    #[must_use]
    pub fn losses(&self) -> &[Loss] {
        &self.losses
    }

    /// Batches of failed appends that the fact at hand shows to have reached the disk all the same, by their places in
    /// its list.
    #[must_use]
    pub fn found(&self) -> &[(LogId, usize)] {
        &self.found
    }

    /// When faults stopped.
    #[must_use]
    pub fn healed(&self) -> Option<Moment> {
        self.healed
    }

    /// Whether an acknowledgement of this log promises that the record has been synced: `flush.messages=1`, or the
    /// metadata log.
    #[must_use]
    pub fn promises_sync(&self, log: &LogGhost) -> bool {
        let Some(node) = self.nodes.get(&log.log.node) else { return false };
        let (topic_id, topic) = (log.log.topic_id, &log.log.partition.topic);
        log.is_metadata()
            || match self.topics.setting(topic_id, topic, "flush.messages", node.auto_creates) {
                Setting::Set(value) => value == "1",
                Setting::Default => node.flushes_each,
                Setting::Ambiguous => false,
            }
    }

    pub(crate) fn observe(&mut self, fact: &Fact, moment: Moment, ledger: &Ledger, nodes: &dyn Nodes) {
        self.losses.clear();
        self.found.clear();
        match fact {
            Fact::Started { node, incarnation } => {
                self.nodes.entry(*node).or_default().start(*node, *incarnation, moment, nodes);
            }
            Fact::Opened { node, error } => self.opened(*node, error.is_none(), ledger),
            Fact::Stopped { node, how } => self.nodes.entry(*node).or_default().stop(*how, moment),
            Fact::DiskFailed { node, log_dir, write } => {
                self.nodes.entry(*node).or_default().disk_failed(*log_dir, *write, moment);
            }
            Fact::AdminInvoked { .. } | Fact::AdminCompleted { .. } => self.topics.observe(fact),
            Fact::ProduceAnswered { .. } => self.answered(fact),
            Fact::Stated { node, event } => self.stated(*node, event),
            Fact::FileReplaced { node, path, contents, .. } if path == RECOVERY_POINT_CHECKPOINT => {
                self.claim_synced(*node, contents);
            }
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
                    let gone = self.log_mut(id).truncate(*to);
                    self.lose(id, gone, How::Truncated, ledger);
                }
            }
            Fact::SegmentCreated { log, .. } => self.touch_mut(log, ledger).present = true,
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
            }
            _ => {}
        }
    }

    fn appended(&mut self, log: &LogRef, log_dir: LogDirId, batch: &BatchSeen, ledger: &Ledger) {
        let incarnation = self.incarnation(log.node);
        let log = self.touch_mut(log, ledger);
        log.present = true;
        log.log_dir = Some(log_dir);
        log.end_before = log.end;
        log.append(batch, incarnation);
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
        let headless = |start: &i64| batches.first().is_some_and(|batch| batch.base_offset > *start);
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
        let log = self.log_mut(id);
        if *base_offset >= 0 && to > *base_offset {
            log.acknowledge(*base_offset, to);
            log.claimed = if promised { log.claimed.max(to) } else { log.claimed };
        }
    }

    fn stated(&mut self, node: NodeId, event: &Event) {
        let (Event::HighWatermarkAdvanced { partition, .. } | Event::LeaderElected { partition, .. }) = event else {
            return;
        };
        let Some(id) = self.by_id(node, partition.topic_id, partition.partition) else { return };
        let log = self.log_mut(id);
        match *event {
            Event::HighWatermarkAdvanced { to, .. } => log.high_watermark = log.high_watermark.max(to),
            Event::LeaderElected { leader_epoch, start_offset, .. } => log.elections.push((leader_epoch, start_offset)),
            _ => {}
        }
        if log.is_metadata() && log.high_watermark > 0 {
            let committed = log.high_watermark.min(log.end);
            log.acknowledge(0, committed);
            log.claimed = log.claimed.max(committed);
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
        let (lost, found) = self.log_mut(id).adopt(batches, incarnation);
        self.found.extend(found.into_iter().map(|place| (id, place)));
        for range in lost {
            self.lose(id, Some(range), how, ledger);
        }
    }

    /// Writes a loss down and rebases: offsets from there on begin a new generation.
    fn lose(&mut self, id: LogId, gone: Option<(i64, i64)>, how: How, ledger: &Ledger) {
        let Some((from, to)) = gone else { return };
        let durable = self.log(id).durable_before.clamp(from, to);
        for (from, to) in [(from, durable), (durable, to)].into_iter().filter(|(from, to)| from < to) {
            let cause = loss::cause(self, id, (from, to), how, ledger);
            let log = self.log_mut(id);
            let acked = log.acked_in(from, to);
            log.forget_acked(from, to);
            match cause {
                Cause::Permitted(cause) => log.lost.push((log.generation, from, to, cause)),
                Cause::Deleted => log.lost.push((log.generation, from, to, "topic deleted")),
                Cause::Unexplained => {}
            }
            self.losses.push(Loss { log: id, from, to, acked, how, cause });
        }
        self.log_mut(id).generation += 1;
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
        self.logs.push(LogGhost::new(log.clone(), self.incarnation(log.node)));
        self.by_name.insert(name, id);
        id
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
