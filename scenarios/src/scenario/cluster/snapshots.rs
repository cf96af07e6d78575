//! Metadata snapshots at short intervals, while topics come and go and nodes are away for longer than the leader's log goes back: they come
//! back to a log that begins behind their own, and die while they download, write or load what it begins with.

use super::OF_CLUSTERS;
use crate::catalogue::Scenario;
use crate::draw::fault;
use crate::draw::script::{MILLI, SECOND, Script};
use crate::draw::workload;
use properties::FaultKind;
use sim::{Action, Plan, Role, Who};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "metadata-snapshots",
    about: "snapshots of the metadata, nodes that fall behind its log, and deaths in between",
    turns: OF_CLUSTERS,
    judged_after: 60,
    must_reach: &[
        "SnapshotWritten",
        "SnapshotLoaded",
        "SnapshotFetched",
        "LogStartRaised",
        "LeaderElected",
        "Resigned",
    ],
    faults: FAULTS,
    draw,
};

const FAULTS: &[FaultKind] = &[
    FaultKind::Kill,
    FaultKind::PowerLoss,
    FaultKind::TornTail,
    FaultKind::DeathAtCall,
    FaultKind::CleanRestart,
    FaultKind::Pause,
    FaultKind::Split,
    FaultKind::OneWaySplit,
    FaultKind::SlowSync,
    FaultKind::LostAnswer,
];

/// Kafka's keys of Fetch and FetchSnapshot.
const FETCHES: &[i16] = &[1, 59, 59];

/// What happens to a snapshot.
const MOMENTS: &[&str] = &["SnapshotWritten", "SnapshotFetched", "SnapshotLoaded", "LogStartRaised", "FileReplaced"];

fn draw(seed: u64) -> Plan {
    let mut script = Script::cluster(SCENARIO.name, seed);
    for (name, values) in [
        ("metadata.log.max.record.bytes.between.snapshots", &["200", "600", "2000"][..]),
        ("metadata.max.retention.bytes", &["1", "1", "3000"]),
        ("controller.quorum.fetch.snapshot.max.bytes", &["150", "1000", "1048576"]),
    ] {
        let value = script.dice.pick(values);
        script.configure(name, value);
    }
    if script.dice.chance(1, 2) {
        let value = script.dice.pick(&["3000", "8000"]);
        script.configure("internal.metadata.log.segment.bytes", value);
    }
    workload::mixed(&mut script);
    let admin = script.clients(Role::Admin)[0];
    workload::create_topic(&mut script, admin, "churned", 0);
    for topic in script.topics.clone().into_iter().skip(1) {
        workload::churn(&mut script, admin, &topic.name);
    }
    for _ in 0..script.dice.range(2, 5) {
        away(&mut script);
    }
    for _ in 0..script.dice.range(0, 3) {
        interrupt(&mut script);
    }
    if script.dice.chance(1, 2) {
        fault::storm(&mut script, FAULTS);
    }
    fault::failover(&mut script, FAULTS);
    script.finish()
}

/// A node is away for a while.
fn away(script: &mut Script) {
    let nodes = script.nodes();
    let who = if script.dice.chance(1, 4) { Who::ActiveController } else { Who::Node(script.dice.pick(&nodes)) };
    let at = script.dice.range(SECOND, script.active_us * 4 / 5);
    let for_us = script.dice.pick(&[SECOND, 3 * SECOND, 6 * SECOND]);
    let action = match script.dice.range(0, 4) {
        0 | 1 => Action::Kill { down_us: for_us },
        2 => Action::CleanRestart { down_us: for_us },
        3 => Action::Split { with: Vec::new(), for_us, one_way: false },
        _ => Action::Pause { for_us },
    };
    script.at(at, who, action);
}

/// Somebody dies, or an answer is lost, just when a snapshot is at stake.
fn interrupt(script: &mut Script) {
    let nodes = script.nodes();
    let who = Who::Node(script.dice.pick(&nodes));
    let kind = script.dice.pick(&[FaultKind::Kill, FaultKind::PowerLoss, FaultKind::TornTail, FaultKind::DeathAtCall]);
    let action = if script.dice.chance(1, 4) {
        Action::LoseAnswer { api_key: script.dice.pick(FETCHES), nth: script.dice.range(1, 3) as u32 }
    } else {
        fault::action(script, kind)
    };
    let (nth, delay) = (script.dice.range(1, 12) as u32, script.dice.pick(&[0, 0, MILLI, 20 * MILLI]));
    let event = script.dice.pick(MOMENTS);
    script.after(event, nth, delay, who, action);
}
