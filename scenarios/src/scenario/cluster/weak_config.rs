//! A configuration that may lose what it acknowledged: acks=1, one in-sync replica, unclean elections. Losses must be attributed, and nothing else may go wrong.

use super::OF_CLUSTERS;
use crate::catalogue::Scenario;
use crate::draw::fault;
use crate::draw::script::Script;
use crate::draw::workload;
use properties::FaultKind;
use sim::Plan;

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "weak-config",
    about: "acks=1, min.insync.replicas=1, unclean elections",
    turns: OF_CLUSTERS,
    judged_after: 60,
    must_reach: &["LeaderElected", "BecameFollower", "IsrChanged", "Truncated"],
    faults: FAULTS,
    draw,
};

const FAULTS: &[FaultKind] =
    &[FaultKind::Kill, FaultKind::PowerLoss, FaultKind::Pause, FaultKind::Split, FaultKind::OneWaySplit];

fn draw(seed: u64) -> Plan {
    let mut script = Script::cluster(SCENARIO.name, seed);
    script.configure("unclean.leader.election.enable", "true");
    script.configure("min.insync.replicas", "1");
    script.acks = Some("1");
    workload::mixed(&mut script);
    fault::storm(&mut script, FAULTS);
    fault::failover(&mut script, FAULTS);
    script.finish()
}
