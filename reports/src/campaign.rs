//! A campaign's summary: for the terminal, as JSON, as JUnit.

use crate::words;
use properties::FaultKind;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use scenarios::campaign::{Failure, HarnessFault, Pairs, ScenarioTally, ShareCounts, Tally};
use serde_json::{Value, json};
use sim::ReplicaState;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The exit code that a campaign deserves: 0 clean, 1 a property was violated, 3 the harness failed.
#[must_use]
pub fn exit_code(tally: &Tally, faults: &[HarnessFault]) -> u8 {
    match (tally.failures.is_empty(), faults.is_empty()) {
        (false, _) => 1,
        (true, false) => 3,
        (true, true) => 0,
    }
}

/// The summary for people; reads well on a plain pipe.
#[must_use]
pub fn text(tally: &Tally, faults: &[HarnessFault]) -> String {
    let mut out = String::new();
    totals(&mut out, tally);
    scenarios(&mut out, tally);
    went_through(&mut out, tally);
    ledger(&mut out, tally);
    found(&mut out, tally);
    failures(&mut out, tally);
    for fault in faults {
        let _ = writeln!(out, "HARNESS {fault}");
    }
    let _ = writeln!(out, "{}", verdict(tally, faults));
    out
}

fn totals(out: &mut String, tally: &Tally) {
    let (weighted, median) = tally.speed();
    let virtual_s = tally.virtual_us / 1_000_000;
    let _ = writeln!(
        out,
        "{} seeds, {} events, {virtual_s} s of virtual time, {} records acknowledged, {} seeds run twice for their hash",
        tally.seeds(),
        tally.events,
        tally.acked_records,
        tally.rechecked
    );
    let _ = writeln!(
        out,
        "{:.1} s CPU, {:.1} s wall, {:.0} simulated seconds per CPU-second ({median:.0} at the median seed), {} MB at most",
        tally.cpu.as_secs_f64(),
        tally.wall.as_secs_f64(),
        weighted,
        tally.peak_rss_bytes >> 20
    );
    if let Some((cpu, scenario, seed)) = tally.slowest {
        let _ = writeln!(out, "slowest: {scenario} seed {seed}, {:.0} ms", cpu.as_secs_f64() * 1e3);
    }
}

fn scenarios(out: &mut String, tally: &Tally) {
    let _ = writeln!(out, "scenarios");
    for scenario in &tally.scenarios {
        let judged = if scenario.is_judged() { "judged" } else { "not judged (too few seeds)" };
        let _ = writeln!(out, "  {:<18} {:>6} seeds, {judged}{}", scenario.name, scenario.seeds, reach(scenario));
    }
}

/// How many seeds reached what the scenario exists for, the rarest first.
fn reach(tally: &ScenarioTally) -> String {
    let Some(scenario) = scenarios::by_name(tally.name) else { return String::new() };
    let count = |event: &&'static str| tally.reached.get(*event).copied().unwrap_or(0);
    let parts: Vec<String> = scenario.must_reach.iter().map(|event| format!("{event} {}", count(event))).collect();
    format!("; {}", parts.join(", "))
}

/// What the seeds went through, if any of them could.
fn went_through(out: &mut String, tally: &Tally) {
    let possible = tally.shares().named().into_iter().filter(|(_, count)| count.enabled > 0);
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    let parts: Vec<String> = possible
        .map(|(name, count)| {
            let (enabled, all) = (percent(count.of_enabled()), percent(count.of_all()));
            format!("{} {enabled} of those that could, {all} of all", name.replace('_', " "))
        })
        .collect();
    if !parts.is_empty() {
        let _ = writeln!(out, "seeds with a {}", parts.join("; "));
    }
    let ((on, off), of) = (tally.pairs.seen(), Pairs::total());
    let _ = writeln!(out, "pairs of fault kinds on together {on} of {of}, off together {off} of {of}");
    if !tally.states.is_empty() {
        let _ =
            writeln!(out, "{} states of replicas (role x ISR size x election x fault in force)", tally.states.len());
    }
}

fn ledger(out: &mut String, tally: &Tally) {
    let _ = writeln!(out, "faults (injected, effects)");
    for (fault, counts) in tally.ledger() {
        let _ = writeln!(out, "  {:<18} {:>7} {:>9}", fault.name(), counts.injected, counts.effects);
    }
}

fn found(out: &mut String, tally: &Tally) {
    if !tally.attributed.is_empty() {
        let _ = writeln!(out, "losses that the configurations permit, by cause");
        for (cause, count) in &tally.attributed {
            let _ = writeln!(out, "  {count:>7} {cause}");
        }
    }
    let excused = tally.excused();
    if !excused.is_empty() {
        let _ = writeln!(out, "excused (seeds)");
        for ((property, fault), seeds) in excused {
            let _ = writeln!(out, "  {property:<5} by {:<18} {seeds:>7}", fault.name());
        }
    }
}

fn failures(out: &mut String, tally: &Tally) {
    for (failure, more) in by_property(tally) {
        let violation = &failure.violation;
        let _ = writeln!(out, "VIOLATED {} {} ({})", violation.property.id, violation.property.name, violation.kind);
        let _ = writeln!(out, "  rule: {}", violation.property.sentence);
        let _ = writeln!(
            out,
            "  seen: {} seed {} at {}, {}",
            failure.scenario,
            failure.seed,
            words::seconds(violation.when.at.0 / 1_000),
            violation.detail
        );
        if more > 0 {
            let _ = writeln!(out, "  and in {more} more seeds");
        }
        let _ = writeln!(out, "  again: {}", replay_command(failure));
    }
}

