//! records

use crate::names::{Str, Uuid};

crate::messages! {
    TopicRecord: key 2, versions "0", flexible "0+" {
        name: Str | "0+";
        topic_id: Uuid | "0+";
    }

    PartitionRecord: key 3, versions "0-2", flexible "0+" {
        partition_id: i32 | "0+" = -1;
        topic_id: Uuid | "0+";
        replicas: Vec<i32> | "0+";
        isr: Vec<i32> | "0+";
        removing_replicas: Vec<i32> | "0+";
        adding_replicas: Vec<i32> | "0+";
        leader: i32 | "0+" = -1;
        leader_recovery_state: i8 | "0+", tag 0;
        leader_epoch: i32 | "0+" = -1;
        partition_epoch: i32 | "0+" = -1;
        directories: Vec<Uuid> | "1+";
        eligible_leader_replicas: Option<Vec<i32>> | "2+", nullable "2+", tag 1 = None;
        last_known_elr: Option<Vec<i32>> | "2+", nullable "2+", tag 2 = None;
    }

    PartitionChangeRecord: key 5, versions "0-2", flexible "0+" {
        partition_id: i32 | "0+" = -1;
        topic_id: Uuid | "0+";
        isr: Option<Vec<i32>> | "0+", nullable "0+", tag 0 = None;
        leader: i32 | "0+", tag 1 = -2;
        replicas: Option<Vec<i32>> | "0+", nullable "0+", tag 2 = None;
        removing_replicas: Option<Vec<i32>> | "0+", nullable "0+", tag 3 = None;
        adding_replicas: Option<Vec<i32>> | "0+", nullable "0+", tag 4 = None;
        leader_recovery_state: i8 | "0+", tag 5 = -1;
        directories: Option<Vec<Uuid>> | "1+", nullable "1+", tag 8 = None;
        eligible_leader_replicas: Option<Vec<i32>> | "2+", nullable "2+", tag 6 = None;
        last_known_elr: Option<Vec<i32>> | "2+", nullable "2+", tag 7 = None;
    }

    RemoveTopicRecord: key 9, versions "0", flexible "0+" {
        topic_id: Uuid | "0+";
    }

    ClearElrRecord: key 28, versions "0", flexible "0+" {
        topic_name: Str | "0+";
    }
}
