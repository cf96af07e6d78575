//! A bench that writes histories: one broker, one partition `t-0` by default, a producer (client 1), a reader (client
//! 2) and an admin (client 3). Each step emits the facts that a simulator would, in its order; a test then spoils one
//! of them.

// A story hands its facts over, as a simulator does.
#![allow(clippy::needless_pass_by_value)]

use broker_core::event::Partition;
use broker_core::view::{LogView, Logs};
use broker_core::{Event, View};
use bytes::Bytes;
use properties::hash::{Hash128, record_hash};
use properties::{
    BatchSeen, Court, Fact, FaultKind, LogRef, Moment, Nodes, Outcome, Payload, ReadSeen, RecordSeen, Stop, TopicAsked,
    Touch, Uid,
};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use wire::{Instant, LogDirId, NodeId, Str, Timestamp, TopicPartition, Uuid};

pub(crate) const NODE: NodeId = NodeId(1);
pub(crate) const DIR: LogDirId = LogDirId(0);
pub(crate) const TOPIC: Uuid = Uuid(100);

/// What the brokers and disks show.
#[derive(Clone, Default)]
pub(crate) struct Shown {
    pub(crate) up: bool,
    pub(crate) logs: Vec<ShownLog>,
    pub(crate) config: BTreeMap<String, String>,
    pub(crate) files: BTreeMap<String, Bytes>,
}

#[derive(Clone)]
pub(crate) struct ShownLog {
    pub(crate) topic: Str,
    pub(crate) topic_id: Uuid,
    pub(crate) online: bool,
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) high_watermark: i64,
    pub(crate) last_stable: i64,
    pub(crate) recovery_point: i64,
    pub(crate) corrupt_from: Option<i64>,
    pub(crate) epochs: Vec<(i32, i64)>,
}

impl ShownLog {
    fn view(&self) -> LogView<'_> {
        LogView {
            topic: &self.topic,
            topic_id: self.topic_id,
            partition: 0,
            log_dir: DIR,
            online: self.online,
            log_start_offset: self.start,
            log_end_offset: self.end,
            high_watermark: self.high_watermark,
            last_stable_offset: self.last_stable,
            recovery_point: self.recovery_point,
            leads: true,
            in_sync: 1,
            leader_epoch: 0,
            epochs: &self.epochs,
            corrupt_from: self.corrupt_from,
        }
    }
}

impl Logs for Shown {
    fn log(&self, topic_id: Uuid, partition: i32) -> Option<LogView<'_>> {
        self.logs.iter().find(|log| log.topic_id == topic_id && partition == 0).map(ShownLog::view)
    }
    fn each_log<'a>(&'a self, visit: &mut dyn FnMut(LogView<'a>)) {
        self.logs.iter().for_each(|log| visit(log.view()));
    }
    fn broker_epoch(&self) -> Option<i64> {
        None
    }
    fn quorum_epoch(&self) -> i32 {
        0
    }
    fn serves(&self) -> bool {
        true
    }
    fn bug_reached(&self) -> bool {
        false
    }
}

impl Nodes for Shown {
    fn ids(&self) -> &[NodeId] {
        &[NODE]
    }
    fn view(&self, _: NodeId) -> Option<View<'_>> {
        self.up.then(|| View::new(self))
    }
    fn config(&self, _: NodeId, name: &str) -> Option<String> {
        self.config.get(name).cloned()
    }
    fn files(&self, _: NodeId, _: LogDirId) -> Vec<(String, u64)> {
        self.files.iter().map(|(path, contents)| (path.clone(), contents.len() as u64)).collect()
    }
    fn file(&self, _: NodeId, _: LogDirId, path: &str) -> Option<Bytes> {
        self.files.get(path).cloned()
    }
}

