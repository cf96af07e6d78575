//! RemoveRaftVoter: one voter of the metadata quorum less (KIP-853).

use crate::codec::empty;
use crate::names::{Str, Uuid};

crate::messages! {
    /// Removes a voter.
    RemoveRaftVoterRequest: key 81, versions "0", flexible "0+" {
        /// The id of the cluster.
        cluster_id: Option<Str> | "0+", nullable "0+" = empty();
        /// The voter.
        voter_id: i32 | "0+";
        /// The voter's metadata directory.
        voter_directory_id: Uuid | "0+";
    }

    /// Whether the voter was removed.
    RemoveRaftVoterResponse: key 81, versions "0", flexible "0+" {
        /// How long the client is to hold back because of a quota, in milliseconds.
        throttle_time_ms: i32 | "0+";
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// What went wrong, in words.
        error_message: Option<Str> | "0+", nullable "0+", ignorable = empty();
    }
}
