//! Stories of a broker alone: what it promises across produce, fetch, crash and shutdown.

mod solo;

use broker_core::Event;
use bytes::Bytes;
use solo::*;
use wire::files::METADATA_TOPIC_ID;
use wire::messages::FetchRequest;
use wire::messages::fetch::FetchPartition;
use wire::{ApiKey, DiskError, ErrorCode, Input, LogDirId, RamDisk, Reason, Response, Uuid};

const FLUSH: (&str, &str) = ("flush.messages", "1");

fn code(error: ErrorCode) -> i16 {
    error.code()
}

#[test]
fn what_is_produced_is_read_back() {
    let mut solo = Solo::new(&[]);
    assert_eq!(solo.create("orders", 1, &[]), 0);
    assert_eq!(solo.produce("orders", "a").base_offset, 0);
    assert_eq!(solo.produce("orders", "b").base_offset, 1);
    let data = solo.fetch("orders", 0);
    assert_eq!((values(&data), data.high_watermark), (vec!["a".to_owned(), "b".to_owned()], 2));
    assert_eq!(values(&solo.fetch("orders", 1)), ["b"]);
    assert_eq!(values(&solo.fetch("orders", 2)), [""; 0]);
    assert_eq!(solo.fetch("orders", 3).error_code, code(ErrorCode::OffsetOutOfRange));
    assert_eq!(solo.fetch("nothing", 0).error_code, code(ErrorCode::UnknownTopicOrPartition));
}

#[test]
fn acks_all_waits_for_the_sync_and_consumers_see_nothing_before() {
    let mut solo = Solo::new(&[]);
    solo.create("orders", 1, &[FLUSH]);
    let conn = solo.connect();
    for acks in [-1, 1] {
        solo.send(conn, 9, produce_request("orders", acks, batch("a")));
        assert_eq!(solo.answer(conn, ApiKey::Produce, 9), None, "acks={acks}: no answer before the sync");
        let view = solo.broker.view();
        let mut end = (0, 0);
        view.each_log(|log| {
            if log.topic == "orders" {
                end = (log.high_watermark, log.log_end_offset);
            }
        });
        assert_eq!(end.0 + 1, end.1, "the high watermark waits too");
        solo.settle();
        let Some(Response::Produce(answer)) = solo.answer(conn, ApiKey::Produce, 9) else { panic!("no answer") };
        assert_eq!(answer.responses[0].partition_responses[0].error_code, 0);
    }
    assert_eq!(solo.fetch("orders", 0).high_watermark, 2);
}

#[test]
fn one_sync_serves_all_who_came_before_it_began() {
    let mut solo = Solo::new(&[]);
    solo.create("orders", 1, &[FLUSH]);
    let conns = [solo.connect(), solo.connect(), solo.connect()];
    for conn in conns {
        solo.send(conn, 9, produce_request("orders", -1, batch("x")));
    }
    assert_eq!(solo.syncs.len(), 1, "one sync in flight per target");
    solo.sync();
    let answered = |solo: &mut Solo, conn| solo.answer(conn, ApiKey::Produce, 9).is_some();
    assert_eq!(conns.map(|conn| answered(&mut solo, conn)), [true, false, false], "it covers the first append alone");
    solo.sync();
    assert_eq!(conns.map(|conn| answered(&mut solo, conn)), [false, true, true]);
}

#[test]
fn the_metadata_high_watermark_follows_the_sync_alone() {
    let mut solo = Solo::new(&[]);
    let metadata =
        |solo: &Solo| solo.broker.view().log(METADATA_TOPIC_ID, 0).map(|log| (log.high_watermark, log.log_end_offset));
    let before = metadata(&solo).unwrap();
    assert_eq!(before.0, before.1);
    let conn = solo.connect();
    solo.send(conn, 7, create_request("orders", 1, &[]));
    let during = metadata(&solo).unwrap();
    assert_eq!((during.0, during.1), (before.0, before.1 + 2));
    assert_eq!(solo.answer(conn, ApiKey::CreateTopics, 7), None);
    solo.settle();
    assert_eq!(metadata(&solo).unwrap().0, before.1 + 2);
    assert!(solo.answer(conn, ApiKey::CreateTopics, 7).is_some());
}

