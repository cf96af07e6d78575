//! BeginQuorumEpoch, API key 53.

use crate::names::{Str, Uuid};

crate::messages! {
    BeginQuorumEpochRequest: key 53, versions "0-1", flexible "1+" {
        cluster_id: Option<Str> | "0+", nullable "0+" = None;
        voter_id: i32 | "1+", ignorable = -1;
        topics: Vec<TopicData> | "0+";
        leader_endpoints: Vec<LeaderEndpoint> | "1+", ignorable;
    }

    TopicData {
        topic_name: Str | "0+";
        partitions: Vec<PartitionData> | "0+";
    }

    PartitionData {
        partition_index: i32 | "0+";
        voter_directory_id: Uuid | "1+", ignorable;
        leader_id: i32 | "0+";
        leader_epoch: i32 | "0+";
    }

    LeaderEndpoint {
        name: Str | "1+";
        host: Str | "1+";
        port: u16 | "1+";
    }

    BeginQuorumEpochResponse: key 53, versions "0-1", flexible "1+" {
        error_code: i16 | "0+";
        topics: Vec<TopicDataResponse> | "0+";
        node_endpoints: Vec<NodeEndpoint> | "1+", tag 0;
    }

    TopicDataResponse {
        topic_name: Str | "0+";
        partitions: Vec<PartitionDataResponse> | "0+";
    }

    PartitionDataResponse {
        partition_index: i32 | "0+";
        error_code: i16 | "0+";
        leader_id: i32 | "0+";
        leader_epoch: i32 | "0+";
    }

    NodeEndpoint {
        node_id: i32 | "1+";
        host: Str | "1+";
        port: u16 | "1+";
    }
}
