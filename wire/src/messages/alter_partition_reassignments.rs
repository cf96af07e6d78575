//! AlterPartitionReassignments, API key 45.

use crate::codec::empty;
use crate::names::Str;

crate::messages! {
    AlterPartitionReassignmentsRequest: key 45, versions "0-1", flexible "0+" {
        timeout_ms: i32 | "0+" = 60000;
        allow_replication_factor_change: bool | "1+" = true;
        topics: Vec<ReassignableTopic> | "0+";
    }

    ReassignableTopic {
        name: Str | "0+";
        partitions: Vec<ReassignablePartition> | "0+";
    }

    ReassignablePartition {
        partition_index: i32 | "0+";
        replicas: Option<Vec<i32>> | "0+", nullable "0+" = None;
    }

    AlterPartitionReassignmentsResponse: key 45, versions "0-1", flexible "0+" {
        throttle_time_ms: i32 | "0+";
        allow_replication_factor_change: bool | "1+", ignorable = true;
        error_code: i16 | "0+";
        error_message: Option<Str> | "0+", nullable "0+" = empty();
        responses: Vec<ReassignableTopicResponse> | "0+";
    }

    ReassignableTopicResponse {
        name: Str | "0+";
        partitions: Vec<ReassignablePartitionResponse> | "0+";
    }

    ReassignablePartitionResponse {
        partition_index: i32 | "0+";
        error_code: i16 | "0+";
        error_message: Option<Str> | "0+", nullable "0+" = empty();
    }
}