pub(crate) struct Bench {
    pub(crate) court: Court,
    pub(crate) shown: Shown,
    pub(crate) acks: i16,
    pub(crate) max_in_flight: u32,
    pub(crate) idempotent: bool,
    pub(crate) epoch: i32,
    pub(crate) topic_id: Uuid,
    /// What the log of `t-0` holds.
    pub(crate) disk: Vec<BatchSeen>,
    pub(crate) synced: i64,
    incarnation: u32,
    now: Moment,
    answers: i32,
    sent: BTreeSet<u32>,
    /// Shows what the disk holds before properties look; a test that wants a broker that shows something else switches
    /// it off.
    pub(crate) honest: bool,
}

/// What became of a trial: `id/kind` of violations, `id: cause` of attributed losses, `id by fault` of excuses.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) violated: Vec<String>,
    pub(crate) attributed: Vec<String>,
    pub(crate) excused: Vec<String>,
}

impl Bench {
    /// A running broker with the topic `t`.
    pub(crate) fn new() -> Bench {
        Bench::with(&[], &[])
    }

    /// The same with configuration of the broker and of the topic.
    pub(crate) fn with(broker: &[(&str, &str)], topic: &[(&'static str, &'static str)]) -> Bench {
        let mut shown = Shown { up: true, ..Shown::default() };
        shown.config = broker.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut bench = Bench {
            court: Court::new(properties::standard()),
            shown,
            acks: -1,
            max_in_flight: 1,
            idempotent: false,
            epoch: 0,
            topic_id: TOPIC,
            disk: Vec::new(),
            synced: 0,
            incarnation: 0,
            now: Moment::default(),
            answers: 0,
            sent: BTreeSet::new(),
            honest: true,
        };
        bench = bench.start(&[]).create(topic);
        bench.then(Fact::ClientLife { client: 1, session: 0, alive: true })
    }

    /// Shows a fact to the court, a millisecond later.
    pub(crate) fn fact(&mut self, fact: &Fact) {
        self.now = Moment { at: Instant(self.now.at.0 + 1_000_000), seq: self.now.seq + 1 };
        if self.honest {
            self.show();
        }
        self.court.observe(fact, self.now, &self.shown);
    }

    /// The same as part of a story.
    pub(crate) fn then(mut self, fact: Fact) -> Bench {
        self.fact(&fact);
        self
    }

    /// Time passes.
    pub(crate) fn after_ms(mut self, ms: u64) -> Bench {
        self.now.at.0 += ms * 1_000_000;
        self
    }

    pub(crate) fn log(&self) -> LogRef {
        LogRef { node: NODE, topic_id: self.topic_id, partition: partition() }
    }

    pub(crate) fn end(&self) -> i64 {
        self.disk.last().map_or(0, |batch| batch.last_offset + 1)
    }

    /// The broker shows what is so, and its files are what they should be.
    fn show(&mut self) {
        let end = self.end();
        let mut epochs: Vec<(i32, i64)> = Vec::new();
        for batch in &self.disk {
            if epochs.last().is_none_or(|&(epoch, _)| epoch < batch.leader_epoch) {
                epochs.push((batch.leader_epoch, batch.base_offset));
            }
        }
        self.shown.logs = vec![ShownLog {
            topic: Str::from("t"),
            topic_id: self.topic_id,
            online: true,
            start: 0,
            end,
            high_watermark: end,
            last_stable: end,
            recovery_point: self.synced.min(end),
            corrupt_from: None,
            epochs,
        }];
        let bytes: u32 = self.disk.iter().map(|batch| batch.bytes).sum();
        self.shown.files.insert(segment(".log"), Bytes::from(vec![0; bytes as usize]));
    }

    fn create(mut self, configs: &[(&'static str, &'static str)]) -> Bench {
        let configs = configs.iter().map(|&(name, value)| (Str::from(name), Str::from(value))).collect();
        let asked = TopicAsked { name: Str::from("t"), partitions: 1, configs };
        let op = u64::from(self.incarnation) * 10;
        self.fact(&Fact::AdminInvoked { client: 3, op, what: "create", topics: vec![asked] });
        let log = self.log();
        self.fact(&Fact::SegmentCreated { log, base_offset: 0 });
        let topics = vec![(Str::from("t"), 0, self.topic_id)];
        self.fact(&Fact::AdminCompleted { client: 3, op, what: "create", topics });
        self
    }

