//! Transcripts of what people read, held by insta: a change of words is a change of this file.

use properties::ledger::Counts;
use properties::{FaultKind, Moment, PropertyId, Violation};
use reports::{campaign, page, story};
use scenarios::campaign::{Failure, HarnessFault, ScenarioTally, Tally};
use sim::{
    Action, ClientOp, ClientPlan, Outcome, Plan, Role, Statistics, Step, Topology, TraceHash, Weather, When, Who,
};
use std::time::Duration;

const LOST: PropertyId = PropertyId { id: "W13", name: "Durability", sentence: "An acknowledged record stays" };

fn violation() -> Violation {
    let when = Moment { at: wire::Instant(2_000_350_000), seq: 91 };
    Violation { property: LOST, kind: "lost", when, detail: "orders-0 offset 4 (1.1.4) is gone".into() }
}

fn plan() -> Plan {
    let send =
        ClientOp::Send { topic: "orders".into(), partition: Some(0), key: None, size: 100, count: 3, every_us: 0 };
    let step = |id, at, who, action| Step { id, when: When::At(at), who, action };
    Plan {
        format: 1,
        seed: 7,
        scenario: "power-loss".into(),
        topology: Topology {
            nodes: 1,
            log_dirs: 1,
            disk_bytes: 1 << 20,
            skew_ms: Default::default(),
            config: [("log.flush.interval.messages".to_owned(), "1".to_owned())].into(),
            clients: vec![ClientPlan { id: 1, role: Role::Producer, config: Default::default() }],
        },
        weather: Weather::default(),
        steps: vec![
            step(1, 500_000, Who::Client(1), Action::Do(send)),
            step(2, 2_000_000, Who::Node(1), Action::Kill { down_us: 1_000 }),
        ],
        heal_at_us: 3_000_000,
        heal: sim::Heal::All,
        rest_within_us: 1_000_000,
        max_events: 10_000,
    }
}

fn outcome() -> Outcome {
    Outcome {
        violations: vec![violation()],
        stats: Statistics {
            events: 1_234,
            virtual_us: 3_500_000,
            trace_hash: TraceHash(0xfeed),
            ..Statistics::default()
        },
        trace: vec!["[   2.000350] broker 1 starts, incarnation 2".into()],
        ..Outcome::default()
    }
}

#[test]
fn a_failure_reads_as_a_story() {
    insta::assert_snapshot!(story::text(&plan(), &outcome()));
}

#[test]
fn a_campaign_is_summed_up_on_one_screen() {
    let mut steady = ScenarioTally { name: "power-loss", seeds: 3, ..ScenarioTally::default() };
    steady.ledger.insert(FaultKind::Kill, Counts { injected: 2, effects: 2 });
    let failure = Failure { scenario: "power-loss", seed: 2, plan: Some(plan()), violation: violation() };
    let tally = Tally {
        scenarios: vec![steady],
        failures: vec![failure],
        events: 3_000,
        virtual_us: 12_000_000,
        cpu: Duration::from_millis(20),
        wall: Duration::from_millis(15),
        ..Tally::default()
    };
    let shares = campaign::json(&tally, &[])["shares"].clone();
    assert_eq!(shares["isr_cycle"], serde_json::json!({"enabled": 0.0, "all": 0.0}), "{shares}");
    let missed = HarnessFault::Missed { scenario: "power-loss", event: "SegmentRolled", seeds: 3 };
    insta::assert_snapshot!(campaign::text(&tally, std::slice::from_ref(&missed)));
    assert_eq!(
        campaign::exit_code(&tally, std::slice::from_ref(&missed)),
        1,
        "a violation outweighs a fault of the harness"
    );
    assert_eq!(campaign::exit_code(&Tally::default(), &[missed]), 3);
    assert_eq!(campaign::exit_code(&Tally::default(), &[]), 0);
    assert!(campaign::junit(&tally, &[]).contains("W13: orders-0 offset 4"));
    assert_eq!(campaign::json(&tally, &[])["violations"][0]["property"], "W13");
}

#[test]
fn the_page_needs_no_network() {
    let html = page::html(&plan(), &outcome(), "tribunal replay x.json");
    assert!(html.contains("W13 Durability violated") && html.contains("is killed (-9)"));
    assert!(!html.contains("http") && !html.contains("<script"));
}
