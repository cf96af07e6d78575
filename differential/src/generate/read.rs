//! Consumers: fetches, offsets, epochs; and what reads everything back at the end.

use super::{Author, Topic, text};
use crate::session::{FETCH_SESSION, Step};
use wire::messages::delete_topics::DeleteTopicState;
use wire::messages::fetch::{FetchPartition, FetchTopic, ForgottenTopic};
use wire::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use wire::messages::metadata::MetadataRequestTopic;
use wire::messages::offset_for_leader_epoch::{OffsetForLeaderPartition, OffsetForLeaderTopic};
use wire::messages::{
    DeleteTopicsRequest, FetchRequest, ListOffsetsRequest, MetadataRequest, OffsetForLeaderEpochRequest,
};
use wire::{ApiKey, Uuid};

/// Versions of what reads back, with topic ids where there are any.
const FETCH: i16 = 17;
const LIST_OFFSETS: i16 = 8;
const METADATA: i16 = 12;
const DELETE_TOPICS: i16 = 6;

impl Author {
    pub(super) fn fetch(&mut self) {
        let version = self.version(ApiKey::Fetch);
        let topic = self.some_topic();
        let mut topics = vec![self.fetch_topic(version, &topic)];
        match self.draw.below(10) {
            0 => topics.push(topics[0].clone()),
            1 | 2 => {
                let other = self.some_topic();
                topics.push(self.fetch_topic(version, &other));
            }
            3 if self.draw.percent(30) => topics.clear(),
            _ => {}
        }
        let no_session = (0, -1);
        let session = self.draw.usually(no_session, &[no_session, (0, 0), (77, 5), (77, -1), (0, 3)]);
        let (session_id, session_epoch) = if version >= 7 { session } else { no_session };
        let forgotten = ForgottenTopic { topic: text(&topic.name), topic_id: Uuid::ZERO, partitions: vec![0] };
        let forget = version >= 7 && self.draw.percent(3);
        let request = FetchRequest {
            max_wait_ms: self.draw.usually(0, &[10, 30, -1]),
            min_bytes: self.draw.usually(1, &[0, 10, 1000, -1]),
            max_bytes: self.draw.usually(1 << 20, &[0, 1, 70, 300, i32::MAX]),
            isolation_level: self.draw.usually(0, &[1, 1, 2]),
            session_id,
            session_epoch,
            forgotten_topics_data: if forget { vec![forgotten] } else { vec![] },
            topics,
            ..FetchRequest::default()
        };
        self.push(Step::new(version, request));
    }

    /// A fetch session (KIP-227): opened, gone on with, and now and then asked for what it is not.
    pub(super) fn fetch_in_session(&mut self) {
        let version = self.version(ApiKey::Fetch).max(7);
        let topic = self.some_topic();
        let (mut id, mut epoch) = (0, 0);
        for _ in 0..2 + self.draw.below(5) {
            let names = epoch == 0 || self.draw.percent(40);
            let topics = if names { vec![self.fetch_topic(version, &topic)] } else { vec![] };
            let of = if version >= 13 { (text(""), topic.id()) } else { (text(&topic.name), Uuid::ZERO) };
            let partitions = vec![self.some_partition(&topic)];
            let forgotten = ForgottenTopic { topic: of.0, topic_id: of.1, partitions };
            let request = FetchRequest {
                max_wait_ms: self.draw.usually(0, &[10]),
                min_bytes: 1,
                max_bytes: 1 << 20,
                session_id: id,
                session_epoch: self.draw.usually(epoch, &[epoch, epoch + 1, -2]),
                forgotten_topics_data: if epoch > 0 && self.draw.percent(15) { vec![forgotten] } else { vec![] },
                topics,
                ..FetchRequest::default()
            };
            let version = self.draw.usually(version, &[version, 12, 13]);
            self.push(Step::new(version, request));
            (id, epoch) = (FETCH_SESSION, epoch + 1);
            if self.draw.percent(30) {
                self.produce();
            }
        }
    }

    fn fetch_topic(&mut self, version: i16, topic: &Topic) -> FetchTopic {
        let mut partitions = vec![self.fetch_partition(version, topic)];
        match self.draw.below(8) {
            0 => partitions.push(partitions[0].clone()),
            1 | 2 => partitions.push(self.fetch_partition(version, topic)),
            _ => {}
        }
        let topic_id = if version >= 13 { self.some_id(topic) } else { Uuid::ZERO };
        FetchTopic { topic: text(&topic.name), topic_id, partitions }
    }