    /// An application asks for these records to be sent.
    pub(crate) fn invoke(mut self, ordinals: &[u32]) -> Bench {
        for &ordinal in ordinals {
            if self.sent.insert(ordinal) {
                let fact = Fact::SendInvoked {
                    payload: payload(ordinal),
                    op: u64::from(ordinal),
                    acks: self.acks,
                    delivery_timeout_ms: 2_000,
                    max_block_ms: 1_000,
                    max_in_flight: self.max_in_flight,
                    idempotent: self.idempotent,
                    hash: record(0, ordinal).hash,
                    wall: Timestamp(0),
                };
                self.fact(&fact);
            }
        }
        self
    }

    /// A batch of records at the log's end.
    pub(crate) fn batch(&self, ordinals: &[u32]) -> BatchSeen {
        batch(self.end(), self.epoch, ordinals)
    }

    /// A produce request reaches the broker.
    pub(crate) fn receive(mut self, ordinals: &[u32]) -> Bench {
        self = self.invoke(ordinals);
        let batch = Some(self.batch(ordinals));
        let (acks, correlation) = (self.acks, (0, self.answers));
        self.then(Fact::ProduceReceived { node: NODE, client: 1, correlation, acks, partition: partition(), batch })
    }

    /// The broker appends a batch.
    pub(crate) fn write(mut self, batch: BatchSeen) -> Bench {
        let log = self.log();
        self.disk.push(batch.clone());
        self.then(Fact::Appended { log, log_dir: DIR, segment: 0, batch })
    }

    /// A batch of these records arrives, is appended, and the high watermark moves on.
    pub(crate) fn append(self, ordinals: &[u32]) -> Bench {
        let bench = self.receive(ordinals);
        let batch = bench.batch(ordinals);
        let to = batch.last_offset + 1;
        bench.write(batch).commit(to)
    }

    pub(crate) fn commit(self, to: i64) -> Bench {
        let partition = self.named();
        self.then(Fact::Stated { node: NODE, event: Event::HighWatermarkAdvanced { partition, to } })
    }

    pub(crate) fn named(&self) -> Partition {
        Partition { topic_id: self.topic_id, topic: Str::from("t"), partition: 0 }
    }

    /// Everything that the log holds becomes durable.
    pub(crate) fn sync(mut self) -> Bench {
        let (log, to) = (self.log(), self.end());
        self.synced = to;
        self.then(Fact::LogDurable { log, to })
    }

    /// The broker answers the records of a batch, and their sends end well.
    pub(crate) fn ack(self, ordinals: &[u32]) -> Bench {
        let base =
            self.disk.iter().flat_map(|batch| batch.records.iter()).find(|record| uid_of(record) == uid(ordinals[0]));
        let base = base.map_or(0, |record| record.offset);
        let mut bench = self.answer(ordinals, 0, base);
        for (offset, &ordinal) in (base..).zip(ordinals) {
            bench = bench.complete(ordinal, Outcome::Ok, Some(offset));
        }
        bench
    }

    pub(crate) fn answer(mut self, ordinals: &[u32], error: i16, base_offset: i64) -> Bench {
        self.answers += 1;
        let fact = Fact::ProduceAnswered {
            node: NODE,
            client: 1,
            correlation: (0, self.answers),
            acks: self.acks,
            partition: partition(),
            topic_id: Some(self.topic_id),
            error,
            base_offset,
            uids: ordinals.iter().map(|&ordinal| payload(ordinal)).collect(),
        };
        self.then(fact)
    }

    pub(crate) fn complete(self, ordinal: u32, outcome: Outcome, offset: Option<i64>) -> Bench {
        let (payload, op) = (payload(ordinal), u64::from(ordinal));
        self.then(Fact::SendCompleted { payload, op, outcome, partition: Some(0), offset })
    }

    /// Nobody can know how these sends ended.
    pub(crate) fn unknown(self, ordinals: &[u32]) -> Bench {
        ordinals.iter().fold(self, |bench, &ordinal| bench.complete(ordinal, Outcome::Unknown(-1), None))
    }

