//! What a broker does to its disk, and what it serves.

use crate::bench::{Bench, DIR, Found, NODE, batch, owned, partition, rotten, segment};
use broker_core::Event;
use broker_core::event::Partition;
use bytes::Bytes;
use properties::{Fact, FaultKind, LogRef, RecordSeen, Stop};
use wire::Str;
use wire::files::{IndexEntry, TimeEntry};

#[test]
fn w02_an_epochs_offset_has_one_content() {
    let bench = || Bench::new().append(&[0]).append(&[1]).power_loss(1);
    // The next incarnation leads in another epoch.
    bench().append(&[2]).silent();
    let mut again = bench();
    again.epoch = 1;
    again.append(&[2]).violates(&["W01/second-writer", "W02/rewritten"]);
    let mut lost_epoch = bench();
    lost_epoch.epoch = 1;
    let metadata = LogRef::metadata(NODE);
    let excused = lost_epoch.touch_as(|touch| touch.in_log(metadata, None), FaultKind::LyingSync).append(&[2]).found();
    let expected = owned(&["W01 by lying-sync", "W02 by lying-sync"]);
    assert_eq!(excused, Found { excused: expected, ..Found::default() });
}

#[test]
fn w49_batches_follow_one_another() {
    Bench::new().append(&[0]).write(batch(2, 1, &[])).found();
    let gap = Bench::new().append(&[0]).receive(&[1]).write(batch(5, 1, &[1]));
    assert!(gap.found().violated.contains(&"W49/gap".to_owned()));
    let sparse = properties::BatchSeen { last_offset: 3, ..batch(0, 1, &[0, 1]) };
    Bench::new().receive(&[0, 1]).write(sparse).violates(&["W49/sparse"]);
}

#[test]
fn w50_what_is_fetched_is_what_was_appended() {
    let bench = || Bench::new().produce(&[0, 1]).produce(&[2]).produce(&[3]);
    let log = bench().disk;
    bench().fetched(1, log.clone()).fetched(2, log[1..].to_vec()).fetched(4, Vec::new()).silent();
    bench().fetched(0, vec![log[0].clone(), log[2].clone()]).violates(&["W50/skipped"]);
    bench().fetched(2, vec![log[2].clone()]).violates(&["W50/skipped"]);
    bench().fetched(0, vec![rotten(&log[0])]).violates(&["W50/corrupt"]);
    let changed = properties::BatchSeen { valid: true, ..rotten(&log[0]) };
    bench().fetched(0, vec![changed]).violates(&["W50/changed"]);
    bench().fetched(4, vec![batch(4, 1, &[9])]).violates(&["W11/uncommitted", "W50/unknown"]);
}

#[test]
fn w50_rot_excuses_what_is_changed_but_not_what_is_left_out() {
    let bench = || Bench::new().produce(&[0]).produce(&[1]).produce(&[2]).touch(FaultKind::BitRot, Some(1));
    let log = bench().disk;
    let found = bench().fetched(0, vec![log[0].clone(), rotten(&log[1])]).found();
    assert_eq!(found, Found { excused: owned(&["W50 by bit-rot"]), ..Found::default() });
    bench().fetched(0, vec![rotten(&log[0])]).violates(&["W50/corrupt"]);
    bench().fetched(0, vec![log[0].clone(), log[2].clone()]).violates(&["W50/skipped"]);
}

#[test]
fn w51_a_batchs_timestamp_is_that_of_its_records() {
    let wrong = properties::BatchSeen { max_timestamp: 7, ..batch(0, 1, &[0]) };
    Bench::new().receive(&[0]).write(wrong).violates(&["W51/max-timestamp"]);
}

#[test]
fn w44_after_a_failed_sync_the_directory_is_left_alone() {
    let failed = |write| Fact::DiskFailed { node: NODE, log_dir: DIR, write };
    Bench::new().produce(&[0]).then(failed(false)).produce(&[1]).silent();
    Bench::new().produce(&[0]).then(failed(true)).stop(Stop::Halt).silent();
    let appended = Bench::new().then(failed(true)).receive(&[0]);
    let batch = appended.batch(&[0]);
    appended.write(batch).violates(&["W44/append"]);
    let received = Bench::new().receive(&[0]);
    let batch = received.batch(&[0]);
    let acked = received.write(batch).then(failed(true)).ack(&[0]).found();
    assert!(acked.violated.contains(&"W44/ack".to_owned()), "{acked:?}");
    let committed_before = Bench::new().append(&[0]).then(failed(true)).ack(&[0]);
    committed_before.violates(&["W44/not-halted"]);
    Bench::new().append(&[0]).then(failed(true)).commit(1).violates(&["W44/high-watermark"]);
    let bench = Bench::new().produce(&[0]).then(failed(true));
    let all = bench.disk.clone();
    bench.stop(Stop::Halt).start(&all).produce(&[1]).silent();
}

