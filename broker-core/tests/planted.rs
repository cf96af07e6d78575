//! Each planted bug of the broker changes what it says it changes.

#![cfg(feature = "bugs")]

mod solo;

use broker_core::{Bug, Event, Timer};
use solo::*;
use wire::{ApiKey, Node, RamDisk, Response};

fn planted(bug: Bug) -> Solo {
    Solo::with(config(&[]).with_bug(bug), RamDisk::new(1))
}

#[test]
fn c03_resumes_the_epoch_of_the_last_incarnation() {
    let mut solo = planted(Bug::C03);
    let epoch = solo.broker.view().quorum_epoch();
    solo.restart();
    assert_eq!(solo.broker.view().quorum_epoch(), epoch);
    assert!(solo.broker.view().bug_reached());
}

#[test]
fn c40_is_due_again_at_once() {
    let solo = planted(Bug::C40);
    assert_eq!(solo.broker.next_timeout(), Some((solo.now.mono, Timer::MetadataIdle)));
}

#[test]
fn d24_acknowledges_before_the_sync() {
    let mut solo = planted(Bug::D24);
    solo.create("orders", 1, &[("flush.messages", "1")]);
    let conn = solo.connect();
    solo.send(conn, 9, produce_request("orders", -1, batch("a")));
    assert!(!solo.syncs.is_empty() && solo.answer(conn, ApiKey::Produce, 9).is_some());
}

#[test]
fn r25_shows_what_is_not_committed() {
    let mut solo = planted(Bug::R25);
    solo.create("orders", 1, &[("flush.messages", "1")]);
    let conn = solo.connect();
    solo.send(conn, 9, produce_request("orders", -1, batch("a")));
    solo.send(conn, 12, fetch_request("orders", 0, 0));
    let Some(Response::Fetch(answer)) = solo.answer(conn, ApiKey::Fetch, 12) else { panic!("no answer") };
    let data = &answer.responses[0].partitions[0];
    assert_eq!((values(data), data.high_watermark), (vec!["a".to_owned()], 0));
}

#[test]
fn z03_appends_the_second_of_two_first() {
    let mut solo = planted(Bug::Z03);
    solo.create("orders", 1, &[]);
    let conn = solo.connect();
    for value in ["first", "second"] {
        solo.send(conn, 9, produce_request("orders", -1, batch(value)));
    }
    let offsets: Vec<i64> = std::iter::from_fn(|| match solo.answer(conn, ApiKey::Produce, 9) {
        Some(Response::Produce(answer)) => Some(answer.responses[0].partition_responses[0].base_offset),
        _ => None,
    })
    .collect();
    assert_eq!(offsets, [1, 0], "the answers are in order, the records are not");
    solo.send(conn, 9, produce_request("orders", -1, batch("third")));
    assert_eq!(solo.answer(conn, ApiKey::Produce, 9).map(|_| ()), None, "it waits for a successor");
    solo.wait(500);
    assert!(solo.answer(conn, ApiKey::Produce, 9).is_some(), "in vain");
}

/// With a snapshot as soon as anything was written.
fn with_snapshots(bug: Bug) -> Solo {
    let often = [("metadata.log.max.record.bytes.between.snapshots", "1")];
    let mut solo = Solo::with(config(&often).with_bug(bug), RamDisk::new(1));
    solo.create("orders", 1, &[]);
    solo
}

#[test]
fn c31_names_a_snapshot_one_offset_further_than_its_content() {
    let solo = with_snapshots(Bug::C31);
    let applied =
        |end: i64| solo.events.iter().any(|event| matches!(event, Event::MetadataApplied { to, .. } if *to == end));
    let named = solo.events.iter().filter_map(|event| match event {
        Event::SnapshotWritten { end_offset, .. } => Some(*end_offset),
        _ => None,
    });
    let named: Vec<i64> = named.collect();
    assert!(!named.is_empty() && named.iter().all(|&end| applied(end - 1)), "{named:?}");
}

#[test]
fn z01_loads_a_snapshot_when_it_leads() {
    let mut solo = with_snapshots(Bug::Z01);
    solo.events.clear();
    solo.restart();
    assert_eq!(solo.event_names().iter().filter(|name| **name == "SnapshotLoaded").count(), 2);
}
