//! What may be lost, and what not.

use crate::bench::{Bench, DIR, Found, NODE, batch, owned, rotten};
use properties::{BatchSeen, Fact, FaultKind, LogRef, Stop, TopicAsked};
use wire::Str;

const FLUSH: &[(&str, &str)] = &[("flush.messages", "1")];

#[test]
fn w13_a_kill_takes_nothing_and_a_power_loss_what_was_not_synced() {
    Bench::new().produce_cached(&[0, 1]).kill().rest(2).silent();
    let lost = Bench::new().produce(&[0, 1]).produce_cached(&[2]).power_loss(1).produce(&[3]).rest(3);
    lost.attributes(&["W13: power loss without flush"]);
}

#[test]
fn w13_a_kill_that_takes_something_is_a_violation() {
    let bench = Bench::new().produce(&[0]).produce_cached(&[1]);
    let left = bench.disk[..1].to_vec();
    bench.stop(Stop::Kill).start(&left).violates(&["W13/lost"]);
}

#[test]
fn w13_a_power_loss_may_not_take_what_was_synced() {
    Bench::new().produce(&[0]).produce(&[1]).power_loss(1).violates(&["W13/lost", "W42/synced-lost"]);
}

#[test]
fn w13_recovery_may_not_drop_what_survived() {
    let bench = Bench::new().produce_cached(&[0]).produce_cached(&[1]);
    let (all, left) = (bench.disk.clone(), bench.disk[..1].to_vec());
    bench.stop(Stop::Kill).start_recovering(&all, &left).violates(&["W13/not-recovered"]);
}

#[test]
fn w13_recovery_cuts_a_torn_tail_and_what_stands_behind_it() {
    let bench = Bench::new().produce(&[0]).produce_cached(&[1]).produce_cached(&[2]);
    let survived = [bench.disk[0].clone(), rotten(&bench.disk[1]), bench.disk[2].clone()];
    let left = bench.disk[..1].to_vec();
    bench.stop(Stop::PowerLoss).start_recovering(&survived, &left).attributes(&["W13: power loss without flush"]);
}

#[test]
fn w13_what_a_power_loss_left_behind_a_gap_is_on_the_platter_and_in_no_log() {
    let cut = |survives: fn(&Bench) -> Vec<BatchSeen>| {
        let bench = Bench::new().produce_cached(&[0]).produce_cached(&[1]);
        let (log, batches) = (bench.log(), survives(&bench));
        let mut bench = bench.stop(Stop::PowerLoss).then(Fact::Started { node: NODE, incarnation: 2 });
        bench = bench.then(Fact::Survived { log: log.clone(), batches });
        bench.disk.clear();
        bench.then(Fact::LogDurable { log: log.clone(), to: 2 }).then(Fact::Truncated { log, to: 0 })
    };
    let torn = cut(|bench| vec![rotten(&bench.disk[0]), bench.disk[1].clone()]);
    torn.attributes(&["W13: power loss without flush"]);
    cut(|bench| vec![bench.disk[1].clone()]).attributes(&["W13: power loss without flush"]);
}

#[test]
fn w13_with_a_sync_promised_a_power_loss_is_no_excuse_but_a_lying_disk_is() {
    let found = Bench::with(&[], FLUSH).produce_cached(&[0]).power_loss(0).found();
    assert_eq!(found.violated, owned(&["W13/lost", "W42/synced-lost", "W43/ack-before-durable"]));
    let lied =
        Bench::with(&[], FLUSH).append(&[0]).touch(FaultKind::LyingSync, Some(0)).ack(&[0]).power_loss(0).found();
    let excused = owned(&["W42 by lying-sync", "W43 by lying-sync"]);
    assert_eq!(lied, Found { attributed: owned(&["W13: lying sync"]), excused, ..Found::default() });
}

#[test]
fn w13_a_wiped_disk_and_bit_rot_are_causes() {
    let wiped =
        Bench::new().produce(&[0]).stop(Stop::Kill).touch_as(|touch| touch.on(NODE).in_dir(DIR), FaultKind::WipedDisk);
    let found = wiped.start(&[]).found();
    assert_eq!(found.violated, owned(&[]));
    assert_eq!(found.attributed, owned(&["W13: wiped disk"]));
    let bench = Bench::new().produce(&[0]).produce(&[1]).touch(FaultKind::BitRot, Some(1));
    let survived = [bench.disk[0].clone(), rotten(&bench.disk[1])];
    let found = bench.stop(Stop::Kill).start(&survived).found();
    assert_eq!((found.violated, found.attributed), (owned(&[]), owned(&["W13: bit rot"])));
}

