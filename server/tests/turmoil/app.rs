//! Applications on our clients, each on a host of its own. What they ask and what they are told goes to the court.

use crate::net::Turmoil;
use crate::witness::Witness;
use client_core::{Client, Config, Done, NewTopic, Op, Position, Record, Role, SendOutcome};
use properties::hash::record_hash;
use properties::{Fact, Outcome, Payload, ReadSeen, RecordSeen, TopicAsked, Uid};
use server::{Clock, Driver, Handle, NoStorage, Told};
use sim::Draw;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use wire::{OpId, Timestamp, TopicPartition};

pub(crate) const TOPIC: &str = "trial";

/// Time passes as the simulation says.
pub(crate) fn clock() -> Clock {
    Clock::new(|| Timestamp(turmoil::since_epoch().unwrap_or_default().as_millis() as i64))
}

/// A client on its driver, and its application.
pub(crate) struct App {
    id: u16,
    config: Config,
    witness: Witness,
    handle: Handle<Op>,
    done: mpsc::UnboundedReceiver<(OpId, Done)>,
    asked: u64,
}

impl App {
    /// Starts a client's driver on this host.
    pub(crate) fn open(role: Role, id: u16, seed: u64, witness: &Witness) -> App {
        let settings = [
            ("bootstrap.servers", "broker:9092"),
            ("request.timeout.ms", "2000"),
            ("delivery.timeout.ms", "30000"),
            ("linger.ms", "5"),
            ("acks", "all"),
            ("enable.idempotence", "false"),
        ];
        let known = settings.iter().filter(|(name, _)| Config::NAMES.contains(name));
        let mut settings: BTreeMap<String, String> =
            known.map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        settings.insert("client.id".to_owned(), format!("client-{id}"));
        let config = Config::parse(&settings).unwrap();
        let network = Arc::new(Turmoil::new(Draw::seeded(seed).of("app").at(id.into())));
        let opened =
            Driver::new(network, NoStorage::default(), clock(), |_| Ok(Client::open(role, config.clone(), seed)));
        let Ok::<_, Infallible>((driver, handle)) = opened;
        let (tell, done) = mpsc::unbounded_channel();
        let stated = witness.clone();
        tokio::task::spawn_local(driver.run(move |told| match told {
            Told::Done(id, done) => drop(tell.send((id, done))),
            Told::Event(event) => {
                let why = event.name();
                stated.tell(&Fact::ClientStated { client: id, name: why });
                if let Some((partition, to)) = event.moved() {
                    let partition = partition.clone();
                    stated.tell(&Fact::PositionMoved { client: id, session: 1, partition, why, to });
                }
            }
        }));
        witness.tell(&Fact::ClientLife { client: id, session: 1, alive: true });
        App { id, config, witness: witness.clone(), handle, done, asked: 0 }
    }

    async fn ask(&mut self, op: Op) {
        assert!(self.handle.op(OpId(self.asked), op).await);
    }

    async fn call(&mut self, op: Op) -> Done {
        self.ask(op).await;
        self.done.recv().await.unwrap().1
    }

    fn number(&mut self) -> u64 {
        self.asked += 1;
        self.asked
    }

