//! A follower whose leader's log begins later than it would need downloads the leader's snapshot, piece by piece (KIP-630).

use super::fetch::ParkedQuorumFetch;
use super::role::{METADATA, METADATA_TOPIC, Role};
use super::snapshots::Fetching;
use crate::broker::Broker;
use crate::connections::Reply;
use crate::log::{Log, SnapshotId};
use crate::peers::{Ask, Channel};
use wire::messages::fetch::SnapshotId as NamedSnapshot;
use wire::messages::fetch_snapshot::{
    LeaderIdAndEpoch, PartitionSnapshot, PartitionSnapshotResponse, SnapshotId as WireId, TopicSnapshot,
    TopicSnapshotResponse,
};
use wire::messages::{FetchSnapshotRequest, FetchSnapshotResponse};
use wire::{ErrorCode, Io, Request, Response, Str};

impl SnapshotId {
    fn of(id: &WireId) -> SnapshotId {
        SnapshotId { end_offset: id.end_offset, epoch: id.epoch }
    }

    fn wire(self) -> WireId {
        WireId { end_offset: self.end_offset, epoch: self.epoch }
    }
}

/// What a fetch is answered where the log does not have what it asks for: the newest snapshot, if the follower needs what lies below the
/// log's start, or ends there otherwise than this log begins, or with an epoch older than all that this log knows.
pub(super) fn needed(log: &Log, earliest: Option<SnapshotId>, (offset, epoch): (i64, i32)) -> bool {
    let start = log.log_start_offset();
    let Some(earliest) = earliest.filter(|_| start > 0 || offset > 0) else { return false };
    let begins_otherwise = offset == start && start == earliest.end_offset && epoch != earliest.epoch;
    offset < start || begins_otherwise || epoch < earliest.epoch
}

impl Broker {
    /// The snapshot that a fetch is answered with.
    pub(super) fn snapshot_for(&self, fetch: ParkedQuorumFetch) -> Option<SnapshotId> {
        let snapshots = &self.quorum.snapshots;
        let log = self.logs.get(METADATA)?;
        needed(log, snapshots.earliest(), fetch.position()).then(|| snapshots.latest())?
    }

    /// A follower asks for bytes of a snapshot.
    pub(crate) fn snapshot_asked(&mut self, reply: Reply, request: &FetchSnapshotRequest, io: &mut Io<'_, Broker>) {
        let named = |topic: &&TopicSnapshot| topic.name == METADATA_TOPIC;
        let entry = request.topics.iter().find(named).and_then(|topic| topic.partitions.first());
        let known = self.is_our_cluster(request.cluster_id.as_deref());
        let response = match entry.filter(|_| known) {
            Some(entry) => {
                self.learn(entry.current_leader_epoch, -1, io);
                self.heard_from(request.replica_id, entry.current_leader_epoch, io);
                let max_bytes = request.max_bytes.min(self.config.cluster.snapshots.fetch_max_bytes);
                piece(self.read_piece(entry, max_bytes, io), self.leader_and_epoch())
            }
            None => {
                let error = if known { ErrorCode::UnknownTopicOrPartition } else { ErrorCode::InconsistentClusterId };
                FetchSnapshotResponse { error_code: error.code(), ..FetchSnapshotResponse::default() }
            }
        };
        self.connections.answer(reply, &response.into(), io);
    }

    fn leader_and_epoch(&self) -> LeaderIdAndEpoch {
        LeaderIdAndEpoch { leader_id: self.quorum.leader().unwrap_or(-1), leader_epoch: self.quorum.epoch }
    }

    /// Bytes of a snapshot that is kept here.
    fn read_piece(
        &mut self,
        asked: &PartitionSnapshot,
        max_bytes: i32,
        io: &mut Io<'_, Broker>,
    ) -> Result<PartitionSnapshotResponse, ErrorCode> {
        self.check_quorum_epoch(asked.current_leader_epoch)?;
        let id = SnapshotId::of(&asked.snapshot_id);
        let size = self.quorum.snapshots.size_of(id).ok_or(ErrorCode::SnapshotNotFound)?;
        let from =
            u64::try_from(asked.position).ok().filter(|&from| from < size).ok_or(ErrorCode::PositionOutOfRange)?;
        let to = size.min(from.saturating_add(u64::try_from(max_bytes).unwrap_or(0)));
        let read = self.logs.read_snapshot(METADATA, id, from..to, io);
        let unaligned_records = read.map_err(|error| error.code())?;
        self.quorum.snapshots.lend(id, io.now.mono + self.config.cluster.fetch_timeout);
        Ok(PartitionSnapshotResponse {
            snapshot_id: asked.snapshot_id.clone(),
            size: size as i64,
            position: asked.position,
            unaligned_records,
            ..PartitionSnapshotResponse::default()
        })
    }

