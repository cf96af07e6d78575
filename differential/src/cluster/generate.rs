//! Draws sessions: topics on replicas that are named, clients that ask leaders and others, a node that goes and comes back, twice
//! perhaps; and at the end everything is read back.
//!
//! Left out, because only timing would decide: writes with acks=1 that a dying leader takes with it, two nodes away at once (of three
//! voters the last one leads nobody), replicas that the controller places itself.

use super::act::{Act, Fault, Target};
use crate::draw::Draw;
use crate::generate::batch;
use crate::session::{Step, symbol};
use wire::messages::create_topics::{CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig};
use wire::messages::delete_topics::DeleteTopicState;
use wire::messages::describe_topic_partitions::TopicRequest;
use wire::messages::fetch::{FetchPartition, FetchTopic};
use wire::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use wire::messages::metadata::MetadataRequestTopic;
use wire::messages::offset_for_leader_epoch::{OffsetForLeaderPartition, OffsetForLeaderTopic};
use wire::messages::produce::{PartitionProduceData, TopicProduceData};
use wire::messages::{
    CreateTopicsRequest, DeleteTopicsRequest, DescribeClusterRequest, DescribeTopicPartitionsRequest, FetchRequest,
    ListOffsetsRequest, MetadataRequest, OffsetForLeaderEpochRequest, ProduceRequest,
};
use wire::{ApiKey, Request, Str, Uuid};

/// How long a write waits for its replicas: longer than the controller takes to give one up.
const PATIENT_MS: i32 = 60_000;
/// How long a request to create or delete waits.
const ADMIN_MS: i32 = 30_000;
/// Versions of what reads back.
const FETCH: i16 = 17;
const LIST_OFFSETS: i16 = 8;

/// A topic of the session.
#[derive(Clone, Debug)]
struct Topic {
    name: String,
    partitions: i32,
    incarnation: u32,
}

/// Writes one session.
struct Author {
    seed: u64,
    draw: Draw,
    topics: Vec<Topic>,
    acts: Vec<Act>,
}

/// The session of a seed.
#[must_use]
pub fn session(seed: u64) -> Vec<Act> {
    let mut author = Author { seed, draw: Draw::new(seed, 3), topics: vec![], acts: vec![] };
    for _ in 0..2 + author.draw.below(2) {
        author.create();
    }
    author.traffic(6);
    let strikes = if author.draw.percent(30) { 2 } else { 1 };
    for _ in 0..strikes {
        author.trouble();
    }
    author.read_back();
    author.acts
}

impl Author {
    /// A node goes, clients go on, it comes back.
    fn trouble(&mut self) {
        let fault = self.draw.pick(&[Fault::Kill, Fault::Pause, Fault::Shutdown]);
        let (topic, partition) = self.somewhere();
        let victim = match self.draw.below(4) {
            0 | 1 => Target::Leader(topic.name.clone(), partition),
            2 => Target::Other(topic.name.clone(), partition, 0),
            // The active controller, at least the first time.
            _ => Target::Node(1),
        };
        let follower = matches!(victim, Target::Other(..));
        self.acts.push(Act::Strike(victim, fault));
        if follower && self.draw.percent(50) {
            // It is in sync until the controller, or itself, says that it is gone.
            let patient = self.produce_to(&topic, partition, -1);
            self.ask(Target::Leader(topic.name.clone(), partition), patient);
        }
        self.acts.push(Act::Settle);
        self.traffic(6);
        if self.draw.percent(30) {
            self.create();
        }
        if self.draw.percent(25) {
            self.create_again();
        }
        self.acts.push(Act::Recover);
        self.acts.push(Act::Settle);
        self.traffic(6);
    }

    fn traffic(&mut self, most: usize) {
        for _ in 0..3 + self.draw.below(most) {
            self.act();
        }
    }

