//! The scenarios, those of three nodes in a folder of their own. Each names what it must reach: a campaign that missed it proves nothing, and fails.

mod clients;
mod clocks;
mod cluster;
mod crash_points;
mod disk_faults;
mod power_loss;
mod restarts;
mod steady;
mod topic_churn;

use crate::catalogue::Scenario;

pub(crate) const ALL: &[Scenario] = &[
    steady::SCENARIO,
    crash_points::SCENARIO,
    power_loss::SCENARIO,
    disk_faults::SCENARIO,
    restarts::SCENARIO,
    topic_churn::SCENARIO,
    clients::SCENARIO,
    clocks::SCENARIO,
    cluster::steady::SCENARIO,
    cluster::rolling::SCENARIO,
    cluster::leader_isolation::SCENARIO,
    cluster::flapping_partition::SCENARIO,
    cluster::power::SCENARIO,
    cluster::slow_disks::SCENARIO,
    cluster::clocks::SCENARIO,
    cluster::isr_churn::SCENARIO,
    cluster::elections::SCENARIO,
    cluster::topics::SCENARIO,
    cluster::snapshots::SCENARIO,
    cluster::weak_config::SCENARIO,
    cluster::swarm::SCENARIO,
];
