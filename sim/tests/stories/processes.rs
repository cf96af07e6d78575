//! Processes: kill, power loss, death inside a call, pause, controlled restart, halt; and the operator.

use crate::story::{NODE, Story, at_ms, lines, tells};
use properties::FaultKind;
use sim::{Action, Outcome, Pattern, Survival, When};

const ALL_LOST: Survival = Survival { writes_permille: 0, entries_permille: 0, torn: false };

fn effects(outcome: &Outcome, fault: FaultKind) -> u64 {
    outcome.ledger.get(&fault).map_or(0, |counts| counts.effects)
}

#[test]
fn a_kill_leaves_the_page_cache_and_the_next_incarnation_finds_it() {
    let outcome = Story::with_traffic().at(4_000, &NODE, Action::Kill { down_us: 500_000 }).play();
    assert!(tells(&outcome, &["broker 1 is killed"]));
    assert_eq!(at_ms(&outcome, &["broker 1 starts, incarnation 2"]), Some(4_500));
    assert!(tells(&outcome, &["broker 1 finds orders-0: offsets 0 to 19"]), "{}", lines(&outcome, "finds"));
    assert_eq!(effects(&outcome, FaultKind::Kill), 1);
    assert!(outcome.is_clean(), "{:?}", outcome.violations);
}

#[test]
fn a_power_loss_takes_what_was_not_synced() {
    let outcome =
        Story::with_traffic().at(4_000, &NODE, Action::PowerLoss { survival: ALL_LOST, down_us: 500_000 }).play();
    assert!(tells(&outcome, &["broker 1 loses power"]));
    assert!(!tells(&outcome, &["broker 1 finds orders-0: offsets 0 to 19"]), "{}", lines(&outcome, "finds"));
    assert_eq!(outcome.stats.acked_records, 21, "they had been acknowledged");
}

#[test]
fn a_flushed_log_survives_a_power_loss() {
    let story = Story::with_traffic().configured("log.flush.interval.messages", "1");
    let outcome = story.at(4_000, &NODE, Action::PowerLoss { survival: ALL_LOST, down_us: 500_000 }).play();
    assert!(tells(&outcome, &["broker 1 finds orders-0: offsets 0 to 19"]), "{}", lines(&outcome, "finds"));
}

#[test]
fn a_death_at_a_call_happens_inside_an_input() {
    let death = Action::DieAtCall { calls: 3, survival: None, down_us: 300_000 };
    let outcome = Story::with_traffic().at(1_500, &NODE, death).play();
    assert_eq!(effects(&outcome, FaultKind::DeathAtCall), 1);
    assert_eq!(outcome.count("Started"), 2);
    assert!(tells(&outcome, &["broker 1 dies inside a disk call"]));
    assert!(outcome.stats.acked_records >= 20, "the producer has tried again: {:?}", outcome.stats);
}

#[test]
fn a_death_may_fall_into_recovery_again_and_again() {
    let mut story = Story::with_traffic().at(4_000, &NODE, Action::Kill { down_us: 500_000 });
    for calls in 1..4 {
        let once = Action::DieAtCall { calls, survival: Some(ALL_LOST), down_us: 500_000 };
        story = story.at(3_800 + u64::from(calls) * 500, &NODE, once);
    }
    let outcome = story.play();
    assert!(effects(&outcome, FaultKind::DeathAtCall) >= 1, "{}", lines(&outcome, "dies"));
    assert_eq!(outcome.count("AtRest"), 1);
}

#[test]
fn a_paused_broker_answers_afterwards() {
    let story = Story::with_topic().sends(3_000, 1, 0).at(2_900, &NODE, Action::Pause { for_us: 2_000_000 });
    let outcome = story.play();
    assert!(
        at_ms(&outcome, &["client 1 record 1.1.0", "acknowledged"]) >= Some(4_900),
        "{}",
        lines(&outcome, "record 1.1.0")
    );
    assert_eq!(effects(&outcome, FaultKind::Pause), 1);
}

#[test]
fn a_controlled_restart_is_clean() {
    let outcome = Story::with_traffic().at(4_000, &NODE, Action::CleanRestart { down_us: 250_000 }).play();
    assert!(tells(&outcome, &["broker 1 has shut down"]));
    assert!(tells(&outcome, &["broker 1 Recovered, after a clean shutdown"]), "{}", lines(&outcome, "Recovered"));
    assert_eq!(effects(&outcome, FaultKind::CleanRestart), 1);
}

#[test]
fn an_operator_starts_a_broker_again_that_halted_on_a_storage_failure() {
    let outcome = Story::with_traffic().at(1_500, &NODE, Action::FailWrite { nth: 1, log_dir: 0 }).play();
    assert_eq!(effects(&outcome, FaultKind::WriteError), 1);
    let halted = at_ms(&outcome, &["broker 1 has halted itself"]).unwrap();
    let again = at_ms(&outcome, &["broker 1 starts, incarnation 2"]).unwrap();
    assert!((1_000..=10_000).contains(&(again - halted)), "{halted} {again}");
    assert_eq!(outcome.count("AtRest"), 1);
}

#[test]
fn a_trigger_fires_after_its_event_and_one_that_never_does_is_reported() {
    let on =
        |event: &str, nth, delay_us| When::After(Pattern { event: event.to_owned(), node: Some(1) }, nth, delay_us);
    let kill = Action::Kill { down_us: 100_000 };
    let story = Story::with_traffic().when(on("Appended", 5, 7_000), &NODE, kill.clone());
    let story = story.when(on("CorruptionFound", 1, 0), &NODE, kill);
    let never = story.plan.steps.last().unwrap().id;
    let outcome = story.play();
    assert!(tells(&outcome, &["broker 1 is killed"]));
    assert_eq!(outcome.unfired, [never]);
}
