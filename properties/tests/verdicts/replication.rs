//! What replicas of a partition owe one another.

use crate::bench::{DIR, Found, batch, owned};
use crate::group::{Group, change, named};
use broker_core::Event;
use properties::{Fact, FaultKind, Stop, TopicAsked};
use wire::NodeId;
use wire::metadata::PartitionChangeRecord;

#[test]
fn a_cluster_that_works_is_silent() {
    Group::new().produce(&[0]).produce(&[1, 2]).rest().silent();
    let moved = Group::new().produce(&[0]).elect(2, &[1, 2, 3]).produce(&[1]);
    moved.rest().silent();
}

#[test]
fn a_kill_and_an_election_are_ordinary() {
    let killed = Group::new().produce(&[0]).stop(1, Stop::Kill).wins(2, 2, &[2, 3]).commit_metadata(vec![]);
    let led = killed.fence(1).elect(2, &[2, 3]).produce(&[1]);
    let back = led.start(1, 1).wins(2, 3, &[2, 3]).commit_metadata(vec![]);
    back.found();
}

#[test]
fn an_uncommitted_tail_may_be_cut() {
    let ahead = Group::new().produce(&[0]).append(&[1]).unknown(&[1]);
    let led = ahead.elect(2, &[1, 2, 3]).cut(1, 1).follow(&[1, 3]).produce(&[2]);
    led.rest().silent();
}

#[test]
fn w01_one_incarnation_appends_in_an_epoch() {
    let two = Group::new().produce(&[0]).write(2, batch(1, 0, &[9]));
    assert_eq!(two.found().violated, owned(&["W01/not-leader", "W01/second-writer"]));
    let usurper = Group::new().produce(&[0]).chooses(2, &[1, 2, 3]).takes_office(2).write(3, batch(1, 1, &[9]));
    assert_eq!(usurper.found().violated, owned(&["W01/not-leader"]));
}

#[test]
fn w03_a_batch_has_the_same_before_it_everywhere() {
    let forked = Group::new().append(&[0]).unknown(&[0]).chooses(2, &[1, 2, 3]).takes_office(2).append(&[1]);
    // Node 1 does not cut what node 2 has not.
    let next = forked.append(&[2]);
    let copy = batch(1, 1, &[2]);
    assert_eq!(next.write(1, copy).found().violated, owned(&["W03/diverged"]));
}

#[test]
fn w03_damage_excuses_it() {
    let forked = Group::new().append(&[0]).unknown(&[0]).elect(2, &[1, 2, 3]).append(&[1]).append(&[2]);
    let log = forked.log(1);
    forked.touch(FaultKind::LyingSync, log).write(1, batch(1, 1, &[2])).excuses(&["W03 by lying-sync"]);
}

#[test]
fn w04_and_w13_who_is_elected_has_what_was_acknowledged() {
    let group = || Group::new().produce(&[0]).produce(&[1]);
    group().elect(2, &[1, 2, 3]).rest().silent();
    // Node 2 has cut to a high watermark that lags, and is elected before it fetches again (KIP-101).
    let cut = group().stop(2, Stop::Kill).start(2, 2).cut(2, 1).elect(2, &[1, 2, 3]);
    let found = cut.found();
    assert_eq!(found.violated, owned(&["W04/incomplete", "W10/committed", "W13/elected-without"]));
    assert_eq!(found.attributed, owned(&[]));
}

#[test]
fn w04_and_w13_who_is_elected_while_its_topic_is_deleted_has_lost_nothing() {
    let removed = |asked: bool| {
        let topics = vec![TopicAsked { name: "t".into(), ..TopicAsked::default() }];
        let deletes = Fact::AdminInvoked { client: 3, op: 7, what: "delete", topics };
        let group = Group::new().produce(&[0]);
        let group = if asked { group.then(deletes) } else { group };
        let log = group.log(2);
        let gone = group.then(Fact::LogRemoved { log }).chooses(2, &[1, 2, 3]);
        gone.states(2, Event::LeaderElected { partition: named(), leader_epoch: 1, start_offset: 0 }).found().violated
    };
    let of_elections = |found: Vec<String>| found.iter().any(|it| it.starts_with("W04") || it.starts_with("W13"));
    assert!(!of_elections(removed(true)));
    assert!(of_elections(removed(false)));
}

