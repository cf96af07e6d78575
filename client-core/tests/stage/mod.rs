//! A stage for stories about one client: a scripted cluster that answers ApiVersions and Metadata by itself, and hands everything else to
//! the test. It also holds the border's rules: one `Done` per operation, `Next` after every answer, no wake-up that lies in the past.
#![allow(dead_code, unreachable_pub)] // Each test binary uses its own part.
#![allow(clippy::unwrap_used)] // A stage that does not fit is a failed test.

pub mod fetch;
pub mod produce;

use bytes::Bytes;
use client_core::{Client, Config, Done, Event, Op, Record, Role, SendOutcome};
use std::collections::{BTreeMap, VecDeque};
use wire::messages::api_versions::ApiVersion;
use wire::messages::metadata::{MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic};
use wire::messages::{ApiVersionsResponse, MetadataRequest, MetadataResponse};
use wire::{
    ApiKey, ConnId, Endpoint, Input, Instant, Io, Node, Now, OpId, Output, Reason, Request, RequestHeader, Response,
    Str, Timestamp, TopicPartition, Uuid,
};

/// A request that the client sent and the test has not answered.
#[derive(Clone, Debug)]
pub struct Asked {
    pub conn: ConnId,
    pub node: i32,
    pub header: RequestHeader,
    pub request: Request,
}

/// A topic of the scripted cluster.
#[derive(Clone, Debug)]
pub struct Topic {
    pub id: Uuid,
    /// Per partition: leader and leader epoch.
    pub partitions: Vec<(i32, i32)>,
}

/// One client and the cluster that it believes in.
#[derive(Clone)]
pub struct Stage {
    pub client: Client,
    pub now_us: u64,
    pub topics: BTreeMap<String, Topic>,
    /// Highest versions that the cluster speaks, where that is not ours.
    pub versions: BTreeMap<ApiKey, i16>,
    /// Nodes that accept connections; others refuse.
    pub up: Vec<i32>,
    /// Whether Metadata is answered.
    pub describes: bool,
    pub asked: VecDeque<Asked>,
    pub metadata_requests: Vec<MetadataRequest>,
    pub dials: Vec<(u64, i32)>,
    pub events: Vec<Event>,
    pub halted: Option<Reason>,
    conns: BTreeMap<ConnId, i32>,
    deferred: VecDeque<Asked>,
    done: BTreeMap<OpId, Done>,
    pub ops: u64,
}

pub const WALL: i64 = 1_700_000_000_000;

pub fn config(settings: &[(&str, &str)]) -> Config {
    let bootstrap = [("bootstrap.servers", "node-0:9092")];
    let all = bootstrap.iter().chain(settings).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::parse(&all.collect()).unwrap()
}

pub fn topic(id: u128, leaders: &[i32]) -> Topic {
    Topic { id: Uuid(id), partitions: leaders.iter().map(|&leader| (leader, 0)).collect() }
}

pub fn tp(topic: &str, partition: i32) -> TopicPartition {
    TopicPartition { topic: Str::from(topic), partition }
}

pub fn record(value: &str) -> Record {
    Record { value: Some(Bytes::copy_from_slice(value.as_bytes())), ..Record::default() }
}

pub fn send(partition: i32, value: &str) -> Op {
    Op::Send { topic: Str::from("t"), partition: Some(partition), record: record(value) }
}

impl Stage {
    /// A client in a cluster of node 0 and node 1 with the topic `t`: partition 0 at node 0, partition 1 at node 1, 2 at node 0.
    pub fn new(role: Role, settings: &[(&str, &str)]) -> Stage {
        Stage::with(role, config(settings))
    }

    pub fn with(role: Role, config: Config) -> Stage {
        Stage {
            client: Client::open(role, config, 7),
            now_us: 1_000_000,
            topics: BTreeMap::from([("t".to_owned(), topic(1, &[0, 1, 0]))]),
            versions: BTreeMap::new(),
            up: vec![0, 1],
            describes: true,
            asked: VecDeque::new(),
            metadata_requests: Vec::new(),
            dials: Vec::new(),
            events: Vec::new(),
            halted: None,
            conns: BTreeMap::new(),
            deferred: VecDeque::new(),
            done: BTreeMap::new(),
            ops: 0,
        }
    }

