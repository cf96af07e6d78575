//! DescribeLogDirs: what lies in the log directories of a broker (KIP-113).

use crate::codec::empty;
use crate::names::Str;

crate::messages! {
    /// Asks what lies in the log directories.
    DescribeLogDirsRequest: key 35, versions "1-5", flexible "2+" {
        /// The topics.
        topics: Option<Vec<DescribableLogDirTopic>> | "0+", nullable "0+" = empty();
    }

    /// A topic to describe.
    DescribableLogDirTopic {
        /// The topic.
        topic: Str | "0+";
        /// The partitions.
        partitions: Vec<i32> | "0+";
    }

    /// What lies in each log directory.
    DescribeLogDirsResponse: key 35, versions "1-5", flexible "2+" {
        /// How long the client is to hold back because of a quota, in milliseconds.
        throttle_time_ms: i32 | "0+";
        /// 0, or what went wrong.
        error_code: i16 | "3+", ignorable;
        /// The results.
        results: Vec<DescribeLogDirsResult> | "0+";
    }

    /// A log directory.
    DescribeLogDirsResult {
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// The log directory's path.
        log_dir: Str | "0+";
        /// The topics.
        topics: Vec<DescribeLogDirsTopic> | "0+";
        /// The volume's size in bytes; -1 if unknown.
        total_bytes: i64 | "4+", ignorable = -1;
        /// The volume's free bytes; -1 if unknown.
        usable_bytes: i64 | "4+", ignorable = -1;
        /// Whether it takes no new replicas.
        is_cordoned: bool | "5+", ignorable;
    }

    /// A topic with replicas in the log directory.
    DescribeLogDirsTopic {
        /// The name.
        name: Str | "0+";
        /// The partitions.
        partitions: Vec<DescribeLogDirsPartition> | "0+";
    }

    /// A replica in the log directory.
    DescribeLogDirsPartition {
        /// The partition.
        partition_index: i32 | "0+";
        /// The size of the replica's log in bytes.
        partition_size: i64 | "0+";
        /// How far the replica's end is from the high watermark or from the current replica.
        offset_lag: i64 | "0+";
        /// Whether the replica is on its way to another directory.
        is_future_key: bool | "0+";
    }
}