#[test]
fn w13_an_election_from_outside_of_the_isr_is_a_violation_unless_it_is_allowed() {
    let lagging = |config: &[(&str, &str)]| {
        let group = Group::with(config, false).produce(&[0]).set_isr(&[1, 2]).produce(&[1]);
        group.stop(1, Stop::Kill).stop(2, Stop::Kill)
    };
    let elected = |group: Group| {
        let mut group = group;
        // Whoever leads the quorum is of no concern here.
        group.controller = 3;
        group.chooses(3, &[3]).takes_office(3).found()
    };
    let found = elected(lagging(&[("min.insync.replicas", "2")]));
    assert!(found.violated.contains(&"W13/elected-without".to_owned()), "{found:?}");
    assert!(!found.violated.contains(&"W04/incomplete".to_owned()), "{found:?}");
    let allowed = [("min.insync.replicas", "2"), ("unclean.leader.election.enable", "true")];
    let found = elected(lagging(&allowed));
    assert_eq!(found.attributed, owned(&["W13: unclean leader election"]));
    assert!(!found.violated.contains(&"W13/elected-without".to_owned()), "{found:?}");
}

#[test]
fn w13_the_last_replica_in_sync_may_lose_with_its_power_what_nobody_else_must_hold() {
    let alone = Group::new().produce(&[0]).produce(&[1]).set_isr(&[1]);
    let down = alone.wins(2, 2, &[2, 3]).commit_metadata(vec![]).stop(1, Stop::PowerLoss);
    let back = down.chooses(-1, &[1]).start(1, 1).elect(1, &[1]);
    assert_eq!(back.found().attributed, owned(&["W13: power loss without flush"]));
}

#[test]
fn w13_with_an_intact_holder_in_the_isr_a_power_loss_is_no_cause() {
    let down = Group::new().produce(&[0]).produce(&[1]).stop(1, Stop::PowerLoss).start(1, 1);
    let found = down.elect(1, &[1, 2, 3]).found();
    assert!(found.violated.contains(&"W13/elected-without".to_owned()), "{found:?}");
    assert_eq!(found.attributed, owned(&[]));
}

#[test]
fn w13_a_doubt_that_was_is_not_forgotten() {
    // For a moment nobody of the ISR has it; that node 2 is taken in again makes no difference.
    let alone = Group::new().produce(&[0]).produce(&[1]).set_isr(&[1]).stop(1, Stop::PowerLoss).start(1, 1);
    let found = alone.elect(1, &[1, 2]).found();
    assert!(!found.violated.contains(&"W13/elected-without".to_owned()), "{found:?}");
    assert_eq!(found.attributed, owned(&["W13: power loss without flush"]));
}

#[test]
fn w13_what_only_a_leader_had_acknowledged_goes_with_it() {
    let mut group = Group::new().produce(&[0]);
    group.acks = 1;
    let gone = group.append(&[1]).ack(1, &[1]).elect(2, &[1, 2, 3]).cut(1, 1).follow(&[1, 3]);
    gone.produce(&[2]).rest().attributes(&["W13: acks=1 and another leader"]);
}

#[test]
fn w05_everybody_who_may_be_elected_has_what_is_committed() {
    let cut = Group::new().produce(&[0]).produce(&[1]).stop(2, Stop::Kill).start(2, 2).cut(2, 1).registers(2);
    let found = cut.set_isr(&[1, 2, 3]).found();
    assert!(found.violated.contains(&"W05/incomplete".to_owned()), "{found:?}");
    // A power loss takes something with permission, and the controller may not know yet.
    let lost = Group::new().produce(&[0]).produce(&[1]).stop(2, Stop::PowerLoss).start(2, 1).set_isr(&[1, 2, 3]);
    lost.silent();
}