#[test]
fn w48_nothing_of_a_failed_append_is_seen() {
    let failed = |bench: Bench| {
        let log = bench.log();
        bench.then(Fact::AppendFailed { log, log_dir: DIR })
    };
    failed(Bench::new().produce(&[0])).poll(&[0]).silent();
    let served = failed(Bench::new().produce(&[0])).fetched(1, vec![batch(1, 1, &[1])]).found();
    assert!(served.violated.contains(&"W48/served".to_owned()), "{served:?}");
    let committed = failed(Bench::new().produce(&[0])).commit(2);
    committed.violates(&["W22/high-watermark", "W48/committed"]);
}

#[test]
fn w21_the_epoch_cache_is_the_fold_of_the_log() {
    let bench = || {
        let mut bench = Bench::new().produce(&[0]).kill().produce(&[1]);
        bench.honest = false;
        bench
    };
    let shows = |epochs: &[(i32, i64)]| {
        let mut bench = bench();
        bench.shown.logs[0].epochs = epochs.to_vec();
        bench.rest(2)
    };
    shows(&[(1, 0), (2, 1)]).silent();
    shows(&[(1, 0)]).violates(&["W21/missing"]);
    shows(&[(2, 0), (1, 1)]).violates(&["W21/unordered"]);
    shows(&[(1, 0), (2, 2)]).violates(&["W21/missing"]);
}

#[test]
fn w21_an_epoch_without_a_batch_was_led() {
    let elected = |mut bench: Bench, leader_epoch, start_offset| {
        let partition = bench.named();
        bench.honest = false;
        bench.shown.logs.iter_mut().for_each(|log| log.epochs.push((leader_epoch, start_offset)));
        let event = Event::LeaderElected { partition, leader_epoch, start_offset };
        let mut bench = bench.then(Fact::Stated { node: NODE, event });
        bench.honest = true;
        bench
    };
    let bench = elected(elected(Bench::new(), 1, 0).produce(&[0]), 4, 1);
    let shows = |mut bench: Bench, epochs: &[(i32, i64)]| {
        bench.honest = false;
        bench.shown.logs[0].epochs = epochs.to_vec();
        bench.rest(1)
    };
    shows(bench, &[(1, 0), (4, 1)]).silent();
    let bench = elected(elected(Bench::new(), 1, 0).produce(&[0]), 4, 1);
    shows(bench, &[(1, 0), (3, 1)]).violates(&["W21/stray"]);
}

#[test]
fn w22_nothing_points_outside_of_the_log() {
    let shows = |change: fn(&mut crate::bench::ShownLog)| {
        let mut bench = Bench::new().produce(&[0, 1]).heal().poll(&[0, 1]);
        bench.honest = false;
        change(&mut bench.shown.logs[0]);
        bench.then(Fact::AtRest {}).found().violated
    };
    assert_eq!(shows(|_| {}), owned(&[]));
    assert_eq!(shows(|log| log.recovery_point = 3), owned(&["W22/recovery-point"]));
    assert_eq!(shows(|log| log.epochs.push((9, 3))), owned(&["W21/stray", "W22/epoch"])[1..]);
    assert_eq!(shows(|log| log.high_watermark = 3), owned(&["W22/high-watermark"]));
    assert_eq!(shows(|log| log.end = 3), owned(&["L04/high-watermark", "W22/log-end"]));
}

#[test]
fn w33_a_quorum_epoch_is_never_forgotten() {
    const PATH: &str = "__cluster_metadata-0/quorum-state";
    let state = |epoch: i32| {
        Bytes::from(format!(
            "{{\"leaderId\":1,\"leaderEpoch\":{epoch},\"votedId\":1,\"votedDirectoryId\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"data_version\":1}}"
        ))
    };
    let lead = |bench: Bench, epoch: i32| {
        let partition = Partition { topic_id: wire::Uuid(1), topic: Str::from("__cluster_metadata"), partition: 0 };
        let event = Event::LeaderElected { partition, leader_epoch: epoch, start_offset: 0 };
        bench.then(Fact::Stated { node: NODE, event })
    };
    let write = |mut bench: Bench, epoch: i32| {
        bench.shown.files.insert(PATH.to_owned(), state(epoch));
        let contents = state(epoch);
        bench.then(Fact::FileReplaced { node: NODE, log_dir: DIR, path: PATH.to_owned(), contents })
    };
    lead(write(lead(write(Bench::new(), 1), 1).kill(), 2), 2).silent();
    lead(lead(write(Bench::new(), 1), 1).kill(), 1).violates(&["W33/repeated"]);
    write(write(Bench::new(), 3), 2).violates(&["W33/decreased"]);
    let mut forgotten = lead(write(write(Bench::new(), 1), 2), 2);
    forgotten.shown.files.insert(PATH.to_owned(), state(1));
    forgotten.kill().violates(&["W33/forgotten"]);
    let mut lied = lead(write(write(Bench::new(), 1), 2), 2);
    lied.shown.files.insert(PATH.to_owned(), state(1));
    let lied = lied.touch_as(|touch| touch.on(NODE).in_dir(DIR).in_file(PATH), FaultKind::LyingSync).kill();
    assert_eq!(lied.found(), Found { excused: owned(&["W33 by lying-sync"]), ..Found::default() });
}

