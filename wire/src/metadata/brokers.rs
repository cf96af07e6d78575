//! records

use crate::codec::empty;
use crate::names::{Str, Uuid};

crate::messages! {
    RegisterBrokerRecord: key 0, versions "0-4", flexible "0+" {
        broker_id: i32 | "0+";
        is_migrating_zk_broker: bool | "2+";
        incarnation_id: Uuid | "0+";
        broker_epoch: i64 | "0+";
        end_points: Vec<BrokerEndpoint> | "0+";
        features: Vec<BrokerFeature> | "0+";
        rack: Option<Str> | "0+", nullable "0+" = empty();
        fenced: bool | "0+" = true;
        in_controlled_shutdown: bool | "1+";
        log_dirs: Vec<Uuid> | "3+", tag 0;
        cordoned_log_dirs: Option<Vec<Uuid>> | "4+", nullable "4+", tag 1 = None;
    }

    BrokerEndpoint {
        name: Str | "0+";
        host: Str | "0+";
        port: u16 | "0+";
        security_protocol: i16 | "0+";
    }

    BrokerFeature {
        name: Str | "0+";
        min_supported_version: i16 | "0+";
        max_supported_version: i16 | "0+";
    }

    UnregisterBrokerRecord: key 1, versions "0", flexible "0+" {
        broker_id: i32 | "0+";
        broker_epoch: i64 | "0+";
    }

    FenceBrokerRecord: key 7, versions "0", flexible "0+" {
        id: i32 | "0+";
        epoch: i64 | "0+";
    }

    UnfenceBrokerRecord: key 8, versions "0", flexible "0+" {
        id: i32 | "0+";
        epoch: i64 | "0+";
    }

    BrokerRegistrationChangeRecord: key 17, versions "0-3", flexible "0+" {
        broker_id: i32 | "0+";
        broker_epoch: i64 | "0+";
        fenced: i8 | "0+", tag 0;
        in_controlled_shutdown: i8 | "1+", tag 1;
        log_dirs: Vec<Uuid> | "2+", tag 2;
        cordoned_log_dirs: Option<Vec<Uuid>> | "3+", nullable "3+", tag 3 = None;
    }

    RegisterControllerRecord: key 27, versions "0", flexible "0+" {
        controller_id: i32 | "0+";
        incarnation_id: Uuid | "0+";
        zk_migration_ready: bool | "0+";
        end_points: Vec<ControllerEndpoint> | "0+";
        features: Vec<ControllerFeature> | "0+";
    }

    ControllerEndpoint {
        name: Str | "0+";
        host: Str | "0+";
        port: u16 | "0+";
        security_protocol: i16 | "0+";
    }

    ControllerFeature {
        name: Str | "0+";
        min_supported_version: i16 | "0+";
        max_supported_version: i16 | "0+";
    }
}
