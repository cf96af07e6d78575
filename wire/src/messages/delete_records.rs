//! DeleteRecords: moves the start of logs forward (KIP-107).

use crate::names::Str;

crate::messages! {
    /// Deletes all records below given offsets.
    DeleteRecordsRequest: key 21, versions "0-2", flexible "2+" {
        /// The topics.
        topics: Vec<DeleteRecordsTopic> | "0+";
        /// How long to wait for the outcome, in milliseconds.
        timeout_ms: i32 | "0+";
    }

    /// A topic of the request.
    DeleteRecordsTopic {
        /// The name.
        name: Str | "0+";
        /// The partitions.
        partitions: Vec<DeleteRecordsPartition> | "0+";
    }

    /// A partition and the offset to delete up to.
    DeleteRecordsPartition {
        /// The partition.
        partition_index: i32 | "0+";
        /// The first offset to keep; -1 for the high watermark.
        offset: i64 | "0+";
    }

    /// Where the logs begin now.
    DeleteRecordsResponse: key 21, versions "0-2", flexible "2+" {
        /// How long the client is to hold back because of a quota, in milliseconds.
        throttle_time_ms: i32 | "0+";
        /// The topics.
        topics: Vec<DeleteRecordsTopicResult> | "0+";
    }

    /// A topic of the response.
    DeleteRecordsTopicResult {
        /// The name.
        name: Str | "0+";
        /// The partitions.
        partitions: Vec<DeleteRecordsPartitionResult> | "0+";
    }

    /// What became of a partition.
    DeleteRecordsPartitionResult {
        /// The partition.
        partition_index: i32 | "0+";
        /// The first offset of the log after the deletion.
        low_watermark: i64 | "0+";
        /// 0, or what went wrong.
        error_code: i16 | "0+";
    }
}
