//! Benign weirdness: what looks wrong and is not, as far as one node can show it; and the fork of a court.

use crate::bench::{Bench, batch, found};
use properties::{Fact, Outcome, Stop, TopicAsked};
use wire::{Str, Uuid};

#[test]
fn other_writers_between_two_sends_of_one_are_no_gap() {
    Bench::new().produce(&[0]).produce(&[5]).produce(&[1]).found();
    let mut bench = Bench::new();
    bench.max_in_flight = 5;
    bench.produce(&[0]).produce(&[1]).rest(2).silent();
}

#[test]
fn a_restarted_producer_that_sends_again_makes_no_duplicate() {
    // The application's second record has a uid of its own, whatever it says.
    let crashed = Bench::new().append(&[0]).then(Fact::ClientLife { client: 1, session: 0, alive: false });
    crashed.append(&[1]).ack(&[1]).rest(2).silent();
}

#[test]
fn an_unknown_send_may_be_there_or_not() {
    Bench::new().append(&[0]).complete(0, Outcome::Unknown(-1), None).rest(1).silent();
    Bench::new().receive(&[0]).complete(0, Outcome::Unknown(-1), None).rest(0).silent();
}

#[test]
fn empty_polls_and_empty_fetches_are_nothing() {
    Bench::new().poll(&[]).fetched(0, Vec::new()).produce(&[0]).poll(&[]).fetched(1, Vec::new()).rest(1).silent();
}

#[test]
fn a_consumer_may_still_hand_over_what_a_permitted_loss_has_taken() {
    let bench = Bench::new().produce(&[0]).append(&[1]).unknown(&[1]);
    let fetched_before = bench.disk[1].records.clone();
    let lost = bench.power_loss(1).produce(&[2]).read(fetched_before.to_vec());
    lost.rest(2).silent();
}

#[test]
fn a_topic_of_the_same_name_is_another_topic() {
    let delete = vec![TopicAsked { name: Str::from("t"), ..TopicAsked::default() }];
    let bench = Bench::new().produce(&[0, 1]).poll(&[0, 1]).then(Fact::AdminInvoked {
        client: 3,
        op: 5,
        what: "delete",
        topics: delete,
    });
    let log = bench.log();
    let mut bench = bench.then(Fact::LogRemoved { log });
    bench.topic_id = Uuid(101);
    bench.disk.clear();
    bench.epoch = 0;
    let log = bench.log();
    let again = bench.then(Fact::SegmentCreated { log, base_offset: 0 });
    again.produce(&[2]).produce(&[3]).resets(0).poll(&[0, 1]).rest(2).silent();
}

#[test]
fn a_tail_that_nobody_acknowledged_may_go() {
    Bench::new()
        .produce(&[0])
        .append(&[1, 2])
        .unknown(&[1, 2])
        .poll(&[0, 1, 2])
        .power_loss(1)
        .append(&[3])
        .ack(&[3])
        .rest(2)
        .silent();
}

#[test]
fn several_crashes_in_a_row_are_ordinary() {
    let mut bench = Bench::new();
    for ordinal in 0..6 {
        bench = bench.produce(&[ordinal]).kill();
    }
    bench.kill().power_loss(6).rest(6).silent();
}

#[test]
fn a_death_during_recovery_leaves_the_work_to_the_next() {
    let bench = Bench::new().produce(&[0]).produce_cached(&[1]).produce_cached(&[2]);
    let (first, third) = (bench.disk[0].clone(), bench.disk[2].clone());
    let torn = crate::bench::rotten(&bench.disk[1]);
    let log = bench.log();
    let died = bench
        .stop(Stop::PowerLoss)
        .then(Fact::Started { node: crate::bench::NODE, incarnation: 2 })
        .then(Fact::Survived { log, batches: vec![first.clone(), torn, third] })
        .stop(Stop::Kill);
    // The first one had cut the tail already, in the call in which it died.
    let mut next = died;
    next.restarted(2);
    next.start(&[first]).attributes(&["W13: power loss without flush"]);
}

#[test]
fn a_forked_court_comes_to_the_same_verdicts() {
    let bench = Bench::new().produce(&[0]).produce_cached(&[1]).poll(&[0, 1]);
    let mut forked = bench.court.fork();
    let (log, shown) = (bench.log(), bench.shown.clone());
    let facts = [
        Fact::Truncated { log: log.clone(), to: 0 },
        Fact::Appended { log, log_dir: crate::bench::DIR, segment: 0, batch: batch(0, 1, &[7]) },
        Fact::Healed {},
        Fact::AtRest {},
    ];
    let mut court = bench.court;
    let mut moment = properties::Moment::default();
    for fact in &facts {
        moment.seq += 1_000;
        court.observe(fact, moment, &shown);
        forked.observe(fact, moment, &shown);
    }
    court.finish(moment, &shown);
    forked.finish(moment, &shown);
    assert!(!court.verdicts().violations.is_empty());
    assert_eq!(found(&court), found(&forked));
    assert_eq!(court.verdicts().violations, forked.verdicts().violations);
}

#[test]
fn a_cluster_through_several_leaders_is_ordinary() {
    let mut group = crate::group::Group::new();
    for (ordinal, leader) in (0u32..6).zip([2, 3, 1, 2, 3, 1]) {
        group = group.produce(&[ordinal]).elect(leader, &[1, 2, 3]);
    }
    group.produce(&[6]).rest().silent();
}

#[test]
fn a_high_watermark_of_a_new_leader_lags_and_isrs_shrink_and_grow() {
    let group = crate::group::Group::new().produce(&[0]).append(&[1]).follow(&[2, 3]).unknown(&[1]);
    let led = group.elect(2, &[1, 2, 3]).set_isr(&[1, 2]).produce(&[2]).follow(&[3]);
    led.tells_isr(&[1, 2, 3]).set_isr(&[1, 2, 3]).produce(&[3]).rest().silent();
}
