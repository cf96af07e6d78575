//! One direction of a connection: an in-order stream of what is on its way.

use crate::Draw;
use bytes::Bytes;
use std::collections::VecDeque;
use wire::Instant;

/// As much as a sender's and a receiver's kernel take before a write has to wait.
const SOCKET_BUFFERS: usize = 256 << 10;

/// What travels on a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// The dialler's wish to connect.
    Syn,
    /// One length-delimited frame.
    Frame(Bytes),
    /// The sender has closed.
    Fin,
    /// The connection is gone.
    Reset,
}

impl Item {
    fn bytes(&self) -> usize {
        match self {
            Item::Frame(frame) => frame.len(),
            _ => 0,
        }
    }
}

/// A stream towards one end.
#[derive(Clone, Debug, Default)]
pub(super) struct Flow {
    flights: VecDeque<(Instant, Item)>,
    /// Items that were ever put in, for keyed draws.
    pub(super) count: u64,
    last: Instant,
    bytes: usize,
    /// The receiver has had a frame and not yet been given leave to have another.
    pub(super) muted: bool,
    /// The receiver has asked for another, but what it sent has not been written.
    pub(super) asked: bool,
    /// When an arrival is due.
    pub(super) scheduled: Option<Instant>,
}

impl Flow {
    pub(super) fn put(&mut self, item: Item, ready: Instant) {
        self.last = self.last.max(ready);
        self.count += 1;
        self.bytes += item.bytes();
        self.flights.push_back((self.last, item));
    }

    /// When the first item could arrive; None if there is none, or the receiver does not want it yet.
    pub(super) fn due(&self) -> Option<Instant> {
        let (ready, item) = self.flights.front()?;
        let waits = self.muted && matches!(item, Item::Frame(_));
        (!waits).then_some(*ready)
    }

    /// The first item if its time has come.
    pub(super) fn take(&mut self, now: Instant) -> Option<Item> {
        self.due().filter(|&due| due <= now)?;
        let (_, item) = self.flights.pop_front()?;
        self.bytes -= item.bytes();
        self.muted |= matches!(item, Item::Frame(_));
        Some(item)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.flights.is_empty()
    }

    /// Whether all that was sent has left the sender.
    pub(super) fn is_written(&self) -> bool {
        self.bytes <= SOCKET_BUFFERS
    }

    /// Whether the wish to connect has not arrived yet.
    pub(super) fn begins(&self) -> bool {
        matches!(self.flights.front(), Some((_, Item::Syn)))
    }

    /// How many items lie in the receiver's kernel already.
    pub(super) fn arrived(&self, now: Instant) -> usize {
        self.flights.iter().take_while(|(ready, _)| *ready <= now).count()
    }

    /// Loses everything after a drawn prefix of at least so many items.
    pub(super) fn cut(&mut self, draw: Draw, at_least: usize) {
        let loose = self.flights.len().saturating_sub(at_least);
        let keep = at_least + draw.of("keep").below(loose as u64 + 1) as usize;
        self.flights.truncate(keep);
        self.bytes = self.flights.iter().map(|(_, item)| item.bytes()).sum();
    }

    /// After a reset, what is left arrives in its own time, and then its receiver learns that nothing follows.
    pub(super) fn dawdle(&mut self, draw: Draw, now: Instant, delay_ns: (u64, u64)) {
        const MILLI: u64 = 1_000_000;
        let at_most = match draw.of("patience").below(8) {
            0..5 => delay_ns.1,
            5..7 => 100 * MILLI,
            _ => 3_000 * MILLI,
        };
        let late = Instant(now.0.saturating_add(draw.of("late").range((delay_ns.0, at_most.max(delay_ns.0)))));
        for (ready, _) in &mut self.flights {
            *ready = (*ready).max(late);
        }
        self.last = self.last.max(late);
        self.put(Item::Reset, late);
    }
}
