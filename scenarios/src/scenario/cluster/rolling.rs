//! Rolling restarts, as an upgrade does them: each node in turn, with time to catch up in between, or without.

use super::OF_CLUSTERS;
use crate::catalogue::Scenario;
use crate::draw::fault;
use crate::draw::script::{SECOND, Script};
use crate::draw::workload;
use properties::FaultKind;
use sim::{Action, Plan, Who};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "cluster-rolling",
    about: "rolling restarts of three nodes, some of them not clean",
    turns: OF_CLUSTERS,
    judged_after: 60,
    must_reach: &["CleanShutdown", "Registered", "LeaderElected", "BecameFollower", "IsrChanged", "Retrying"],
    faults: FAULTS,
    draw,
};

const FAULTS: &[FaultKind] = &[FaultKind::CleanRestart, FaultKind::Kill, FaultKind::SlowSync, FaultKind::DelaySpike];

fn draw(seed: u64) -> Plan {
    let mut script = Script::cluster(SCENARIO.name, seed);
    workload::mixed(&mut script);
    let mut at = script.dice.range(1, 3) * SECOND;
    for _ in 0..script.dice.range(1, 2) {
        at = round(&mut script, at);
    }
    if script.dice.chance(1, 2) {
        fault::storm(&mut script, FAULTS);
    }
    fault::failover(&mut script, FAULTS);
    script.finish()
}

/// One round over all nodes; when the next one may begin.
fn round(script: &mut Script, mut at: u64) -> u64 {
    let gap = script.dice.pick(&[SECOND, 3 * SECOND, 6 * SECOND]);
    let down_us = script.dice.pick(&[SECOND / 20, SECOND / 2, 2 * SECOND]);
    for node in script.nodes() {
        let clean = script.dice.chance(4, 5);
        let action = if clean { Action::CleanRestart { down_us } } else { Action::Kill { down_us } };
        script.at(at, Who::Node(node), action);
        at += gap;
    }
    at
}
