//! Fetch sessions (KIP-227): what a fetcher asked for is remembered, so that a request names only what changed, and an answer only what is new.
//!
//! A session lives as long as the broker's process, or until a worthier one needs its slot. It is nobody's: whoever knows its id and its
//! epoch goes on with it. Left out on purpose: shards of the cache, which spare Kafka's threads a lock.

use crate::bugs::Bug;
use crate::keyed::Keyed;
use std::collections::BTreeMap;
use std::time::Duration;
use wire::messages::fetch::{FetchPartition, FetchRequest, FetchResponse, PartitionData};
use wire::{ErrorCode, Instant, Planted, Str, Uuid};

/// A partition that is asked for: its topic by name or, from version 13 on, by id, and what is wanted of it.
pub(super) type Asked = (Str, Uuid, FetchPartition);
type Place = (Uuid, Str, i32);

/// How long a session is safe from others of its kind (Kafka's `MIN_INCREMENTAL_FETCH_SESSION_EVICTION_MS`).
const SAFE_FOR: Duration = Duration::from_secs(120);
/// The epoch that asks for a new session, and the one that ends or does without one.
const INITIAL_EPOCH: i32 = 0;
const FINAL_EPOCH: i32 = -1;
/// From this version on topics are named by their ids.
pub(super) const IDS_SINCE: i16 = 13;

/// What a request is to the sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    /// It has none, and wants none.
    Sessionless,
    /// It names everything, and a session may be made of it.
    Full,
    /// It goes on with a session, which its answer must find in this epoch.
    Incremental { session_id: i32, epoch: i32 },
}

/// What became of a new session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Created {
    /// Its id; 0 if there was no slot.
    pub(super) session_id: i32,
    /// Who had to go.
    pub(super) evicted: Option<i32>,
}

/// The high watermark that somebody knows who is told this. What comes after an error is news in any case; so it is after a divergence, of
/// which a follower takes nothing but where to cut (Kafka's takes it for told, and is behind until it moves again).
fn known_high_watermark(data: &PartitionData) -> i64 {
    let taken = data.error_code == 0 && data.diverging_epoch.epoch < 0;
    if taken { data.high_watermark } else { -1 }
}

/// A partition of a session: what is asked of it, and what was told last.
#[derive(Clone, Debug)]
struct Cached {
    asked: Asked,
    high_watermark: i64,
    log_start_offset: i64,
}

#[derive(Clone, Debug)]
struct Session {
    /// A follower's.
    privileged: bool,
    uses_topic_ids: bool,
    created: Instant,
    used: Instant,
    /// What its next request must say.
    epoch: i32,
    /// In the order in which they are read: one that brought records goes behind the others.
    partitions: BTreeMap<u64, Cached>,
    places: BTreeMap<Place, u64>,
    next: u64,
}

/// All sessions of a broker.
#[derive(Clone, Debug, Default)]
pub(crate) struct FetchSessions {
    sessions: BTreeMap<i32, Session>,
    drawn: u64,
}

impl FetchSessions {
    /// A request came: what it is, and all that it asks for; takes its topics.
    pub(super) fn begin(
        &mut self,
        request: &mut FetchRequest,
        version: i16,
        now: Instant,
        bugs: &Planted<Bug>,
    ) -> Result<(Context, Vec<Asked>), ErrorCode> {
        let named = super::distinct(std::mem::take(&mut request.topics));
        let (session_id, epoch) = (request.session_id, request.session_epoch);
        if matches!(epoch, INITIAL_EPOCH | FINAL_EPOCH) {
            self.sessions.remove(&session_id);
            return Ok((if epoch == FINAL_EPOCH { Context::Sessionless } else { Context::Full }, named));
        }
        let session = self.sessions.get_mut(&session_id).ok_or(ErrorCode::FetchSessionIdNotFound)?;
        if session.epoch != epoch {
            return Err(ErrorCode::InvalidFetchSessionEpoch);
        }
        if session.uses_topic_ids != (version >= IDS_SINCE) {
            return Err(ErrorCode::FetchSessionTopicIdError);
        }
        session.update(&named, request);
        if session.partitions.is_empty() {
            self.sessions.remove(&session_id);
            return Ok((Context::Sessionless, named));
        }
        session.used = now;
        session.epoch = next_epoch(epoch);
        Ok((Context::Incremental { session_id, epoch: session.epoch }, session.asked(bugs)))
    }

    /// A request that named everything is answered: a session is made of it, if there is a slot among so many.
    pub(super) fn create(
        &mut self,
        asked: &[Asked],
        response: &FetchResponse,
        (privileged, version): (bool, i16),
        (slots, now, keyed): (usize, Instant, Keyed),
    ) -> Created {
        let mut evicted = None;
        if self.sessions.len() >= slots {
            evicted = self.least_worthy((privileged, asked.len(), 0), now);
            let Some(least) = evicted else { return Created::default() };
            self.sessions.remove(&least);
        }
        let mut session = Session::new(privileged, version >= IDS_SINCE, now);
        let told = response.responses.iter().flat_map(|topic| &topic.partitions);
        for (asked, told) in asked.iter().zip(told) {
            session.add(asked.clone(), (known_high_watermark(told), told.log_start_offset));
        }
        let session_id = self.free_id(keyed);
        self.sessions.insert(session_id, session);
        Created { session_id, evicted }
    }

