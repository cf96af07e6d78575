//! Stories of clients whose leaders change: hints (KIP-951), validation and truncation (KIP-320), retries.

mod stage;

use client_core::{Done, Event, NewTopic, Op, PollError, Position, Role};
use stage::fetch::{Polled, answer, batch_of, data, error, fetched};
use stage::{Stage, send, tp};
use wire::messages::create_topics::CreatableTopicResult;
use wire::messages::fetch::{LeaderIdAndEpoch, NodeEndpoint, PartitionData};
use wire::messages::{CreateTopicsResponse, FetchResponse, ProduceResponse, produce};
use wire::{OpId, Request, Str, Uuid};

/// A consumer that has read offsets 0 to 2 of partition 0 from node 0 in epoch 4, and whose next fetch is in flight.
fn has_read(settings: &[(&str, &str)]) -> Stage {
    let mut stage = Stage::new(Role::Consumer, settings);
    stage.lead(0, (0, 4));
    stage.op(Op::Assign(vec![(tp("t", 0), Position::At(0))]));
    let poll = stage.poll(100);
    stage.take_fetch(vec![data(0, &[batch_of(4, 0, &["a", "b", "c"])])]);
    assert_eq!(stage.polled(poll), read(&[(0, "a"), (1, "b"), (2, "c")]));
    stage
}

/// The same, with a poll that waits, once node 1 leads in epoch 5 and metadata says so.
fn led_anew(settings: &[(&str, &str)]) -> (Stage, OpId) {
    let mut stage = has_read(settings);
    stage.lead(0, (1, 5));
    stage.take_fetch(vec![error(0, 6)]);
    stage.wait(300);
    let poll = stage.poll(100);
    (stage, poll)
}

fn read(list: &[(i64, &str)]) -> Option<Polled> {
    Some((list.iter().map(|&(offset, value)| (0, offset, value.to_owned())).collect(), Vec::new()))
}

fn names_leader(of: PartitionData, leader_id: i32, leader_epoch: i32) -> PartitionData {
    PartitionData { current_leader: LeaderIdAndEpoch { leader_id, leader_epoch }, ..of }
}

fn endpoint(node_id: i32) -> NodeEndpoint {
    NodeEndpoint { node_id, host: Str::from(format!("node-{node_id}")), port: 9092, rack: None }
}

#[test]
fn a_position_is_validated_before_a_new_leader_is_read_from() {
    let (mut stage, poll) = led_anew(&[]);
    assert_eq!(stage.take_check(0, (4, 3)), [(0, 5, 4)]);
    assert!(stage.events.contains(&Event::PositionValidated { partition: tp("t", 0), leader_epoch: 5 }));
    let asked = stage.request();
    let again = &fetched(&asked)[&0];
    assert_eq!((asked.node, again.fetch_offset, again.current_leader_epoch, again.last_fetched_epoch), (1, 3, 5, -1));
    let response = answer(&asked, vec![data(0, &[batch_of(5, 3, &["d"])])]);
    stage.answer(&asked, response);
    assert_eq!(stage.polled(poll), read(&[(3, "d")]));
}

#[test]
fn a_position_goes_to_where_the_logs_diverge() {
    let (mut stage, poll) = led_anew(&[("auto.offset.reset", "latest")]);
    stage.take_check(0, (3, 1));
    let cut = Event::TruncationDetected { partition: tp("t", 0), position: 3, diverging: Some(1) };
    assert!(stage.events.contains(&cut));
    assert_eq!(stage.take_fetch(vec![data(0, &[batch_of(5, 1, &["x"])])])[&0].fetch_offset, 1);
    assert_eq!(stage.polled(poll), read(&[(1, "x")]));
}

#[test]
fn without_a_policy_the_application_is_told_where() {
    let (mut stage, poll) = led_anew(&[("auto.offset.reset", "none")]);
    stage.take_check(0, (3, 1));
    let told = PollError::Truncated { position: 3, diverging: Some((3, 1)) };
    let polled = Done::Polled { records: Vec::new(), errors: vec![(tp("t", 0), told)] };
    assert_eq!((stage.outcome(poll), told.code()), (Some(&polled), 1));
    let poll = stage.poll(100);
    assert_eq!(stage.outcome(poll), Some(&polled), "with every poll");
    stage.wait(5000);
    assert!(stage.asked.is_empty(), "nothing is read until the application seeks");
    stage.op(Op::Seek(tp("t", 0), Position::At(1)));
    stage.poll(100);
    assert_eq!(stage.take_fetch(vec![])[&0].fetch_offset, 1);
}

