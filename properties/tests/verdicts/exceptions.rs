//! What judges let pass, each beside the nearest case that they must not.

use crate::bench::{Bench, DIR, NODE, ShownLog, TOPIC, batch, owned, payload};
use crate::group::{Group, QUORUM, change, metadata_batch, named, named_quorum};
use broker_core::Event;
use bytes::Bytes;
use properties::{BatchSeen, Fact, FaultKind, LogRef, Moment, Outcome, Stop, Touch};
use wire::metadata::{PartitionChangeRecord, PartitionRecord, RegisterBrokerRecord, TopicRecord};
use wire::{LogDirId, NodeId, Str};

/// A node that is being opened has found three batches of its log, and makes a segment.
fn opening(base_offset: i64) -> Bench {
    let bench = Bench::new().produce(&[0]).produce(&[1]).produce(&[2]).stop(Stop::Kill);
    let (log, batches) = (bench.log(), bench.disk.clone());
    let started = bench.then(Fact::Started { node: NODE, incarnation: 2 });
    let survived = started.then(Fact::Survived { log: log.clone(), batches });
    survived.then(Fact::SegmentCreated { log, base_offset })
}

#[test]
fn w46_a_log_that_lost_its_front_begins_anew_while_it_is_opened() {
    opening(1).silent();
    opening(4).violates(&["W46/misnamed"]);
    let bench = Bench::new().produce(&[0]).produce(&[1]);
    let log = bench.log();
    bench.then(Fact::SegmentCreated { log, base_offset: 1 }).violates(&["W46/misnamed"]);
}

#[test]
fn w10_what_an_input_appended_before_a_write_of_it_failed_is_taken_back() {
    let failed = |log_dir| {
        let failed = Fact::DiskFailed { node: NodeId(1), log_dir, write: true };
        let group = Group::new().produce(&[0]).then(failed);
        let log = group.log(1);
        group.also(Fact::Truncated { log, to: 0 }).found().violated
    };
    assert_eq!(failed(DIR), owned(&[]));
    assert_eq!(failed(LogDirId(1)), owned(&["W10/committed"]));
}

#[test]
fn w18_a_fetch_may_be_there_before_its_leader_knows_that_it_leads() {
    let joins = |early: bool| {
        let chosen = Group::new().produce(&[0]).set_isr(&[1, 2]).chooses(2, &[2]);
        let asked = if early { chosen.fetch(3) } else { chosen };
        asked.takes_office(2).tells_isr(&[2, 3]).set_isr(&[2, 3])
    };
    joins(true).silent();
    joins(false).violates(&["W18/never-fetched"]);
}

#[test]
fn w19_a_process_that_died_after_its_marker_was_written_had_shut_down() {
    let registers = |marker: bool| {
        let mut group = Group::with(&[("min.insync.replicas", "3")], true).produce(&[0]).stop(3, Stop::Kill);
        if marker {
            group.broker(3).files.insert(".kafka_cleanshutdown".to_owned(), Bytes::new());
        }
        let group = group.start(3, 1);
        let broker_epoch = group.shown_end();
        let record = RegisterBrokerRecord { broker_id: 3, broker_epoch, fenced: true, ..Default::default() };
        let elr = Some(vec![3]);
        let change = PartitionChangeRecord { isr: Some(vec![1, 2]), eligible_leader_replicas: elr, ..change() };
        group.commit_metadata(vec![record.into(), change.into()])
    };
    registers(true).silent();
    registers(false).violates(&["W19/eligible"]);
}

#[test]
fn w05_what_the_choice_of_a_leader_costs_is_settled_when_it_leads() {
    let lacking = || Group::new().set_isr(&[1, 2]).produce(&[0]).produce(&[1]);
    // Node 3 has nothing, and the controller chooses it.
    let chosen = lacking().chooses(3, &[3]);
    assert!(!chosen.found().violated.contains(&"W05/incomplete".to_owned()));
    let joins = PartitionChangeRecord { isr: Some(vec![1, 2, 3]), ..change() };
    let joined = lacking().commit_isr(&[1, 2, 3], joins);
    assert!(joined.found().violated.contains(&"W05/incomplete".to_owned()));
}

