//! Consuming on the stage: what a fetch asks for, and batches to answer it with.

use super::{Asked, Stage};
use bytes::Bytes;
use client_core::{Done, Op};
use std::collections::BTreeMap;
use wire::messages::fetch::{AbortedTransaction, FetchPartition, FetchableTopicResponse, PartitionData};
use wire::messages::list_offsets::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use wire::messages::offset_for_leader_epoch::{EpochEndOffset, OffsetForLeaderTopicResult};
use wire::messages::{FetchRequest, FetchResponse, ListOffsetsResponse, OffsetForLeaderEpochResponse};
use wire::records::header::seal;
use wire::records::{BatchBuilder, Compression};
use wire::{OpId, Request};

/// A batch of values from an offset on, of epoch 0.
pub fn batch(base_offset: i64, values: &[&str]) -> Vec<u8> {
    batch_of(0, base_offset, values)
}

/// The same of any epoch.
pub fn batch_of(leader_epoch: i32, base_offset: i64, values: &[&str]) -> Vec<u8> {
    values
        .iter()
        .fold(BatchBuilder::new(Compression::None), |builder, value| builder.record(1, None, Some(value.as_bytes())))
        .at(base_offset, leader_epoch)
        .build()
        .to_vec()
}

/// A control batch at an offset: an abort marker, or a commit marker.
pub fn marker(offset: i64, producer_id: i64, abort: bool) -> Vec<u8> {
    let key = [0, 0, 0, u8::from(!abort)];
    let builder = BatchBuilder::new(Compression::None).record(1, Some(&key), Some(&[0; 6]));
    builder.control().transactional().producer(producer_id, 0, -1).at(offset, 0).build().to_vec()
}

/// A batch of one transaction.
pub fn transactional(base_offset: i64, producer_id: i64, value: &str) -> Vec<u8> {
    let builder = BatchBuilder::new(Compression::None).record(1, None, Some(value.as_bytes()));
    builder.transactional().producer(producer_id, 0, 0).at(base_offset, 0).build().to_vec()
}

/// What compaction leaves of a batch: its header, from an offset to another.
pub fn emptied(base_offset: i64, last_offset: i64) -> Vec<u8> {
    let mut bytes = batch(base_offset, &["x"])[..61].to_vec();
    bytes[8..12].copy_from_slice(&49i32.to_be_bytes());
    bytes[23..27].copy_from_slice(&i32::try_from(last_offset - base_offset).unwrap().to_be_bytes());
    bytes[57..61].copy_from_slice(&0i32.to_be_bytes());
    seal(&mut bytes);
    bytes
}

/// What a fetch request asks for, by partition index.
pub fn fetched(asked: &Asked) -> BTreeMap<i32, FetchPartition> {
    let partitions = fetch_request(asked).topics.iter().flat_map(|topic| &topic.partitions);
    partitions.map(|one| (one.partition, one.clone())).collect()
}

pub fn fetch_request(asked: &Asked) -> &FetchRequest {
    let Request::Fetch(request) = &asked.request else { panic!("not a fetch: {asked:?}") };
    request
}

/// Data of a partition.
pub fn data(partition_index: i32, batches: &[Vec<u8>]) -> PartitionData {
    PartitionData { partition_index, records: Some(Bytes::from(batches.concat())), ..PartitionData::default() }
}

pub fn aborted(of: PartitionData, list: &[(i64, i64)]) -> PartitionData {
    let list = list.iter().map(|&(producer_id, first_offset)| AbortedTransaction { producer_id, first_offset });
    PartitionData { aborted_transactions: Some(list.collect()), ..of }
}

/// An error of a partition.
pub fn error(partition_index: i32, error_code: i16) -> PartitionData {
    PartitionData { partition_index, error_code, ..PartitionData::default() }
}

