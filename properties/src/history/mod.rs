//! The History: what clients asked for and how it ended, as ok, failed or **unknown**. No checker may read unknown as
//! failed.
//!
//! It is kept as what checks need in constant time, per record and per consumer, and not as a list of events (whoever
//! runs the trial writes that list down for people). What was observed of a record beside its client (how often a
//! broker received it, where it stands in a log) is kept with it.

mod consumers;
mod sends;

pub use consumers::{Consumer, Consumers, Reading};
pub use sends::{Place, Read, Send, Sends};

use crate::fact::{BatchSeen, Fact, LogRef, Moment, Outcome, ReadSeen};
use crate::ghost::{Ghost, LogGhost, PartitionId};

/// What clients did and were told.
#[derive(Clone, Debug, Default)]
pub struct History {
    sends: Sends,
    consumers: Consumers,
    reads: Vec<Read>,
    repeated: bool,
}

impl History {
    /// Every record that was to be sent, or was seen.
    #[must_use]
    pub fn sends(&self) -> &Sends {
        &self.sends
    }

    /// Every consumer session.
    #[must_use]
    pub fn consumers(&self) -> &Consumers {
        &self.consumers
    }

    /// Where the records of the poll at hand stand, in its order. A poll that ended is the fact at hand.
    #[must_use]
    pub fn reads(&self) -> &[Read] {
        &self.reads
    }

    /// Whether the fact at hand shows a record in a log in which it stands already: a retry after an attempt that had succeeded.
    #[must_use]
    pub fn repeated(&self) -> bool {
        self.repeated
    }

    pub(crate) fn observe(&mut self, fact: &Fact, moment: Moment, ghost: &Ghost) {
        self.repeated = false;
        match fact {
            Fact::SendInvoked { .. } => self.sends.invoke(fact, moment),
            Fact::SendCompleted { payload, outcome, partition, offset, .. } => {
                if let Some(send) = self.sends.get_mut(payload.uid) {
                    send.complete(outcome.clone(), *partition, *offset, moment);
                }
            }
            Fact::ProduceReceived { batch: Some(batch), partition, .. } => {
                for uid in uids(batch) {
                    if let Some(send) = self.sends.get_mut(uid) {
                        send.received(partition.partition);
                    }
                }
            }
            // A follower's copy is the record that stands already.
            Fact::Appended { log, batch, .. } if ghost.writing().is_some_and(|writing| writing.original) => {
                self.stands(log, batch, ghost);
            }
            Fact::Survived { log, batches } | Fact::Recovered { log, batches } => {
                for &(_, place) in ghost.found() {
                    self.stands(log, &batches[place], ghost);
                }
            }
            Fact::PollCompleted { client, session, records, errors, .. } => {
                self.read(records, ghost);
                self.consumers.polled((*client, *session), records, errors, moment);
            }
            Fact::Repositioned { client, session, partitions, assign } => {
                self.consumers.reposition((*client, *session), partitions, *assign, moment);
            }
            Fact::ClientLife { client, session, alive } => {
                self.consumers.life((*client, *session), *alive, moment);
                if !alive {
                    self.sends.died((*client, *session));
                }
            }
            Fact::ClientStated { client, name: "Retrying" } => self.sends.retried(*client),
            _ => {}
        }
    }

    fn stands(&mut self, log: &LogRef, batch: &BatchSeen, ghost: &Ghost) {
        let Some(home) = ghost.find(log).map(|id| ghost.partition_of(id)) else { return };
        let generation = ghost.partition(home).generation;
        let leader_epoch = batch.leader_epoch;
        for record in batch.records.iter() {
            let uid = record.payload.as_ref().map(|payload| payload.uid);
            if let Some(send) = uid.and_then(|uid| self.sends.get_mut(uid)) {
                self.repeated |= send.places().any(|place| place.home == home && place.generation == generation);
                let (offset, timestamp) = (record.offset, record.timestamp);
                send.stands(Place { home, offset, leader_epoch, generation, timestamp });
            }
        }
    }

    fn read(&mut self, records: &[ReadSeen], ghost: &Ghost) {
        self.reads.clear();
        for read in records {
            let place = self.place_of(read, ghost);
            self.reads.push(Read { place });
            let uid = read.record.payload.as_ref().map(|payload| payload.uid);
            if let Some(send) = uid.and_then(|uid| self.sends.get_mut(uid)) {
                send.reads = send.reads.saturating_add(1);
            }
        }
    }

    fn place_of(&self, read: &ReadSeen, ghost: &Ghost) -> Option<Place> {
        let send = self.sends.get(read.record.payload.as_ref()?.uid)?;
        let here = |place: &&Place| {
            place.offset == read.record.offset && ghost.partition(place.home).partition == read.partition
        };
        // The last one, where a record stood at the same offset of several topics of one name.
        send.places().filter(here).last().copied()
    }
}

fn uids(batch: &BatchSeen) -> impl Iterator<Item = crate::payload::Uid> + '_ {
    batch.records.iter().filter_map(|record| record.payload.as_ref().map(|payload| payload.uid))
}

impl Send {
    /// The place that its acknowledgement names; None while there is none, and where the record does not stand where it
    /// says.
    #[must_use]
    pub fn acked_place(&self, ghost: &Ghost) -> Option<Place> {
        let (Some((Outcome::Ok, _)), Some(offset), Some(partition)) = (&self.outcome, self.offset, self.partition)
        else {
            return None;
        };
        let here =
            |place: &&Place| place.offset == offset && ghost.partition(place.home).partition.partition == partition;
        self.places().filter(here).last().copied()
    }

    /// The logs that are there and hold it at a place.
    pub(crate) fn holders<'a>(&'a self, place: Place, ghost: &'a Ghost) -> impl Iterator<Item = &'a LogGhost> {
        let logs = ghost.partition(place.home).logs.iter().map(|&log| ghost.log(log)).filter(|log| log.present);
        logs.filter(move |log| log.batch(place.offset).is_some() && self.stands_in(log, place.home, place.offset))
    }

    /// Whether it stands at an offset of a replica's log; of one that is gone, whether it stood there in any.
    #[must_use]
    pub fn stands_in(&self, log: &LogGhost, home: PartitionId, offset: i64) -> bool {
        let epoch = log.batch(offset).map(|held| held.leader_epoch);
        let here = |place: &Place| epoch.is_none_or(|epoch| epoch == place.leader_epoch);
        self.places().any(|place| place.home == home && place.offset == offset && here(place))
    }
}
