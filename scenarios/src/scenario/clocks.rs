//! Clocks jump and drift, on the wall and under the timeouts, with restarts in between.

use crate::catalogue::Scenario;
use crate::draw::fault;
use crate::draw::script::Script;
use crate::draw::workload;
use properties::FaultKind;
use sim::Plan;

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "clocks",
    about: "wall clocks jump, clocks drift",
    turns: 1,
    judged_after: 80,
    must_reach: &["Recovered", "SegmentRolled"],
    faults: FAULTS,
    draw,
};

const FAULTS: &[FaultKind] =
    &[FaultKind::ClockJump, FaultKind::ClockDrift, FaultKind::Pause, FaultKind::Kill, FaultKind::CleanRestart];

fn draw(seed: u64) -> Plan {
    let mut script = Script::new(SCENARIO.name, seed);
    workload::mixed(&mut script);
    fault::storm(&mut script, FAULTS);
    script.finish()
}