    fn act(&mut self) {
        let (topic, partition) = self.somewhere();
        let step = match self.draw.below(100) {
            0..45 => {
                let acks = self.draw.usually(-1, &[1, 1, 0]);
                self.produce_to(&topic, partition, acks)
            }
            45..65 => self.fetch(&topic, partition),
            65..75 => self.list_offsets(&topic, partition),
            75..84 => self.offset_for_leader_epoch(&topic, partition),
            84..89 => self.metadata(&topic),
            89..94 => self.describe(&topic),
            94..97 => Step::new(
                2,
                DescribeClusterRequest { endpoint_type: 1, include_fenced_brokers: true, ..Default::default() },
            ),
            _ => self.create_wrongly(),
        };
        let leader = Target::Leader(topic.name.clone(), partition);
        let other = Target::Other(topic.name.clone(), partition, self.draw.below(2));
        let target = match step.api() {
            ApiKey::Metadata | ApiKey::DescribeTopicPartitions | ApiKey::DescribeCluster | ApiKey::CreateTopics => {
                other
            }
            _ => self.draw.usually(leader, &[other]),
        };
        self.ask(target, step);
    }

    fn ask(&mut self, target: Target, step: Step) {
        // A version may have no field for what is to be said.
        if step.frame(0).is_ok() {
            self.acts.push(Act::Ask(target, step));
        }
    }

    fn somewhere(&mut self) -> (Topic, i32) {
        let topic = self.draw.pick(&self.topics);
        let partition = self.draw.below(topic.partitions as usize) as i32;
        (topic, partition)
    }

    fn create(&mut self) {
        let name = format!("c{:x}-{}", self.seed, self.topics.len() + 1);
        let topic = Topic { name, partitions: 1 + self.draw.below(2) as i32, incarnation: 1 };
        self.topics.push(topic.clone());
        self.create_topic(&topic);
    }

    fn create_topic(&mut self, topic: &Topic) {
        let factor = self.draw.pick(&[1, 2, 2, 3, 3, 3]);
        let assign =
            |partition_index| CreatableReplicaAssignment { partition_index, broker_ids: self.replicas(factor) };
        let assignments = (0..topic.partitions).map(assign).collect();
        let configs = self.configs();
        let asked = CreatableTopic { configs, ..assigned(&topic.name, assignments) };
        self.ask_to_create(asked);
    }

