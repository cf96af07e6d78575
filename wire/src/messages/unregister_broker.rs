//! UnregisterBroker, API key 64.

use crate::codec::empty;
use crate::names::Str;

crate::messages! {
    UnregisterBrokerRequest: key 64, versions "0", flexible "0+" {
        broker_id: i32 | "0+";
    }

    UnregisterBrokerResponse: key 64, versions "0", flexible "0+" {
        throttle_time_ms: i32 | "0+";
        error_code: i16 | "0+";
        error_message: Option<Str> | "0+", nullable "0+" = empty();
    }
}
