//! Nanoseconds per message for the frames that a run is made of. `cargo bench -p wire --bench codec`.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, clippy::unwrap_used)]

use bytes::Bytes;
use std::hint::black_box;
use std::time::Instant;
use wire::messages::fetch::{FetchPartition, FetchTopic, FetchableTopicResponse, PartitionData};
use wire::messages::metadata::{MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic};
use wire::messages::produce::{PartitionProduceData, PartitionProduceResponse, TopicProduceData, TopicProduceResponse};
use wire::messages::{FetchRequest, FetchResponse, MetadataResponse, ProduceRequest, ProduceResponse};
use wire::metadata::{MetadataRecord, PartitionChangeRecord};
use wire::{ApiKey, Request, RequestHeader, Response, Uuid};

const ROUNDS: u32 = 200_000;

/// The mean over many rounds, and the best of five such means.
fn measure(name: &str, bytes: usize, mut work: impl FnMut()) {
    let mean = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        (0..ROUNDS).for_each(|_| work());
        start.elapsed().as_nanos() / u128::from(ROUNDS)
    };
    let best = (0..5).map(|_| mean(&mut work)).min().unwrap();
    println!("{name:<48} {bytes:>7} bytes {best:>6} ns");
}

fn request(name: &str, version: i16, request: &Request) {
    let header = RequestHeader::new(request.api(), version, 1, Some("client".into()));
    let frame = request.encode(&header).unwrap();
    measure(&format!("{name} v{version} encode"), frame.len(), || drop(black_box(request.encode(&header))));
    measure(&format!("{name} v{version} decode"), frame.len(), || drop(black_box(Request::decode(&frame))));
}

fn response(name: &str, version: i16, response: &Response) {
    let (api, frame) = (response.api(), response.encode(version, 1).unwrap());
    measure(&format!("{name} v{version} encode"), frame.len(), || drop(black_box(response.encode(version, 1))));
    measure(&format!("{name} v{version} decode"), frame.len(), || {
        drop(black_box(Response::decode(api, version, &frame)));
    });
}

fn produce(records: usize) -> Request {
    let records = Some(Bytes::from(vec![7; records]));
    let partition = PartitionProduceData { index: 0, records };
    let topic = TopicProduceData { topic_id: Uuid(1), partition_data: vec![partition], ..Default::default() };
    ProduceRequest { acks: -1, timeout_ms: 30_000, topic_data: vec![topic], ..Default::default() }.into()
}

fn produced() -> Response {
    let partition = PartitionProduceResponse { base_offset: 42, ..Default::default() };
    let topic = TopicProduceResponse { topic_id: Uuid(1), partition_responses: vec![partition], ..Default::default() };
    ProduceResponse { responses: vec![topic], ..Default::default() }.into()
}

fn fetch(partitions: i32) -> Request {
    let partition = |partition| FetchPartition { partition, fetch_offset: 42, ..Default::default() };
    let partitions = (0..partitions).map(partition).collect();
    let topic = FetchTopic { topic_id: Uuid(1), partitions, ..Default::default() };
    FetchRequest { max_wait_ms: 500, min_bytes: 1, topics: vec![topic], ..Default::default() }.into()
}

fn fetched(partitions: i32, records: usize) -> Response {
    let records = Bytes::from(vec![7; records]);
    let partition =
        |partition_index| PartitionData { partition_index, records: Some(records.clone()), ..Default::default() };
    let partitions = (0..partitions).map(partition).collect();
    let topic = FetchableTopicResponse { topic_id: Uuid(1), partitions, ..Default::default() };
    FetchResponse { responses: vec![topic], ..Default::default() }.into()
}

fn metadata() -> Response {
    let broker = |node_id| MetadataResponseBroker { node_id, host: "broker".into(), port: 9092, rack: None };
    let partition = |partition_index| MetadataResponsePartition {
        partition_index,
        replica_nodes: vec![1, 2, 3],
        isr_nodes: vec![1, 2, 3],
        ..Default::default()
    };
    let topic = |name: &str| MetadataResponseTopic {
        name: Some(name.into()),
        partitions: (0..3).map(partition).collect(),
        ..Default::default()
    };
    let brokers = (1..4).map(broker).collect();
    MetadataResponse { brokers, topics: ["orders", "payments"].map(topic).into(), ..Default::default() }.into()
}

fn partition_change() {
    let isr = Some(vec![1, 2, 3]);
    let record = MetadataRecord::from(PartitionChangeRecord { isr, leader: 1, ..Default::default() });
    let value = record.encode(2).unwrap();
    measure("PartitionChangeRecord v2 encode", value.len(), || drop(black_box(record.encode(2))));
    measure("PartitionChangeRecord v2 decode", value.len(), || drop(black_box(MetadataRecord::decode(&value))));
}

fn main() {
    let last = |api: ApiKey| api.versions().max;
    request("ProduceRequest, 1 partition", last(ApiKey::Produce), &produce(512));
    request("ProduceRequest, 1 large batch", last(ApiKey::Produce), &produce(64 << 10));
    response("ProduceResponse, 1 partition", last(ApiKey::Produce), &produced());
    request("FetchRequest, 1 partition", last(ApiKey::Fetch), &fetch(1));
    request("FetchRequest, 10 partitions", last(ApiKey::Fetch), &fetch(10));
    response("FetchResponse, 1 partition", last(ApiKey::Fetch), &fetched(1, 512));
    response("FetchResponse, 10 partitions", last(ApiKey::Fetch), &fetched(10, 512));
    response("MetadataResponse, 2 topics, 6 partitions", last(ApiKey::Metadata), &metadata());
    partition_change();
}