    /// Another leader of a partition of `t` is elected: the node and the leader epoch.
    pub fn lead(&mut self, partition: usize, leader: (i32, i32)) {
        self.topics.get_mut("t").unwrap().partitions[partition] = leader;
    }

    /// Lets the application ask.
    pub fn op(&mut self, op: Op) -> OpId {
        self.ops += 1;
        let id = OpId(self.ops);
        self.input(Input::Op(id, op));
        id
    }

    /// Lets time pass, with every wake-up in between.
    pub fn wait(&mut self, ms: u64) {
        let end = self.now_us + ms * 1000;
        while let Some((at, _)) = self.client.next_timeout().filter(|(at, _)| at.0 <= end * 1000) {
            self.now_us = self.now_us.max(at.0.div_ceil(1000));
            self.input(Input::Timeout);
        }
        self.now_us = self.now_us.max(end);
    }

    /// How an operation ended; None if it has not.
    pub fn outcome(&self, op: OpId) -> Option<&Done> {
        self.done.get(&op)
    }

    pub fn sent(&self, op: OpId) -> Option<SendOutcome> {
        match self.outcome(op) {
            None => None,
            Some(Done::Sent(outcome)) => Some(*outcome),
            Some(other) => panic!("not a send: {other:?}"),
        }
    }

    /// The oldest request that waits for an answer.
    pub fn request(&mut self) -> Asked {
        self.asked.pop_front().expect("the client asked for something")
    }

    pub fn answer(&mut self, asked: &Asked, response: impl Into<Response>) {
        let frame = response.into().encode(asked.header.api_version, asked.header.correlation_id).unwrap();
        self.frame(asked.conn, frame);
        self.catch_up();
    }

    /// A broker answers in order: what is answered by itself waits for what the test answers.
    fn catch_up(&mut self) {
        let before = |other: &Asked, asked: &Asked| {
            other.conn == asked.conn && other.header.correlation_id < asked.header.correlation_id
        };
        let free = |asked: &Asked, waits: &VecDeque<Asked>| !waits.iter().any(|other| before(other, asked));
        while let Some(at) = self.deferred.iter().position(|asked| free(asked, &self.asked)) {
            let Some(asked) = self.deferred.remove(at) else { return };
            self.describe_to(&asked);
        }
    }

    fn describe_to(&mut self, asked: &Asked) {
        let Request::Metadata(request) = &asked.request else { return };
        self.metadata_requests.push(request.clone());
        let response = self.describe(request);
        self.answer(asked, response);
    }

    /// Delivers a frame; the client must ask for the next one, or close.
    pub fn frame(&mut self, conn: ConnId, frame: Bytes) {
        let outputs = self.raw(Input::Frame(conn, frame));
        let went_on = outputs.iter().any(|output| match output {
            Output::Next(next) => *next == conn,
            Output::Close(closed) => *closed == conn,
            _ => false,
        });
        assert!(went_on || !self.conns.contains_key(&conn), "neither Next nor Close after a frame");
        self.carry_out(outputs);
    }

    /// The connection ends; what was asked there is not answered.
    pub fn cut(&mut self, conn: ConnId) {
        self.forget(conn);
        if self.conns.remove(&conn).is_some() {
            self.input(Input::Closed(conn));
        }
    }

    fn forget(&mut self, conn: ConnId) {
        self.asked.retain(|asked| asked.conn != conn);
        self.deferred.retain(|asked| asked.conn != conn);
    }

    pub fn cut_all(&mut self) {
        for conn in self.conns.keys().copied().collect::<Vec<_>>() {
            self.cut(conn);
        }
    }

    pub fn is_open(&self, conn: ConnId) -> bool {
        self.conns.contains_key(&conn)
    }

    pub fn conns(&self) -> Vec<ConnId> {
        self.conns.keys().copied().collect()
    }

    pub fn input(&mut self, input: Input<Op>) {
        let outputs = self.raw(input);
        self.carry_out(outputs);
    }

