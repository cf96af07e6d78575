//! Whose request an answer belongs to.

use crate::consumer::{Check, Fetching};
use crate::producer::Sent;
use wire::OpId;

/// What comes back with an answer.
#[derive(Clone, Debug)]
pub(crate) enum Token {
    /// The metadata cache.
    Metadata,
    /// The producer: the batches of the request.
    Produce(Vec<Sent>),
    /// The consumer: what was fetched.
    Fetch(Fetching),
    /// The consumer: positions that a leader is asked about.
    Check(Vec<Check>),
    /// Look-ups of offsets, by their numbers.
    Offsets(Vec<u64>),
    /// A call of the admin.
    Call(OpId),
}
