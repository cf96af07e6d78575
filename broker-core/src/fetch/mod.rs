//! Fetch: reads each partition up to what the reader may see, and waits for `min_bytes` or for the disk.
//!
//! A read below the hot tail goes to the disk; the request is parked meanwhile, and epoch and bounds are checked again when it comes.
//! Followers fetch as consumers do, but up to the log's end, and what they ask for says what they have; of a high watermark that moves they
//! learn with the next answer (KAFKA-9952). [`sessions`] remembers what was asked for. Left out on purpose, until it is built: sending a
//! consumer to the replica of its rack (KIP-392; it may read from any that it chooses).

pub(crate) mod sessions;

use crate::broker::Broker;
use crate::bugs::Bug;
use crate::connections::Reply;
use crate::event::Event;
use crate::log::{ColdRead, LogError, LogKey, Slice};
use crate::parked::{Parked, Waiting};
use crate::replica::{Replica, truncation};
use bytes::Bytes;
use sessions::{Asked, Context};
use std::collections::BTreeMap;
use std::time::Duration;
use wire::messages::fetch::{
    EpochEndOffset, FetchPartition, FetchRequest, FetchResponse, FetchTopic, FetchableTopicResponse, LeaderIdAndEpoch,
    NodeEndpoint, PartitionData,
};
use wire::{DiskError, ErrorCode, Instant, Io, Output, ReadId, Uuid};

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
    partitions: Vec<Asked>,
    context: Context,
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
    /// What cold reads may bring.
    reserved: usize,
    /// An error or a divergence: the client should know at once.
    urgent: bool,
    cold: Vec<(LogKey, ColdRead, i32, (usize, usize))>,
}

