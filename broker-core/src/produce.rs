//! Produce: checks each batch, appends it as leader, and answers when `acks` and the flush policy are satisfied.
//!
//! Left out on purpose: idempotence and transactions (they come with producer state), and recompression by `compression.type`.

use crate::broker::Broker;
use crate::bugs::Bug;
use crate::config::{TimestampType, TopicConfig};
use crate::connections::{Connections, Reply};
use crate::event::Event;
use crate::log::{LogKey, Origin};
use crate::parked::{Parked, Waiting};
use crate::replica::leader::Leading;
use crate::serving::News;
use bytes::Bytes;
use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use wire::messages::produce::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, NodeEndpoint, PartitionProduceData, PartitionProduceResponse,
    ProduceRequest, ProduceResponse, TopicProduceData, TopicProduceResponse,
};
use wire::records::{Batches, Checks, Tail, announced, check_produced, check_set, refused_records};
use wire::{ErrorCode, Io, Str, Timestamp, Uuid};

/// What a batch may decompress to while it is checked.
const MAX_DECOMPRESSED: usize = 256 << 20;

/// A Produce request whose batches are appended and which waits.
#[derive(Clone, Debug)]
pub(crate) struct ParkedProduce {
    response: ProduceResponse,
    waiting: Vec<Unacknowledged>,
}

/// A partition of such a request that is not satisfied yet.
#[derive(Clone, Copy, Debug)]
struct Unacknowledged {
    key: LogKey,
    need: Need,
    /// Where its answer stands in the response.
    at: (usize, usize),
}

/// What must be reached before a batch is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// acks=all: the end of the batch is committed.
    HighWatermark(i64),
    /// acks=1 with a flush policy: the batch is synced.
    RecoveryPoint(i64),
}

impl Need {
    fn offset(self) -> i64 {
        match self {
            Need::HighWatermark(offset) | Need::RecoveryPoint(offset) => offset,
        }
    }
}

/// A partition's outcome before the answer is put together.
struct Outcome {
    answer: PartitionProduceResponse,
    need: Option<(LogKey, Need)>,
}

/// Partitions as requests name them. One that stands twice counts once: the last sound records are appended, and if any were unsound,
/// their error is the answer all the same, as in Kafka.
type Entries = BTreeMap<(Str, Uuid, i32), Entry>;

/// What a request brings for a partition.
#[derive(Clone, Debug, Default)]
struct Entry {
    records: Option<Bytes>,
    refused: Option<ErrorCode>,
}

impl Broker {
    pub(crate) fn produce(&mut self, reply: Reply, request: ProduceRequest, io: &mut Io<'_, Broker>) {
        let acks = request.acks;
        let timeout_ms = u64::try_from(request.timeout_ms).unwrap_or(0);
        let (response, waiting) = match self.refuse_whole(reply.version, &request) {
            Some(error) => (refused(&request, error), Vec::new()),
            None => self.append_all(reply, entries(request, reply.version), acks, io),
        };
        if acks == 0 {
            return self.finish_unacknowledged(reply, &response, io);
        }
        if waiting.is_empty() {
            return self.answer_produce(reply, response, io);
        }
        for entry in &waiting {
            if let Some(replica) = self.replicas.get_mut(entry.key) {
                replica.wait(reply.conn);
            }
        }
        io.event(Event::Parked { what: "produce" });
        let deadline = io.now.mono + Duration::from_millis(timeout_ms);
        self.parked.park(Parked { reply, deadline, waiting: Waiting::Produce(ParkedProduce { response, waiting }) });
    }

    /// What refuses a request as a whole, as Kafka does before any append: bytes that are no batch, a transactional batch of nobody's
    /// transaction, and null records of a partition that is here.
    fn refuse_whole(&self, version: i16, request: &ProduceRequest) -> Option<ErrorCode> {
        let by_topic = request.topic_data.iter();
        let all = || by_topic.clone().flat_map(|topic| topic.partition_data.iter().map(move |data| (topic, data)));
        for records in all().filter_map(|(_, data)| data.records.clone()) {
            // Kafka adds the prefix to such a length in 32 bits.
            if matches!(announced(&records), Ok(Some(size)) if size > i32::MAX as usize) {
                return Some(ErrorCode::UnknownServerError);
            }
            let mut batches = Batches::new(records);
            match batches.next() {
                Some(batch) if batch.header.attributes.is_transactional() => {
                    if request.transactional_id.is_none() {
                        return Some(ErrorCode::TransactionalIdAuthorizationFailed);
                    }
                    break;
                }
                None if batches.tail() == Tail::Corrupt => return Some(ErrorCode::CorruptMessage),
                _ => {}
            }
        }
        let hosted = |topic: &TopicProduceData, index| self.resolve(&topic.name, topic.topic_id, index).is_ok();
        // A partition that stands twice counts by its last entry.
        let named = |topic: &TopicProduceData, index| (topic.name.clone(), topic.topic_id, index);
        let last = LazyCell::new(|| -> BTreeMap<_, bool> {
            all().map(|(topic, data)| (named(topic, data.index), data.records.is_none())).collect()
        });
        let trips = |(topic, data): (&TopicProduceData, &PartitionProduceData)| match &data.records {
            None => hosted(topic, data.index) && last.get(&named(topic, data.index)) == Some(&true),
            // These versions ask every batch for its codec first.
            Some(records) => version < 7 && has_unknown_codec(records) && hosted(topic, data.index),
        };
        all().any(trips).then_some(ErrorCode::UnknownServerError)
    }

