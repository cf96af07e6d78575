//! Every record that a producer was asked to send: how that ended, and what was observed of it.

use crate::fact::{Fact, Moment, Outcome};
use crate::ghost::PartitionId;
use crate::payload::{Payload, Uid};
use std::collections::BTreeMap;

/// A record's place in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// In which partition.
    pub home: PartitionId,
    /// At which offset.
    pub offset: i64,
    /// In which leader epoch.
    pub leader_epoch: i32,
    /// In which generation of the partition it was appended.
    pub generation: u32,
    /// With which timestamp.
    pub timestamp: i64,
}

/// Where a record that a poll returned stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// Its place; None if no log was ever seen to hold it at that partition and offset.
    pub place: Option<Place>,
}

/// A record on its way.
#[derive(Clone, Debug)]
pub struct Send {
    /// What it is.
    pub payload: Payload,
    /// When the application asked.
    pub invoked: Moment,
    /// Hash of key, value and headers.
    pub hash: u128,
    /// `acks` of its producer.
    pub acks: i16,
    /// By when it has to be completed at the latest, in milliseconds after it was invoked, by the client's clock.
    pub within_ms: u64,
    /// `max.in.flight.requests.per.connection` of its producer.
    pub max_in_flight: u32,
    /// Whether its producer is idempotent.
    pub idempotent: bool,
    /// How it ended, and when; None while it is pending.
    pub outcome: Option<(Outcome, Moment)>,
    /// How often it was said to have ended.
    pub completions: u32,
    /// The partition that its producer chose.
    pub partition: Option<i32>,
    /// The offset that was acknowledged.
    pub offset: Option<i64>,
    /// In how many requests brokers received it.
    pub received: u32,
    /// The first partition in which it was seen anywhere.
    pub routed: Option<i32>,
    /// Whether a request of its producer may have been repeated while it was pending.
    pub maybe_retried: bool,
    /// Whether its producer's process died while it was pending.
    pub orphaned: bool,
    /// How often it was read.
    pub reads: u32,
    first: Option<Place>,
    more: Vec<Place>,
}

impl Send {
    /// Where it stands or stood, in the order of appends.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.first.iter().chain(&self.more)
    }

    /// How it ended, once it did.
    #[must_use]
    pub fn ended(&self) -> Option<&Outcome> {
        self.outcome.as_ref().map(|(outcome, _)| outcome)
    }

    /// Whether it was acknowledged, with or without an offset.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.ended() == Some(&Outcome::Ok)
    }

    pub(super) fn stands(&mut self, place: Place) {
        match self.first {
            None => self.first = Some(place),
            Some(_) => self.more.push(place),
        }
    }

    pub(super) fn received(&mut self, partition: i32) {
        self.received += 1;
        self.routed.get_or_insert(partition);
    }

    pub(super) fn complete(&mut self, outcome: Outcome, partition: Option<i32>, offset: Option<i64>, moment: Moment) {
        self.completions += 1;
        if self.outcome.is_none() {
            self.outcome = Some((outcome, moment));
            self.partition = partition;
            self.offset = offset;
        }
    }
}

/// Every record, by its uid: producers count their sends, so a look-up is two steps.
#[derive(Clone, Debug, Default)]
pub struct Sends {
    sessions: BTreeMap<(u16, u16), Session>,
}

#[derive(Clone, Debug, Default)]
struct Session {
    sends: Vec<Option<Box<Send>>>,
    /// Ordinals of sends that may be pending: those from here on.
    settled_below: usize,
}

/// Far more sends than a producer makes in a run; a larger ordinal is not one of ours.
const MAX_ORDINAL: usize = 1 << 24;

impl Sends {
    /// A record.
    #[must_use]
    pub fn get(&self, uid: Uid) -> Option<&Send> {
        self.sessions.get(&(uid.producer, uid.session))?.sends.get(uid.ordinal as usize)?.as_deref()
    }

    /// Every record, by producer, session and ordinal.
    pub fn iter(&self) -> impl Iterator<Item = &Send> {
        self.sessions.values().flat_map(|session| session.sends.iter().flatten()).map(|send| &**send)
    }

    pub(super) fn get_mut(&mut self, uid: Uid) -> Option<&mut Send> {
        self.sessions.get_mut(&(uid.producer, uid.session))?.sends.get_mut(uid.ordinal as usize)?.as_deref_mut()
    }

    pub(super) fn invoke(&mut self, fact: &Fact, moment: Moment) {
        let Fact::SendInvoked {
            payload, acks, delivery_timeout_ms, max_block_ms, max_in_flight, idempotent, hash, ..
        } = fact
        else {
            return;
        };
        let (uid, ordinal) = (payload.uid, payload.uid.ordinal as usize);
        if ordinal > MAX_ORDINAL {
            return;
        }
        let session = self.sessions.entry((uid.producer, uid.session)).or_default();
        if session.sends.len() <= ordinal {
            session.sends.resize(ordinal + 1, None);
        }
        session.sends[ordinal] = Some(Box::new(Send {
            payload: payload.clone(),
            invoked: moment,
            hash: *hash,
            acks: *acks,
            within_ms: delivery_timeout_ms.saturating_add(*max_block_ms),
            max_in_flight: *max_in_flight,
            idempotent: *idempotent,
            outcome: None,
            completions: 0,
            partition: None,
            offset: None,
            received: 0,
            routed: payload.partition,
            maybe_retried: false,
            orphaned: false,
            reads: 0,
            first: None,
            more: Vec::new(),
        }));
    }

    /// A client has died: nobody will know how its sends end.
    pub(super) fn died(&mut self, who: (u16, u16)) {
        if let Some(session) = self.sessions.get_mut(&who) {
            session.pending(|send| send.orphaned = true);
        }
    }

    /// A client repeats a request: which of its pending records are in it, nobody outside knows.
    pub(super) fn retried(&mut self, client: u16) {
        for (_, session) in self.sessions.range_mut((client, 0)..=(client, u16::MAX)) {
            session.pending(|send| send.maybe_retried = true);
        }
    }
}

impl Session {
    fn pending(&mut self, mut each: impl FnMut(&mut Send)) {
        let settled = |send: &Option<Box<Send>>| send.as_ref().is_none_or(|send| send.outcome.is_some());
        let from = self.settled_below.min(self.sends.len());
        self.settled_below = from + self.sends[from..].iter().take_while(|send| settled(send)).count();
        let rest = self.sends[self.settled_below..].iter_mut().flatten();
        rest.filter(|send| send.outcome.is_none()).for_each(|send| each(send));
    }
}
