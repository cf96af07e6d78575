//! Vote, API key 52.

use crate::names::{Str, Uuid};

crate::messages! {
    VoteRequest: key 52, versions "0-2", flexible "0+" {
        cluster_id: Option<Str> | "0+", nullable "0+" = None;
        voter_id: i32 | "1+", ignorable = -1;
        topics: Vec<TopicData> | "0+";
    }

    TopicData {
        topic_name: Str | "0+";
        partitions: Vec<PartitionData> | "0+";
    }

    PartitionData {
        partition_index: i32 | "0+";
        replica_epoch: i32 | "0+";
        replica_id: i32 | "0+";
        replica_directory_id: Uuid | "1+", ignorable;
        voter_directory_id: Uuid | "1+", ignorable;
        last_offset_epoch: i32 | "0+";
        last_offset: i64 | "0+";
        pre_vote: bool | "2+";
    }

    VoteResponse: key 52, versions "0-2", flexible "0+" {
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
        vote_granted: bool | "0+";
    }

    NodeEndpoint {
        node_id: i32 | "1+";
        host: Str | "1+";
        port: u16 | "1+";
    }
}
