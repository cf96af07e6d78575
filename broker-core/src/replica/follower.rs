//! Following: one long poll to each leader for all partitions that it leads, appended, and fetched on from the new end.
//!
//! Left out on purpose, until it is built: following by rack (KIP-392); starting over where the leader's log starts (ListOffsets after
//! OFFSET_OUT_OF_RANGE), which nobody needs before logs lose their front to retention or DeleteRecords.

use super::{Role, own_end, truncation};
use crate::broker::Broker;
use crate::bugs::Bug;
use crate::event::Event;
use crate::log::{Log, LogError, LogKey};
use crate::peers::{Ask, Channel};
use std::collections::BTreeMap;
use std::time::Duration;
use wire::messages::fetch::{FetchPartition, FetchRequest, FetchResponse, PartitionData, ReplicaState};
use wire::{Endpoint, ErrorCode, Instant, Io, Response};

/// What is fetched of a partition: from where, and in which leader epoch.
type Asked = (LogKey, i64, i32);

impl Broker {
    /// Fetches from every leader that nothing is in flight to; the earliest time at which more may be fetched.
    pub(crate) fn pump_replicas(&mut self, io: &mut Io<'_, Broker>) -> Instant {
        let Some(broker_epoch) = self.broker_epoch.filter(|_| !self.config.cluster.is_alone()) else {
            return Instant::NEVER;
        };
        let mut retry = Instant::NEVER;
        let mut next = self.next_leader(i32::MIN);
        while let Some(leader) = next {
            retry = retry.min(self.pump_replicas_of(leader, broker_epoch, io));
            next = self.next_leader(leader.saturating_add(1));
        }
        retry
    }

    /// The next broker, by id, to which nothing is in flight; the one that answers will be looked at then.
    fn next_leader(&self, from: i32) -> Option<i32> {
        let mut brokers = self.controller.committed().brokers.range(from..).map(|(&broker, _)| broker);
        brokers.find(|&broker| broker != self.config.node_id.0 && !self.peers.is_busy(broker, Channel::Replica))
    }

    /// Fetches what a broker leads and this one follows, if it is time; or when it will be.
    fn pump_replicas_of(&mut self, leader: i32, broker_epoch: i64, io: &mut Io<'_, Broker>) -> Instant {
        let not_before = self.peers.not_before(leader, Channel::Replica);
        if not_before > io.now.mono {
            let follows = |replica: &super::Replica| !replica.leads() && replica.leader == leader;
            let any = self.replicas.iter().any(|(_, replica)| follows(replica));
            return if any { not_before } else { Instant::NEVER };
        }
        let (asked, later) = self.wanted_from(leader, io.now.mono);
        if let Some(endpoint) = self.inter_broker_endpoint(leader).filter(|_| !asked.is_empty()) {
            self.fetch_from(leader, &endpoint, broker_epoch, asked, io);
        }
        later
    }

    /// Where other brokers reach a broker: by its first listener, unless `inter.broker.listener.name` says otherwise.
    fn inter_broker_endpoint(&self, broker: i32) -> Option<Endpoint> {
        let name = self.config.cluster.inter_broker_listener.as_ref();
        let broker = self.controller.committed().brokers.get(&broker)?;
        let named = |at: &&wire::metadata::brokers::BrokerEndpoint| name.is_none_or(|name| at.name == *name);
        let at = broker.end_points.iter().find(named)?;
        Some(Endpoint { host: at.host.clone(), port: at.port })
    }

