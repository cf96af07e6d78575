//! Death at the n-th disk call, in the middle of an append, a roll, a checkpoint or a recovery, crossed with slow syncs and late frames.

use crate::catalogue::Scenario;
use crate::draw::fault;
use crate::draw::script::Script;
use crate::draw::workload;
use properties::FaultKind;
use sim::Plan;

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "crash-points",
    about: "death at the n-th disk call, crossed with slow syncs and late frames",
    turns: 1,
    judged_after: 120,
    must_reach: &["TailTruncated", "SegmentRolled", "Retrying", "Recovered", "IndexRebuilt"],
    faults: FAULTS,
    draw,
};

const FAULTS: &[FaultKind] = &[FaultKind::DeathAtCall, FaultKind::Kill, FaultKind::SlowSync, FaultKind::DelaySpike];

fn draw(seed: u64) -> Plan {
    let mut script = Script::new(SCENARIO.name, seed);
    workload::mixed(&mut script);
    fault::storm(&mut script, FAULTS);
    for n in 0..script.dice.range(1, 5) {
        let at = script.active_us * (n + 1) / 7;
        fault::inject(&mut script, FaultKind::DeathAtCall, at);
    }
    script.finish()
}
