//! Stories of one admin.

mod stage;

use client_core::{Done, NewTopic, Op, Role};
use stage::{Asked, Stage};
use wire::messages::create_topics::CreatableTopicResult;
use wire::messages::delete_topics::DeletableTopicResult;
use wire::messages::{CreateTopicsResponse, DeleteTopicsResponse};
use wire::{ApiKey, OpId, Request, Str, Uuid};

fn admin(settings: &[(&str, &str)]) -> Stage {
    Stage::new(Role::Admin, settings)
}

fn create(stage: &mut Stage, names: &[&str]) -> OpId {
    let topic =
        |name: &&str| NewTopic { name: Str::from(*name), partitions: 2, replication_factor: 1, configs: Vec::new() };
    stage.op(Op::CreateTopics(names.iter().map(topic).collect()))
}

fn created(stage: &mut Stage, results: &[(&str, i16)]) -> Asked {
    let asked = stage.request();
    assert!(matches!(asked.request, Request::CreateTopics(_)));
    let result = |&(name, error_code): &(&str, i16)| CreatableTopicResult {
        name: Str::from(name),
        topic_id: Uuid(if error_code == 0 { 9 } else { 0 }),
        error_code,
        ..CreatableTopicResult::default()
    };
    let topics = results.iter().map(result).collect();
    stage.answer(&asked, CreateTopicsResponse { topics, ..CreateTopicsResponse::default() });
    asked
}

fn deleted(stage: &mut Stage, name: &str, error_code: i16) -> Asked {
    let asked = stage.request();
    let result = DeletableTopicResult { name: Some(Str::from(name)), error_code, ..DeletableTopicResult::default() };
    stage.answer(&asked, DeleteTopicsResponse { responses: vec![result], ..DeleteTopicsResponse::default() });
    asked
}

fn topics(results: &[(&str, i16, u128)]) -> Done {
    Done::Topics(results.iter().map(|&(name, code, id)| (Str::from(name), code, Uuid(id))).collect())
}

#[test]
fn topics_are_created_at_the_controller() {
    let mut stage = admin(&[]);
    let op = create(&mut stage, &["a", "b"]);
    let asked = created(&mut stage, &[("b", 37), ("a", 0)]);
    assert_eq!(asked.node, 1);
    let Request::CreateTopics(request) = &asked.request else { panic!() };
    assert_eq!((request.topics[0].name.clone(), request.topics[0].num_partitions), (Str::from("a"), 2));
    assert_eq!(stage.outcome(op), Some(&topics(&[("a", 0, 9), ("b", 37, 0)])));
}

#[test]
fn only_what_was_refused_for_now_is_tried_again() {
    let mut stage = admin(&[]);
    let op = create(&mut stage, &["a", "b"]);
    created(&mut stage, &[("a", 0), ("b", 41)]);
    stage.wait(300);
    let asked = created(&mut stage, &[("b", 36)]);
    let Request::CreateTopics(request) = &asked.request else { panic!() };
    assert_eq!(request.topics.len(), 1);
    assert_eq!(stage.outcome(op), Some(&topics(&[("a", 0, 9), ("b", 36, 0)])));
}

#[test]
fn after_a_lost_answer_only_success_is_certain() {
    for (code, end) in [(36, ("a", -1, 0)), (0, ("a", 0, 9))] {
        let mut stage = admin(&[]);
        let op = create(&mut stage, &["a"]);
        let asked = stage.request();
        stage.cut(asked.conn);
        stage.wait(500);
        created(&mut stage, &[("a", code)]);
        assert_eq!(stage.outcome(op), Some(&topics(&[end])));
    }
}

#[test]
fn a_broker_that_timed_out_may_have_created_the_topic() {
    for code in [7, -1] {
        let mut stage = admin(&[]);
        let op = create(&mut stage, &["a"]);
        created(&mut stage, &[("a", code)]);
        assert_eq!(stage.outcome(op), Some(&topics(&[("a", -1, 0)])));
    }
}

#[test]
fn out_of_time_a_call_says_whether_it_may_have_been_carried_out() {
    let mut stage = admin(&[("default.api.timeout.ms", "5000")]);
    let sent = create(&mut stage, &["a"]);
    stage.wait(5000);
    assert_eq!(stage.outcome(sent), Some(&topics(&[("a", -1, 0)])));
    stage.up.clear();
    stage.cut_all();
    let unsent = create(&mut stage, &["b"]);
    stage.wait(5000);
    assert_eq!(stage.outcome(unsent), Some(&topics(&[("b", 8, 0)])));
}

#[test]
fn topics_are_deleted_in_every_version() {
    for most in [6, 5, 1] {
        let mut stage = admin(&[]);
        stage.versions.insert(ApiKey::DeleteTopics, most);
        let op = stage.op(Op::DeleteTopics(vec![Str::from("a")]));
        let asked = deleted(&mut stage, "a", 0);
        let Request::DeleteTopics(request) = &asked.request else { panic!() };
        let named = if most == 6 { request.topics[0].name.clone() } else { request.topic_names.first().cloned() };
        assert_eq!(named, Some(Str::from("a")));
        assert_eq!(stage.outcome(op), Some(&topics(&[("a", 0, 0)])));
    }
}

#[test]
fn a_topic_that_is_gone_after_a_lost_delete_is_unknown() {
    let mut stage = admin(&[]);
    let op = stage.op(Op::DeleteTopics(vec![Str::from("a")]));
    let asked = stage.request();
    stage.cut(asked.conn);
    stage.wait(500);
    deleted(&mut stage, "a", 3);
    assert_eq!(stage.outcome(op), Some(&topics(&[("a", -1, 0)])));
    let op = stage.op(Op::DeleteTopics(vec![Str::from("b")]));
    deleted(&mut stage, "b", 3);
    assert_eq!(stage.outcome(op), Some(&topics(&[("b", 3, 0)])));
}

#[test]
fn topics_are_described_and_never_created_by_asking() {
    let mut stage = admin(&[]);
    let op = stage.op(Op::DescribeTopics(vec![Str::from("t"), Str::from("none")]));
    assert!(stage.metadata_requests.iter().all(|request| !request.allow_auto_topic_creation));
    let Some(Done::Described(described)) = stage.outcome(op) else { panic!() };
    assert_eq!((described[0].error, described[0].topic_id), (0, Uuid(1)));
    assert_eq!(described[0].partitions, [(0, 0, 0), (1, 1, 0), (2, 0, 0)]);
    assert_eq!((described[1].name.clone(), described[1].error), (Str::from("none"), 3));
}

#[test]
fn calls_about_nothing_end_at_once() {
    let mut stage = admin(&[]);
    for op in [Op::CreateTopics(vec![]), Op::DeleteTopics(vec![]), Op::DescribeTopics(vec![]), Op::ListOffsets(vec![])]
    {
        let op = stage.op(op);
        assert!(stage.outcome(op).is_some());
    }
    assert!(stage.dials.is_empty());
}

#[test]
fn a_closing_admin_finishes_its_calls() {
    let mut stage = admin(&[]);
    let op = create(&mut stage, &["a"]);
    let close = stage.op(Op::Close);
    assert_eq!(stage.outcome(close), None);
    created(&mut stage, &[("a", 0)]);
    assert!(stage.outcome(op).is_some());
    assert_eq!(stage.outcome(close), Some(&Done::Ok));
}
