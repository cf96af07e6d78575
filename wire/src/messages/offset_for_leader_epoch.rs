//! OffsetForLeaderEpoch, API key 23.

use crate::names::Str;

crate::messages! {
    OffsetForLeaderEpochRequest: key 23, versions "2-4", flexible "4+" {
        replica_id: i32 | "3+", ignorable = -2;
        topics: Vec<OffsetForLeaderTopic> | "0+";
    }

    OffsetForLeaderTopic {
        topic: Str | "0+";
        partitions: Vec<OffsetForLeaderPartition> | "0+";
    }

    OffsetForLeaderPartition {
        partition: i32 | "0+";
        current_leader_epoch: i32 | "2+", ignorable = -1;
        leader_epoch: i32 | "0+";
    }

    OffsetForLeaderEpochResponse: key 23, versions "2-4", flexible "4+" {
        throttle_time_ms: i32 | "2+", ignorable;
        topics: Vec<OffsetForLeaderTopicResult> | "0+";
    }

    OffsetForLeaderTopicResult {
        topic: Str | "0+";
        partitions: Vec<EpochEndOffset> | "0+";
    }

    EpochEndOffset {
        error_code: i16 | "0+";
        partition: i32 | "0+";
        leader_epoch: i32 | "1+", ignorable = -1;
        end_offset: i64 | "0+" = -1;
    }
}
