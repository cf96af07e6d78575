//! What a leader asks the controller for: replicas that caught up join the ISR, replicas that lag leave it (KIP-497).

use crate::broker::Broker;
use crate::bugs::Bug;
use crate::event::Event;
use crate::log::{Log, LogKey};
use crate::peers::Ask;
use std::collections::BTreeMap;
use wire::messages::alter_partition::{BrokerState, PartitionData, PartitionDataResponse, TopicData};
use wire::messages::{AlterPartitionRequest, AlterPartitionResponse};
use wire::{ErrorCode, Instant, Io, Uuid};

impl Broker {
    /// Whether a replica's broker may be in an ISR, as far as this broker knows.
    pub(crate) fn may_join(&self, replica: i32) -> bool {
        self.controller.committed().is_active(replica) || self.config.planted.has(Bug::R16)
    }

    /// A follower has fetched: it may have caught up.
    pub(crate) fn maybe_expand(&mut self, key: LogKey, follower: i32, io: &mut Io<'_, Broker>) {
        let may_join = self.may_join(follower);
        let ignores_epoch_start = self.config.planted.has(Bug::R09);
        let own = self.broker_epoch.unwrap_or(-1);
        let Some(replica) = self.replicas.get_mut(key) else { return };
        let high_watermark = replica.high_watermark;
        let Some(leading) = replica.leading_mut() else { return };
        let outside = leading.pending.is_none() && !leading.isr.contains(&follower);
        if !outside || !may_join || !leading.is_in_sync(follower, high_watermark, ignores_epoch_start) {
            return;
        }
        let mut isr = leading.isr.clone();
        isr.push(follower);
        leading.propose(&isr, own);
        self.isr_asked = true;
        self.state_isr(key, io);
    }

    /// Followers that have lagged for longer than `replica.lag.time.max.ms` leave.
    pub(crate) fn shrink_isrs(&mut self, io: &mut Io<'_, Broker>) {
        let (now, lag) = (io.now.mono, self.config.cluster.replica_lag);
        let own = self.broker_epoch.unwrap_or(-1);
        let mut shrunk = Vec::new();
        for (key, replica) in self.replicas.iter_mut() {
            let end = self.logs.get(key).map_or(0, Log::log_end_offset);
            let Some(leading) = replica.leading_mut().filter(|leading| leading.pending.is_none()) else { continue };
            if let Some(isr) = leading.without_laggards(end, now, lag) {
                leading.propose(&isr, own);
                shrunk.push(key);
            }
        }
        self.isr_asked |= !shrunk.is_empty();
        for key in shrunk {
            self.state_isr(key, io);
        }
    }

    /// States the ISR of a partition that this broker leads.
    pub(crate) fn state_isr(&self, key: LogKey, io: &mut Io<'_, Broker>) {
        let Some(replica) = self.replicas.get(key) else { return };
        let Some(leading) = replica.leading() else { return };
        io.event(Event::IsrChanged {
            partition: replica.partition.clone(),
            leader_epoch: replica.leader_epoch,
            partition_epoch: replica.partition_epoch,
            isr: leading.isr.clone(),
            maximal_isr: leading.maximal_isr(&replica.replicas),
            min_isr: i32::try_from(leading.min_isr).unwrap_or(i32::MAX),
        });
    }

    /// Asks the controller for what is pending; when to try again if it cannot be asked now.
    pub(crate) fn pump_isr(&mut self, io: &mut Io<'_, Broker>) -> Instant {
        let Some(broker_epoch) = self.broker_epoch.filter(|_| self.isr_asked && !self.isr_asking) else {
            return Instant::NEVER;
        };
        let mut topics: BTreeMap<Uuid, Vec<PartitionData>> = BTreeMap::new();
        let mut keys = Vec::new();
        for (key, replica) in self.replicas.iter() {
            if let Some(asked) = asked_of(replica) {
                topics.entry(key.0).or_default().push(asked);
                keys.push(key);
            }
        }
        self.isr_asked = !keys.is_empty();
        if keys.is_empty() || self.isr_retry_at > io.now.mono {
            return if keys.is_empty() { Instant::NEVER } else { self.isr_retry_at };
        }
        self.mark_sent(&keys, true);
        let topics = topics.into_iter().map(|(topic_id, partitions)| TopicData { topic_id, partitions }).collect();
        let request = AlterPartitionRequest { broker_id: self.config.node_id.0, broker_epoch, topics };
        self.isr_asking = true;
        if let Err(retry) = self.ask_controller(request.into(), Ask::AlterPartition(keys.clone()), io) {
            self.isr_asking = false;
            self.mark_sent(&keys, false);
            return retry;
        }
        Instant::NEVER
    }

    fn mark_sent(&mut self, keys: &[LogKey], sent: bool) {
        for &key in keys {
            let leading = self.replicas.get_mut(key).and_then(super::Replica::leading_mut);
            if let Some(pending) = leading.and_then(|leading| leading.pending.as_mut()) {
                pending.sent = sent;
            }
        }
    }

    /// The controller answered, or nobody knows whether it did: then it is asked again, and until it has answered the request may have been
    /// granted.
    pub(crate) fn isr_answered(
        &mut self,
        keys: &[LogKey],
        response: Option<AlterPartitionResponse>,
        io: &mut Io<'_, Broker>,
    ) {
        self.isr_asking = false;
        let answered = response.filter(|response| response.error_code == 0);
        self.isr_asked = true;
        let Some(response) = answered else {
            self.isr_retry_at = io.now.mono + self.config.cluster.retry_backoff;
            return self.mark_sent(keys, false);
        };
        for topic in response.topics {
            for settled in topic.partitions {
                let key = (topic.topic_id, settled.partition_index);
                if keys.contains(&key) {
                    self.isr_settled(key, &settled, io);
                }
            }
        }
    }

    fn isr_settled(&mut self, key: LogKey, settled: &PartitionDataResponse, io: &mut Io<'_, Broker>) {
        let Some(replica) = self.replicas.get_mut(key) else { return };
        let same = settled.leader_epoch == replica.leader_epoch;
        let newer = settled.partition_epoch > replica.partition_epoch;
        let error = ErrorCode::from_code(settled.error_code);
        let Some(leading) = super::Replica::leading_mut(replica) else { return };
        match error {
            ErrorCode::None if same => {
                leading.pending = None;
                if newer {
                    leading.isr.clone_from(&settled.isr);
                    replica.partition_epoch = settled.partition_epoch;
                }
            }
            // Certainly refused.
            ErrorCode::IneligibleReplica => leading.pending = None,
            // An earlier request may have been granted without an answer, or another leader been elected: the metadata will say, and until
            // then whoever was asked for counts.
            _ => return,
        }
        self.state_isr(key, io);
        self.advance(key, io);
    }
}

/// What is to be asked for a partition.
fn asked_of(replica: &super::Replica) -> Option<PartitionData> {
    let pending = replica.leading()?.pending.as_ref().filter(|pending| !pending.sent)?;
    let members = pending.isr.iter().map(|&(broker_id, broker_epoch)| BrokerState { broker_id, broker_epoch });
    Some(PartitionData {
        partition_index: replica.partition.partition,
        leader_epoch: replica.leader_epoch,
        new_isr_with_epochs: members.collect(),
        partition_epoch: replica.partition_epoch,
        ..PartitionData::default()
    })
}
