//! Look-ups of offsets by timestamp (ListOffsets): for an application that asks, and for a consumer that must find a position.
//!
//! Each partition is asked for at its leader and tried again by itself until it is known, refused, or out of time.

use crate::client::Timer;
use crate::core::{Core, Wake};
use crate::token::Token;
use crate::{Client, Done};
use std::collections::BTreeMap;
use wire::messages::list_offsets::{ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsTopic};
use wire::messages::{ListOffsetsRequest, ListOffsetsResponse};
use wire::{ApiKey, ErrorClass, ErrorCode, Instant, Io, NodeId, OpId, Output, Request, Response, Str, TopicPartition};

/// The look-ups that have not ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lookups {
    open: BTreeMap<u64, Lookup>,
    count: u64,
    /// What an application's look-up has found so far, and how many partitions it still waits for.
    ops: BTreeMap<OpId, (usize, Offsets)>,
}

/// Per partition: error, offset, timestamp.
type Offsets = Vec<(TopicPartition, i16, i64, i64)>;

#[derive(Clone, Debug)]
struct Lookup {
    owner: Owner,
    partition: TopicPartition,
    timestamp: i64,
    in_flight: bool,
    not_before: Instant,
    deadline: Instant,
    failures: u32,
    error: i16,
}

/// Who wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    /// An application, and the place of the partition in what it asked.
    Op(OpId, usize),
    /// A consumer's partition in a generation of its position.
    Position(u64),
}

/// What a consumer's look-up found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) partition: TopicPartition,
    pub(crate) generation: u64,
    pub(crate) offset: Result<i64, i16>,
}

impl Lookups {
    /// An application asks.
    pub(crate) fn ask(
        &mut self,
        op: OpId,
        partitions: Vec<(TopicPartition, i64)>,
        core: &Core,
        io: &mut Io<'_, Client>,
    ) {
        if partitions.is_empty() {
            return io.push(Output::Done(op, Done::Offsets(Vec::new())));
        }
        let deadline = io.now.mono + core.config.default_api_timeout;
        let results = partitions.iter().map(|(partition, _)| (partition.clone(), -1, -1, -1)).collect();
        self.ops.insert(op, (partitions.len(), results));
        for (place, (partition, timestamp)) in partitions.into_iter().enumerate() {
            self.add(Owner::Op(op, place), partition, timestamp, deadline);
        }
    }

    /// A consumer needs a position; asked for until it is found or [cancelled](Lookups::cancel).
    pub(crate) fn position(&mut self, partition: TopicPartition, generation: u64, timestamp: i64) {
        self.add(Owner::Position(generation), partition, timestamp, Instant::NEVER);
    }

    fn add(&mut self, owner: Owner, partition: TopicPartition, timestamp: i64, deadline: Instant) {
        let not_before = Instant::default();
        self.count += 1;
        let lookup =
            Lookup { owner, partition, timestamp, in_flight: false, not_before, deadline, failures: 0, error: -1 };
        self.open.insert(self.count, lookup);
    }

    /// A position is not needed any more.
    pub(crate) fn cancel(&mut self, partition: &TopicPartition) {
        self.open.retain(|_, lookup| !matches!(lookup.owner, Owner::Position(_)) || lookup.partition != *partition);
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.ops.is_empty()
    }

    /// The topics that must be described for them.
    pub(crate) fn topics(&self) -> impl Iterator<Item = &Str> {
        self.open.values().map(|lookup| &lookup.partition.topic)
    }

    /// Does everything that is due.
    pub(crate) fn pump(&mut self, core: &mut Core, io: &mut Io<'_, Client>) {
        if self.open.is_empty() {
            return;
        }
        self.expire(io);
        let now = io.now.mono;
        let mut by_leader: BTreeMap<NodeId, Vec<u64>> = BTreeMap::new();
        for (&number, lookup) in self.open.iter().filter(|(_, one)| !one.in_flight && one.not_before <= now) {
            let (topic, partition) = (&lookup.partition.topic, lookup.partition.partition);
            match core.metadata.leader(topic, partition).filter(|(node, _)| core.links.knows(*node)) {
                Some((node, _)) if core.links.ready(node, io) => by_leader.entry(node).or_default().push(number),
                Some(_) => {}
                None => core.metadata.want(topic),
            }
        }
        for (node, numbers) in by_leader {
            self.send(node, numbers, core, io);
        }
    }

