//! Disks that are slow, full or fail, on one node or on two of them, while the others go on.
//!
//! One log directory per node: telling a controller that is another node of one that failed comes with JBOD.

use super::OF_CLUSTERS;
use crate::catalogue::Scenario;
use crate::draw::fault;
use crate::draw::script::Script;
use crate::draw::workload;
use properties::FaultKind;
use sim::Plan;

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "cluster-slow-disks",
    about: "slow, full and failing disks of some nodes",
    turns: OF_CLUSTERS,
    judged_after: 80,
    must_reach: &["LogDirFailed", "DiskFailed", "LeaderElected", "IsrChanged"],
    faults: FAULTS,
    draw,
};

const FAULTS: &[FaultKind] = &[
    FaultKind::SlowSync,
    FaultKind::FailedSync,
    FaultKind::WriteError,
    FaultKind::ReadError,
    FaultKind::DiskFull,
    FaultKind::PowerLoss,
    FaultKind::CleanRestart,
];

fn draw(seed: u64) -> Plan {
    let mut script = Script::cluster(SCENARIO.name, seed);
    workload::mixed(&mut script);
    for n in 0..script.dice.range(1, 4) {
        let at = script.active_us * (n + 1) / 6;
        fault::inject(&mut script, FaultKind::SlowSync, at);
    }
    fault::storm(&mut script, FAULTS);
    fault::failover(&mut script, FAULTS);
    script.finish()
}