#[test]
fn nothing_is_answered_before_the_first_records_are_durable() {
    let mut solo = Solo::opened(config(&[]), RamDisk::new(1));
    let conn = solo.connect();
    solo.send(conn, 7, create_request("orders", 1, &[]));
    assert_eq!(
        solo.broker.view().log(METADATA_TOPIC_ID, 0).unwrap().log_end_offset,
        0,
        "no epoch before its quorum state"
    );
    solo.settle();
    assert!(solo.answer(conn, ApiKey::CreateTopics, 7).is_some());
    assert!(solo.event_names().contains(&"Registered"));
}

#[test]
fn every_incarnation_has_new_epochs_and_keeps_the_records() {
    let mut solo = Solo::new(&[]);
    solo.create("orders", 1, &[]);
    solo.produce("orders", "a");
    let epochs = |solo: &Solo| (solo.broker.view().quorum_epoch(), solo.broker.view().broker_epoch().unwrap());
    let (mut last, mut leader_epoch) = (epochs(&solo), solo.describe("orders").partitions[0].leader_epoch);
    for _ in 0..3 {
        solo.restart();
        let now = epochs(&solo);
        assert!(now.0 > last.0 && now.1 > last.1, "{last:?} {now:?}");
        let epoch = solo.describe("orders").partitions[0].leader_epoch;
        assert!(epoch > leader_epoch);
        (last, leader_epoch) = (now, epoch);
        assert_eq!(values(&solo.fetch("orders", 0))[0], "a");
    }
    let elected = solo.events.iter().filter(|event| matches!(event, Event::LeaderElected { .. })).count();
    assert_eq!(elected, 4 + 4, "the metadata quorum and the partition, four times each");
}

#[test]
fn a_topic_keeps_its_configuration_across_a_restart() {
    let mut solo = Solo::new(&[]);
    solo.create("orders", 1, &[FLUSH]);
    solo.restart();
    let conn = solo.connect();
    solo.send(conn, 9, produce_request("orders", -1, batch("a")));
    assert_eq!(solo.answer(conn, ApiKey::Produce, 9), None, "it still syncs before it answers");
}

#[test]
fn a_clean_shutdown_leaves_a_marker_and_a_kill_does_not() {
    let mut solo = Solo::new(&[]);
    solo.create("orders", 1, &[]);
    solo.produce("orders", "a");
    let broker_epoch = solo.broker.view().broker_epoch().unwrap();
    solo.shut_down();
    assert_eq!(solo.halted, Some(Reason::Shutdown));
    let marker = solo.disk.contents(LogDirId(0), ".kafka_cleanshutdown").unwrap();
    assert_eq!(marker, format!("{{\"version\":0,\"brokerEpoch\":{broker_epoch}}}").as_bytes());
    for clean in [true, false] {
        solo.events.clear();
        solo.restart();
        assert!(solo.events.contains(&Event::Recovered { clean }), "{clean}");
    }
    assert_eq!(values(&solo.fetch("orders", 0)), ["a"]);
}

#[test]
fn a_fetch_waits_for_bytes_and_for_no_longer_than_it_may() {
    let mut solo = Solo::new(&[]);
    solo.create("orders", 1, &[]);
    let conn = solo.connect();
    solo.send(conn, 12, fetch_request("orders", 0, 500));
    assert_eq!(solo.answer(conn, ApiKey::Fetch, 12), None);
    solo.produce("orders", "a");
    let Some(Response::Fetch(answer)) = solo.answer(conn, ApiKey::Fetch, 12) else { panic!("data must wake it") };
    assert_eq!(values(&answer.responses[0].partitions[0]), ["a"]);
    solo.send(conn, 12, fetch_request("orders", 1, 500));
    solo.wait(499);
    assert_eq!(solo.answer(conn, ApiKey::Fetch, 12), None);
    solo.wait(1);
    let Some(Response::Fetch(answer)) = solo.answer(conn, ApiKey::Fetch, 12) else { panic!("its time is up") };
    assert_eq!(answer.responses[0].partitions[0].records, Some(Bytes::new()));
}

