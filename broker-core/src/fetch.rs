//! Fetch: reads each partition up to what the reader may see, and waits for `min_bytes` or for the disk.
//!
//! A read below the hot tail goes to the disk; the request is parked meanwhile, and epoch and bounds are checked again when it comes.
//! Followers fetch as consumers do, but up to the log's end, and what they ask for says what they have. Left out on purpose, until they are
//! built: fetch sessions (KIP-227), following by rack (KIP-392).

use crate::broker::Broker;
use crate::bugs::Bug;
use crate::connections::Reply;
use crate::event::Event;
use crate::log::{ColdRead, LogError, LogKey, Slice};
use crate::parked::{Parked, Waiting};
use crate::replica::leader::Follower;
use crate::replica::{Replica, truncation};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::time::Duration;
use wire::messages::fetch::{
    EpochEndOffset, FetchPartition, FetchRequest, FetchResponse, FetchTopic, FetchableTopicResponse, LeaderIdAndEpoch,
    PartitionData,
};
use wire::{DiskError, ErrorCode, Instant, Io, Output, ReadId, Str, Uuid};

/// A Fetch request that waits.
#[derive(Clone, Debug)]
pub(crate) struct ParkedFetch {
    wanted: Wanted,
    /// Cold reads that are under way, and where their bytes belong.
    reads: BTreeMap<ReadId, Reading>,
    /// What is there already while cold reads are under way.
    response: FetchResponse,
}

/// A request, with its limits settled.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    partitions: Vec<(Str, Uuid, FetchPartition)>,
    session_id: i32,
    min_bytes: usize,
    max_bytes: usize,
    read_committed: bool,
    /// The follower that asks, and the epoch of its broker.
    replica: Option<(i32, i64)>,
    version: i16,
}

#[derive(Clone, Debug)]
struct Reading {
    key: LogKey,
    cold: ColdRead,
    current_leader_epoch: i32,
    at: (usize, usize),
}

/// What one look at all partitions came to.
struct Found {
    response: FetchResponse,
    bytes: usize,
    /// An error or a divergence: the client should know at once.
    urgent: bool,
    cold: Vec<(LogKey, ColdRead, i32, (usize, usize))>,
}

