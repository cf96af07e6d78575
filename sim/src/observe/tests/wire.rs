//! What the wire tap tells.

use super::*;
use crate::observe::{Asker, WireTap};
use ::wire::messages::alter_partition as alter;
use ::wire::messages::fetch::{
    FetchPartition, FetchRequest, FetchResponse, FetchTopic, FetchableTopicResponse, PartitionData, ReplicaState,
};
use ::wire::messages::fetch_snapshot as fs;
use ::wire::messages::list_offsets as lo;
use ::wire::messages::metadata::{MetadataRequest, MetadataResponse, MetadataResponseTopic};
use ::wire::messages::produce as p;
use ::wire::messages::vote as v;
use ::wire::messages::{ApiKey, Request, RequestHeader, Response};

/// A tap with a disk that holds `t-0`.
struct Line {
    tap: WireTap,
    bench: Bench,
    version: i16,
    asker: Asker,
}

const CLIENT: Asker = Asker::Client(9);

impl Line {
    fn new(version: i16) -> Line {
        Line {
            tap: WireTap::new(FactSet::of(FactKind::ALL), BatchParser::default()),
            bench: Bench::new(),
            version,
            asker: CLIENT,
        }
    }

    fn ask(&mut self, correlation: i32, api: ApiKey, request: &Request) -> Bytes {
        let frame = request.encode(&RequestHeader::new(api, self.version, correlation, None)).unwrap();
        self.tap.request(&self.bench.disk, 4, self.asker, &frame);
        frame
    }

    fn answer(&mut self, correlation: i32, response: &Response) -> Bytes {
        let frame = response.encode(self.version, correlation).unwrap();
        self.tap.response(&self.bench.disk, 4, self.asker, &frame);
        frame
    }

    fn told(&mut self) -> Vec<String> {
        self.tap.take_facts().iter().map(line).collect()
    }
}

fn produce(version: i16, acks: i16, topic_id: Uuid, records: Option<Bytes>) -> Request {
    let name = if version < 13 { "t".into() } else { "".into() };
    let partition_data = vec![p::PartitionProduceData { index: 0, records }];
    let topic_data = vec![p::TopicProduceData { name, topic_id, partition_data }];
    Request::Produce(p::ProduceRequest { acks, topic_data, ..Default::default() })
}

fn produced(version: i16, topic_id: Uuid, error_code: i16, base_offset: i64) -> Response {
    let name = if version < 13 { "t".into() } else { "".into() };
    let partition_responses =
        vec![p::PartitionProduceResponse { index: 0, error_code, base_offset, ..Default::default() }];
    let responses = vec![p::TopicProduceResponse { name, topic_id, partition_responses }];
    Response::Produce(p::ProduceResponse { responses, ..Default::default() })
}

