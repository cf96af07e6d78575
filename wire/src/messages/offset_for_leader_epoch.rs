//! OffsetForLeaderEpoch: where an epoch ended, so that a consumer notices a truncated log (KIP-320).

use crate::names::Str;

crate::messages! {
    /// Asks where epochs ended.
    OffsetForLeaderEpochRequest: key 23, versions "2-4", flexible "4+" {
        /// The follower; -1 for a consumer.
        replica_id: i32 | "3+", ignorable = -2;
        /// The topics.
        topics: Vec<OffsetForLeaderTopic> | "0+";
    }

    /// A topic of the request.
    OffsetForLeaderTopic {
        /// The topic.
        topic: Str | "0+";
        /// The partitions.
        partitions: Vec<OffsetForLeaderPartition> | "0+";
    }

    /// A partition and the epoch in question.
    OffsetForLeaderPartition {
        /// The partition.
        partition: i32 | "0+";
        /// The epoch that the sender believes in; -1 if it has none.
        current_leader_epoch: i32 | "2+", ignorable = -1;
        /// The epoch in question.
        leader_epoch: i32 | "0+";
    }

    /// Where they ended.
    OffsetForLeaderEpochResponse: key 23, versions "2-4", flexible "4+" {
        /// How long the client is to hold back because of a quota, in milliseconds.
        throttle_time_ms: i32 | "2+", ignorable;
        /// The topics.
        topics: Vec<OffsetForLeaderTopicResult> | "0+";
    }

    /// A topic of the response.
    OffsetForLeaderTopicResult {
        /// The topic.
        topic: Str | "0+";
        /// The partitions.
        partitions: Vec<EpochEndOffset> | "0+";
    }

    /// Where an epoch ended in a partition.
    EpochEndOffset {
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// The partition.
        partition: i32 | "0+";
        /// The epoch in question.
        leader_epoch: i32 | "1+", ignorable = -1;
        /// The first offset behind the epoch.
        end_offset: i64 | "0+" = -1;
    }
}
