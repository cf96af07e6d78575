//! ListPartitionReassignments: which replicas are being moved (KIP-455).

use crate::codec::empty;
use crate::names::Str;

crate::messages! {
    /// Asks which replicas are being moved.
    ListPartitionReassignmentsRequest: key 46, versions "0", flexible "0+" {
        /// How long to wait for the outcome, in milliseconds.
        timeout_ms: i32 | "0+" = 60000;
        /// The topics.
        topics: Option<Vec<ListPartitionReassignmentsTopics>> | "0+", nullable "0+" = None;
    }

    /// Partitions to ask about.
    ListPartitionReassignmentsTopics {
        /// The name.
        name: Str | "0+";
        /// The partitions.
        partition_indexes: Vec<i32> | "0+";
    }

    /// The partitions whose replicas are being moved.
    ListPartitionReassignmentsResponse: key 46, versions "0", flexible "0+" {
        /// How long the client is to hold back because of a quota, in milliseconds.
        throttle_time_ms: i32 | "0+";
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// What went wrong, in words.
        error_message: Option<Str> | "0+", nullable "0+" = empty();
        /// The topics.
        topics: Vec<OngoingTopicReassignment> | "0+";
    }

    /// A topic whose replicas are being moved.
    OngoingTopicReassignment {
        /// The name.
        name: Str | "0+";
        /// The partitions.
        partitions: Vec<OngoingPartitionReassignment> | "0+";
    }

    /// A partition whose replicas are being moved.
    OngoingPartitionReassignment {
        /// The partition.
        partition_index: i32 | "0+";
        /// The replicas, the preferred leader first.
        replicas: Vec<i32> | "0+";
        /// Replicas that a reassignment adds.
        adding_replicas: Vec<i32> | "0+";
        /// Replicas that a reassignment removes.
        removing_replicas: Vec<i32> | "0+";
    }
}
