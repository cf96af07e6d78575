//! BrokerRegistration: a broker that starts makes itself known to the controller (KIP-631).

use crate::codec::empty;
use crate::names::{Str, Uuid};

crate::messages! {
    /// Registers an incarnation of a broker.
    BrokerRegistrationRequest: key 62, versions "0-4", flexible "0+" {
        /// The broker.
        broker_id: i32 | "0+";
        /// The id of the cluster.
        cluster_id: Str | "0+";
        /// The id of this run of the node's process.
        incarnation_id: Uuid | "0+";
        /// Where the node can be reached.
        listeners: Vec<Listener> | "0+";
        /// The features that the node supports.
        features: Vec<Feature> | "0+";
        /// The rack; null if it has none.
        rack: Option<Str> | "0+", nullable "0+" = empty();
        /// Always false since ZooKeeper is gone.
        is_migrating_zk_broker: bool | "1+";
        /// The log directories.
        log_dirs: Vec<Uuid> | "2+", ignorable;
        /// The epoch before a clean shutdown; -1 if the broker was not shut down cleanly.
        previous_broker_epoch: i64 | "3+", ignorable = -1;
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

    /// The epoch of the registered broker.
    BrokerRegistrationResponse: key 62, versions "0-4", flexible "0+" {
        /// How long the client is to hold back because of a quota, in milliseconds.
        throttle_time_ms: i32 | "0+";
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// The epoch of the broker's registration.
        broker_epoch: i64 | "0+" = -1;
    }
}
