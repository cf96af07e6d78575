//! AddRaftVoter: one more voter of the metadata quorum (KIP-853).

use crate::codec::empty;
use crate::names::{Str, Uuid};

crate::messages! {
    /// Adds a voter.
    AddRaftVoterRequest: key 80, versions "0-1", flexible "0+" {
        /// The id of the cluster.
        cluster_id: Option<Str> | "0+", nullable "0+" = empty();
        /// How long to wait for the outcome, in milliseconds.
        timeout_ms: i32 | "0+";
        /// The voter.
        voter_id: i32 | "0+";
        /// The voter's metadata directory.
        voter_directory_id: Uuid | "0+";
        /// Where the node can be reached.
        listeners: Vec<Listener> | "0+";
        /// Whether to answer only when the change is committed.
        ack_when_committed: bool | "1+" = true;
    }

    /// Where a node can be reached.
    Listener {
        /// The name.
        name: Str | "0+";
        /// A host name or an address.
        host: Str | "0+";
        /// A TCP port.
        port: u16 | "0+";
    }

    /// Whether the voter was added.
    AddRaftVoterResponse: key 80, versions "0-1", flexible "0+" {
        /// How long the client is to hold back because of a quota, in milliseconds.
        throttle_time_ms: i32 | "0+";
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// What went wrong, in words.
        error_message: Option<Str> | "0+", nullable "0+", ignorable = empty();
    }
}