    fn append_all(
        &mut self,
        reply: Reply,
        entries: Entries,
        acks: i16,
        io: &mut Io<'_, Broker>,
    ) -> (ProduceResponse, Vec<Unacknowledged>) {
        let mut response = ProduceResponse::default();
        let mut waiting = Vec::new();
        for ((name, topic_id, index), entry) in entries {
            // Unsound records of a partition that is not here are not looked at.
            let here = self.resolve_of(reply.version, &name, topic_id, index).is_ok();
            let records = entry.records.unwrap_or_default();
            let mut outcome = self.append_one(reply, (&name, topic_id, index), &records, acks, io);
            if let Some(error) = entry.refused.filter(|_| here) {
                outcome = Outcome { answer: failed(index, error), need: None };
            }
            let same = response.responses.last().is_some_and(|topic| topic.name == name && topic.topic_id == topic_id);
            if !same {
                response.responses.push(TopicProduceResponse { name, topic_id, partition_responses: Vec::new() });
            }
            let topic_at = response.responses.len() - 1;
            if let Some(topic) = response.responses.last_mut() {
                if let Some((key, need)) = outcome.need {
                    waiting.push(Unacknowledged { key, need, at: (topic_at, topic.partition_responses.len()) });
                }
                topic.partition_responses.push(outcome.answer);
            }
        }
        (response, waiting)
    }

    fn append_one(
        &mut self,
        reply: Reply,
        (name, topic_id, index): (&Str, Uuid, i32),
        records: &Bytes,
        acks: i16,
        io: &mut Io<'_, Broker>,
    ) -> Outcome {
        let key = self.resolve_of(reply.version, name, topic_id, index);
        match key.and_then(|key| self.append_batch(reply.version, key, records, acks, io)) {
            Ok(outcome) => outcome_at(index, outcome),
            Err(error) => {
                tracing::debug!(topic = %name, partition = index, %error, "a batch is refused");
                io.event(Event::BatchRejected { error: error.code() });
                let explained = key.ok().map(|key| self.explained(reply, key, index, error, records, io));
                Outcome { answer: explained.unwrap_or_else(|| failed(index, error)), need: None }
            }
        }
    }

    /// The answer to a batch that its log refused: errors that validation alone finds also tell where the log starts, and which
    /// records are to blame (KIP-467).
    fn explained(
        &self,
        reply: Reply,
        key: LogKey,
        index: i32,
        error: ErrorCode,
        records: &Bytes,
        io: &Io<'_, Broker>,
    ) -> PartitionProduceResponse {
        let answer = failed(index, error);
        let (Some(log), true) = (self.logs.get(key), tells_log_start(error)) else { return answer };
        let blamed = match error {
            ErrorCode::InvalidRecord | ErrorCode::InvalidTimestamp => {
                refused_records(records, &checks(log.config(), reply.version, io.now.wall))
            }
            _ => Vec::new(),
        };
        let blame = |batch_index| BatchIndexAndErrorMessage { batch_index, ..Default::default() };
        let record_errors = blamed.into_iter().map(blame).collect();
        PartitionProduceResponse { log_start_offset: log.log_start_offset(), record_errors, ..answer }
    }