#[test]
fn a_topic_deleted_under_a_waiting_fetch_ends_the_wait_and_its_successor_is_empty() {
    let mut solo = Solo::new(&[]);
    solo.create("orders", 1, &[]);
    solo.produce("orders", "old");
    let old = solo.describe("orders").topic_id;
    let conn = solo.connect();
    solo.send(conn, 12, fetch_request("orders", 1, 5000));
    let delete =
        wire::messages::delete_topics::DeleteTopicsRequest { topic_names: vec!["orders".into()], ..Default::default() };
    let Response::DeleteTopics(answer) = solo.ask(5, delete) else { panic!() };
    assert_eq!(answer.responses[0].error_code, 0);
    let Some(Response::Fetch(answer)) = solo.answer(conn, ApiKey::Fetch, 12) else { panic!("the wait must end") };
    assert_eq!(answer.responses[0].partitions[0].error_code, code(ErrorCode::UnknownTopicOrPartition));
    solo.create("orders", 1, &[]);
    assert_ne!(solo.describe("orders").topic_id, old);
    assert_eq!(values(&solo.fetch("orders", 0)), [""; 0]);
    solo.restart();
    assert_eq!(solo.produce("orders", "new").base_offset, 0);
    solo.wait(70_000);
    assert!(
        !solo.disk.paths(LogDirId(0)).iter().any(|path| path.contains("-delete")),
        "its files are gone after the delay"
    );
}

#[test]
fn a_read_below_the_hot_tail_goes_to_the_disk_and_checks_again_afterwards() {
    let mut solo = Solo::new(&[]);
    solo.create("orders", 1, &[("internal.segment.bytes", "4096")]);
    let long = "x".repeat(1000);
    for _ in 0..200 {
        solo.produce("orders", &long);
    }
    solo.restart();
    let conn = solo.connect();
    solo.send(conn, 12, fetch_request("orders", 0, 500));
    assert_eq!(solo.reads.len(), 1, "offset 0 is cold");
    assert!(solo.event_names().contains(&"ColdRead"));
    solo.wait(600);
    assert_eq!(solo.answer(conn, ApiKey::Fetch, 12), None, "the disk has no deadline");
    while solo.read() {}
    let Some(Response::Fetch(answer)) = solo.answer(conn, ApiKey::Fetch, 12) else { panic!("the read must answer it") };
    assert_eq!(values(&answer.responses[0].partitions[0])[0], long);

    solo.send(conn, 12, fetch_request("orders", 0, 500));
    let (id, ..) = solo.reads.pop_front().unwrap();
    solo.input(Input::Read(id, Err(DiskError::Io)));
    let Some(Response::Fetch(answer)) = solo.answer(conn, ApiKey::Fetch, 12) else { panic!() };
    assert_eq!(answer.responses[0].partitions[0].error_code, code(ErrorCode::KafkaStorageError));
}

#[test]
fn cold_reads_of_one_fetch_share_its_max_bytes() {
    let mut solo = Solo::new(&[]);
    let names = ["orders", "payments"];
    for name in names {
        solo.create(name, 1, &[("internal.segment.bytes", "4096")]);
        for _ in 0..20 {
            solo.produce(name, &"x".repeat(1000));
        }
    }
    solo.restart();
    let both = names.iter().flat_map(|name| fetch_request(name, 0, 0).topics).collect();
    let conn = solo.connect();
    solo.send(conn, 12, FetchRequest { max_bytes: 3_000, topics: both, ..fetch_request("orders", 0, 0) });
    while solo.read() {}
    let Some(Response::Fetch(answer)) = solo.answer(conn, ApiKey::Fetch, 12) else {
        panic!("the reads must answer it")
    };
    let given = answer.responses.iter().flat_map(|topic| &topic.partitions);
    let bytes: Vec<usize> = given.map(|data| data.records.as_ref().map_or(0, Bytes::len)).collect();
    assert_eq!(bytes, [3_000, 0]);
}

