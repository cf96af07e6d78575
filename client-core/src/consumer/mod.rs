//! The consumer of assigned partitions: positions, long polls at the leaders, and what polls return.
//!
//! Fetches go out while a poll waits, and once more when a poll has been answered, so that the next one finds something; one fetch at a time is
//! in flight per leader. What was fetched, or is being fetched, for a position that has moved since is dropped. A partition's records are
//! returned in order and without a gap: a batch that cannot be read is an error that the application sees, never a silent step over it.
//!
//! - [`position`]: where a partition stands; [`buffer`]: what a fetch brought; [`fetch`]: asking for more;
//! - [`validation`]: whether a new leader has what was read.
//!
//! Left out on purpose: groups and commits (until the delivery semantics), incremental fetch sessions (KIP-227), fetching from followers
//! (KIP-392).

mod buffer;
mod fetch;
mod position;
mod validation;

pub(crate) use fetch::Fetching;
pub(crate) use validation::Check;

use crate::client::Timer;
use crate::core::{Core, Wake};
use crate::offsets::{Found, Lookups};
use crate::{Client, Done, Event, PollError, Position, Record};
use buffer::{Buffer, Next};
use position::{Assigned, FetchPosition, Place};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use wire::{ErrorCode, Instant, Io, NodeId, OpId, Output, Str, TopicPartition, Uuid};

/// The state of a consumer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Consumer {
    partitions: BTreeMap<TopicPartition, Assigned>,
    /// Polls that wait, answered in their order.
    polls: VecDeque<Poll>,
    /// Leaders that have a fetch in flight.
    fetching: BTreeSet<NodeId>,
    /// A poll was answered: fetch once more.
    prefetch: bool,
    generations: u64,
    /// Which partition is served first.
    turn: usize,
}

#[derive(Clone, Copy, Debug)]
struct Poll {
    op: OpId,
    max_records: usize,
    deadline: Instant,
}

/// What a poll returns.
type Taken = (Vec<(TopicPartition, Vec<(i64, Record)>)>, Vec<(TopicPartition, PollError)>);

impl Consumer {
    /// Reads these partitions from now on, and no others.
    pub(crate) fn assign(&mut self, partitions: Vec<(TopicPartition, Position)>, lookups: &mut Lookups, core: &Core) {
        for gone in std::mem::take(&mut self.partitions).into_keys() {
            lookups.cancel(&gone);
        }
        for (partition, position) in partitions {
            self.partitions.insert(partition.clone(), Assigned::new());
            self.seek(&partition, position, lookups, core);
        }
    }

    /// Moves a position. False if the partition is not assigned.
    pub(crate) fn seek(
        &mut self,
        partition: &TopicPartition,
        position: Position,
        lookups: &mut Lookups,
        core: &Core,
    ) -> bool {
        let Some(assigned) = self.partitions.get_mut(partition) else { return false };
        lookups.cancel(partition);
        self.generations += 1;
        assigned.topic_id = Uuid::ZERO;
        assigned.move_to(self.generations, position, core.config.auto_offset_reset, ErrorCode::OffsetOutOfRange);
        true
    }

    pub(crate) fn poll(&mut self, op: OpId, max_records: u32, deadline: Instant) {
        let max_records = usize::try_from(max_records.max(1)).unwrap_or(usize::MAX);
        self.polls.push_back(Poll { op, max_records, deadline });
    }

    /// Polls that wait are answered with nothing.
    pub(crate) fn close(&mut self, io: &mut Io<'_, Client>) {
        for poll in self.polls.drain(..) {
            io.push(Output::Done(poll.op, Done::Polled { records: Vec::new(), errors: Vec::new() }));
        }
        self.partitions.clear();
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.polls.is_empty()
    }

    /// The topics that it needs described.
    pub(crate) fn topics(&self) -> impl Iterator<Item = &Str> {
        self.partitions.keys().map(|partition| &partition.topic)
    }

    /// Does everything that is due.
    pub(crate) fn pump(&mut self, lookups: &mut Lookups, core: &mut Core, io: &mut Io<'_, Client>) {
        for (partition, assigned) in &mut self.partitions {
            if let Place::Unknown(timestamp) = assigned.place {
                assigned.place = Place::LookedUp;
                lookups.position(partition.clone(), assigned.generation, timestamp);
            }
        }
        self.notice_leaders(core);
        self.answer_polls(core, io);
        self.check(core, io);
        self.fetch(core, io);
    }

