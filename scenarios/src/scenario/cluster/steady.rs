//! Three nodes in steady traffic, with nothing worse than slow links and slow syncs: replication itself.

use super::OF_CLUSTERS;
use crate::catalogue::Scenario;
use crate::draw::fault;
use crate::draw::script::Script;
use crate::draw::workload;
use properties::FaultKind;
use sim::Plan;

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "cluster-steady",
    about: "three nodes, mixed traffic, slow links and slow syncs only",
    turns: OF_CLUSTERS,
    judged_after: 60,
    must_reach: &[
        "BecameFollower",
        "IsrChanged",
        "FollowerFetched",
        "HighWatermarkAdvanced",
        "SegmentRolled",
        "Parked",
    ],
    faults: FAULTS,
    draw,
};

const FAULTS: &[FaultKind] = &[FaultKind::SlowSync, FaultKind::DelaySpike];

fn draw(seed: u64) -> Plan {
    let mut script = Script::cluster(SCENARIO.name, seed);
    workload::mixed(&mut script);
    fault::storm(&mut script, FAULTS);
    script.finish()
}
