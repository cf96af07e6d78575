//! A broker alone on a disk in memory, driven by hand: the test says when a sync ends and what time it is.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used)] // A fixture; each test file uses its part.

use broker_core::{Broker, Config, Event};
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use wire::messages::create_topics::{CreatableTopic, CreatableTopicConfig, CreateTopicsRequest};
use wire::messages::fetch::{FetchPartition, FetchRequest, FetchTopic, PartitionData};
use wire::messages::metadata::{MetadataRequest, MetadataRequestTopic, MetadataResponseTopic};
use wire::messages::produce::{PartitionProduceData, PartitionProduceResponse, ProduceRequest, TopicProduceData};
use wire::records::{BatchBuilder, Batches, Compression};
use wire::{
    ApiKey, ConnId, Disk, Input, Instant, Io, Node, Now, Output, Peer, RamDisk, ReadId, Reason, Request, RequestHeader,
    Response, Side, Str, SyncId, Timestamp,
};

/// The broker and its world.
pub struct Solo {
    pub broker: Broker,
    pub disk: RamDisk,
    pub now: Now,
    pub events: Vec<Event>,
    pub halted: Option<Reason>,
    /// Syncs that were asked for and have not ended.
    pub syncs: VecDeque<SyncId>,
    pub reads: VecDeque<(ReadId, wire::File, std::ops::Range<u64>)>,
    pub closed: Vec<ConnId>,
    /// How often the next frame of a connection was asked for.
    pub nexts: BTreeMap<ConnId, u32>,
    answers: BTreeMap<ConnId, VecDeque<Bytes>>,
    config: Config,
    incarnation: u64,
    connections: u32,
    correlation: i32,
}

pub fn config(properties: &[(&str, &str)]) -> Config {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Config::parse(&properties.iter().map(pair).collect()).unwrap()
}

impl Solo {
    /// A fresh broker that serves.
    pub fn new(properties: &[(&str, &str)]) -> Solo {
        Solo::with(config(properties), RamDisk::new(1))
    }

    pub fn with(config: Config, disk: RamDisk) -> Solo {
        let mut solo = Solo::opened(config, disk);
        solo.settle();
        solo
    }

    /// A broker that was opened and whose first syncs are still under way.
    pub fn opened(config: Config, mut disk: RamDisk) -> Solo {
        let now = Now { mono: Instant(1_000_000_000), wall: Timestamp(1_700_000_000_000) };
        let mut out = Vec::new();
        // Another process than any that has used the disk before.
        let incarnation = 1 + u64::from(disk.contents(wire::LogDirId(0), "meta.properties").is_some()) * 100;
        let mut io = Io::new(now, &mut disk as &mut dyn Disk, &mut out);
        let broker = Broker::open(config.clone(), incarnation, &mut io).unwrap();
        let mut solo = Solo {
            broker,
            disk,
            now,
            events: Vec::new(),
            halted: None,
            syncs: VecDeque::new(),
            reads: VecDeque::new(),
            closed: Vec::new(),
            nexts: BTreeMap::new(),
            answers: BTreeMap::new(),
            config,
            incarnation,
            connections: 0,
            correlation: 0,
        };
        solo.take(out);
        solo
    }

    /// The process dies and another one opens what the page cache holds.
    pub fn kill(&mut self) {
        self.incarnation += 1;
        self.syncs.clear();
        self.reads.clear();
        self.answers.clear();
        self.halted = None;
        let mut out = Vec::new();
        let mut io = Io::new(self.now, &mut self.disk as &mut dyn Disk, &mut out);
        self.broker = Broker::open(self.config.clone(), self.incarnation, &mut io).unwrap();
        self.take(out);
    }

    pub fn restart(&mut self) {
        self.kill();
        self.settle();
    }

    pub fn shut_down(&mut self) {
        self.input(Input::Shutdown);
        self.settle();
    }

    pub fn input(&mut self, input: Input<std::convert::Infallible>) {
        let mut out = Vec::new();
        self.broker.handle(input, &mut Io::new(self.now, &mut self.disk as &mut dyn Disk, &mut out));
        self.take(out);
    }

    fn take(&mut self, out: Vec<Output<Broker>>) {
        for output in out {
            match output {
                Output::Send(conn, frame) => self.answers.entry(conn).or_default().push_back(frame),
                Output::Next(conn) => *self.nexts.entry(conn).or_default() += 1,
                Output::Close(conn) => self.closed.push(conn),
                Output::Sync(id, _) => self.syncs.push_back(id),
                Output::Read(id, file, range) => self.reads.push_back((id, file, range)),
                Output::Halt(reason) => self.halted = Some(reason),
                Output::Event(event) => self.events.push(event),
                Output::Dial(..) | Output::Done(..) => panic!("a broker alone neither dials nor is done"),
            }
        }
    }

    /// One sync succeeds.
    pub fn sync(&mut self) -> bool {
        let Some(id) = self.syncs.pop_front() else { return false };
        self.input(Input::Synced(id, Ok(())));
        true
    }

    /// All syncs succeed, also those that follow from them.
    pub fn settle(&mut self) {
        while self.sync() {}
    }

    /// One cold read succeeds.
    pub fn read(&mut self) -> bool {
        let Some((id, file, range)) = self.reads.pop_front() else { return false };
        let bytes = self.disk.read(file, range).unwrap();
        self.input(Input::Read(id, Ok(bytes)));
        true
    }

