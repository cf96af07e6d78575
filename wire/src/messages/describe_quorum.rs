//! DescribeQuorum, API key 55.

use crate::codec::empty;
use crate::names::{Str, Uuid};

crate::messages! {
    DescribeQuorumRequest: key 55, versions "0-2", flexible "0+" {
        topics: Vec<TopicData> | "0+";
    }

    TopicData {
        topic_name: Str | "0+";
        partitions: Vec<PartitionData> | "0+";
    }

    PartitionData {
        partition_index: i32 | "0+";
    }

    DescribeQuorumResponse: key 55, versions "0-2", flexible "0+" {
        error_code: i16 | "0+";
        error_message: Option<Str> | "2+", nullable "2+", ignorable = empty();
        topics: Vec<TopicDataResponse> | "0+";
        nodes: Vec<Node> | "2+";
    }

    TopicDataResponse {
        topic_name: Str | "0+";
        partitions: Vec<PartitionDataResponse> | "0+";
    }

    PartitionDataResponse {
        partition_index: i32 | "0+";
        error_code: i16 | "0+";
        error_message: Option<Str> | "2+", nullable "2+", ignorable = empty();
        leader_id: i32 | "0+";
        leader_epoch: i32 | "0+";
        high_watermark: i64 | "0+";
        current_voters: Vec<ReplicaState> | "0+";
        observers: Vec<ReplicaState> | "0+";
    }

    ReplicaState {
        replica_id: i32 | "0+";
        replica_directory_id: Uuid | "2+";
        log_end_offset: i64 | "0+";
        last_fetch_timestamp: i64 | "1+", ignorable = -1;
        last_caught_up_timestamp: i64 | "1+", ignorable = -1;
    }

    Node {
        node_id: i32 | "2+";
        listeners: Vec<Listener> | "2+";
    }

    Listener {
        name: Str | "2+";
        host: Str | "2+";
        port: u16 | "2+";
    }
}
