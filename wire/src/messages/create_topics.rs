//! CreateTopics, API key 19.

use crate::codec::empty;
use crate::names::{Str, Uuid};

crate::messages! {
    CreateTopicsRequest: key 19, versions "2-7", flexible "5+" {
        topics: Vec<CreatableTopic> | "0+";
        timeout_ms: i32 | "0+" = 60000;
        validate_only: bool | "1+";
    }

    CreatableTopic {
        name: Str | "0+";
        num_partitions: i32 | "0+";
        replication_factor: i16 | "0+";
        assignments: Vec<CreatableReplicaAssignment> | "0+";
        configs: Vec<CreatableTopicConfig> | "0+";
    }

    CreatableReplicaAssignment {
        partition_index: i32 | "0+";
        broker_ids: Vec<i32> | "0+";
    }

    CreatableTopicConfig {
        name: Str | "0+";
        value: Option<Str> | "0+", nullable "0+" = empty();
    }

    CreateTopicsResponse: key 19, versions "2-7", flexible "5+" {
        throttle_time_ms: i32 | "2+", ignorable;
        topics: Vec<CreatableTopicResult> | "0+";
    }

    CreatableTopicResult {
        name: Str | "0+";
        topic_id: Uuid | "7+", ignorable;
        error_code: i16 | "0+";
        error_message: Option<Str> | "1+", nullable "0+", ignorable = empty();
        topic_config_error_code: i16 | "5+", tag 0, ignorable;
        num_partitions: i32 | "5+", ignorable = -1;
        replication_factor: i16 | "5+", ignorable = -1;
        configs: Option<Vec<CreatableTopicConfigs>> | "5+", nullable "5+", ignorable = empty();
    }

    CreatableTopicConfigs {
        name: Str | "5+";
        value: Option<Str> | "5+", nullable "5+" = empty();
        read_only: bool | "5+";
        config_source: i8 | "5+", ignorable = -1;
        is_sensitive: bool | "5+";
    }
}