    /// Makes the topic, however often it takes.
    pub(crate) async fn create(&mut self, partitions: i32) {
        loop {
            let op = self.number();
            let asked = TopicAsked { name: TOPIC.into(), partitions, ..TopicAsked::default() };
            self.witness.tell(&Fact::AdminInvoked { client: self.id, op, what: "create", topics: vec![asked] });
            let topic = NewTopic { name: TOPIC.into(), partitions, replication_factor: 1, configs: vec![] };
            if let Done::Topics(topics) = self.call(Op::CreateTopics(vec![topic])).await {
                let code = topics[0].1;
                self.witness.tell(&Fact::AdminCompleted { client: self.id, op, what: "create", topics });
                if matches!(code, 0 | 36) {
                    return;
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Sends records, one every few milliseconds, and waits for the end of each; how many were acknowledged.
    pub(crate) async fn produce(&mut self, count: u32, partitions: i32) -> u32 {
        let mut pending = BTreeMap::new();
        let mut acked = 0;
        for ordinal in 0..count {
            let (op, partition) = (self.number(), Some(ordinal as i32 % partitions));
            let uid = Uid { producer: self.id, session: 1, ordinal };
            let payload = Payload { uid, topic: TOPIC.into(), partition, transaction: None };
            let record = Record { value: Some(payload.encode(100)), ..Record::default() };
            self.invoked(op, &payload, &record);
            pending.insert(op, payload);
            self.ask(Op::Send { topic: TOPIC.into(), partition, record }).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            while let Ok((id, done)) = self.done.try_recv() {
                acked += self.completed(id.0, &mut pending, &done);
            }
        }
        while !pending.is_empty() {
            let (id, done) = self.done.recv().await.unwrap();
            acked += self.completed(id.0, &mut pending, &done);
        }
        acked
    }

    fn invoked(&self, op: u64, payload: &Payload, record: &Record) {
        let millis = |duration: Duration| duration.as_millis() as u64;
        self.witness.tell(&Fact::SendInvoked {
            payload: payload.clone(),
            op,
            acks: self.config.acks.number(),
            delivery_timeout_ms: millis(self.config.delivery_timeout),
            max_block_ms: millis(self.config.max_block),
            max_in_flight: self.config.max_in_flight,
            idempotent: self.config.enable_idempotence,
            hash: hash_of(record),
            wall: Timestamp(turmoil::since_epoch().unwrap_or_default().as_millis() as i64),
        });
    }

    fn completed(&self, op: u64, pending: &mut BTreeMap<u64, Payload>, done: &Done) -> u32 {
        let payload = pending.remove(&op).unwrap();
        let Done::Sent(outcome) = done else { panic!("{done:?}") };
        let (outcome, partition, offset) = match outcome {
            SendOutcome::Acked(ack) => (Outcome::Ok, Some(ack.partition), ack.offset),
            SendOutcome::Failed { error, partition } => (Outcome::Failed(*error), *partition, None),
            SendOutcome::Unknown { error, partition } => (Outcome::Unknown(*error), Some(*partition), None),
        };
        let acked = u32::from(outcome == Outcome::Ok);
        self.witness.tell(&Fact::SendCompleted { payload, op, outcome, partition, offset });
        acked
    }

    /// Reads every partition from its start until so many polls in a row brought nothing, or the time is over; how many records came.
    pub(crate) async fn consume(&mut self, partitions: i32, empty_polls: u32, until: Duration) -> usize {
        let all: Vec<TopicPartition> = (0..partitions).map(at).collect();
        let repositioned = Fact::Repositioned { client: self.id, session: 1, partitions: all.clone(), assign: true };
        self.witness.tell(&repositioned);
        self.number();
        self.call(Op::Assign(all.into_iter().map(|partition| (partition, Position::Earliest)).collect())).await;
        let (mut read, mut empty) = (0, 0);
        while empty < empty_polls && turmoil::sim_elapsed().unwrap_or_default() < until {
            let count = self.poll().await;
            read += count;
            empty = if count > 0 { 0 } else { empty + 1 };
        }
        read
    }

    async fn poll(&mut self) -> usize {
        let op = self.number();
        let (client, session) = (self.id, 1);
        self.witness.tell(&Fact::PollInvoked { client, session, op });
        let done = self.call(Op::Poll { max_records: 50, timeout_ms: 500 }).await;
        let Done::Polled { records, errors } = done else { panic!("{done:?}") };
        let seen = |partition: &TopicPartition, (offset, record): &(i64, Record)| {
            let payload = record.value.as_deref().and_then(Payload::decode);
            let timestamp = record.timestamp.unwrap_or(-1);
            let record = RecordSeen { offset: *offset, timestamp, payload, hash: hash_of(record) };
            ReadSeen { partition: partition.clone(), record }
        };
        let records: Vec<ReadSeen> = records
            .iter()
            .flat_map(|(partition, records)| records.iter().map(move |record| seen(partition, record)))
            .collect();
        let errors = errors.into_iter().map(|(at, error)| (at, error.code())).collect();
        let count = records.len();
        self.witness.tell(&Fact::PollCompleted { client, session, op, records, errors });
        count
    }
}

fn at(partition: i32) -> TopicPartition {
    TopicPartition { topic: TOPIC.into(), partition }
}

fn hash_of(record: &Record) -> u128 {
    let headers = record.headers.iter().map(|(name, value)| (name.as_str().as_bytes(), value.as_deref()));
    record_hash(record.key.as_deref(), record.value.as_deref(), headers)
}