    fn raw(&mut self, input: Input<Op>) -> Vec<Output<Client>> {
        let mut outputs = Vec::new();
        let mono = Instant(self.now_us * 1000);
        let wall = Timestamp(WALL + i64::try_from(self.now_us / 1000).unwrap());
        self.client.handle(input, &mut Io::new(Now { mono, wall }, &mut (), &mut outputs));
        assert!(self.client.next_timeout().is_none_or(|(at, _)| at > mono), "a wake-up that lies in the past");
        outputs
    }

    fn carry_out(&mut self, outputs: Vec<Output<Client>>) {
        for output in outputs {
            match output {
                Output::Dial(conn, endpoint) => self.dialled(conn, &endpoint),
                Output::Send(conn, frame) => self.received(conn, &frame),
                Output::Close(conn) => {
                    self.conns.remove(&conn);
                    self.forget(conn);
                }
                Output::Done(op, done) => {
                    assert!(op.0 <= self.ops && self.done.insert(op, done).is_none(), "{op:?} ended twice");
                }
                Output::Event(event) => self.events.push(event),
                Output::Halt(reason) => self.halted = Some(reason),
                Output::Next(_) => {}
                Output::Sync(..) | Output::Read(..) => panic!("a client has no disk"),
            }
        }
    }

    fn dialled(&mut self, conn: ConnId, endpoint: &Endpoint) {
        let node = endpoint.host.strip_prefix("node-").and_then(|n| n.parse().ok()).expect("a known host");
        self.dials.push((self.now_us, node));
        if self.up.contains(&node) {
            self.conns.insert(conn, node);
        } else {
            self.input(Input::Closed(conn));
        }
    }

    fn received(&mut self, conn: ConnId, frame: &Bytes) {
        let Some(&node) = self.conns.get(&conn) else { return };
        let (header, request) = Request::decode(frame).expect("a readable request");
        let most = self.versions.get(&ApiKey::from_key(header.api_key).unwrap()).copied();
        let asked = Asked { conn, node, header, request };
        match &asked.request {
            Request::ApiVersions(_) if most.is_some_and(|most| asked.header.api_version > most) => {
                let refusal = ApiVersionsResponse { error_code: 35, ..self.versions() };
                let frame = Response::from(refusal).encode(0, asked.header.correlation_id).unwrap();
                self.frame(conn, frame);
            }
            Request::ApiVersions(_) => {
                let versions = self.versions();
                self.answer(&asked, versions);
            }
            Request::Metadata(_) if self.describes => {
                self.deferred.push_back(asked);
                self.catch_up();
            }
            _ => self.asked.push_back(asked),
        }
    }

    fn versions(&self) -> ApiVersionsResponse {
        let version = |&api: &ApiKey| ApiVersion {
            api_key: api as i16,
            min_version: api.versions().min,
            max_version: self.versions.get(&api).copied().unwrap_or(api.versions().max),
        };
        ApiVersionsResponse { api_keys: ApiKey::ALL.iter().map(version).collect(), ..ApiVersionsResponse::default() }
    }

    pub fn describe(&self, request: &MetadataRequest) -> MetadataResponse {
        let broker = |&node: &i32| MetadataResponseBroker {
            node_id: node,
            host: Str::from(format!("node-{node}")),
            port: 9092,
            rack: None,
        };
        let wanted = request.topics.iter().flatten().filter_map(|topic| topic.name.clone());
        MetadataResponse {
            brokers: [0, 1].iter().map(broker).collect(),
            controller_id: 1,
            topics: wanted.map(|name| self.describe_topic(name)).collect(),
            ..MetadataResponse::default()
        }
    }

    fn describe_topic(&self, name: Str) -> MetadataResponseTopic {
        let Some(topic) = self.topics.get(name.as_str()) else {
            return MetadataResponseTopic { error_code: 3, name: Some(name), ..MetadataResponseTopic::default() };
        };
        let partition = |(index, &(leader_id, leader_epoch)): (i32, &(i32, i32))| MetadataResponsePartition {
            partition_index: index,
            leader_id,
            leader_epoch,
            ..MetadataResponsePartition::default()
        };
        let partitions = (0..).zip(&topic.partitions).map(partition).collect();
        MetadataResponseTopic { name: Some(name), topic_id: topic.id, partitions, ..MetadataResponseTopic::default() }
    }
}
