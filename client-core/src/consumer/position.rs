//! Where a consumer stands in one partition, and what it has of it.

use super::buffer::Buffer;
use crate::Position;
use crate::config::OffsetReset;
use wire::{ErrorCode, Instant, Uuid};

/// ListOffsets' timestamp for the log's start.
const EARLIEST: i64 = -2;
/// ListOffsets' timestamp for the high watermark, or the last stable offset.
const LATEST: i64 = -1;

/// An assigned partition.
#[derive(Clone, Debug)]
pub(super) struct Assigned {
    /// Counts changes of the position that do not come from reading on; an answer to an older one is dropped.
    pub(super) generation: u64,
    /// The incarnation of the topic that the position belongs to; zero until metadata told.
    pub(super) topic_id: Uuid,
    pub(super) place: Place,
    pub(super) buffer: Option<Buffer>,
    /// What the application must be told.
    pub(super) error: Option<i16>,
    pub(super) failures: u32,
    /// Not fetched again before the backoff is over.
    pub(super) not_before: Instant,
}

/// The position itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The next offset to read.
    At(i64),
    /// A look-up by this timestamp is to be asked for.
    Unknown(i64),
    /// The look-up was asked for.
    LookedUp,
    /// There is none, and no policy to find one: the application was told, and must seek.
    None,
}

impl Assigned {
    pub(super) fn new() -> Assigned {
        let (place, not_before) = (Place::None, Instant::default());
        Assigned { generation: 0, topic_id: Uuid::ZERO, place, buffer: None, error: None, failures: 0, not_before }
    }

    /// Moves the position: whatever was fetched, or is being fetched, is of no use any more. Where only a policy could tell and there is
    /// none, the application is told `error`.
    pub(super) fn move_to(&mut self, generation: u64, position: Position, policy: OffsetReset, error: ErrorCode) {
        let place = place(position, policy);
        self.generation = generation;
        self.buffer = None;
        self.error = place.is_none().then_some(error.code());
        self.place = place.unwrap_or(Place::None);
    }

    /// The offset to fetch from; None if there is nothing to be fetched now.
    pub(super) fn wants(&self, now: Instant) -> Option<i64> {
        match self.place {
            Place::At(offset) if self.buffer.is_none() && self.error.is_none() && self.not_before <= now => {
                Some(offset)
            }
            _ => None,
        }
    }
}

/// Where an application's wish leads; None if only a policy could tell and there is none.
fn place(position: Position, policy: OffsetReset) -> Option<Place> {
    match (position, policy) {
        (Position::At(offset), _) => Some(Place::At(offset.max(0))),
        (Position::Earliest, _) | (Position::Reset, OffsetReset::Earliest) => Some(Place::Unknown(EARLIEST)),
        (Position::Latest, _) | (Position::Reset, OffsetReset::Latest) => Some(Place::Unknown(LATEST)),
        (Position::Reset, OffsetReset::None) => None,
    }
}