    fn answer_polls(&mut self, core: &Core, io: &mut Io<'_, Client>) {
        while let Some(&poll) = self.polls.front() {
            let (records, errors) = self.take(poll.max_records, core, io);
            if records.is_empty() && errors.is_empty() && poll.deadline > io.now.mono {
                return;
            }
            self.prefetch = true;
            self.polls.pop_front();
            io.push(Output::Done(poll.op, Done::Polled { records, errors }));
        }
    }

    /// Takes what is there. A partition's error comes once the records before it were returned.
    fn take(&mut self, max_records: usize, core: &Core, io: &mut Io<'_, Client>) -> Taken {
        let (mut records, mut errors, mut left) = (Vec::new(), Vec::new(), max_records);
        let mut full: Vec<_> = self.partitions.iter_mut().filter(|(_, assigned)| assigned.has_something()).collect();
        let turn = self.turn.checked_rem(full.len()).unwrap_or(0);
        full.rotate_left(turn);
        for (partition, assigned) in full {
            let taken = assigned.take(left, core, io);
            left -= taken.len();
            if !taken.is_empty() {
                records.push((partition.clone(), taken));
            } else if let Some(error) = assigned.told() {
                errors.push((partition.clone(), error));
            }
        }
        self.turn = if records.is_empty() { self.turn } else { self.turn.wrapping_add(1) };
        (records, errors)
    }

    /// A look-up has found a position, or cannot.
    pub(crate) fn found(&mut self, found: Found, io: &mut Io<'_, Client>) {
        let Some(assigned) = self.partitions.get_mut(&found.partition) else { return };
        if assigned.generation != found.generation || assigned.place != Place::LookedUp {
            return;
        }
        match found.offset {
            Ok(offset) => {
                assigned.place = Place::At(FetchPosition::set(offset));
                io.event(Event::PositionReset { partition: found.partition, to: offset });
            }
            Err(error) => {
                assigned.place = Place::None;
                assigned.error = Some(PollError::Code(error));
            }
        }
    }

    /// Metadata arrived. A topic of the same name with another id is another topic: positions in it are found by policy (KIP-516).
    pub(crate) fn described(&mut self, lookups: &mut Lookups, core: &Core) {
        for (partition, assigned) in &mut self.partitions {
            let Some(topic) = core.metadata.topic(&partition.topic) else { continue };
            let before = std::mem::replace(&mut assigned.topic_id, topic.id);
            if before != Uuid::ZERO && topic.id != Uuid::ZERO && before != topic.id {
                lookups.cancel(partition);
                self.generations += 1;
                let policy = core.config.auto_offset_reset;
                assigned.move_to(self.generations, Position::Reset, policy, ErrorCode::UnknownTopicId);
            }
        }
    }

    pub(crate) fn wake(&self, wake: &mut Wake) {
        let poll = self.polls.front();
        wake.at(poll.map_or(Instant::NEVER, |poll| poll.deadline), Timer::Consumer);
        let waits = |place| match place {
            Place::At(_) => poll.is_some(),
            place => matches!(place, Place::Unvalidated(_)),
        };
        for assigned in self.partitions.values().filter(|assigned| waits(assigned.place)) {
            wake.at(assigned.not_before, Timer::Consumer);
        }
    }
}

impl Assigned {
    fn has_something(&self) -> bool {
        self.buffer.is_some() || self.error.is_some()
    }

    /// Takes records out of the buffer; the position follows.
    fn take(&mut self, most: usize, core: &Core, io: &mut Io<'_, Client>) -> Vec<(i64, Record)> {
        let mut taken = Vec::new();
        let Some(buffer) = &mut self.buffer else { return taken };
        let mut end = None;
        while taken.len() < most && end.is_none() {
            match buffer.next(&core.config) {
                Next::Record(offset, record) => taken.push((offset, record)),
                other => end = Some(other),
            }
        }
        self.place = Place::At(buffer.position());
        let discarded = std::mem::take(&mut buffer.discarded);
        if discarded > 0 {
            io.event(Event::Discarded { records: discarded });
        }
        if end.is_some() || buffer.is_drained() {
            self.buffer = None;
        }
        if end == Some(Next::Corrupt) {
            self.error = Some(Buffer::error());
        }
        taken
    }

    /// The error to be told, once; where there is no position it is told with every poll, until the application seeks.
    fn told(&mut self) -> Option<PollError> {
        if self.place == Place::None { self.error } else { self.error.take() }
    }
}
