//! UpdateRaftVoter: a voter of the metadata quorum has new listeners or versions (KIP-853).

use crate::codec::empty;
use crate::names::{Str, Uuid};

crate::messages! {
    /// Renews what the quorum knows of a voter.
    UpdateRaftVoterRequest: key 82, versions "0", flexible "0+" {
        /// The id of the cluster.
        cluster_id: Option<Str> | "0+", nullable "0+" = empty();
        /// The epoch that the sender believes in; -1 if it has none.
        current_leader_epoch: i32 | "0+";
        /// The voter.
        voter_id: i32 | "0+";
        /// The voter's metadata directory.
        voter_directory_id: Uuid | "0+";
        /// Where the node can be reached.
        listeners: Vec<Listener> | "0+";
        /// The versions of `kraft.version` that the voter supports.
        k_raft_version_feature: KRaftVersionFeature | "0+";
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

    /// The versions of `kraft.version` that the voter supports.
    KRaftVersionFeature {
        /// The lowest level.
        min_supported_version: i16 | "0+";
        /// The highest level.
        max_supported_version: i16 | "0+";
    }

    /// Whether it was renewed, and who leads.
    UpdateRaftVoterResponse: key 82, versions "0", flexible "0+" {
        /// How long the client is to hold back because of a quota, in milliseconds.
        throttle_time_ms: i32 | "0+";
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// Who leads the quorum.
        current_leader: CurrentLeader | "0+", tag 0;
    }

    /// Who leads the quorum, and where.
    CurrentLeader {
        /// The leader; -1 if there is none.
        leader_id: i32 | "0+" = -1;
        /// The epoch of the leader.
        leader_epoch: i32 | "0+" = -1;
        /// A host name or an address.
        host: Str | "0+";
        /// A TCP port.
        port: i32 | "0+";
    }
}