#[test]
fn w07_a_replica_may_have_removed_the_log_of_a_topic_whose_deletion_was_asked_for() {
    let removed = |asked: bool| {
        let mut group = Group::new().append(&[0]).follow(&[2, 3]);
        if asked {
            let topics = vec![properties::TopicAsked { name: Str::from("t"), partitions: 1, configs: Vec::new() }];
            group = group.then(Fact::AdminInvoked { client: 3, op: 7, what: "delete", topics });
        }
        let log = group.log(3);
        group.then(Fact::LogRemoved { log }).advance(1, 1).found().violated
    };
    assert!(!removed(true).contains(&"W07/not-replicated".to_owned()));
    assert!(removed(false).contains(&"W07/not-replicated".to_owned()));
}

#[test]
fn w13_a_leader_that_had_a_successor_may_lose_what_it_alone_acknowledged_and_no_more() {
    // Node 2 leads; node 1 does not know yet, and takes a record.
    let deposed = |acks: i16| {
        let mut group = Group::new().produce(&[0]).chooses(2, &[1, 2, 3]);
        group.acks = acks;
        let (leader_epoch, start_offset) = (group.epoch, group.end(2));
        let elected = Event::LeaderElected { partition: named(), leader_epoch, start_offset };
        let stray = group.states(2, elected).append_at(1, 0, &[1]).ack(1, &[1]);
        stray.takes_office(2).cut(1, 1).follow(&[1, 3]).rest().found()
    };
    assert_eq!(deposed(1).attributed, owned(&["W13: acks=1 and another leader"]));
    assert_eq!(deposed(1).violated, owned(&[]));
    let broken = deposed(-1);
    assert_eq!(broken.attributed, owned(&[]));
    assert!(broken.violated.iter().any(|found| found.starts_with("W14/")), "{broken:?}");
}

#[test]
fn w13_what_was_committed_is_kept_whoever_answers_it_late() {
    let late = |acks: i16| {
        let mut group = Group::new().produce(&[0]);
        group.acks = acks;
        let committed = group.append(&[1]).follow(&[2, 3]).advance(1, 2).chooses(2, &[1, 2, 3]);
        let (leader_epoch, start_offset) = (committed.epoch, committed.end(2));
        let elected = Event::LeaderElected { partition: named(), leader_epoch, start_offset };
        committed.states(2, elected).ack(1, &[1]).takes_office(2).stop(3, Stop::Kill).start(3, 2)
    };
    let lost = |group: Group| group.cut(3, 1).elect(3, &[1, 2, 3]).found().violated;
    for acks in [1, -1] {
        late(acks).silent();
        assert!(lost(late(acks)).contains(&"W13/elected-without".to_owned()));
    }
}

/// A lone broker's partition is committed with epoch 1, and it shows the epoch before, if it shows the log at all.
fn alone(mut bench: Bench, shows_topic: bool, shows_metadata: bool) -> Bench {
    let records = vec![
        RegisterBrokerRecord { broker_id: 1, broker_epoch: 1, ..Default::default() }.into(),
        TopicRecord { name: "t".into(), topic_id: TOPIC }.into(),
        PartitionRecord {
            partition_id: 0,
            topic_id: TOPIC,
            replicas: vec![1],
            isr: vec![1],
            leader: 1,
            leader_epoch: 1,
            ..PartitionRecord::default()
        }
        .into(),
    ];
    let (log, batch) = (LogRef::metadata(NodeId(1)), metadata_batch(0, 1, records));
    let to = batch.last_offset + 1;
    bench.honest = false;
    let topic = bench.shown.logs[0].clone();
    bench.shown.logs.truncate(usize::from(shows_topic));
    if shows_metadata {
        let (high_watermark, end) = (to, to);
        let name = Str::from("__cluster_metadata");
        let last_stable = to;
        bench.shown.logs.push(ShownLog { topic: name, topic_id: QUORUM, high_watermark, last_stable, end, ..topic });
    }
    let durable = log.clone();
    let created = bench.then(Fact::SegmentCreated { log: log.clone(), base_offset: 0 });
    let appended = created.then(Fact::Appended { log, log_dir: DIR, segment: 0, batch });
    let elected = Event::LeaderElected { partition: named_quorum(), leader_epoch: 1, start_offset: 0 };
    let advanced = Event::HighWatermarkAdvanced { partition: named_quorum(), to };
    let leads = appended.then(Fact::LogDurable { log: durable, to }).then(Fact::Stated { node: NODE, event: elected });
    leads.then(Fact::Stated { node: NODE, event: advanced }).then(Fact::AtRest {})
}