impl Broker {
    pub(crate) fn fetch(&mut self, reply: Reply, request: FetchRequest, io: &mut Io<'_, Broker>) {
        if request.session_epoch > 0 || request.session_epoch < -1 {
            // Sessions are not kept: every fetch is full, as with Kafka's when its cache has no room.
            return self.refuse_fetch(reply, ErrorCode::FetchSessionIdNotFound, io);
        }
        if !matches!(request.isolation_level, 0 | 1) && self.names_a_partition(&request, reply.version) {
            return self.connections.answer(reply, &failed_fetch(request, reply.version).into(), io);
        }
        let max_wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0));
        let wanted = wanted(request, reply.version, self.config.fetch_max_bytes);
        self.note_followers(&wanted, io);
        let found = self.look(&wanted, io);
        let waits = !max_wait.is_zero() && !wanted.partitions.is_empty();
        if found.cold.is_empty() && (!waits || found.is_enough(&wanted)) {
            return self.answer_fetch(reply, &wanted, found.response, io);
        }
        self.park_fetch(reply, io.now.mono + max_wait, wanted, found, io);
    }

    /// Whether there is anything to read at all.
    fn names_a_partition(&self, request: &FetchRequest, version: i16) -> bool {
        let here = |topic: &FetchTopic, entry: &FetchPartition| {
            (version < 13 || topic.topic_id != Uuid::ZERO)
                && self.resolve(&topic.topic, topic.topic_id, entry.partition).is_ok()
        };
        request.topics.iter().any(|topic| topic.partitions.iter().any(|entry| here(topic, entry)))
    }

    pub(crate) fn refuse_fetch(&mut self, reply: Reply, error: ErrorCode, io: &mut Io<'_, Broker>) {
        let response = FetchResponse { error_code: error.code(), ..FetchResponse::default() };
        self.connections.answer(reply, &response.into(), io);
    }

    fn park_fetch(&mut self, reply: Reply, deadline: Instant, wanted: Wanted, found: Found, io: &mut Io<'_, Broker>) {
        let mut reads = BTreeMap::new();
        for (key, cold, current_leader_epoch, at) in found.cold {
            let id = self.start_read(reply, key, &cold, io);
            reads.insert(id, Reading { key, cold, current_leader_epoch, at });
        }
        let keys: Vec<LogKey> = self.keys_of(&wanted).collect();
        for key in keys {
            if let Some(replica) = self.replicas.get_mut(key) {
                replica.wait(reply.conn);
            }
        }
        io.event(Event::Parked { what: "fetch" });
        // The disk has no deadline: what it brings is waited for.
        let deadline = if reads.is_empty() { deadline } else { Instant::NEVER };
        let waiting = Waiting::Fetch(ParkedFetch { wanted, reads, response: found.response });
        self.parked.park(Parked { reply, deadline, waiting });
    }

    fn start_read(&mut self, reply: Reply, key: LogKey, cold: &ColdRead, io: &mut Io<'_, Broker>) -> ReadId {
        let id = ReadId(self.next_read);
        self.next_read += 1;
        self.reads.insert(id, reply.conn);
        if let Some(log) = self.logs.get(key) {
            io.event(Event::ColdRead { partition: log.partition().clone(), offset: cold.offset });
        }
        io.push(Output::Read(id, cold.file, cold.range.clone()));
        id
    }

    fn keys_of<'a>(&'a self, wanted: &'a Wanted) -> impl Iterator<Item = LogKey> + 'a {
        wanted.partitions.iter().filter_map(|(topic, id, entry)| self.resolve(topic, *id, entry.partition).ok())
    }

    /// Reads all partitions as they are now.
    fn look(&self, wanted: &Wanted, io: &mut Io<'_, Broker>) -> Found {
        let response = FetchResponse { session_id: wanted.session_id, ..FetchResponse::default() };
        let mut found = Found { response, bytes: 0, urgent: false, cold: Vec::new() };
        for (topic, topic_id, entry) in &wanted.partitions {
            let mut data = PartitionData { partition_index: entry.partition, ..empty_data() };
            let topics = &mut found.response.responses;
            if topics.last().is_none_or(|last| last.topic != *topic || last.topic_id != *topic_id) {
                let (topic, topic_id) = (topic.clone(), *topic_id);
                topics.push(FetchableTopicResponse { topic, topic_id, partitions: Vec::new() });
            }
            let topic_at = topics.len() - 1;
            let partition_at = topics.last().map_or(0, |topic| topic.partitions.len());
            let room = wanted.max_bytes.saturating_sub(found.bytes);
            let limits = Limits { room, at_least_one: found.bytes == 0 && found.cold.is_empty() };
            let key = self.resolve_fetched(wanted, topic, *topic_id, entry.partition);
            let mut urgent = false;
            let slice = key.and_then(|key| {
                self.look_at(key, entry, wanted, limits, (&mut data, &mut urgent), io).map(|slice| (key, slice))
            });
            found.urgent |= urgent;
            match slice {
                Ok((_, Slice::Ready(bytes))) => {
                    found.bytes += bytes.len();
                    found.urgent |= data.diverging_epoch.epoch >= 0;
                    data.records = Some(bytes);
                }
                Ok((key, Slice::Cold(cold))) => {
                    found.cold.push((key, cold, entry.current_leader_epoch, (topic_at, partition_at)));
                }
                Err(error) => {
                    found.urgent = true;
                    data = self.failed_data(entry.partition, error, key.ok());
                    // Kafka lists no aborted transactions of a partition that it does not have, and is silent about one that it has.
                    data.aborted_transactions = key.is_err().then(Vec::new);
                    if wanted.version < 12 {
                        // There is no field for it.
                        data.current_leader = LeaderIdAndEpoch::default();
                    }
                }
            }
            if let Some(topic) = found.response.responses.last_mut() {
                topic.partitions.push(data);
            }
        }
        found
    }

    fn resolve_fetched(&self, wanted: &Wanted, topic: &Str, id: Uuid, partition: i32) -> Result<LogKey, ErrorCode> {
        // From version 13 on a topic is named by its id alone.
        if wanted.version >= 13 && id == Uuid::ZERO {
            return Err(ErrorCode::UnknownTopicId);
        }
        self.resolve(topic, id, partition)
    }

    /// Reads one partition and fills in its offsets.
    fn look_at(
        &self,
        key: LogKey,
        entry: &FetchPartition,
        wanted: &Wanted,
        limits: Limits,
        (data, urgent): (&mut PartitionData, &mut bool),
        io: &mut Io<'_, Broker>,
    ) -> Result<Slice, ErrorCode> {
        let replica = self.replicas.get(key).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let log = self.logs.get(key).filter(|_| self.logs.is_online(key)).ok_or(ErrorCode::KafkaStorageError)?;
        let bugs = &self.config.planted;
        // Here any negative epoch means that the client does not know.
        let asked_epoch = if wanted.replica.is_some() && bugs.has(Bug::R07) { -1 } else { entry.current_leader_epoch };
        replica.check_epoch(asked_epoch.max(-1))?;
        let follower = wanted.replica.map(|(id, _)| self.follower_of(replica, id)).transpose()?;
        *urgent |= follower.is_some_and(|follower| follower.told < replica.high_watermark);
        data.high_watermark = replica.high_watermark;
        data.last_stable_offset = replica.high_watermark;
        data.log_start_offset = log.log_start_offset();
        data.aborted_transactions = wanted.read_committed.then(Vec::new);
        if entry.last_fetched_epoch >= 0 {
            let known = truncation::known(log, entry.last_fetched_epoch, bugs).ok_or(ErrorCode::OffsetOutOfRange)?;
            let departs = truncation::departs(known, entry.last_fetched_epoch, entry.fetch_offset);
            if departs && !bugs.has(Bug::R02) {
                let (epoch, end_offset) = known;
                data.diverging_epoch = EpochEndOffset { epoch, end_offset };
                data.aborted_transactions = None;
                if !bugs.has(Bug::R29) {
                    return Ok(Slice::Ready(Bytes::new()));
                }
            }
        }
        if let Some(corrupt) =
            log.corrupt_from().filter(|&corrupt| entry.fetch_offset >= corrupt && !bugs.has(Bug::D12))
        {
            // What comes next is there and cannot be read: neither the log's end nor out of range.
            return Err(LogError::Corrupt(corrupt).code());
        }
        if entry.fetch_offset < log.log_start_offset() || entry.fetch_offset > log.log_end_offset() {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        let stale = log.active_base_offset() == Some(replica.high_watermark) && bugs.has(Bug::R23);
        let exposes = follower.is_some() || stale || bugs.has(Bug::R25);
        let upto = if exposes { log.log_end_offset() } else { replica.high_watermark };
        if entry.fetch_offset >= upto {
            return Ok(Slice::Ready(Bytes::new()));
        }
        let max_bytes = usize::try_from(entry.partition_max_bytes).map_err(|_| ErrorCode::UnknownServerError)?;
        let max_bytes = max_bytes.min(limits.room);
        log.read(entry.fetch_offset, upto, max_bytes, limits.at_least_one, io.disk).map_err(|error| error.code())
    }

    /// A follower that the partition has; any other broker is told that it is at the wrong place.
    fn follower_of<'a>(&self, replica: &'a Replica, id: i32) -> Result<&'a Follower, ErrorCode> {
        let leading = replica.leading().ok_or(ErrorCode::NotLeaderOrFollower)?;
        leading.followers.get(&id).ok_or(ErrorCode::NotLeaderOrFollower)
    }

    /// What a follower asks for says what it has, where its log is a prefix of this one's and its epoch the present one.
    fn note_followers(&mut self, wanted: &Wanted, io: &mut Io<'_, Broker>) {
        let Some((follower, broker_epoch)) = wanted.replica else { return };
        for (topic, topic_id, entry) in &wanted.partitions {
            let Ok(key) = self.resolve_fetched(wanted, topic, *topic_id, entry.partition) else { continue };
            if self.is_prefix(key, entry) {
                self.follower_fetched(key, follower, broker_epoch, entry.fetch_offset, io);
            }
        }
    }

    fn is_prefix(&self, key: LogKey, entry: &FetchPartition) -> bool {
        let (Some(replica), Some(log)) = (self.replicas.get(key), self.logs.get(key)) else { return false };
        let bugs = &self.config.planted;
        let asked_epoch = if bugs.has(Bug::R07) { -1 } else { entry.current_leader_epoch };
        let fenced = replica.check_epoch(asked_epoch.max(-1)).is_err();
        let known = truncation::known(log, entry.last_fetched_epoch, bugs);
        let apart = entry.last_fetched_epoch >= 0
            && known.is_none_or(|known| truncation::departs(known, entry.last_fetched_epoch, entry.fetch_offset))
            && !bugs.has(Bug::R02);
        !fenced && !apart && entry.fetch_offset <= log.log_end_offset()
    }

    fn follower_fetched(
        &mut self,
        key: LogKey,
        follower: i32,
        broker_epoch: i64,
        offset: i64,
        io: &mut Io<'_, Broker>,
    ) {
        let end = self.logs.get(key).map_or(0, |log| log.log_end_offset());
        let leading = self.replicas.get_mut(key).and_then(Replica::leading_mut);
        let Some(known) = leading.and_then(|leading| leading.followers.get_mut(&follower)) else { return };
        known.fetches(offset, end, broker_epoch, io.now.mono);
        self.maybe_expand(key, follower, io);
        self.advance(key, io);
    }

    /// What a follower is told with an answer.
    fn note_told(&mut self, wanted: &Wanted, response: &FetchResponse) {
        let Some((id, _)) = wanted.replica else { return };
        for topic in &response.responses {
            for data in topic.partitions.iter().filter(|data| data.error_code == 0) {
                let replica = self.replicas.get_mut((topic.topic_id, data.partition_index));
                let leading = replica.and_then(Replica::leading_mut);
                if let Some(follower) = leading.and_then(|leading| leading.followers.get_mut(&id)) {
                    follower.told = data.high_watermark;
                }
            }
        }
    }

    fn failed_data(&self, partition_index: i32, error: ErrorCode, key: Option<LogKey>) -> PartitionData {
        let stale = matches!(error, ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch);
        let leader = key.filter(|_| stale).and_then(|key| self.leader_of(key));
        let current_leader =
            leader.map(|(leader_id, leader_epoch)| LeaderIdAndEpoch { leader_id, leader_epoch }).unwrap_or_default();
        PartitionData { partition_index, error_code: error.code(), current_leader, ..empty_data() }
    }

    /// A parked Fetch looks again, because a partition changed.
    pub(crate) fn retry_fetch(&mut self, parked: Parked, io: &mut Io<'_, Broker>) {
        let Waiting::Fetch(fetch) = &parked.waiting else { return };
        if !fetch.reads.is_empty() {
            return self.parked.park(parked);
        }
        let found = self.look(&fetch.wanted, io);
        if found.cold.is_empty() && !found.is_enough(&fetch.wanted) {
            return self.parked.park(parked);
        }
        self.finish_fetch(parked, found, io);
    }

    /// A parked Fetch has waited long enough: it gets what is there.
    pub(crate) fn time_out_fetch(&mut self, parked: Parked, io: &mut Io<'_, Broker>) {
        let Waiting::Fetch(fetch) = &parked.waiting else { return };
        let found = self.look(&fetch.wanted, io);
        self.finish_fetch(parked, found, io);
    }

    fn finish_fetch(&mut self, parked: Parked, found: Found, io: &mut Io<'_, Broker>) {
        let Parked { reply, deadline, waiting: Waiting::Fetch(fetch) } = parked else { return };
        self.forget_waiters(&fetch.wanted, reply);
        if found.cold.is_empty() {
            self.answer_fetch(reply, &fetch.wanted, found.response, io);
        } else {
            self.park_fetch(reply, deadline, fetch.wanted, found, io);
        }
    }

    fn forget_waiters(&mut self, wanted: &Wanted, reply: Reply) {
        let keys: Vec<LogKey> = self.keys_of(wanted).collect();
        for key in keys {
            self.forget_waiter(key, reply.conn);
        }
    }

    /// A cold read ended.
    pub(crate) fn read_done(&mut self, id: ReadId, result: Result<Bytes, DiskError>, io: &mut Io<'_, Broker>) {
        let Some(mut parked) = self.reads.remove(&id).and_then(|conn| self.parked.take(conn)) else { return };
        let reply = parked.reply;
        let Waiting::Fetch(fetch) = &mut parked.waiting else { return self.parked.park(parked) };
        if let Some(reading) = fetch.reads.remove(&id) {
            let again = self.finish_reading(&reading, result);
            match again {
                Ok(Slice::Ready(bytes)) => set_records(&mut fetch.response, reading.at, bytes),
                Ok(Slice::Cold(cold)) => {
                    let id = self.start_read(reply, reading.key, &cold, io);
                    fetch.reads.insert(id, Reading { cold, ..reading });
                }
                Err(error) => {
                    let data = |index| self.failed_data(index, error, Some(reading.key));
                    set_failed(&mut fetch.response, reading.at, data);
                }
            }
        }
        if !fetch.reads.is_empty() {
            return self.parked.park(parked);
        }
        let response = std::mem::take(&mut fetch.response);
        let Waiting::Fetch(fetch) = parked.waiting else { return };
        self.forget_waiters(&fetch.wanted, reply);
        self.answer_fetch(reply, &fetch.wanted, response, io);
    }

    /// Much may have happened while the disk was busy: leadership, truncation, deletion.
    fn finish_reading(&self, reading: &Reading, result: Result<Bytes, DiskError>) -> Result<Slice, ErrorCode> {
        let replica = self.replicas.get(reading.key).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let log = self
            .logs
            .get(reading.key)
            .filter(|_| self.logs.is_online(reading.key))
            .ok_or(ErrorCode::KafkaStorageError)?;
        let bugs = &self.config.planted;
        if !bugs.has(Bug::R30) {
            replica.check_epoch(reading.current_leader_epoch.max(-1))?;
        }
        if reading.cold.offset < log.log_start_offset() || reading.cold.offset > log.log_end_offset() {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        let bytes = result.map_err(|_| ErrorCode::KafkaStorageError)?;
        let mut cold = reading.cold.clone();
        if bugs.has(Bug::D23) {
            cold.upto = i64::MAX;
        }
        log.finish_read(cold, bytes).map_err(|error| error.code())
    }

    fn answer_fetch(&mut self, reply: Reply, wanted: &Wanted, response: FetchResponse, io: &mut Io<'_, Broker>) {
        self.note_told(wanted, &response);
        self.connections.answer(reply, &response.into(), io);
    }
}

