//! DescribeQuorum: how far voters and observers of the metadata quorum have got (KIP-595).

use crate::codec::empty;
use crate::names::{Str, Uuid};

crate::messages! {
    /// Asks for the state of the quorum.
    DescribeQuorumRequest: key 55, versions "0-2", flexible "0+" {
        /// The topics.
        topics: Vec<TopicData> | "0+";
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
    }

    /// The state of the quorum.
    DescribeQuorumResponse: key 55, versions "0-2", flexible "0+" {
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// What went wrong, in words.
        error_message: Option<Str> | "2+", nullable "2+", ignorable = empty();
        /// The topics.
        topics: Vec<TopicDataResponse> | "0+";
        /// Where the replicas can be reached.
        nodes: Vec<Node> | "2+";
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
        /// What went wrong, in words.
        error_message: Option<Str> | "2+", nullable "2+", ignorable = empty();
        /// The leader; -1 if there is none.
        leader_id: i32 | "0+";
        /// The epoch of the leader.
        leader_epoch: i32 | "0+";
        /// The first offset that is not committed.
        high_watermark: i64 | "0+";
        /// The voters.
        current_voters: Vec<ReplicaState> | "0+";
        /// The replicas without a vote.
        observers: Vec<ReplicaState> | "0+";
    }

    /// How far a replica has got.
    ReplicaState {
        /// The replica.
        replica_id: i32 | "0+";
        /// The replica's metadata or log directory.
        replica_directory_id: Uuid | "2+";
        /// The end of the replica's log.
        log_end_offset: i64 | "0+";
        /// When the leader last heard from the replica, in milliseconds; -1 if unknown.
        last_fetch_timestamp: i64 | "1+", ignorable = -1;
        /// When the replica last had everything, in milliseconds; -1 if unknown.
        last_caught_up_timestamp: i64 | "1+", ignorable = -1;
    }

    /// A voter or observer by id.
    Node {
        /// The node.
        node_id: i32 | "2+";
        /// Where the node can be reached.
        listeners: Vec<Listener> | "2+";
    }

    /// Where a node can be reached.
    Listener {
        /// The name.
        name: Str | "2+";
        /// A host name or an address.
        host: Str | "2+";
        /// A TCP port.
        port: u16 | "2+";
    }
}
