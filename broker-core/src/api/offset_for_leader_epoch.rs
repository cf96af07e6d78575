//! OffsetForLeaderEpoch (KIP-101, KIP-320): where an epoch ends in this leader's log.

use crate::broker::Broker;
use wire::messages::OffsetForLeaderEpochResponse;
use wire::messages::offset_for_leader_epoch::{
    EpochEndOffset, OffsetForLeaderEpochRequest, OffsetForLeaderPartition, OffsetForLeaderTopicResult,
};
use wire::{ErrorCode, Str};

impl Broker {
    pub(super) fn offset_for_leader_epoch(&self, request: OffsetForLeaderEpochRequest) -> OffsetForLeaderEpochResponse {
        let topics = request.topics.into_iter().map(|topic| {
            let answer = |entry: &OffsetForLeaderPartition| match self.end_of_epoch(&topic.topic, entry) {
                Ok((leader_epoch, end_offset)) => {
                    EpochEndOffset { partition: entry.partition, leader_epoch, end_offset, ..EpochEndOffset::default() }
                }
                Err(error) => {
                    EpochEndOffset { partition: entry.partition, error_code: error.code(), ..EpochEndOffset::default() }
                }
            };
            let partitions = topic.partitions.iter().map(answer).collect();
            OffsetForLeaderTopicResult { topic: topic.topic, partitions }
        });
        OffsetForLeaderEpochResponse { topics: topics.collect(), ..OffsetForLeaderEpochResponse::default() }
    }

    fn end_of_epoch(&self, topic: &Str, entry: &OffsetForLeaderPartition) -> Result<(i32, i64), ErrorCode> {
        let (replica, log) = self.readable(topic, entry.partition)?;
        replica.check_epoch(entry.current_leader_epoch)?;
        let (epoch, end_offset) = log.end_offset_of_epoch(entry.leader_epoch).unwrap_or((-1, -1));
        if log.hides(end_offset) { Err(ErrorCode::KafkaStorageError) } else { Ok((epoch, end_offset)) }
    }
}