impl Found {
    fn is_enough(&self, wanted: &Wanted) -> bool {
        self.urgent || self.bytes >= wanted.min_bytes
    }
}

/// What is left of a request's limits for the next partition.
#[derive(Clone, Copy)]
struct Limits {
    room: usize,
    at_least_one: bool,
}

fn wanted(request: FetchRequest, version: i16, fetch_max_bytes: usize) -> Wanted {
    let replica_id = request.replica_id.max(request.replica_state.replica_id);
    let max_bytes = usize::try_from(request.max_bytes).unwrap_or(0).min(fetch_max_bytes);
    Wanted {
        partitions: distinct(request.topics),
        session_id: 0,
        min_bytes: usize::try_from(request.min_bytes).unwrap_or(0).min(max_bytes),
        max_bytes,
        read_committed: request.isolation_level == 1,
        replica: (replica_id >= 0).then_some((replica_id, request.replica_state.replica_epoch)),
        version,
    }
}

/// A request that Kafka stumbles over. Before topic ids every partition is told, since then the response as a whole.
fn failed_fetch(request: FetchRequest, version: i16) -> FetchResponse {
    let error_code = ErrorCode::UnknownServerError.code();
    let failed = |entry: FetchPartition| PartitionData {
        partition_index: entry.partition,
        error_code,
        aborted_transactions: Some(Vec::new()),
        ..empty_data()
    };
    let told = request.topics.into_iter().filter(|_| version < 13).map(|topic| FetchableTopicResponse {
        topic: topic.topic,
        topic_id: topic.topic_id,
        partitions: topic.partitions.into_iter().map(failed).collect(),
    });
    FetchResponse { error_code, responses: told.collect(), ..FetchResponse::default() }
}

