//! A bench for stories of a cluster: three brokers, each a voter of the quorum, and the topic `t` with one partition on
//! all of them. Node 1 leads everything at first. Each step emits the facts that a simulator would, in its order; a test
//! then spoils one of them.

// A story hands its facts over, as a simulator does.
#![allow(clippy::needless_pass_by_value)]

use crate::bench::{DIR, Found, TOPIC, batch, found, owned, partition, payload, record};
use crate::shown::{Broker, IDS, Replica, Shown};
use broker_core::Event;
use broker_core::event::Partition;
use bytes::Bytes;
use properties::{BatchSeen, Court, Fact, FaultKind, LogRef, Moment, Outcome, ReadSeen, Stop, Touch};
use wire::metadata::{
    ConfigRecord, FeatureLevelRecord, FenceBrokerRecord, MetadataRecord, PartitionChangeRecord, PartitionRecord,
    RegisterBrokerRecord, TopicRecord, UnfenceBrokerRecord,
};
use wire::{Instant, NodeId, Str, Timestamp, Uuid};

/// The metadata log.
pub(crate) const QUORUM: Uuid = Uuid(1);
pub(crate) const QUORUM_STATE: &str = "__cluster_metadata-0/quorum-state";

pub(crate) struct Group {
    pub(crate) court: Court,
    pub(crate) shown: Shown,
    /// Who leads `t-0`, in which leader epoch, with which ISR.
    pub(crate) leader: i32,
    pub(crate) epoch: i32,
    pub(crate) isr: Vec<i32>,
    pub(crate) partition_epoch: i32,
    /// Who leads the quorum, in which epoch.
    pub(crate) controller: i32,
    pub(crate) term: i32,
    pub(crate) acks: i16,
    /// How many fetches there were.
    asked: i32,
    now: Moment,
}

impl Group {
    /// Three brokers that have registered, and a topic that all of them replicate, with at least two in sync.
    pub(crate) fn new() -> Group {
        Group::with(&[("min.insync.replicas", "2")], false)
    }

    /// The same with configuration, and with eligible leader replicas or without.
    pub(crate) fn with(config: &[(&str, &str)], elr: bool) -> Group {
        let config_of = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        let mut shown = Shown { config: config.iter().map(config_of).collect(), ..Shown::default() };
        for node in IDS {
            let topic = Replica { topic: Str::from("t"), id: TOPIC, ..Replica::default() };
            let quorum = Replica { topic: Str::from("__cluster_metadata"), id: QUORUM, ..Replica::default() };
            shown.brokers.insert(node, Broker { topic, quorum, ..Broker::default() });
        }
        let group = Group {
            court: Court::new(properties::standard()),
            shown,
            leader: 1,
            epoch: 0,
            isr: vec![1, 2, 3],
            partition_epoch: 0,
            controller: 1,
            term: 0,
            acks: -1,
            asked: 0,
            now: Moment::default(),
        };
        group.boot(elr, config)
    }

    fn boot(mut self, elr: bool, config: &[(&str, &str)]) -> Group {
        for id in 1..=3 {
            self = self.begin(id);
            let log = LogRef::metadata(NodeId(id));
            self = self.then(Fact::SegmentCreated { log, base_offset: 0 }).open(id);
        }
        self = self.wins(1, 1, &[1, 2]).commit_metadata(vec![]);
        for id in 1..=3 {
            self = self.registers(id);
        }
        let level = i16::from(elr);
        let feature = FeatureLevelRecord { name: "eligible.leader.replicas.version".into(), feature_level: level };
        let created = PartitionRecord {
            partition_id: 0,
            topic_id: TOPIC,
            replicas: vec![1, 2, 3],
            isr: vec![1, 2, 3],
            leader: 1,
            leader_epoch: 0,
            partition_epoch: 0,
            ..PartitionRecord::default()
        };
        let mut records = vec![feature.into(), TopicRecord { name: "t".into(), topic_id: TOPIC }.into()];
        for &(name, value) in config {
            let (name, value) = (Str::from(name), Some(Str::from(value)));
            records.push(ConfigRecord { resource_type: 2, resource_name: "t".into(), name, value }.into());
        }
        records.push(created.into());
        self = self.commit_metadata(records);
        for id in 1..=3 {
            let log = self.log(id);
            self = self.then(Fact::SegmentCreated { log, base_offset: 0 });
        }
        self.takes_office(1).then(Fact::ClientLife { client: 1, session: 0, alive: true })
    }