#[test]
fn where_nobody_knows_where_the_policy_tells() {
    // No epoch at all, or an older one that ends above the position.
    for (policy, timestamp, answer) in [("earliest", -2, (-1, -1)), ("latest", -1, (-1, -1)), ("latest", -1, (3, 9))] {
        let (mut stage, _) = led_anew(&[("auto.offset.reset", policy)]);
        stage.take_check(0, answer);
        assert!(stage.events.contains(&Event::TruncationDetected {
            partition: tp("t", 0),
            position: 3,
            diverging: None
        }));
        assert_eq!(stage.take_lookup(0, 7), [(0, timestamp)]);
        assert_eq!(stage.take_fetch(vec![])[&0].fetch_offset, 7);
    }
}

#[test]
fn a_validation_is_tried_again() {
    for code in [6, 74, 75, 3, 5, 56, -1] {
        let (mut stage, _) = led_anew(&[]);
        stage.take_check(code, (-1, -1));
        assert!(stage.asked.is_empty(), "not without a pause");
        stage.wait(200);
        let asked = stage.request();
        stage.cut(asked.conn);
        stage.wait(700);
        assert_eq!(stage.take_check(0, (4, 9)), [(0, 5, 4)], "{code}");
        assert_eq!(stage.take_fetch(vec![])[&0].fetch_offset, 3);
    }
}

#[test]
fn an_answer_about_another_position_or_leader_is_dropped() {
    let (mut stage, _) = led_anew(&[("metadata.max.age.ms", "1000")]);
    stage.op(Op::Poll { max_records: 100, timeout_ms: 60_000 });
    let late = stage.request();
    assert!(matches!(late.request, Request::OffsetForLeaderEpoch(_)));
    stage.lead(0, (0, 6));
    stage.wait(1100);
    assert_eq!(stage.take_check(0, (4, 3)), [(0, 6, 4)], "the next leader is asked meanwhile");
    let fetch = stage.request();
    assert_eq!((fetch.node, fetched(&fetch)[&0].current_leader_epoch), (0, 6));
    stage.asked.push_front(late);
    stage.take_check(0, (3, 1));
    assert!(!stage.events.iter().any(|event| event.name() == "TruncationDetected"));
    let (mut stage, _) = led_anew(&[]);
    stage.op(Op::Seek(tp("t", 0), Position::At(2)));
    stage.take_check(0, (3, 1));
    assert_eq!(stage.take_fetch(vec![])[&0].fetch_offset, 2, "what an application sets has no epoch");
}

#[test]
fn what_an_old_leader_still_says_is_not_read() {
    let mut stage = has_read(&[("metadata.max.age.ms", "1000")]);
    let old = stage.request();
    // Node 1 is connected, so that it can describe the cluster while node 0 is silent.
    stage.op(Op::ListOffsets(vec![(tp("t", 1), -1)]));
    stage.take_lookup(0, 0);
    stage.lead(0, (1, 5));
    let poll = stage.op(Op::Poll { max_records: 100, timeout_ms: 60_000 });
    stage.wait(1100);
    let response = answer(&old, vec![data(0, &[batch_of(4, 3, &["late"])])]);
    stage.answer(&old, response);
    stage.take_check(0, (4, 3));
    stage.take_fetch(vec![data(0, &[batch_of(5, 3, &["d"])])]);
    assert_eq!(stage.polled(poll), read(&[(3, "d")]));
}

#[test]
fn what_was_fetched_from_an_old_leader_is_dropped() {
    let mut stage = has_read(&[("metadata.max.age.ms", "1000")]);
    stage.take_fetch(vec![data(0, &[batch_of(4, 3, &["ahead"])])]);
    stage.lead(0, (1, 5));
    stage.wait(1100);
    stage.take_check(0, (4, 3));
    let poll = stage.poll(100);
    stage.take_fetch(vec![data(0, &[batch_of(5, 3, &["d"])])]);
    assert_eq!(stage.polled(poll), read(&[(3, "d")]));
}