/// The partitions of a request. One that stands twice is read once, where it stood first, as it was asked for last.
fn distinct(topics: Vec<FetchTopic>) -> Vec<(Str, Uuid, FetchPartition)> {
    let mut places = BTreeMap::new();
    let mut partitions: Vec<(Str, Uuid, FetchPartition)> = Vec::new();
    for FetchTopic { topic, topic_id, partitions: entries } in topics {
        for entry in entries {
            let place = *places.entry((topic.clone(), topic_id, entry.partition)).or_insert(partitions.len());
            match partitions.get_mut(place) {
                Some(known) => known.2 = entry,
                None => partitions.push((topic.clone(), topic_id, entry)),
            }
        }
    }
    partitions
}

/// What stands in an answer about which nothing is known. No records are empty records: null ones trouble clients.
fn empty_data() -> PartitionData {
    PartitionData {
        high_watermark: -1,
        last_stable_offset: -1,
        log_start_offset: -1,
        aborted_transactions: None,
        records: Some(Bytes::new()),
        ..PartitionData::default()
    }
}

fn data_at(response: &mut FetchResponse, (topic, partition): (usize, usize)) -> Option<&mut PartitionData> {
    response.responses.get_mut(topic)?.partitions.get_mut(partition)
}

fn set_records(response: &mut FetchResponse, at: (usize, usize), bytes: Bytes) {
    if let Some(data) = data_at(response, at) {
        data.records = Some(bytes);
    }
}

fn set_failed(response: &mut FetchResponse, at: (usize, usize), failed: impl Fn(i32) -> PartitionData) {
    if let Some(data) = data_at(response, at) {
        *data = failed(data.partition_index);
    }
}