#[test]
fn w45_an_index_entry_leads_to_its_batch() {
    let rest = |offsets: &[IndexEntry], times: &[TimeEntry]| {
        let mut bench = Bench::new().produce(&[0, 1]).produce(&[2]);
        let bytes: Vec<u8> = offsets.iter().flat_map(|entry| entry.to_bytes()).collect();
        bench.shown.files.insert(segment(".index"), Bytes::from(bytes));
        let bytes: Vec<u8> = times.iter().flat_map(|entry| entry.to_bytes()).collect();
        bench.shown.files.insert(segment(".timeindex"), Bytes::from(bytes));
        bench
    };
    let first = 61 + 70 * 2;
    let good = IndexEntry { relative_offset: 2, position: first };
    let times =
        [TimeEntry { timestamp: 1_001, relative_offset: 1 }, TimeEntry { timestamp: 1_002, relative_offset: 2 }];
    rest(&[good], &times).rest(3).silent();
    rest(&[IndexEntry { position: first + 1, ..good }], &times).rest(3).violates(&["W45/offset-index"]);
    rest(&[good, IndexEntry { relative_offset: 9, position: 999 }], &times).rest(3).violates(&["W45/offset-index"]);
    rest(&[good], &[TimeEntry { timestamp: 1_009, relative_offset: 1 }]).rest(3).violates(&["W45/time-index"]);
    let rotten = rest(&[IndexEntry { position: 3, ..good }], &times);
    let log = rotten.log();
    let touched = rotten.touch_as(|touch| touch.in_file(segment(".index")).in_log(log, Some(0)), FaultKind::BitRot);
    let excused = touched.rest(3).found();
    assert_eq!(excused, Found { excused: owned(&["W45 by bit-rot"]), ..Found::default() });
}

#[test]
fn w46_segments_are_named_by_what_they_begin_with() {
    let created = |bench: Bench, base_offset| {
        let log = bench.log();
        bench.then(Fact::SegmentCreated { log, base_offset })
    };
    created(Bench::new().append(&[0, 1]), 2).silent();
    created(Bench::new().append(&[0, 1]), 3).violates(&["W46/misnamed"]);
    created(created(Bench::new().append(&[0, 1]), 2), 2).violates(&["W46/made-again"]);
    let cut = |bench: Bench| {
        let log = bench.log();
        bench.then(Fact::Truncated { log, to: 2 })
    };
    created(cut(created(Bench::new().append(&[0, 1]), 2)), 2).silent();
    let rolled = created(Bench::new().append(&[0, 1]), 2).receive(&[2]);
    let behind = rolled.batch(&[2]);
    rolled.write(behind).violates(&["W46/not-active"]);
    let mut longer = Bench::new().produce(&[0]).heal().poll(&[0]);
    longer.honest = false;
    longer.shown.files.insert(segment(".log"), Bytes::from_static(&[0; 200]));
    longer.then(Fact::AtRest {}).violates(&["W46/length"]);
}

#[test]
fn w47_a_checkpoint_says_no_more_than_is_so() {
    let written = |bench: Bench, path: &str, text: &'static str| {
        let contents = Bytes::from_static(text.as_bytes());
        bench.then(Fact::FileReplaced { node: NODE, log_dir: DIR, path: path.to_owned(), contents })
    };
    let bench = || Bench::new().produce(&[0]);
    written(bench(), "replication-offset-checkpoint", "0\n1\nt 0 1\n").silent();
    written(bench(), "replication-offset-checkpoint", "0\n1\nt 0 2\n").violates(&["W47/high-watermark"]);
    written(bench(), "recovery-point-offset-checkpoint", "0\n1\nt 0 2\n").violates(&["W47/recovery-point"]);
    written(bench(), "log-start-offset-checkpoint", "0\n1\nt 0 1\n").violates(&["W47/log-start"]);
    written(bench(), "log-start-offset-checkpoint", "0\n1\nt 0").violates(&["W47/malformed"]);
}

