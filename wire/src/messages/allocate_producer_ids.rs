//! AllocateProducerIds: a block of producer ids for a broker (KIP-730).

crate::messages! {
    /// Asks for a block of producer ids.
    AllocateProducerIdsRequest: key 67, versions "0", flexible "0+" {
        /// The broker.
        broker_id: i32 | "0+";
        /// The epoch of the broker's registration.
        broker_epoch: i64 | "0+" = -1;
    }

    /// The block.
    AllocateProducerIdsResponse: key 67, versions "0", flexible "0+" {
        /// How long the client is to hold back because of a quota, in milliseconds.
        throttle_time_ms: i32 | "0+";
        /// 0, or what went wrong.
        error_code: i16 | "0+";
        /// The first id of the block.
        producer_id_start: i64 | "0+";
        /// How many ids the block has.
        producer_id_len: i32 | "0+";
    }
}
