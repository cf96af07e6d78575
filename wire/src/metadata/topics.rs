//! Records of topics and of the state of their partitions.

use crate::names::{Str, Uuid};

crate::messages! {
    /// A topic exists; its partitions follow.
    TopicRecord: key 2, versions "0", flexible "0+" {
        /// The name.
        name: Str | "0+";
        /// The topic's id.
        topic_id: Uuid | "0+";
    }

    /// A partition and its state.
    PartitionRecord: key 3, versions "0-2", flexible "0+" {
        /// The partition.
        partition_id: i32 | "0+" = -1;
        /// The topic's id.
        topic_id: Uuid | "0+";
        /// The replicas, the preferred leader first.
        replicas: Vec<i32> | "0+";
        /// The in-sync replicas.
        isr: Vec<i32> | "0+";
        /// Replicas that a reassignment removes.
        removing_replicas: Vec<i32> | "0+";
        /// Replicas that a reassignment adds.
        adding_replicas: Vec<i32> | "0+";
        /// The leader; -1 if there is none.
        leader: i32 | "0+" = -1;
        /// 0 recovered, 1 recovering after an unclean election.
        leader_recovery_state: i8 | "0+", tag 0;
        /// The epoch of the leader.
        leader_epoch: i32 | "0+" = -1;
        /// The version of the partition's state.
        partition_epoch: i32 | "0+" = -1;
        /// The log directory of each replica.
        directories: Vec<Uuid> | "1+";
        /// Replicas outside the ISR that have everything committed.
        eligible_leader_replicas: Option<Vec<i32>> | "2+", nullable "2+", tag 1 = None;
        /// The last known leader, when nobody is eligible.
        last_known_elr: Option<Vec<i32>> | "2+", nullable "2+", tag 2 = None;
    }

    /// What changes in the state of a partition; what is not named stays.
    PartitionChangeRecord: key 5, versions "0-2", flexible "0+" {
        /// The partition.
        partition_id: i32 | "0+" = -1;
        /// The topic's id.
        topic_id: Uuid | "0+";
        /// The in-sync replicas.
        isr: Option<Vec<i32>> | "0+", nullable "0+", tag 0 = None;
        /// The leader; -1 if there is none, -2 as before.
        leader: i32 | "0+", tag 1 = -2;
        /// The replicas, the preferred leader first.
        replicas: Option<Vec<i32>> | "0+", nullable "0+", tag 2 = None;
        /// Replicas that a reassignment removes.
        removing_replicas: Option<Vec<i32>> | "0+", nullable "0+", tag 3 = None;
        /// Replicas that a reassignment adds.
        adding_replicas: Option<Vec<i32>> | "0+", nullable "0+", tag 4 = None;
        /// 0 recovered, 1 recovering after an unclean election, -1 as before.
        leader_recovery_state: i8 | "0+", tag 5 = -1;
        /// The log directory of each replica.
        directories: Option<Vec<Uuid>> | "1+", nullable "1+", tag 8 = None;
        /// Replicas outside the ISR that have everything committed.
        eligible_leader_replicas: Option<Vec<i32>> | "2+", nullable "2+", tag 6 = None;
        /// The last known leader, when nobody is eligible.
        last_known_elr: Option<Vec<i32>> | "2+", nullable "2+", tag 7 = None;
    }

    /// A topic and its partitions are gone.
    RemoveTopicRecord: key 9, versions "0", flexible "0+" {
        /// The topic's id.
        topic_id: Uuid | "0+";
    }

    /// The eligible leader replicas of a topic, or of all topics, are forgotten.
    ClearElrRecord: key 28, versions "0", flexible "0+" {
        /// The topic; empty for all.
        topic_name: Str | "0+";
    }
}
