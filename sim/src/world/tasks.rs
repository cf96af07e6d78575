//! Plays the applications: turns the Plan's client operations into a client's, and its answers into facts.

use super::World;
use super::app::{self, Pending, Task};
use super::cast::ClientSeat;
use super::process::session;
use super::queue::{ActorId, What};
use super::trace::Mark;
use crate::plan::ClientOp;
use client_core::{Done, Op, Record, SendOutcome};
use properties::hash::record_hash;
use properties::{Fact, Outcome, Payload, ReadSeen, RecordSeen};
use wire::{Input, OpId, Str, TopicPartition, Uuid};

/// What Kafka's codes have no number for: a lost connection, a timeout, a client that is no more.
const NO_CODE: i16 = -1;
/// The least time between two polls of an application, in microseconds.
const LOOP_US: u64 = 10;

impl World {
    /// An application takes on an operation of the Plan.
    pub(super) fn take_on(&mut self, actor: ActorId, op: &ClientOp) {
        let Some(seat) = self.cast.client_mut(actor) else { return };
        let task = seat.app.take_on(op);
        self.queue.push(self.now, 0, What::Task(actor, task));
    }

    /// An application goes on with a task. Without a live client it waits for one.
    pub(super) fn task(&mut self, actor: ActorId, number: u32) -> bool {
        let Some(seat) = self.cast.client_mut(actor) else { return false };
        let lives = seat.client.is_some();
        let Some(task) = seat.app.tasks.get_mut(number as usize).filter(|task| task.left > 0) else { return false };
        task.parked = !lives;
        if !lives {
            return false;
        }
        let op = task.op.clone();
        let at_once = if let ClientOp::Send { every_us: 0, .. } = op { task.left } else { 1 };
        task.left -= at_once;
        let more = task.left > 0;
        for _ in 0..at_once {
            self.begin(actor, number, &op);
        }
        if let (ClientOp::Send { every_us, .. }, true) = (&op, more) {
            self.queue.push(self.after(*every_us), 0, What::Task(actor, number));
        }
        true
    }

    fn begin(&mut self, actor: ActorId, number: u32, op: &ClientOp) {
        let Some(incarnation) = self.cast.machine(actor).map(|machine| machine.incarnation) else { return };
        let Some(seat) = self.cast.client_mut(actor) else { return };
        match op {
            ClientOp::Send { topic, partition, key, size, .. } => {
                let payload = seat.app.payload(seat.id, session(incarnation), topic, *partition);
                self.send_record(actor, payload, *key, *size);
            }
            op => {
                let Some(asked) = app::op(op) else { return };
                let id = seat.app.begin(app::pending(op, number));
                let client = seat.id;
                self.begun(actor, client, session(incarnation), op, id);
                self.ask(actor, id, asked);
            }
        }
    }

    /// What an operation means before it is carried out.
    fn begun(&mut self, actor: ActorId, client: u16, session: u16, op: &ClientOp, id: u64) {
        if let Some((what, topic)) = app::admin(op) {
            self.judge(&Fact::AdminInvoked { client, op: id, what, topics: vec![topic] });
        }
        let repositioned = |partitions, assign| Fact::Repositioned { client, session, partitions, assign };
        match op {
            ClientOp::Assign { partitions, .. } => {
                if let Some(seat) = self.cast.client_mut(actor) {
                    seat.app.assignment = Some(op.clone());
                    seat.app.read_to.clear();
                }
                let partitions = partitions.iter().map(|(topic, partition)| app::at(topic, *partition)).collect();
                self.judge(&repositioned(partitions, true));
            }
            ClientOp::Seek { topic, partition, .. } => {
                if let Some(seat) = self.cast.client_mut(actor) {
                    seat.app.read_to.remove(&app::at(topic, *partition));
                }
                self.judge(&repositioned(vec![app::at(topic, *partition)], false));
            }
            ClientOp::Poll { .. } => self.judge(&Fact::PollInvoked { client, session, op: id }),
            _ => {}
        }
    }

