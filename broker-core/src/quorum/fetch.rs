//! Replication of the metadata log: the leader answers long polls, a follower asks, appends, syncs, and asks again.

use super::load;
use super::role::{METADATA, Progress, Role};
use crate::broker::Broker;
use crate::bugs::Bug;
use crate::connections::Reply;
use crate::event::Event;
use crate::log::{Log, LogError};
use crate::parked::{Parked, Waiting};
use crate::peers::{Ask, Channel};
use crate::replica::truncation;
use bytes::Bytes;
use std::time::Duration;
use wire::messages::fetch::{
    EpochEndOffset, FetchPartition, FetchRequest, FetchResponse, FetchTopic, FetchableTopicResponse, LeaderIdAndEpoch,
    PartitionData, ReplicaState, SnapshotId,
};
use wire::records::{Batch, Batches};
use wire::{ErrorCode, Instant, Io, Request, Response};

/// How long a leader keeps a fetch that has nothing to bring, in milliseconds.
const MAX_WAIT_MS: i32 = 500;
/// How much metadata one answer brings.
const MAX_BYTES: i32 = 1 << 20;

/// A follower's fetch of metadata.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ParkedQuorumFetch {
    replica: i32,
    epoch: i32,
    offset: i64,
    last_epoch: i32,
}

impl ParkedQuorumFetch {
    /// Where the follower's log ends, and with which epoch.
    pub(super) fn position(self) -> (i64, i32) {
        (self.offset, self.last_epoch)
    }
}

