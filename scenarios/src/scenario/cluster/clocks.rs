//! Clocks that disagree: skewed from the beginning, drifting apart, jumping; and pauses, which are the same to a lease.

use super::OF_CLUSTERS;
use crate::catalogue::Scenario;
use crate::draw::fault;
use crate::draw::script::Script;
use crate::draw::workload;
use properties::FaultKind;
use sim::Plan;

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "cluster-clocks",
    about: "clocks of three nodes skewed, drifting and jumping",
    turns: OF_CLUSTERS,
    judged_after: 60,
    must_reach: &["BecameFollower", "IsrChanged", "LeaderElected", "SegmentRolled"],
    faults: FAULTS,
    draw,
};

const FAULTS: &[FaultKind] = &[
    FaultKind::ClockSkew,
    FaultKind::ClockJump,
    FaultKind::ClockDrift,
    FaultKind::Pause,
    FaultKind::Kill,
    FaultKind::CleanRestart,
];

/// What can strike in the middle of a run; skew is there from its beginning.
const LATER: &[FaultKind] =
    &[FaultKind::ClockJump, FaultKind::ClockDrift, FaultKind::Pause, FaultKind::Kill, FaultKind::CleanRestart];

fn draw(seed: u64) -> Plan {
    let mut script = Script::cluster(SCENARIO.name, seed);
    workload::mixed(&mut script);
    if script.dice.chance(2, 3) {
        script.skew();
    }
    fault::storm(&mut script, LATER);
    fault::failover(&mut script, FAULTS);
    script.finish()
}