#[test]
fn w06_a_leaders_isr_has_everybody_who_may_be_elected() {
    let asks = |maximal: &[i32]| Group::new().set_isr(&[1, 2]).follow(&[3]).tells_isr(maximal);
    asks(&[1, 2, 3]).set_isr(&[1, 2, 3]).silent();
    let record = PartitionChangeRecord { isr: Some(vec![1, 2, 3]), ..change() };
    asks(&[1, 2]).commit_isr(&[1, 2, 3], record).violates(&["W06/not-superset"]);
    let mut wrong = Group::new().set_isr(&[1, 2]);
    wrong.isr = vec![1, 2, 3];
    wrong.tells_isr(&[1, 2, 3]).violates(&["W06/not-committed"]);
}

#[test]
fn w06_a_leader_waits_for_nobody_who_may_not_join() {
    let away = || Group::new().fence_out(3);
    away().follow(&[3]).tells_isr(&[1, 2, 3]).violates(&["W06/not-active"]);
    // It was asked for before, and the leader does not know the answer yet.
    let asked = Group::new().set_isr(&[1, 2]).follow(&[3]).tells_isr(&[1, 2, 3]).fence(3).tells_isr(&[1, 2, 3]);
    asked.silent();
    // What the leader's metadata does not say yet it cannot know.
    let mut behind = away();
    behind.broker(1).quorum.high_watermark = 1;
    behind.follow(&[3]).tells_isr(&[1, 2, 3]).silent();
}

#[test]
fn w20_an_alter_partition_on_an_older_state_is_refused() {
    let changed = || Group::new().produce(&[0]).set_isr(&[1, 2]);
    changed().alter(1, (0, 1), 0).silent();
    changed().alter(1, (0, 0), 105).silent();
    changed().alter(1, (0, 0), 0).violates(&["W20/alter-partition"]);
    changed().elect(2, &[1, 2]).alter(1, (0, 2), 0).violates(&["W20/alter-partition"]);
    // A former controller decides nothing any more.
    changed().wins(2, 2, &[2, 3]).commit_metadata(vec![]).alter(1, (0, 0), 0).silent();
    // The answer to a request comes when its change is committed.
    Group::new().produce(&[0]).alter_received(1, (0, 0)).set_isr(&[1, 2]).alter_answered(1, 0).silent();
}

#[test]
fn w21_an_epoch_starts_once_and_what_is_cut_is_forgotten() {
    let again = Event::LeaderElected { partition: named(), leader_epoch: 0, start_offset: 1 };
    let stated = Group::new().produce(&[0]).then(Fact::Stated { node: wire::NodeId(1), event: again });
    stated.violates(&["W21/not-noted"]);
    let cut = |end_offset| {
        let group = Group::new().produce(&[0]).elect(2, &[1, 2, 3]).elect(1, &[1, 2, 3]);
        group.states(2, Event::Diverged { partition: named(), end_offset })
    };
    cut(2).silent();
    cut(1).violates(&["W21/beyond-cut"]);
}

#[test]
fn w07_and_w81_a_high_watermark_waits_for_the_isr() {
    let early = Group::new().append(&[0]).follow(&[2]).advance(1, 1);
    early.violates(&["W05/incomplete", "W07/not-replicated", "W81/not-replicated"]);
    Group::new().append(&[0]).set_isr(&[1, 2]).follow(&[2]).advance(1, 1).silent();
    // Who has fetched and then lost everything is a witness still, until the controller knows.
    let lost = Group::new().append(&[0]).follow(&[2, 3]).stop(3, Stop::PowerLoss).start(3, 0).advance(1, 1);
    lost.silent();
}

#[test]
fn w81_a_former_leader_may_not_know_and_must_not_be_ahead() {
    let zombie = |followers: &[i32]| {
        let group = Group::new().produce(&[0]).append(&[1]).unknown(&[1]).follow(followers);
        group.chooses(2, &[2, 3]).advance(1, 2)
    };
    zombie(&[2, 3]).silent();
    let found = zombie(&[3]).found().violated;
    assert!(found.contains(&"W81/not-replicated".to_owned()), "{found:?}");
}

#[test]
fn w08_a_high_watermark_does_not_go_back() {
    let back = Group::new().produce(&[0]).produce(&[1]).advance(1, 1);
    back.violates(&["W08/went-back"]);
}