    fn send_record(&mut self, actor: ActorId, payload: Payload, key: Option<u32>, size: u32) {
        let now = self.now;
        let Some(wall) = self.cast.machine(actor).map(|machine| machine.clock.read(now).wall) else { return };
        let Some(seat) = self.cast.client_mut(actor) else { return };
        let record = app::record(&payload, key, size);
        let acks = seat.config.acks.number();
        let config = &seat.config;
        let (delivery_timeout_ms, max_block_ms) = (millis(config.delivery_timeout), millis(config.max_block));
        let (max_in_flight, idempotent) = (config.max_in_flight, config.enable_idempotence);
        let op = seat.app.begin(Pending::Send { payload: payload.clone(), acks });
        let asked = Op::Send { topic: payload.topic.clone(), partition: payload.partition, record: record.clone() };
        self.stats.sent_records += 1;
        let hash = hash_of(&record);
        self.judge(&Fact::SendInvoked {
            payload,
            op,
            acks,
            delivery_timeout_ms,
            max_block_ms,
            max_in_flight,
            idempotent,
            hash,
            wall,
        });
        self.ask(actor, op, asked);
    }

    fn ask(&mut self, actor: ActorId, id: u64, op: Op) {
        self.trace.add(self.now, Mark::Invoked, actor, id);
        self.feed_client(actor, Input::Op(OpId(id), op));
    }

    /// A client says how an operation ended.
    pub(super) fn done(&mut self, actor: ActorId, op: u64, done: Done) {
        self.trace.add(self.now, Mark::Done, actor, op << 8 | u64::from(done_number(&done)));
        let incarnation = self.cast.machine(actor).map_or(0, |machine| machine.incarnation);
        let Some(seat) = self.cast.client_mut(actor) else { return };
        let Some(pending) = seat.app.end(op) else { return };
        match pending {
            Pending::Send { payload, acks } => self.sent(actor, payload, acks, op, &done),
            Pending::Poll { task } => self.polled(actor, session(incarnation), task, op, done),
            Pending::Admin { what, topics } => {
                let client = seat.id;
                let topics = admin_result(&topics, done);
                self.judge(&Fact::AdminCompleted { client, op, what, topics });
            }
            Pending::Other => {}
        }
    }

    fn sent(&mut self, actor: ActorId, payload: Payload, acks: i16, op: u64, done: &Done) {
        let (outcome, partition, offset) = match done {
            Done::Sent(SendOutcome::Acked(ack)) => (Outcome::Ok, Some(ack.partition), ack.offset),
            Done::Sent(SendOutcome::Failed { error, partition }) => (Outcome::Failed(*error), *partition, None),
            Done::Sent(SendOutcome::Unknown { error, partition }) => (Outcome::Unknown(*error), Some(*partition), None),
            Done::Refused(_) => (Outcome::Failed(NO_CODE), None, None),
            _ => (Outcome::Unknown(NO_CODE), None, None),
        };
        self.stats.acked_records += u64::from(outcome == Outcome::Ok && acks != 0);
        let _ = actor;
        self.judge(&Fact::SendCompleted { payload, op, outcome, partition, offset });
    }

    fn polled(&mut self, actor: ActorId, session: u16, task: u32, op: u64, done: Done) {
        let (records, errors) = match done {
            Done::Polled { records, errors } => (records, errors),
            _ => (Vec::new(), Vec::new()),
        };
        let now = self.now;
        let Some(seat) = self.cast.client_mut(actor) else { return };
        let client = seat.id;
        let count: u64 = records.iter().map(|(_, records)| records.len() as u64).sum();
        if count > 0 {
            seat.app.got_at = now;
        }
        let errors: Vec<_> = errors.into_iter().map(|(at, error)| (at, error.code())).collect();
        seat.app.told.extend(errors.iter().map(|(at, _)| at.clone()));
        remember(seat, &records, count);
        let again = seat.app.tasks.get(task as usize).filter(|task| task.left > 0).map(every_us);
        self.stats.read_records += count;
        let records =
            records.iter().flat_map(|(partition, records)| records.iter().map(move |record| seen(partition, record)));
        let records = records.collect();
        self.judge(&Fact::PollCompleted { client, session, op, records, errors });
        if let Some(every_us) = again {
            // Going round a loop takes an application some time, too.
            self.queue.push(self.after(every_us.max(LOOP_US)), 0, What::Task(actor, task));
        }
    }

