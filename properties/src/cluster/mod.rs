//! Properties of several replicas together: leaders, in-sync replicas, the quorum and what it decides. They compare what
//! the metadata log has committed, what leaders state, and what stands on the disks.

mod candidates;
mod isr;
mod leaders;
mod legality;
mod matching;
mod metadata;
mod quorum;
mod snapshots;
mod stale;
mod votes;
mod watermarks;

pub(crate) use candidates::CandidateCompleteness;
pub(crate) use isr::{BrokerEpochSafety, IsrExpansion, QuorumSuperset};
pub(crate) use leaders::{LeaderCompleteness, OneLeaderPerEpoch, QuorumCompleteness, RepeatableRead};
pub(crate) use legality::{IsrLegality, LastKnownLeader, UncleanExclusion};
pub(crate) use matching::{Convergence, LogMatching, TopicIdSafety};
pub(crate) use metadata::{ControllerFencing, EpochMonotonicity, MetadataRefinement};
pub(crate) use quorum::{CurrentTermCommit, ElectionSafety, MajorityDurable};
pub(crate) use snapshots::{AppliedOnce, LeaderNeverLoads, SnapshotAtLogStart};
pub(crate) use stale::StaleRequests;
pub(crate) use votes::{PersistBeforeSend, VoteOnce};
pub(crate) use watermarks::{Bounds, HighWatermarkMonotonic, HighWatermarkSound, StrongIsr};

use crate::fact::LogRef;
use crate::ghost::{Ghost, LogGhost, PartitionGhost};
use crate::ledger::{BROKEN_PROMISES, CHANGED_BYTES, FaultKind, Ledger};
use crate::liveness::broken_metadata;
use crate::property::{Claim, Cluster, Scope};
use broker_core::Event;
use broker_core::event::Partition;
use wire::files::QUORUM_STATE;
use wire::{LogDirId, NodeId};

/// What the quorum has decided may be undone where a fault broke the metadata log of a voter: a majority without it may
/// decide otherwise.
pub(crate) fn unless_metadata_broke(cluster: &Cluster<'_>) -> Claim {
    let nodes = cluster.nodes.ids().iter();
    let broken = nodes.filter_map(|&node| broken_metadata(node, cluster.ledger)).next();
    broken.map_or(Claim::Holds, Claim::Excused)
}

/// What made a voter forget in which epoch it has voted, and for whom: two leaders may have one epoch then.
fn forgotten_vote(node: NodeId, ledger: &Ledger) -> Option<FaultKind> {
    ledger.excuse(&Scope::file(node, LogDirId(0), QUORUM_STATE), BROKEN_PROMISES)
}

/// A leader's high watermark that advanced, of a partition with several replicas.
struct Advance<'a> {
    partition: &'a PartitionGhost,
    log: &'a LogGhost,
    node: NodeId,
    /// The epoch that it stated last that it leads; -1 if it stated none.
    epoch: i32,
    to: i64,
}

impl<'a> Advance<'a> {
    fn of(node: NodeId, event: &Event, ghost: &'a Ghost) -> Option<Advance<'a>> {
        let Event::HighWatermarkAdvanced { partition, to } = event else { return None };
        let id = ghost.by_id(node, partition.topic_id, partition.partition).filter(|&id| ghost.is_replicated(id))?;
        let log = ghost.log(id);
        let epoch = log.elections.last().map_or(-1, |&(epoch, _)| epoch);
        Some(Advance { partition: ghost.partition(log.home), log, node, epoch, to: *to })
    }
}

/// The log of a replica.
fn replica<'a>(ghost: &'a Ghost, partition: &PartitionGhost, node: NodeId) -> Option<&'a LogGhost> {
    ghost.by_id(node, partition.topic_id, partition.partition.partition).map(|id| ghost.log(id))
}

/// A fault that damaged the log of the replica that leads a log's partition.
fn damaged_leader(log: &LogRef, cluster: &Cluster<'_>) -> Option<FaultKind> {
    let partition = cluster.ghost.partition(cluster.ghost.get(log)?.home);
    let leader = replica(cluster.ghost, partition, partition.leader?.node)?;
    cluster.ledger.excuse(&Scope::log(leader), CHANGED_BYTES)
}

/// The partition and the leader epoch that an event of a leader or a follower names.
fn role(event: &Event) -> Option<(&Partition, i32)> {
    match event {
        Event::LeaderElected { partition, leader_epoch, .. }
        | Event::BecameFollower { partition, leader_epoch, .. }
        | Event::IsrChanged { partition, leader_epoch, .. } => Some((partition, *leader_epoch)),
        _ => None,
    }
}
