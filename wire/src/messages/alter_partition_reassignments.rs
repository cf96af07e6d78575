//! AlterPartitionReassignments: moves replicas to other brokers, or calls that off (KIP-455).

use crate::codec::empty;
use crate::names::Str;

crate::messages! {
    /// Starts or cancels the moving of replicas.
    AlterPartitionReassignmentsRequest: key 45, versions "0-1", flexible "0+" {
        /// How long to wait for the outcome, in milliseconds.
        timeout_ms: i32 | "0+" = 60000;
        /// Whether the number of replicas may change.
        allow_replication_factor_change: bool | "1+" = true;
        /// The topics.
        topics: Vec<ReassignableTopic> | "0+";
    }

    /// A topic whose replicas are to move.
    ReassignableTopic {
        /// The name.
        name: Str | "0+";
        /// The partitions.
        partitions: Vec<ReassignablePartition> | "0+";
    }

    /// A partition whose replicas are to move.
    ReassignablePartition {
        /// The partition.
        partition_index: i32 | "0+";
        /// The replicas, the preferred leader first.
        replicas: Option<Vec<i32>> | "0+", nullable "0+" = None;
    }

    /// What became of each partition.
    AlterPartitionReassignmentsResponse: key 45, versions "0-1", flexible "0+" {
        /// How long the client is to hold back because of a quota, in milliseconds.
        throttle_time_ms: i32 | "0+";
        /// Whether the number of replicas may change.
        allow_replication_factor_change: bool | "1+", ignorable = true;
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// What went wrong, in words.
        error_message: Option<Str> | "0+", nullable "0+" = empty();
        /// The topics.
        responses: Vec<ReassignableTopicResponse> | "0+";
    }

    /// What became of a topic.
    ReassignableTopicResponse {
        /// The name.
        name: Str | "0+";
        /// The partitions.
        partitions: Vec<ReassignablePartitionResponse> | "0+";
    }

    /// What became of a partition.
    ReassignablePartitionResponse {
        /// The partition.
        partition_index: i32 | "0+";
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// What went wrong, in words.
        error_message: Option<Str> | "0+", nullable "0+" = empty();
    }
}
