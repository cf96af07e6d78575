//! Any fault beside any other: each seed draws which kinds are on from all that there are.

use super::OF_CLUSTERS;
use crate::catalogue::Scenario;
use crate::draw::fault;
use crate::draw::script::Script;
use crate::draw::workload;
use properties::FaultKind;
use sim::Plan;

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "cluster-swarm",
    about: "three nodes, any fault beside any other",
    turns: OF_CLUSTERS,
    judged_after: 200,
    must_reach: &["LeaderElected", "BecameFollower", "IsrChanged", "TailTruncated", "LogDirFailed", "CorruptionFound"],
    faults: FaultKind::ALL,
    draw,
};

fn draw(seed: u64) -> Plan {
    let mut script = Script::cluster(SCENARIO.name, seed);
    workload::mixed(&mut script);
    if script.dice.chance(1, 4) {
        script.skew();
    }
    fault::storm(&mut script, FaultKind::ALL);
    fault::failover(&mut script, FaultKind::ALL);
    script.finish()
}
