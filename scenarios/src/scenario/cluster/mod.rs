//! The scenarios of three nodes. Each names what it must reach, as those of one node do.

pub(super) mod clocks;
pub(super) mod elections;
pub(super) mod flapping_partition;
pub(super) mod isr_churn;
pub(super) mod leader_isolation;
pub(super) mod power;
pub(super) mod rolling;
pub(super) mod slow_disks;
pub(super) mod snapshots;
pub(super) mod steady;
pub(super) mod swarm;
pub(super) mod topics;
pub(super) mod weak_config;

/// A cluster has so many seeds for each of a lone node: most of what goes wrong takes more than one.
const OF_CLUSTERS: u64 = 4;
