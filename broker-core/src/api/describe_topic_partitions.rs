//! DescribeTopicPartitions (KIP-966): topics page by page.

use super::metadata::offline_replicas;
use crate::broker::Broker;
use crate::controller::{Image, PartitionImage, names};
use std::collections::BTreeSet;
use wire::messages::DescribeTopicPartitionsResponse;
use wire::messages::describe_topic_partitions::{
    Cursor, DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponsePartition,
    DescribeTopicPartitionsResponseTopic,
};
use wire::{ErrorCode, Str, Uuid};

impl Broker {
    pub(super) fn describe_topic_partitions(
        &self,
        request: &DescribeTopicPartitionsRequest,
    ) -> DescribeTopicPartitionsResponse {
        let image = self.controller.committed();
        let all = request.topics.is_empty();
        let start = request.cursor.as_ref();
        let from = start.map_or("", |cursor| cursor.topic_name.as_str());
        let named: BTreeSet<&Str> = if all {
            image.topic_ids.keys().collect()
        } else {
            request.topics.iter().map(|topic| &topic.name).collect()
        };
        let topics: Vec<&Str> = named.into_iter().filter(|name| name.as_str() >= from).collect();
        let sound = |cursor: &Cursor| cursor.partition_index >= 0 && (all || topics.contains(&&cursor.topic_name));
        if !start.is_none_or(sound) {
            // The cursor is not part of what is asked for.
            return refused(request);
        }
        let limit = self.config.number("max.request.partition.size.limit").min(request.response_partition_limit.into());
        let mut room = usize::try_from(limit.max(1)).unwrap_or(1);
        let mut response = DescribeTopicPartitionsResponse::default();
        for name in topics {
            if room == 0 {
                response.next_cursor = Some(Cursor { topic_name: name.clone(), partition_index: 0 });
                break;
            }
            let first = start.filter(|cursor| cursor.topic_name == *name).map_or(0, |cursor| cursor.partition_index);
            let Some(topic) = image.topic(name) else {
                response.topics.push(missing(name));
                continue;
            };
            let mut rest = topic.partitions.range(first..);
            let shown: Vec<_> =
                rest.by_ref().take(room).map(|(&index, partition)| describe(image, index, partition)).collect();
            room -= shown.len();
            response.topics.push(DescribeTopicPartitionsResponseTopic {
                name: Some(name.clone()),
                topic_id: topic.id,
                is_internal: names::is_internal(name),
                partitions: shown,
                topic_authorized_operations: super::TOPIC_OPERATIONS,
                ..DescribeTopicPartitionsResponseTopic::default()
            });
            if let Some((&partition_index, _)) = rest.next() {
                response.next_cursor = Some(Cursor { topic_name: name.clone(), partition_index });
                break;
            }
        }
        response
    }
}

fn refused(request: &DescribeTopicPartitionsRequest) -> DescribeTopicPartitionsResponse {
    let topics = request.topics.iter().map(|topic| DescribeTopicPartitionsResponseTopic {
        error_code: ErrorCode::InvalidRequest.code(),
        name: Some(topic.name.clone()),
        ..DescribeTopicPartitionsResponseTopic::default()
    });
    DescribeTopicPartitionsResponse { topics: topics.collect(), ..DescribeTopicPartitionsResponse::default() }
}

fn missing(name: &Str) -> DescribeTopicPartitionsResponseTopic {
    let error =
        if names::check(name).is_ok() { ErrorCode::UnknownTopicOrPartition } else { ErrorCode::InvalidTopicException };
    DescribeTopicPartitionsResponseTopic {
        error_code: error.code(),
        name: Some(name.clone()),
        topic_id: Uuid::ZERO,
        is_internal: names::is_internal(name),
        topic_authorized_operations: super::TOPIC_OPERATIONS,
        ..DescribeTopicPartitionsResponseTopic::default()
    }
}

fn describe(
    image: &Image,
    partition_index: i32,
    partition: &PartitionImage,
) -> DescribeTopicPartitionsResponsePartition {
    DescribeTopicPartitionsResponsePartition {
        // Unlike Metadata, it says so of no partition that it has no leader.
        error_code: 0,
        partition_index,
        leader_id: partition.leader,
        leader_epoch: partition.leader_epoch,
        replica_nodes: partition.replicas.clone(),
        isr_nodes: partition.isr.clone(),
        // Java's Admin cannot read null here.
        eligible_leader_replicas: Some(partition.elr.clone()),
        last_known_elr: Some(partition.last_known_elr.clone()),
        offline_replicas: offline_replicas(image, partition),
    }
}
