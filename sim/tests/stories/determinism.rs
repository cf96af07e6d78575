//! A run is a pure function of its Plan.

use crate::story::{CONSUMER, NODE, PRODUCER, Story};
use sim::{Action, Plan, RunOptions, Survival, World, run, run_with};

/// Much at once.
fn stormy(seed: u64) -> Plan {
    let survival = Survival { writes_permille: 500, entries_permille: 500, torn: true };
    let story = Story::with_traffic().sends(2_000, 50, 20).reads(5_000, 20);
    let story = story.at(1_500, &NODE, Action::Kill { down_us: 300_000 });
    let story = story.at(2_500, &PRODUCER, Action::Reset { with: None });
    let story = story.at(3_000, &NODE, Action::PowerLoss { survival, down_us: 200_000 });
    let story = story.at(4_000, &CONSUMER, Action::ClientCrash { down_us: 200_000 });
    let story = story.at(4_500, &NODE, Action::SlowSync { for_us: 2_000_000, delay_us: (1_000, 90_000) });
    let story = story.at(5_000, &NODE, Action::ClockDrift { ppm: 150_000 });
    story.at(6_000, &NODE, Action::Partition { from: None, for_us: 700_000, one_way: true }).seeded(seed).plan
}

#[test]
fn twice_in_a_process_gives_the_same_and_recording_changes_nothing() {
    for seed in 0..5 {
        let plan = stormy(seed);
        let (first, second) = (run(&plan).unwrap(), run(&plan).unwrap());
        assert_eq!(first, second);
        let recorded = run_with(&plan, &RunOptions { record: true, ..RunOptions::default() }).unwrap();
        assert_eq!((recorded.stats, &recorded.reached), (first.stats, &first.reached));
        assert!(!recorded.trace.is_empty() && !recorded.history.is_empty());
    }
    assert_ne!(run(&stormy(0)).unwrap().stats.trace_hash, run(&stormy(1)).unwrap().stats.trace_hash);
}

#[test]
fn a_fork_in_mid_run_runs_on_to_the_same_end() {
    let plan = stormy(7);
    let whole = run(&plan).unwrap();
    for at in [1, 50, 300, 1_000, whole.stats.events / 2, whole.stats.events - 1] {
        let mut world = World::new(&plan, sim::world::every_property()).unwrap();
        for _ in 0..at {
            world.advance();
        }
        let mut fork = world.fork();
        while fork.advance().is_some() {}
        assert_eq!(fork.outcome(), whole, "forked after {at} events");
        while world.advance().is_some() {}
        assert_eq!(world.outcome(), whole, "went on after a fork at {at} events");
    }
}

#[test]
fn the_judges_do_not_change_the_run() {
    let plan = stormy(3);
    let mut alone = World::new(&plan, Vec::new()).unwrap();
    while alone.advance().is_some() {}
    assert_eq!(alone.outcome().stats.trace_hash, run(&plan).unwrap().stats.trace_hash);
}

#[test]
fn the_hash_of_a_small_plan_is_known() {
    // It changes whenever anything that crosses a wire or a disk, or the trace itself, changes on purpose. Then store the new one.
    let plan = Story::with_topic().sends(1_000, 2, 10).seeded(42).plan;
    assert_eq!(run(&plan).unwrap().stats.trace_hash.to_string(), "8df724aeb7937b651cad6e7eb8145c64");
}

#[test]
fn a_story_without_faults_is_clean_under_every_property() {
    for seed in 0..10 {
        let outcome = run(&Story::with_traffic().seeded(seed).plan).unwrap();
        assert!(outcome.is_clean(), "seed {seed}: {:?}", outcome.violations);
        assert!(outcome.excused.is_empty() && outcome.attributed.is_empty(), "seed {seed}");
    }
}