    /// Shows a fact to the court, a millisecond later.
    pub(crate) fn then(mut self, fact: Fact) -> Group {
        self.now = Moment { at: Instant(self.now.at.0 + 1_000_000), seq: self.now.seq + 1 };
        self.shown.brokers.values_mut().for_each(|broker| {
            broker.topic.refresh();
            broker.quorum.refresh();
        });
        self.court.observe(&fact, self.now, &self.shown);
        self
    }

    /// Time passes.
    pub(crate) fn after_ms(mut self, ms: u64) -> Group {
        self.now.at.0 += ms * 1_000_000;
        self
    }

    /// The same within the input of the fact before.
    pub(crate) fn also(mut self, fact: Fact) -> Group {
        self.court.observe(&fact, self.now, &self.shown);
        self
    }

    pub(crate) fn states(mut self, node: i32, event: Event) -> Group {
        if let Event::LeaderElected { partition, leader_epoch, start_offset } = &event
            && partition.topic_id == TOPIC
        {
            self.broker(node).topic.led.push((*leader_epoch, *start_offset));
        }
        self.then(Fact::Stated { node: NodeId(node), event })
    }

    pub(crate) fn log(&self, node: i32) -> LogRef {
        LogRef { node: NodeId(node), topic_id: TOPIC, partition: partition() }
    }

    pub(crate) fn broker(&mut self, node: i32) -> &mut Broker {
        self.shown.brokers.entry(NodeId(node)).or_default()
    }

    pub(crate) fn end(&self, node: i32) -> i64 {
        self.shown.brokers[&NodeId(node)].topic.end()
    }

    fn incarnation(&self, node: i32) -> u32 {
        self.shown.brokers[&NodeId(node)].incarnation
    }

    // Nodes

    /// An incarnation begins.
    pub(crate) fn begin(mut self, node: i32) -> Group {
        self.broker(node).incarnation += 1;
        let incarnation = self.incarnation(node);
        self.then(Fact::Started { node: NodeId(node), incarnation })
    }

    pub(crate) fn open(mut self, node: i32) -> Group {
        self.broker(node).up = true;
        self.then(Fact::Opened { node: NodeId(node), error: None })
    }

    pub(crate) fn stop(mut self, node: i32, how: Stop) -> Group {
        let broker = self.broker(node);
        broker.up = false;
        (broker.topic.leads, broker.quorum.leads) = (false, false);
        self.then(Fact::Stopped { node: NodeId(node), how })
    }

    /// The next incarnation finds so many batches of `t-0`, all of the metadata log, and keeps them.
    pub(crate) fn start(mut self, node: i32, batches: usize) -> Group {
        self = self.begin(node);
        let log = &mut self.broker(node).topic;
        log.batches.truncate(batches);
        log.high_watermark = log.high_watermark.min(log.end());
        let (topic, quorum) = (self.log(node), LogRef::metadata(NodeId(node)));
        let broker = &self.shown.brokers[&NodeId(node)];
        let disk = [(topic, broker.topic.batches.clone()), (quorum, broker.quorum.batches.clone())];
        for (log, batches) in disk.clone() {
            self = self.then(Fact::Survived { log, batches });
        }
        for (log, batches) in disk {
            self = self.then(Fact::Recovered { log, batches });
        }
        self.open(node)
    }

    /// A broker registers, and is unfenced.
    pub(crate) fn registers(self, node: i32) -> Group {
        let broker_epoch = self.broker_epoch();
        let incarnation_id = Uuid(broker_epoch as u128);
        let record =
            RegisterBrokerRecord { broker_id: node, broker_epoch, incarnation_id, fenced: true, ..Default::default() };
        let registered = self.commit_metadata(vec![record.into()]);
        let group = registered.states(node, Event::Registered { broker_epoch });
        group.commit_metadata(vec![UnfenceBrokerRecord { id: node, epoch: broker_epoch }.into()])
    }

