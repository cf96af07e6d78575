//! How runs end: at rest, in a livelock, or out of budget; and whom targets mean.

use crate::story::{NODE, Story, lines, tells};
use sim::{Action, Who, run};

#[test]
fn a_run_beyond_its_budget_of_events_is_a_violation() {
    let mut story = Story::with_traffic();
    story.plan.max_events = 50;
    let outcome = run(&story.plan).unwrap();
    assert_eq!(outcome.violations.len(), 1);
    assert_eq!((outcome.violations[0].property.id, outcome.violations[0].kind), ("L14", "budget"));
    assert_eq!(outcome.stats.events, 51, "and it ends there");
}

#[test]
fn a_run_that_cannot_rest_within_its_bound_and_has_something_to_do_is_a_violation() {
    // Nobody creates the topic, and the producer waits for it for a minute (max.block.ms): that is its right, but no rest.
    let mut story = Story::quiet().sends(19_000, 1, 0).configured("auto.create.topics.enable", "false");
    story.plan.rest_within_us = 30_000_000;
    let outcome = run(&story.plan).unwrap();
    let found: Vec<_> = outcome.violations.iter().map(|found| (found.property.id, found.kind)).collect();
    assert_eq!(found, [("L03", "restless")]);
}

#[test]
fn whatever_is_down_or_paused_or_cut_off_when_faults_stop_comes_back() {
    let minute = 60_000_000;
    let hours = [
        Action::Kill { down_us: minute },
        Action::Pause { for_us: minute },
        Action::Partition { from: None, for_us: minute, one_way: false },
        Action::DiskFull { for_us: minute, log_dir: 0 },
        Action::SlowSync { for_us: minute, delay_us: (900_000, 900_000) },
    ];
    for action in hours {
        let outcome = run(&Story::with_traffic().at(19_000, &NODE, action.clone()).plan).unwrap();
        assert!(outcome.is_clean(), "{action:?}: {:?}", outcome.violations);
        assert_eq!(outcome.count("AtRest"), 1);
        assert!(outcome.stats.virtual_us < 40_000_000, "{action:?}: {} us", outcome.stats.virtual_us);
    }
}

#[test]
fn a_leader_and_a_controller_are_found_when_the_step_is_due() {
    for who in [Who::Leader("orders".to_owned(), 0), Who::ActiveController] {
        let outcome = Story::with_topic().at(1_000, &who, Action::Kill { down_us: 1_000 }).play();
        assert!(tells(&outcome, &["broker 1 is killed"]), "{who:?}: {}", lines(&outcome, "!!"));
        assert!(outcome.unfired.is_empty());
    }
    for nobody in [Who::Leader("payments".to_owned(), 0), Who::Follower("orders".to_owned(), 0, 0)] {
        let story = Story::with_topic().at(1_000, &nobody, Action::Kill { down_us: 1_000 });
        assert_eq!(story.play().unfired, [story.plan.steps.last().unwrap().id]);
    }
}
