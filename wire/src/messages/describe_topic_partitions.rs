//! DescribeTopicPartitions: topics in pages, with eligible leader replicas (KIP-966).

use crate::codec::empty;
use crate::names::{Str, Uuid};

crate::messages! {
    /// Asks for topics, from a cursor on.
    DescribeTopicPartitionsRequest: key 75, versions "0", flexible "0+" {
        /// The topics.
        topics: Vec<TopicRequest> | "0+";
        /// How many partitions a page may have.
        response_partition_limit: i32 | "0+" = 2000;
        /// Where to begin; null for the first page.
        cursor: Option<Cursor> | "0+", nullable "0+" = None;
    }

    /// A topic to describe.
    TopicRequest {
        /// The topic.
        name: Str | "0+";
    }

    /// Where a page begins.
    Cursor {
        /// The topic.
        topic_name: Str | "0+";
        /// The partition.
        partition_index: i32 | "0+";
    }

    /// A page of topics.
    DescribeTopicPartitionsResponse: key 75, versions "0", flexible "0+" {
        /// How long the client is to hold back because of a quota, in milliseconds.
        throttle_time_ms: i32 | "0+", ignorable;
        /// The topics.
        topics: Vec<DescribeTopicPartitionsResponseTopic> | "0+";
        /// Where the next page begins; null on the last.
        next_cursor: Option<Cursor> | "0+", nullable "0+" = None;
    }

    /// A topic.
    DescribeTopicPartitionsResponseTopic {
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// The name.
        name: Option<Str> | "0+", nullable "0+" = empty();
        /// The topic's id.
        topic_id: Uuid | "0+", ignorable;
        /// Whether the topic is one of Kafka's own.
        is_internal: bool | "0+", ignorable;
        /// The partitions.
        partitions: Vec<DescribeTopicPartitionsResponsePartition> | "0+";
        /// What the client may do with the topic, as bits; `i32::MIN` if it did not ask.
        topic_authorized_operations: i32 | "0+" = i32::MIN;
    }

    /// The state of a partition.
    DescribeTopicPartitionsResponsePartition {
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// The partition.
        partition_index: i32 | "0+";
        /// The leader; -1 if there is none.
        leader_id: i32 | "0+";
        /// The epoch of the leader.
        leader_epoch: i32 | "0+", ignorable = -1;
        /// The replicas, the preferred leader first.
        replica_nodes: Vec<i32> | "0+";
        /// The in-sync replicas.
        isr_nodes: Vec<i32> | "0+";
        /// Replicas outside the ISR that have everything committed.
        eligible_leader_replicas: Option<Vec<i32>> | "0+", nullable "0+" = None;
        /// The last known leader, when nobody is eligible.
        last_known_elr: Option<Vec<i32>> | "0+", nullable "0+" = None;
        /// Replicas that are offline.
        offline_replicas: Vec<i32> | "0+", ignorable;
    }
}