    fn broker_epoch(&self) -> i64 {
        self.shown_end()
    }

    /// The end of the controller's metadata log.
    pub(crate) fn shown_end(&self) -> i64 {
        self.shown.brokers[&NodeId(self.controller)].quorum.end()
    }

    /// The controller's metadata log.
    pub(crate) fn shown_quorum(&self) -> &Replica {
        &self.shown.brokers[&NodeId(self.controller)].quorum
    }

    // The quorum

    /// A candidate gets these votes, leads, and is followed.
    pub(crate) fn wins(mut self, node: i32, term: i32, voters: &[i32]) -> Group {
        for &voter in voters {
            self = self.votes(voter, node, term);
        }
        (self.controller, self.term) = (node, term);
        for id in 1..=3 {
            let log = &mut self.broker(id).quorum;
            (log.leads, log.epoch) = (id == node, term);
        }
        let (partition, start_offset) = (named_quorum(), self.broker_epoch());
        self = self.states(node, Event::LeaderElected { partition, leader_epoch: term, start_offset });
        for id in (1..=3).filter(|&id| id != node) {
            if self.shown.brokers[&NodeId(id)].up {
                let partition = named_quorum();
                self = self.states(id, Event::BecameFollower { partition, leader: node, leader_epoch: term });
            }
        }
        self
    }

    /// A voter writes down for whom it votes.
    pub(crate) fn votes(mut self, voter: i32, candidate: i32, term: i32) -> Group {
        let contents = quorum_state(term, candidate);
        self.broker(voter).files.insert(QUORUM_STATE.to_owned(), contents.clone());
        let path = QUORUM_STATE.to_owned();
        self.then(Fact::FileReplaced { node: NodeId(voter), log_dir: DIR, path, contents })
    }

    /// The file of a voter is this one, whatever it was.
    pub(crate) fn votes_quietly(mut self, voter: i32, candidate: i32, term: i32) -> Group {
        self.broker(voter).files.insert(QUORUM_STATE.to_owned(), quorum_state(term, candidate));
        self
    }

    /// A voter fetches from the controller.
    pub(crate) fn fetch_metadata(self, node: i32) -> Group {
        let (fetch_offset, current_leader_epoch, controller) = (self.shown_end(), self.term, self.controller);
        self.then(Fact::FollowerFetched {
            node: NodeId(controller),
            replica: NodeId(node),
            correlation: (0, 0),
            partition: LogRef::metadata(NodeId(node)).partition,
            topic_id: Some(QUORUM),
            fetch_offset,
            current_leader_epoch,
            last_fetched_epoch: -1,
            replica_epoch: -1,
        })
    }

    /// The controller writes records, all nodes that run copy them, and they are committed.
    pub(crate) fn commit_metadata(self, records: Vec<MetadataRecord>) -> Group {
        let written = self.write_metadata(records);
        let to = written.broker_epoch();
        let nodes: Vec<i32> = (1..=3).filter(|id| written.shown.brokers[&NodeId(*id)].up).collect();
        written.sync_metadata(&nodes).advance_metadata(to)
    }

    /// The controller writes records, and all nodes that run copy them.
    pub(crate) fn write_metadata(mut self, records: Vec<MetadataRecord>) -> Group {
        let base = self.broker_epoch();
        let batch = metadata_batch(base, self.term, records);
        let controller = self.controller;
        let others = (1..=3).filter(|&id| id != controller);
        for id in [controller].into_iter().chain(others) {
            if self.shown.brokers[&NodeId(id)].up {
                self = self.append_metadata(id, batch.clone());
            }
        }
        self
    }

    pub(crate) fn append_metadata(mut self, node: i32, batch: BatchSeen) -> Group {
        self.broker(node).quorum.batches.push(batch.clone());
        let (log, segment) = (LogRef::metadata(NodeId(node)), self.broker(node).quorum.start);
        self.then(Fact::Appended { log, log_dir: DIR, segment, batch })
    }

    pub(crate) fn sync_metadata(mut self, nodes: &[i32]) -> Group {
        for &node in nodes {
            let (log, to) = (LogRef::metadata(NodeId(node)), self.shown.brokers[&NodeId(node)].quorum.end());
            self = self.then(Fact::LogDurable { log, to });
        }
        self
    }