#[test]
fn l01_says_nothing_of_a_lone_broker_that_cannot_be_looked_into() {
    let found = |shows_metadata| {
        let bench = Bench::new().produce(&[0]).heal().poll(&[0]);
        alone(bench, true, shows_metadata).found().violated
    };
    assert_eq!(found(false), owned(&[]));
    assert_eq!(found(true), owned(&["L01/no-leader"]));
}

#[test]
fn l01_an_empty_log_may_be_in_the_directory_that_failed() {
    let found = |log_dir: LogDirId, shows: bool| {
        let failed = Bench::new().touch_as(|touch| touch.on(NODE).in_dir(log_dir), FaultKind::ReadError);
        let unread = failed.then(Fact::DiskFailed { node: NODE, log_dir, write: false });
        alone(unread.heal(), shows, true).found()
    };
    assert!(found(LogDirId(1), false).excused.contains(&"L01 by read-error".to_owned()));
    assert!(found(LogDirId(1), true).violated.contains(&"L01/no-leader".to_owned()), "it is shown, and online");
}

/// A follower cut a record that was not committed, and died before its recovery point was written down.
fn cut_and_died(corrupt: bool) -> Group {
    let lines = "0\n1\nt 0 2\n";
    let mut group = Group::new().produce(&[0]).append(&[1]).follow(&[3]).sync(3);
    group.broker(3).files.insert(RECOVERY_POINTS.to_owned(), Bytes::from(lines));
    let mut group = recovery_points(group, lines).cut(3, 1).stop(3, Stop::Kill).start(3, 1);
    group.broker(3).topic.corrupt_from = corrupt.then_some(1);
    group
}

const RECOVERY_POINTS: &str = "recovery-point-offset-checkpoint";

fn recovery_points(group: Group, lines: &'static str) -> Group {
    let (node, path, contents) = (NodeId(3), RECOVERY_POINTS.to_owned(), Bytes::from(lines));
    group.then(Fact::FileReplaced { node, log_dir: DIR, path, contents })
}

#[test]
fn w47_a_log_that_is_kept_corrupt_says_again_what_a_checkpoint_said_and_no_more() {
    let says = |corrupt, lines| recovery_points(cut_and_died(corrupt), lines).found().violated;
    assert_eq!(says(true, "0\n1\nt 0 2\n"), owned(&[]));
    assert_eq!(says(true, "0\n1\nt 0 3\n"), owned(&["W47/recovery-point"]));
    assert_eq!(says(false, "0\n1\nt 0 2\n"), owned(&["W47/recovery-point"]));
}

#[test]
fn w10_what_a_disk_brought_back_is_not_what_was_committed() {
    let mut group = Group::new().produce(&[0]).append(&[5]).follow(&[2]);
    let old = group.broker(2).topic.batches.clone();
    let mut group = group.elect(3, &[1, 2, 3]).cut(1, 1).cut(2, 1).produce(&[1]);
    let cut = |group: Group| group.cut(2, 1).found().violated.contains(&"W10/committed".to_owned());
    let kept = group.broker(2).topic.batches.clone();
    let restarted = |mut group: Group, batches: Vec<BatchSeen>, how| {
        group = group.stop(2, how);
        group.broker(2).topic.batches = batches;
        group.start(2, 2)
    };
    assert!(!cut(restarted(group, old, Stop::PowerLoss)));
    let group = Group::new().produce(&[0]).append(&[5]).follow(&[2]).elect(3, &[1, 2, 3]);
    assert!(cut(restarted(group.cut(1, 1).cut(2, 1).produce(&[1]), kept, Stop::Kill)));
}

