//! AssignReplicasToDirs: a broker tells which log directory holds which replica (KIP-858).

use crate::names::Uuid;

crate::messages! {
    /// Tells the log directories of replicas.
    AssignReplicasToDirsRequest: key 73, versions "0", flexible "0+" {
        /// The broker.
        broker_id: i32 | "0+";
        /// The epoch of the broker's registration.
        broker_epoch: i64 | "0+" = -1;
        /// The log directories.
        directories: Vec<DirectoryData> | "0+";
    }

    /// A log directory and the replicas in it.
    DirectoryData {
        /// The log directory.
        id: Uuid | "0+";
        /// The topics.
        topics: Vec<TopicData> | "0+";
    }

    /// A topic of the request.
    TopicData {
        /// The topic's id.
        topic_id: Uuid | "0+";
        /// The partitions.
        partitions: Vec<PartitionData> | "0+";
    }

    /// A partition of the request.
    PartitionData {
        /// The partition.
        partition_index: i32 | "0+";
    }

    /// What became of each replica.
    AssignReplicasToDirsResponse: key 73, versions "0", flexible "0+" {
        /// How long the client is to hold back because of a quota, in milliseconds.
        throttle_time_ms: i32 | "0+";
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// The log directories.
        directories: Vec<DirectoryDataResponse> | "0+";
    }

    /// A log directory of the response.
    DirectoryDataResponse {
        /// The log directory.
        id: Uuid | "0+";
        /// The topics.
        topics: Vec<TopicDataResponse> | "0+";
    }

    /// A topic of the response.
    TopicDataResponse {
        /// The topic's id.
        topic_id: Uuid | "0+";
        /// The partitions.
        partitions: Vec<PartitionDataResponse> | "0+";
    }

    /// A partition of the response.
    PartitionDataResponse {
        /// The partition.
        partition_index: i32 | "0+";
        /// 0, or what went wrong.
        error_code: i16 | "0+";
    }
}
