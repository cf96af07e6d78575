//! Envelope: a broker passes a client's request on to the controller (KIP-590).

use crate::codec::empty;
use bytes::Bytes;

crate::messages! {
    /// Carries a client's request.
    EnvelopeRequest: key 58, versions "0", flexible "0+" {
        /// The client's request, header and body.
        request_data: Bytes | "0+";
        /// Who the client is.
        request_principal: Option<Bytes> | "0+", nullable "0+" = empty();
        /// The client's address.
        client_host_address: Bytes | "0+";
    }

    /// Carries the response to the client's request.
    EnvelopeResponse: key 58, versions "0", flexible "0+" {
        /// The response, header and body; null if there was an error before.
        response_data: Option<Bytes> | "0+", nullable "0+" = None;
        /// 0, or what went wrong.
        error_code: i16 | "0+";
    }
}