#[test]
fn w10_who_reads_a_damaged_epoch_checkpoint_may_cut_too_much() {
    let cut = |node: i32| {
        let mut group = Group::new().produce(&[0]);
        let touch = Touch::new(FaultKind::BitRot, Moment::default()).on(NodeId(node)).in_dir(DIR);
        group.court.ledger_mut().touch(touch.in_file("t-0/leader-epoch-checkpoint"));
        group.cut(2, 0).found().violated.contains(&"W10/committed".to_owned())
    };
    assert!(!cut(2));
    assert!(cut(3));
}

#[test]
fn w20_nobody_serves_a_log_that_went_with_its_topic() {
    let served = |gone: bool| {
        let mut group = Group::new().produce(&[0]).elect(2, &[1, 2, 3]);
        let epoch = group.epoch - 1;
        group = group.fetch_in(epoch, 3);
        if gone {
            group.broker(2).topic.id = wire::Uuid(7);
        }
        group.answers_fetch(0, false).found().violated.contains(&"W20/served".to_owned())
    };
    assert!(!served(true));
    assert!(served(false));
}

#[test]
fn l01_says_nothing_of_a_leader_that_stood_still() {
    let late = |paused: i32| {
        let mut group = Group::with(&[("controller.quorum.fetch.timeout.ms", "1000")], false).fetch_metadata(2);
        let log = group.log(paused);
        group = group.touch(FaultKind::Pause, log);
        for ms in [2_600, 1_100] {
            let batch = metadata_batch(group.shown_end(), 1, vec![]);
            group = group.after_ms(ms).append_metadata(1, batch);
        }
        group.found().violated.contains(&"L01/not-resigned".to_owned())
    };
    assert!(!late(1));
    assert!(late(3));
}

#[test]
fn l02_and_w23_a_damaged_leader_excuses_its_followers() {
    let behind = || Group::new().produce(&[0]).set_isr(&[1]).append(&[1]).advance(1, 2).ack(1, &[1]);
    let found = |group: Group| {
        let found = group.rest().found();
        let of = |list: &[String], id: &str| list.iter().any(|it| it.starts_with(id));
        [("L02", &found), ("W23", &found)].map(|(id, found)| (of(&found.violated, id), of(&found.excused, id)))
    };
    assert_eq!(found(behind()), [(true, false); 2]);
    let log = behind().log(1);
    assert_eq!(found(behind().touch(FaultKind::BitRot, log)), [(false, true); 2]);
    let metadata = LogRef::metadata(NodeId(3));
    assert_eq!(found(behind().touch(FaultKind::BitRot, metadata)), [(false, true); 2]);
}

#[test]
fn w14_who_follows_now_may_answer_late_what_was_due_before() {
    let late = |config: &[(&str, &str)], synced: bool| {
        let mut group = Group::with(config, false);
        group.acks = 1;
        let appended = group.append(&[0]);
        let due = if synced { appended.sync(1) } else { appended };
        due.elect(2, &[1, 2, 3]).ack(1, &[0]).found().violated
    };
    let flushes = [("log.flush.interval.messages", "1")];
    assert_eq!(late(&[], false), owned(&[]));
    assert_eq!(late(&flushes, true), owned(&[]));
    assert!(late(&flushes, false).contains(&"W14/followed-since".to_owned()));
}