    fn send(&mut self, node: NodeId, numbers: Vec<u64>, core: &mut Core, io: &mut Io<'_, Client>) {
        let mut request = ListOffsetsRequest { replica_id: -1, ..ListOffsetsRequest::default() };
        if core.links.version(node, ApiKey::ListOffsets).is_some_and(|version| version >= 2) {
            request.isolation_level = core.config.isolation.number();
        }
        request.timeout_ms = i32::try_from(core.config.request_timeout.as_millis()).unwrap_or(i32::MAX);
        for number in &numbers {
            let Some(lookup) = self.open.get_mut(number) else { continue };
            lookup.in_flight = true;
            let TopicPartition { topic, partition } = &lookup.partition;
            let current_leader_epoch = core.metadata.leader(topic, *partition).map_or(-1, |(_, epoch)| epoch);
            let one =
                ListOffsetsPartition { partition_index: *partition, current_leader_epoch, timestamp: lookup.timestamp };
            match request.topics.iter_mut().find(|asked| asked.name == *topic) {
                Some(asked) => asked.partitions.push(one),
                None => request.topics.push(ListOffsetsTopic { name: topic.clone(), partitions: vec![one] }),
            }
        }
        if core.links.send(node, &Request::from(request), Some(Token::Offsets(numbers.clone())), io).is_err() {
            for number in numbers {
                self.end(number, Err(ErrorCode::UnsupportedVersion.code()), io);
            }
        }
    }

    /// A request was answered, or lost with its connection. Returns what a consumer waits for.
    pub(crate) fn answered(
        &mut self,
        numbers: Vec<u64>,
        response: Option<Response>,
        core: &mut Core,
        io: &mut Io<'_, Client>,
    ) -> Vec<Found> {
        let response = match response {
            Some(Response::ListOffsets(response)) => Some(response),
            _ => None,
        };
        let mut found = Vec::new();
        for number in numbers {
            let Some(lookup) = self.open.get_mut(&number) else { continue };
            let answer = response.as_ref().and_then(|response| find(response, &lookup.partition));
            let error = answer.map_or(ErrorCode::NetworkException, |answer| ErrorCode::from_code(answer.error_code));
            if error.is_retriable() {
                lookup.error = if answer.is_some() { error.code() } else { -1 };
                lookup.in_flight = false;
                lookup.failures += 1;
                lookup.not_before = core.retry_at(io.now.mono, lookup.failures);
                if error.class() == ErrorClass::Refresh {
                    core.metadata.want(&lookup.partition.topic);
                }
                continue;
            }
            let result = match answer {
                Some(answer) if error == ErrorCode::None => Ok((answer.offset, answer.timestamp)),
                _ => Err(error.code()),
            };
            found.extend(self.end(number, result, io));
        }
        found
    }

    /// A look-up has ended.
    fn end(&mut self, number: u64, result: Result<(i64, i64), i16>, io: &mut Io<'_, Client>) -> Option<Found> {
        let Lookup { owner, partition, .. } = self.open.remove(&number)?;
        match owner {
            Owner::Position(generation) => {
                return Some(Found { partition, generation, offset: result.map(|(offset, _)| offset) });
            }
            Owner::Op(op, place) => {
                let (left, results) = self.ops.get_mut(&op)?;
                *left -= 1;
                if let Some(slot) = results.get_mut(place) {
                    (slot.1, slot.2, slot.3) =
                        result.map_or_else(|error| (error, -1, -1), |(offset, time)| (0, offset, time));
                }
                if *left == 0 {
                    let (_, results) = self.ops.remove(&op)?;
                    io.push(Output::Done(op, Done::Offsets(results)));
                }
            }
        }
        None
    }

    fn expire(&mut self, io: &mut Io<'_, Client>) {
        let now = io.now.mono;
        while let Some((&number, lookup)) = self.open.iter().find(|(_, lookup)| lookup.deadline <= now) {
            self.end(number, Err(lookup.error), io);
        }
    }

    pub(crate) fn wake(&self, wake: &mut Wake) {
        for lookup in self.open.values() {
            wake.at(lookup.deadline, Timer::Call);
            if !lookup.in_flight {
                wake.at(lookup.not_before, Timer::Call);
            }
        }
    }
}

fn find<'a>(response: &'a ListOffsetsResponse, partition: &TopicPartition) -> Option<&'a ListOffsetsPartitionResponse> {
    let topic = response.topics.iter().find(|topic| topic.name == partition.topic)?;
    topic.partitions.iter().find(|one| one.partition_index == partition.partition)
}
