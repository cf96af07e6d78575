//! The application on top of a client: what it still has to do, and what it waits for.
//!
//! An application outlives its client's sessions: after a crash it goes on with its tasks, assigns its partitions again, and never learns how the
//! operations ended that were pending.

use crate::plan::{ClientOp, StartAt};
use bytes::Bytes;
use client_core::{NewTopic, Op, Position, Record};
use properties::{Payload, TopicAsked, Uid};
use std::collections::{BTreeMap, BTreeSet};
use wire::{Instant, Str, TopicPartition};

/// An application's state.
#[derive(Clone, Debug, Default)]
pub(crate) struct App {
    pub(crate) tasks: Vec<Task>,
    pub(crate) pending: BTreeMap<u64, Pending>,
    /// Sends of this session that have ended: one that ends again is told again, for W80 to judge.
    pub(crate) ended: BTreeMap<u64, Pending>,
    /// The last assignment, to be repeated in the next session.
    pub(crate) assignment: Option<ClientOp>,
    /// Where partitions have been read up to since they were positioned.
    pub(crate) read_to: BTreeMap<TopicPartition, i64>,
    /// When a poll brought something last.
    pub(crate) got_at: Instant,
    /// Partitions of which a poll told an error.
    pub(crate) told: BTreeSet<TopicPartition>,
    /// Polls in a row that brought nothing.
    pub(crate) empty_polls: u32,
    next_op: u64,
    ordinal: u32,
}

/// Something that an application does once, or again and again.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) op: ClientOp,
    /// How often it is still to be done.
    pub(crate) left: u32,
    /// Whether it waits for the next session.
    pub(crate) parked: bool,
}

/// An operation that has not ended.
#[derive(Clone, Debug)]
pub(crate) enum Pending {
    Send {
        payload: Payload,
        acks: i16,
    },
    /// With the task that goes on when it has ended.
    Poll {
        task: u32,
    },
    Admin {
        what: &'static str,
        topics: Vec<Str>,
    },
    Other,
}

impl Pending {
    /// What it is, for people.
    pub(crate) fn what(&self) -> String {
        match self {
            Pending::Send { payload, .. } => format!("send {}", payload.uid),
            Pending::Poll { .. } => "poll".to_owned(),
            Pending::Admin { what, topics } => {
                let names: Vec<&str> = topics.iter().map(Str::as_str).collect();
                format!("{what} {}", names.join(" "))
            }
            Pending::Other => "flush, assign or seek".to_owned(),
        }
    }
}

/// How long a poll waits for the first record.
const POLL_TIMEOUT_MS: u64 = 1_000;

impl App {
    /// Takes on a task; its number.
    pub(crate) fn take_on(&mut self, op: &ClientOp) -> u32 {
        let left = match op {
            ClientOp::Send { count, .. } | ClientOp::Poll { count, .. } => *count,
            _ => 1,
        };
        self.tasks.push(Task { op: op.clone(), left, parked: false });
        (self.tasks.len() - 1) as u32
    }

    /// Whether all tasks are done and nothing is pending.
    pub(crate) fn is_idle(&self) -> bool {
        self.pending.is_empty() && self.tasks.iter().all(|task| task.left == 0)
    }

    /// Names an operation and remembers what it is.
    pub(crate) fn begin(&mut self, pending: Pending) -> u64 {
        self.next_op += 1;
        self.pending.insert(self.next_op, pending);
        self.next_op
    }

    /// What an operation was that ends now; None if it is not of this session, or nobody asks how often it ends.
    pub(crate) fn end(&mut self, op: u64) -> Option<Pending> {
        let Some(pending) = self.pending.remove(&op) else { return self.ended.get(&op).cloned() };
        if matches!(pending, Pending::Send { .. }) {
            self.ended.insert(op, pending.clone());
        }
        Some(pending)
    }

    /// A new session counts its sends anew.
    pub(crate) fn new_session(&mut self) {
        self.ended.clear();
        self.ordinal = 0;
    }

