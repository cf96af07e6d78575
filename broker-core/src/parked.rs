//! Parked requests: a Produce that waits for the high watermark, a Fetch that waits for bytes or for a cold read.
//!
//! One table for all. A connection has one request in hand, so the connection is the key. Partitions name the connections that wait for
//! them; a deadline wakes the oldest.

use crate::connections::Reply;
use crate::fetch::ParkedFetch;
use crate::produce::ParkedProduce;
use crate::quorum::ParkedQuorumFetch;
use crate::serving::News;
use std::collections::{BTreeMap, BTreeSet};
use wire::{ConnId, Instant};

/// What a parked request waits for.
#[derive(Clone, Debug)]
pub(crate) enum Waiting {
    /// acks=all.
    Produce(ParkedProduce),
    /// `min_bytes`, or a cold read.
    Fetch(ParkedFetch),
    /// Metadata that a follower of the quorum does not have.
    QuorumFetch(ParkedQuorumFetch),
}

/// A request that is answered later.
#[derive(Clone, Debug)]
pub(crate) struct Parked {
    pub(crate) reply: Reply,
    pub(crate) deadline: Instant,
    pub(crate) waiting: Waiting,
}

/// All parked requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct ParkedRequests {
    requests: BTreeMap<ConnId, Parked>,
    deadlines: BTreeSet<(Instant, ConnId)>,
}

impl ParkedRequests {
    pub(crate) fn park(&mut self, parked: Parked) {
        let conn = parked.reply.conn;
        self.deadlines.insert((parked.deadline, conn));
        if let Some(before) = self.requests.insert(conn, parked) {
            self.deadlines.remove(&(before.deadline, conn));
        }
    }

    pub(crate) fn get_mut(&mut self, conn: ConnId) -> Option<&mut Parked> {
        self.requests.get_mut(&conn)
    }

    /// Whether a request can have waited for such news: followers wait for what is appended, everybody else for what is committed.
    pub(crate) fn heeds(&self, conn: ConnId, news: News) -> bool {
        let follows = match self.requests.get(&conn).map(|parked| &parked.waiting) {
            Some(Waiting::Fetch(fetch)) => fetch.follows(),
            Some(_) => false,
            None => return true,
        };
        news == News::Changed || follows == (news == News::Appended)
    }

    pub(crate) fn take(&mut self, conn: ConnId) -> Option<Parked> {
        let parked = self.requests.remove(&conn)?;
        self.deadlines.remove(&(parked.deadline, conn));
        Some(parked)
    }

    /// When the next one has waited long enough.
    pub(crate) fn next_deadline(&self) -> Instant {
        self.deadlines.first().map_or(Instant::NEVER, |&(deadline, _)| deadline)
    }

    /// Takes one whose deadline has come.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Parked> {
        let &(deadline, conn) = self.deadlines.first()?;
        if deadline > now { None } else { self.take(conn) }
    }

    /// Takes them all.
    pub(crate) fn take_all(&mut self) -> Vec<Parked> {
        self.deadlines.clear();
        std::mem::take(&mut self.requests).into_values().collect()
    }
}
