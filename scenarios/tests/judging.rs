//! The judge of campaigns is judged itself: each way in which a campaign can be worthless fires here, and only there.

#![allow(clippy::unwrap_used)] // Helpers of tests stand outside of them.

use properties::FaultKind;
use properties::ledger::Counts;
use scenarios::by_name;
use scenarios::campaign::{HarnessFault, Recheck, ScenarioTally, Tally, judge};
use sim::TraceHash;

/// A campaign of one scenario that did everything that it should.
fn complete(name: &'static str) -> Tally {
    let scenario = by_name(name).unwrap();
    let mut tally = ScenarioTally { name, seeds: scenario.judged_after, ..ScenarioTally::default() };
    for kind in scenario.faults {
        tally.ledger.insert(*kind, Counts { injected: 9, effects: 3 });
    }
    for event in scenario.must_reach {
        tally.reached.insert(event, 1);
    }
    Tally { scenarios: vec![tally], ..Tally::default() }
}

#[test]
fn a_complete_campaign_is_not_blamed() {
    for scenario in scenarios::all() {
        assert_eq!(judge(&complete(scenario.name)), vec![], "{}", scenario.name);
    }
}

#[test]
fn a_fault_that_did_nothing_is_blamed_even_if_it_was_injected() {
    let mut tally = complete("power-loss");
    tally.scenarios[0].ledger.insert(FaultKind::TornTail, Counts { injected: 40, effects: 0 });
    let inert = HarnessFault::Inert { scenario: "power-loss", fault: "torn-tail", injected: 40 };
    assert_eq!(judge(&tally), vec![inert]);
}

#[test]
fn a_fault_that_was_never_drawn_is_blamed() {
    let mut tally = complete("clocks");
    tally.scenarios[0].ledger.remove(&FaultKind::ClockJump);
    let inert = HarnessFault::Inert { scenario: "clocks", fault: "clock-jump", injected: 0 };
    assert_eq!(judge(&tally), vec![inert]);
}

#[test]
fn an_event_that_was_missed_is_blamed() {
    let mut tally = complete("steady");
    tally.scenarios[0].reached.remove("ColdRead");
    let seeds = tally.scenarios[0].seeds;
    assert_eq!(judge(&tally), vec![HarnessFault::Missed { scenario: "steady", event: "ColdRead", seeds }]);
}

#[test]
fn below_its_number_of_seeds_a_scenario_is_not_judged() {
    let mut tally = complete("steady");
    tally.scenarios[0].reached.clear();
    tally.scenarios[0].ledger.clear();
    tally.scenarios[0].seeds -= 1;
    assert_eq!(judge(&tally), vec![]);
    assert!(!tally.scenarios[0].is_judged());
}

#[test]
fn another_hash_and_a_refused_plan_are_blamed_whatever_the_number_of_seeds() {
    let recheck = Recheck::Differs { how: "fork", first: TraceHash(1), second: TraceHash(2) };
    let tally = Tally {
        mismatches: vec![("steady", 5, recheck)],
        scenarios: vec![ScenarioTally { name: "clocks", ..ScenarioTally::default() }],
        refused: vec![("clocks", 6, "no such topic".to_owned()), ("clocks", 9, "nor this".to_owned())],
        ..Tally::default()
    };
    let faults = judge(&tally);
    assert_eq!(faults.len(), 2);
    assert!(faults[0].to_string().starts_with("steady seed 5 is not deterministic"), "{}", faults[0]);
    assert!(faults[1].to_string().contains("seed 6 (of 2)"), "{}", faults[1]);
}