#[test]
fn w13_rot_in_another_place_is_no_cause() {
    let bench = Bench::new().produce(&[0]).produce(&[1]).touch(FaultKind::BitRot, Some(1));
    let survived = [rotten(&bench.disk[0]), bench.disk[1].clone()];
    let found = bench.stop(Stop::Kill).start(&survived).found();
    assert_eq!(found.violated, owned(&["W13/lost", "W42/invalid", "W42/synced-lost"]));
}

#[test]
fn w13_a_log_that_is_gone_was_deleted_or_lost() {
    let deleted = |bench: Bench| {
        let topics = vec![TopicAsked { name: Str::from("t"), ..TopicAsked::default() }];
        bench.then(Fact::AdminInvoked { client: 3, op: 99, what: "delete", topics })
    };
    let removed = |bench: Bench| {
        let log = bench.log();
        let mut bench = bench;
        bench.honest = false;
        bench.shown.logs.clear();
        bench.shown.files.clear();
        bench.then(Fact::LogRemoved { log })
    };
    removed(deleted(Bench::new().produce(&[0]))).heal().then(Fact::AtRest {}).silent();
    removed(Bench::new().produce(&[0])).violates(&["W13/removed"]);
    let vanish = |bench: Bench| {
        let mut bench = bench.stop(Stop::Kill);
        bench.honest = false;
        bench.shown.logs.clear();
        bench.shown.files.clear();
        bench.then(Fact::Started { node: NODE, incarnation: 2 }).then(Fact::Opened { node: NODE, error: None })
    };
    vanish(Bench::new().produce(&[0])).violates(&["W13/vanished"]);
    vanish(deleted(Bench::new().produce(&[0]))).silent();
}

#[test]
fn w13_a_running_broker_cuts_nothing() {
    let bench = Bench::new().produce(&[0]).produce(&[1]);
    let log = bench.log();
    let mut bench = bench;
    bench.disk.truncate(1);
    bench.then(Fact::Truncated { log, to: 1 }).violates(&["W13/truncated"]);
}

#[test]
fn the_rebase_rule_lets_one_permitted_loss_set_off_nothing_else() {
    let bench = Bench::new().produce(&[0]).produce_cached(&[1, 2]).poll(&[0, 1, 2]).power_loss(1);
    let reused = bench.produce(&[3]).produce(&[4]).resets(0).poll(&[0, 1, 2]).rest(3);
    reused.attributes(&["W13: power loss without flush"]);
}

#[test]
fn w14_a_success_is_so() {
    Bench::new().receive(&[0]).answer(&[0], 0, 0).violates(&["W14/above-high-watermark", "W14/absent"]);
    Bench::new().append(&[0, 1]).answer(&[0, 1], 0, 1).violates(&["W14/above-high-watermark", "W14/absent"]);
    let uncommitted = Bench::new().receive(&[0]);
    let appended = uncommitted.batch(&[0]);
    let mut uncommitted = uncommitted.write(appended);
    uncommitted.honest = false;
    uncommitted.shown.logs.iter_mut().for_each(|log| log.high_watermark = 0);
    uncommitted.answer(&[0], 0, 0).violates(&["W14/above-high-watermark"]);
    Bench::new().append(&[0]).kill().answer(&[0], 0, 0).violates(&["W14/other-incarnation"]);
    let mut leader_only = Bench::new();
    leader_only.acks = 1;
    leader_only.append(&[0]).ack(&[0]).rest(1).silent();
}

#[test]
fn w42_what_is_recovered_is_a_prefix_of_what_was_there() {
    let bench = || Bench::new().produce_cached(&[0]).produce_cached(&[1]).produce_cached(&[2]);
    let (a, b, c) = (batch(0, 1, &[0]), batch(1, 1, &[1]), batch(2, 1, &[2]));
    let found = |left: &[properties::BatchSeen]| bench().stop(Stop::PowerLoss).start(left).found().violated;
    assert_eq!(found(&[a.clone(), b.clone()]), owned(&[]));
    assert_eq!(found(&[]), owned(&[]));
    assert_eq!(found(&[a.clone(), c]), owned(&["W42/misplaced", "W46/misplaced"]));
    assert_eq!(found(&[a.clone(), rotten(&b)]), owned(&["W42/invalid"]));
    assert_eq!(found(&[a, batch(1, 1, &[7])]), owned(&["W42/unknown"]));
}

