//! Snapshots of a broker alone: when it writes one, what goes then, what it opens with, and what it gives to others.

mod solo;

use broker_core::Event;
use solo::*;
use wire::files::METADATA_TOPIC_ID;
use wire::files::names::{parse_snapshot_file, snapshot_file};
use wire::messages::fetch::{FetchPartition, FetchTopic, ReplicaState};
use wire::messages::fetch_snapshot::{PartitionSnapshot, PartitionSnapshotResponse, SnapshotId, TopicSnapshot};
use wire::messages::{FetchRequest, FetchSnapshotRequest};
use wire::metadata::Snapshot;
use wire::{ApiKey, ConnId, ErrorCode, Input, LogDirId, Peer, Reason, Response, Side};

const OFTEN: (&str, &str) = ("metadata.log.max.record.bytes.between.snapshots", "300");
const FEW: (&str, &str) = ("metadata.max.retention.bytes", "1");
/// A listener for other controllers.
const CONTROLLER: [(&str, &str); 3] = [
    ("listeners", "PLAINTEXT://:9092,CONTROLLER://:9093"),
    ("controller.listener.names", "CONTROLLER"),
    ("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"),
];
const SMALL: (&str, &str) = ("internal.metadata.log.segment.bytes", "1500");

fn path(end: i64, epoch: i32) -> String {
    format!("__cluster_metadata-0/{}", snapshot_file(end, epoch))
}

/// The snapshots on the disk, ascending.
fn on_disk(solo: &Solo) -> Vec<(i64, i32)> {
    let paths = solo.disk.paths(LogDirId(0));
    paths.iter().filter_map(|path| parse_snapshot_file(path.strip_prefix("__cluster_metadata-0/")?)).collect()
}

fn start(solo: &Solo) -> i64 {
    solo.broker.view().log(METADATA_TOPIC_ID, 0).map_or(-1, |log| log.log_start_offset)
}

fn loaded(solo: &Solo) -> Option<i64> {
    let of = |event: &Event| match event {
        Event::SnapshotLoaded { end_offset, .. } => Some(*end_offset),
        _ => None,
    };
    solo.events.iter().find_map(of)
}

/// Ten topics, and what the broker says of them.
fn with_topics(properties: &[(&str, &str)]) -> Solo {
    let mut solo = Solo::new(properties);
    for n in 0..10 {
        assert_eq!(solo.create(&format!("t{n}"), 2, &[("flush.messages", "1")]), 0);
    }
    solo
}

fn topics(solo: &mut Solo) -> Vec<(i16, usize)> {
    let topic = |solo: &mut Solo, n: i32| {
        let topic = solo.describe(&format!("t{n}"));
        (topic.error_code, topic.partitions.len())
    };
    (0..10).map(|n| topic(solo, n)).collect()
}

#[test]
fn a_node_writes_snapshots_and_its_log_begins_at_the_oldest_that_it_keeps() {
    let mut solo = with_topics(&[OFTEN, FEW, SMALL]);
    let kept = on_disk(&solo);
    assert_eq!((kept.len(), start(&solo)), (1, kept[0].0), "the newest alone, and the log behind it");
    assert!(solo.event_names().contains(&"LogStartRaised"));
    assert!(!solo.disk.paths(LogDirId(0)).contains(&"__cluster_metadata-0/00000000000000000000.log".to_owned()));
    solo.events.clear();
    solo.kill();
    assert_eq!((loaded(&solo), start(&solo)), (Some(kept[0].0), kept[0].0));
    solo.settle();
    assert_eq!(topics(&mut solo), [(0, 2); 10]);
    assert_eq!(solo.produce("t7", "a").base_offset, 0);
}

#[test]
fn a_log_begins_where_its_epochs_do_if_a_power_loss_took_its_start_back() {
    let mut solo = with_topics(&[OFTEN, FEW]);
    let kept = on_disk(&solo);
    solo.disk.put(LogDirId(0), "log-start-offset-checkpoint", b"0\n0\n".to_vec());
    solo.kill();
    assert_eq!((loaded(&solo), start(&solo)), (Some(kept[0].0), kept[0].0));
}

#[test]
fn without_pressure_all_of_them_stay_and_so_does_the_log() {
    let solo = with_topics(&[OFTEN]);
    assert!(on_disk(&solo).len() > 3);
    assert_eq!(start(&solo), 0);
    assert_eq!(on_disk(&with_topics(&[])), [], "Kafka's default is 20 MB between two");
}

#[test]
fn a_snapshot_that_is_damaged_gives_way_to_an_older_one() {
    let mut solo = with_topics(&[OFTEN]);
    let [.., (older, _), (newest, epoch)] = on_disk(&solo)[..] else { panic!("two at least") };
    solo.disk.contents_mut(LogDirId(0), &path(newest, epoch)).unwrap()[200] ^= 1;
    solo.events.clear();
    solo.restart();
    assert_eq!(loaded(&solo), Some(older));
    assert_eq!(topics(&mut solo), [(0, 2); 10]);
}

