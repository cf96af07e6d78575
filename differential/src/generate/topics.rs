//! Topics: created, deleted, described.

use super::{Author, Topic, text};
use crate::session::Step;
use wire::messages::create_topics::{CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig};
use wire::messages::delete_topics::DeleteTopicState;
use wire::messages::describe_topic_partitions::{Cursor, TopicRequest};
use wire::messages::metadata::MetadataRequestTopic;
use wire::messages::{CreateTopicsRequest, DeleteTopicsRequest, DescribeTopicPartitionsRequest, MetadataRequest};
use wire::{ApiKey, Str, Uuid};

const GOOD_CONFIGS: [(&str, &str); 16] = [
    ("cleanup.policy", "compact"),
    ("cleanup.policy", "delete"),
    ("cleanup.policy", "compact,delete"),
    ("message.timestamp.type", "LogAppendTime"),
    ("message.timestamp.type", "CreateTime"),
    ("max.message.bytes", "200"),
    ("max.message.bytes", "100000"),
    ("segment.bytes", "1048576"),
    ("index.interval.bytes", "64"),
    ("retention.ms", "-1"),
    ("retention.bytes", "100000000"),
    ("min.insync.replicas", "1"),
    ("flush.messages", "1"),
    ("compression.type", "producer"),
    ("message.timestamp.after.max.ms", "1000"),
    ("message.timestamp.before.max.ms", "9223372036854775807"),
];

const BAD_CONFIGS: [(&str, Option<&str>); 16] = [
    ("no.such.config", Some("1")),
    ("", Some("1")),
    ("retention.ms", Some("soon")),
    ("retention.ms", Some("-2")),
    ("retention.ms", None),
    ("retention.ms", Some("")),
    ("segment.bytes", Some("1")),
    ("segment.bytes", Some("99999999999")),
    ("cleanup.policy", Some("shred")),
    ("cleanup.policy", Some("")),
    ("max.message.bytes", Some("-1")),
    ("compression.type", Some("rar")),
    ("message.timestamp.type", Some("logappendtime")),
    ("min.insync.replicas", Some("0")),
    ("min.cleanable.dirty.ratio", Some("2.0")),
    ("unclean.leader.election.enable", Some("maybe")),
];

impl Author {
    /// A topic that nobody has made yet.
    pub(super) fn new_topic(&mut self) -> CreatableTopic {
        self.named += 1;
        let separator = self.draw.pick(&["-", "-", "-", "_", "."]);
        let name = text(&format!("d{:x}{separator}{}", self.seed, self.named));
        let num_partitions = self.draw.usually(1, &[2, 3, 4, -1]);
        let configs = if self.draw.percent(45) { self.good_configs() } else { vec![] };
        let replication_factor = self.draw.pick(&[1, 1, -1]);
        CreatableTopic { name, num_partitions, replication_factor, assignments: vec![], configs }
    }

    fn good_configs(&mut self) -> Vec<CreatableTopicConfig> {
        let mut configs: Vec<CreatableTopicConfig> = Vec::new();
        for _ in 0..1 + self.draw.below(2) {
            let (name, value) = self.draw.pick(&GOOD_CONFIGS);
            if configs.iter().all(|config| config.name != name) {
                configs.push(config(name, Some(value)));
            }
        }
        configs
    }

    /// Asks for new topics, and believes that they come to be.
    pub(super) fn create(&mut self, topics: Vec<CreatableTopic>) {
        for topic in &topics {
            let partitions = topic.num_partitions.max(1);
            self.topics.push(Topic { name: topic.name.to_string(), partitions, incarnation: 1 });
        }
        self.ask_for(topics);
    }

