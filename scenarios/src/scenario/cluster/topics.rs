//! Topics are created, deleted and created again in a cluster, while leaders move and nodes are away that still hold the old ones.

use super::OF_CLUSTERS;
use crate::catalogue::Scenario;
use crate::draw::fault;
use crate::draw::script::Script;
use crate::draw::workload;
use properties::FaultKind;
use sim::{Plan, Role};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "cluster-topics",
    about: "create, delete and re-create in a cluster, with nodes away",
    turns: OF_CLUSTERS,
    judged_after: 60,
    must_reach: &["LogCreated", "LogDeleted", "LogRemoved", "LeaderElected", "BecameFollower", "PositionReset"],
    faults: FAULTS,
    draw,
};

const FAULTS: &[FaultKind] = &[
    FaultKind::Kill,
    FaultKind::CleanRestart,
    FaultKind::Pause,
    FaultKind::Split,
    FaultKind::ControllersCut,
    FaultKind::LostAnswer,
];

fn draw(seed: u64) -> Plan {
    let mut script = Script::cluster(SCENARIO.name, seed);
    workload::mixed(&mut script);
    let admin = script.clients(Role::Admin)[0];
    for topic in script.topics.clone() {
        workload::churn(&mut script, admin, &topic.name);
    }
    fault::storm(&mut script, FAULTS);
    fault::failover(&mut script, FAULTS);
    script.finish()
}
