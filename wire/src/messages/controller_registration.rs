//! ControllerRegistration, API key 70.

use crate::codec::empty;
use crate::names::{Str, Uuid};

crate::messages! {
    ControllerRegistrationRequest: key 70, versions "0", flexible "0+" {
        controller_id: i32 | "0+";
        incarnation_id: Uuid | "0+";
        zk_migration_ready: bool | "0+";
        listeners: Vec<Listener> | "0+";
        features: Vec<Feature> | "0+";
    }

    Listener {
        name: Str | "0+";
        host: Str | "0+";
        port: u16 | "0+";
        security_protocol: i16 | "0+";
    }

    Feature {
        name: Str | "0+";
        min_supported_version: i16 | "0+";
        max_supported_version: i16 | "0+";
    }

    ControllerRegistrationResponse: key 70, versions "0", flexible "0+" {
        throttle_time_ms: i32 | "0+";
        error_code: i16 | "0+";
        error_message: Option<Str> | "0+", nullable "0+" = empty();
    }
}
