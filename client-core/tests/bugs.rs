//! Each planted bug does what its report says, where the correct code does not; and none is reached where it has no business.
#![cfg(feature = "bugs")]

mod stage;

use client_core::SendOutcome::{Acked, Failed, Unknown};
use client_core::{Bug, Op, Position, Role};
use stage::fetch::{batch, data, emptied, error, fetched};
use stage::{Stage, config, record, send, topic, tp};
use wire::{Request, Str};

const SETTINGS: &[(&str, &str)] = &[("linger.ms", "0"), ("retries", "0"), ("delivery.timeout.ms", "30000")];

fn with(role: Role, settings: &[(&str, &str)], bug: Option<Bug>) -> Stage {
    let mut config = config(settings);
    if let Some(bug) = bug {
        config.bugs = config.bugs.with(bug);
    }
    Stage::with(role, config)
}

fn was_reached(stage: &Stage) -> bool {
    stage.client.config().bugs.was_reached()
}

#[test]
fn k03_reads_an_unexpected_error_as_definite() {
    for (bug, error, definite) in [(Some(Bug::K03), -1, true), (Some(Bug::K03), 56, true), (None, -1, false)] {
        let mut stage = with(Role::Producer, SETTINGS, bug);
        let a = stage.op(send(0, "a"));
        stage.take_produce(error, -1);
        let (failed, unknown) = (Failed { error, partition: Some(0) }, Unknown { error, partition: 0 });
        assert_eq!(stage.sent(a), Some(if definite { failed } else { unknown }));
        assert_eq!(was_reached(&stage), bug.is_some());
    }
}

#[test]
fn k04_chooses_another_partition_for_a_retry() {
    let partitions = |bug| {
        let mut stage = with(Role::Producer, &[("linger.ms", "0")], bug);
        stage.topics.insert("t".to_owned(), topic(1, &[0; 50]));
        stage.op(Op::Send { topic: Str::from("t"), partition: Some(3), record: record("a") });
        let first = stage.take_produce(19, -1);
        stage.wait(500);
        (first[0].0, stage.take_produce(0, 0)[0].0)
    };
    assert_eq!(partitions(None), (3, 3));
    let (first, second) = partitions(Some(Bug::K04));
    assert!(first == 3 && second != 3);
}

#[test]
#[should_panic(expected = "ended twice")]
fn z02_completes_an_acknowledged_send_again_when_it_times_out() {
    let mut stage = with(Role::Producer, SETTINGS, Some(Bug::Z02));
    let a = stage.op(send(0, "a"));
    stage.take_produce(0, 0);
    assert!(matches!(stage.sent(a), Some(Acked(_))));
    stage.wait(30_000);
}

#[test]
fn z08_skips_a_record_inside_a_batch() {
    for (bug, skipped) in [(None, false), (Some(Bug::Z08), true)] {
        let mut stage = with(Role::Consumer, &[], bug);
        stage.op(Op::Assign(vec![(tp("t", 0), Position::At(0))]));
        let poll = stage.poll(10);
        stage.take_fetch(vec![data(0, &[batch(0, &["a", "b", "c"])])]);
        let offsets: Vec<_> = stage.polled(poll).unwrap().0.iter().map(|(_, offset, _)| *offset).collect();
        assert_eq!(offsets, if skipped { vec![0, 2] } else { vec![0, 1, 2] });
    }
}

#[test]
fn k15_reads_on_under_another_leader_without_asking() {
    for (bug, asks) in [(None, true), (Some(Bug::K15), false)] {
        let mut stage = with(Role::Consumer, &[], bug);
        stage.op(Op::Assign(vec![(tp("t", 0), Position::At(0))]));
        let poll = stage.poll(10);
        stage.take_fetch(vec![data(0, &[batch(0, &["a"])])]);
        assert!(stage.polled(poll).is_some());
        stage.lead(0, (1, 1));
        stage.take_fetch(vec![error(0, 6)]);
        stage.wait(300);
        stage.poll(10);
        assert_eq!(matches!(stage.request().request, Request::OffsetForLeaderEpoch(_)), asks);
        assert_eq!(was_reached(&stage), !asks);
    }
}

#[test]
fn k25_does_not_get_past_an_empty_batch() {
    for (bug, next) in [(None, 10), (Some(Bug::K25), 0)] {
        let mut stage = with(Role::Consumer, &[], bug);
        stage.op(Op::Assign(vec![(tp("t", 0), Position::At(0))]));
        stage.poll(10);
        stage.take_fetch(vec![data(0, &[emptied(0, 9)])]);
        assert_eq!(fetched(&stage.request())[&0].fetch_offset, next);
    }
}

#[test]
fn k26_never_fetches_again_after_a_lost_fetch() {
    for (bug, stuck) in [(None, false), (Some(Bug::K26), true)] {
        let mut stage = with(Role::Consumer, &[], bug);
        stage.op(Op::Assign(vec![(tp("t", 0), Position::At(0))]));
        stage.op(Op::Poll { max_records: 1, timeout_ms: 100_000 });
        let asked = stage.request();
        stage.cut(asked.conn);
        stage.wait(50_000);
        assert_eq!(stage.asked.is_empty(), stuck);
    }
}