    fn append_batch(
        &mut self,
        version: i16,
        key: LogKey,
        records: &Bytes,
        acks: i16,
        io: &mut Io<'_, Broker>,
    ) -> Result<Outcome, ErrorCode> {
        let bugs = &self.config.planted;
        let replica = self.replicas.get(key).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let log = self.logs.get(key).filter(|_| self.logs.is_online(key)).ok_or(ErrorCode::KafkaStorageError)?;
        if !matches!(acks, -1..=1) {
            return Err(ErrorCode::InvalidRequiredAcks);
        }
        let checked = check_produced(records, &checks(log.config(), version, io.now.wall));
        let checked = checked.map_err(|error| error.code())?;
        replica.check_epoch(-1)?;
        if acks == -1 && !replica.leading().is_some_and(Leading::has_enough) {
            return Err(ErrorCode::NotEnoughReplicas);
        }
        let epoch = replica.leader_epoch;
        let appended =
            self.logs.append(key, Origin::Client, &checked, epoch, io, bugs).map_err(|error| error.code())?;
        self.logs_touched = true;
        self.advance(key, io);
        self.wake(key, News::Appended, io);
        let log_start_offset = self.logs.get(key).map_or(-1, |log| log.log_start_offset());
        let answer = PartitionProduceResponse {
            base_offset: appended.base_offset,
            log_append_time_ms: appended.log_append_time.unwrap_or(-1),
            log_start_offset,
            ..PartitionProduceResponse::default()
        };
        let need = match acks {
            -1 => Some(Need::HighWatermark(appended.last_offset.saturating_add(1))),
            _ => appended.durable_at.map(Need::RecoveryPoint),
        };
        let need = need.filter(|&need| !self.is_met(key, need)).map(|need| (key, need));
        Ok(Outcome { answer, need })
    }

    fn is_met(&self, key: LogKey, need: Need) -> bool {
        match need {
            Need::HighWatermark(offset) => {
                self.replicas.get(key).is_some_and(|replica| replica.high_watermark >= offset)
            }
            Need::RecoveryPoint(offset) => self.logs.get(key).is_some_and(|log| log.recovery_point() >= offset),
        }
    }

    /// A parked Produce looks again at a partition that changed; answered once nothing is left to wait for.
    pub(crate) fn retry_produce(&mut self, mut parked: Parked, io: &mut Io<'_, Broker>) {
        let Waiting::Produce(produce) = &mut parked.waiting else { return };
        let waiting = std::mem::take(&mut produce.waiting);
        for entry in waiting {
            match self.progress(entry) {
                Ok(true) => {}
                Ok(false) => produce.waiting.push(entry),
                Err(error) => fail(&mut produce.response, entry.at, error),
            }
        }
        if !produce.waiting.is_empty() {
            return self.parked.park(parked);
        }
        let response = std::mem::take(&mut produce.response);
        self.answer_produce(parked.reply, response, io);
    }

    /// Whether an appended batch may be acknowledged; an error if it never will be.
    fn progress(&self, entry: Unacknowledged) -> Result<bool, ErrorCode> {
        let replica = self.replicas.get(entry.key).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        if !self.logs.is_online(entry.key) {
            return Err(ErrorCode::KafkaStorageError);
        }
        let stands = self.logs.get(entry.key).is_some_and(|log| log.log_end_offset() >= entry.need.offset());
        if !replica.leads() && stands && self.config.planted.has(Bug::R34) {
            return Ok(true);
        }
        replica.check_epoch(-1)?;
        let met = self.is_met(entry.key, entry.need);
        let all = met && matches!(entry.need, Need::HighWatermark(_)) && !self.config.planted.has(Bug::R39);
        let enough =
            replica.leading().is_some_and(|leading| leading.maximal_isr(&replica.replicas).len() >= leading.min_isr);
        if all && !enough { Err(ErrorCode::NotEnoughReplicasAfterAppend) } else { Ok(met) }
    }

    /// The request's timeout has passed. The batches stay: the client cannot know what becomes of them.
    pub(crate) fn time_out_produce(&mut self, reply: Reply, mut produce: ParkedProduce, io: &mut Io<'_, Broker>) {
        for entry in std::mem::take(&mut produce.waiting) {
            self.forget_waiter(entry.key, reply.conn);
            fail(&mut produce.response, entry.at, ErrorCode::RequestTimedOut);
        }
        self.answer_produce(reply, produce.response, io);
    }

    fn answer_produce(&mut self, reply: Reply, mut response: ProduceResponse, io: &mut Io<'_, Broker>) {
        self.hint_leaders(reply, &mut response);
        self.connections.answer(reply, &response.into(), io);
    }