#[test]
fn one_that_is_not_whole_is_not_there() {
    let mut solo = with_topics(&[]);
    let part = path(99, 1) + ".part";
    solo.disk.put(LogDirId(0), &part, b"half of it".to_vec());
    solo.restart();
    assert_eq!(solo.disk.contents(LogDirId(0), &part), None);
    assert_eq!((loaded(&solo), topics(&mut solo)), (None, vec![(0, 2); 10]));
}

/// Asks the controller for bytes of a snapshot.
fn ask(solo: &mut Solo, n: u32, id: (i64, i32), position: i64, max_bytes: i32) -> PartitionSnapshotResponse {
    let conn = ConnId { side: Side::Accepted, n: 1_000 + n };
    solo.input(Input::Accepted(conn, Peer { listener: "CONTROLLER".into(), remote: "10.0.0.8:5000".into() }));
    let partition = PartitionSnapshot {
        partition: 0,
        current_leader_epoch: solo.broker.view().quorum_epoch(),
        snapshot_id: SnapshotId { end_offset: id.0, epoch: id.1 },
        position,
        ..PartitionSnapshot::default()
    };
    let topic = TopicSnapshot { name: "__cluster_metadata".into(), partitions: vec![partition] };
    let request = FetchSnapshotRequest { replica_id: 2, max_bytes, topics: vec![topic], ..Default::default() };
    solo.send(conn, 1, request);
    let Some(Response::FetchSnapshot(response)) = solo.answer(conn, ApiKey::FetchSnapshot, 1) else { panic!() };
    response.topics[0].partitions[0].clone()
}

#[test]
fn a_snapshot_is_given_away_piece_by_piece() {
    let mut solo = with_topics(&[&CONTROLLER[..], &[OFTEN]].concat());
    let id = *on_disk(&solo).last().unwrap();
    let mut bytes = Vec::new();
    for n in 0.. {
        let piece = ask(&mut solo, n, id, bytes.len() as i64, 100);
        assert_eq!((piece.error_code, piece.position), (0, bytes.len() as i64));
        assert!((1..=100).contains(&piece.unaligned_records.len()));
        bytes.extend_from_slice(&piece.unaligned_records);
        if bytes.len() as i64 == piece.size {
            break;
        }
    }
    assert_eq!(solo.disk.contents(LogDirId(0), &path(id.0, id.1)), Some(&bytes[..]));
    assert!(Snapshot::decode(bytes.clone().into()).is_ok());
    let refused = [
        (id, -1, ErrorCode::PositionOutOfRange),
        (id, bytes.len() as i64, ErrorCode::PositionOutOfRange),
        ((id.0 + 1, id.1), 0, ErrorCode::SnapshotNotFound),
        ((id.0, id.1 + 1), 0, ErrorCode::SnapshotNotFound),
    ];
    for (n, (id, position, error)) in (900..).zip(refused) {
        assert_eq!(ask(&mut solo, n, id, position, 100).error_code, error.code(), "{id:?} {position}");
    }
}

#[test]
fn a_controller_whose_metadata_log_is_damaged_leads_nobody_on() {
    let mut solo = with_topics(&CONTROLLER);
    let ask = |solo: &mut Solo, n: u32| {
        let conn = ConnId { side: Side::Accepted, n };
        solo.input(Input::Accepted(conn, Peer { listener: "CONTROLLER".into(), remote: "10.0.0.8:5000".into() }));
        let current_leader_epoch = solo.broker.view().quorum_epoch();
        let partition = FetchPartition { current_leader_epoch, partition_max_bytes: 1 << 20, ..Default::default() };
        let topic = FetchTopic { topic_id: METADATA_TOPIC_ID, partitions: vec![partition], ..Default::default() };
        let replica_state = ReplicaState { replica_id: 2, replica_epoch: -1 };
        solo.send(conn, 17, FetchRequest { replica_state, topics: vec![topic], ..Default::default() });
        solo.halted.clone()
    };
    assert_eq!(ask(&mut solo, 900), None);
    let log = "__cluster_metadata-0/00000000000000000000.log";
    let bytes = solo.disk.contents_mut(LogDirId(0), log).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let why = ask(&mut solo, 901).expect("it halts");
    assert!(matches!(&why, Reason::StorageFailed(text) if text.contains("the metadata log failed")), "{why:?}");
}

#[test]
fn one_that_came_too_early_is_left_and_the_log_stands_as_it_was() {
    let mut solo = with_topics(&[OFTEN]);
    let (newest, epoch) = *on_disk(&solo).last().unwrap();
    let bytes = solo.disk.contents(LogDirId(0), &path(newest, epoch)).unwrap().to_vec();
    let before = topics(&mut solo);
    solo.shut_down();
    // Another leader's, of a later epoch, which this log was to be cut for; and no checkpoint says so yet.
    let early = path(newest, epoch + 5);
    solo.disk.put(LogDirId(0), &early, bytes);
    solo.events.clear();
    solo.restart();
    assert_eq!((loaded(&solo), topics(&mut solo)), (Some(newest), before));
    assert_eq!(solo.disk.contents(LogDirId(0), &early), None);
}