#[test]
fn w09_no_follower_is_ahead_of_every_leader() {
    let shows = |high_watermark| {
        let mut group = Group::new().produce(&[0]).append(&[1]).unknown(&[1]).follow(&[2]);
        group.broker(2).topic.high_watermark = high_watermark;
        group.fetch(2)
    };
    shows(0).silent();
    shows(1).silent();
    shows(2).violates(&["W09/ahead-of-leaders"]);
    shows(3).violates(&["W09/beyond-end"]);
}

#[test]
fn w10_a_replica_keeps_what_is_committed() {
    let group = || Group::new().produce(&[0]).append(&[1]).unknown(&[1]).follow(&[2]);
    group().cut(2, 1).silent();
    group().cut(2, 0).violates(&["W10/committed"]);
}

#[test]
fn w11_no_consumer_gets_what_no_leader_has_committed() {
    Group::new().produce(&[0]).give(1, 0).silent();
    Group::new().produce(&[0]).append(&[1]).unknown(&[1]).give(1, 0).violates(&["W11/above-any-leaders"]);
}

#[test]
fn w12_what_a_consumer_got_is_there_under_every_leader() {
    let given = || Group::new().produce(&[0]).append(&[1]).unknown(&[1]);
    given().elect(2, &[1, 2, 3]).silent();
    let found = given().give(1, 0).elect(2, &[1, 2, 3]).found();
    assert_eq!(found.violated, owned(&["W11/above-any-leaders", "W12/withdrawn"]));
}

#[test]
fn w14_enough_replicas_are_in_sync_when_a_success_is_answered() {
    let alone = Group::new().append(&[0]).follow(&[2, 3]).set_isr(&[1]).advance(1, 1).ack(1, &[0]);
    alone.violates(&["W14/too-few-in-sync"]);
    // It was committed before, and waited for another partition of its request.
    let late = Group::new().append(&[0]).follow(&[2, 3]).advance(1, 1).set_isr(&[1]).ack(1, &[0]);
    late.silent();
    let two = Group::new().append(&[0]).follow(&[2, 3]).advance(1, 1).set_isr(&[1, 2]).ack(1, &[0]);
    two.silent();
}

#[test]
fn w14_who_has_followed_since_acknowledges_nothing_from_before() {
    let back = Group::new().append(&[0]).follow(&[2, 3]).elect(2, &[1, 2, 3]).elect(1, &[1, 2, 3]).advance(1, 1);
    back.ack(1, &[0]).violates(&["W14/followed-since"]);
}

#[test]
fn w17_and_w18_who_joins_has_caught_up_in_this_incarnation() {
    let out = || Group::new().produce(&[0]).set_isr(&[1, 2]).produce(&[1]);
    out().follow(&[3]).tells_isr(&[1, 2, 3]).set_isr(&[1, 2, 3]).silent();
    let found = out().fetch(3).tells_isr(&[1, 2, 3]).set_isr(&[1, 2, 3]).found().violated;
    assert_eq!(found, owned(&["W05/incomplete", "W18/below-high-watermark"]));
    let never = Group::new().set_isr(&[1, 2]).tells_isr(&[1, 2, 3]).set_isr(&[1, 2, 3]);
    never.violates(&["W18/never-fetched"]);
    let before = out().follow(&[3]).stop(3, Stop::Kill).start(3, 2).registers(3).tells_isr(&[1, 2, 3]);
    before.set_isr(&[1, 2, 3]).violates(&["W17/other-incarnation"]);
}

#[test]
fn w23_at_rest_all_replicas_are_the_same() {
    let group = || Group::new().produce(&[0]).append(&[1]).unknown(&[1]);
    group().follow(&[2, 3]).advance(1, 2).rest().silent();
    let found = group().follow(&[2]).advance(1, 2).rest().found().violated;
    assert!(found.contains(&"W23/shorter".to_owned()), "{found:?}");
    let forked = Group::new().produce(&[0]).append(&[1]).unknown(&[1]).elect(2, &[1, 2, 3]).append(&[2]);
    let found = forked.follow(&[3]).unknown(&[2]).rest().found().violated;
    assert!(found.contains(&"W23/different".to_owned()), "{found:?}");
}