    /// What can be fetched from a leader now, and when more can be. While a cut waits, or a topic that syncs every message has something to sync, nothing is:
    /// the fetch offset tells the leader what no power loss takes, and a partition that is left out of a long poll would wait for its end.
    fn wanted_from(&self, leader: i32, now: Instant) -> (Vec<Asked>, Instant) {
        let mut later = Instant::NEVER;
        let mut asked = Vec::new();
        for (key, replica) in self.replicas.iter().filter(|(_, replica)| replica.leader == leader) {
            let Role::Follower { not_before } = replica.role else { continue };
            let Some(log) = self.logs.get(key).filter(|_| self.logs.is_online(key)) else { continue };
            if not_before > now {
                later = later.min(not_before);
            } else if (own_end(log, false) < log.log_end_offset() && log.corrupt_from().is_none())
                || self.logs.awaits_cut(key)
            {
                return (Vec::new(), Instant::NEVER);
            } else {
                asked.push((key, log.log_end_offset(), replica.leader_epoch));
            }
        }
        (asked, later)
    }

    fn fetch_from(
        &mut self,
        leader: i32,
        endpoint: &Endpoint,
        broker_epoch: i64,
        asked: Vec<Asked>,
        io: &mut Io<'_, Broker>,
    ) {
        let cluster = &self.config.cluster;
        let mut wanted = BTreeMap::new();
        for &(key, fetch_offset, current_leader_epoch) in &asked {
            let Some(log) = self.logs.get(key) else { continue };
            let partition = FetchPartition {
                partition: key.1,
                current_leader_epoch,
                fetch_offset,
                last_fetched_epoch: log.latest_epoch(),
                log_start_offset: log.log_start_offset(),
                partition_max_bytes: cluster.replica_fetch_max_bytes,
                ..FetchPartition::default()
            };
            wanted.insert(key, partition);
        }
        let mut request = FetchRequest {
            replica_state: ReplicaState { replica_id: self.config.node_id.0, replica_epoch: broker_epoch },
            max_wait_ms: cluster.replica_fetch_wait_ms,
            min_bytes: 1,
            ..FetchRequest::default()
        };
        self.replicas.sessions.entry(leader).or_default().ask(wanted, &mut request);
        let timeout = cluster.replica_socket_timeout.max(Duration::from_millis(1));
        self.peers.send((leader, Channel::Replica, endpoint), &request.into(), Ask::ReplicaFetch(asked), timeout, io);
    }

    /// A leader answered, or its connection ended.
    pub(crate) fn replica_fetched(
        &mut self,
        leader: i32,
        asked: &[Asked],
        response: Option<Response>,
        io: &mut Io<'_, Broker>,
    ) {
        let session = self.replicas.sessions.entry(leader).or_default();
        let Some(Response::Fetch(response)) = response else {
            session.lost();
            return self.back_off(asked.iter().map(|&(key, ..)| key), io);
        };
        if !session.answered(&response) {
            return self.fetch_refused(&response, asked, io);
        }
        for topic in response.responses {
            for data in topic.partitions {
                let key = (topic.topic_id, data.partition_index);
                if let Some(&asked) = asked.iter().find(|(asked, ..)| *asked == key) {
                    self.take_replicated(leader, asked, &data, io);
                }
            }
        }
    }

    /// The request as a whole was refused. A session that the leader does not know, or knows otherwise, is replaced at once.
    fn fetch_refused(&mut self, response: &FetchResponse, asked: &[Asked], io: &mut Io<'_, Broker>) {
        let error = ErrorCode::from_code(response.error_code);
        if !matches!(error, ErrorCode::FetchSessionIdNotFound | ErrorCode::InvalidFetchSessionEpoch) {
            self.back_off(asked.iter().map(|&(key, ..)| key), io);
        }
    }

    fn back_off(&mut self, keys: impl Iterator<Item = LogKey>, io: &Io<'_, Broker>) {
        let until = io.now.mono + self.config.cluster.replica_fetch_backoff;
        for key in keys {
            if let Some(Role::Follower { not_before }) = self.replicas.get_mut(key).map(|replica| &mut replica.role) {
                *not_before = until;
            }
        }
    }