#[test]
fn a_broker_too_old_to_be_asked_is_believed() {
    let mut stage = Stage::new(Role::Consumer, &[]);
    stage.versions.insert(wire::ApiKey::OffsetForLeaderEpoch, 2);
    stage.op(Op::Assign(vec![(tp("t", 0), Position::At(0))]));
    stage.poll(100);
    stage.take_fetch(vec![data(0, &[batch_of(0, 0, &["a"])])]);
    stage.lead(0, (1, 5));
    stage.take_fetch(vec![error(0, 6)]);
    stage.wait(300);
    stage.poll(100);
    assert_eq!(stage.take_fetch(vec![])[&0].fetch_offset, 1);
}

#[test]
fn a_consumer_believes_a_hint_without_waiting_for_metadata() {
    let mut stage = has_read(&[]);
    stage.describes = false;
    stage.up.push(7);
    stage.poll(100);
    let asked = stage.request();
    let hint = vec![names_leader(error(0, 6), 7, 5)];
    let response = FetchResponse { node_endpoints: vec![endpoint(7)], ..answer(&asked, hint) };
    stage.answer(&asked, response);
    assert!(stage.events.contains(&Event::LeaderHinted { partition: tp("t", 0) }));
    stage.asked.retain(|asked| !matches!(asked.request, Request::Metadata(_)));
    assert_eq!((stage.asked[0].node, stage.take_check(0, (4, 3))), (7, vec![(0, 5, 4)]));
    assert_eq!(stage.request().node, 7);
}

#[test]
fn an_old_hint_and_one_of_an_unknown_node_are_not_believed() {
    for hint in [(1, 4), (1, 3), (9, 5), (-1, 5)] {
        let mut stage = has_read(&[]);
        stage.describes = false;
        let response = answer(&stage.asked[0], vec![names_leader(error(0, 74), hint.0, hint.1)]);
        let asked = stage.request();
        stage.answer(&asked, response);
        assert!(!stage.events.iter().any(|event| event.name() == "LeaderHinted"), "{hint:?}");
    }
}

#[test]
fn a_producer_believes_a_hint_without_waiting_for_metadata() {
    let mut stage = Stage::new(Role::Producer, &[("linger.ms", "0"), ("retry.backoff.ms", "1000")]);
    stage.up.push(7);
    let a = stage.op(send(0, "a"));
    stage.describes = false;
    let (asked, _) = stage.produce();
    let mut response = stage::produce::answer(&asked, 6, -1);
    response.responses[0].partition_responses[0].current_leader =
        produce::LeaderIdAndEpoch { leader_id: 7, leader_epoch: 1 };
    let at = produce::NodeEndpoint { node_id: 7, host: Str::from("node-7"), port: 9092, rack: None };
    stage.answer(&asked, ProduceResponse { node_endpoints: vec![at], ..response });
    stage.asked.retain(|asked| !matches!(asked.request, Request::Metadata(_)));
    assert_eq!(stage.asked[0].node, 7);
    stage.take_produce(0, 12);
    assert!(matches!(stage.sent(a), Some(client_core::SendOutcome::Acked(ack)) if ack.offset == Some(12)));
}

#[test]
fn a_lookup_follows_an_election() {
    let mut stage = Stage::new(Role::Consumer, &[]);
    let op = stage.op(Op::ListOffsets(vec![(tp("t", 0), -1)]));
    assert_eq!(stage.asked[0].node, 0);
    stage.lead(0, (1, 5));
    while stage.asked[0].node == 0 {
        stage.take_lookup(74, -1);
        stage.wait(300);
    }
    stage.take_lookup(0, 33);
    assert_eq!(stage.outcome(op), Some(&Done::Offsets(vec![(tp("t", 0), 0, 33, -1)])));
}

#[test]
fn an_admin_tries_again_until_there_is_a_controller() {
    let mut stage = Stage::new(Role::Admin, &[]);
    let topic = NewTopic { name: Str::from("new"), partitions: 1, ..NewTopic::default() };
    let op = stage.op(Op::CreateTopics(vec![topic]));
    for error_code in [41, 41, 0] {
        let asked = stage.request();
        let result = CreatableTopicResult { name: Str::from("new"), error_code, ..Default::default() };
        stage.answer(&asked, CreateTopicsResponse { topics: vec![result], ..Default::default() });
        stage.wait(300);
    }
    assert_eq!(stage.outcome(op), Some(&Done::Topics(vec![(Str::from("new"), 0, Uuid::ZERO)])));
}
