//! Envelope, API key 58.

use crate::codec::empty;
use bytes::Bytes;

crate::messages! {
    EnvelopeRequest: key 58, versions "0", flexible "0+" {
        request_data: Bytes | "0+";
        request_principal: Option<Bytes> | "0+", nullable "0+" = empty();
        client_host_address: Bytes | "0+";
    }

    EnvelopeResponse: key 58, versions "0", flexible "0+" {
        response_data: Option<Bytes> | "0+", nullable "0+" = None;
        error_code: i16 | "0+";
    }
}