    /// The leader's log begins later than this one would need.
    pub(super) fn begin_download(&mut self, id: &NamedSnapshot) {
        let id = SnapshotId { end_offset: id.end_offset, epoch: id.epoch };
        self.quorum.snapshots.fetching = Some(Fetching { id, bytes: Vec::new() });
    }

    /// Asks for the next bytes of the snapshot that is being downloaded.
    pub(super) fn piece_request(&self) -> Option<(Request, Ask)> {
        let fetching = self.quorum.snapshots.fetching.as_ref()?;
        let position = fetching.bytes.len() as i64;
        let partition = PartitionSnapshot {
            partition: 0,
            current_leader_epoch: self.quorum.epoch,
            snapshot_id: fetching.id.wire(),
            position,
            ..PartitionSnapshot::default()
        };
        let topic = TopicSnapshot { name: Str::from_static(METADATA_TOPIC), partitions: vec![partition] };
        let request = FetchSnapshotRequest {
            cluster_id: Some(self.config.cluster_id.clone()),
            replica_id: self.quorum.node,
            max_bytes: self.config.cluster.snapshots.fetch_max_bytes,
            topics: vec![topic],
        };
        Some((request.into(), Ask::FetchSnapshot { epoch: self.quorum.epoch }))
    }

    /// The leader answered, or cannot be reached: then the same bytes are asked for again.
    pub(crate) fn snapshot_fetched(&mut self, epoch: i32, response: Option<Response>, io: &mut Io<'_, Broker>) {
        let Some(Response::FetchSnapshot(response)) = response else { return };
        let data = response.topics.into_iter().next().and_then(|topic| topic.partitions.into_iter().next());
        if epoch != self.quorum.epoch {
            return;
        }
        let Some(data) = data.filter(|data| data.error_code == 0) else {
            return self.download_failed(io);
        };
        let Role::Follower { fetched, .. } = &mut self.quorum.role else { return };
        *fetched = true;
        self.quorum.deadline = io.now.mono + self.config.cluster.fetch_timeout;
        match self.take_piece(&data) {
            Ok(None) => {}
            Ok(Some(whole)) => {
                if let Err(error) = self.take_snapshot(whole, io) {
                    self.metadata_failed(&error.to_string(), io);
                }
            }
            Err(()) => self.download_failed(io),
        }
    }

    /// It may be gone there, or somebody else leads: the next fetch shows what is to be done.
    fn download_failed(&mut self, io: &Io<'_, Broker>) {
        self.quorum.snapshots.fetching = None;
        self.peers.rest(Channel::QuorumFetch, io.now.mono + self.config.cluster.retry_backoff);
    }

    /// Adds bytes to what has come; all of it, if that was the rest. Bytes that do not continue it, or go beyond its size, are refused.
    fn take_piece(&mut self, data: &PartitionSnapshotResponse) -> Result<Option<Fetching>, ()> {
        let Some(fetching) = &mut self.quorum.snapshots.fetching else { return Ok(None) };
        let have = fetching.bytes.len() as i64;
        let end = have.saturating_add(data.unaligned_records.len() as i64);
        let continues = SnapshotId::of(&data.snapshot_id) == fetching.id && data.position == have;
        if !continues || end > data.size || end == have {
            return Err(());
        }
        fetching.bytes.extend_from_slice(&data.unaligned_records);
        Ok(if end == data.size { self.quorum.snapshots.fetching.take() } else { None })
    }
}

fn piece(
    read: Result<PartitionSnapshotResponse, ErrorCode>,
    current_leader: LeaderIdAndEpoch,
) -> FetchSnapshotResponse {
    let refused = |error: ErrorCode| PartitionSnapshotResponse {
        error_code: error.code(),
        ..PartitionSnapshotResponse::default()
    };
    let partition = PartitionSnapshotResponse { current_leader, ..read.unwrap_or_else(refused) };
    let topic = TopicSnapshotResponse { name: Str::from_static(METADATA_TOPIC), partitions: vec![partition] };
    FetchSnapshotResponse { topics: vec![topic], ..FetchSnapshotResponse::default() }
}