    /// The controller's high watermark advances; the others learn of it.
    pub(crate) fn advance_metadata(mut self, to: i64) -> Group {
        let controller = self.controller;
        self.broker(controller).quorum.high_watermark = to;
        self = self.states(controller, Event::HighWatermarkAdvanced { partition: named_quorum(), to });
        for broker in self.shown.brokers.values_mut().filter(|broker| broker.up) {
            broker.quorum.high_watermark = to.min(broker.quorum.end());
        }
        self
    }

    pub(crate) fn fence(self, node: i32) -> Group {
        self.commit_metadata(vec![FenceBrokerRecord { id: node, epoch: 0 }.into()])
    }

    /// The controller commits an ISR, and the leader that asked for it takes it.
    pub(crate) fn set_isr(self, isr: &[i32]) -> Group {
        let record = PartitionChangeRecord { isr: Some(isr.to_vec()), ..change() };
        self.commit_isr(isr, record).tells_isr(isr)
    }

    /// The controller commits an ISR, perhaps with more.
    pub(crate) fn commit_isr(mut self, isr: &[i32], record: PartitionChangeRecord) -> Group {
        self.isr = isr.to_vec();
        self.partition_epoch += 1;
        self.commit_metadata(vec![record.into()])
    }

    /// The controller fences a broker and takes it out of the ISR.
    pub(crate) fn fence_out(mut self, node: i32) -> Group {
        let isr: Vec<i32> = self.isr.iter().copied().filter(|&id| id != node).collect();
        self.isr.clone_from(&isr);
        self.partition_epoch += 1;
        let fence = FenceBrokerRecord { id: node, epoch: 0 }.into();
        let record = PartitionChangeRecord { isr: Some(isr.clone()), ..change() };
        self.commit_metadata(vec![fence, record.into()]).tells_isr(&isr)
    }

    /// The leader states its ISR.
    pub(crate) fn tells_isr(self, maximal: &[i32]) -> Group {
        let (leader, leader_epoch, partition_epoch) = (self.leader, self.epoch, self.partition_epoch);
        let (isr, maximal_isr) = (self.isr.clone(), maximal.to_vec());
        let partition = named();
        let min_isr = 2;
        let event = Event::IsrChanged { partition, leader_epoch, partition_epoch, isr, maximal_isr, min_isr };
        self.states(leader, event)
    }

    /// The controller makes a node leader with this ISR.
    pub(crate) fn chooses(mut self, node: i32, isr: &[i32]) -> Group {
        let record = PartitionChangeRecord { leader: node, isr: Some(isr.to_vec()), ..change() };
        (self.leader, self.epoch) = (node, self.epoch + 1);
        self.commit_isr(isr, record)
    }

    /// The node that the controller chose leads; the others that run follow it.
    pub(crate) fn takes_office(mut self, node: i32) -> Group {
        let (leader_epoch, start_offset) = (self.epoch, self.end(node));
        for id in 1..=3 {
            let log = &mut self.broker(id).topic;
            (log.leads, log.epoch) = (id == node, leader_epoch);
        }
        self = self.states(node, Event::LeaderElected { partition: named(), leader_epoch, start_offset });
        for id in (1..=3).filter(|&id| id != node) {
            if self.shown.brokers[&NodeId(id)].up {
                let partition = named();
                self = self.states(id, Event::BecameFollower { partition, leader: node, leader_epoch });
            }
        }
        let isr = self.isr.clone();
        self.tells_isr(&isr)
    }

    /// Both.
    pub(crate) fn elect(self, node: i32, isr: &[i32]) -> Group {
        self.chooses(node, isr).takes_office(node)
    }

    // The topic

    pub(crate) fn invoke(mut self, ordinals: &[u32]) -> Group {
        for &ordinal in ordinals {
            let fact = Fact::SendInvoked {
                payload: payload(ordinal),
                op: u64::from(ordinal),
                acks: self.acks,
                delivery_timeout_ms: 2_000,
                max_block_ms: 1_000,
                max_in_flight: 1,
                idempotent: false,
                hash: record(0, ordinal).hash,
                wall: Timestamp(0),
            };
            self = self.then(fact);
        }
        self
    }