impl Broker {
    pub(crate) fn fetch(&mut self, reply: Reply, mut request: FetchRequest, io: &mut Io<'_, Broker>) {
        let impossible = (!matches!(request.isolation_level, 0 | 1)).then(|| request.topics.clone());
        let bugs = &self.config.planted;
        let (context, partitions) = match self.fetch_sessions.begin(&mut request, reply.version, io.now.mono, bugs) {
            Ok(begun) => begun,
            Err(error) => {
                io.event(Event::FetchSessionRefused { error: error.code() });
                return self.refuse_fetch(reply, error, io);
            }
        };
        let max_wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0));
        let wanted = wanted(&request, (context, partitions), reply.version, self.config.fetch_max_bytes);
        if let Some(topics) = impossible.filter(|_| self.keys_of(&wanted).next().is_some()) {
            let failed = FetchResponse { session_id: request.session_id, ..failed_fetch(topics, reply.version) };
            return self.connections.answer(reply, &failed.into(), io);
        }
        self.note_followers(&wanted, io);
        let found = self.look(&wanted, io);
        let waits = !max_wait.is_zero() && !wanted.partitions.is_empty();
        if found.cold.is_empty() && (!waits || found.is_enough(&wanted)) {
            return self.answer_fetch(reply, &wanted, found.response, io);
        }
        self.park_fetch(reply, io.now.mono + max_wait, wanted, found, io);
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
        let resolved =
            |(topic, id, entry): &'a Asked| self.resolve_of(wanted.version, topic, *id, entry.partition).ok();
        wanted.partitions.iter().filter_map(resolved)
    }

    /// Reads all partitions as they are now.
    fn look(&self, wanted: &Wanted, io: &mut Io<'_, Broker>) -> Found {
        let mut found =
            Found { response: FetchResponse::default(), bytes: 0, reserved: 0, urgent: false, cold: Vec::new() };
        for (topic, topic_id, entry) in &wanted.partitions {
            let mut data = PartitionData { partition_index: entry.partition, ..empty_data() };
            let topics = &mut found.response.responses;
            if topics.last().is_none_or(|last| last.topic != *topic || last.topic_id != *topic_id) {
                let (topic, topic_id) = (topic.clone(), *topic_id);
                topics.push(FetchableTopicResponse { topic, topic_id, partitions: Vec::new() });
            }
            let topic_at = topics.len() - 1;
            let partition_at = topics.last().map_or(0, |topic| topic.partitions.len());
            let room = wanted.max_bytes.saturating_sub(found.bytes).saturating_sub(found.reserved);
            let limits = Limits { room, at_least_one: found.bytes == 0 && found.cold.is_empty() };
            let key = self.resolve_of(wanted.version, topic, *topic_id, entry.partition);
            let slice =
                key.and_then(|key| self.look_at(key, entry, wanted, limits, &mut data, io).map(|slice| (key, slice)));
            match slice {
                Ok((_, Slice::Ready(bytes))) => {
                    found.bytes += bytes.len();
                    found.urgent |= data.diverging_epoch.epoch >= 0;
                    data.records = Some(bytes);
                }
                Ok((key, Slice::Cold(cold))) => {
                    found.reserved = found.reserved.saturating_add(cold.room());
                    found.cold.push((key, cold, entry.current_leader_epoch, (topic_at, partition_at)));
                }
                Err(error) => {
                    found.urgent = true;
                    let known = self.named(topic, *topic_id, entry.partition).ok();
                    data = self.failed_data(entry.partition, error, known);
                    // Kafka lists no aborted transactions of a partition that it does not know, and is silent about one that it knows.
                    data.aborted_transactions = known.is_none().then(Vec::new);
                }
            }
            if let Some(topic) = found.response.responses.last_mut() {
                topic.partitions.push(data);
            }
        }
        found
    }

    /// Reads one partition and fills in its offsets.
    fn look_at(
        &self,
        key: LogKey,
        entry: &FetchPartition,
        wanted: &Wanted,
        limits: Limits,
        data: &mut PartitionData,
        io: &mut Io<'_, Broker>,
    ) -> Result<Slice, ErrorCode> {
        let replica = self.replicas.get(key).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let log = self.logs.get(key).filter(|_| self.logs.is_online(key)).ok_or(ErrorCode::KafkaStorageError)?;
        let bugs = &self.config.planted;
        let asked_epoch = if wanted.replica.is_some() && bugs.has(Bug::R07) { -1 } else { entry.current_leader_epoch };
        wanted.check_epoch(replica, asked_epoch)?;
        if wanted.replica.is_some_and(|(id, epoch)| !is_followed_by(replica, id) || self.is_replaced(id, epoch)) {
            return Err(ErrorCode::NotLeaderOrFollower);
        }
        data.high_watermark = replica.high_watermark;
        data.last_stable_offset = replica.high_watermark;
        data.log_start_offset = log.log_start_offset();
        data.aborted_transactions = wanted.read_committed.then(Vec::new);
        if entry.last_fetched_epoch >= 0 {
            let known = truncation::known(log, entry.last_fetched_epoch, bugs).ok_or(ErrorCode::OffsetOutOfRange)?;
            let departs = truncation::departs(known, entry.last_fetched_epoch, entry.fetch_offset);
            if departs && !bugs.has(Bug::R02) {
                let (epoch, end_offset) = known;
                if log.hides(end_offset) && !bugs.has(Bug::D12) {
                    // Where a corrupt log seems to end nobody is to cut: that would make one replica's damage everybody's.
                    return Err(LogError::Corrupt(end_offset).code());
                }
                data.diverging_epoch = EpochEndOffset { epoch, end_offset };
                data.aborted_transactions = None;
                if !bugs.has(Bug::R29) {
                    return Ok(Slice::Ready(Bytes::new()));
                }
            }
        }
        if log.hides(entry.fetch_offset) && !bugs.has(Bug::D12) {
            // What comes next is there and cannot be read: neither the log's end nor out of range.
            return Err(LogError::Corrupt(entry.fetch_offset).code());
        }
        if entry.fetch_offset < log.log_start_offset() || entry.fetch_offset > log.log_end_offset() {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        let stale = log.active_base_offset() == Some(replica.high_watermark) && bugs.has(Bug::R23);
        let exposes = wanted.replica.is_some() || stale || bugs.has(Bug::R25);
        let upto = if exposes { log.log_end_offset() } else { replica.high_watermark };
        if entry.fetch_offset >= upto {
            return Ok(Slice::Ready(Bytes::new()));
        }
        let max_bytes = usize::try_from(entry.partition_max_bytes).map_err(|_| ErrorCode::UnknownServerError)?;
        let max_bytes = max_bytes.min(limits.room);
        log.read(entry.fetch_offset, upto, max_bytes, limits.at_least_one, io.disk).map_err(|error| error.code())
    }

    /// What a follower asks for says what it has, where its log is a prefix of this one's and its epoch the present one.
    fn note_followers(&mut self, wanted: &Wanted, io: &mut Io<'_, Broker>) {
        let Some((follower, broker_epoch)) = wanted.replica else { return };
        if self.is_replaced(follower, broker_epoch) {
            return;
        }
        for (topic, topic_id, entry) in &wanted.partitions {
            let Ok(key) = self.resolve_of(wanted.version, topic, *topic_id, entry.partition) else { continue };
            if self.is_prefix(key, entry) {
                self.follower_fetched(key, follower, broker_epoch, entry.fetch_offset, io);
            }
        }
    }

    /// Whether a later incarnation of a broker is registered: what an earlier one had, and told in a request that was long on its way, may be
    /// gone (KIP-903). An epoch of -1 does not say which incarnation asks.
    fn is_replaced(&self, broker: i32, broker_epoch: i64) -> bool {
        let registered = self.controller.committed().brokers.get(&broker);
        broker_epoch != -1 && registered.is_some_and(|broker| broker.broker_epoch > broker_epoch)
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

    fn failed_data(&self, partition_index: i32, error: ErrorCode, key: Option<LogKey>) -> PartitionData {
        let stale = matches!(error, ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch);
        let leader = key.filter(|_| stale).and_then(|key| self.leader_of(key));
        let current_leader =
            leader.map(|(leader_id, leader_epoch)| LeaderIdAndEpoch { leader_id, leader_epoch }).unwrap_or_default();
        PartitionData { partition_index, error_code: error.code(), current_leader, ..empty_data() }
    }

    /// Tells where the leaders are that the answer names (KIP-951). Clients of old are not told who they are either, though there is a
    /// field for it from version 12 on.
    fn hint_leaders_of(&self, reply: Reply, response: &mut FetchResponse) {
        if reply.version < 16 {
            let partitions = response.responses.iter_mut().flat_map(|topic| &mut topic.partitions);
            return partitions.for_each(|data| data.current_leader = LeaderIdAndEpoch::default());
        }
        let partitions = response.responses.iter().flat_map(|topic| &topic.partitions);
        let leaders = partitions.map(|data| data.current_leader.leader_id).filter(|&leader| leader >= 0).collect();
        let endpoints = self.endpoints_of(leaders, reply.conn).into_iter();
        response.node_endpoints = endpoints
            .map(|(node_id, at)| NodeEndpoint { node_id, host: at.host, port: i32::from(at.port), rack: None })
            .collect();
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
            let again = self.finish_reading(&fetch.wanted, &reading, result);
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
        let mut response = std::mem::take(&mut fetch.response);
        let Waiting::Fetch(fetch) = parked.waiting else { return };
        self.forget_waiters(&fetch.wanted, reply);
        if !self.config.planted.has(Bug::R30) {
            self.check_epochs(&fetch.wanted, &mut response);
        }
        self.answer_fetch(reply, &fetch.wanted, response, io);
    }

    /// What was read at once is stale by now where another leader epoch has begun meanwhile.
    fn check_epochs(&self, wanted: &Wanted, response: &mut FetchResponse) {
        let told = response.responses.iter_mut().flat_map(|topic| &mut topic.partitions);
        for ((topic, id, entry), data) in wanted.partitions.iter().zip(told).filter(|(_, data)| data.error_code == 0) {
            let Ok(key) = self.resolve_of(wanted.version, topic, *id, entry.partition) else { continue };
            let Some(replica) = self.replicas.get(key) else { continue };
            if let Err(error) = wanted.check_epoch(replica, entry.current_leader_epoch) {
                *data = self.failed_data(entry.partition, error, Some(key));
            }
        }
    }

    /// Much may have happened while the disk was busy: leadership, truncation, deletion.
    fn finish_reading(
        &self,
        wanted: &Wanted,
        reading: &Reading,
        result: Result<Bytes, DiskError>,
    ) -> Result<Slice, ErrorCode> {
        let replica = self.replicas.get(reading.key).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let log = self
            .logs
            .get(reading.key)
            .filter(|_| self.logs.is_online(reading.key))
            .ok_or(ErrorCode::KafkaStorageError)?;
        let bugs = &self.config.planted;
        if !bugs.has(Bug::R30) {
            wanted.check_epoch(replica, reading.current_leader_epoch)?;
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

    fn answer_fetch(&mut self, reply: Reply, wanted: &Wanted, mut response: FetchResponse, io: &mut Io<'_, Broker>) {
        match wanted.context {
            Context::Sessionless => {}
            // Kafka stumbles over two partitions by the zero topic id; what comes next finds no session there either.
            Context::Full if wanted.names_zero_twice() => {}
            Context::Full => response.session_id = self.open_session(wanted, &response, io),
            Context::Incremental { session_id, epoch } => {
                self.fetch_sessions.shorten(session_id, epoch, &mut response);
            }
        }
        self.hint_leaders_of(reply, &mut response);
        self.connections.answer(reply, &response.into(), io);
    }

    fn open_session(&mut self, wanted: &Wanted, response: &FetchResponse, io: &mut Io<'_, Broker>) -> i32 {
        let whose = (wanted.replica.is_some(), wanted.version);
        let slots = self.config.cluster.fetch_sessions;
        let created = self.fetch_sessions.create(&wanted.partitions, response, whose, (slots, io.now.mono, self.keyed));
        if let Some(session_id) = created.evicted {
            io.event(Event::FetchSessionEvicted { session_id });
        }
        if created.session_id != 0 {
            io.event(Event::FetchSessionOpened { session_id: created.session_id });
        }
        created.session_id
    }
}

impl ParkedFetch {
    /// Whether it is a follower's.
    pub(crate) fn follows(&self) -> bool {
        self.wanted.replica.is_some()
    }
}

impl Wanted {
    fn names_zero_twice(&self) -> bool {
        let by_zero = self.partitions.iter().filter(|(_, topic_id, _)| *topic_id == Uuid::ZERO);
        self.version >= sessions::IDS_SINCE && by_zero.count() > 1
    }

    /// Followers, and consumers that cannot say where they are, read from the leader alone. Here any negative epoch means that the client
    /// does not know.
    fn check_epoch(&self, replica: &Replica, current_leader_epoch: i32) -> Result<(), ErrorCode> {
        if self.replica.is_some() || self.version < 11 {
            replica.check_epoch(current_leader_epoch.max(-1))
        } else {
            replica.check_epoch_alone(current_leader_epoch.max(-1))
        }
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

/// Whether a broker is a follower that the partition has; any other is told that it is at the wrong place.
fn is_followed_by(replica: &Replica, id: i32) -> bool {
    replica.leading().is_some_and(|leading| leading.followers.contains_key(&id))
}

fn wanted(
    request: &FetchRequest,
    (context, partitions): (Context, Vec<Asked>),
    version: i16,
    fetch_max_bytes: usize,
) -> Wanted {
    let replica_id = request.replica_id.max(request.replica_state.replica_id);
    let max_bytes = usize::try_from(request.max_bytes).unwrap_or(0).min(fetch_max_bytes);
    Wanted {
        partitions,
        context,
        min_bytes: usize::try_from(request.min_bytes).unwrap_or(0).min(max_bytes),
        max_bytes,
        read_committed: request.isolation_level == 1,
        replica: (replica_id >= 0).then_some((replica_id, request.replica_state.replica_epoch)),
        version,
    }
}

/// A request that Kafka stumbles over. Before topic ids every partition is told, since then the response as a whole.
fn failed_fetch(topics: Vec<FetchTopic>, version: i16) -> FetchResponse {
    let error_code = ErrorCode::UnknownServerError.code();
    let failed = |entry: FetchPartition| PartitionData {
        partition_index: entry.partition,
        error_code,
        aborted_transactions: Some(Vec::new()),
        ..empty_data()
    };
    let told = topics.into_iter().filter(|_| version < 13).map(|topic| FetchableTopicResponse {
        topic: topic.topic,
        topic_id: topic.topic_id,
        partitions: topic.partitions.into_iter().map(failed).collect(),
    });
    FetchResponse { error_code, responses: told.collect(), ..FetchResponse::default() }
}

/// The partitions of a request. One that stands twice is read once, where it stood first, as it was asked for last.
fn distinct(topics: Vec<FetchTopic>) -> Vec<Asked> {
    let mut places = BTreeMap::new();
    let mut partitions: Vec<Asked> = Vec::new();
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
