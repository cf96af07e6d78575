//! Followers that fall behind and catch up again, while leaders shrink and grow their ISRs under load.

use super::OF_CLUSTERS;
use crate::catalogue::Scenario;
use crate::draw::fault;
use crate::draw::script::{MILLI, SECOND, Script};
use crate::draw::workload;
use properties::FaultKind;
use sim::{Action, Plan, Who};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "isr-churn",
    about: "followers fall behind and catch up again",
    turns: OF_CLUSTERS,
    judged_after: 60,
    must_reach: &["IsrChanged", "FollowerFetched", "HighWatermarkAdvanced", "Parked", "LeaderElected"],
    faults: FAULTS,
    draw,
};

const FAULTS: &[FaultKind] = &[
    FaultKind::Pause,
    FaultKind::SlowSync,
    FaultKind::DelaySpike,
    FaultKind::Partition,
    FaultKind::OneWayPartition,
    FaultKind::LostAnswer,
    FaultKind::Kill,
    FaultKind::CleanRestart,
];

/// Kafka's keys of Fetch and AlterPartition.
const FETCH: i16 = 1;
const ALTER_PARTITION: i16 = 56;

fn draw(seed: u64) -> Plan {
    let mut script = Script::cluster(SCENARIO.name, seed);
    let lag_ms = script.dice.pick(&["200", "500", "1500"]);
    script.configure("replica.lag.time.max.ms", lag_ms);
    workload::mixed(&mut script);
    for _ in 0..script.dice.range(4, 12) {
        lag(&mut script);
    }
    if script.dice.chance(1, 2) {
        fault::storm(&mut script, FAULTS);
    }
    if script.dice.chance(1, 2) {
        crash_loop(&mut script);
    }
    fault::failover(&mut script, FAULTS);
    script.finish()
}

/// A node that stops again as soon as it is back, while one of the links that matter to it is slow: what was asked of its last incarnation,
/// or for it, arrives when the next one is there.
fn crash_loop(script: &mut Script) {
    let (topic, partition) = script.partition();
    let nodes = script.nodes();
    let (node, leader) = (Who::Node(script.dice.pick(&nodes)), Who::Leader(topic, partition));
    let (slow, with) = match script.dice.range(0, 3) {
        0 => (node.clone(), leader),
        1 => (node.clone(), Who::ActiveController),
        _ => (leader, Who::ActiveController),
    };
    let mut at = script.dice.range(SECOND, script.active_us * 2 / 3);
    let rounds = script.dice.range(2, 5);
    let gap = script.dice.pick(&[300, 700, 1_500]) * MILLI;
    let delay_us = script.dice.pick(&[(50, 400), (300, 900), (200, 2_000)]);
    let delay_us = (delay_us.0 * MILLI, delay_us.1 * MILLI);
    script.at(at, slow, Action::Delay { for_us: rounds * (gap + SECOND), delay_us, with: Some(with) });
    for _ in 0..rounds {
        let down_us = script.dice.pick(&[MILLI, 50 * MILLI, 300 * MILLI]);
        let clean = script.dice.chance(3, 4);
        let action = if clean { Action::CleanRestart { down_us } } else { Action::Kill { down_us } };
        at += gap;
        script.at(at, node.clone(), action);
    }
}

/// One follower lags, or its leader does not learn that it does not.
fn lag(script: &mut Script) {
    let (topic, partition) = script.partition();
    let nth = script.dice.range(0, 1) as u8;
    let (leader, follower) = (Who::Leader(topic.clone(), partition), Who::Follower(topic, partition, nth));
    let at = script.dice.range(SECOND, script.active_us);
    let for_us = script.dice.pick(&[SECOND / 2, SECOND, 3 * SECOND]);
    let one_way = script.dice.chance(1, 2);
    let (who, action) = match script.dice.range(0, 5) {
        0 | 1 => (follower, Action::Pause { for_us }),
        2 => (follower, Action::Partition { from: Some(leader), for_us, one_way }),
        3 => (follower, Action::Delay { for_us, delay_us: (SECOND / 20, SECOND), with: Some(leader) }),
        4 => (leader, Action::LoseAnswer { api_key: FETCH, nth: script.dice.range(1, 20) as u32 }),
        _ => (Who::ActiveController, Action::LoseAnswer { api_key: ALTER_PARTITION, nth: 1 }),
    };
    script.at(at, who, action);
}
