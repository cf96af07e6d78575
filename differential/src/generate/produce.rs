//! Producers.

use super::{Author, Topic, batch, text};
use crate::session::Step;
use wire::messages::ProduceRequest;
use wire::messages::produce::{PartitionProduceData, TopicProduceData};
use wire::records::Batch;
use wire::{ApiKey, Uuid};

impl Author {
    pub(super) fn produce(&mut self) {
        let version = self.version(ApiKey::Produce);
        let topic = self.some_topic();
        let mut topic_data = vec![self.topic_data(version, &topic)];
        match self.draw.below(12) {
            0 => topic_data.push(topic_data[0].clone()),
            1 => {
                let other = self.some_topic();
                topic_data.push(self.topic_data(version, &other));
            }
            2 if self.draw.percent(20) => topic_data.clear(),
            _ => {}
        }
        let acks = self.draw.usually(-1, &[1, 1, 0, 0, 2, -2, i16::MAX]);
        if acks == 0 {
            topic_data.iter_mut().flat_map(|topic| &mut topic.partition_data).for_each(make_whole);
        }
        let transactional_id = self.draw.percent(2).then(|| text("tx"));
        let timeout_ms = self.draw.usually(10_000, &[0, -1]);
        self.push(Step::new(version, ProduceRequest { transactional_id, acks, timeout_ms, topic_data }));
    }

    fn topic_data(&mut self, version: i16, topic: &Topic) -> TopicProduceData {
        let mut partition_data = vec![self.partition_data(topic)];
        match self.draw.below(10) {
            0 => partition_data.push(partition_data[0].clone()),
            1 | 2 => partition_data.push(self.partition_data(topic)),
            3 if self.draw.percent(20) => partition_data.clear(),
            _ => {}
        }
        let topic_id = if version >= 13 { self.some_id(topic) } else { Uuid::ZERO };
        TopicProduceData { name: text(&topic.name), topic_id, partition_data }
    }

    fn partition_data(&mut self, topic: &Topic) -> PartitionProduceData {
        PartitionProduceData { index: self.some_partition(topic), records: batch::record_set(&mut self.draw) }
    }
}

/// Kafka 4.3 forgets a connection whose acks=0 request carries anything but one whole batch of magic 2: it neither closes nor reads on.
fn make_whole(data: &mut PartitionProduceData) {
    if data.records.clone().and_then(Batch::parse).is_none() {
        data.records = Some(batch::plain());
    }
}
