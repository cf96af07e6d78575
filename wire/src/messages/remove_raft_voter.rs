//! RemoveRaftVoter, API key 81.

use crate::codec::empty;
use crate::names::{Str, Uuid};

crate::messages! {
    RemoveRaftVoterRequest: key 81, versions "0", flexible "0+" {
        cluster_id: Option<Str> | "0+", nullable "0+" = empty();
        voter_id: i32 | "0+";
        voter_directory_id: Uuid | "0+";
    }

    RemoveRaftVoterResponse: key 81, versions "0", flexible "0+" {
        throttle_time_ms: i32 | "0+";
        error_code: i16 | "0+";
        error_message: Option<Str> | "0+", nullable "0+", ignorable = empty();
    }
}