    fn ask_to_create(&mut self, topic: CreatableTopic) {
        let version = self.version(ApiKey::CreateTopics);
        let node = 2 + self.draw.below(2) as i32;
        let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: ADMIN_MS, validate_only: false };
        self.ask(Target::Node(node), Step::new(version, request));
    }

    fn replicas(&mut self, factor: usize) -> Vec<i32> {
        let mut nodes = vec![1, 2, 3];
        (0..factor).map(|_| nodes.remove(self.draw.below(nodes.len()))).collect()
    }

    fn configs(&mut self) -> Vec<CreatableTopicConfig> {
        let least = self.draw.pick(&["1", "1", "2", "2", "3"]);
        let mut configs = vec![config("min.insync.replicas", least)];
        if self.draw.percent(15) {
            configs.push(config("unclean.leader.election.enable", "true"));
        }
        configs
    }

    /// The same topic by name, and another one by id.
    fn create_again(&mut self) {
        let place = self.draw.below(self.topics.len());
        self.delete(&self.topics[place].clone());
        self.topics[place].incarnation += 1;
        self.create_topic(&self.topics[place].clone());
    }

    fn delete(&mut self, topic: &Topic) {
        let topics = vec![DeleteTopicState { name: Some(text(&topic.name)), topic_id: Uuid::ZERO }];
        let request = DeleteTopicsRequest { topics, timeout_ms: ADMIN_MS, ..DeleteTopicsRequest::default() };
        self.ask(Target::Other(topic.name.clone(), 0, 0), Step::new(6, request));
    }

    /// What no cluster of three can do, or none should.
    fn create_wrongly(&mut self) -> Step {
        let name = format!("c{:x}-wrong", self.seed);
        let to =
            |partition_index, ids: &[i32]| CreatableReplicaAssignment { partition_index, broker_ids: ids.to_vec() };
        let plain = CreatableTopic { name: text(&name), num_partitions: 1, ..CreatableTopic::default() };
        let topic = match self.draw.below(5) {
            0 => CreatableTopic { replication_factor: 4, ..plain },
            1 => assigned(&name, vec![to(0, &[1, 9])]),
            2 => assigned(&name, vec![to(0, &[2, 2])]),
            3 => assigned(&name, vec![to(0, &[1, 2]), to(1, &[3])]),
            _ => assigned(&name, vec![to(1, &[1, 2])]),
        };
        let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: ADMIN_MS, validate_only: true };
        Step::new(self.version(ApiKey::CreateTopics), request)
    }

    fn produce_to(&mut self, topic: &Topic, index: i32, acks: i16) -> Step {
        let version = self.version(ApiKey::Produce);
        let records = Some(batch::sound(&mut self.draw));
        let topic_id = if version >= 13 { topic.id() } else { Uuid::ZERO };
        let partition_data = vec![PartitionProduceData { index, records }];
        let topic_data = vec![TopicProduceData { name: text(&topic.name), topic_id, partition_data }];
        Step::new(version, ProduceRequest { acks, timeout_ms: PATIENT_MS, topic_data, ..ProduceRequest::default() })
    }

    fn fetch(&mut self, topic: &Topic, partition: i32) -> Step {
        let version = self.version(ApiKey::Fetch);
        let near = self.draw.below(12) as i64;
        let entry = FetchPartition {
            partition,
            current_leader_epoch: self.some_epoch(),
            fetch_offset: self.draw.usually(near, &[0, 0, 1000]),
            last_fetched_epoch: if version >= 12 { self.draw.usually(-1, &[0, 0, 1, 2, 9]) } else { -1 },
            partition_max_bytes: 1 << 20,
            ..FetchPartition::default()
        };
        let topic_id = if version >= 13 { topic.id() } else { Uuid::ZERO };
        let topics = vec![FetchTopic { topic: text(&topic.name), topic_id, partitions: vec![entry] }];
        let isolation_level = if version >= 4 { self.draw.usually(0, &[1]) } else { 0 };
        let request = FetchRequest { max_bytes: 1 << 20, min_bytes: 1, isolation_level, topics, ..Default::default() };
        Step::new(version, request)
    }

    fn list_offsets(&mut self, topic: &Topic, partition_index: i32) -> Step {
        let version = self.version(ApiKey::ListOffsets);
        let near = 1_700_000_000_000 + self.draw.below(1_000_000) as i64;
        let timestamp = self.draw.pick(&[-1, -1, -2, -3, near]);
        let asked = ListOffsetsPartition { partition_index, current_leader_epoch: self.some_epoch(), timestamp };
        let topics = vec![ListOffsetsTopic { name: text(&topic.name), partitions: vec![asked] }];
        let replica_id = self.draw.usually(-1, &[-2]);
        Step::new(version, ListOffsetsRequest { replica_id, topics, timeout_ms: ADMIN_MS, ..Default::default() })
    }

    fn offset_for_leader_epoch(&mut self, topic: &Topic, partition: i32) -> Step {
        let version = self.version(ApiKey::OffsetForLeaderEpoch);
        let leader_epoch = self.draw.pick(&[0, 0, 1, 1, 2, 3, 9]);
        let current_leader_epoch = self.some_epoch();
        Step::new(version, epoch_end(topic, partition, current_leader_epoch, leader_epoch))
    }

    fn metadata(&mut self, topic: &Topic) -> Step {
        let version = self.version(ApiKey::Metadata).max(4);
        let topics = Some(vec![MetadataRequestTopic { name: Some(text(&topic.name)), topic_id: Uuid::ZERO }]);
        let request = MetadataRequest { topics, allow_auto_topic_creation: false, ..MetadataRequest::default() };
        Step::new(version, request)
    }

    fn describe(&mut self, topic: &Topic) -> Step {
        let topics = vec![TopicRequest { name: text(&topic.name) }];
        Step::new(0, DescribeTopicPartitionsRequest { topics, ..DescribeTopicPartitionsRequest::default() })
    }

    /// Mostly what a session gets to; stale or from the future as often as not.
    fn some_epoch(&mut self) -> i32 {
        self.draw.pick(&[-1, -1, 0, 0, 1, 1, 2, 3, 9])
    }

    fn version(&mut self, api: ApiKey) -> i16 {
        self.draw.version(api.versions())
    }

    /// Everything that every replica holds, where epochs end, and then the topics' end.
    fn read_back(&mut self) {
        self.acts.push(Act::Settle);
        for topic in self.topics.clone() {
            for partition in 0..topic.partitions {
                self.read_partition(&topic, partition);
            }
        }
        for topic in self.topics.clone() {
            self.delete(&topic);
        }
    }

    fn read_partition(&mut self, topic: &Topic, partition: i32) {
        let leader = Target::Leader(topic.name.clone(), partition);
        for timestamp in [-1, -2, -3] {
            let asked = ListOffsetsPartition { partition_index: partition, timestamp, current_leader_epoch: -1 };
            let topics = vec![ListOffsetsTopic { name: text(&topic.name), partitions: vec![asked] }];
            let request = ListOffsetsRequest { replica_id: -1, topics, ..ListOffsetsRequest::default() };
            self.ask(leader.clone(), Step::new(LIST_OFFSETS, request));
        }
        for leader_epoch in 0..4 {
            self.ask(leader.clone(), Step::new(4, epoch_end(topic, partition, -1, leader_epoch)));
        }
        let partition_max_bytes = 1 << 20;
        let everything = FetchPartition { partition, partition_max_bytes, ..FetchPartition::default() };
        let topics = vec![FetchTopic { topic: text(&topic.name), topic_id: topic.id(), partitions: vec![everything] }];
        let request: Request = FetchRequest { max_bytes: partition_max_bytes, topics, ..Default::default() }.into();
        let others = (0..2).map(|nth| Target::Other(topic.name.clone(), partition, nth));
        for target in std::iter::once(leader).chain(others) {
            self.ask(target, Step::new(FETCH, request.clone()));
        }
    }
}

