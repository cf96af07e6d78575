//! A configuration that may lose what it acknowledged: acks=1, one in-sync replica, unclean elections. Losses must be attributed, and
//! nothing else may go wrong: readers, above all, must notice that what they have read is gone.

use super::OF_CLUSTERS;
use crate::catalogue::Scenario;
use crate::draw::fault;
use crate::draw::script::{MILLI, SECOND, Script};
use crate::draw::workload;
use properties::FaultKind;
use sim::{Action, ClientOp, Plan, Role, Who};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "weak-config",
    about: "acks=1, min.insync.replicas=1, unclean elections",
    turns: OF_CLUSTERS,
    judged_after: 60,
    must_reach: &[
        "LeaderElected",
        "BecameFollower",
        "IsrChanged",
        "Truncated",
        "PositionValidated",
        "TruncationDetected",
        "LeaderHinted",
    ],
    faults: FAULTS,
    draw,
};

const FAULTS: &[FaultKind] = &[
    FaultKind::Kill,
    FaultKind::PowerLoss,
    FaultKind::Pause,
    FaultKind::Split,
    FaultKind::OneWaySplit,
    FaultKind::ClientPause,
];

fn draw(seed: u64) -> Plan {
    let mut script = Script::cluster(SCENARIO.name, seed);
    script.configure("unclean.leader.election.enable", "true");
    script.configure("min.insync.replicas", "1");
    script.acks = Some("1");
    if script.dice.chance(2, 3) {
        overtaken(&mut script);
    } else {
        workload::mixed(&mut script);
        fault::storm(&mut script, FAULTS);
        fault::failover(&mut script, FAULTS);
    }
    script.finish()
}

/// Two replicas, so that one may lag while the quorum lives, and a stroke or several; sometimes a storm besides.
fn overtaken(script: &mut Script) {
    let lag_ms = script.dice.pick(&[300, 1_000]);
    let session_ms = script.dice.pick(&[600, 1_500]);
    script.configure("replica.lag.time.max.ms", &lag_ms.to_string());
    script.configure("broker.session.timeout.ms", &session_ms.to_string());
    script.replication_factors = &[2, 2, 2, 3];
    workload::mixed(script);
    let mut at = script.dice.range(1, 3) * SECOND;
    loop {
        at = stroke(script, at, lag_ms * MILLI, session_ms * MILLI) + script.dice.range(1, 3) * SECOND;
        if at + 7 * SECOND > script.active_us {
            break;
        }
    }
    script.lasts_until(at);
    if script.dice.chance(1, 4) {
        fault::storm(script, FAULTS);
    }
}

/// A follower stands still until it is out of the ISR; what the leader takes meanwhile, and readers read, dies with it for a while. The
/// follower is elected, and takes other records. Some readers see nothing of all that until there are more of those than were lost.
fn stroke(script: &mut Script, at: u64, lag_us: u64, session_us: u64) -> u64 {
    let (topic, partition) = script.partition();
    let paused_us = 2 * lag_us + SECOND;
    let dies = at + paused_us - 30 * MILLI;
    let elected = dies + session_us + SECOND;
    let back = elected + script.dice.pick(&[SECOND, 3 * SECOND]);
    script.at(at, Who::Follower(topic.clone(), partition, 0), Action::Pause { for_us: paused_us });
    script.at(dies, Who::Leader(topic.clone(), partition), Action::Kill { down_us: back + SECOND - dies });
    let lost = script.dice.range(1, 10) as u32;
    let producer = script.any_client(Role::Producer);
    let alone = at + lag_us + lag_us / 2 + 300 * MILLI;
    script.op(alone, producer, send(&topic, partition, lost, 10 * MILLI));
    let more = lost * script.dice.pick(&[1, 2, 4]);
    script.op(elected, producer, send(&topic, partition, more, MILLI));
    if script.dice.chance(2, 3) {
        let reader = script.any_client(Role::Consumer);
        script.at(dies - 20 * MILLI, Who::Client(reader), Action::ClientPause { for_us: back - dies });
    }
    back
}

fn send(topic: &str, partition: i32, count: u32, every_us: u64) -> ClientOp {
    ClientOp::Send { topic: topic.to_owned(), partition: Some(partition), key: None, size: 100, count, every_us }
}
