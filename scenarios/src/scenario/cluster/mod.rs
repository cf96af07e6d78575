//! The scenarios of three nodes. Each names what it must reach, as those of one node do.

mod clocks;
mod elections;
mod flapping_partition;
mod isr_churn;
mod leader_isolation;
mod power;
mod rolling;
mod slow_disks;
mod steady;
mod topics;
mod weak_config;

use crate::catalogue::Scenario;

pub(crate) const CLUSTER: &[Scenario] = &[
    steady::SCENARIO,
    rolling::SCENARIO,
    leader_isolation::SCENARIO,
    flapping_partition::SCENARIO,
    power::SCENARIO,
    slow_disks::SCENARIO,
    clocks::SCENARIO,
    isr_churn::SCENARIO,
    elections::SCENARIO,
    topics::SCENARIO,
    weak_config::SCENARIO,
];