/// The command that runs a failure again.
#[must_use]
pub fn replay_command(failure: &Failure) -> String {
    format!("tribunal replay --scenario {} --seed {}", failure.scenario, failure.seed)
}

/// The first failure of each property and kind, and how many more there are.
#[must_use]
pub fn by_property(tally: &Tally) -> Vec<(&Failure, u64)> {
    let mut groups = BTreeMap::<(&str, &str), (&Failure, u64)>::new();
    for failure in &tally.failures {
        let key = (failure.violation.property.id, failure.violation.kind);
        groups.entry(key).and_modify(|group| group.1 += 1).or_insert((failure, 0));
    }
    groups.into_values().collect()
}

fn verdict(tally: &Tally, faults: &[HarnessFault]) -> &'static str {
    match exit_code(tally, faults) {
        0 => "clean",
        1 => "VIOLATED",
        _ => "the harness failed",
    }
}

/// The summary for programs. Its fields are part of the command line's contract.
#[must_use]
pub fn json(tally: &Tally, faults: &[HarnessFault]) -> Value {
    let (weighted, median) = tally.speed();
    let ledger: BTreeMap<_, _> = tally
        .ledger()
        .into_iter()
        .map(|(fault, counts)| (fault.name(), json!({"injected": counts.injected, "effects": counts.effects})))
        .collect();
    let mut excused = BTreeMap::<&str, BTreeMap<&str, u64>>::new();
    for ((property, fault), seeds) in tally.excused() {
        excused.entry(property).or_default().insert(fault.name(), seeds);
    }
    json!({
        "seeds": tally.seeds(),
        "violations": tally.failures.iter().map(failure).collect::<Vec<_>>(),
        "events": tally.events,
        "virtual_s": tally.virtual_us as f64 / 1e6,
        "cpu_s": tally.cpu.as_secs_f64(),
        "wall_s": tally.wall.as_secs_f64(),
        "peak_rss_mb": tally.peak_rss_bytes >> 20,
        "shares": shares(tally.shares()),
        "sim_s_per_cpu_s": {"weighted": weighted, "median": median},
        "excused": excused,
        "excused_shares": tally.excused_shares(),
        "fault_pairs": pairs(tally),
        "states": tally.states.iter().map(state).collect::<Vec<_>>(),
        "ledger": ledger,
        "attributed": tally.attributed,
        "acked_records": tally.acked_records,
        "rechecked": tally.rechecked,
        "harness": faults.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "scenarios": tally.scenarios.iter().map(scenario).collect::<Vec<_>>(),
    })
}

fn failure(failure: &Failure) -> Value {
    let violation = &failure.violation;
    json!({
        "property": violation.property.id,
        "kind": violation.kind,
        "scenario": failure.scenario,
        "seed": failure.seed,
        "detail": violation.detail,
        "plan": failure.plan,
    })
}

fn scenario(tally: &ScenarioTally) -> Value {
    let shares = shares(tally.shares);
    json!({"name": tally.name, "seeds": tally.seeds, "judged": tally.is_judged(), "reached": tally.reached, "shares": shares})
}

/// How many pairs of fault kinds met, and which never did.
fn pairs(tally: &Tally) -> Value {
    let (on, off) = tally.pairs.seen();
    let never: Vec<_> = tally.pairs.never_on().map(|(first, second)| [first.name(), second.name()]).collect();
    json!({"of": Pairs::total(), "on": on, "off": off, "never_on": never})
}

fn state((state, seeds): (&ReplicaState, &u64)) -> Value {
    let role = if state.leads { "leader" } else { "follower" };
    let fault = state.fault.map(FaultKind::name);
    json!({"role": role, "isr": state.isr, "electing": state.electing, "fault": fault, "seeds": seeds})
}

/// Of the seeds in which it was possible, and of all, the share that saw it.
fn shares(shares: ShareCounts) -> Value {
    let named = shares
        .named()
        .map(|(name, count)| (name.to_owned(), json!({"enabled": count.of_enabled(), "all": count.of_all()})));
    Value::Object(named.into_iter().collect())
}

/// The summary for CI: a test case per scenario.
#[must_use]
pub fn junit(tally: &Tally, faults: &[HarnessFault]) -> String {
    let mut suite = TestSuite::new("tribunal");
    for scenario in &tally.scenarios {
        let status = status(tally, scenario.name, faults);
        suite.add_test_case(TestCase::new(scenario.name, status));
    }
    let mut report = Report::new("tribunal");
    report.add_test_suite(suite);
    report.to_string().unwrap_or_default()
}

fn status(tally: &Tally, scenario: &str, faults: &[HarnessFault]) -> TestCaseStatus {
    if let Some(failure) = tally.failures.iter().find(|failure| failure.scenario == scenario) {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_message(format!("{}: {}", failure.violation.property.id, failure.violation.detail));
        status.set_description(replay_command(failure));
        return status;
    }
    let of_scenario = |fault: &&HarnessFault| fault.to_string().starts_with(scenario);
    if let Some(fault) = faults.iter().find(of_scenario) {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(fault.to_string());
        return status;
    }
    TestCaseStatus::success()
}