    /// Tells who leads where a client came to the wrong broker (KIP-951).
    fn hint_leaders(&self, reply: Reply, response: &mut ProduceResponse) {
        let wrong =
            |partition: &PartitionProduceResponse| partition.error_code == ErrorCode::NotLeaderOrFollower.code();
        if reply.version < 10 || !response.responses.iter().flat_map(|topic| &topic.partition_responses).any(wrong) {
            return;
        }
        let mut leaders = Vec::new();
        for topic in &mut response.responses {
            for partition in topic.partition_responses.iter_mut().filter(|partition| wrong(partition)) {
                let Ok(key) = self.named(&topic.name, topic.topic_id, partition.index) else { continue };
                let Some((leader_id, leader_epoch)) = self.leader_of(key) else { continue };
                partition.current_leader = LeaderIdAndEpoch { leader_id, leader_epoch };
                leaders.push(leader_id);
            }
        }
        let endpoints = self.endpoints_of(leaders, reply.conn);
        response.node_endpoints = endpoints
            .into_iter()
            .map(|(node_id, at)| NodeEndpoint { node_id, host: at.host, port: i32::from(at.port), rack: None })
            .collect();
    }

    /// acks=0: there is no answer. An error closes the connection, so that the client learns of it at all.
    fn finish_unacknowledged(&mut self, reply: Reply, response: &ProduceResponse, io: &mut Io<'_, Broker>) {
        let partitions = response.responses.iter().flat_map(|topic| &topic.partition_responses);
        if partitions.into_iter().any(|partition| partition.error_code != 0) {
            return self.connections.close(reply.conn, io);
        }
        Connections::next(reply.conn, io);
    }
}

fn entries(request: ProduceRequest, version: i16) -> Entries {
    let mut entries = Entries::new();
    for topic in request.topic_data {
        for partition in topic.partition_data {
            let entry = entries.entry((topic.name.clone(), topic.topic_id, partition.index)).or_default();
            let Some(records) = partition.records else { continue };
            match check_set(&records, version) {
                Ok(_) => entry.records = Some(records),
                Err(error) => entry.refused = Some(error.code()),
            }
        }
    }
    entries
}

fn has_unknown_codec(records: &Bytes) -> bool {
    Batches::new(records.clone()).next().is_some_and(|batch| batch.header.attributes.compression().is_none())
}

/// Kafka leaves the log start offset out of these.
fn tells_log_start(error: ErrorCode) -> bool {
    !matches!(
        error,
        ErrorCode::UnknownTopicOrPartition
            | ErrorCode::NotLeaderOrFollower
            | ErrorCode::MessageTooLarge
            | ErrorCode::RecordListTooLarge
            | ErrorCode::CorruptMessage
            | ErrorCode::KafkaStorageError
            | ErrorCode::InvalidRequiredAcks
    )
}

fn checks(config: &TopicConfig, produce_version: i16, wall: Timestamp) -> Checks {
    Checks {
        produce_version,
        max_message_bytes: config.max_message_bytes as usize,
        max_decompressed: MAX_DECOMPRESSED,
        compacted: config.compact,
        log_append_time: config.message_timestamp_type == TimestampType::LogAppendTime,
        timestamp_before_max_ms: config.message_timestamp_before_max_ms,
        timestamp_after_max_ms: config.message_timestamp_after_max_ms,
        now_ms: wall.0,
    }
}

fn outcome_at(index: i32, outcome: Outcome) -> Outcome {
    Outcome { answer: PartitionProduceResponse { index, ..outcome.answer }, ..outcome }
}

fn failed(index: i32, error: ErrorCode) -> PartitionProduceResponse {
    PartitionProduceResponse { index, error_code: error.code(), base_offset: -1, ..PartitionProduceResponse::default() }
}

/// A batch that was appended is not acknowledged. Its offset is told all the same, as Kafka does.
fn fail(response: &mut ProduceResponse, (topic, partition): (usize, usize), error: ErrorCode) {
    let answer = response.responses.get_mut(topic).and_then(|topic| topic.partition_responses.get_mut(partition));
    if let Some(answer) = answer {
        answer.error_code = error.code();
    }
}

/// The same error for everything that a request names.
fn refused(request: &ProduceRequest, error: ErrorCode) -> ProduceResponse {
    let mut topics: BTreeMap<(&Str, Uuid), BTreeSet<i32>> = BTreeMap::new();
    for topic in &request.topic_data {
        let indexes = topic.partition_data.iter().map(|data| data.index);
        topics.entry((&topic.name, topic.topic_id)).or_default().extend(indexes);
    }
    let responses = topics.into_iter().map(|((name, topic_id), indexes)| TopicProduceResponse {
        name: name.clone(),
        topic_id,
        partition_responses: indexes.into_iter().map(|index| failed(index, error)).collect(),
    });
    ProduceResponse { responses: responses.collect(), ..ProduceResponse::default() }
}
