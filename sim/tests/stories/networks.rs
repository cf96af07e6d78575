//! The network between clients and the broker: partitions, resets, delays, lost answers, dials to a dead node.

use crate::story::{CONSUMER, NODE, PRODUCER, Story, at_ms, lines, tells};
use properties::FaultKind;
use sim::{Action, Outcome};

const PRODUCE: i16 = 0;

fn effects(outcome: &Outcome, fault: FaultKind) -> u64 {
    outcome.ledger.get(&fault).map_or(0, |counts| counts.effects)
}

#[test]
fn a_partition_stalls_and_then_everything_arrives() {
    let wall = Action::Partition { from: Some(PRODUCER), for_us: 5_000_000, one_way: false };
    let outcome = Story::with_topic().sends(1_000, 1, 0).at(1_900, &NODE, wall).sends(2_000, 1, 0).play();
    assert!(at_ms(&outcome, &["record 1.1.0", "acknowledged"]) < Some(1_900), "{}", lines(&outcome, "record"));
    let second = at_ms(&outcome, &["record 1.1.1", "acknowledged"]);
    assert!((Some(6_900)..Some(8_000)).contains(&second), "{}", lines(&outcome, "record"));
    assert!(effects(&outcome, FaultKind::Partition) > 0);
}

#[test]
fn a_one_way_partition_lets_requests_through_and_holds_answers() {
    let wall = Action::Partition { from: None, for_us: 5_000_000, one_way: true };
    let outcome = Story::with_topic().sends(1_000, 1, 0).at(1_900, &PRODUCER, wall).sends(2_000, 1, 0).play();
    assert!(
        at_ms(&outcome, &["broker 1 appends orders-0 offsets 1 to 1"]) < Some(2_100),
        "{}",
        lines(&outcome, "appends orders")
    );
    assert!(at_ms(&outcome, &["record 1.1.1", "acknowledged"]) >= Some(6_900), "{}", lines(&outcome, "record"));
    assert!(effects(&outcome, FaultKind::OneWayPartition) > 0);
}

#[test]
fn a_reset_is_noticed_and_survived() {
    let outcome = Story::with_traffic().at(2_000, &PRODUCER, Action::Reset { with: Some(NODE) }).play();
    assert!(tells(&outcome, &["client 1 Disconnected"]), "{}", lines(&outcome, "client 1"));
    assert!(!tells(&outcome, &["client 2 Disconnected"]), "only the producer's connection");
    assert_eq!(outcome.stats.acked_records, 21);
    assert!(effects(&outcome, FaultKind::Reset) > 0);
}

#[test]
fn a_reset_of_a_node_takes_all_its_connections() {
    let outcome = Story::with_traffic().at(2_000, &NODE, Action::Reset { with: None }).play();
    assert!(tells(&outcome, &["client 1 Disconnected"]) && tells(&outcome, &["client 2 Disconnected"]));
}

#[test]
fn a_delay_spike_makes_answers_late() {
    let spike = Action::Delay { for_us: 1_000_000, delay_us: (300_000, 400_000), with: None };
    let outcome = Story::with_topic().sends(1_000, 1, 0).at(1_900, &CONSUMER, spike.clone()).sends(2_000, 1, 0).play();
    assert!(at_ms(&outcome, &["record 1.1.1", "acknowledged"]) < Some(2_100), "another client's");
    let outcome = Story::with_topic().sends(1_000, 1, 0).at(1_900, &NODE, spike).sends(2_000, 1, 0).play();
    let second = at_ms(&outcome, &["record 1.1.1", "acknowledged"]);
    assert!((Some(2_600)..Some(2_900)).contains(&second), "{}", lines(&outcome, "record"));
    assert!(effects(&outcome, FaultKind::DelaySpike) > 0);
}

#[test]
fn a_lost_answer_makes_the_producer_try_again_what_was_appended() {
    let outcome =
        Story::with_topic().sends(1_000, 1, 0).at(500, &NODE, Action::LoseAnswer { api_key: PRODUCE, nth: 1 }).play();
    assert_eq!(effects(&outcome, FaultKind::LostAnswer), 1);
    assert!(
        tells(&outcome, &["client 1 retries orders-0", "may have been appended"]),
        "{}",
        lines(&outcome, "client 1")
    );
    assert!(tells(&outcome, &["broker 1 appends orders-0 offsets 1 to 1"]), "a duplicate, without idempotence");
}

#[test]
fn a_dial_to_a_dead_node_fails_and_is_tried_again() {
    let kill = Action::Kill { down_us: 3_000_000 };
    let outcome = Story::with_topic().at(1_000, &NODE, kill).sends(1_500, 1, 0).play();
    let acked = at_ms(&outcome, &["record 1.1.0", "acknowledged"]);
    assert!((Some(4_000)..Some(7_000)).contains(&acked), "{}", lines(&outcome, "client 1"));
}