#[test]
fn a_produce_is_told_when_it_is_asked_and_when_it_is_answered() {
    for (version, id) in [(9, Uuid::ZERO), (13, TOPIC_ID)] {
        let mut link = Line::new(version);
        link.ask(1, ApiKey::Produce, &produce(version, -1, id, Some(batch(0, 2))));
        link.ask(2, ApiKey::Produce, &produce(version, 1, id, Some(batch(0, 1).slice(..40))));
        assert_eq!(link.told(), ["ProduceReceived 9 -1 t-0 0..=1", "ProduceReceived 9 1 t-0 none"]);
        link.answer(2, &produced(version, id, 2, -1));
        link.answer(1, &produced(version, id, 0, 40));
        link.answer(1, &produced(version, id, 0, 40));
        let expected =
            ["ProduceAnswered t-0 Some(77) 2 -1 []", r#"ProduceAnswered t-0 Some(77) 0 40 ["1.1.0", "1.1.1"]"#];
        assert_eq!(link.told(), expected);
    }
}

#[test]
fn an_answer_is_about_the_log_that_was_there_when_the_request_came() {
    let mut link = Line::new(9);
    link.ask(1, ApiKey::Produce, &produce(9, -1, Uuid::ZERO, Some(batch(0, 1))));
    let root = link.bench.root;
    link.bench.disk.rename((root, "t-0"), (root, "t-0.0123456789abcdef0123456789abcdef-delete")).unwrap();
    link.answer(1, &produced(9, Uuid::ZERO, 3, -1));
    link.ask(2, ApiKey::Produce, &produce(9, -1, Uuid::ZERO, Some(batch(0, 1))));
    link.answer(2, &produced(9, Uuid::ZERO, 3, -1));
    let told = link.told();
    assert_eq!(told[1], r#"ProduceAnswered t-0 Some(77) 3 -1 ["1.1.0"]"#);
    assert_eq!(told[3], r#"ProduceAnswered t-0 None 3 -1 ["1.1.0"]"#);
}

#[test]
fn what_is_not_acknowledged_is_not_waited_for_and_a_closed_link_answers_nothing() {
    let mut link = Line::new(9);
    link.ask(1, ApiKey::Produce, &produce(9, 0, Uuid::ZERO, Some(batch(0, 1))));
    link.ask(2, ApiKey::Produce, &produce(9, 1, Uuid::ZERO, Some(batch(0, 1))));
    link.told();
    link.answer(1, &produced(9, Uuid::ZERO, 0, 0));
    link.tap.closed(4);
    link.answer(2, &produced(9, Uuid::ZERO, 0, 0));
    assert_eq!(link.told(), [""; 0]);
}

#[test]
fn ids_are_named_by_the_disk_and_by_metadata_answers() {
    let mut link = Line::new(13);
    let other = Uuid(123);
    link.ask(1, ApiKey::Produce, &produce(13, 1, other, Some(batch(0, 1))));
    assert_eq!(link.told(), [""; 0], "nobody knows the id");
    link.ask(2, ApiKey::Metadata, &Request::Metadata(MetadataRequest::default()));
    let topics = vec![MetadataResponseTopic { name: Some("other".into()), topic_id: other, ..Default::default() }];
    link.answer(2, &Response::Metadata(MetadataResponse { topics, ..Default::default() }));
    link.ask(3, ApiKey::Produce, &produce(13, 1, other, Some(batch(0, 1))));
    link.answer(3, &produced(13, other, 3, -1));
    let expected = ["ProduceReceived 9 1 other-0 0..=0", r#"ProduceAnswered other-0 None 3 -1 ["1.1.0"]"#];
    assert_eq!(link.told(), expected);
}

fn fetch(session_id: i32, session_epoch: i32, offset: Option<i64>) -> Request {
    let partitions = offset
        .map(|fetch_offset| FetchPartition { partition: 0, fetch_offset, ..Default::default() })
        .into_iter()
        .collect();
    let topics = vec![FetchTopic { topic_id: TOPIC_ID, partitions, ..Default::default() }];
    Request::Fetch(FetchRequest { session_id, session_epoch, topics, ..Default::default() })
}

fn fetched(session_id: i32, records: Bytes) -> Response {
    let data = PartitionData { partition_index: 0, high_watermark: 9, records: Some(records), ..Default::default() };
    let responses = vec![FetchableTopicResponse { topic_id: TOPIC_ID, partitions: vec![data], ..Default::default() }];
    Response::Fetch(FetchResponse { session_id, responses, ..Default::default() })
}

#[test]
fn a_fetch_is_told_with_the_offset_that_was_asked_for_also_in_a_session() {
    let mut link = Line::new(16);
    link.ask(1, ApiKey::Fetch, &fetch(0, -1, Some(5)));
    link.answer(1, &fetched(0, [batch(5, 1), batch(6, 1).slice(..30)].concat().into()));
    assert_eq!(link.told(), ["FetchAnswered t-0 5 0 9 5..=5"], "what is cut off at the end does not count");
    link.ask(2, ApiKey::Fetch, &fetch(0, 0, Some(6)));
    link.answer(2, &fetched(33, batch(6, 1)));
    link.ask(3, ApiKey::Fetch, &fetch(33, 1, None));
    link.answer(3, &fetched(33, Bytes::new()));
    link.ask(4, ApiKey::Fetch, &fetch(33, 2, Some(7)));
    link.answer(4, &fetched(33, Bytes::new()));
    assert_eq!(link.told(), ["FetchAnswered t-0 6 0 9 6..=6", "FetchAnswered t-0 6 0 9 ", "FetchAnswered t-0 7 0 9 "]);
    link.ask(5, ApiKey::Fetch, &fetch(34, 1, None));
    link.answer(5, &fetched(0, Bytes::new()));
    assert_eq!(link.told(), [""; 0], "a session that nobody opened asks for nothing");
}

fn follows(session_id: i32, session_epoch: i32, offset: Option<i64>, topic_id: Uuid) -> Request {
    let partitions = offset.map(|fetch_offset| FetchPartition {
        partition: 0,
        fetch_offset,
        current_leader_epoch: 4,
        last_fetched_epoch: 3,
        ..Default::default()
    });
    let topics = vec![FetchTopic { topic_id, partitions: partitions.into_iter().collect(), ..Default::default() }];
    let replica_state = ReplicaState { replica_id: 2, replica_epoch: 9 };
    Request::Fetch(FetchRequest { session_id, session_epoch, topics, replica_state, ..Default::default() })
}

fn follower_line(version: i16) -> Line {
    Line { asker: Asker::Broker(NodeId(2)), ..Line::new(version) }
}

#[test]
fn a_followers_fetch_is_told_with_what_its_session_remembers() {
    let mut link = follower_line(17);
    link.ask(1, ApiKey::Fetch, &follows(0, 0, Some(6), TOPIC_ID));
    link.answer(1, &fetched(33, batch(6, 1)));
    let first = link.tap.take_facts();
    let told: Vec<String> = first.iter().map(line).collect();
    assert_eq!(told, ["FollowerFetched t-0 2 6 4 3", "FollowerAnswered 0 []", "FetchAnswered t-0 6 0 9 6..=6"]);
    let Fact::FollowerFetched { node: NODE, topic_id: Some(TOPIC_ID), correlation: asked, .. } = first[0] else {
        panic!("{:?}", first[0])
    };
    assert!(matches!(first[1], Fact::FollowerAnswered { node: NODE, correlation, .. } if correlation == asked));
    assert!(matches!(&first[2], Fact::FetchAnswered { client: None, topic_id: Some(TOPIC_ID), .. }));
    link.ask(2, ApiKey::Fetch, &follows(33, 1, None, TOPIC_ID));
    assert_eq!(link.told(), ["FollowerFetched t-0 2 6 4 3"], "left out, and fetched all the same");
    link.answer(2, &fetched(33, Bytes::new()));
    link.ask(3, ApiKey::Fetch, &follows(33, 2, Some(7), TOPIC_ID));
    assert_eq!(link.told().last().unwrap(), "FollowerFetched t-0 2 7 4 3");
    link.ask(4, ApiKey::Fetch, &follows(33, 9, None, TOPIC_ID));
    assert_eq!(link.told(), [""; 0], "a broker refuses an epoch that is not the next");
}

#[test]
fn a_session_remembers_what_has_no_name_yet() {
    let mut link = follower_line(17);
    let unknown = Uuid(78);
    link.ask(1, ApiKey::Fetch, &follows(0, 0, Some(0), unknown));
    link.answer(1, &fetched(33, Bytes::new()));
    assert_eq!(link.told(), ["FollowerAnswered 0 []"]);
    let topic = MetadataResponseTopic { name: Some("u".into()), topic_id: unknown, ..Default::default() };
    let named = Response::Metadata(MetadataResponse { topics: vec![topic], ..Default::default() });
    let asked = Request::Metadata(MetadataRequest { topics: None, ..Default::default() });
    let mut client = Line { version: 12, asker: CLIENT, ..link };
    client.ask(2, ApiKey::Metadata, &asked);
    client.answer(2, &named);
    let mut link = Line { version: 17, asker: Asker::Broker(NodeId(2)), ..client };
    link.ask(3, ApiKey::Fetch, &follows(33, 1, None, unknown));
    assert_eq!(link.told(), ["FollowerFetched u-0 2 0 4 3"]);
}

#[test]
fn a_session_ends_with_the_process_that_it_was_opened_on() {
    let mut link = follower_line(17);
    link.ask(1, ApiKey::Fetch, &follows(0, 0, Some(6), TOPIC_ID));
    link.answer(1, &fetched(33, Bytes::new()));
    link.told();
    link.tap.stopped(NODE);
    link.ask(2, ApiKey::Fetch, &follows(33, 1, None, TOPIC_ID));
    assert_eq!(link.told(), [""; 0]);
}

#[test]
fn a_voters_fetch_of_the_metadata_log_is_told_by_name() {
    let mut link = follower_line(17);
    link.ask(1, ApiKey::Fetch, &follows(0, -1, Some(40), Uuid(1)));
    assert_eq!(link.told(), ["FollowerFetched __cluster_metadata-0 2 40 4 3"]);
    let mut old = follower_line(12);
    let topics = vec![FetchTopic {
        topic: "t".into(),
        partitions: vec![FetchPartition { partition: 0, fetch_offset: 5, ..Default::default() }],
        ..Default::default()
    }];
    old.ask(1, ApiKey::Fetch, &Request::Fetch(FetchRequest { replica_id: 3, topics, ..Default::default() }));
    assert_eq!(old.told(), ["FollowerFetched t-0 3 5 -1 -1"], "old versions name the replica elsewhere");
    old.ask(2, ApiKey::Fetch, &Request::Fetch(FetchRequest { replica_id: -1, ..Default::default() }));
    assert_eq!(old.told(), [""; 0], "a broker that reads as a consumer does");
}

#[test]
fn an_offset_is_told_with_the_timestamp_that_was_asked_for() {
    let mut link = Line::new(7);
    let partitions = vec![lo::ListOffsetsPartition { partition_index: 0, timestamp: -2, ..Default::default() }];
    let topics = vec![lo::ListOffsetsTopic { name: "t".into(), partitions }];
    link.ask(
        1,
        ApiKey::ListOffsets,
        &Request::ListOffsets(lo::ListOffsetsRequest { replica_id: -1, topics, ..Default::default() }),
    );
    let partitions = vec![lo::ListOffsetsPartitionResponse { partition_index: 0, offset: 3, ..Default::default() }];
    let topics = vec![lo::ListOffsetsTopicResponse { name: "t".into(), partitions }];
    link.answer(1, &Response::ListOffsets(lo::ListOffsetsResponse { topics, ..Default::default() }));
    assert_eq!(link.told(), ["OffsetAnswered t-0 -2 0 3"]);
}

#[test]
fn malformed_frames_tell_nothing() {
    let mut link = Line::new(9);
    let asked = link.ask(1, ApiKey::Produce, &produce(9, 1, Uuid::ZERO, Some(batch(0, 1))));
    let answered = link.answer(1, &produced(9, Uuid::ZERO, 0, 0));
    link.told();
    for cut in 0..asked.len() {
        link.tap.request(&link.bench.disk, 4, CLIENT, &asked.slice(..cut));
    }
    assert_eq!(link.told(), [""; 0]);
    for cut in 0..answered.len() {
        link.ask(1, ApiKey::Produce, &produce(9, 1, Uuid::ZERO, None));
        link.tap.response(&link.bench.disk, 4, CLIENT, &answered.slice(..cut));
    }
    assert!(link.told().iter().all(|told| told.starts_with("ProduceReceived")));
    link.tap.request(&link.bench.disk, 4, CLIENT, &Bytes::from_static(&[0xff; 40]));
    link.tap.response(&link.bench.disk, 4, CLIENT, &Bytes::from_static(&[0xff; 40]));
    assert_eq!(link.told(), [""; 0]);
}

#[test]
fn a_leaders_alter_partition_is_told_with_its_epochs() {
    let mut link = follower_line(3);
    let asked = alter::PartitionData { partition_index: 4, leader_epoch: 6, partition_epoch: 8, ..Default::default() };
    let topics = vec![alter::TopicData { topic_id: TOPIC_ID, partitions: vec![asked] }];
    let request = alter::AlterPartitionRequest { broker_id: 2, broker_epoch: 30, topics };
    link.ask(1, ApiKey::AlterPartition, &Request::AlterPartition(request));
    assert_eq!(link.told(), ["AlterPartitionReceived 2 4 30 6 8"]);
    let settled = alter::PartitionDataResponse { partition_index: 4, error_code: 95, ..Default::default() };
    let topics = vec![alter::TopicDataResponse { topic_id: TOPIC_ID, partitions: vec![settled] }];
    link.answer(1, &Response::AlterPartition(alter::AlterPartitionResponse { topics, ..Default::default() }));
    assert_eq!(link.told(), ["AlterPartitionAnswered 4 95"]);
}

fn vote(replica_epoch: i32, pre_vote: bool) -> Request {
    let partition = v::PartitionData { replica_id: 2, replica_epoch, pre_vote, ..Default::default() };
    let topics = vec![v::TopicData { topic_name: "__cluster_metadata".into(), partitions: vec![partition] }];
    Request::Vote(v::VoteRequest { topics, ..Default::default() })
}

fn voted(vote_granted: bool) -> Response {
    let partition = v::PartitionDataResponse { vote_granted, ..Default::default() };
    let topics = vec![v::TopicDataResponse { topic_name: "__cluster_metadata".into(), partitions: vec![partition] }];
    Response::Vote(v::VoteResponse { topics, ..Default::default() })
}

#[test]
fn a_vote_is_told_when_it_is_granted_and_a_pre_vote_is_none() {
    let mut link = Line::new(2);
    link.asker = Asker::Broker(NodeId(2));
    for (correlation, pre_vote, granted) in [(1, true, true), (2, false, false), (3, false, true)] {
        link.ask(correlation, ApiKey::Vote, &vote(7, pre_vote));
        link.answer(correlation, &voted(granted));
    }
    assert_eq!(link.told(), ["VoteGranted 1 2 7"]);
}

#[test]
fn a_follower_that_downloads_a_snapshot_is_told() {
    let mut link = Line::new(1);
    link.asker = Asker::Broker(NodeId(3));
    let partition = fs::PartitionSnapshot { current_leader_epoch: 5, ..Default::default() };
    let topics = vec![fs::TopicSnapshot { name: "__cluster_metadata".into(), partitions: vec![partition] }];
    let request = fs::FetchSnapshotRequest { replica_id: 3, topics, ..Default::default() };
    link.ask(1, ApiKey::FetchSnapshot, &Request::FetchSnapshot(request));
    assert_eq!(link.told(), ["SnapshotAsked 1 3 5"]);
}
