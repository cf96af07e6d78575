//! BrokerHeartbeat: a broker keeps its registration alive, and asks to be fenced, unfenced or shut down (KIP-631).

use crate::names::Uuid;

crate::messages! {
    /// Says that a broker lives, how far it has got and what it wants.
    BrokerHeartbeatRequest: key 63, versions "0-2", flexible "0+" {
        /// The broker.
        broker_id: i32 | "0+";
        /// The epoch of the broker's registration.
        broker_epoch: i64 | "0+" = -1;
        /// How far the broker has replayed the metadata log.
        current_metadata_offset: i64 | "0+";
        /// Whether the broker wants to be fenced.
        want_fence: bool | "0+";
        /// Whether the broker wants to shut down.
        want_shut_down: bool | "0+";
        /// Log directories that have failed.
        offline_log_dirs: Vec<Uuid> | "1+", tag 0;
        /// Log directories that take no new replicas.
        cordoned_log_dirs: Option<Vec<Uuid>> | "2+", nullable "2+", tag 1 = None;
    }

    /// What the controller makes of the broker.
    BrokerHeartbeatResponse: key 63, versions "0-2", flexible "0+" {
        /// How long the client is to hold back because of a quota, in milliseconds.
        throttle_time_ms: i32 | "0+";
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// Whether the broker has replayed all that the controller asks for.
        is_caught_up: bool | "0+";
        /// Whether the broker is fenced.
        is_fenced: bool | "0+" = true;
        /// Whether the broker may stop now.
        should_shut_down: bool | "0+";
    }
}