    /// An answer of a session: what has not changed since the last one is left out of it.
    pub(super) fn shorten(&mut self, session_id: i32, epoch: i32, response: &mut FetchResponse) {
        response.session_id = session_id;
        let session = self.sessions.get_mut(&session_id).filter(|session| session.epoch == epoch);
        let Some(session) = session else {
            // Somebody else went on with it, or it had to go, while this request waited.
            response.error_code = ErrorCode::InvalidFetchSessionEpoch.code();
            return response.responses.clear();
        };
        for topic in &mut response.responses {
            let (name, id) = (topic.topic.clone(), topic.topic_id);
            topic.partitions.retain(|data| session.is_news((id, name.clone(), data.partition_index), data));
        }
        response.responses.retain(|topic| !topic.partitions.is_empty());
    }

    fn free_id(&mut self, keyed: Keyed) -> i32 {
        loop {
            self.drawn += 1;
            let id = i32::try_from(keyed.number("fetch session", self.drawn) >> 33).unwrap_or(0);
            if id != 0 && !self.sessions.contains_key(&id) {
                return id;
            }
        }
    }

    /// Whom a new session may take the slot of: one that was not used for long; or else, if it is worth no more than the new one, the least
    /// of those who are not a follower's (where the new one is) or have had their time. Worth is to be a follower's, then to be large.
    fn least_worthy(&self, new: (bool, usize, i32), now: Instant) -> Option<i32> {
        let (oldest, id) = self.sessions.iter().map(|(&id, session)| (session.used, id)).min()?;
        if now.since(oldest) > SAFE_FOR {
            return Some(id);
        }
        let may_go =
            |session: &Session| (new.0 && !session.privileged) || session.used.since(session.created) > SAFE_FOR;
        let worth = |(&id, session): (&i32, &Session)| (session.privileged, session.partitions.len(), id);
        let least = self.sessions.iter().filter(|(_, session)| may_go(session)).map(worth).min()?;
        (new >= least).then_some(least.2)
    }
}

impl Session {
    fn new(privileged: bool, uses_topic_ids: bool, now: Instant) -> Session {
        Session {
            privileged,
            uses_topic_ids,
            created: now,
            used: now,
            epoch: next_epoch(INITIAL_EPOCH),
            partitions: BTreeMap::new(),
            places: BTreeMap::new(),
            next: 0,
        }
    }

    fn add(&mut self, asked: Asked, (high_watermark, log_start_offset): (i64, i64)) {
        self.places.insert((asked.1, asked.0.clone(), asked.2.partition), self.next);
        self.partitions.insert(self.next, Cached { asked, high_watermark, log_start_offset });
        self.next += 1;
    }

    fn update(&mut self, named: &[Asked], request: &FetchRequest) {
        for asked in named {
            let known = self.places.get(&(asked.1, asked.0.clone(), asked.2.partition));
            match known.and_then(|at| self.partitions.get_mut(at)) {
                Some(cached) => cached.asked.2 = asked.2.clone(),
                None => self.add(asked.clone(), (-1, -1)),
            }
        }
        for topic in &request.forgotten_topics_data {
            for &partition in &topic.partitions {
                let place = (topic.topic_id, topic.topic.clone(), partition);
                self.places.remove(&place).and_then(|at| self.partitions.remove(&at));
            }
        }
    }

    /// All that is asked for. R27: without the leader epochs, as before KAFKA-9338.
    fn asked(&self, bugs: &Planted<Bug>) -> Vec<Asked> {
        let mut asked: Vec<Asked> = self.partitions.values().map(|cached| cached.asked.clone()).collect();
        if bugs.has(Bug::R27) {
            asked.iter_mut().for_each(|asked| asked.2.current_leader_epoch = -1);
        }
        asked
    }

    /// Whether a partition has to be told of; if so, it will be known to have been.
    fn is_news(&mut self, place: Place, data: &PartitionData) -> bool {
        let Some(&at) = self.places.get(&place) else { return false };
        let Some(cached) = self.partitions.get_mut(&at) else { return false };
        let brings = data.records.as_ref().is_some_and(|records| !records.is_empty());
        let failed = data.error_code != 0;
        let moved = (cached.high_watermark, cached.log_start_offset) != (data.high_watermark, data.log_start_offset);
        cached.high_watermark = known_high_watermark(data);
        cached.log_start_offset = data.log_start_offset;
        if brings && let Some(cached) = self.partitions.remove(&at) {
            self.places.insert(place, self.next);
            self.partitions.insert(self.next, cached);
            self.next += 1;
        }
        brings || moved || failed || data.diverging_epoch.epoch >= 0 || data.preferred_read_replica >= 0
    }
}

/// Epochs count from 1; behind the last comes 1 again.
fn next_epoch(epoch: i32) -> i32 {
    match epoch {
        ..0 => FINAL_EPOCH,
        i32::MAX => 1,
        epoch => epoch + 1,
    }
}

#[cfg(test)]
mod tests;