    /// What a leader brought of one partition. It counts only if nothing has changed since it was asked for.
    fn take_replicated(&mut self, leader: i32, asked: Asked, data: &PartitionData, io: &mut Io<'_, Broker>) {
        let (key, offset, leader_epoch) = asked;
        let Some(replica) = self.replicas.get(key) else { return };
        let Some(log) = self.logs.get(key) else { return };
        let bugs = &self.config.planted;
        let follows = !replica.leads() && replica.leader == leader && replica.leader_epoch == leader_epoch;
        let moved = log.log_end_offset() != offset;
        if (!follows || moved) && (replica.leads() || !bugs.has(Bug::D16)) {
            return;
        }
        if data.error_code != ErrorCode::None.code() {
            return self.back_off([key].into_iter(), io);
        }
        match self.replicate(key, leader_epoch, data, io) {
            // The leader says it again when the log may be cut.
            Ok(()) | Err(LogError::Stated(_)) => {}
            Err(error) => {
                tracing::debug!(topic = %key.0, partition = key.1, %error, "not replicated");
                self.back_off([key].into_iter(), io);
            }
        }
    }

    fn replicate(
        &mut self,
        key: LogKey,
        leader_epoch: i32,
        data: &PartitionData,
        io: &mut Io<'_, Broker>,
    ) -> Result<(), LogError> {
        let diverging = &data.diverging_epoch;
        if diverging.epoch >= 0 && !self.config.planted.has(Bug::R29) {
            return self.cut_replica(key, diverging, io);
        }
        let records = data.records.clone().unwrap_or_default();
        if !records.is_empty() {
            self.logs.append_as_follower(key, &records, leader_epoch, io, &self.config.planted)?;
            self.logs_touched = true;
        }
        let end = self.logs.get(key).map_or(0, Log::log_end_offset);
        let known = self.replicas.get(key).map_or(0, |replica| replica.high_watermark);
        if data.high_watermark < known && self.config.planted.has(Bug::R36) {
            return self.cut_to(key, data.high_watermark, io);
        }
        if let Some(replica) = self.replicas.get_mut(key) {
            // A new leader's high watermark lags behind what its predecessor had told.
            replica.high_watermark = replica.high_watermark.max(data.high_watermark.min(end));
        }
        Ok(())
    }

    /// The leader does not have what this log ends with.
    fn cut_replica(
        &mut self,
        key: LogKey,
        diverging: &wire::messages::fetch::EpochEndOffset,
        io: &mut Io<'_, Broker>,
    ) -> Result<(), LogError> {
        let Some(log) = self.logs.get(key) else { return Ok(()) };
        let to = if self.config.planted.has(Bug::R03) {
            diverging.end_offset.min(log.log_end_offset())
        } else {
            truncation::target(log, diverging)
        };
        self.cut_to(key, to, io)
    }

    fn cut_to(&mut self, key: LogKey, to: i64, io: &mut Io<'_, Broker>) -> Result<(), LogError> {
        self.logs.truncate(key, to, io, &self.config.planted)?;
        self.logs_touched = true;
        let end = self.logs.get(key).map_or(0, Log::log_end_offset);
        if let Some(replica) = self.replicas.get_mut(key) {
            replica.high_watermark = replica.high_watermark.min(end);
            let partition = replica.partition.clone();
            io.event(Event::Diverged { partition, end_offset: end });
        }
        Ok(())
    }

    /// This broker follows from now on, or nobody leads. What was in flight is of another epoch. R01, R02: the log is cut to the high
    /// watermark at once, as before KIP-101.
    pub(crate) fn follow(&mut self, key: LogKey, io: &mut Io<'_, Broker>) {
        let Some(replica) = self.replicas.get_mut(key) else { return };
        replica.role = Role::Follower { not_before: Instant::default() };
        let (partition, leader, leader_epoch) = (replica.partition.clone(), replica.leader, replica.leader_epoch);
        let high_watermark = replica.high_watermark;
        io.event(Event::BecameFollower { partition, leader, leader_epoch });
        let another = leader >= 0 && leader != self.config.node_id.0;
        if another && (self.config.planted.has(Bug::R01) || self.config.planted.has(Bug::R02)) {
            let _ = self.cut_to(key, high_watermark, io);
        }
    }
}
