//! CreateTopics, with a given or a chosen placement of replicas.

use crate::codec::empty;
use crate::names::{Str, Uuid};

crate::messages! {
    /// Creates topics.
    CreateTopicsRequest: key 19, versions "2-7", flexible "5+" {
        /// The topics.
        topics: Vec<CreatableTopic> | "0+";
        /// How long to wait for the outcome, in milliseconds.
        timeout_ms: i32 | "0+" = 60000;
        /// Whether only to check the request.
        validate_only: bool | "1+";
    }

    /// A topic to create.
    CreatableTopic {
        /// The name.
        name: Str | "0+";
        /// How many partitions; -1 for the broker's default.
        num_partitions: i32 | "0+";
        /// How many replicas; -1 for the broker's default.
        replication_factor: i16 | "0+";
        /// The replicas, if the client places them.
        assignments: Vec<CreatableReplicaAssignment> | "0+";
        /// The configuration values.
        configs: Vec<CreatableTopicConfig> | "0+";
    }

    /// The replicas of a partition.
    CreatableReplicaAssignment {
        /// The partition.
        partition_index: i32 | "0+";
        /// The replicas, the preferred leader first.
        broker_ids: Vec<i32> | "0+";
    }

    /// A configuration value of a topic to create.
    CreatableTopicConfig {
        /// The name.
        name: Str | "0+";
        /// The value.
        value: Option<Str> | "0+", nullable "0+" = empty();
    }

    /// What became of each topic.
    CreateTopicsResponse: key 19, versions "2-7", flexible "5+" {
        /// How long the client is to hold back because of a quota, in milliseconds.
        throttle_time_ms: i32 | "2+", ignorable;
        /// The topics.
        topics: Vec<CreatableTopicResult> | "0+";
    }

    /// What became of a topic.
    CreatableTopicResult {
        /// The name.
        name: Str | "0+";
        /// The topic's id.
        topic_id: Uuid | "7+", ignorable;
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// What went wrong, in words.
        error_message: Option<Str> | "1+", nullable "0+", ignorable = empty();
        /// Why the configuration is not told, or 0.
        topic_config_error_code: i16 | "5+", tag 0, ignorable;
        /// How many partitions; -1 for the broker's default.
        num_partitions: i32 | "5+", ignorable = -1;
        /// How many replicas; -1 for the broker's default.
        replication_factor: i16 | "5+", ignorable = -1;
        /// The configuration values.
        configs: Option<Vec<CreatableTopicConfigs>> | "5+", nullable "5+", ignorable = empty();
    }

    /// A configuration value of the created topic.
    CreatableTopicConfigs {
        /// The name.
        name: Str | "5+";
        /// The value.
        value: Option<Str> | "5+", nullable "5+" = empty();
        /// Whether the value cannot be changed.
        read_only: bool | "5+";
        /// Where the value comes from.
        config_source: i8 | "5+", ignorable = -1;
        /// Whether the value is kept secret.
        is_sensitive: bool | "5+";
    }
}