    /// A batch of these records arrives, is appended, synced and answered.
    pub(crate) fn produce(self, ordinals: &[u32]) -> Bench {
        self.append(ordinals).sync().ack(ordinals)
    }

    /// The same without a sync.
    pub(crate) fn produce_cached(self, ordinals: &[u32]) -> Bench {
        self.append(ordinals).ack(ordinals)
    }

    /// The reader gets what stands at these offsets.
    pub(crate) fn poll(self, offsets: &[i64]) -> Bench {
        let all: Vec<RecordSeen> = self.disk.iter().flat_map(|batch| batch.records.to_vec()).collect();
        let found = offsets.iter().filter_map(|offset| all.iter().find(|record| record.offset == *offset).cloned());
        let records = found.collect();
        self.read(records)
    }

    /// The reader gets these records.
    pub(crate) fn read(self, records: Vec<RecordSeen>) -> Bench {
        let records = records.into_iter().map(|record| ReadSeen { partition: partition(), record }).collect();
        self.then(Fact::PollCompleted { client: 2, session: 1, op: 0, records, errors: Vec::new() })
    }

    /// The reader's client says that it goes somewhere else.
    pub(crate) fn resets(self, to: i64) -> Bench {
        let (partition, why) = (partition(), "PositionReset");
        self.then(Fact::PositionMoved { client: 2, session: 1, partition, why, to: Some(to) })
    }

    pub(crate) fn fetched(self, fetch_offset: i64, batches: Vec<BatchSeen>) -> Bench {
        let (topic_id, high_watermark) = (Some(self.topic_id), self.end());
        self.then(Fact::FetchAnswered {
            node: NODE,
            client: Some(2),
            partition: partition(),
            topic_id,
            fetch_offset,
            error: 0,
            high_watermark,
            log_start_offset: 0,
            diverging: None,
            batches,
        })
    }

    pub(crate) fn stop(self, how: Stop) -> Bench {
        let mut bench = self.then(Fact::Stopped { node: NODE, how });
        bench.shown.up = false;
        bench
    }

    /// A new incarnation finds these batches of `t-0`, recovers them all, and leads in the next epoch.
    pub(crate) fn start(self, survived: &[BatchSeen]) -> Bench {
        let all = survived.to_vec();
        self.start_recovering(survived, &all)
    }

    /// A new incarnation finds these batches and recovers those.
    pub(crate) fn start_recovering(mut self, survived: &[BatchSeen], recovered: &[BatchSeen]) -> Bench {
        self.incarnation += 1;
        let (log, first) = (self.log(), self.incarnation == 1);
        self.fact(&Fact::Started { node: NODE, incarnation: self.incarnation });
        if !first {
            self.fact(&Fact::Survived { log: log.clone(), batches: survived.to_vec() });
        }
        self.disk = recovered.to_vec();
        if !first {
            self.fact(&Fact::Recovered { log, batches: recovered.to_vec() });
        }
        self.epoch += 1;
        self.synced = self.synced.min(self.end());
        self.shown.up = true;
        self.then(Fact::Opened { node: NODE, error: None })
    }

    /// So many incarnations have begun by hand.
    pub(crate) fn restarted(&mut self, incarnations: u32) {
        self.incarnation = incarnations;
    }

    /// The process dies and comes back: the page cache is as it was.
    pub(crate) fn kill(self) -> Bench {
        let all = self.disk.clone();
        self.stop(Stop::Kill).start(&all)
    }

    /// The machine dies; the first batches survive.
    pub(crate) fn power_loss(self, survivors: usize) -> Bench {
        let left = self.disk[..survivors].to_vec();
        self.stop(Stop::PowerLoss).start(&left)
    }

    pub(crate) fn touch(mut self, fault: FaultKind, from_offset: Option<i64>) -> Bench {
        let touch = Touch::new(fault, self.now).in_dir(DIR).in_log(self.log(), from_offset);
        self.court.ledger_mut().touch(touch);
        self
    }

    pub(crate) fn touch_as(mut self, touch: impl FnOnce(Touch) -> Touch, fault: FaultKind) -> Bench {
        let touch = touch(Touch::new(fault, self.now));
        self.court.ledger_mut().touch(touch);
        self
    }

