//! CreatePartitions: more partitions for topics that exist.

use crate::codec::empty;
use crate::names::Str;

crate::messages! {
    /// Adds partitions to topics.
    CreatePartitionsRequest: key 37, versions "0-3", flexible "2+" {
        /// The topics.
        topics: Vec<CreatePartitionsTopic> | "0+";
        /// How long to wait for the outcome, in milliseconds.
        timeout_ms: i32 | "0+";
        /// Whether only to check the request.
        validate_only: bool | "0+";
    }

    /// A topic that is to have more partitions.
    CreatePartitionsTopic {
        /// The name.
        name: Str | "0+";
        /// How many partitions the topic is to have.
        count: i32 | "0+";
        /// The replicas of the new partitions; null if the controller is to place them.
        assignments: Option<Vec<CreatePartitionsAssignment>> | "0+", nullable "0+" = empty();
    }

    /// The replicas of a new partition.
    CreatePartitionsAssignment {
        /// The replicas, the preferred leader first.
        broker_ids: Vec<i32> | "0+";
    }

    /// What became of each topic.
    CreatePartitionsResponse: key 37, versions "0-3", flexible "2+" {
        /// How long the client is to hold back because of a quota, in milliseconds.
        throttle_time_ms: i32 | "0+";
        /// The results.
        results: Vec<CreatePartitionsTopicResult> | "0+";
    }

    /// What became of a topic.
    CreatePartitionsTopicResult {
        /// The name.
        name: Str | "0+";
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// What went wrong, in words.
        error_message: Option<Str> | "0+", nullable "0+" = None;
    }
}
