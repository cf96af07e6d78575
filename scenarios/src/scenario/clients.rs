//! Clients crash, pause, reconnect and retry; connections are reset, answers are lost, links are cut one way or both.

use crate::catalogue::Scenario;
use crate::draw::fault;
use crate::draw::script::Script;
use crate::draw::workload;
use properties::FaultKind;
use sim::Plan;

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "clients",
    about: "clients crash, pause, reconnect and retry over a bad network",
    turns: 1,
    judged_after: 120,
    must_reach: &["Retrying", "Disconnected", "DuplicateAppended", "DeliveryTimedOut"],
    faults: FAULTS,
    draw,
};

const FAULTS: &[FaultKind] = &[
    FaultKind::ClientCrash,
    FaultKind::ClientPause,
    FaultKind::RetryStorm,
    FaultKind::Reset,
    FaultKind::LostAnswer,
    FaultKind::Partition,
    FaultKind::OneWayPartition,
    FaultKind::DelaySpike,
    FaultKind::Pause,
];

fn draw(seed: u64) -> Plan {
    let mut script = Script::new(SCENARIO.name, seed);
    workload::mixed(&mut script);
    fault::storm(&mut script, FAULTS);
    script.finish()
}