    /// Records reach a node that believes to lead, and it appends them in an epoch.
    pub(crate) fn append_at(self, node: i32, epoch: i32, ordinals: &[u32]) -> Group {
        let batch = batch(self.end(node), epoch, ordinals);
        self.invoke(ordinals).receive(ordinals).write(node, batch)
    }

    /// A request with records reaches a broker.
    pub(crate) fn receive(self, ordinals: &[u32]) -> Group {
        let (acks, batch) = (self.acks, Some(batch(0, self.epoch, ordinals)));
        let (node, correlation) = (NodeId(self.leader), (0, 0));
        self.then(Fact::ProduceReceived { node, client: 1, correlation, acks, partition: partition(), batch })
    }

    /// Records reach the leader, and it appends them.
    pub(crate) fn append(self, ordinals: &[u32]) -> Group {
        let (leader, epoch) = (self.leader, self.epoch);
        self.append_at(leader, epoch, ordinals)
    }

    pub(crate) fn write(mut self, node: i32, batch: BatchSeen) -> Group {
        self.broker(node).topic.batches.push(batch.clone());
        let log = self.log(node);
        self.then(Fact::Appended { log, log_dir: DIR, segment: 0, batch })
    }

    /// Followers copy what they lack of the leader's log, and fetch from there on.
    pub(crate) fn follow(mut self, nodes: &[i32]) -> Group {
        for &node in nodes {
            let from = self.shown.brokers[&NodeId(node)].topic.batches.len();
            let leader = self.leader;
            let lacks = self.broker(leader).topic.batches.get(from..).unwrap_or_default().to_vec();
            for batch in lacks {
                self = self.write(node, batch);
            }
            self = self.fetch(node);
        }
        self
    }

    /// A follower's fetch from its end reaches the leader.
    pub(crate) fn fetch(self, node: i32) -> Group {
        let epoch = self.epoch;
        self.fetch_in(epoch, node)
    }

    /// The same in a leader epoch of the follower's own belief.
    pub(crate) fn fetch_in(self, current_leader_epoch: i32, node: i32) -> Group {
        self.fetches(current_leader_epoch, node, -1)
    }

    /// The same, sent by the incarnation that has this broker epoch.
    pub(crate) fn fetch_as(self, node: i32, replica_epoch: i64) -> Group {
        let epoch = self.epoch;
        self.fetches(epoch, node, replica_epoch)
    }

    fn fetches(mut self, current_leader_epoch: i32, node: i32, replica_epoch: i64) -> Group {
        let (fetch_offset, leader) = (self.end(node), self.leader);
        self.asked += 1;
        let correlation = (9, self.asked);
        self.then(Fact::FollowerFetched {
            node: NodeId(leader),
            replica: NodeId(node),
            correlation,
            partition: partition(),
            topic_id: Some(TOPIC),
            fetch_offset,
            current_leader_epoch,
            last_fetched_epoch: -1,
            replica_epoch,
        })
    }

    /// The leader answers what was fetched last: as a whole, and whether the partition has an error.
    pub(crate) fn answers_fetch(self, error: i16, fails: bool) -> Group {
        let (node, failed) = (NodeId(self.leader), if fails { vec![partition()] } else { Vec::new() });
        let correlation = (9, self.asked);
        self.then(Fact::FollowerAnswered { node, correlation, error, failed })
    }

    /// A leader's high watermark advances; the others that run learn of it.
    pub(crate) fn advance(mut self, node: i32, to: i64) -> Group {
        self.broker(node).topic.high_watermark = to;
        self = self.states(node, Event::HighWatermarkAdvanced { partition: named(), to });
        for broker in self.shown.brokers.values_mut().filter(|broker| broker.up) {
            broker.topic.high_watermark = broker.topic.high_watermark.max(to.min(broker.topic.end()));
        }
        self
    }

