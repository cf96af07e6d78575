//! Questions to the ghost state.

use super::partition::{PartitionGhost, PartitionId, Writing};
use super::{Election, Ghost, LogGhost, LogId, Loss, MetadataGhost, NodeGhost, PartitionState, Setting, Topics};
use crate::fact::{LogRef, Moment};
use broker_core::Event;
use broker_core::event::Partition;
use wire::{NodeId, TopicPartition, Uuid};

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

    /// The log of a topic that clients know by name, as it is now: its leader's, else the last that was seen.
    #[must_use]
    pub fn current(&self, topic: &str, partition: i32) -> Option<&LogGhost> {
        if let Some(log) = self.metadata.image().topic_id(topic).and_then(|id| self.led_log(id, partition)) {
            return Some(log);
        }
        let of = |log: &&LogGhost| {
            log.present && log.log.partition.partition == partition && log.log.partition.topic == *topic
        };
        self.logs.iter().rev().find(of)
    }

    /// The log of the replica that leads a partition, by what is committed, else by what was stated last.
    fn led_log(&self, topic_id: Uuid, partition: i32) -> Option<&LogGhost> {
        let committed = self.metadata.image().partition(topic_id, partition).map(PartitionState::leader);
        let stated = || self.partition_by_id(topic_id, partition)?.leader.map(|led| led.node);
        let leader = committed.unwrap_or_else(stated)?;
        let log = self.log(self.by_id(leader, topic_id, partition)?);
        log.present.then_some(log)
    }

    /// The log that stands for a partition: its leader's, else the last one that is there, else the last one.
    #[must_use]
    pub fn face(&self, id: PartitionId) -> Option<&LogGhost> {
        let partition = self.partition(id);
        let led = self.led_log(partition.topic_id, partition.partition.partition);
        let logs = || partition.logs.iter().rev().map(|&log| self.log(log));
        led.or_else(|| logs().find(|log| log.present)).or_else(|| logs().next())
    }

    /// A partition by its handle.
    #[must_use]
    pub fn partition(&self, id: PartitionId) -> &PartitionGhost {
        &self.partitions[id.0 as usize]
    }

    /// Every partition, the metadata log's included, in the order in which they were first seen.
    pub fn partitions(&self) -> impl Iterator<Item = (PartitionId, &PartitionGhost)> {
        self.partitions.iter().enumerate().map(|(n, partition)| (PartitionId(n as u32), partition))
    }

    /// A partition by topic id and index.
    #[must_use]
    pub fn partition_by_id(&self, topic_id: Uuid, partition: i32) -> Option<&PartitionGhost> {
        self.partition_ids.get(&(topic_id, partition)).map(|&id| self.partition(id))
    }

    /// The partition of a log.
    #[must_use]
    pub fn partition_of(&self, log: LogId) -> PartitionId {
        self.log(log).home
    }

    /// Whether any node has a log of a partition.
    #[must_use]
    pub fn is_present(&self, id: PartitionId) -> bool {
        self.partition(id).logs.iter().any(|&log| self.log(log).present)
    }

    /// Whether a partition has several replicas: by what is committed, else by the logs that were seen.
    #[must_use]
    pub fn is_replicated(&self, log: LogId) -> bool {
        let home = self.partition_of(log);
        let partition = self.partition(home);
        if partition.is_metadata() {
            return self.voters.len() > 1;
        }
        self.state_of(home).map_or(partition.logs.len(), |state| state.replicas.len()) > 1
    }

    /// What is committed of a partition.
    #[must_use]
    pub fn state_of(&self, id: PartitionId) -> Option<&PartitionState> {
        let partition = self.partition(id);
        self.metadata.image().partition(partition.topic_id, partition.partition.partition)
    }

    /// What the metadata log has committed.
    #[must_use]
    pub fn metadata(&self) -> &MetadataGhost {
        &self.metadata
    }

    /// The nodes that vote in the quorum.
    #[must_use]
    pub fn voters(&self) -> &[NodeId] {
        &self.voters
    }

    /// What a node stated last of its ISR as a leader of a partition (an `IsrChanged`).
    #[must_use]
    pub fn leader_isr(&self, node: NodeId, topic_id: Uuid, partition: i32) -> Option<&Event> {
        self.leader_isr.get(&(node, topic_id, partition))
    }

    /// In which incarnation a node got a broker epoch.
    #[must_use]
    pub fn registered_in(&self, node: NodeId, broker_epoch: i64) -> Option<u32> {
        self.registrations.get(&(node, broker_epoch)).copied()
    }

    /// What the append at hand comes to; None if the fact at hand is none.
    #[must_use]
    pub fn writing(&self) -> Option<&Writing> {
        self.writing.as_ref()
    }

    /// The election that the fact at hand states, of a partition with several replicas.
    #[must_use]
    pub fn election(&self) -> Option<&Election> {
        self.election.as_ref()
    }

    /// The smallest ISR that may acknowledge: as it was committed, else as the brokers' own files say.
    #[must_use]
    pub fn min_isr(&self, state: &PartitionState) -> i32 {
        let own = || self.nodes.values().map(|node| node.min_isr).max().unwrap_or(1);
        state.min_isr.unwrap_or_else(own).min(state.replicas.len() as i32)
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
}
