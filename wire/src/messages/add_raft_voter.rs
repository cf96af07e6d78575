//! AddRaftVoter, API key 80.

use crate::codec::empty;
use crate::names::{Str, Uuid};

crate::messages! {
    AddRaftVoterRequest: key 80, versions "0-1", flexible "0+" {
        cluster_id: Option<Str> | "0+", nullable "0+" = empty();
        timeout_ms: i32 | "0+";
        voter_id: i32 | "0+";
        voter_directory_id: Uuid | "0+";
        listeners: Vec<Listener> | "0+";
        ack_when_committed: bool | "1+" = true;
    }

    Listener {
        name: Str | "0+";
        host: Str | "0+";
        port: u16 | "0+";
    }

    AddRaftVoterResponse: key 80, versions "0-1", flexible "0+" {
        throttle_time_ms: i32 | "0+";
        error_code: i16 | "0+";
        error_message: Option<Str> | "0+", nullable "0+", ignorable = empty();
    }
}
