//! FindCoordinator: which broker looks after a group or a transactional id.

use crate::codec::empty;
use crate::names::Str;

crate::messages! {
    /// Asks for the coordinators of groups or transactional ids.
    FindCoordinatorRequest: key 10, versions "0-6", flexible "3+" {
        /// The group or transactional id.
        key: Str | "0-3";
        /// 0 group, 1 transactional id, 2 share group.
        key_type: i8 | "1+";
        /// The groups or transactional ids.
        coordinator_keys: Vec<Str> | "4+";
    }

    /// The coordinators: one in the fields of the response up to v3, a list from v4.
    FindCoordinatorResponse: key 10, versions "0-6", flexible "3+" {
        /// How long the client is to hold back because of a quota, in milliseconds.
        throttle_time_ms: i32 | "1+", ignorable;
        /// 0, or what went wrong.
        error_code: i16 | "0-3";
        /// What went wrong, in words.
        error_message: Option<Str> | "1-3", nullable "1-3", ignorable = empty();
        /// The node.
        node_id: i32 | "0-3";
        /// A host name or an address.
        host: Str | "0-3";
        /// A TCP port.
        port: i32 | "0-3";
        /// The coordinators.
        coordinators: Vec<Coordinator> | "4+";
    }

    /// The coordinator of a key.
    Coordinator {
        /// The group or transactional id.
        key: Str | "4+";
        /// The node.
        node_id: i32 | "4+";
        /// A host name or an address.
        host: Str | "4+";
        /// A TCP port.
        port: i32 | "4+";
        /// 0, or what went wrong.
        error_code: i16 | "4+";
        /// What went wrong, in words.
        error_message: Option<Str> | "4+", nullable "4+", ignorable = empty();
    }
}
