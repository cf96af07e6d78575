//! The trace: a rolling hash over defined bytes of everything that happens, and, if somebody asks, lines for people.

use crate::outcome::TraceHash;
use properties::hash::Hash128;
use wire::Instant;

/// What the hash distinguishes. The numbers are part of every stored hash: add at the end, never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Mark {
    Start = 1,
    Stop = 2,
    Opened = 3,
    Accepted = 4,
    Closed = 5,
    Arrived = 6,
    Synced = 7,
    Read = 8,
    Invoked = 9,
    Shutdown = 10,
    Timeout = 11,
    Dialled = 12,
    Sent = 13,
    Sync = 14,
    Done = 15,
    Halted = 16,
    Event = 17,
    Step = 18,
    Target = 19,
    Phase = 20,
}

/// The rolling hash and the lines.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    hash: Hash128,
    lines: Option<Vec<String>>,
    history: Option<Vec<String>>,
}

impl Trace {
    pub(crate) fn new(record: bool) -> Trace {
        let empty = || record.then(Vec::new);
        Trace { hash: Hash128::default(), lines: empty(), history: empty() }
    }

    /// Adds something that happened: when, what, to whom, and a number that says more.
    pub(crate) fn add(&mut self, at: Instant, mark: Mark, who: u16, number: u64) {
        let what = u64::from(mark as u8) << 16 | u64::from(who);
        self.hash = self.hash.wide(u128::from(at.0) << 64 | u128::from(what)).number(number);
    }

    /// Adds bytes that go with what was added last.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.hash = self.hash.bytes(bytes);
    }

    pub(crate) fn records(&self) -> bool {
        self.lines.is_some()
    }

    /// Notes a line for people, if somebody asked.
    pub(crate) fn note(&mut self, at: Instant, line: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.lines {
            let micros = at.0 / 1_000;
            lines.push(format!("[{:>4}.{:06}] {}", micros / 1_000_000, micros % 1_000_000, line()));
        }
    }

    /// Notes a line of the clients' history, if somebody asked.
    pub(crate) fn history(&mut self, line: impl FnOnce() -> Option<String>) {
        if let Some(history) = &mut self.history {
            history.extend(line());
        }
    }

    pub(crate) fn hash(&self) -> TraceHash {
        TraceHash(self.hash.finish())
    }

    pub(crate) fn into_lines(self) -> (Vec<String>, Vec<String>) {
        (self.lines.unwrap_or_default(), self.history.unwrap_or_default())
    }
}
