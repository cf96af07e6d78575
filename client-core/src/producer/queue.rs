//! The accumulator: per topic what waits for metadata or memory, per partition the batches that wait to be sent and those in flight.

use super::batch::{Batch, Send};
use super::partitioner::Sticky;
use crate::Record;
use std::collections::VecDeque;
use std::time::Duration;
use wire::Instant;

/// A topic that something is sent to.
#[derive(Clone, Debug, Default)]
pub(super) struct TopicQueue {
    /// In the order of the sends; the first one holds back the others, so that order is kept.
    pub(super) waiting: VecDeque<Waiting>,
    pub(super) sticky: Sticky,
    /// By index.
    pub(super) partitions: Vec<PartitionQueue>,
}

/// A send that has no batch yet: its topic is not known, or there is no memory for it.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) send: Send,
    pub(super) partition: Option<i32>,
    pub(super) record: Record,
    /// `max.block.ms` from its beginning.
    pub(super) deadline: Instant,
}

/// A partition that something is sent to.
#[derive(Clone, Debug, Default)]
pub(super) struct PartitionQueue {
    /// To be sent, oldest first.
    pub(super) batches: VecDeque<Batch>,
    /// Sent, and neither answered nor expired.
    pub(super) in_flight: Vec<Batch>,
}

impl TopicQueue {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.partitions.iter().all(PartitionQueue::is_empty)
    }

    pub(super) fn partition(&mut self, index: usize) -> &mut PartitionQueue {
        if self.partitions.len() <= index {
            self.partitions.resize_with(index + 1, PartitionQueue::default);
        }
        &mut self.partitions[index]
    }

    /// The ordinal of the oldest send that has not ended.
    pub(super) fn oldest(&self) -> u64 {
        let waiting = self.waiting.front().map(|waiting| waiting.send.ordinal);
        let batches = self.partitions.iter().flat_map(PartitionQueue::eldest).map(Batch::id).min();
        waiting.into_iter().chain(batches).min().unwrap_or(u64::MAX)
    }
}

impl PartitionQueue {
    pub(super) fn is_empty(&self) -> bool {
        self.batches.is_empty() && self.in_flight.is_empty()
    }

    /// The oldest that waits, and everything in flight: one of them is the oldest of all.
    pub(super) fn eldest(&self) -> impl Iterator<Item = &Batch> {
        self.batches.front().into_iter().chain(&self.in_flight)
    }

    /// Puts a batch back in its place: before everything that was sent later. So a retry is first, and several keep their order.
    pub(super) fn put_back(&mut self, batch: Batch) {
        let place = self.batches.iter().position(|other| other.id() > batch.id()).unwrap_or(self.batches.len());
        self.batches.insert(place, batch);
    }

    /// Takes a batch out of what is in flight; None if it has expired meanwhile.
    pub(super) fn answered(&mut self, id: u64) -> Option<Batch> {
        let at = self.in_flight.iter().position(|batch| batch.id() == id)?;
        Some(self.in_flight.remove(at))
    }

    /// Takes out a batch whose delivery timeout is over. One that is in flight may have been appended.
    pub(super) fn take_expired(&mut self, now: Instant, timeout: Duration) -> Option<Batch> {
        let is_over = |batch: &Batch| batch.created + timeout <= now;
        if self.batches.front().is_some_and(is_over) {
            return self.batches.pop_front();
        }
        let at = self.in_flight.iter().position(is_over)?;
        let mut batch = self.in_flight.remove(at);
        batch.ambiguous = true;
        Some(batch)
    }
}
