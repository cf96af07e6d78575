//! AlterPartition: a leader asks the controller for another ISR (KIP-497, broker epochs KIP-903).

use crate::names::Uuid;

crate::messages! {
    /// Asks for a change of ISRs.
    AlterPartitionRequest: key 56, versions "2-3", flexible "0+" {
        /// The broker.
        broker_id: i32 | "0+";
        /// The epoch of the broker's registration.
        broker_epoch: i64 | "0+" = -1;
        /// The topics.
        topics: Vec<TopicData> | "0+";
    }

    /// A topic of the request.
    TopicData {
        /// The topic's id.
        topic_id: Uuid | "2+", ignorable;
        /// The partitions.
        partitions: Vec<PartitionData> | "0+";
    }

    /// A partition of the request.
    PartitionData {
        /// The partition.
        partition_index: i32 | "0+";
        /// The epoch of the leader.
        leader_epoch: i32 | "0+";
        /// The new ISR.
        new_isr: Vec<i32> | "0-2";
        /// The new ISR with broker epochs.
        new_isr_with_epochs: Vec<BrokerState> | "3+";
        /// 0 recovered, 1 recovering after an unclean election.
        leader_recovery_state: i8 | "1+";
        /// The version of the partition's state.
        partition_epoch: i32 | "0+";
    }

    /// A replica in the new ISR, by the epoch of its broker.
    BrokerState {
        /// The broker.
        broker_id: i32 | "3+";
        /// The epoch of the broker's registration.
        broker_epoch: i64 | "3+" = -1;
    }

    /// The state of each partition as the controller has it.
    AlterPartitionResponse: key 56, versions "2-3", flexible "0+" {
        /// How long the client is to hold back because of a quota, in milliseconds.
        throttle_time_ms: i32 | "0+";
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// The topics.
        topics: Vec<TopicDataResponse> | "0+";
    }

    /// A topic of the response.
    TopicDataResponse {
        /// The topic's id.
        topic_id: Uuid | "2+", ignorable;
        /// The partitions.
        partitions: Vec<PartitionDataResponse> | "0+";
    }

    /// A partition of the response.
    PartitionDataResponse {
        /// The partition.
        partition_index: i32 | "0+";
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// The leader; -1 if there is none.
        leader_id: i32 | "0+";
        /// The epoch of the leader.
        leader_epoch: i32 | "0+";
        /// The in-sync replicas.
        isr: Vec<i32> | "0+";
        /// 0 recovered, 1 recovering after an unclean election.
        leader_recovery_state: i8 | "1+", ignorable;
        /// The version of the partition's state.
        partition_epoch: i32 | "0+";
    }
}