#[test]
fn w42_a_state_that_was_left_may_come_back_but_nothing_that_never_was() {
    let bench = Bench::new().append(&[0]).append(&[1]);
    let all = bench.disk.clone();
    let (log, mut bench) = (bench.log(), bench);
    bench.disk.truncate(1);
    // An unsynced truncation is undone by the power loss.
    bench.then(Fact::Truncated { log, to: 1 }).stop(Stop::PowerLoss).start(&all).silent();
}

#[test]
fn w42_and_w47_a_recovery_point_is_a_claim() {
    let checkpoint = |bench: Bench, text: &'static str| {
        let path = "recovery-point-offset-checkpoint".to_owned();
        bench.then(Fact::FileReplaced { node: NODE, log_dir: DIR, path, contents: text.as_bytes().into() })
    };
    checkpoint(Bench::new().produce(&[0]), "0\n1\nt 0 1\n").silent();
    let ahead = checkpoint(Bench::new().produce(&[0]).append(&[1]), "0\n1\nt 0 2\n");
    ahead.power_loss(1).violates(&["W42/synced-lost", "W47/recovery-point"]);
}

#[test]
fn w43_the_promise_is_known_from_the_topic_or_the_broker() {
    let early = |bench: Bench| bench.append(&[0]).ack(&[0]);
    early(Bench::with(&[], FLUSH)).violates(&["W43/ack-before-durable"]);
    early(Bench::with(&[("log.flush.interval.messages", "1")], &[])).violates(&["W43/ack-before-durable"]);
    early(Bench::with(&[("log.flush.interval.messages", "1")], &[("flush.messages", "5")])).silent();
    early(Bench::new()).silent();
    Bench::with(&[], FLUSH).produce(&[0]).silent();
}

#[test]
fn w43_who_was_told_of_a_failed_sync_has_no_excuse_and_who_starts_after_it_has() {
    let failed = Bench::with(&[], FLUSH).append(&[0]).touch(FaultKind::FailedSync, Some(0));
    let told = Fact::DiskFailed { node: NODE, log_dir: DIR, write: true };
    let kinds = failed.then(told.clone()).ack(&[0]).found().violated;
    assert!(kinds.contains(&"W43/ack-before-durable".to_owned()), "{kinds:?}");
    let failed = Bench::with(&[], FLUSH).append(&[0]).touch(FaultKind::FailedSync, Some(0)).then(told);
    let survived = failed.disk.clone();
    let found = failed.stop(Stop::Halt).start(&survived).append(&[1]).ack(&[1]).found();
    assert_eq!((found.violated, found.excused), (owned(&[]), owned(&["W43 by failed-sync"])));
}

#[test]
fn w43_a_write_that_fails_tells_nobody_of_a_sync_that_failed_before() {
    let told = Fact::DiskFailed { node: NODE, log_dir: DIR, write: true };
    let failed = Bench::with(&[], FLUSH).append(&[0]).touch(FaultKind::FailedSync, Some(0)).then(told.clone());
    let survived = failed.disk.clone();
    let found = failed.stop(Stop::Halt).start(&survived).append(&[1]).then(told).ack(&[1]).found();
    assert_eq!((found.violated, found.excused), (owned(&["W44/not-halted"]), owned(&["W43 by failed-sync"])));
}

#[test]
fn w42_what_a_power_loss_tore_is_not_durable_because_its_bytes_are() {
    let bench = Bench::new().produce_cached(&[0]);
    let torn = [rotten(&bench.disk[0])];
    let log = bench.log();
    let bench = bench.stop(Stop::PowerLoss).then(Fact::Started { node: NODE, incarnation: 2 });
    let bench = bench.then(Fact::Survived { log: log.clone(), batches: torn.to_vec() });
    let mut bench = bench.then(Fact::LogDurable { log, to: 1 }).stop(Stop::PowerLoss);
    bench.restarted(2);
    bench.start_recovering(&torn, &[]).attributes(&["W13: power loss without flush"]);
}

#[test]
fn w13_a_log_without_its_id_file_is_gone_and_that_is_right_only_if_it_was_not_durable() {
    let nameless = |bench: Bench| {
        let (log, batches) = (LogRef { topic_id: wire::Uuid::ZERO, ..bench.log() }, bench.disk.clone());
        let bench = bench.stop(Stop::PowerLoss).then(Fact::Started { node: NODE, incarnation: 2 });
        let mut bench = bench.then(Fact::Survived { log, batches });
        bench.honest = false;
        bench.shown.logs.clear();
        bench.shown.files.clear();
        bench.then(Fact::Opened { node: NODE, error: None })
    };
    nameless(Bench::new().produce(&[0])).violates(&["W13/nameless"]);
    nameless(Bench::new().produce_cached(&[0])).attributes(&["W13: power loss without flush"]);
}