impl Broker {
    /// A fetch of the metadata log.
    pub(crate) fn quorum_fetch(&mut self, reply: Reply, request: &FetchRequest, io: &mut Io<'_, Broker>) {
        let named = |topic: &&FetchTopic| topic.topic_id == METADATA.0;
        let entry = request.topics.iter().find(named).and_then(|topic| topic.partitions.first());
        let Some(entry) = entry.filter(|_| self.is_our_cluster(request.cluster_id.as_deref())) else {
            return self.refuse_fetch(reply, ErrorCode::UnknownTopicId, io);
        };
        let fetch = ParkedQuorumFetch {
            replica: request.replica_id.max(request.replica_state.replica_id),
            epoch: entry.current_leader_epoch,
            offset: entry.fetch_offset,
            last_epoch: entry.last_fetched_epoch,
        };
        self.learn(fetch.epoch, -1, io);
        self.note_fetch(fetch, io);
        let max_wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0));
        match self.answer_to(fetch, io) {
            Some(data) => self.answer_quorum_fetch(reply, fetch, data, io),
            None => {
                self.quorum.waiting.insert(reply.conn);
                let waiting = Waiting::QuorumFetch(fetch);
                self.parked.park(Parked { reply, deadline: io.now.mono + max_wait, waiting });
            }
        }
    }

    /// What a fetch says of its follower. One whose log diverges says nothing of what it holds.
    fn note_fetch(&mut self, fetch: ParkedQuorumFetch, io: &mut Io<'_, Broker>) {
        if self.snapshot_for(fetch).is_some() || self.diverges(fetch).is_some() {
            return;
        }
        let Some(follower) = self.heard_from(fetch.replica, fetch.epoch, io) else { return };
        follower.end = follower.end.max(fetch.offset);
        self.advance_metadata(io);
    }

    /// A follower of this leader's epoch lives.
    pub(super) fn heard_from(&mut self, replica: i32, epoch: i32, io: &Io<'_, Broker>) -> Option<&mut Progress> {
        self.check_quorum_epoch(epoch).ok()?;
        let Role::Leader(leading) = &mut self.quorum.role else { return None };
        let follower = leading.followers.get_mut(&replica)?;
        (follower.fetched_at, follower.knows) = (io.now.mono, true);
        Some(follower)
    }

    pub(super) fn check_quorum_epoch(&self, epoch: i32) -> Result<(), ErrorCode> {
        match epoch {
            epoch if epoch < self.quorum.epoch => Err(ErrorCode::FencedLeaderEpoch),
            epoch if epoch > self.quorum.epoch => Err(ErrorCode::UnknownLeaderEpoch),
            _ if !self.quorum.leads() => Err(ErrorCode::NotLeaderOrFollower),
            _ => Ok(()),
        }
    }

    /// Where a follower's log departs from this one, if it does.
    fn diverges(&self, fetch: ParkedQuorumFetch) -> Option<EpochEndOffset> {
        let log = self.logs.get(METADATA)?;
        truncation::diverging(log, fetch.last_epoch, fetch.offset)
    }

    /// What a fetch is answered now; None if it has to wait.
    fn answer_to(&mut self, fetch: ParkedQuorumFetch, io: &mut Io<'_, Broker>) -> Option<PartitionData> {
        let high_watermark = self.quorum.told_high_watermark();
        let current_leader =
            LeaderIdAndEpoch { leader_id: self.quorum.leader().unwrap_or(-1), leader_epoch: self.quorum.epoch };
        let data = PartitionData { current_leader, high_watermark, records: Some(Bytes::new()), ..Default::default() };
        if let Err(error) = self.check_quorum_epoch(fetch.epoch) {
            return Some(PartitionData { error_code: error.code(), ..data });
        }
        if let Some(id) = self.snapshot_for(fetch) {
            let snapshot_id = SnapshotId { end_offset: id.end_offset, epoch: id.epoch };
            return Some(PartitionData { snapshot_id, ..data });
        }
        if let Some(diverging_epoch) = self.diverges(fetch) {
            io.event(Event::Diverged {
                partition: super::role::metadata_partition(),
                end_offset: diverging_epoch.end_offset,
            });
            return Some(PartitionData { diverging_epoch, ..data });
        }
        let records = self.metadata_from(fetch.offset, io);
        let Role::Leader(leading) = &mut self.quorum.role else { return None };
        let follower = leading.followers.get_mut(&fetch.replica);
        match records {
            // Whoever cannot say what was decided does not lead: its followers have it, and elect another.
            Err(error) => {
                self.metadata_failed(&error.to_string(), io);
                Some(PartitionData { error_code: error.code().code(), ..data })
            }
            Ok(bytes) => {
                let tells =
                    !bytes.is_empty() || follower.as_ref().is_some_and(|follower| follower.told < high_watermark);
                if let Some(follower) = follower.filter(|_| tells) {
                    follower.told = high_watermark;
                }
                tells.then_some(PartitionData { records: Some(bytes), ..data })
            }
        }
    }

    fn metadata_from(&self, offset: i64, io: &mut Io<'_, Broker>) -> Result<Bytes, LogError> {
        match self.logs.get(METADATA) {
            Some(log) if offset >= log.log_end_offset() => Ok(Bytes::new()),
            Some(log) => sound(load::read(log, offset, MAX_BYTES as usize, io)?, self.quorum.epoch),
            None => Err(LogError::Unknown),
        }
    }

    /// An answer that tells nothing but that the leader lives.
    pub(crate) fn time_out_quorum_fetch(&mut self, reply: Reply, fetch: ParkedQuorumFetch, io: &mut Io<'_, Broker>) {
        self.quorum.waiting.remove(&reply.conn);
        let data = self.answer_to(fetch, io).unwrap_or_else(|| PartitionData {
            high_watermark: self.quorum.told_high_watermark(),
            records: Some(Bytes::new()),
            current_leader: LeaderIdAndEpoch {
                leader_id: self.quorum.leader().unwrap_or(-1),
                leader_epoch: self.quorum.epoch,
            },
            ..PartitionData::default()
        });
        self.answer_quorum_fetch(reply, fetch, data, io);
    }

    fn answer_quorum_fetch(
        &mut self,
        reply: Reply,
        fetch: ParkedQuorumFetch,
        data: PartitionData,
        io: &mut Io<'_, Broker>,
    ) {
        tracing::trace!(replica = fetch.replica, offset = fetch.offset, error = data.error_code, "metadata is served");
        let topic = FetchableTopicResponse { topic_id: METADATA.0, partitions: vec![data], ..Default::default() };
        let response = FetchResponse { responses: vec![topic], ..FetchResponse::default() };
        self.connections.answer(reply, &response.into(), io);
    }

    /// The metadata log, its high watermark or who leads has changed: parked fetches look again.
    pub(crate) fn wake_quorum_fetches(&mut self, io: &mut Io<'_, Broker>) {
        let waiting: Vec<_> = self.quorum.waiting.iter().copied().collect();
        for conn in waiting {
            let Some(Parked { reply, deadline, waiting: Waiting::QuorumFetch(fetch) }) = self.parked.take(conn) else {
                self.quorum.waiting.remove(&conn);
                continue;
            };
            match self.answer_to(fetch, io) {
                Some(data) => {
                    self.quorum.waiting.remove(&conn);
                    self.answer_quorum_fetch(reply, fetch, data, io);
                }
                None => self.parked.park(Parked { reply, deadline, waiting: Waiting::QuorumFetch(fetch) }),
            }
        }
    }

    /// Fetches metadata if this node follows, its epoch is durable, and so is what it has; the earliest time at which it may otherwise.
    pub(crate) fn pump_quorum_fetch(&mut self, io: &mut Io<'_, Broker>) -> Instant {
        let Role::Follower { leader, .. } = self.quorum.role else { return Instant::NEVER };
        let Some(log) = self.logs.get(METADATA) else { return Instant::NEVER };
        let durable = log.recovery_point() >= log.log_end_offset() || self.config.planted.has(Bug::C05);
        let waits = self.quorum.snapshots.is_installing() || self.logs.awaits_cut(METADATA);
        if self.quorum.saving.is_some() || !durable || waits {
            return Instant::NEVER;
        }
        if !self.peers.is_free(leader, Channel::QuorumFetch, io.now.mono) {
            return self.peers.not_before(leader, Channel::QuorumFetch);
        }
        let Some(endpoint) = self.config.cluster.voters.get(&leader) else { return Instant::NEVER };
        let asked = self.piece_request().unwrap_or_else(|| self.metadata_request(log));
        let timeout = self.config.cluster.request_timeout;
        self.peers.send((leader, Channel::QuorumFetch, endpoint), &asked.0, asked.1, timeout, io);
        Instant::NEVER
    }

    /// Asks for what follows this node's log.
    fn metadata_request(&self, log: &Log) -> (Request, Ask) {
        let partition = FetchPartition {
            partition: 0,
            current_leader_epoch: self.quorum.epoch,
            fetch_offset: log.log_end_offset(),
            last_fetched_epoch: self.quorum.last_epoch(&self.logs),
            log_start_offset: log.log_start_offset(),
            partition_max_bytes: MAX_BYTES,
            high_watermark: self.quorum.high_watermark,
            ..FetchPartition::default()
        };
        let request = FetchRequest {
            cluster_id: Some(self.config.cluster_id.clone()),
            replica_state: ReplicaState { replica_id: self.quorum.node, replica_epoch: -1 },
            max_wait_ms: MAX_WAIT_MS,
            max_bytes: MAX_BYTES,
            topics: vec![FetchTopic { topic_id: METADATA.0, partitions: vec![partition], ..FetchTopic::default() }],
            ..FetchRequest::default()
        };
        (request.into(), Ask::QuorumFetch { epoch: self.quorum.epoch })
    }

    /// The leader answered, or cannot be reached.
    pub(crate) fn metadata_fetched(&mut self, epoch: i32, response: Option<Response>, io: &mut Io<'_, Broker>) {
        let Some(Response::Fetch(response)) = response else { return };
        let data = response.responses.into_iter().next().and_then(|topic| topic.partitions.into_iter().next());
        let Some(data) = data.filter(|_| epoch == self.quorum.epoch) else { return };
        if data.error_code != 0 {
            self.peers.rest(Channel::QuorumFetch, io.now.mono + self.config.cluster.retry_backoff);
            return self.learn(data.current_leader.leader_epoch, data.current_leader.leader_id, io);
        }
        if !matches!(self.quorum.role, Role::Follower { .. }) {
            return;
        }
        match self.take_metadata(&data, io) {
            // What a leader's disk spoiled is not this log's failure: it is asked for again (KAFKA-18723). But such a leader leads nobody on: it
            // counts as silent, and another one will be elected.
            Err(error @ LogError::NotNext) => {
                tracing::warn!(%error, "what the leader sent is not taken");
                self.peers.rest(Channel::QuorumFetch, io.now.mono + self.config.cluster.retry_backoff);
            }
            // The leader says it again when the log may be cut.
            Ok(()) | Err(LogError::Stated(_)) => self.leader_lives(io),
            Err(error) => self.metadata_failed(&error.to_string(), io),
        }
    }

    fn leader_lives(&mut self, io: &Io<'_, Broker>) {
        if let Role::Follower { fetched, .. } = &mut self.quorum.role {
            *fetched = true;
            self.quorum.deadline = io.now.mono + self.config.cluster.fetch_timeout;
        }
    }

    fn take_metadata(&mut self, data: &PartitionData, io: &mut Io<'_, Broker>) -> Result<(), LogError> {
        if data.snapshot_id.end_offset >= 0 {
            self.begin_download(&data.snapshot_id);
            return Ok(());
        }
        if data.diverging_epoch.epoch >= 0 {
            return self.cut_metadata(&data.diverging_epoch, io);
        }
        let records = data.records.clone().unwrap_or_default();
        if !records.is_empty() {
            let base = self.logs.get(METADATA).map_or(0, Log::log_end_offset);
            self.logs.append_as_follower(METADATA, &records, self.quorum.epoch, io, &self.config.planted)?;
            self.logs.flush(METADATA, io, &self.config.planted);
            self.propose_from(base, io)?;
        }
        let end = self.logs.get(METADATA).map_or(0, Log::log_end_offset);
        let known = if self.config.planted.has(Bug::C28) { end } else { data.high_watermark.min(end) };
        self.quorum.high_watermark = self.quorum.high_watermark.max(known);
        self.metadata_committed(end >= data.high_watermark && data.high_watermark > 0, io);
        Ok(())
    }

    /// The leader does not have what this log ends with.
    fn cut_metadata(&mut self, diverging: &EpochEndOffset, io: &mut Io<'_, Broker>) -> Result<(), LogError> {
        let Some(log) = self.logs.get(METADATA) else { return Ok(()) };
        let to = truncation::target(log, diverging);
        if to < self.quorum.high_watermark {
            return Err(LogError::OutOfRange);
        }
        self.logs.truncate(METADATA, to, io, &self.config.planted)?;
        self.logs.flush(METADATA, io, &self.config.planted);
        self.reload_uncommitted(io)
    }

    /// What stands in the log above the high watermark is speculation again, and nobody waits for it.
    pub(crate) fn reload_uncommitted(&mut self, io: &mut Io<'_, Broker>) -> Result<(), LogError> {
        for answer in self.controller.revert() {
            self.unanswered(answer, io);
        }
        self.propose_from(self.controller.committed().next_offset(), io)
    }

    /// Takes the records of the log from an offset on into the latest image.
    fn propose_from(&mut self, from: i64, io: &mut Io<'_, Broker>) -> Result<(), LogError> {
        let batches = load::load_from(&self.logs, from, io).map_err(|error| match error {
            super::role::QuorumError::Log(error) => error,
            super::role::QuorumError::Corrupt(_) => LogError::Corrupt(from),
        })?;
        for (base_offset, mut records) in batches {
            if self.config.planted.has(Bug::C38) {
                records.sort_by_key(|record| self.keyed.number(record.name(), 0));
            }
            self.controller.propose(base_offset, records, None);
        }
        Ok(())
    }
}

/// Batches as the leader of an epoch may send them; an error if one is not what was appended.
fn sound(batches: Bytes, leader_epoch: i32) -> Result<Bytes, LogError> {
    let rotten = |batch: &Batch| !batch.is_valid() || batch.header.partition_leader_epoch > leader_epoch;
    match Batches::new(batches.clone()).find(rotten) {
        Some(rotten) => Err(LogError::Corrupt(rotten.header.base_offset)),
        None => Ok(batches),
    }
}
