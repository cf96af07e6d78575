//! AlterPartition, API key 56.

use crate::names::Uuid;

crate::messages! {
    AlterPartitionRequest: key 56, versions "2-3", flexible "0+" {
        broker_id: i32 | "0+";
        broker_epoch: i64 | "0+" = -1;
        topics: Vec<TopicData> | "0+";
    }

    TopicData {
        topic_id: Uuid | "2+", ignorable;
        partitions: Vec<PartitionData> | "0+";
    }

    PartitionData {
        partition_index: i32 | "0+";
        leader_epoch: i32 | "0+";
        new_isr: Vec<i32> | "0-2";
        new_isr_with_epochs: Vec<BrokerState> | "3+";
        leader_recovery_state: i8 | "1+";
        partition_epoch: i32 | "0+";
    }

    BrokerState {
        broker_id: i32 | "3+";
        broker_epoch: i64 | "3+" = -1;
    }

    AlterPartitionResponse: key 56, versions "2-3", flexible "0+" {
        throttle_time_ms: i32 | "0+";
        error_code: i16 | "0+";
        topics: Vec<TopicDataResponse> | "0+";
    }

    TopicDataResponse {
        topic_id: Uuid | "2+", ignorable;
        partitions: Vec<PartitionDataResponse> | "0+";
    }

    PartitionDataResponse {
        partition_index: i32 | "0+";
        error_code: i16 | "0+";
        leader_id: i32 | "0+";
        leader_epoch: i32 | "0+";
        isr: Vec<i32> | "0+";
        leader_recovery_state: i8 | "1+", ignorable;
        partition_epoch: i32 | "0+";
    }
}