    fn fetch_partition(&mut self, version: i16, topic: &Topic) -> FetchPartition {
        let near = self.draw.below(12) as i64;
        FetchPartition {
            partition: self.some_partition(topic),
            current_leader_epoch: self.some_epoch(),
            fetch_offset: self.draw.usually(near, &[0, 0, -1, -2, 1000, i64::MAX, i64::MIN]),
            last_fetched_epoch: if version >= 12 { self.draw.usually(-1, &[0, 5]) } else { -1 },
            partition_max_bytes: self.draw.usually(1 << 20, &[0, 1, 70, 200, -1, i32::MAX]),
            ..FetchPartition::default()
        }
    }

    pub(super) fn list_offsets(&mut self) {
        let version = self.version(ApiKey::ListOffsets);
        let topic = self.some_topic();
        let mut asked = ListOffsetsTopic { name: text(&topic.name), partitions: vec![] };
        for _ in 0..1 + self.draw.below(3) {
            let near = 1_700_000_000_000 + self.draw.below(1_000_000) as i64;
            let timestamps = [-1, -2, -1, -2, -3, -4, -5, -6, -7, 0, near, near, i64::MAX, i64::MIN];
            asked.partitions.push(ListOffsetsPartition {
                partition_index: self.some_partition(&topic),
                current_leader_epoch: self.some_epoch(),
                timestamp: self.draw.pick(&timestamps),
            });
        }
        let topics = vec![asked; if self.draw.percent(5) { 2 } else { 1 }];
        let isolation_level = if version >= 2 { self.draw.usually(0, &[1, 2, -1]) } else { 0 };
        let replica_id = self.draw.usually(-1, &[-2, 1, 9]);
        let request = ListOffsetsRequest { replica_id, isolation_level, topics, timeout_ms: 10_000 };
        self.push(Step::new(version, request));
    }

    pub(super) fn offset_for_leader_epoch(&mut self) {
        let version = self.version(ApiKey::OffsetForLeaderEpoch);
        let topic = self.some_topic();
        let mut asked = OffsetForLeaderTopic { topic: text(&topic.name), partitions: vec![] };
        for _ in 0..1 + self.draw.below(2) {
            asked.partitions.push(OffsetForLeaderPartition {
                partition: self.some_partition(&topic),
                current_leader_epoch: self.some_epoch(),
                leader_epoch: self.draw.usually(0, &[1, 9, -1, -2, i32::MAX]),
            });
        }
        let topics = vec![asked; if self.draw.percent(5) { 2 } else { 1 }];
        let replica_id = self.draw.usually(-1, &[-2]);
        self.push(Step::new(version, OffsetForLeaderEpochRequest { replica_id, topics }));
    }

    /// Everything that the session's topics hold, and then their end.
    pub(super) fn read_back(&mut self) {
        for topic in self.topics.clone() {
            let name = text(&topic.name);
            let topics = Some(vec![MetadataRequestTopic { name: Some(name.clone()), topic_id: Uuid::ZERO }]);
            let request = MetadataRequest { topics, allow_auto_topic_creation: false, ..MetadataRequest::default() };
            self.push(Step::new(METADATA, request));
            for partition in 0..topic.partitions {
                self.read_partition(&topic, partition);
            }
        }
        for name in std::mem::take(&mut self.asked) {
            let topics = vec![DeleteTopicState { name: Some(name), topic_id: Uuid::ZERO }];
            let request = DeleteTopicsRequest { topics, timeout_ms: 30_000, ..DeleteTopicsRequest::default() };
            self.push(Step::new(DELETE_TOPICS, request));
        }
    }

    fn read_partition(&mut self, topic: &Topic, partition_index: i32) {
        let name = text(&topic.name);
        for timestamp in [-1, -2, -3] {
            let asked = ListOffsetsPartition { partition_index, timestamp, current_leader_epoch: -1 };
            let topics = vec![ListOffsetsTopic { name: name.clone(), partitions: vec![asked] }];
            let request = ListOffsetsRequest { replica_id: -1, topics, ..ListOffsetsRequest::default() };
            self.push(Step::new(LIST_OFFSETS, request));
        }
        let partition_max_bytes = 64 << 20;
        let everything =
            FetchPartition { partition: partition_index, partition_max_bytes, ..FetchPartition::default() };
        let topics = vec![FetchTopic { topic: name, topic_id: topic.id(), partitions: vec![everything] }];
        let request = FetchRequest { max_bytes: partition_max_bytes, topics, ..FetchRequest::default() };
        self.push(Step::new(FETCH, request));
    }
}