impl Topic {
    fn id(&self) -> Uuid {
        symbol(&self.name, self.incarnation)
    }
}

fn assigned(name: &str, assignments: Vec<CreatableReplicaAssignment>) -> CreatableTopic {
    let (num_partitions, replication_factor) = (-1, -1);
    CreatableTopic { name: text(name), num_partitions, replication_factor, assignments, ..CreatableTopic::default() }
}

fn epoch_end(
    topic: &Topic,
    partition: i32,
    current_leader_epoch: i32,
    leader_epoch: i32,
) -> OffsetForLeaderEpochRequest {
    let asked = OffsetForLeaderPartition { partition, current_leader_epoch, leader_epoch };
    let topics = vec![OffsetForLeaderTopic { topic: text(&topic.name), partitions: vec![asked] }];
    OffsetForLeaderEpochRequest { replica_id: -1, topics }
}

fn config(name: &str, value: &str) -> CreatableTopicConfig {
    CreatableTopicConfig { name: text(name), value: Some(text(value)) }
}

fn text(text: &str) -> Str {
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn sessions_strike_everybody_in_every_way_and_always_bring_them_back() {
        let (mut struck, mut apis) = (BTreeSet::new(), BTreeSet::new());
        for seed in 0..100 {
            let mut away = false;
            for act in session(seed) {
                match act {
                    Act::Ask(_, step) => {
                        apis.insert(step.api().name());
                    }
                    Act::Strike(target, fault) => {
                        assert!(!away, "one at a time");
                        away = true;
                        struck.insert((format!("{target:?}").split('(').next().map(str::to_owned), fault as u8));
                    }
                    Act::Recover => away = false,
                    Act::Settle => {}
                }
            }
            assert!(!away);
        }
        assert_eq!(struck.len(), 9, "leader, other and controller in three ways: {struck:?}");
        assert_eq!(apis.len(), 9, "{apis:?}");
    }
}