    pub(super) fn create_something(&mut self) {
        let mut topic = self.new_topic();
        match self.draw.below(12) {
            0 | 1 => return self.create(vec![topic]),
            2 => topic.name = text(&self.strange_name()),
            3 => topic.num_partitions = self.draw.pick(&[0, -2, i32::MIN]),
            4 => topic.replication_factor = self.draw.pick(&[0, -2, 2, 9, i16::MAX]),
            5 => {
                let (name, value) = self.draw.pick(&BAD_CONFIGS);
                topic.configs = vec![config(name, value)];
            }
            6 => topic.configs = vec![config("retention.ms", Some("1000")), config("retention.ms", Some("2000"))],
            7 => self.assign(&mut topic),
            8 => topic.name = self.topics.last().map_or(topic.name, |existing| text(&existing.name)),
            9 => topic.name = self.colliding(),
            10 => return self.create_several(topic),
            _ => {
                let version = self.version(ApiKey::CreateTopics);
                let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: 30_000, validate_only: true };
                return self.push(Step::new(version, request));
            }
        }
        self.ask_for(vec![topic]);
    }

    /// A request whose topics the session does not count on.
    fn ask_for(&mut self, topics: Vec<CreatableTopic>) {
        self.asked.extend(topics.iter().map(|topic| topic.name.clone()));
        let version = self.version(ApiKey::CreateTopics);
        self.push(Step::new(version, CreateTopicsRequest { topics, timeout_ms: 30_000, validate_only: false }));
    }

    fn create_several(&mut self, topic: CreatableTopic) {
        let other = self.new_topic();
        match self.draw.below(4) {
            0 => self.ask_for(vec![]),
            1 => self.ask_for(vec![topic.clone(), topic]),
            2 => self.ask_for(vec![topic.clone(), CreatableTopic { num_partitions: 2, ..topic }]),
            _ => self.create(vec![topic, other]),
        }
    }

    fn assign(&mut self, topic: &mut CreatableTopic) {
        let to = |partition_index, broker_ids| CreatableReplicaAssignment { partition_index, broker_ids };
        (topic.num_partitions, topic.replication_factor) = self.draw.usually((-1, -1), &[(2, 1), (-1, 1), (1, -1)]);
        topic.assignments = match self.draw.below(7) {
            0 => vec![to(0, vec![1])],
            1 => vec![to(0, vec![1]), to(1, vec![1])],
            2 => vec![to(0, vec![7])],
            3 => vec![to(0, vec![])],
            4 => vec![to(0, vec![1, 1])],
            5 => vec![to(1, vec![1])],
            _ => vec![to(0, vec![1]), to(0, vec![1])],
        };
    }

    /// A name that Kafka cannot tell from an existing one in the names of its metrics.
    fn colliding(&mut self) -> Str {
        let name = self.topics.first().map_or("a.b", |topic| &topic.name);
        if name.contains('.') { text(&name.replace('.', "_")) } else { text(&name.replace('_', ".")) }
    }

    pub(super) fn delete_something(&mut self) {
        let version = self.version(ApiKey::DeleteTopics);
        let topic = self.some_topic();
        let by_id = version >= 6 && self.draw.percent(50);
        let state = DeleteTopicState {
            name: (!by_id).then(|| text(&topic.name)),
            topic_id: if by_id { self.some_id(&topic) } else { self.draw.usually(Uuid::ZERO, &[topic.id()]) },
        };
        let times = if self.draw.percent(15) { 2 } else { 1 };
        let topics = vec![state; if version >= 6 { times } else { 0 }];
        let topic_names = vec![text(&topic.name); if version >= 6 { 0 } else { times }];
        self.push(Step::new(version, DeleteTopicsRequest { topics, topic_names, timeout_ms: 30_000 }));
        if self.draw.percent(60) {
            self.create_again(&topic);
        }
    }

    fn create_again(&mut self, topic: &Topic) {
        let Some(known) = self.topics.iter_mut().find(|known| known.name == topic.name) else { return };
        known.incarnation += 1;
        let (name, num_partitions) = (text(&known.name), known.partitions);
        self.ask_for(vec![CreatableTopic { name, num_partitions, replication_factor: 1, ..CreatableTopic::default() }]);
    }

    pub(super) fn metadata(&mut self) {
        let version = self.version(ApiKey::Metadata);
        let (topic, other) = (self.some_topic(), self.some_topic());
        let by_id = version >= 12 && self.draw.percent(40);
        let ask = |author: &mut Author, topic: &Topic| MetadataRequestTopic {
            topic_id: if by_id { author.some_id(topic) } else { Uuid::ZERO },
            name: (!by_id).then(|| text(&topic.name)),
        };
        let topics = match self.draw.below(6) {
            // Version 0 takes an empty list for all topics of the cluster, those of other sessions included.
            0 if version > 0 => vec![],
            1 => vec![ask(self, &topic), ask(self, &other)],
            2 => vec![ask(self, &topic), ask(self, &topic)],
            _ => vec![ask(self, &topic)],
        };
        let allow_auto_topic_creation = version < 4 || self.draw.percent(10);
        if allow_auto_topic_creation {
            self.asked.extend(topics.iter().filter_map(|topic| topic.name.clone()));
        }
        let request = MetadataRequest {
            topics: Some(topics),
            allow_auto_topic_creation,
            include_cluster_authorized_operations: (8..=10).contains(&version) && self.draw.percent(20),
            include_topic_authorized_operations: version >= 8 && self.draw.percent(20),
        };
        self.push(Step::new(version, request));
    }

    pub(super) fn describe_topic_partitions(&mut self) {
        let (topic, other) = (self.some_topic(), self.some_topic());
        let ask = |topic: &Topic| TopicRequest { name: text(&topic.name) };
        let several = [vec![ask(&topic), ask(&topic)], vec![ask(&other), ask(&topic)]];
        let topics = self.draw.usually(vec![ask(&topic)], &several);
        let at = Cursor { topic_name: text(&topic.name), partition_index: self.draw.pick(&[0, 1, 5, -1]) };
        let cursor = self.draw.usually(None, &[Some(at)]);
        let response_partition_limit = self.draw.usually(2000, &[1, 0, -1]);
        self.push(Step::new(0, DescribeTopicPartitionsRequest { topics, response_partition_limit, cursor }));
    }
}

fn config(name: &str, value: Option<&str>) -> CreatableTopicConfig {
    CreatableTopicConfig { name: text(name), value: value.map(text) }
}
