//! ListOffsets: the offset that belongs to a timestamp, or to the start or end of a log.

use crate::names::Str;

crate::messages! {
    /// Asks for offsets by timestamp.
    ListOffsetsRequest: key 2, versions "1-11", flexible "6+" {
        /// The follower; -1 for a consumer.
        replica_id: i32 | "0+";
        /// 0 all records, 1 those of committed transactions only.
        isolation_level: i8 | "2+";
        /// The topics.
        topics: Vec<ListOffsetsTopic> | "0+";
        /// How long to wait for the outcome, in milliseconds.
        timeout_ms: i32 | "10+", ignorable;
    }

    /// A topic of the request.
    ListOffsetsTopic {
        /// The name.
        name: Str | "0+";
        /// The partitions.
        partitions: Vec<ListOffsetsPartition> | "0+";
    }

    /// A partition and the timestamp to look for.
    ListOffsetsPartition {
        /// The partition.
        partition_index: i32 | "0+";
        /// The epoch that the sender believes in; -1 if it has none.
        current_leader_epoch: i32 | "4+", ignorable = -1;
        /// A time in milliseconds, or -1 latest, -2 earliest, -3 highest timestamp, -4 earliest local, -5 latest
        /// tiered, -6 earliest pending upload.
        timestamp: i64 | "0+";
    }

    /// The offsets.
    ListOffsetsResponse: key 2, versions "1-11", flexible "6+" {
        /// How long the client is to hold back because of a quota, in milliseconds.
        throttle_time_ms: i32 | "2+", ignorable;
        /// The topics.
        topics: Vec<ListOffsetsTopicResponse> | "0+";
    }

    /// A topic of the response.
    ListOffsetsTopicResponse {
        /// The name.
        name: Str | "0+";
        /// The partitions.
        partitions: Vec<ListOffsetsPartitionResponse> | "0+";
    }

    /// What was found in a partition.
    ListOffsetsPartitionResponse {
        /// The partition.
        partition_index: i32 | "0+";
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// The timestamp in milliseconds.
        timestamp: i64 | "1+" = -1;
        /// The offset.
        offset: i64 | "1+" = -1;
        /// The epoch of the leader.
        leader_epoch: i32 | "4+" = -1;
    }
}