    /// A node answers records of a batch at its log's end, and their sends end well.
    pub(crate) fn ack(self, node: i32, ordinals: &[u32]) -> Group {
        let base = self.end(node) - ordinals.len() as i64;
        let mut group = self.answer(node, ordinals, base);
        for (offset, &ordinal) in (base..).zip(ordinals) {
            let (payload, op, outcome) = (payload(ordinal), u64::from(ordinal), Outcome::Ok);
            let (partition, offset) = (Some(0), Some(offset));
            group = group.then(Fact::SendCompleted { payload, op, outcome, partition, offset });
        }
        group
    }

    fn answer(self, node: i32, ordinals: &[u32], base_offset: i64) -> Group {
        let acks = self.acks;
        self.then(Fact::ProduceAnswered {
            node: NodeId(node),
            client: 1,
            correlation: (0, 0),
            acks,
            partition: partition(),
            topic_id: Some(TOPIC),
            error: 0,
            base_offset,
            uids: ordinals.iter().map(|&ordinal| payload(ordinal)).collect(),
        })
    }

    /// Nobody can know how these sends ended.
    pub(crate) fn unknown(mut self, ordinals: &[u32]) -> Group {
        for &ordinal in ordinals {
            let (payload, op, outcome) = (payload(ordinal), u64::from(ordinal), Outcome::Unknown(-1));
            self = self.then(Fact::SendCompleted { payload, op, outcome, partition: Some(0), offset: None });
        }
        self
    }

    /// Records are appended by the leader, copied by the rest of the ISR, committed and acknowledged.
    pub(crate) fn produce(self, ordinals: &[u32]) -> Group {
        let leader = self.leader;
        let others: Vec<i32> = self.isr.iter().copied().filter(|&id| id != leader).collect();
        let group = self.append(ordinals).follow(&others);
        let to = group.end(leader);
        group.advance(leader, to).ack(leader, ordinals)
    }

    /// A node cuts the end of its log.
    pub(crate) fn cut(mut self, node: i32, batches: usize) -> Group {
        self.broker(node).topic.batches.truncate(batches);
        let end = self.end(node);
        self.broker(node).topic.led.retain(|&(_, start)| start < end);
        let (log, to) = (self.log(node), self.end(node));
        self.then(Fact::Truncated { log, to })
    }

    /// What a node's log of `t-0` holds becomes durable.
    pub(crate) fn sync(self, node: i32) -> Group {
        let (log, to) = (self.log(node), self.end(node));
        self.then(Fact::LogDurable { log, to })
    }

    /// A consumer is given what a node holds from an offset on.
    pub(crate) fn give(self, node: i32, fetch_offset: i64) -> Group {
        let broker = &self.shown.brokers[&NodeId(node)];
        let batches = broker.topic.batches.iter().filter(|batch| batch.base_offset >= fetch_offset).cloned().collect();
        let high_watermark = broker.topic.end();
        self.then(Fact::FetchAnswered {
            node: NodeId(node),
            client: Some(2),
            partition: partition(),
            topic_id: Some(TOPIC),
            fetch_offset,
            error: 0,
            high_watermark,
            log_start_offset: 0,
            diverging: None,
            batches,
        })
    }

    /// A consumer gets the batches of a node's log at these places from a poll.
    pub(crate) fn reads(self, node: i32, places: std::ops::Range<usize>) -> Group {
        let batches = self.shown.brokers[&NodeId(node)].topic.batches[places].to_vec();
        let all = batches.into_iter().flat_map(|batch| batch.records.to_vec());
        let records = all.map(|record| ReadSeen { partition: partition(), record }).collect();
        self.then(Fact::PollCompleted { client: 2, session: 1, op: 0, records, errors: Vec::new() })
    }

    /// It says that its position does not follow from reading.
    pub(crate) fn moves(self, why: &'static str, to: Option<i64>) -> Group {
        self.then(Fact::PositionMoved { client: 2, session: 1, partition: partition(), why, to })
    }

    /// Its application moves the position.
    pub(crate) fn seeks(self) -> Group {
        let partitions = vec![partition()];
        self.then(Fact::Repositioned { client: 2, session: 1, partitions, assign: false })
    }

    /// Node 1's AlterPartition, with its leader and partition epoch, reaches a controller and is answered.
    pub(crate) fn alter(self, controller: i32, epochs: (i32, i32), error: i16) -> Group {
        self.alter_received(controller, epochs).alter_answered(controller, error)
    }

