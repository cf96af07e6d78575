//! Whose request an answer belongs to.

use crate::consumer::Fetching;
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
    /// Look-ups of offsets, by their numbers.
    Offsets(Vec<u64>),
    /// A call of the admin.
    Call(OpId),
}