    /// The next record of a producer's session.
    pub(crate) fn payload(&mut self, producer: u16, session: u16, topic: &str, partition: Option<i32>) -> Payload {
        let uid = Uid { producer, session, ordinal: self.ordinal };
        self.ordinal = self.ordinal.wrapping_add(1);
        Payload { uid, topic: topic.into(), partition, transaction: None }
    }
}

/// A key's bytes.
pub(crate) fn key(number: Option<u32>) -> Option<Bytes> {
    number.map(|number| Bytes::from(format!("key-{number}")))
}

/// What a client is asked to do; None for a send, which needs a payload.
pub(crate) fn op(plan: &ClientOp) -> Option<Op> {
    Some(match plan {
        ClientOp::Send { .. } => return None,
        ClientOp::Flush => Op::Flush,
        ClientOp::Assign { partitions, start } => {
            Op::Assign(partitions.iter().map(|(topic, partition)| (at(topic, *partition), position(*start))).collect())
        }
        ClientOp::Seek { topic, partition, to } => Op::Seek(at(topic, *partition), position(*to)),
        ClientOp::Poll { max_records, .. } => Op::Poll { max_records: *max_records, timeout_ms: POLL_TIMEOUT_MS },
        ClientOp::CreateTopic { name, partitions, replication_factor, configs } => Op::CreateTopics(vec![NewTopic {
            name: name.as_str().into(),
            partitions: *partitions,
            replication_factor: *replication_factor,
            configs: configs.iter().map(|(name, value)| (name.as_str().into(), value.as_str().into())).collect(),
        }]),
        ClientOp::DeleteTopic { name } => Op::DeleteTopics(vec![name.as_str().into()]),
        ClientOp::DescribeTopic { name } => Op::DescribeTopics(vec![name.as_str().into()]),
        ClientOp::ListOffsets { topic, partition, timestamp } => {
            Op::ListOffsets(vec![(at(topic, *partition), *timestamp)])
        }
    })
}

/// What an operation is remembered as.
pub(crate) fn pending(plan: &ClientOp, task: u32) -> Pending {
    match (plan, admin(plan)) {
        (ClientOp::Poll { .. }, _) => Pending::Poll { task },
        (_, Some((what, topic))) => Pending::Admin { what, topics: vec![topic.name] },
        _ => Pending::Other,
    }
}

/// What an admin's operation is called in facts, and the topic that it names; None for the others.
pub(crate) fn admin(plan: &ClientOp) -> Option<(&'static str, TopicAsked)> {
    let named = |name: &str| TopicAsked { name: name.into(), ..TopicAsked::default() };
    Some(match plan {
        ClientOp::CreateTopic { name, partitions, configs, .. } => {
            let configs = configs.iter().map(|(name, value)| (name.as_str().into(), value.as_str().into())).collect();
            ("create", TopicAsked { partitions: *partitions, configs, ..named(name) })
        }
        ClientOp::DeleteTopic { name } => ("delete", named(name)),
        ClientOp::DescribeTopic { name } => ("describe", named(name)),
        ClientOp::ListOffsets { topic, .. } => ("list_offsets", named(topic)),
        _ => return None,
    })
}

/// A record that carries a payload.
pub(crate) fn record(payload: &Payload, number: Option<u32>, size: u32) -> Record {
    let value = payload.encode(usize::try_from(size).unwrap_or(usize::MAX));
    Record { key: key(number), value: Some(value), headers: Vec::new(), timestamp: None }
}

pub(crate) fn at(topic: &str, partition: i32) -> TopicPartition {
    TopicPartition { topic: topic.into(), partition }
}

fn position(start: StartAt) -> Position {
    match start {
        StartAt::Earliest => Position::Earliest,
        StartAt::Latest => Position::Latest,
        StartAt::Offset(offset) => Position::At(offset),
    }
}
