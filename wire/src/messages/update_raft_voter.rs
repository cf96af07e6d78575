//! UpdateRaftVoter, API key 82.

use crate::codec::empty;
use crate::names::{Str, Uuid};

crate::messages! {
    UpdateRaftVoterRequest: key 82, versions "0", flexible "0+" {
        cluster_id: Option<Str> | "0+", nullable "0+" = empty();
        current_leader_epoch: i32 | "0+";
        voter_id: i32 | "0+";
        voter_directory_id: Uuid | "0+";
        listeners: Vec<Listener> | "0+";
        k_raft_version_feature: KRaftVersionFeature | "0+";
    }

    Listener {
        name: Str | "0+";
        host: Str | "0+";
        port: u16 | "0+";
    }

    KRaftVersionFeature {
        min_supported_version: i16 | "0+";
        max_supported_version: i16 | "0+";
    }

    UpdateRaftVoterResponse: key 82, versions "0", flexible "0+" {
        throttle_time_ms: i32 | "0+";
        error_code: i16 | "0+";
        current_leader: CurrentLeader | "0+", tag 0;
    }

    CurrentLeader {
        leader_id: i32 | "0+" = -1;
        leader_epoch: i32 | "0+" = -1;
        host: Str | "0+";
        port: i32 | "0+";
    }
}
