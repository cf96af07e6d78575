//! Producing on the stage: what a produce request holds, and how to answer it.

use super::{Asked, Stage};
use wire::messages::ProduceResponse;
use wire::messages::produce::{PartitionProduceResponse, TopicProduceResponse};
use wire::records::Batch;
use wire::{Request, Str, Uuid};

/// A produce request, partition by partition: index and values.
pub fn produced(asked: &Asked) -> Vec<(i32, Vec<String>)> {
    let Request::Produce(request) = &asked.request else { panic!("not a produce request: {asked:?}") };
    let partitions = request.topic_data.iter().flat_map(|topic| &topic.partition_data);
    partitions.map(|one| (one.index, values(one.records.clone().unwrap()))).collect()
}

pub fn values(batch: bytes::Bytes) -> Vec<String> {
    let batch = Batch::parse(batch).expect("one whole batch");
    assert!(batch.is_valid());
    let value = |record: wire::records::Record| String::from_utf8(record.value.unwrap().to_vec()).unwrap();
    batch.records(1 << 20).unwrap().map(|record| value(record.unwrap())).collect()
}

/// An answer to a produce request with the same error and base offset for every partition.
pub fn answer(asked: &Asked, error_code: i16, base_offset: i64) -> ProduceResponse {
    let Request::Produce(request) = &asked.request else { panic!("not a produce request: {asked:?}") };
    let responses = request.topic_data.iter().map(|topic| TopicProduceResponse {
        name: topic.name.clone(),
        topic_id: topic.topic_id,
        partition_responses: topic
            .partition_data
            .iter()
            .map(|one| PartitionProduceResponse { index: one.index, error_code, base_offset, ..Default::default() })
            .collect(),
    });
    ProduceResponse { responses: responses.collect(), ..ProduceResponse::default() }
}

impl Stage {
    /// The next produce request.
    pub fn produce(&mut self) -> (Asked, Vec<(i32, Vec<String>)>) {
        let asked = self.request();
        let content = produced(&asked);
        (asked, content)
    }

    /// Answers the next produce request, and says what it held.
    pub fn take_produce(&mut self, error: i16, base_offset: i64) -> Vec<(i32, Vec<String>)> {
        let (asked, content) = self.produce();
        let response = answer(&asked, error, base_offset);
        self.answer(&asked, response);
        content
    }
}

/// The topic's name and id as a produce request has them.
pub fn names(asked: &Asked) -> Vec<(Str, Uuid)> {
    let Request::Produce(request) = &asked.request else { panic!("not a produce request: {asked:?}") };
    request.topic_data.iter().map(|topic| (topic.name.clone(), topic.topic_id)).collect()
}
