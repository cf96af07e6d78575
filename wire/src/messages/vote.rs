//! Vote: a candidate of the metadata quorum asks for a vote, or for the promise of one (KIP-595, pre-vote KIP-996).

use crate::names::{Str, Uuid};

crate::messages! {
    /// Asks for a vote.
    VoteRequest: key 52, versions "0-2", flexible "0+" {
        /// The id of the cluster.
        cluster_id: Option<Str> | "0+", nullable "0+" = None;
        /// The voter.
        voter_id: i32 | "1+", ignorable = -1;
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

    /// What the candidate says of itself and of its log.
    PartitionData {
        /// The partition.
        partition_index: i32 | "0+";
        /// The candidate's epoch.
        replica_epoch: i32 | "0+";
        /// The candidate.
        replica_id: i32 | "0+";
        /// The replica's metadata or log directory.
        replica_directory_id: Uuid | "1+", ignorable;
        /// The voter's metadata directory.
        voter_directory_id: Uuid | "1+", ignorable;
        /// The last epoch of the candidate's log.
        last_offset_epoch: i32 | "0+";
        /// The end of the candidate's log.
        last_offset: i64 | "0+";
        /// Whether only the promise of a vote is asked for.
        pre_vote: bool | "2+";
    }

    /// Whether the vote was granted.
    VoteResponse: key 52, versions "0-2", flexible "0+" {
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

    /// What the voter says.
    PartitionDataResponse {
        /// The partition.
        partition_index: i32 | "0+";
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// The leader; -1 if there is none.
        leader_id: i32 | "0+";
        /// The epoch of the leader.
        leader_epoch: i32 | "0+";
        /// Whether the vote is granted.
        vote_granted: bool | "0+";
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