#[test]
fn w12_what_a_leader_gives_out_that_an_unclean_election_deposed_binds_nobody() {
    let weak = [("min.insync.replicas", "1"), ("unclean.leader.election.enable", "true")];
    let apart = Group::with(&weak, false).append(&[0]).unknown(&[0]).set_isr(&[1]);
    let deposed = apart.chooses(2, &[2]).takes_office(2).advance(1, 1).give(1, 0);
    let found = deposed.cut(1, 0).elect(1, &[1]).found().violated;
    assert!(!found.contains(&"W12/withdrawn".to_owned()), "{found:?}");
    let leads = Group::new().append(&[0]).unknown(&[0]).give(1, 0).elect(2, &[1, 2, 3]).found().violated;
    assert!(leads.contains(&"W12/withdrawn".to_owned()), "{leads:?}");
}

#[test]
fn w05_and_w07_a_damaged_leaders_log_is_nobodys_measure() {
    let early = || Group::new().append(&[0]).follow(&[2]);
    let rotten = early();
    let log = rotten.log(1);
    let found = rotten.touch(FaultKind::BitRot, log).advance(1, 1).found();
    assert_eq!(found.violated, owned(&[]));
    assert_eq!(found.excused, owned(&["W05 by bit-rot", "W07 by bit-rot", "W81 by bit-rot"]));
    let other = early();
    let log = other.log(2);
    let found = other.touch(FaultKind::BitRot, log).advance(1, 1).found();
    assert!(found.violated.contains(&"W05/incomplete".to_owned()), "{found:?}");
}

#[test]
fn w10_a_log_may_be_removed_where_a_voter_may_have_forgotten_its_topic() {
    let removed = |touched: Option<LogRef>| {
        let group = Group::new().produce(&[0]);
        let group = touched.into_iter().fold(group, |group, log| group.touch(FaultKind::BitRot, log));
        let log = group.log(1);
        group.also(Fact::LogRemoved { log }).found().violated
    };
    assert_eq!(removed(Some(LogRef::metadata(NodeId(3)))), owned(&[]));
    assert_eq!(removed(None), owned(&["W10/committed"]));
}

#[test]
fn w15_a_log_that_never_had_a_record_does_not_show_it() {
    let refused = |removers: &[i32]| {
        let mut group = Group::new().append(&[0]).follow(&[2]);
        for &node in removers {
            let log = group.log(node);
            group = group.then(Fact::LogRemoved { log });
        }
        let (payload, outcome) = (payload(0), Outcome::Failed(3));
        let fact = Fact::SendCompleted { payload, op: 0, outcome, partition: Some(0), offset: None };
        group.then(fact).found().violated
    };
    assert!(!refused(&[1, 2]).contains(&"W15/stands".to_owned()), "node 3 has a log, and nothing in it");
    assert!(refused(&[1]).contains(&"W15/stands".to_owned()));
}

#[test]
fn w78_a_record_that_came_twice_may_stand_at_the_same_offset_in_what_was_cut() {
    let read = |second: u32| {
        // Node 1 is deposed with records 7 and 2 behind record 0; its successor gets `second` and record 2 there.
        let stray = Group::new().produce(&[0]).append(&[7]).unknown(&[7]).append(&[2]).unknown(&[2]);
        let led = stray.chooses(2, &[1, 2, 3]).takes_office(2);
        let led = led.append(&[second]).append(&[2]);
        led.reads(2, 0..3).found().violated.into_iter().filter(|it| it.starts_with("W78")).collect::<Vec<_>>()
    };
    assert_eq!(read(1), owned(&[]));
}

#[test]
fn l03_what_was_sent_with_records_for_a_damaged_log_is_as_late_as_those() {
    let late = |node: i32| {
        let group = Group::new().produce(&[0]);
        let mut sibling = group.log(node);
        sibling.partition.partition = 1;
        let group = group.then(Fact::SegmentCreated { log: sibling.clone(), base_offset: 0 });
        let healed = group.touch(FaultKind::BitRot, sibling).then(Fact::Healed {}).after_ms(1);
        healed.invoke(&[1]).unknown(&[1]).then(Fact::AtRest {}).found()
    };
    assert!(late(1).excused.contains(&"L03 by bit-rot".to_owned()), "node 1 leads");
    assert!(late(2).violated.contains(&"L03/timed-out".to_owned()));
}

