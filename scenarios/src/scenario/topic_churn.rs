//! Topics are created, deleted and created again under load, while clients still hold the old ones, and the node dies in between.

use crate::catalogue::Scenario;
use crate::draw::config;
use crate::draw::fault;
use crate::draw::script::{MILLI, Script};
use crate::draw::workload;
use properties::FaultKind;
use sim::{ClientOp, Plan, Role};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "topic-churn",
    about: "create, delete and re-create under load",
    judged_after: 100,
    must_reach: &["LogCreated", "LogDeleted", "LogRemoved", "PositionReset"],
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
        churn(&mut script, admin, &topic.name);
    }
    if script.dice.chance(3, 4) {
        fault::storm(&mut script, FAULTS);
    }
    script.finish()
}

/// Deletes a topic and mostly creates it again, with other partitions and another configuration, after a short or a long gap.
fn churn(script: &mut Script, admin: u16, name: &str) {
    for _ in 0..script.dice.range(0, 3) {
        let at = script.dice.range(script.active_us / 8, script.active_us);
        script.op(at, admin, ClientOp::DeleteTopic { name: name.to_owned() });
        if script.dice.chance(4, 5) {
            let gap = script.dice.pick(&[0, 1, 30, 700]) * MILLI;
            let partitions = script.dice.range(1, 3) as i32;
            let configs = config::topic(&mut script.dice);
            let op = ClientOp::CreateTopic { name: name.to_owned(), partitions, replication_factor: 1, configs };
            script.op(at + gap, admin, op);
        }
    }
}
