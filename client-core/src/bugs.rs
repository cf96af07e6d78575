//! The planted bugs of the clients. Each stands as a guarded alternative beside the correct code.

wire::planted_bugs! {
    /// KAFKA-14034, librdkafka #4953: an unexpected error of the broker is read as "not persisted".
    K03,
    /// ruby-kafka #956: a retry chooses the partition anew.
    K04,
    /// KIP-320: a position is not validated when another leader is known.
    K15,
    /// KAFKA-5490: a consumer does not get past an empty batch.
    K25,
    /// Bufstream's stuck consumers: after a lost connection a long poll is never armed again.
    K26,
    /// Synthetic: an acknowledged send stays pending, and is completed a second time when it times out.
    Z02,
    /// Synthetic: the consumer skips one record within a fetched batch.
    Z08,
}
