//! One run as a story: what was planned, what came of it.

use crate::words;
use sim::{Outcome, Plan};
use std::fmt::Write;

/// Lines of trace that stand in a story without `--trace`.
const LAST_EVENTS: usize = 30;

/// The run on one screen: the violated sentence, the story, the last events.
#[must_use]
pub fn text(plan: &Plan, outcome: &Outcome) -> String {
    let mut out = String::new();
    setting(&mut out, plan);
    steps(&mut out, plan);
    last_events(&mut out, outcome);
    findings(&mut out, outcome);
    counts(&mut out, outcome);
    out
}

/// The configuration that a reader must know.
fn setting(out: &mut String, plan: &Plan) {
    let topology = &plan.topology;
    let _ = writeln!(out, "{} with {} log dir(s), seed {}", nodes(topology.nodes), topology.log_dirs, plan.seed);
    configuration(out, "broker", &topology.config);
    for client in &topology.clients {
        configuration(out, &format!("client {} ({:?})", client.id, client.role).to_lowercase(), &client.config);
    }
}

fn nodes(nodes: u16) -> String {
    if nodes == 1 { "one node".to_owned() } else { format!("{nodes} nodes") }
}

fn configuration(out: &mut String, whose: &str, config: &std::collections::BTreeMap<String, String>) {
    let values: Vec<String> = config.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let values = if values.is_empty() { "Kafka's defaults".to_owned() } else { values.join(" ") };
    let _ = writeln!(out, "  {whose}: {values}");
}

fn steps(out: &mut String, plan: &Plan) {
    let _ = writeln!(out, "\nplan ({} steps, heal at {})", plan.steps.len(), words::seconds(plan.heal_at_us));
    for step in &plan.steps {
        let _ = writeln!(out, "  {:>3}. {}", step.id, words::step(step));
    }
}

fn last_events(out: &mut String, outcome: &Outcome) {
    if outcome.trace.is_empty() {
        return;
    }
    let skipped = outcome.trace.len().saturating_sub(LAST_EVENTS);
    let _ = writeln!(out, "\nlast events ({skipped} before them)");
    for line in &outcome.trace[skipped..] {
        let _ = writeln!(out, "  {line}");
    }
}

/// What was found: violations first.
pub(crate) fn findings(out: &mut String, outcome: &Outcome) {
    for violation in &outcome.violations {
        let property = violation.property;
        let _ = writeln!(out, "\nVIOLATED {} {} ({})", property.id, property.name, violation.kind);
        let _ = writeln!(out, "  rule: {}", property.sentence);
        let at = words::seconds(violation.when.at.0 / 1_000);
        let _ = writeln!(out, "  seen: at {at}, {}", violation.detail);
    }
    for loss in &outcome.attributed {
        let _ = writeln!(
            out,
            "\npermitted by the configuration ({}, cause: {})\n  {}",
            loss.property, loss.cause, loss.detail
        );
    }
    for ((property, fault), count) in &outcome.excused {
        let _ = writeln!(out, "\nexcused: {property} by {}, {count} times", fault.name());
    }
}

fn counts(out: &mut String, outcome: &Outcome) {
    let stats = &outcome.stats;
    let verdict = if outcome.is_clean() { "clean" } else { "VIOLATED" };
    let time = words::seconds(stats.virtual_us);
    let _ = writeln!(out, "\n{verdict}: {} events in {time} of virtual time", stats.events);
    let _ = writeln!(
        out,
        "  records: {} sent, {} acknowledged, {} read",
        stats.sent_records, stats.acked_records, stats.read_records
    );
    for (fault, counts) in &outcome.ledger {
        let _ = writeln!(out, "  fault {}: {} injected, {} effects", fault.name(), counts.injected, counts.effects);
    }
    if !outcome.unfired.is_empty() {
        let ids: Vec<String> = outcome.unfired.iter().map(u32::to_string).collect();
        let _ = writeln!(out, "  steps whose trigger never came: {}", ids.join(", "));
    }
}
