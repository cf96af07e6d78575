//! Produce: record batches for the logs of partitions. From v13 topics go by their ids (KIP-516).

use crate::names::{Str, Uuid};
use bytes::Bytes;

crate::messages! {
    /// Appends record batches to partitions.
    ProduceRequest: key 0, versions "3-13", flexible "9+" {
        /// The transactional id; null without transactions.
        transactional_id: Option<Str> | "3+", nullable "3+" = None;
        /// Who must have the records before the answer: 0 nobody, and there is no answer; 1 the leader; -1 the ISR.
        acks: i16 | "0+";
        /// How long to wait for the ISR, in milliseconds.
        timeout_ms: i32 | "0+";
        /// The topics.
        topic_data: Vec<TopicProduceData> | "0+";
    }

    /// A topic of the request.
    TopicProduceData {
        /// The name.
        name: Str | "0-12", ignorable;
        /// The topic's id.
        topic_id: Uuid | "13+", ignorable;
        /// The partitions.
        partition_data: Vec<PartitionProduceData> | "0+";
    }

    /// The batches for a partition.
    PartitionProduceData {
        /// The partition.
        index: i32 | "0+";
        /// The record batches.
        records: Option<Bytes> | "0+", nullable "0+", records = None;
    }

    /// Where the batches went, or why they did not.
    ProduceResponse: key 0, versions "3-13", flexible "9+" {
        /// The topics.
        responses: Vec<TopicProduceResponse> | "0+";
        /// How long the client is to hold back because of a quota, in milliseconds.
        throttle_time_ms: i32 | "1+", ignorable;
        /// Where the leaders that are named can be reached.
        node_endpoints: Vec<NodeEndpoint> | "10+", tag 0;
    }

    /// A topic of the response.
    TopicProduceResponse {
        /// The name.
        name: Str | "0-12", ignorable;
        /// The topic's id.
        topic_id: Uuid | "13+", ignorable;
        /// The partitions.
        partition_responses: Vec<PartitionProduceResponse> | "0+";
    }

    /// What became of the batches for a partition.
    PartitionProduceResponse {
        /// The partition.
        index: i32 | "0+";
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// The offset of the first record.
        base_offset: i64 | "0+";
        /// The time of the append, if the topic's timestamps are the log's; otherwise -1.
        log_append_time_ms: i64 | "2+", ignorable = -1;
        /// The first offset of the log.
        log_start_offset: i64 | "5+", ignorable = -1;
        /// The records that were at fault.
        record_errors: Vec<BatchIndexAndErrorMessage> | "8+", ignorable;
        /// What went wrong, in words.
        error_message: Option<Str> | "8+", nullable "8+", ignorable = None;
        /// Who leads, if the receiver of this had it wrong.
        current_leader: LeaderIdAndEpoch | "10+", tag 0;
    }

    /// A record because of which the batches were refused.
    BatchIndexAndErrorMessage {
        /// The place of the record in its batch.
        batch_index: i32 | "8+";
        /// What is wrong with it.
        batch_index_error_message: Option<Str> | "8+", nullable "8+" = None;
    }

    /// Who leads, and since which epoch.
    LeaderIdAndEpoch {
        /// The leader; -1 if there is none.
        leader_id: i32 | "10+" = -1;
        /// The epoch of the leader.
        leader_epoch: i32 | "10+" = -1;
    }

    /// Where a node that leads can be reached.
    NodeEndpoint {
        /// The node.
        node_id: i32 | "10+";
        /// A host name or an address.
        host: Str | "10+";
        /// A TCP port.
        port: i32 | "10+";
        /// The rack; null if it has none.
        rack: Option<Str> | "10+", nullable "10+" = None;
    }
}
