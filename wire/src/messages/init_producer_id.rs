//! InitProducerId: a producer id and epoch for idempotent and transactional producers.

use crate::codec::empty;
use crate::names::Str;

crate::messages! {
    /// Asks for a producer id, or for the next epoch of one.
    InitProducerIdRequest: key 22, versions "0-6", flexible "2+" {
        /// The transactional id; null without transactions.
        transactional_id: Option<Str> | "0+", nullable "0+" = empty();
        /// After which time an open transaction is aborted, in milliseconds.
        transaction_timeout_ms: i32 | "0+";
        /// The producer.
        producer_id: i64 | "3+" = -1;
        /// The epoch of the producer id.
        producer_epoch: i16 | "3+" = -1;
        /// Whether the transaction may be prepared (KIP-939).
        enable2_pc: bool | "6+";
        /// Whether a prepared transaction survives (KIP-939).
        keep_prepared_txn: bool | "6+";
    }

    /// The producer id and its epoch.
    InitProducerIdResponse: key 22, versions "0-6", flexible "2+" {
        /// How long the client is to hold back because of a quota, in milliseconds.
        throttle_time_ms: i32 | "0+", ignorable;
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// The producer.
        producer_id: i64 | "0+" = -1;
        /// The epoch of the producer id.
        producer_epoch: i16 | "0+";
        /// The producer of the prepared transaction; -1 if there is none.
        ongoing_txn_producer_id: i64 | "6+" = -1;
        /// The epoch of the prepared transaction; -1 if there is none.
        ongoing_txn_producer_epoch: i16 | "6+" = -1;
    }
}
