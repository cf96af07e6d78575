//! Partitions that come and go faster than anybody's timeout, or about as fast: nodes, sets of nodes, rings.

use super::OF_CLUSTERS;
use crate::catalogue::Scenario;
use crate::draw::fault;
use crate::draw::script::{MILLI, SECOND, Script};
use crate::draw::workload;
use properties::FaultKind;
use sim::Plan;

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "flapping-partition",
    about: "splits and rings that come and go",
    turns: OF_CLUSTERS,
    judged_after: 60,
    must_reach: &["LeaderElected", "IsrChanged", "ElectionStarted", "Retrying"],
    faults: FAULTS,
    draw,
};

const FAULTS: &[FaultKind] = &[
    FaultKind::Partition,
    FaultKind::OneWayPartition,
    FaultKind::Split,
    FaultKind::OneWaySplit,
    FaultKind::Ring,
    FaultKind::ControllersCut,
    FaultKind::Reset,
    FaultKind::DelaySpike,
];

/// What flaps; the same wall again and again.
const WALLS: &[FaultKind] = &[
    FaultKind::Split,
    FaultKind::Split,
    FaultKind::OneWaySplit,
    FaultKind::Ring,
    FaultKind::ControllersCut,
    FaultKind::OneWayPartition,
];

fn draw(seed: u64) -> Plan {
    let mut script = Script::cluster(SCENARIO.name, seed);
    workload::mixed(&mut script);
    for _ in 0..script.dice.range(1, 3) {
        flap(&mut script);
    }
    fault::storm(&mut script, FAULTS);
    fault::failover(&mut script, FAULTS);
    script.finish()
}

fn flap(script: &mut Script) {
    let kind = script.dice.pick(WALLS);
    let (who, action) = (fault::target(script, kind), fault::action(script, kind));
    let up_us = script.dice.pick(&[50, 300, 1_000, 2_500]) * MILLI;
    let down_us = script.dice.pick(&[20, 200, 1_000]) * MILLI;
    let mut at = script.dice.range(SECOND, script.active_us * 2 / 3);
    for _ in 0..script.dice.range(3, 10) {
        script.at(at, who.clone(), fault::lasting(&action, up_us));
        at += up_us + down_us;
    }
}
