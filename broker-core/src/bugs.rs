//! The planted bugs of the broker. Each stands as a guarded alternative beside the correct code.

wire::planted_bugs! {
    /// fsyncgate: a failed sync is retried, and the second success is taken for durability.
    D01,
}
