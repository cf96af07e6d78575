//! ListPartitionReassignments, API key 46.

use crate::codec::empty;
use crate::names::Str;

crate::messages! {
    ListPartitionReassignmentsRequest: key 46, versions "0", flexible "0+" {
        timeout_ms: i32 | "0+" = 60000;
        topics: Option<Vec<ListPartitionReassignmentsTopics>> | "0+", nullable "0+" = None;
    }

    ListPartitionReassignmentsTopics {
        name: Str | "0+";
        partition_indexes: Vec<i32> | "0+";
    }

    ListPartitionReassignmentsResponse: key 46, versions "0", flexible "0+" {
        throttle_time_ms: i32 | "0+";
        error_code: i16 | "0+";
        error_message: Option<Str> | "0+", nullable "0+" = empty();
        topics: Vec<OngoingTopicReassignment> | "0+";
    }

    OngoingTopicReassignment {
        name: Str | "0+";
        partitions: Vec<OngoingPartitionReassignment> | "0+";
    }

    OngoingPartitionReassignment {
        partition_index: i32 | "0+";
        replicas: Vec<i32> | "0+";
        adding_replicas: Vec<i32> | "0+";
        removing_replicas: Vec<i32> | "0+";
    }
}
