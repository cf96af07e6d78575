//! Restarts in a row: controlled, by kill, by power loss, so fast that one incarnation dies while it recovers.

use crate::catalogue::Scenario;
use crate::draw::fault;
use crate::draw::script::Script;
use crate::draw::workload;
use properties::FaultKind;
use sim::Plan;

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "restarts",
    about: "restarts in a row, clean and not, some during recovery",
    turns: 1,
    judged_after: 100,
    must_reach: &["CleanShutdown", "Recovered", "Registered", "LeaderElected", "Retrying", "SnapshotLoaded"],
    faults: FAULTS,
    draw,
};

const FAULTS: &[FaultKind] = &[
    FaultKind::CleanRestart,
    FaultKind::Kill,
    FaultKind::PowerLoss,
    FaultKind::TornTail,
    FaultKind::DeathAtCall,
    FaultKind::Pause,
];

/// What ends an incarnation in a row of them.
const ENDS: &[FaultKind] = &[
    FaultKind::CleanRestart,
    FaultKind::CleanRestart,
    FaultKind::Kill,
    FaultKind::PowerLoss,
    FaultKind::TornTail,
    FaultKind::DeathAtCall,
];

fn draw(seed: u64) -> Plan {
    let mut script = Script::new(SCENARIO.name, seed);
    workload::mixed(&mut script);
    fault::storm(&mut script, FAULTS);
    let start = script.dice.range(1, 4) * script.active_us / 5;
    for n in 0..script.dice.range(2, 6) {
        let kind = script.dice.pick(ENDS);
        let gap = script.dice.pick(&[10_000, 100_000, 600_000]);
        fault::inject(&mut script, kind, start + n * gap);
    }
    script.finish()
}
