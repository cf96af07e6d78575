//! AssignReplicasToDirs, API key 73.

use crate::names::Uuid;

crate::messages! {
    AssignReplicasToDirsRequest: key 73, versions "0", flexible "0+" {
        broker_id: i32 | "0+";
        broker_epoch: i64 | "0+" = -1;
        directories: Vec<DirectoryData> | "0+";
    }

    DirectoryData {
        id: Uuid | "0+";
        topics: Vec<TopicData> | "0+";
    }

    TopicData {
        topic_id: Uuid | "0+";
        partitions: Vec<PartitionData> | "0+";
    }

    PartitionData {
        partition_index: i32 | "0+";
    }

    AssignReplicasToDirsResponse: key 73, versions "0", flexible "0+" {
        throttle_time_ms: i32 | "0+";
        error_code: i16 | "0+";
        directories: Vec<DirectoryDataResponse> | "0+";
    }

    DirectoryDataResponse {
        id: Uuid | "0+";
        topics: Vec<TopicDataResponse> | "0+";
    }

    TopicDataResponse {
        topic_id: Uuid | "0+";
        partitions: Vec<PartitionDataResponse> | "0+";
    }

    PartitionDataResponse {
        partition_index: i32 | "0+";
        error_code: i16 | "0+";
    }
}
