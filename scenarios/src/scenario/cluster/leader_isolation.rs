//! The leader of a partition is cut off: from everybody, from the other nodes, from the controllers, one way or both, and comes back.

use super::OF_CLUSTERS;
use crate::catalogue::Scenario;
use crate::draw::fault;
use crate::draw::script::{SECOND, Script};
use crate::draw::workload;
use properties::FaultKind;
use sim::{Action, Plan, Who};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "leader-isolation",
    about: "leaders are cut off and come back with what nobody else has",
    turns: OF_CLUSTERS,
    judged_after: 60,
    must_reach: &["LeaderElected", "BecameFollower", "IsrChanged", "BrokerFenced", "Truncated", "Retrying"],
    faults: FAULTS,
    draw,
};

const FAULTS: &[FaultKind] = &[
    FaultKind::Partition,
    FaultKind::OneWayPartition,
    FaultKind::Split,
    FaultKind::OneWaySplit,
    FaultKind::ControllersCut,
    FaultKind::Pause,
    FaultKind::Reset,
];

fn draw(seed: u64) -> Plan {
    let mut script = Script::cluster(SCENARIO.name, seed);
    workload::mixed(&mut script);
    let mut at = script.dice.range(1, 3) * SECOND;
    while at < script.active_us {
        let for_us = script.dice.pick(&[SECOND, 3 * SECOND, 10 * SECOND]);
        isolate(&mut script, at, for_us);
        at += for_us + script.dice.range(1, 4) * SECOND;
    }
    if script.dice.chance(1, 3) {
        fault::storm(&mut script, FAULTS);
    }
    fault::failover(&mut script, FAULTS);
    script.finish()
}

fn isolate(script: &mut Script, at: u64, for_us: u64) {
    if script.dice.chance(1, 4) {
        workload::newborn(script, at);
    }
    let (topic, partition) = script.partition();
    if script.dice.chance(2, 3) {
        workload::busy(script, (topic.clone(), partition), at);
    }
    let (leader, one_way) = (Who::Leader(topic, partition), script.dice.chance(1, 3));
    let action = match script.dice.range(0, 5) {
        0 => Action::Partition { from: None, for_us, one_way },
        1..4 => Action::Split { with: Vec::new(), for_us, one_way },
        4 => Action::CutControllers { for_us, one_way },
        _ => Action::Pause { for_us },
    };
    script.at(at, leader, action);
}