/// An answer to a fetch, for its first topic.
pub fn answer(asked: &Asked, partitions: Vec<PartitionData>) -> FetchResponse {
    let topic = &fetch_request(asked).topics[0];
    let (topic, topic_id) = (topic.topic.clone(), topic.topic_id);
    FetchResponse {
        responses: vec![FetchableTopicResponse { topic, topic_id, partitions }],
        ..FetchResponse::default()
    }
}

/// Partition, offset and value of the records; partition and code of the errors.
pub type Polled = (Vec<(i32, i64, String)>, Vec<(i32, i16)>);

impl Stage {
    /// Answers the next request, which must be a fetch; says what it asked for.
    pub fn take_fetch(&mut self, partitions: Vec<PartitionData>) -> BTreeMap<i32, FetchPartition> {
        let asked = self.request();
        let response = answer(&asked, partitions);
        let content = fetched(&asked);
        self.answer(&asked, response);
        content
    }

    /// Answers the next request, which must be a look-up, with one offset or error; says which timestamps it asked for.
    pub fn take_lookup(&mut self, error_code: i16, offset: i64) -> Vec<(i32, i64)> {
        let asked = self.request();
        let Request::ListOffsets(request) = &asked.request else { panic!("not a look-up: {asked:?}") };
        let answer = |partition_index| ListOffsetsPartitionResponse {
            partition_index,
            error_code,
            offset,
            ..Default::default()
        };
        let topics = request.topics.iter().map(|topic| ListOffsetsTopicResponse {
            name: topic.name.clone(),
            partitions: topic.partitions.iter().map(|one| answer(one.partition_index)).collect(),
        });
        let response = ListOffsetsResponse { topics: topics.collect(), ..ListOffsetsResponse::default() };
        let partitions = request.topics.iter().flat_map(|topic| &topic.partitions);
        let timestamps = partitions.map(|one| (one.partition_index, one.timestamp)).collect();
        self.answer(&asked, response);
        timestamps
    }

    /// Answers the next request, which must be a validation, with an error or with an epoch and where it ends; says by partition what it
    /// asked for: the leader's epoch and the epoch read last.
    pub fn take_check(&mut self, error_code: i16, (leader_epoch, end_offset): (i32, i64)) -> Vec<(i32, i32, i32)> {
        let asked = self.request();
        let Request::OffsetForLeaderEpoch(request) = &asked.request else { panic!("not a validation: {asked:?}") };
        assert_eq!(request.replica_id, -1);
        let answer = |partition| EpochEndOffset { error_code, partition, leader_epoch, end_offset };
        let topics = request.topics.iter().map(|topic| OffsetForLeaderTopicResult {
            topic: topic.topic.clone(),
            partitions: topic.partitions.iter().map(|one| answer(one.partition)).collect(),
        });
        let response = OffsetForLeaderEpochResponse { topics: topics.collect(), ..Default::default() };
        let partitions = request.topics.iter().flat_map(|topic| &topic.partitions);
        let asked_for = partitions.map(|one| (one.partition, one.current_leader_epoch, one.leader_epoch)).collect();
        self.answer(&asked, response);
        asked_for
    }

    /// Asks for records, waiting up to a second.
    pub fn poll(&mut self, max_records: u32) -> OpId {
        self.op(Op::Poll { max_records, timeout_ms: 1000 })
    }

    /// What a poll returned: offsets and values by partition, and errors; None if it still waits.
    pub fn polled(&self, poll: OpId) -> Option<Polled> {
        let Done::Polled { records, errors } = self.outcome(poll)? else { panic!("not a poll") };
        let text = |value: &Option<Bytes>| String::from_utf8(value.clone().unwrap_or_default().to_vec()).unwrap();
        let records = records.iter().flat_map(|(partition, records)| {
            records.iter().map(|(offset, record)| (partition.partition, *offset, text(&record.value)))
        });
        Some((records.collect(), errors.iter().map(|(partition, error)| (partition.partition, error.code())).collect()))
    }
}