    /// Faults stop; a final reader reads the first `records` of the log; the run is at rest.
    pub(crate) fn rest(self, records: i64) -> Bench {
        let bench = self.heal();
        let offsets: Vec<i64> = (0..records).collect();
        bench.poll(&offsets).then(Fact::AtRest {})
    }

    pub(crate) fn heal(self) -> Bench {
        let partitions = vec![partition()];
        self.then(Fact::Healed {})
            .then(Fact::ClientLife { client: 2, session: 1, alive: true })
            .then(Fact::Repositioned { client: 2, session: 1, partitions, assign: true })
    }

    pub(crate) fn found(mut self) -> Found {
        self.court.finish(self.now, &self.shown);
        found(&self.court)
    }

    /// Nothing was found.
    pub(crate) fn silent(self) {
        assert_eq!(self.found(), Found::default());
    }

    /// These violations, and nothing else.
    pub(crate) fn violates(self, expected: &[&str]) {
        assert_eq!(self.found(), Found { violated: owned(expected), ..Found::default() });
    }

    /// These losses are attributed, and nothing else was found.
    pub(crate) fn attributes(self, expected: &[&str]) {
        assert_eq!(self.found(), Found { attributed: owned(expected), ..Found::default() });
    }
}

/// What a court found, each thing once.
pub(crate) fn found(court: &Court) -> Found {
    let verdicts = court.verdicts();
    let violated: BTreeSet<String> =
        verdicts.violations.iter().map(|found| format!("{}/{}", found.property.id, found.kind)).collect();
    let attributed: BTreeSet<String> =
        verdicts.attributed.iter().map(|found| format!("{}: {}", found.property, found.cause)).collect();
    let excused = verdicts.excused.keys().map(|(id, fault)| format!("{id} by {}", fault.name())).collect();
    Found { violated: violated.into_iter().collect(), attributed: attributed.into_iter().collect(), excused }
}

pub(crate) fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

pub(crate) fn partition() -> TopicPartition {
    TopicPartition { topic: Str::from("t"), partition: 0 }
}

pub(crate) fn segment(suffix: &str) -> String {
    format!("t-0/00000000000000000000{suffix}")
}

pub(crate) fn uid(ordinal: u32) -> Uid {
    Uid { producer: 1, session: 0, ordinal }
}

fn uid_of(record: &RecordSeen) -> Uid {
    record.payload.as_ref().map_or(uid(u32::MAX), |payload| payload.uid)
}

pub(crate) fn payload(ordinal: u32) -> Payload {
    Payload { uid: uid(ordinal), topic: Str::from("t"), partition: None, transaction: None }
}

pub(crate) fn record(offset: i64, ordinal: u32) -> RecordSeen {
    let value = payload(ordinal).encode(64);
    let hash = record_hash(None, Some(&value), std::iter::empty());
    RecordSeen { offset, timestamp: 1_000 + i64::from(ordinal), payload: Some(payload(ordinal)), hash }
}

pub(crate) fn batch(base: i64, epoch: i32, ordinals: &[u32]) -> BatchSeen {
    let records: Vec<RecordSeen> = (base..).zip(ordinals).map(|(offset, &ordinal)| record(offset, ordinal)).collect();
    let hash = records.iter().fold(Hash128::default(), |hash, record| hash.wide(record.hash)).finish();
    BatchSeen {
        base_offset: base,
        last_offset: base + ordinals.len() as i64 - 1,
        metadata: Rc::default(),
        leader_epoch: epoch,
        max_timestamp: records.iter().map(|record| record.timestamp).max().unwrap_or(-1),
        hash,
        valid: true,
        control: false,
        bytes: 61 + 70 * ordinals.len() as u32,
        records: records.into(),
    }
}

/// The same batch after a bit of it has changed.
pub(crate) fn rotten(batch: &BatchSeen) -> BatchSeen {
    BatchSeen { valid: false, hash: batch.hash ^ 1, records: Rc::default(), ..batch.clone() }
}
