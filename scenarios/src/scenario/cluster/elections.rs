//! Elections back to back: whoever leads the quorum or a partition is killed, paused, cut off or shut down, as soon as it leads.

use super::OF_CLUSTERS;
use crate::catalogue::Scenario;
use crate::draw::fault;
use crate::draw::script::{MILLI, SECOND, Script};
use crate::draw::workload;
use properties::FaultKind;
use sim::{Action, Plan, Who};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "elections",
    about: "elections of controllers and leaders, back to back",
    turns: OF_CLUSTERS,
    judged_after: 60,
    must_reach: &[
        "ElectionStarted",
        "LeaderElected",
        "BecameFollower",
        "Resigned",
        "IsrChanged",
        "Retrying",
        "PositionValidated",
        "LeaderHinted",
    ],
    faults: FAULTS,
    draw,
};

const FAULTS: &[FaultKind] = &[
    FaultKind::Kill,
    FaultKind::CleanRestart,
    FaultKind::Pause,
    FaultKind::Split,
    FaultKind::OneWaySplit,
    FaultKind::ControllersCut,
    FaultKind::Reset,
    FaultKind::LostAnswer,
];

/// Kafka's keys of Vote, BeginQuorumEpoch, EndQuorumEpoch and Fetch.
const QUORUM: &[i16] = &[52, 53, 54, 1];

fn draw(seed: u64) -> Plan {
    let mut script = Script::cluster(SCENARIO.name, seed);
    workload::mixed(&mut script);
    let mut at = script.dice.range(1, 3) * SECOND;
    let gap = script.dice.pick(&[200, 800, 2_500]) * MILLI;
    for _ in 0..script.dice.range(3, 12) {
        strike(&mut script, at);
        at += gap;
    }
    if script.dice.chance(1, 3) {
        fault::storm(&mut script, FAULTS);
    }
    fault::failover(&mut script, FAULTS);
    script.finish()
}

/// One blow at whoever leads, at a time or just after somebody was elected.
fn strike(script: &mut Script, at: u64) {
    let (topic, partition) = script.partition();
    let who = if script.dice.chance(2, 3) { Who::ActiveController } else { Who::Leader(topic, partition) };
    let down_us = script.dice.pick(&[MILLI, 300 * MILLI, 2 * SECOND]);
    let for_us = script.dice.pick(&[300 * MILLI, SECOND, 3 * SECOND]);
    let one_way = script.dice.chance(1, 3);
    let action = match script.dice.range(0, 6) {
        0 | 1 => Action::Kill { down_us },
        2 => Action::CleanRestart { down_us },
        3 => Action::Pause { for_us },
        4 => Action::Split { with: Vec::new(), for_us, one_way },
        5 => Action::CutControllers { for_us, one_way },
        _ => Action::LoseAnswer { api_key: script.dice.pick(QUORUM), nth: script.dice.range(1, 4) as u32 },
    };
    if let Who::Leader(topic, partition) = &who
        && script.dice.chance(2, 3)
    {
        workload::busy(script, (topic.clone(), *partition), at);
    }
    if script.dice.chance(1, 4) {
        let (nth, delay) = (script.dice.range(1, 6) as u32, script.dice.pick(&[0, MILLI, 50 * MILLI]));
        let event =
            script.dice.pick(&["LeaderElected", "ElectionStarted", "Resigned", "BecameFollower", "VoteGranted"]);
        // Who gave a vote may be anybody.
        let nodes = script.nodes();
        let who = if event == "VoteGranted" { Who::Node(script.dice.pick(&nodes)) } else { who };
        script.after(event, nth, delay, who, action);
    } else {
        script.at(at, who, action);
    }
}
