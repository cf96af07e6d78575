//! What there is: scenarios, properties, faults, events, one indented line each.

use properties::FaultKind;
use std::fmt::Write;

/// The list.
#[must_use]
pub fn text() -> String {
    let mut out = String::from("scenarios\n");
    for scenario in scenarios::all() {
        let _ =
            writeln!(out, "  {:<14} {}; judged from {} seeds", scenario.name, scenario.about, scenario.judged_after);
    }
    out.push_str("properties\n");
    for property in sim::every_property() {
        let id = property.id();
        let _ = writeln!(out, "  {:<6} {}: {}", id.id, id.name, id.sentence);
    }
    out.push_str("faults\n");
    for fault in FaultKind::ALL {
        let _ = writeln!(out, "  {}", fault.name());
    }
    out.push_str("events\n");
    for name in sim::event_names() {
        let _ = writeln!(out, "  {name}");
    }
    out
}
