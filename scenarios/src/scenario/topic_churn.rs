//! Topics are created, deleted and created again under load, while clients still hold the old ones, and the node dies in between.

use crate::catalogue::Scenario;
use crate::draw::fault;
use crate::draw::script::Script;
use crate::draw::workload;
use properties::FaultKind;
use sim::{Plan, Role};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "topic-churn",
    about: "create, delete and re-create under load",
    turns: 1,
    judged_after: 100,
    must_reach: &["LogCreated", "LogDeleted", "LogRemoved", "PositionReset", "SnapshotWritten", "LogStartRaised"],
    faults: FAULTS,
    draw,
};

const FAULTS: &[FaultKind] = &[
    FaultKind::Kill,
    FaultKind::PowerLoss,
    FaultKind::CleanRestart,
    FaultKind::DeathAtCall,
    FaultKind::LostAnswer,
    FaultKind::SlowSync,
];

fn draw(seed: u64) -> Plan {
    let mut script = Script::new(SCENARIO.name, seed);
    workload::mixed(&mut script);
    let admin = script.clients(Role::Admin)[0];
    let topics = script.topics.clone();
    for topic in topics {
        workload::churn(&mut script, admin, &topic.name);
    }
    if script.dice.chance(3, 4) {
        fault::storm(&mut script, FAULTS);
    }
    script.finish()
}