    /// Time passes; timers that come due run.
    pub fn wait(&mut self, ms: u64) {
        let end = self.now.mono + Duration::from_millis(ms);
        while let Some((at, _)) = self.broker.next_timeout().filter(|&(at, _)| at <= end) {
            self.now.mono = self.now.mono.max(at);
            self.input(Input::Timeout);
            self.settle();
        }
        self.now.mono = end;
    }

    pub fn connect(&mut self) -> ConnId {
        self.connections += 1;
        let conn = ConnId { side: Side::Accepted, n: self.connections };
        self.input(Input::Accepted(conn, Peer { listener: "PLAINTEXT".into(), remote: "10.0.0.9:5000".into() }));
        conn
    }

    pub fn send(&mut self, conn: ConnId, version: i16, request: impl Into<Request>) {
        let request = request.into();
        self.correlation += 1;
        let header = RequestHeader::new(request.api(), version, self.correlation, Some("test".into()));
        let frame = request.encode(&header).unwrap();
        self.input(Input::Frame(conn, frame));
    }

    /// The next answer on a connection, if it is there.
    pub fn answer(&mut self, conn: ConnId, api: ApiKey, version: i16) -> Option<Response> {
        let frame = self.answers.get_mut(&conn)?.pop_front()?;
        let (_, response) = Response::decode(api, version, &frame).unwrap();
        Some(response)
    }

    /// Sends a request on a connection of its own, lets all syncs end, and returns the answer.
    pub fn ask(&mut self, version: i16, request: impl Into<Request>) -> Response {
        let request = request.into();
        let (api, conn) = (request.api(), self.connect());
        self.send(conn, version, request);
        self.settle();
        while self.read() {}
        self.answer(conn, api, version).unwrap_or_else(|| panic!("no answer to {}", api.name()))
    }

    pub fn create(&mut self, name: &str, partitions: i32, configs: &[(&str, &str)]) -> i16 {
        let Response::CreateTopics(response) = self.ask(7, create_request(name, partitions, configs)) else { panic!() };
        response.topics[0].error_code
    }

    /// Produces one record with acks=all and waits for its answer.
    pub fn produce(&mut self, topic: &str, value: &str) -> PartitionProduceResponse {
        let Response::Produce(response) = self.ask(9, produce_request(topic, -1, batch(value))) else { panic!() };
        response.responses[0].partition_responses[0].clone()
    }

    /// Fetches from an offset without waiting.
    pub fn fetch(&mut self, topic: &str, offset: i64) -> PartitionData {
        let Response::Fetch(response) = self.ask(12, fetch_request(topic, offset, 0)) else { panic!() };
        response.responses[0].partitions[0].clone()
    }

    pub fn describe(&mut self, topic: &str) -> MetadataResponseTopic {
        let name = Some(Str::from(topic));
        let topics = Some(vec![MetadataRequestTopic { name, ..MetadataRequestTopic::default() }]);
        let request = MetadataRequest { topics, allow_auto_topic_creation: false, ..MetadataRequest::default() };
        let Response::Metadata(response) = self.ask(12, request) else { panic!() };
        response.topics[0].clone()
    }

    /// Drops what was answered and stated.
    pub fn forget(&mut self) {
        self.answers.clear();
        self.events.clear();
    }

    pub fn event_names(&self) -> Vec<&'static str> {
        self.events.iter().map(Event::name).collect()
    }
}

pub fn create_request(name: &str, partitions: i32, configs: &[(&str, &str)]) -> CreateTopicsRequest {
    let config =
        |(name, value): &(&str, &str)| CreatableTopicConfig { name: (*name).into(), value: Some((*value).into()) };
    let topic = CreatableTopic {
        name: name.into(),
        num_partitions: partitions,
        replication_factor: 1,
        configs: configs.iter().map(config).collect(),
        ..CreatableTopic::default()
    };
    CreateTopicsRequest { topics: vec![topic], ..CreateTopicsRequest::default() }
}

pub fn batch(value: &str) -> Bytes {
    BatchBuilder::new(Compression::None).record(1_700_000_000_000, None, Some(value.as_bytes())).build()
}

pub fn produce_request(topic: &str, acks: i16, records: Bytes) -> ProduceRequest {
    let partition_data = vec![PartitionProduceData { index: 0, records: Some(records) }];
    let topic_data = vec![TopicProduceData { name: topic.into(), partition_data, ..TopicProduceData::default() }];
    ProduceRequest { acks, timeout_ms: 1000, topic_data, ..ProduceRequest::default() }
}

pub fn fetch_request(topic: &str, fetch_offset: i64, max_wait_ms: i32) -> FetchRequest {
    let partition = FetchPartition { fetch_offset, partition_max_bytes: 1 << 20, ..FetchPartition::default() };
    let topics = vec![FetchTopic { topic: topic.into(), partitions: vec![partition], ..FetchTopic::default() }];
    FetchRequest { max_wait_ms, min_bytes: 1, topics, ..FetchRequest::default() }
}

/// The values of all records of an answer.
pub fn values(data: &PartitionData) -> Vec<String> {
    let batches = Batches::new(data.records.clone().unwrap());
    let records =
        batches.flat_map(|batch| batch.records(1 << 20).unwrap().map(|record| record.unwrap().value.unwrap()));
    records.map(|value| String::from_utf8(value.to_vec()).unwrap()).collect()
}
