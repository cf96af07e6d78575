//! Where a consumer stands in one partition, and what it has of it.

use super::buffer::Buffer;
use crate::config::OffsetReset;
use crate::{PollError, Position};
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
    pub(super) error: Option<PollError>,
    pub(super) failures: u32,
    /// Not fetched again before the backoff is over.
    pub(super) not_before: Instant,
}

/// The next offset to read, and in whose log it makes sense (Kafka's FetchPosition).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FetchPosition {
    pub(super) offset: i64,
    /// The leader epoch of the last batch that was read; -1 if none was read since the position was set.
    pub(super) offset_epoch: i32,
    /// The epoch of the leader whose log it was read from or validated against; -1 if there is none yet.
    pub(super) leader_epoch: i32,
}

impl FetchPosition {
    /// A position that was set: nothing was read before it.
    pub(super) fn set(offset: i64) -> FetchPosition {
        FetchPosition { offset: offset.max(0), offset_epoch: -1, leader_epoch: -1 }
    }
}

/// The position itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Reads on from here.
    At(FetchPosition),
    /// Another leader leads: whether it has what was read is to be asked for before anything more is read.
    Unvalidated(FetchPosition),
    /// That was asked for.
    Validating(FetchPosition),
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
        self.error = place.is_none().then_some(PollError::Code(error.code()));
        self.place = place.unwrap_or(Place::None);
    }

    /// Where to fetch from; None if there is nothing to be fetched now.
    pub(super) fn wants(&self, now: Instant) -> Option<FetchPosition> {
        match self.place {
            Place::At(position) if self.buffer.is_none() && self.error.is_none() && self.not_before <= now => {
                Some(position)
            }
            _ => None,
        }
    }
}

/// Where an application's wish leads; None if only a policy could tell and there is none.
fn place(position: Position, policy: OffsetReset) -> Option<Place> {
    match (position, policy) {
        (Position::At(offset), _) => Some(Place::At(FetchPosition::set(offset))),
        (Position::Earliest, _) | (Position::Reset, OffsetReset::Earliest) => Some(Place::Unknown(EARLIEST)),
        (Position::Latest, _) | (Position::Reset, OffsetReset::Latest) => Some(Place::Unknown(LATEST)),
        (Position::Reset, OffsetReset::None) => None,
    }
}
