//! What is still to happen, in order: by time, then by a keyed draw, then by the sequence in which it was put there.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use wire::Instant;

/// Which actor of the cast: brokers first, then the plan's clients, then readers.
pub(crate) type ActorId = u16;
/// Which connection of the network.
pub(crate) type LinkId = u32;

/// Something that will happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A node's timeout may have come. Only the newest generation counts.
    Wake(ActorId, u32),
    /// A link may have something to deliver to its end 0 or 1.
    Arrive(LinkId, u8),
    /// A sync of an incarnation ends.
    Synced(ActorId, u32, u64),
    /// A cold read of an incarnation ends.
    Read(ActorId, u32, u64),
    /// A process starts, if it has not been started otherwise meanwhile.
    Start(ActorId, u32),
    /// An incarnation that was paused goes on.
    Resume(ActorId, u32),
    /// An application goes on with one of its tasks, in a session.
    Task(ActorId, u32),
    /// A step of the Plan is due.
    Step(u32),
    /// A fault that lasts is over, by its place among those.
    Over(u32),
    /// A storm strikes again, by its place among the faults that last.
    Storm(u32),
    /// Faults stop.
    Heal,
    /// Is everything at rest?
    Check,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    at: Instant,
    tie: u64,
    seq: u64,
    what: What,
}

impl Ord for Entry {
    /// The earliest is the greatest, because a heap gives the greatest first.
    fn cmp(&self, other: &Entry) -> Ordering {
        (other.at, other.tie, other.seq).cmp(&(self.at, self.tie, self.seq))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Entry) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The event heap.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queue {
    heap: BinaryHeap<Entry>,
    seq: u64,
}

impl Queue {
    /// Puts something in; `tie` decides among what happens at the same time.
    pub(crate) fn push(&mut self, at: Instant, tie: u64, what: What) {
        self.seq += 1;
        self.heap.push(Entry { at, tie, seq: self.seq, what });
    }

    /// Takes what happens next.
    pub(crate) fn pop(&mut self) -> Option<(Instant, What)> {
        self.heap.pop().map(|entry| (entry.at, entry.what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_comes_first_then_the_draw_then_the_sequence() {
        let mut queue = Queue::default();
        for (at, tie, step) in [(2, 0, 4), (1, 9, 3), (1, 5, 1), (1, 5, 2), (0, 99, 0)] {
            queue.push(Instant(at), tie, What::Step(step));
        }
        let order: Vec<What> = std::iter::from_fn(|| queue.pop().map(|(_, what)| what)).collect();
        assert_eq!(order, [0, 1, 2, 3, 4].map(What::Step));
    }
}
