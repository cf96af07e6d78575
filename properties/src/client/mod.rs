//! Properties of what clients see. They need no look inside a broker, but use what was observed of a record's place to
//! tell topics of one name, and what was appended before and after a permitted loss, apart.

mod duplicates;
mod integrity;
mod latest;
mod lost;
mod offsets;
mod once;
mod order;
mod polls;
mod positions;

pub(crate) use duplicates::{Duplicate, Misrouted};
pub(crate) use integrity::{Garbage, Integrity};
pub(crate) use latest::LatestOffset;
pub(crate) use lost::{LostWrite, Unseen};
pub(crate) use offsets::{InconsistentOffsets, MissingOffset};
pub(crate) use once::CompletesOnce;
pub(crate) use order::{AppendLinearizable, SendOrder};
pub(crate) use polls::{PollGoesBack, PollSkips};
pub(crate) use positions::PositionsMoveOpenly;
