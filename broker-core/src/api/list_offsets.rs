//! ListOffsets: the ends of a log, and the offset of a timestamp (KIP-79, KIP-734).

use crate::broker::Broker;
use crate::connections::Reply;
use std::collections::{BTreeMap, BTreeSet};
use wire::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopic,
    ListOffsetsTopicResponse,
};
use wire::{ErrorCode, Io, Str};

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;
const EARLIEST_PENDING_UPLOAD: i64 = -6;
/// The replica id of a consumer; what is less debugs, what is more follows.
const CONSUMER: i32 = -1;

/// Timestamp, offset and leader epoch; -1 each if nothing was found.
type Found = (i64, i64, i32);
const NOTHING: Found = (-1, -1, -1);

impl Broker {
    pub(super) fn list_offsets(
        &self,
        reply: Reply,
        request: ListOffsetsRequest,
        io: &mut Io<'_, Broker>,
    ) -> ListOffsetsResponse {
        if !matches!(request.isolation_level, 0 | 1) {
            return failed(request);
        }
        let twice = twice(&request);
        let consumer = request.replica_id == CONSUMER;
        // Clients of old do not know the error that says so.
        let not_yet = if reply.version >= 5 { ErrorCode::OffsetNotAvailable } else { ErrorCode::LeaderNotAvailable };
        let topics = distinct(request.topics).into_iter().map(|topic| {
            let answer = |entry: &ListOffsetsPartition| {
                let partition_index = entry.partition_index;
                let found = if twice.contains(&(topic.name.clone(), partition_index)) {
                    Err(ErrorCode::InvalidRequest)
                } else if !is_known(entry.timestamp, reply.version) {
                    Err(ErrorCode::UnsupportedVersion)
                } else {
                    self.offset_of(&topic.name, entry, (consumer, not_yet), io)
                };
                match found {
                    Ok((timestamp, offset, leader_epoch)) => ListOffsetsPartitionResponse {
                        partition_index,
                        timestamp,
                        offset,
                        // Before v4 there is no field for it.
                        leader_epoch: if reply.version >= 4 { leader_epoch } else { -1 },
                        ..ListOffsetsPartitionResponse::default()
                    },
                    Err(error) => {
                        let error_code = error.code();
                        ListOffsetsPartitionResponse {
                            partition_index,
                            error_code,
                            ..ListOffsetsPartitionResponse::default()
                        }
                    }
                }
            };
            let partitions = topic.partitions.iter().map(answer).collect();
            ListOffsetsTopicResponse { name: topic.name.clone(), partitions }
        });
        ListOffsetsResponse { topics: topics.collect(), ..ListOffsetsResponse::default() }
    }

    fn offset_of(
        &self,
        topic: &Str,
        entry: &ListOffsetsPartition,
        (consumer, not_yet): (bool, ErrorCode),
        io: &mut Io<'_, Broker>,
    ) -> Result<Found, ErrorCode> {
        let (replica, log) = self.readable(topic, entry.partition_index)?;
        replica.check_epoch(entry.current_leader_epoch)?;
        let end = if consumer { replica.high_watermark } else { log.log_end_offset() };
        // A new leader's high watermark may lag behind what its predecessor told: it waits until it is its own (KIP-207).
        let lags = consumer && replica.leading().is_some_and(|leading| replica.high_watermark < leading.epoch_start);
        if lags && !matches!(entry.timestamp, EARLIEST | EARLIEST_LOCAL) {
            return Err(not_yet);
        }
        let by_time = match entry.timestamp {
            LATEST => return Ok((-1, end, replica.leader_epoch)),
            EARLIEST | EARLIEST_LOCAL => {
                let start = log.log_start_offset();
                let epoch = log.epochs().first().filter(|(_, from)| *from <= start).map_or(-1, |(epoch, _)| *epoch);
                return Ok((-1, start, epoch));
            }
            // Nothing is tiered.
            LATEST_TIERED | EARLIEST_PENDING_UPLOAD => return Ok(NOTHING),
            MAX_TIMESTAMP => log.max_timestamp(io.disk),
            timestamp => log.offset_for_timestamp(timestamp, io.disk),
        };
        let found = by_time.map_err(|error| error.code())?.filter(|found| found.offset < end);
        Ok(found.map_or(NOTHING, |found| (found.timestamp, found.offset, found.leader_epoch)))
    }
}

fn is_known(timestamp: i64, version: i16) -> bool {
    match timestamp {
        LATEST | EARLIEST => true,
        MAX_TIMESTAMP => version >= 7,
        EARLIEST_LOCAL => version >= 8,
        LATEST_TIERED => version >= 9,
        EARLIEST_PENDING_UPLOAD => version >= 11,
        timestamp => timestamp >= 0,
    }
}

/// A request that Kafka stumbles over: everything that it names fails.
fn failed(request: ListOffsetsRequest) -> ListOffsetsResponse {
    let error_code = ErrorCode::UnknownServerError.code();
    let answer = |partition_index| ListOffsetsPartitionResponse {
        partition_index,
        error_code,
        ..ListOffsetsPartitionResponse::default()
    };
    let topics = request.topics.into_iter().map(|topic| ListOffsetsTopicResponse {
        name: topic.name,
        partitions: topic.partitions.iter().map(|partition| answer(partition.partition_index)).collect(),
    });
    ListOffsetsResponse { topics: topics.collect(), ..ListOffsetsResponse::default() }
}

/// Every topic and partition once, as it was asked for first.
fn distinct(topics: Vec<ListOffsetsTopic>) -> Vec<ListOffsetsTopic> {
    let mut seen = BTreeSet::new();
    let mut places = BTreeMap::new();
    let mut merged: Vec<ListOffsetsTopic> = Vec::new();
    for mut topic in topics {
        topic.partitions.retain(|partition| seen.insert((topic.name.clone(), partition.partition_index)));
        let place = *places.entry(topic.name.clone()).or_insert(merged.len());
        match merged.get_mut(place) {
            Some(known) => known.partitions.append(&mut topic.partitions),
            None => merged.push(topic),
        }
    }
    merged
}

fn twice(request: &ListOffsetsRequest) -> BTreeSet<(Str, i32)> {
    let mut seen = BTreeSet::new();
    let names = request
        .topics
        .iter()
        .flat_map(|topic| topic.partitions.iter().map(|p| (topic.name.clone(), p.partition_index)));
    names.filter(|name| !seen.insert(name.clone())).collect()
}
