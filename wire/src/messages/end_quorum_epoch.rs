//! EndQuorumEpoch: a leader of the metadata quorum resigns (KIP-595).

use crate::names::{Str, Uuid};

crate::messages! {
    /// Says that the leader of the epoch resigns.
    EndQuorumEpochRequest: key 54, versions "0-1", flexible "1+" {
        /// The id of the cluster.
        cluster_id: Option<Str> | "0+", nullable "0+" = None;
        /// The topics.
        topics: Vec<TopicData> | "0+";
        /// Where the leader can be reached.
        leader_endpoints: Vec<LeaderEndpoint> | "1+", ignorable;
    }

    /// A topic of the request.
    TopicData {
        /// The topic.
        topic_name: Str | "0+";
        /// The partitions.
        partitions: Vec<PartitionData> | "0+";
    }

    /// A partition of the request.
    PartitionData {
        /// The partition.
        partition_index: i32 | "0+";
        /// The leader; -1 if there is none.
        leader_id: i32 | "0+";
        /// The epoch of the leader.
        leader_epoch: i32 | "0+";
        /// Who could lead next, the best first.
        preferred_successors: Vec<i32> | "0", ignorable;
        /// Who could lead next, the best first.
        preferred_candidates: Vec<ReplicaInfo> | "1+", ignorable;
    }

    /// A voter that could lead next.
    ReplicaInfo {
        /// The candidate.
        candidate_id: i32 | "1+";
        /// The candidate's metadata directory.
        candidate_directory_id: Uuid | "1+";
    }

    /// Where the leader can be reached.
    LeaderEndpoint {
        /// The name.
        name: Str | "1+";
        /// A host name or an address.
        host: Str | "1+";
        /// A TCP port.
        port: u16 | "1+";
    }

    /// Whether the voter has taken note.
    EndQuorumEpochResponse: key 54, versions "0-1", flexible "1+" {
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// The topics.
        topics: Vec<TopicDataResponse> | "0+";
        /// Where the leaders that are named can be reached.
        node_endpoints: Vec<NodeEndpoint> | "1+", tag 0;
    }

    /// A topic of the response.
    TopicDataResponse {
        /// The topic.
        topic_name: Str | "0+";
        /// The partitions.
        partitions: Vec<PartitionDataResponse> | "0+";
    }

    /// A partition of the response.
    PartitionDataResponse {
        /// The partition.
        partition_index: i32 | "0+";
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// The leader; -1 if there is none.
        leader_id: i32 | "0+";
        /// The epoch of the leader.
        leader_epoch: i32 | "0+";
    }

    /// Where a node that leads can be reached.
    NodeEndpoint {
        /// The node.
        node_id: i32 | "1+";
        /// A host name or an address.
        host: Str | "1+";
        /// A TCP port.
        port: u16 | "1+";
    }
}
