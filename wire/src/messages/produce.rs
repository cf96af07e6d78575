//! Produce, API key 0.

use crate::names::{Str, Uuid};
use bytes::Bytes;

crate::messages! {
    ProduceRequest: key 0, versions "3-13", flexible "9+" {
        transactional_id: Option<Str> | "3+", nullable "3+" = None;
        acks: i16 | "0+";
        timeout_ms: i32 | "0+";
        topic_data: Vec<TopicProduceData> | "0+";
    }

    TopicProduceData {
        name: Str | "0-12", ignorable;
        topic_id: Uuid | "13+", ignorable;
        partition_data: Vec<PartitionProduceData> | "0+";
    }

    PartitionProduceData {
        index: i32 | "0+";
        records: Option<Bytes> | "0+", nullable "0+", records = None;
    }

    ProduceResponse: key 0, versions "3-13", flexible "9+" {
        responses: Vec<TopicProduceResponse> | "0+";
        throttle_time_ms: i32 | "1+", ignorable;
        node_endpoints: Vec<NodeEndpoint> | "10+", tag 0;
    }

    TopicProduceResponse {
        name: Str | "0-12", ignorable;
        topic_id: Uuid | "13+", ignorable;
        partition_responses: Vec<PartitionProduceResponse> | "0+";
    }

    PartitionProduceResponse {
        index: i32 | "0+";
        error_code: i16 | "0+";
        base_offset: i64 | "0+";
        log_append_time_ms: i64 | "2+", ignorable = -1;
        log_start_offset: i64 | "5+", ignorable = -1;
        record_errors: Vec<BatchIndexAndErrorMessage> | "8+", ignorable;
        error_message: Option<Str> | "8+", nullable "8+", ignorable = None;
        current_leader: LeaderIdAndEpoch | "10+", tag 0;
    }

    BatchIndexAndErrorMessage {
        batch_index: i32 | "8+";
        batch_index_error_message: Option<Str> | "8+", nullable "8+" = None;
    }

    LeaderIdAndEpoch {
        leader_id: i32 | "10+" = -1;
        leader_epoch: i32 | "10+" = -1;
    }

    NodeEndpoint {
        node_id: i32 | "10+";
        host: Str | "10+";
        port: i32 | "10+";
        rack: Option<Str> | "10+", nullable "10+" = None;
    }
}
