//! The planted bugs of the clients. Each stands as a guarded alternative beside the correct code.

wire::planted_bugs! {
    /// ruby-kafka #956: a retry chooses the partition anew.
    K04,
    /// Synthetic: an acknowledged send stays pending, and is completed a second time when it times out.
    Z02,
}