#[test]
fn w18_a_damaged_leader_begins_with_what_is_left() {
    let joins_early = |rotten: i32| {
        let group = Group::new().produce(&[0]).set_isr(&[1, 2]).produce(&[1]);
        let log = group.log(rotten);
        let joins = group.touch(FaultKind::BitRot, log).fetch(3).tells_isr(&[1, 2, 3]).set_isr(&[1, 2, 3]);
        joins.found().violated.contains(&"W18/below-high-watermark".to_owned())
    };
    assert!(!joins_early(1), "node 1 leads");
    assert!(joins_early(3));
    let group = Group::new().set_isr(&[1, 2]);
    let log = group.log(1);
    let never = group.touch(FaultKind::BitRot, log).tells_isr(&[1, 2, 3]).set_isr(&[1, 2, 3]).found().violated;
    assert!(never.contains(&"W18/never-fetched".to_owned()), "that is not the damage's doing");
}

/// The quorum's leader has another batch than the two other voters.
fn apart(touched: Option<Touch>) -> Group {
    let mut group = Group::new();
    touched.into_iter().for_each(|touch| group.court.ledger_mut().touch(touch));
    let base = group.shown_end();
    let own = metadata_batch(base, 1, vec![TopicRecord { name: "own".into(), topic_id: TOPIC }.into()]);
    let theirs = metadata_batch(base, 1, vec![]);
    group.append_metadata(1, own).append_metadata(2, theirs.clone()).append_metadata(3, theirs)
}

/// A fault of a node's only directory.
fn on_disk(fault: FaultKind, node: i32) -> Touch {
    Touch::new(fault, Moment::default()).on(NodeId(node)).in_dir(DIR)
}

#[test]
fn w35_a_damaged_voters_bytes_are_nobodys_measure() {
    let commits = |touched, synced: &[i32]| {
        let group = apart(touched).sync_metadata(synced);
        let end = group.shown_end();
        group.advance_metadata(end).found().violated.contains(&"W35/minority".to_owned())
    };
    let rotten = |node| Some(on_disk(FaultKind::BitRot, node).in_log(LogRef::metadata(NodeId(node)), Some(0)));
    assert!(!commits(rotten(1), &[1, 2, 3]), "node 1 leads");
    assert!(commits(rotten(1), &[1]), "what is not durable is not excused");
    assert!(!commits(Some(on_disk(FaultKind::WipedDisk, 3)), &[1, 2, 3]), "it forgot its vote");
    assert!(commits(None, &[1, 2, 3]));
}

#[test]
fn w03_a_voter_that_forgot_its_vote_lets_two_leaders_have_one_epoch() {
    let diverged = |touched| {
        let group = apart(touched);
        let batch = metadata_batch(group.shown_end(), 1, vec![]);
        let found = group.append_metadata(1, batch.clone()).append_metadata(2, batch).found();
        found.violated.contains(&"W03/diverged".to_owned())
    };
    assert!(!diverged(Some(on_disk(FaultKind::WipedDisk, 3))));
    assert!(diverged(Some(on_disk(FaultKind::Kill, 3))));
}

#[test]
fn w03_who_reads_damaged_epochs_cuts_its_log_in_the_wrong_place() {
    let diverged = |node: i32| {
        // Node 2 keeps a record that its leader does not have, and copies what comes behind it.
        let mut group = Group::new().produce(&[0]);
        let epochs = on_disk(FaultKind::BitRot, node).in_file("t-0/leader-epoch-checkpoint");
        group.court.ledger_mut().touch(epochs);
        let group = group.append(&[1]).write(2, batch(1, 0, &[7]));
        let epoch = group.epoch;
        let next = batch(2, epoch, &[2]);
        group.write(1, next.clone()).write(2, next).found().violated.contains(&"W03/diverged".to_owned())
    };
    assert!(!diverged(2));
    assert!(diverged(3));
}

