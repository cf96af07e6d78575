//! The producer: sends are gathered into batches per partition, batches into requests per leader; what fails is tried again until
//! `delivery.timeout.ms`.
//!
//! A record's partition is chosen once and kept. With one request in flight the order of a partition is kept across retries; with more, a
//! retry may come behind what was sent after it, as with Kafka's producer without idempotence. A send has failed only if every attempt's
//! error was definite ([`verdict`]); after one ambiguous attempt it is unknown.
//!
//! - [`queue`]: what waits, what is in flight; [`batch`]: one batch; [`partitioner`]: where a record goes;
//! - [`gather`]: from sends to batches; [`sender`]: from batches to requests; [`verdict`]: what an error means.
//!
//! Left out on purpose, until the delivery semantics: idempotence and transactions. Left out for good: adaptive partitioning (KIP-794), which
//! would make every choice depend on timing.

mod batch;
mod gather;
mod partitioner;
mod queue;
mod sender;
mod verdict;

use crate::client::Timer;
use crate::core::{Core, Wake};
use crate::{Ack, Client, Done, Event, SendOutcome};
use batch::Batch;
use queue::TopicQueue;
use std::collections::{BTreeMap, VecDeque};
use wire::{Io, OpId, Output, Str, TopicPartition, Uuid};

/// A batch of a request that is in flight.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    partition: TopicPartition,
    topic_id: Uuid,
    batch: u64,
}

/// The state of a producer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Producer {
    topics: BTreeMap<Str, TopicQueue>,
    /// Bytes of records that have not ended, against `buffer.memory`.
    memory: u64,
    /// A send waits for memory: nothing lingers.
    starved: bool,
    sends: u64,
    /// Each waits for every send up to an ordinal.
    flushes: VecDeque<(OpId, u64)>,
    closing: bool,
}

impl Producer {
    /// Sends everything without waiting for company, from now on.
    pub(crate) fn close(&mut self) {
        self.closing = true;
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.flushes.is_empty() && self.topics.values().all(TopicQueue::is_empty)
    }

    pub(crate) fn flush(&mut self, op: OpId) {
        self.flushes.push_back((op, self.sends));
    }

    /// The topics that it needs described.
    pub(crate) fn topics(&self) -> impl Iterator<Item = &Str> {
        self.topics.keys()
    }

    /// Does everything that is due.
    pub(crate) fn pump(&mut self, core: &mut Core, io: &mut Io<'_, Client>) {
        self.expire(core, io);
        self.admit(core, io);
        self.drain(core, io);
        self.end_flushes(io);
    }

    /// Lets go of topics that are gone and that nothing waits for.
    pub(crate) fn tidy(&mut self, core: &mut Core) {
        self.topics.retain(|name, queue| {
            let keep = core.metadata.error(name).is_none() || !queue.is_empty();
            if !keep {
                core.metadata.forget(name);
            }
            keep
        });
    }

    fn end_flushes(&mut self, io: &mut Io<'_, Client>) {
        if self.flushes.is_empty() {
            return;
        }
        let oldest = self.topics.values().map(TopicQueue::oldest).min().unwrap_or(u64::MAX);
        while let Some((op, _)) = self.flushes.pop_front_if(|(_, last)| *last < oldest) {
            io.push(Output::Done(op, Done::Ok));
        }
    }

    /// Gives up what has waited too long.
    fn expire(&mut self, core: &Core, io: &mut Io<'_, Client>) {
        let now = io.now.mono;
        for (name, queue) in &mut self.topics {
            while let Some(waiting) = queue.waiting.pop_front_if(|waiting| waiting.deadline <= now) {
                let error = core.metadata.error(name).map_or(-1, |error| error.code());
                io.push(done(waiting.send.op, SendOutcome::Failed { error, partition: waiting.partition }));
            }
            let timeout = core.config.delivery_timeout;
            for (index, partition) in (0..).zip(&mut queue.partitions) {
                while let Some(mut batch) = partition.take_expired(now, timeout) {
                    io.event(Event::DeliveryTimedOut { partition: tp(name, index) });
                    batch.error = -1;
                    self.memory = self.memory.saturating_sub(batch.memory);
                    fail(&batch, index, io);
                }
            }
        }
    }

    pub(crate) fn wake(&self, core: &Core, wake: &mut Wake) {
        for (name, queue) in &self.topics {
            if let Some(waiting) = queue.waiting.front() {
                wake.at(waiting.deadline, Timer::Batch);
            }
            for (index, partition) in (0..).zip(&queue.partitions) {
                if let Some(oldest) = partition.eldest().map(|batch| batch.created).min() {
                    wake.at(oldest + core.config.delivery_timeout, Timer::Batch);
                }
                wake.at(self.ready_at(name, index, partition, core), Timer::Batch);
            }
        }
    }
}

fn tp(topic: &Str, partition: i32) -> TopicPartition {
    TopicPartition { topic: topic.clone(), partition }
}

fn done(op: OpId, outcome: SendOutcome) -> Output<Client> {
    Output::Done(op, Done::Sent(outcome))
}

/// The records of a batch are acknowledged.
fn acked(batch: &Batch, partition: i32, base_offset: Option<i64>, io: &mut Io<'_, Client>) {
    for (send, delta) in batch.sends.iter().zip(0i64..) {
        let offset = base_offset.and_then(|base| base.checked_add(delta));
        io.push(done(send.op, SendOutcome::Acked(Ack { partition, offset })));
    }
}

/// The records of a batch will not be tried again.
fn fail(batch: &Batch, partition: i32, io: &mut Io<'_, Client>) {
    let error = batch.error;
    for send in &batch.sends {
        io.push(done(
            send.op,
            match batch.ambiguous {
                true => SendOutcome::Unknown { error, partition },
                false => SendOutcome::Failed { error, partition: Some(partition) },
            },
        ));
    }
}