    /// A client has died: nobody will know how its sends ended.
    pub(super) fn abandon(&mut self, actor: ActorId) {
        let Some(seat) = self.cast.client_mut(actor) else { return };
        for (op, pending) in std::mem::take(&mut seat.app.pending) {
            match pending {
                Pending::Send { payload, .. } => {
                    let partition = payload.partition;
                    let outcome = Outcome::Unknown(NO_CODE);
                    self.judge(&Fact::SendCompleted { payload, op, outcome, partition, offset: None });
                }
                Pending::Poll { task } => self.park(actor, task),
                Pending::Admin { .. } | Pending::Other => {}
            }
        }
    }

    /// A task that waited for an answer goes on with the next session.
    fn park(&mut self, actor: ActorId, task: u32) {
        if let Some(task) = self.cast.client_mut(actor).and_then(|seat| seat.app.tasks.get_mut(task as usize)) {
            task.parked = true;
        }
    }

    /// A new session: reads what the last one read, and goes on with what is left to do.
    pub(super) fn go_on(&mut self, actor: ActorId) {
        let Some(seat) = self.cast.client_mut(actor) else { return };
        let assignment = seat.app.assignment.clone();
        let parked = |(number, task): (usize, &Task)| task.parked.then_some(number as u32);
        let parked: Vec<u32> = seat.app.tasks.iter().enumerate().filter_map(parked).collect();
        if let Some(assignment) = assignment {
            self.take_on(actor, &assignment);
        }
        for task in parked {
            self.queue.push(self.now, 0, What::Task(actor, task));
        }
    }
}

/// What a consumer has read, for the World to see whether it gets to the end.
fn remember(seat: &mut ClientSeat, records: &[(TopicPartition, Vec<(i64, Record)>)], count: u64) {
    seat.app.empty_polls = if count == 0 { seat.app.empty_polls + 1 } else { 0 };
    for (partition, records) in records {
        if let Some((last, _)) = records.last() {
            seat.app.read_to.insert(partition.clone(), last + 1);
        }
    }
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn every_us(task: &Task) -> u64 {
    match task.op {
        ClientOp::Poll { every_us, .. } | ClientOp::Send { every_us, .. } => every_us,
        _ => 0,
    }
}

fn seen(partition: &TopicPartition, (offset, record): &(i64, Record)) -> ReadSeen {
    let payload = record.value.as_deref().and_then(Payload::decode);
    let timestamp = record.timestamp.unwrap_or(-1);
    let record = RecordSeen { offset: *offset, timestamp, payload, hash: hash_of(record) };
    ReadSeen { partition: partition.clone(), record }
}

fn hash_of(record: &Record) -> u128 {
    let headers = record.headers.iter().map(|(name, value)| (name.as_str().as_bytes(), value.as_deref()));
    record_hash(record.key.as_deref(), record.value.as_deref(), headers)
}

/// Per topic: the code and the id where the answer has one. An answer that says nothing is unknown.
fn admin_result(asked: &[Str], done: Done) -> Vec<(Str, i16, Uuid)> {
    match done {
        Done::Topics(topics) => topics,
        Done::Described(topics) => topics.into_iter().map(|topic| (topic.name, topic.error, topic.topic_id)).collect(),
        Done::Offsets(offsets) => offsets.into_iter().map(|(at, error, ..)| (at.topic, error, Uuid::ZERO)).collect(),
        _ => asked.iter().map(|topic| (topic.clone(), NO_CODE, Uuid::ZERO)).collect(),
    }
}

/// What the trace hash says of an answer.
fn done_number(done: &Done) -> u8 {
    match done {
        Done::Sent(SendOutcome::Acked(_)) => 1,
        Done::Sent(SendOutcome::Failed { .. }) => 2,
        Done::Sent(SendOutcome::Unknown { .. }) => 3,
        Done::Ok => 4,
        Done::Polled { .. } => 5,
        Done::Topics(_) => 6,
        Done::Described(_) => 7,
        Done::Offsets(_) => 8,
        Done::Refused(_) => 9,
        Done::Unknown { .. } => 10,
    }
}