#[test]
fn w17_what_an_earlier_incarnation_sent_may_arrive_when_a_later_one_has_caught_up() {
    let joins = |catches_up: bool| {
        let group = Group::new().produce(&[0]).set_isr(&[1, 2]);
        let first = group.shown_end();
        let again = group.registers(3).stop(3, Stop::Kill).start(3, 1).registers(3);
        let again = if catches_up { again.fetch(3) } else { again };
        again.fetch_as(3, first).tells_isr(&[1, 2, 3]).set_isr(&[1, 2, 3])
    };
    joins(true).silent();
    joins(false).violates(&["W17/other-incarnation"]);
}

#[test]
fn w28_an_incarnation_that_registers_again_keeps_its_epoch() {
    let registers = |incarnations: [u128; 2]| {
        let mut group = Group::new();
        let broker_epoch = group.shown_end();
        for incarnation in incarnations {
            let incarnation_id = wire::Uuid(incarnation);
            let record = RegisterBrokerRecord {
                broker_id: 3,
                broker_epoch,
                incarnation_id,
                fenced: false,
                ..Default::default()
            };
            group = group.commit_metadata(vec![record.into()]);
        }
        group
    };
    registers([7, 7]).silent();
    registers([7, 8]).violates(&["W28/broker-epoch"]);
    let anew = |incarnation_id| {
        let group = Group::new();
        let record = RegisterBrokerRecord { broker_id: 3, incarnation_id, fenced: false, ..Default::default() };
        let broker_epoch = group.shown_end();
        let first = group.commit_metadata(vec![RegisterBrokerRecord { broker_epoch, ..record.clone() }.into()]);
        let broker_epoch = first.shown_end();
        first.commit_metadata(vec![RegisterBrokerRecord { broker_epoch, ..record }.into()])
    };
    anew(wire::Uuid(7)).violates(&["W28/anew"]);
}

#[test]
fn j01_what_an_older_leader_wrote_may_stand_where_a_permitted_loss_was() {
    // Node 3 has what node 1 wrote at the offset that node 2 gave to another record.
    let read = |acks: i16| {
        let mut group = Group::new().append(&[0]).follow(&[3]).elect(2, &[1, 2, 3]);
        group.acks = acks;
        let lost = group.append(&[1]).ack(2, &[1]).elect(3, &[1, 2, 3]).cut(2, 1);
        lost.follow(&[2]).advance(3, 1).reads(3, 0..1).found()
    };
    assert!(read(1).attributed.contains(&"J01: acks=1 and another leader".to_owned()), "{:?}", read(1));
    assert!(!read(1).violated.contains(&"J01/two-values".to_owned()));
    assert!(read(-1).violated.contains(&"J01/two-values".to_owned()), "{:?}", read(-1));
}

#[test]
fn w21_a_quorum_that_forgot_gives_an_epoch_out_twice() {
    let found = |damaged: bool, event: Event| {
        let mut group = Group::new().produce(&[0]).elect(2, &[1, 2, 3]).elect(1, &[1, 2, 3]);
        if damaged {
            // Node 1 leads the partition, but any voter may lead the quorum next.
            let log = LogRef::metadata(NodeId(3));
            group.court.ledger_mut().touch(on_disk(FaultKind::MisdirectedWrite, 3).in_log(log, Some(0)));
        }
        group.then(Fact::Stated { node: NodeId(1), event }).found()
    };
    let again = || Event::LeaderElected { partition: named(), leader_epoch: 2, start_offset: 0 };
    assert!(found(false, again()).violated.contains(&"W21/not-noted".to_owned()));
    assert_eq!(found(true, again()).excused, owned(&["W21 by misdirected-write"]));
    let cut = Event::Diverged { partition: named(), end_offset: 0 };
    assert!(
        found(true, cut).violated.contains(&"W21/beyond-cut".to_owned()),
        "what is forgotten is the follower's own doing"
    );
}
