//! UnregisterBroker: removes a broker that will not come back (KIP-631).

use crate::codec::empty;
use crate::names::Str;

crate::messages! {
    /// Removes the registration of a broker.
    UnregisterBrokerRequest: key 64, versions "0", flexible "0+" {
        /// The broker.
        broker_id: i32 | "0+";
    }

    /// Whether the registration was removed.
    UnregisterBrokerResponse: key 64, versions "0", flexible "0+" {
        /// How long the client is to hold back because of a quota, in milliseconds.
        throttle_time_ms: i32 | "0+";
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// What went wrong, in words.
        error_message: Option<Str> | "0+", nullable "0+" = empty();
    }
}
