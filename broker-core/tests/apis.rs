//! Each API and its error paths, as tables and transcripts.

#![allow(clippy::unwrap_used)] // Strategies are no tests to clippy.

mod solo;

use bytes::Bytes;
use proptest::prelude::*;
use solo::*;
use wire::messages::delete_topics::{DeleteTopicState, DeleteTopicsRequest};
use wire::messages::describe_cluster::DescribeClusterRequest;
use wire::messages::describe_configs::{DescribeConfigsRequest, DescribeConfigsResource};
use wire::messages::describe_topic_partitions::{Cursor, DescribeTopicPartitionsRequest};
use wire::messages::fetch::{FetchPartition, FetchRequest, FetchTopic};
use wire::messages::list_offsets::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};
use wire::messages::metadata::{MetadataRequest, MetadataRequestTopic};
use wire::messages::offset_for_leader_epoch::{
    OffsetForLeaderEpochRequest, OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use wire::messages::{ApiVersionsRequest, EndQuorumEpochRequest, end_quorum_epoch, produce::PartitionProduceData};
use wire::records::{BatchBuilder, Compression};
use wire::{ApiKey, ConnId, ErrorCode, Input, LogDirId, Peer, Request, RequestHeader, Response, Side, Str, Uuid};

fn produce_code(solo: &mut Solo, version: i16, acks: i16, topic: &str, records: Bytes) -> i16 {
    let Response::Produce(response) = solo.ask(version, produce_request(topic, acks, records)) else { panic!() };
    response.responses[0].partition_responses[0].error_code
}

fn patched(at: usize, byte: u8) -> Bytes {
    let mut bytes = batch("a").to_vec();
    bytes[at] = byte;
    Bytes::from(bytes)
}

#[test]
fn produce_refuses_what_kafka_refuses() {
    let mut solo = Solo::new(&[]);
    solo.create("orders", 1, &[("max.message.bytes", "100")]);
    let zstd = BatchBuilder::new(Compression::Zstd).record(1, None, Some(b"a")).build();
    let two = Bytes::from([batch("a"), batch("b")].concat());
    let table: Vec<(&str, i16, i16, &str, Bytes, ErrorCode)> = vec![
        ("good", 9, -1, "orders", batch("a"), ErrorCode::None),
        ("acks=1", 9, 1, "orders", batch("a"), ErrorCode::None),
        ("acks=2", 9, 2, "orders", batch("a"), ErrorCode::InvalidRequiredAcks),
        ("no such topic", 9, 1, "nothing", batch("a"), ErrorCode::UnknownTopicOrPartition),
        ("too large", 9, 1, "orders", batch(&"x".repeat(100)), ErrorCode::MessageTooLarge),
        ("wrong CRC", 9, 1, "orders", patched(60, 7), ErrorCode::CorruptMessage),
        ("base offset", 9, 1, "orders", patched(7, 1), ErrorCode::InvalidRecord),
        ("empty", 9, 1, "orders", Bytes::new(), ErrorCode::InvalidRecord),
        ("two batches", 9, 1, "orders", two, ErrorCode::InvalidRecord),
        ("zstd too early", 5, 1, "orders", zstd, ErrorCode::UnsupportedCompressionType),
    ];
    for (what, version, acks, topic, records, error) in table {
        assert_eq!(produce_code(&mut solo, version, acks, topic, records), error.code(), "{what}");
    }
    assert_eq!(solo.fetch("orders", 0).high_watermark, 2, "what was refused left nothing behind");
}

#[test]
fn a_partition_that_stands_twice_counts_once_and_null_records_refuse_the_request() {
    let mut solo = Solo::new(&[]);
    solo.create("orders", 1, &[]);
    let mut request = produce_request("orders", -1, batch("first"));
    request.topic_data[0].partition_data.push(PartitionProduceData { index: 0, records: Some(batch("last")) });
    let Response::Produce(response) = solo.ask(9, request.clone()) else { panic!() };
    assert_eq!(response.responses[0].partition_responses.len(), 1);
    assert_eq!(values(&solo.fetch("orders", 0)), ["last"]);
    request.topic_data[0].partition_data = vec![PartitionProduceData { index: 0, records: None }];
    let Response::Produce(response) = solo.ask(9, request) else { panic!() };
    assert_eq!(response.responses[0].partition_responses[0].error_code, ErrorCode::UnknownServerError.code());
}

#[test]
fn acks_0_has_no_answer_and_an_error_closes() {
    let mut solo = Solo::new(&[]);
    solo.create("orders", 1, &[]);
    let conn = solo.connect();
    solo.send(conn, 9, produce_request("orders", 0, batch("a")));
    assert_eq!((solo.answer(conn, ApiKey::Produce, 9), solo.nexts.get(&conn)), (None, Some(&1)));
    assert_eq!(values(&solo.fetch("orders", 0)), ["a"]);
    solo.send(conn, 9, produce_request("nothing", 0, batch("a")));
    assert_eq!(solo.closed, [conn]);
}

#[test]
fn a_produce_that_waits_too_long_is_told_so_and_its_record_stays() {
    let mut solo = Solo::new(&[]);
    solo.create("orders", 1, &[("flush.messages", "1")]);
    let conn = solo.connect();
    solo.send(conn, 9, produce_request("orders", -1, batch("a")));
    let sync = solo.syncs.pop_front();
    solo.wait(1000);
    let Some(Response::Produce(answer)) = solo.answer(conn, ApiKey::Produce, 9) else { panic!("its time is up") };
    assert_eq!(answer.responses[0].partition_responses[0].error_code, ErrorCode::RequestTimedOut.code());
    sync.into_iter().for_each(|id| solo.input(Input::Synced(id, Ok(()))));
    assert_eq!(values(&solo.fetch("orders", 0)), ["a"]);
}

#[test]
fn a_fetch_session_that_nobody_has_is_unknown() {
    let mut solo = Solo::new(&[]);
    let mut request = fetch_request("orders", 0, 0);
    (request.session_id, request.session_epoch) = (7, 3);
    let Response::Fetch(answer) = solo.ask(12, request) else { panic!() };
    assert_eq!((answer.error_code, answer.responses.len()), (ErrorCode::FetchSessionIdNotFound.code(), 0));
}

/// A fetch of a session: its error, its session, and per partition its index and values.
fn fetch_on(solo: &mut Solo, session: (i32, i32), topics: Vec<FetchTopic>) -> (i16, i32, Vec<(i32, Vec<String>)>) {
    let (session_id, session_epoch) = session;
    let request = FetchRequest { session_id, session_epoch, topics, ..fetch_request("orders", 0, 0) };
    let Response::Fetch(answer) = solo.ask(12, request) else { panic!() };
    let partitions = answer.responses.iter().flat_map(|topic| &topic.partitions);
    let told = partitions.map(|data| (data.partition_index, values(data))).collect();
    (answer.error_code, answer.session_id, told)
}

#[test]
fn a_fetch_session_asks_for_and_tells_what_is_new() {
    let mut solo = Solo::new(&[]);
    solo.create("orders", 2, &[]);
    let asked = |partition: i32, fetch_offset: i64| {
        let entry = FetchPartition { partition, fetch_offset, partition_max_bytes: 1 << 20, ..Default::default() };
        vec![FetchTopic { topic: "orders".into(), partitions: vec![entry], ..FetchTopic::default() }]
    };
    let both = [asked(0, 0), asked(1, 0)].concat();
    let (error, id, told) = fetch_on(&mut solo, (0, 0), both);
    assert_eq!((error, told), (0, vec![(0, vec![]), (1, vec![])]));
    assert!(id > 0 && solo.event_names().contains(&"FetchSessionOpened"));
    assert_eq!(fetch_on(&mut solo, (id, 1), vec![]), (0, id, vec![]));
    solo.produce("orders", "a");
    assert_eq!(fetch_on(&mut solo, (id, 2), vec![]), (0, id, vec![(0, vec!["a".to_owned()])]));
    assert_eq!(fetch_on(&mut solo, (id, 3), asked(0, 1)), (0, id, vec![]));
    assert_eq!(fetch_on(&mut solo, (id, 3), vec![]).0, ErrorCode::InvalidFetchSessionEpoch.code());
    assert!(solo.event_names().contains(&"FetchSessionRefused"));
    solo.restart();
    assert_eq!(fetch_on(&mut solo, (id, 4), vec![]).0, ErrorCode::FetchSessionIdNotFound.code());
}

#[test]
fn a_fetch_session_needs_a_slot() {
    let mut solo = Solo::new(&[("max.incremental.fetch.session.cache.slots", "0")]);
    solo.create("orders", 1, &[]);
    let (error, id, told) = fetch_on(&mut solo, (0, 0), fetch_request("orders", 0, 0).topics);
    assert_eq!((error, id, told), (0, 0, vec![(0, vec![])]));
}

#[test]
fn a_fetch_keeps_to_its_limits_and_brings_at_least_one_batch() {
    let mut solo = Solo::new(&[]);
    solo.create("orders", 1, &[]);
    let long = "x".repeat(500);
    (0..5).for_each(|_| drop(solo.produce("orders", &long)));
    for (partition_max_bytes, max_bytes, batches) in
        [(1, 1 << 20, 1), (1 << 20, 1, 1), (1200, 1 << 20, 2), (1 << 20, 1 << 20, 5)]
    {
        let mut request = fetch_request("orders", 0, 0);
        request.max_bytes = max_bytes;
        request.topics[0].partitions[0].partition_max_bytes = partition_max_bytes;
        let Response::Fetch(answer) = solo.ask(12, request) else { panic!() };
        assert_eq!(values(&answer.responses[0].partitions[0]).len(), batches, "{partition_max_bytes} {max_bytes}");
    }
}

fn list(solo: &mut Solo, version: i16, topic: &str, timestamp: i64) -> (i16, i64, i64, i32) {
    let partitions = vec![ListOffsetsPartition { timestamp, ..ListOffsetsPartition::default() }];
    let topics = vec![ListOffsetsTopic { name: topic.into(), partitions }];
    let request = ListOffsetsRequest { replica_id: -1, topics, ..ListOffsetsRequest::default() };
    let Response::ListOffsets(response) = solo.ask(version, request) else { panic!() };
    let found = &response.topics[0].partitions[0];
    (found.error_code, found.timestamp, found.offset, found.leader_epoch)
}

#[test]
fn list_offsets_finds_the_ends_and_timestamps() {
    let mut solo = Solo::new(&[]);
    solo.create("orders", 1, &[]);
    for timestamp in [1_699_999_999_000, 1_699_999_999_500] {
        let records = BatchBuilder::new(Compression::None).record(timestamp, None, Some(b"a")).build();
        produce_code(&mut solo, 9, -1, "orders", records);
    }
    let unsupported = (ErrorCode::UnsupportedVersion.code(), -1, -1, -1);
    let table = [
        (9, -1, (0, -1, 2, 0)),
        (9, -2, (0, -1, 0, 0)),
        (9, -3, (0, 1_699_999_999_500, 1, 0)),
        (9, 1_699_999_999_001, (0, 1_699_999_999_500, 1, 0)),
        (9, 1_699_999_999_501, (0, -1, -1, -1)),
        (3, -1, (0, -1, 2, -1)),
        (6, -3, unsupported),
        (9, -7, unsupported),
    ];
    for (version, timestamp, expected) in table {
        assert_eq!(list(&mut solo, version, "orders", timestamp), expected, "v{version} {timestamp}");
    }
    assert_eq!(list(&mut solo, 9, "nothing", -1).0, ErrorCode::UnknownTopicOrPartition.code());
}

/// Error, epoch and end offset.
fn end_of_epoch(solo: &mut Solo, leader_epoch: i32) -> (i16, i32, i64) {
    let partitions = vec![OffsetForLeaderPartition { leader_epoch, ..OffsetForLeaderPartition::default() }];
    let topics = vec![OffsetForLeaderTopic { topic: "orders".into(), partitions }];
    let request = OffsetForLeaderEpochRequest { topics, ..OffsetForLeaderEpochRequest::default() };
    let Response::OffsetForLeaderEpoch(response) = solo.ask(4, request) else { panic!() };
    let end = &response.topics[0].partitions[0];
    (end.error_code, end.leader_epoch, end.end_offset)
}

#[test]
fn the_end_of_an_epoch_is_known() {
    let mut solo = Solo::new(&[]);
    solo.create("orders", 1, &[]);
    solo.produce("orders", "a");
    solo.restart();
    solo.produce("orders", "b");
    for (leader_epoch, expected) in [(0, (0, 0, 1)), (1, (0, 0, 1)), (2, (0, 2, 2)), (9, (0, -1, -1))] {
        assert_eq!(end_of_epoch(&mut solo, leader_epoch), expected, "epoch {leader_epoch}");
    }
}

#[test]
fn where_a_corrupt_log_seems_to_end_no_epoch_does() {
    let mut solo = Solo::new(&[("log.flush.offset.checkpoint.interval.ms", "100")]);
    solo.create("orders", 1, &[("flush.messages", "1")]);
    solo.produce("orders", "a");
    solo.restart();
    for value in ["b", "c"] {
        solo.produce("orders", value);
    }
    solo.wait(200);
    let log = solo.disk.contents_mut(LogDirId(0), "orders-0/00000000000000000000.log").unwrap();
    let last = log.len() - 1;
    log[last] ^= 1;
    solo.restart();
    assert_eq!(solo.fetch("orders", 2).error_code, ErrorCode::KafkaStorageError.code());
    assert_eq!(end_of_epoch(&mut solo, 0), (0, 0, 1), "below the damage it is known");
    assert_eq!(end_of_epoch(&mut solo, 2).0, ErrorCode::KafkaStorageError.code());
}

#[test]
fn metadata_names_topics_by_name_and_id_and_creates_what_is_missing() {
    let mut solo = Solo::new(&[("num.partitions", "3")]);
    assert_eq!(solo.describe("orders").error_code, ErrorCode::UnknownTopicOrPartition.code());
    assert_eq!(solo.describe("a b").error_code, ErrorCode::InvalidTopicException.code());
    let topic = MetadataRequestTopic { name: Some("orders".into()), ..MetadataRequestTopic::default() };
    let request = MetadataRequest { topics: Some(vec![topic]), ..MetadataRequest::default() };
    let Response::Metadata(response) = solo.ask(12, request) else { panic!() };
    assert_eq!(response.topics[0].error_code, ErrorCode::UnknownTopicOrPartition.code(), "the client asks again");
    let topic = solo.describe("orders");
    assert_eq!((topic.error_code, topic.partitions.len()), (0, 3));
    let by_id = |topic_id| MetadataRequestTopic { topic_id, name: None };
    let request =
        MetadataRequest { topics: Some(vec![by_id(topic.topic_id), by_id(Uuid(77))]), ..MetadataRequest::default() };
    let Response::Metadata(response) = solo.ask(12, request) else { panic!() };
    assert_eq!(response.topics[0].name, Some("orders".into()));
    assert_eq!(response.topics[1].error_code, ErrorCode::UnknownTopicId.code());
}

#[test]
fn deletion_can_be_switched_off() {
    let mut solo = Solo::new(&[("delete.topic.enable", "false")]);
    solo.create("orders", 1, &[]);
    let topics = vec![DeleteTopicState { name: Some("orders".into()), topic_id: Uuid::ZERO }];
    let Response::DeleteTopics(answer) = solo.ask(6, DeleteTopicsRequest { topics, ..DeleteTopicsRequest::default() })
    else {
        panic!()
    };
    assert_eq!(answer.responses[0].error_code, ErrorCode::TopicDeletionDisabled.code());
    assert_eq!(solo.describe("orders").error_code, 0);
}

#[test]
fn a_request_that_only_validates_creates_nothing() {
    let mut solo = Solo::new(&[]);
    let mut request = create_request("orders", 1, &[("retention.ms", "5")]);
    request.validate_only = true;
    let Response::CreateTopics(answer) = solo.ask(7, request) else { panic!() };
    assert_eq!(answer.topics[0].error_code, 0);
    let configs = answer.topics[0].configs.as_ref().unwrap();
    assert!(configs.iter().any(|config| config.name == "retention.ms" && config.value == Some("5".into())));
    assert_eq!(solo.describe("orders").error_code, ErrorCode::UnknownTopicOrPartition.code());
}

#[test]
fn topics_are_described_page_by_page() {
    let mut solo = Solo::new(&[]);
    solo.create("a", 2, &[]);
    solo.create("b", 2, &[]);
    let mut cursor = None;
    let mut seen = Vec::new();
    for _ in 0..4 {
        let request = DescribeTopicPartitionsRequest { response_partition_limit: 1, cursor, ..Default::default() };
        let Response::DescribeTopicPartitions(answer) = solo.ask(0, request) else { panic!() };
        seen.push((answer.topics[0].name.clone().unwrap(), answer.topics[0].partitions[0].partition_index));
        cursor = answer.next_cursor;
    }
    assert_eq!(seen, [("a".into(), 0), ("a".into(), 1), ("b".into(), 0), ("b".into(), 1)]);
    assert_eq!(cursor, None::<Cursor>);
}

#[test]
fn configurations_come_with_their_sources() {
    let mut solo = Solo::new(&[("message.max.bytes", "2000")]);
    solo.create("orders", 1, &[("retention.ms", "5")]);
    let resource = |resource_type, name: &str, key: &str| DescribeConfigsResource {
        resource_type,
        resource_name: name.into(),
        configuration_keys: Some(vec![key.into()]),
    };
    let resources = vec![
        resource(2, "orders", "retention.ms"),
        resource(2, "orders", "max.message.bytes"),
        resource(2, "orders", "segment.bytes"),
        resource(4, "1", "message.max.bytes"),
        resource(2, "nothing", "x"),
        resource(4, "2", "x"),
        resource(8, "1", "x"),
    ];
    let request = DescribeConfigsRequest { resources, include_synonyms: true, ..DescribeConfigsRequest::default() };
    insta::assert_snapshot!(solo.ask(4, request).to_json(4).replace("},{", "},\n{"));
}

#[test]
fn a_small_request_cannot_ask_for_more_configurations_than_there_is_memory() {
    let mut solo = Solo::new(&[]);
    let described = |solo: &mut Solo, name: &dyn Fn(usize) -> String| {
        let resource =
            |n| DescribeConfigsResource { resource_type: 4, resource_name: name(n).into(), configuration_keys: None };
        let request = DescribeConfigsRequest { resources: (0..1_000).map(resource).collect(), ..Default::default() };
        let Response::DescribeConfigs(answer) = solo.ask(4, request) else { panic!("another answer") };
        answer.results.iter().filter(|result| result.error_code == 0).count()
    };
    assert_eq!(described(&mut solo, &|_| "1".to_owned()), 101, "once, and a hundred times again");
    let other_at_last = |n| if n == 999 { String::new() } else { "1".to_owned() };
    assert_eq!(described(&mut solo, &other_at_last), 102, "what is named for the first time is described");
    assert_eq!(
        described(&mut solo, &|n| format!("{}1", "0".repeat(n))),
        101,
        "each name is another, and the broker is not"
    );
}

#[test]
fn who_asks_first_learns_what_is_served() {
    let mut solo = Solo::new(&[]);
    let request = ApiVersionsRequest { client_software_name: "test".into(), client_software_version: "1".into() };
    insta::assert_snapshot!(solo.ask(4, request).to_json(4).replace("},{", "},\n{"));
    insta::assert_snapshot!(solo.ask(2, DescribeClusterRequest { endpoint_type: 1, ..Default::default() }).to_json(2));
}

#[test]
fn an_unknown_version_of_api_versions_is_answered_and_any_other_closes() {
    let mut solo = Solo::new(&[]);
    let conn = solo.connect();
    let frame = |api: i16, version: i16| {
        Bytes::from([&api.to_be_bytes()[..], &version.to_be_bytes(), &[0, 0, 0, 9, 0xff, 0xff, 0]].concat())
    };
    solo.input(Input::Frame(conn, frame(18, 99)));
    let Some(Response::ApiVersions(answer)) = solo.answer(conn, ApiKey::ApiVersions, 3) else { panic!("no answer") };
    assert_eq!(answer.error_code, ErrorCode::UnsupportedVersion.code());
    for (api, version) in [(3, 99), (999, 0), (0, 2), (22, 0), (3, -1)] {
        let conn = solo.connect();
        solo.input(Input::Frame(conn, frame(api, version)));
        assert_eq!(solo.closed.pop(), Some(conn), "API {api} version {version}");
    }
}

#[test]
fn each_answer_asks_for_the_next_request_once() {
    let mut solo = Solo::new(&[]);
    let conn = solo.connect();
    for n in 1..4 {
        solo.send(conn, 12, MetadataRequest { topics: None, ..MetadataRequest::default() });
        assert!(solo.answer(conn, ApiKey::Metadata, 12).is_some());
        assert_eq!(solo.nexts.get(&conn), Some(&n));
    }
}

/// Requests of every API with bytes of a real one changed at random.
fn mangled() -> impl Strategy<Value = Bytes> {
    let real = prop_oneof![
        Just((9, Request::from(produce_request("orders", -1, batch("a"))))),
        Just((12, fetch_request("orders", 0, 100).into())),
        Just((7, create_request("other", 2, &[("retention.ms", "1")]).into())),
        Just((12, MetadataRequest::default().into())),
        Just((
            6,
            DeleteTopicsRequest {
                topics: vec![DeleteTopicState { name: Some(Str::from("orders")), topic_id: Uuid::ZERO }],
                ..Default::default()
            }
            .into()
        )),
        Just((
            9,
            ListOffsetsRequest {
                topics: vec![ListOffsetsTopic {
                    name: "orders".into(),
                    partitions: vec![ListOffsetsPartition::default()]
                }],
                ..Default::default()
            }
            .into()
        )),
    ];
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6);
    (real, changes).prop_map(|((version, request), changes)| {
        let mut bytes = request.encode(&RequestHeader::new(request.api(), version, 1, None)).unwrap().to_vec();
        for (index, byte) in changes {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        Bytes::from(bytes)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_frame_makes_it_panic(frames in prop::collection::vec(prop_oneof![mangled(), prop::collection::vec(any::<u8>(), 0..80).prop_map(Bytes::from)], 1..20)) {
        let mut solo = Solo::new(&[]);
        solo.create("orders", 1, &[]);
        for frame in frames {
            let conn = solo.connect();
            solo.input(Input::Frame(conn, frame));
        }
        solo.wait(2000);
        solo.restart();
        prop_assert_eq!(solo.halted, None);
    }
}

#[test]
fn the_end_of_an_epoch_in_another_cluster_changes_nothing() {
    let mut solo = Solo::new(&[
        ("listeners", "PLAINTEXT://:9092,CONTROLLER://:9093"),
        ("controller.listener.names", "CONTROLLER"),
        ("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"),
    ]);
    let epoch = solo.broker.view().quorum_epoch();
    let mut ends = |n: u32, cluster_id: Option<Str>| {
        let conn = ConnId { side: Side::Accepted, n };
        solo.input(Input::Accepted(conn, Peer { listener: "CONTROLLER".into(), remote: "10.0.0.8:5000".into() }));
        let ended = end_quorum_epoch::PartitionData { leader_id: 2, leader_epoch: epoch + 900, ..Default::default() };
        let topic = end_quorum_epoch::TopicData { topic_name: "__cluster_metadata".into(), partitions: vec![ended] };
        solo.send(conn, 1, EndQuorumEpochRequest { cluster_id, topics: vec![topic], ..Default::default() });
        solo.settle();
        let answer = solo.answer(conn, ApiKey::EndQuorumEpoch, 1);
        let Some(Response::EndQuorumEpoch(answer)) = answer else { panic!("{answer:?}") };
        (answer.error_code, solo.broker.view().quorum_epoch())
    };
    assert_eq!(ends(901, Some("another".into())), (ErrorCode::InconsistentClusterId.code(), epoch));
    let (error, raised) = ends(902, None);
    assert!(error == 0 && raised >= epoch + 900, "one of its own does: {error}, epoch {raised}");
}
