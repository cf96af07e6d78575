//! Records of brokers and controllers: who is registered, where, and who is fenced.

use crate::codec::empty;
use crate::names::{Str, Uuid};

crate::messages! {
    /// An incarnation of a broker is registered.
    RegisterBrokerRecord: key 0, versions "0-4", flexible "0+" {
        /// The broker.
        broker_id: i32 | "0+";
        /// Always false since ZooKeeper is gone.
        is_migrating_zk_broker: bool | "2+";
        /// The id of this run of the node's process.
        incarnation_id: Uuid | "0+";
        /// The epoch of the broker's registration.
        broker_epoch: i64 | "0+";
        /// Where the node can be reached.
        end_points: Vec<BrokerEndpoint> | "0+";
        /// The features that the node supports.
        features: Vec<BrokerFeature> | "0+";
        /// The rack; null if it has none.
        rack: Option<Str> | "0+", nullable "0+" = empty();
        /// Whether the broker is fenced.
        fenced: bool | "0+" = true;
        /// Whether the broker is shutting down.
        in_controlled_shutdown: bool | "1+";
        /// The log directories.
        log_dirs: Vec<Uuid> | "3+", tag 0;
        /// Log directories that take no new replicas.
        cordoned_log_dirs: Option<Vec<Uuid>> | "4+", nullable "4+", tag 1 = None;
    }

    /// Where a broker can be reached.
    BrokerEndpoint {
        /// The name.
        name: Str | "0+";
        /// A host name or an address.
        host: Str | "0+";
        /// A TCP port.
        port: u16 | "0+";
        /// 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL.
        security_protocol: i16 | "0+";
    }

    /// A feature and the levels that a broker supports.
    BrokerFeature {
        /// The name.
        name: Str | "0+";
        /// The lowest level.
        min_supported_version: i16 | "0+";
        /// The highest level.
        max_supported_version: i16 | "0+";
    }

    /// A broker is no longer registered.
    UnregisterBrokerRecord: key 1, versions "0", flexible "0+" {
        /// The broker.
        broker_id: i32 | "0+";
        /// The epoch of the broker's registration.
        broker_epoch: i64 | "0+";
    }

    /// A broker is fenced. Superseded by [`BrokerRegistrationChangeRecord`].
    FenceBrokerRecord: key 7, versions "0", flexible "0+" {
        /// The broker.
        id: i32 | "0+";
        /// The epoch of the broker's registration.
        epoch: i64 | "0+";
    }

    /// A broker is unfenced. Superseded by [`BrokerRegistrationChangeRecord`].
    UnfenceBrokerRecord: key 8, versions "0", flexible "0+" {
        /// The broker.
        id: i32 | "0+";
        /// The epoch of the broker's registration.
        epoch: i64 | "0+";
    }

    /// What changes in the registration of a broker.
    BrokerRegistrationChangeRecord: key 17, versions "0-3", flexible "0+" {
        /// The broker.
        broker_id: i32 | "0+";
        /// The epoch of the broker's registration.
        broker_epoch: i64 | "0+";
        /// 1 fenced, -1 unfenced, 0 as before.
        fenced: i8 | "0+", tag 0;
        /// 1 if the broker begins to shut down, 0 as before.
        in_controlled_shutdown: i8 | "1+", tag 1;
        /// The log directories.
        log_dirs: Vec<Uuid> | "2+", tag 2;
        /// Log directories that take no new replicas.
        cordoned_log_dirs: Option<Vec<Uuid>> | "3+", nullable "3+", tag 3 = None;
    }

    /// An incarnation of a controller is registered.
    RegisterControllerRecord: key 27, versions "0", flexible "0+" {
        /// The controller.
        controller_id: i32 | "0+";
        /// The id of this run of the node's process.
        incarnation_id: Uuid | "0+";
        /// Always false since ZooKeeper is gone.
        zk_migration_ready: bool | "0+";
        /// Where the node can be reached.
        end_points: Vec<ControllerEndpoint> | "0+";
        /// The features that the node supports.
        features: Vec<ControllerFeature> | "0+";
    }

    /// Where a controller can be reached.
    ControllerEndpoint {
        /// The name.
        name: Str | "0+";
        /// A host name or an address.
        host: Str | "0+";
        /// A TCP port.
        port: u16 | "0+";
        /// 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL.
        security_protocol: i16 | "0+";
    }

    /// A feature and the levels that a controller supports.
    ControllerFeature {
        /// The name.
        name: Str | "0+";
        /// The lowest level.
        min_supported_version: i16 | "0+";
        /// The highest level.
        max_supported_version: i16 | "0+";
    }
}