#[test]
fn a_failed_sync_of_the_metadata_directory_halts_the_node() {
    let mut solo = Solo::new(&[]);
    solo.create("orders", 1, &[FLUSH]);
    let conn = solo.connect();
    solo.send(conn, 9, produce_request("orders", -1, batch("a")));
    let id = solo.syncs.pop_front().unwrap();
    solo.input(Input::Synced(id, Err(DiskError::Io)));
    assert!(matches!(solo.halted, Some(Reason::StorageFailed(_))));
    assert_eq!(solo.answer(conn, ApiKey::Produce, 9).map(|_| ()), None, "nothing is acknowledged");
    assert!(solo.event_names().contains(&"LogDirFailed"));
}

#[test]
fn with_another_directory_the_node_goes_on_without_the_failed_one() {
    let mut solo = Solo::with(config(&[]), RamDisk::new(2));
    // The metadata log lies in the first, so the first topic goes to the second.
    solo.create("second", 1, &[FLUSH]);
    solo.create("first", 1, &[FLUSH]);
    let conn = solo.connect();
    solo.send(conn, 9, produce_request("second", -1, batch("a")));
    let id = solo.syncs.pop_front().unwrap();
    solo.input(Input::Synced(id, Err(DiskError::Io)));
    let Some(Response::Produce(answer)) = solo.answer(conn, ApiKey::Produce, 9) else { panic!("it must end") };
    let error = answer.responses[0].partition_responses[0].error_code;
    assert_eq!(error, code(ErrorCode::KafkaStorageError));
    solo.settle();
    assert_eq!(solo.halted, None);
    assert_eq!(solo.fetch("second", 0).error_code, code(ErrorCode::KafkaStorageError));
    assert_eq!(solo.produce("first", "b").error_code, 0);
    assert_eq!(solo.describe("second").partitions[0].error_code, code(ErrorCode::LeaderNotAvailable));
}

#[test]
fn nobody_leads_in_a_directory_that_failed_before_the_election() {
    let mut solo = Solo::with(config(&[]), RamDisk::new(2));
    solo.create("second", 1, &[]);
    solo.produce("second", "a");
    solo.kill();
    let failed = solo.disk.clone();
    let mut solo = Solo::opened(config(&[]), failed);
    // The last sync that a start asks for is the quorum state's, in the first directory; those before it are in the second.
    let before_last = solo.syncs.len() - 2;
    let in_second = solo.syncs.remove(before_last).unwrap();
    solo.input(Input::Synced(in_second, Err(DiskError::Io)));
    solo.settle();
    assert!(solo.event_names().contains(&"LogDirFailed"));
    assert_eq!(solo.halted, None);
    assert_eq!(solo.describe("second").partitions[0].error_code, code(ErrorCode::LeaderNotAvailable));
    let led = solo.events.iter().filter(|event| matches!(event, Event::LeaderElected { .. })).count();
    assert_eq!(led, 1, "the metadata quorum alone");
}

/// A second log elsewhere would have the same offsets for other records, and both would be there once the directory is back.
#[test]
fn a_log_in_a_directory_that_cannot_be_opened_is_not_made_again_elsewhere() {
    let mut solo = Solo::with(config(&[]), RamDisk::new(2));
    solo.create("second", 1, &[]);
    solo.produce("second", "a");
    solo.kill();
    let mut disk = solo.disk.clone();
    // A folder where a file should be: the directory cannot be used.
    disk.put(LogDirId(1), ".kafka_cleanshutdown/damage", "");
    let solo = Solo::with(config(&[]), disk);
    assert!(solo.halted.is_none() && solo.event_names().contains(&"LogDirFailed"));
    assert!(!solo.disk.paths(LogDirId(0)).iter().any(|path| path.starts_with("second-")));
}