#[test]
fn w47_a_crash_leaves_a_version_whole() {
    const PATH: &str = "t-0/leader-epoch-checkpoint";
    let crash = |left: Option<&'static str>| {
        let mut bench = Bench::new().produce(&[0]);
        for text in ["", "0\n1\n1 0\n"] {
            let contents = Bytes::from_static(text.as_bytes());
            bench.fact(&Fact::FileReplaced { node: NODE, log_dir: DIR, path: PATH.to_owned(), contents });
        }
        bench.shown.files.remove(PATH);
        left.map(|text| bench.shown.files.insert(PATH.to_owned(), Bytes::from_static(text.as_bytes())));
        bench
    };
    for left in [None, Some(""), Some("0\n1\n1 0\n")] {
        crash(left).power_loss(1).silent();
    }
    crash(Some("0\n1\n1")).power_loss(1).violates(&["W47/partial"]);
    // A lying sync is noted under the name that a file has while it is written, be it a checkpoint or a snapshot.
    for (suffix, excused) in [("", true), (".tmp", true), (".part", true), (".other", false)] {
        let path = format!("{PATH}{suffix}");
        let lied =
            crash(Some("0\n1\n1")).touch_as(|touch| touch.on(NODE).in_dir(DIR).in_file(path), FaultKind::LyingSync);
        let found = lied.power_loss(1).found();
        assert_eq!(found.violated.is_empty(), excused, "{suffix}: {found:?}");
    }
    let rotten = crash(Some("0\n1\n1 8\n"));
    let touched = rotten.touch_as(|touch| touch.on(NODE).in_dir(DIR).in_file(PATH), FaultKind::BitRot).kill();
    assert_eq!(touched.found(), Found { excused: owned(&["W47 by bit-rot"]), ..Found::default() });
    let _ = RecordSeen { offset: 0, timestamp: 0, payload: None, hash: 0 };
}

#[test]
fn w10_recovery_cuts_nothing_that_a_checkpoint_vouches_for() {
    let recovered = |checkpoint: &str, text: &'static str| {
        let mut bench = Bench::new().produce(&[0]).produce(&[1]).touch(FaultKind::BitRot, Some(1)).stop(Stop::Kill);
        bench.shown.files.insert(checkpoint.to_owned(), Bytes::from_static(text.as_bytes()));
        let (log, all) = (bench.log(), bench.disk.clone());
        bench.fact(&Fact::Started { node: NODE, incarnation: 2 });
        bench.fact(&Fact::Survived { log: log.clone(), batches: all });
        bench.then(Fact::Truncated { log, to: 1 }).found().violated
    };
    for checkpoint in ["recovery-point-offset-checkpoint", "replication-offset-checkpoint"] {
        assert_eq!(recovered(checkpoint, "0\n1\nt 0 2\n"), owned(&["W10/below-checkpoint"]));
        assert_eq!(recovered(checkpoint, "0\n1\nt 0 1\n"), owned(&[]));
        assert_eq!(recovered(checkpoint, "0\n1\nt 1 2\n"), owned(&[]));
    }
}

#[test]
fn w11_a_consumer_gets_what_is_below_the_high_watermark_of_the_answer() {
    let fetched = |high_watermark| {
        let bench = Bench::new().produce(&[0]).produce(&[1, 2]);
        let (topic_id, batches) = (Some(bench.topic_id), bench.disk.clone());
        let (client, partition) = (Some(2), partition());
        let (node, fetch_offset, error, log_start_offset) = (NODE, 0, 0, 0);
        bench.then(Fact::FetchAnswered {
            node,
            client,
            partition,
            topic_id,
            fetch_offset,
            error,
            high_watermark,
            log_start_offset,
            diverging: None,
            batches,
        })
    };
    fetched(3).silent();
    fetched(1).violates(&["W11/uncommitted"]);
}

#[test]
fn w46_damage_does_not_excuse_that_recovery_took_a_batch_in_the_wrong_place() {
    let bench = || Bench::new().produce(&[0]).produce(&[1]).produce(&[2]).touch(FaultKind::MisdirectedWrite, Some(1));
    let (log, misplaced) = (bench().disk, batch(2, 1, &[2]));
    let left = [log[0].clone(), misplaced];
    let found = |bench: Bench| bench.stop(Stop::Kill).start(&left).found().violated;
    assert_eq!(found(bench()), owned(&["W46/misplaced"]));
    let mut clean = bench();
    clean.shown.files.insert(".kafka_cleanshutdown".to_owned(), Bytes::new());
    assert_eq!(found(clean), owned(&[]));
}

#[test]
fn w50_damage_is_not_answered_as_the_logs_end() {
    let mut bench = Bench::new().produce(&[0]).produce(&[1]).touch(FaultKind::BitRot, Some(1));
    bench.honest = false;
    bench.shown.logs[0].corrupt_from = Some(1);
    bench.fetched(1, Vec::new()).violates(&["W50/end-of-log"]);
}
