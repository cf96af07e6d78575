//! The machine loses power: un-synced bytes and directory entries survive or not, each on its own, and the last append may be torn.

use crate::catalogue::Scenario;
use crate::draw::fault;
use crate::draw::script::Script;
use crate::draw::workload;
use properties::FaultKind;
use sim::Plan;

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "power-loss",
    about: "power loss with any subset of un-synced state surviving",
    turns: 1,
    judged_after: 120,
    must_reach: &["TailTruncated", "Retrying", "SegmentRolled", "LogDurable"],
    faults: FAULTS,
    draw,
};

const FAULTS: &[FaultKind] =
    &[FaultKind::PowerLoss, FaultKind::TornTail, FaultKind::Kill, FaultKind::SlowSync, FaultKind::LostAnswer];

fn draw(seed: u64) -> Plan {
    let mut script = Script::new(SCENARIO.name, seed);
    workload::mixed(&mut script);
    fault::storm(&mut script, FAULTS);
    let at = script.active_us * 3 / 4;
    fault::inject(&mut script, FaultKind::PowerLoss, at);
    script.finish()
}
