//! AllocateProducerIds, API key 67.

crate::messages! {
    AllocateProducerIdsRequest: key 67, versions "0", flexible "0+" {
        broker_id: i32 | "0+";
        broker_epoch: i64 | "0+" = -1;
    }

    AllocateProducerIdsResponse: key 67, versions "0", flexible "0+" {
        throttle_time_ms: i32 | "0+";
        error_code: i16 | "0+";
        producer_id_start: i64 | "0+";
        producer_id_len: i32 | "0+";
    }
}
