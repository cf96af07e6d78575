//! A failure as one HTML file without scripts or a network. Plain for now: verdict, story, last events, command.

use crate::words;
use maud::{DOCTYPE, Markup, html};
use sim::{Outcome, Plan};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}\
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}.bad{color:#a40000}pre{background:#f4f4f4;padding:1rem;overflow-x:auto}\
li{margin:.2rem 0}";

/// Lines of trace on the page; all of them stand in `trace.txt`.
const LAST_EVENTS: usize = 400;

/// The page.
#[must_use]
pub fn html(plan: &Plan, outcome: &Outcome, command: &str) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { "Tribunal: " (title(outcome)) } style { (STYLE) } }
            body {
                h1 class="bad" { (title(outcome)) }
                (violations(outcome))
                h2 { "What happens" }
                ol { @for step in &plan.steps { li { (words::step(step)) } } }
                h2 { "Last events" }
                pre { @for line in last(&outcome.trace) { (line) "\n" } }
                h2 { "Again" }
                pre { (command) "\n" "trace " (outcome.stats.trace_hash) }
            }
        }
    };
    page.into_string()
}

fn title(outcome: &Outcome) -> String {
    let name =
        |violation: &properties::Violation| format!("{} {} violated", violation.property.id, violation.property.name);
    outcome.violations.first().map_or("clean".to_owned(), name)
}

fn violations(outcome: &Outcome) -> Markup {
    html! {
        @for violation in &outcome.violations {
            p { b { (violation.property.id) ": " } (violation.property.sentence) br;
                "At " (words::seconds(violation.when.at.0 / 1_000)) ": " (violation.detail) }
        }
    }
}

fn last(trace: &[String]) -> &[String] {
    &trace[trace.len().saturating_sub(LAST_EVENTS)..]
}