#[test]
fn a_consumer_of_another_epoch_is_told() {
    let mut solo = Solo::new(&[]);
    solo.create("orders", 1, &[]);
    solo.produce("orders", "a");
    solo.restart();
    let epoch = solo.describe("orders").partitions[0].leader_epoch;
    let table =
        [(epoch, 0), (epoch - 1, code(ErrorCode::FencedLeaderEpoch)), (epoch + 1, code(ErrorCode::UnknownLeaderEpoch))];
    for (current_leader_epoch, expected) in table {
        let mut request = fetch_request("orders", 0, 0);
        request.topics[0].partitions[0].current_leader_epoch = current_leader_epoch;
        let Response::Fetch(answer) = solo.ask(12, request) else { panic!() };
        assert_eq!(answer.responses[0].partitions[0].error_code, expected);
    }
    let mut request = fetch_request("orders", 1, 0);
    let partition = &mut request.topics[0].partitions[0];
    *partition = FetchPartition { last_fetched_epoch: epoch - 1, fetch_offset: 9, ..partition.clone() };
    let Response::Fetch(answer) = solo.ask(12, request) else { panic!() };
    let diverging = &answer.responses[0].partitions[0].diverging_epoch;
    assert_eq!((diverging.epoch, diverging.end_offset), (0, 1));
}

#[test]
fn a_consumer_of_an_older_epoch_is_told_who_leads() {
    let mut solo = Solo::new(&[]);
    solo.create("orders", 1, &[]);
    solo.restart();
    let described = solo.describe("orders");
    let (leader, epoch) = (described.partitions[0].leader_id, described.partitions[0].leader_epoch);
    for version in [12, 15, 16, 18] {
        let mut request = fetch_request("orders", 0, 0);
        request.topics[0].topic_id = described.topic_id;
        request.topics[0].partitions[0].current_leader_epoch = epoch - 1;
        let Response::Fetch(answer) = solo.ask(version, request) else { panic!() };
        let named = &answer.responses[0].partitions[0].current_leader;
        let endpoints: Vec<i32> = answer.node_endpoints.iter().map(|at| at.node_id).collect();
        let hinted = version >= 16;
        assert_eq!((named.leader_id, named.leader_epoch), if hinted { (leader, epoch) } else { (-1, -1) }, "{version}");
        assert_eq!(endpoints, if hinted { vec![leader] } else { vec![] }, "{version}");
    }
}

#[test]
fn a_controlled_shutdown_closes_every_connection_and_answers_nothing_more() {
    let mut solo = Solo::new(&[]);
    solo.create("orders", 1, &[]);
    let conn = solo.connect();
    solo.send(conn, 12, fetch_request("orders", 0, 5000));
    solo.shut_down();
    assert!(solo.closed.contains(&conn));
    solo.send(conn, 12, fetch_request("orders", 0, 0));
    assert_eq!(solo.answer(conn, ApiKey::Fetch, 12).map(|_| ()), None);
}

#[test]
fn topic_ids_serve_as_names() {
    let mut solo = Solo::new(&[]);
    solo.create("orders", 1, &[]);
    let topic_id = solo.describe("orders").topic_id;
    let mut request = produce_request("", -1, batch("a"));
    request.topic_data[0].topic_id = topic_id;
    let Response::Produce(answer) = solo.ask(13, request.clone()) else { panic!() };
    assert_eq!(answer.responses[0].partition_responses[0].error_code, 0);
    request.topic_data[0].topic_id = Uuid(12345);
    let Response::Produce(answer) = solo.ask(13, request) else { panic!() };
    assert_eq!(answer.responses[0].partition_responses[0].error_code, code(ErrorCode::UnknownTopicId));
    let mut fetch = fetch_request("", 0, 0);
    fetch.topics[0].topic_id = topic_id;
    let Response::Fetch(answer) = solo.ask(16, fetch) else { panic!() };
    assert_eq!(values(&answer.responses[0].partitions[0]), ["a"]);
}