#[test]
fn w24_a_record_does_not_move_into_the_log_of_a_namesake() {
    let twice = |again: bool| {
        let group = Group::new().produce(&[0]);
        let mut log = group.log(1);
        log.topic_id = wire::Uuid(101);
        let group = if again { group.receive(&[0]) } else { group };
        group.then(Fact::Appended { log, log_dir: DIR, segment: 0, batch: batch(0, 0, &[0]) }).found().violated
    };
    assert_eq!(twice(true), owned(&[]));
    assert_eq!(twice(false), owned(&["J02/duplicate", "W24/other-incarnation"]));
}

#[test]
fn jx2_the_latest_offset_does_not_go_back() {
    Group::new().produce(&[0]).latest(1, 1).produce(&[1]).latest(1, 2).elect(2, &[1, 2, 3]).latest(2, 2).silent();
    Group::new().produce(&[0]).latest(1, 1).elect(2, &[1, 2, 3]).latest(2, 0).violates(&["JX2/went-back"]);
    // A former leader that does not know yet.
    Group::new().produce(&[0]).latest(1, 1).elect(2, &[1, 2, 3]).latest(1, 0).silent();
}

#[test]
fn l01_l02_and_l12_a_cluster_is_whole_again() {
    let mut idle = Group::new().produce(&[0]);
    idle.broker(1).topic.leads = false;
    idle.rest().violates(&["L01/no-leader"]);
    let mut headless = Group::new().produce(&[0]);
    headless.broker(1).quorum.leads = false;
    headless.rest().violates(&["L01/no-controller"]);
    Group::new().produce(&[0]).set_isr(&[1, 2]).rest().violates(&["L02/not-in-sync"]);
    let mut behind = Group::new().produce(&[0]);
    behind.broker(3).quorum.high_watermark = 1;
    behind.rest().violates(&["L12/behind"]);
    Group::new().produce(&[0]).fence_out(3).rest().violates(&["L02/not-in-sync", "L12/fenced"]);
}

#[test]
fn l03_a_minority_may_stay_down() {
    Group::new().produce(&[0]).stop(3, Stop::Kill).fence_out(3).produce(&[1]).rest().silent();
    let fell = Group::new().produce(&[0]).then(Fact::Healed {}).stop(3, Stop::Halt).fence_out(3);
    fell.then(Fact::AtRest {}).violates(&["L03/down"]);
}

#[test]
fn w43_a_follower_syncs_before_it_fetches_where_a_sync_is_promised() {
    let flush = || Group::with(&[("min.insync.replicas", "2"), ("log.flush.interval.messages", "1")], false);
    let copy = |group: Group| group.append(&[0]).unknown(&[0]).sync(1).write(2, batch(0, 0, &[0]));
    copy(flush()).sync(2).fetch(2).silent();
    copy(flush()).fetch(2).violates(&["W43/fetch-before-durable"]);
    // The sync failed, and the fetch was on its way when the replica was told.
    let failed = copy(flush());
    let log = failed.log(2);
    let told = Fact::DiskFailed { node: NodeId(2), log_dir: DIR, write: true };
    let late = failed.touch(FaultKind::FailedSync, log).then(told).fetch(2).found();
    assert_eq!((late.violated, late.excused), (owned(&[]), owned(&["W43 by failed-sync"])));
}

#[test]
fn the_epoch_cache_of_a_follower_knows_epochs_that_others_led() {
    let mut group = Group::new().produce(&[0]).elect(2, &[1, 2, 3]).elect(3, &[1, 2, 3]);
    let event = Event::LeaderElected { partition: named(), leader_epoch: 2, start_offset: 1 };
    group = group.states(3, event).produce(&[1]);
    assert_eq!(group.rest().found(), Found::default());
}

#[test]
fn w20_a_fetch_of_an_older_epoch_is_refused() {
    let moved = || Group::new().produce(&[0]).elect(2, &[1, 2, 3]);
    let epoch = moved().epoch;
    moved().fetch_in(epoch - 1, 3).answers_fetch(0, false).violates(&["W20/served"]);
    moved().fetch_in(epoch - 1, 3).answers_fetch(0, true).silent();
    moved().fetch_in(epoch - 1, 3).answers_fetch(70, false).silent();
    moved().fetch_in(epoch, 3).answers_fetch(0, false).silent();
    moved().fetch_in(epoch + 1, 3).answers_fetch(0, false).silent();
    moved().fetch_in(-1, 3).answers_fetch(0, false).silent();
}

