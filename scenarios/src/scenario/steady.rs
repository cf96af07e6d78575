//! Steady traffic: every kind of record, batch and fetch, with nothing worse than a slow network. What goes wrong here goes wrong anywhere.

use crate::catalogue::Scenario;
use crate::draw::fault;
use crate::draw::script::Script;
use crate::draw::workload;
use properties::FaultKind;
use sim::Plan;

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "steady",
    about: "mixed traffic, slow links and slow syncs only",
    turns: 1,
    judged_after: 60,
    must_reach: &["SegmentRolled", "ColdRead", "Parked", "Discarded", "BatchRejected", "PositionReset"],
    faults: FAULTS,
    draw,
};

const FAULTS: &[FaultKind] = &[FaultKind::SlowSync, FaultKind::DelaySpike];

fn draw(seed: u64) -> Plan {
    let mut script = Script::new(SCENARIO.name, seed);
    workload::mixed(&mut script);
    fault::storm(&mut script, FAULTS);
    script.finish()
}
