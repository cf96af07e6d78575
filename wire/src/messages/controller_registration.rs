//! ControllerRegistration: a controller makes itself known to the leader of the quorum (KIP-919).

use crate::codec::empty;
use crate::names::{Str, Uuid};

crate::messages! {
    /// Registers an incarnation of a controller.
    ControllerRegistrationRequest: key 70, versions "0", flexible "0+" {
        /// The controller.
        controller_id: i32 | "0+";
        /// The id of this run of the node's process.
        incarnation_id: Uuid | "0+";
        /// Always false since ZooKeeper is gone.
        zk_migration_ready: bool | "0+";
        /// Where the node can be reached.
        listeners: Vec<Listener> | "0+";
        /// The features that the node supports.
        features: Vec<Feature> | "0+";
    }

    /// Where a node can be reached.
    Listener {
        /// The name.
        name: Str | "0+";
        /// A host name or an address.
        host: Str | "0+";
        /// A TCP port.
        port: u16 | "0+";
        /// 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL.
        security_protocol: i16 | "0+";
    }

    /// A feature and the levels that the node supports.
    Feature {
        /// The name.
        name: Str | "0+";
        /// The lowest level.
        min_supported_version: i16 | "0+";
        /// The highest level.
        max_supported_version: i16 | "0+";
    }

    /// Whether the controller is registered.
    ControllerRegistrationResponse: key 70, versions "0", flexible "0+" {
        /// How long the client is to hold back because of a quota, in milliseconds.
        throttle_time_ms: i32 | "0+";
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// What went wrong, in words.
        error_message: Option<Str> | "0+", nullable "0+" = empty();
    }
}