#[test]
fn w20_so_is_one_that_waited_until_its_epoch_was_over() {
    let parked = || Group::new().produce(&[0]).fetch(3).elect(1, &[1, 2, 3]);
    parked().answers_fetch(0, false).violates(&["W20/served"]);
    parked().answers_fetch(0, true).silent();
    Group::new().produce(&[0]).fetch(3).answers_fetch(0, false).elect(1, &[1, 2, 3]).silent();
}

/// What a reader does that has read both records under node 1, when node 3, which has the first one only, is elected
/// uncleanly, and writes other ones.
fn cut_below_a_reader() -> Group {
    let weak = [("min.insync.replicas", "1"), ("unclean.leader.election.enable", "true")];
    let group = Group::with(&weak, false).produce(&[0]).set_isr(&[1]).produce(&[1]).reads(1, 0..2);
    let mut group = group.stop(1, Stop::Kill);
    group.controller = 3;
    group.chooses(3, &[3]).takes_office(3).append(&[2]).append(&[3]).append(&[4])
}

#[test]
fn w78_a_log_that_was_cut_below_a_position_is_not_read_on_in_silence() {
    let fired = |group: Group| {
        let found = group.found();
        found.violated.into_iter().filter(|name| name.starts_with("W78")).collect::<Vec<_>>()
    };
    assert_eq!(fired(cut_below_a_reader().reads(3, 2..4)), owned(&["W78/silent-truncation"]));
    let noticed = |to| cut_below_a_reader().moves("TruncationDetected", to);
    assert_eq!(fired(noticed(Some(1)).reads(3, 1..4)), owned(&[]));
    assert_eq!(fired(noticed(None).moves("PositionReset", Some(0)).reads(3, 0..4)), owned(&[]));
    assert_eq!(fired(noticed(Some(1)).reads(3, 2..4)), owned(&["W78/skipped"]));
    assert_eq!(fired(cut_below_a_reader().seeks().reads(3, 2..4)), owned(&[]));
}

#[test]
fn w78_across_a_clean_election_a_reader_reads_on() {
    let read = || Group::new().produce(&[0]).produce(&[1]).reads(1, 0..2).elect(2, &[1, 2, 3]).produce(&[2]);
    read().reads(2, 2..3).silent();
    read().reads(2, 1..3).violates(&["W78/went-back"]);
    read().produce(&[3]).reads(2, 3..4).violates(&["W78/skipped"]);
}

#[test]
fn w78_damage_excuses_it() {
    let damaged = cut_below_a_reader();
    let log = damaged.log(3);
    let found = damaged.touch(FaultKind::LyingSync, log).reads(3, 2..4).found();
    assert!(found.excused.contains(&"W78 by lying-sync".to_owned()), "{found:?}");
    assert!(!found.violated.iter().any(|name| name.starts_with("W78")), "{found:?}");
}

#[test]
fn w81_and_w05_whom_an_unclean_election_deposed_commits_for_himself_alone() {
    let weak = [("min.insync.replicas", "1"), ("unclean.leader.election.enable", "true")];
    let shrunk = || Group::with(&weak, false).append(&[0]).unknown(&[0]).set_isr(&[1]);
    shrunk().chooses(2, &[2]).takes_office(2).advance(1, 1).silent();
    // Node 2 was chosen twice, and node 3 in between, before either knew.
    let leads = |leader_epoch, start_offset| Event::LeaderElected { partition: named(), leader_epoch, start_offset };
    let chosen = shrunk().follow(&[3]).chooses(2, &[2]).chooses(3, &[3]).chooses(2, &[2]);
    let last = chosen.epoch;
    let led = chosen.states(2, leads(last - 2, 0)).states(2, leads(last, 0)).states(3, leads(last - 1, 1));
    led.advance(3, 1).silent();
}
