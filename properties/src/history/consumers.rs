//! Every consumer session: what it is to read, and how far it got.

use crate::fact::{Moment, ReadSeen};
use std::collections::BTreeMap;
use wire::TopicPartition;

/// One session of a consumer.
#[derive(Clone, Debug, Default)]
pub struct Consumer {
    /// When it began.
    pub began: Moment,
    /// Whether its process lives.
    pub alive: bool,
    /// Whether its application ever asked it for records.
    pub polled: bool,
    /// When a poll of it ended last.
    pub polled_at: Moment,
    /// What it is to read, and how far it got.
    pub assigned: BTreeMap<TopicPartition, Reading>,
}

/// How far a consumer got in a partition since it was positioned there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// When its position was set.
    pub since: Moment,
    /// The last offset that it read.
    pub last_offset: Option<i64>,
    /// The last error that it was told since it read something.
    pub error: Option<i16>,
}

/// Every consumer session.
#[derive(Clone, Debug, Default)]
pub struct Consumers {
    sessions: BTreeMap<(u16, u16), Consumer>,
}

impl Consumers {
    /// Sessions by client and session.
    pub fn iter(&self) -> impl Iterator<Item = (&(u16, u16), &Consumer)> {
        self.sessions.iter()
    }

    /// Living sessions that poll, of clients that were not there at a moment: the final readers, if it is the one at which
    /// faults stopped. A consumer that nobody polls reads nothing, however well it is.
    pub fn living_since(&self, moment: Moment) -> impl Iterator<Item = (&(u16, u16), &Consumer)> {
        let reads = |consumer: &Consumer| consumer.alive && consumer.polled && !consumer.assigned.is_empty();
        self.iter().filter(move |((client, _), consumer)| reads(consumer) && !self.was_there(*client, moment))
    }

    /// Living sessions of clients that were there at a moment; the session itself may have begun later.
    pub fn living_before(&self, moment: Moment) -> impl Iterator<Item = (&(u16, u16), &Consumer)> {
        let reads = |consumer: &Consumer| consumer.alive;
        self.iter().filter(move |((client, _), consumer)| reads(consumer) && self.was_there(*client, moment))
    }

    fn was_there(&self, client: u16, moment: Moment) -> bool {
        self.sessions.range((client, 0)..=(client, u16::MAX)).any(|(_, consumer)| consumer.began <= moment)
    }

    pub(super) fn life(&mut self, who: (u16, u16), alive: bool, moment: Moment) {
        let consumer = self.sessions.entry(who).or_default();
        if alive {
            consumer.began = moment;
        }
        consumer.alive = alive;
    }

    pub(super) fn reposition(&mut self, who: (u16, u16), partitions: &[TopicPartition], assign: bool, moment: Moment) {
        let consumer = self.sessions.entry(who).or_default();
        if assign {
            consumer.assigned.clear();
        }
        for partition in partitions {
            consumer.assigned.insert(partition.clone(), Reading { since: moment, ..Reading::default() });
        }
    }

    pub(super) fn polled(
        &mut self,
        who: (u16, u16),
        records: &[ReadSeen],
        errors: &[(TopicPartition, i16)],
        moment: Moment,
    ) {
        let consumer = self.sessions.entry(who).or_default();
        (consumer.polled, consumer.polled_at) = (true, moment);
        for read in last_of_each(records) {
            if let Some(reading) = consumer.assigned.get_mut(&read.partition) {
                (reading.last_offset, reading.error) = (Some(read.record.offset), None);
            }
        }
        for (partition, error) in errors {
            if let Some(reading) = consumer.assigned.get_mut(partition) {
                reading.error = Some(*error);
            }
        }
    }
}

/// The last record of each run of one partition; polls return records partition by partition.
fn last_of_each(records: &[ReadSeen]) -> impl Iterator<Item = &ReadSeen> {
    let next = records.iter().skip(1).map(Some).chain([None]);
    records
        .iter()
        .zip(next)
        .filter(|(read, next)| next.is_none_or(|next| next.partition != read.partition))
        .map(|(read, _)| read)
}
