//! Clients: crashes, pauses and retry storms.

use crate::story::{CONSUMER, PRODUCER, Story, at_ms, lines, tells};
use properties::FaultKind;
use sim::{Action, Outcome};

fn effects(outcome: &Outcome, fault: FaultKind) -> u64 {
    outcome.ledger.get(&fault).map_or(0, |counts| counts.effects)
}

#[test]
fn a_crash_ends_what_was_pending_unknown_and_a_new_session_goes_on() {
    let story = Story::with_topic().client_configured(1, "linger.ms", "1000").sends(1_000, 20, 100);
    let outcome = story.at(1_350, &PRODUCER, Action::ClientCrash { down_us: 500_000 }).play();
    assert!(tells(&outcome, &["client 1 record 1.1.0", "unknown"]), "{}", lines(&outcome, "record 1."));
    assert_eq!(at_ms(&outcome, &["client 1 begins session 2"]), Some(1_850));
    assert!(tells(&outcome, &["client 1 record 1.2.0", "acknowledged"]), "{}", lines(&outcome, "record 1."));
    assert_eq!(outcome.stats.sent_records, 21, "the series goes on where it was");
    assert_eq!(effects(&outcome, FaultKind::ClientCrash), 1);
}

#[test]
fn a_consumer_that_crashed_assigns_its_partitions_again() {
    let outcome = Story::with_traffic().at(2_000, &CONSUMER, Action::ClientCrash { down_us: 100_000 }).play();
    assert_eq!(lines(&outcome, "client 2 is assigned orders-0").lines().count(), 2);
    assert!(outcome.stats.read_records > 20 + 21, "it reads from the start again: {:?}", outcome.stats);
}

#[test]
fn a_paused_client_goes_on_afterwards() {
    let outcome = Story::with_topic()
        .sends(1_000, 10, 100)
        .at(1_250, &PRODUCER, Action::ClientPause { for_us: 3_000_000 })
        .play();
    let fourth = at_ms(&outcome, &["client 1 record 1.1.3", "acknowledged"]);
    assert!(fourth >= Some(4_250), "{}", lines(&outcome, "record"));
    assert_eq!(outcome.stats.acked_records, 11);
    assert_eq!(effects(&outcome, FaultKind::ClientPause), 1);
}

#[test]
fn a_retry_storm_cuts_connections_again_and_again() {
    let storm = Action::RetryStorm { for_us: 2_000_000, every_us: 200_000 };
    let outcome = Story::with_traffic().at(1_000, &PRODUCER, storm).play();
    assert!(outcome.count("Disconnected") >= 4, "{}", lines(&outcome, "Disconnected"));
    assert!(effects(&outcome, FaultKind::RetryStorm) >= 4);
    assert_eq!(outcome.count("AtRest"), 1);
}
