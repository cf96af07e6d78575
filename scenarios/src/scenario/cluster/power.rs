//! Power losses of one node, of a minority, of a majority and of all, at once or in a row.

use super::OF_CLUSTERS;
use crate::catalogue::Scenario;
use crate::draw::fault;
use crate::draw::script::{MILLI, Script};
use crate::draw::workload;
use properties::FaultKind;
use sim::{Plan, Who};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "cluster-power",
    about: "power loss of one node, of some, or of all",
    turns: OF_CLUSTERS,
    judged_after: 80,
    must_reach: &["TailTruncated", "LeaderElected", "BecameFollower", "IsrChanged", "Retrying", "LogDurable"],
    faults: FAULTS,
    draw,
};

const FAULTS: &[FaultKind] = &[
    FaultKind::PowerLoss,
    FaultKind::TornTail,
    FaultKind::Kill,
    FaultKind::DeathAtCall,
    FaultKind::SlowSync,
    FaultKind::DelaySpike,
];

fn draw(seed: u64) -> Plan {
    let mut script = Script::cluster(SCENARIO.name, seed);
    workload::mixed(&mut script);
    fault::storm(&mut script, FAULTS);
    for _ in 0..script.dice.range(1, 3) {
        outage(&mut script);
    }
    fault::failover(&mut script, FAULTS);
    script.finish()
}

/// So many nodes lose their power, at once or one after the other.
fn outage(script: &mut Script) {
    let mut nodes = script.nodes();
    let count = script.dice.pick(&[1, 1, 2, 3, 3]);
    let first = script.dice.range(0, nodes.len() as u64 - 1) as usize;
    nodes.rotate_left(first);
    let gap = script.dice.pick(&[0, 0, 1, 20, 400]) * MILLI;
    let at = script.dice.range(script.active_us / 5, script.active_us);
    for (n, node) in nodes.into_iter().take(count).enumerate() {
        let kind = script.dice.pick(&[FaultKind::PowerLoss, FaultKind::TornTail]);
        let action = fault::action(script, kind);
        script.at(at + n as u64 * gap, Who::Node(node), action);
    }
}