    pub(crate) fn alter_received(self, controller: i32, (leader_epoch, partition_epoch): (i32, i32)) -> Group {
        let broker_epoch = self.court.ghost().metadata().image().broker(1).map_or(-1, |broker| broker.epoch);
        self.then(Fact::AlterPartitionReceived {
            node: NodeId(controller),
            leader: NodeId(1),
            correlation: (1, 1),
            topic_id: TOPIC,
            partition: 0,
            broker_epoch,
            leader_epoch,
            partition_epoch,
        })
    }

    pub(crate) fn alter_answered(self, controller: i32, error: i16) -> Group {
        let (node, correlation) = (NodeId(controller), (1, 1));
        self.then(Fact::AlterPartitionAnswered { node, correlation, topic_id: TOPIC, partition: 0, error })
    }

    /// A client is told the latest offset.
    pub(crate) fn latest(self, node: i32, offset: i64) -> Group {
        let (node, partition) = (NodeId(node), partition());
        self.then(Fact::OffsetAnswered { node, partition, timestamp: -1, error: 0, offset })
    }

    pub(crate) fn touch(mut self, fault: FaultKind, log: LogRef) -> Group {
        let touch = Touch::new(fault, self.now).in_dir(DIR).in_log(log, Some(0));
        self.court.ledger_mut().touch(touch);
        self
    }

    // The end

    /// Faults stop, a final reader reads the leader's log, and the run is at rest.
    pub(crate) fn rest(self) -> Group {
        let leader = self.leader;
        let partitions = vec![partition()];
        let mut group = self
            .then(Fact::Healed {})
            .then(Fact::ClientLife { client: 2, session: 1, alive: true })
            .then(Fact::Repositioned { client: 2, session: 1, partitions, assign: true });
        let batches = group.broker(leader).topic.batches.clone();
        let all = batches.into_iter().flat_map(|batch| batch.records.to_vec());
        let records = all.map(|record| ReadSeen { partition: partition(), record }).collect();
        let read = Fact::PollCompleted { client: 2, session: 1, op: 0, records, errors: Vec::new() };
        group.then(read).then(Fact::AtRest {})
    }

    pub(crate) fn found(mut self) -> Found {
        self.court.finish(self.now, &self.shown);
        found(&self.court)
    }

    pub(crate) fn silent(self) {
        assert_eq!(self.found(), Found::default());
    }

    pub(crate) fn violates(self, expected: &[&str]) {
        assert_eq!(self.found(), Found { violated: owned(expected), ..Found::default() });
    }

    pub(crate) fn attributes(self, expected: &[&str]) {
        assert_eq!(self.found(), Found { attributed: owned(expected), ..Found::default() });
    }

    pub(crate) fn excuses(self, expected: &[&str]) {
        assert_eq!(self.found(), Found { excused: owned(expected), ..Found::default() });
    }
}

/// A change of `t-0` that changes nothing but its partition epoch.
pub(crate) fn change() -> PartitionChangeRecord {
    PartitionChangeRecord { topic_id: TOPIC, partition_id: 0, ..Default::default() }
}

pub(crate) fn named() -> Partition {
    Partition { topic_id: TOPIC, topic: Str::from("t"), partition: 0 }
}

pub(crate) fn named_quorum() -> Partition {
    Partition { topic_id: QUORUM, topic: Str::from("__cluster_metadata"), partition: 0 }
}

pub(crate) fn quorum_state(term: i32, voted: i32) -> Bytes {
    Bytes::from(format!(
        "{{\"leaderId\":-1,\"leaderEpoch\":{term},\"votedId\":{voted},\"votedDirectoryId\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"data_version\":1}}"
    ))
}

/// A batch of the metadata log; without records it stands for a leader's first.
pub(crate) fn metadata_batch(base: i64, term: i32, metadata: Vec<MetadataRecord>) -> BatchSeen {
    let last_offset = base + (metadata.len() as i64 - 1).max(0);
    let hash = properties::hash::batch_hash(format!("{metadata:?}").as_bytes());
    BatchSeen { last_offset, hash, control: metadata.is_empty(), metadata: metadata.into(), ..batch(base, term, &[]) }
}
