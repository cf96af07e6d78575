//! Liveness: what must be so at rest, after faults have stopped and the stated time has passed.
//!
//! A fault that leaves something behind that no software can mend (a rotten batch, a directory that failed and was not
//! restarted, a broken metadata log) excuses the logs that it touched, and those alone.

mod cluster;
mod cut_off;
mod delivery;
mod settled;

pub(crate) use cluster::{LeaderExists, MetadataConverges, ReplicasReturn};
pub(crate) use delivery::{ProduceAnswered, ReachesEnd};
pub(crate) use settled::Settled;

use crate::fact::LogRef;
use crate::ghost::PartitionState;
use crate::ledger::{BROKEN_PROMISES, CHANGED_BYTES, FaultKind, Ledger, final_name};
use crate::property::{Claim, Cluster, Scope};
use wire::files::{EPOCH_CHECKPOINT, META_PROPERTIES, METADATA_FOLDER};
use wire::{LogDirId, NodeId};

/// Faults that leave a hole where pages were dropped, if anything stands behind them.
const HOLES: &[FaultKind] = &[FaultKind::FailedSync, FaultKind::LyingSync];
/// Faults that take a log directory offline until its node starts again.
const OFFLINE: &[FaultKind] =
    &[FaultKind::FailedSync, FaultKind::WriteError, FaultKind::DiskFull, FaultKind::ReadError];

/// Whether a log can be served at rest: its own bytes, its directory, and its node's metadata.
pub(crate) fn unreachable(scope: &Scope, cluster: &Cluster<'_>) -> Claim {
    let index = || scope.log.as_ref().and_then(|log| cluster.ledger.index_fault(log, CHANGED_BYTES));
    let hole =
        || scope.log.as_ref().filter(|log| has_hole(log, cluster)).and_then(|_| cluster.ledger.excuse(scope, HOLES));
    // A damaged leader has nothing else to give to its followers.
    let of_peers = || scope.log.as_ref().and_then(|log| damaged_replica(log, cluster));
    let damaged = cluster.ledger.excuse(scope, CHANGED_BYTES).or_else(index).or_else(hole).or_else(of_peers);
    let offline = || scope.log.as_ref().and_then(|log| offline(log, cluster));
    // Whoever leads the quorum may have nothing else to give to the others.
    let broken = || cluster.nodes.ids().iter().find_map(|&node| broken_metadata(node, cluster.ledger));
    if scope.log.as_ref().is_some_and(|log| !is_eligible_somewhere(log, cluster)) {
        return Claim::NotClaimed;
    }
    damaged.or_else(offline).or_else(broken).map_or(Claim::Holds, Claim::Excused)
}

/// A fault that damaged another replica of a log's partition.
pub(crate) fn damaged_replica(log: &LogRef, cluster: &Cluster<'_>) -> Option<FaultKind> {
    let home = cluster.ghost.get(log)?.home;
    let replicas = cluster.ghost.partition(home).logs.iter().map(|&id| cluster.ghost.log(id));
    let others = replicas.filter(|other| other.log != *log);
    others.filter_map(|other| cluster.ledger.excuse(&Scope::log(other), CHANGED_BYTES)).next()
}

/// Whether a majority of the quorum runs, and with it a node that may lead a log's partition.
fn is_eligible_somewhere(log: &LogRef, cluster: &Cluster<'_>) -> bool {
    let Some(state) = cluster.ghost.get(log).and_then(|log| cluster.ghost.state_of(log.home)) else { return true };
    let running = |node: &NodeId| cluster.nodes.view(*node).is_some();
    let voters = cluster.nodes.ids();
    voters.iter().filter(|node| running(node)).count() > voters.len() / 2 && state.eligible().any(|node| running(&node))
}

/// How many replicas of a partition run.
pub(crate) fn running_replicas(state: &PartitionState, cluster: &Cluster<'_>) -> usize {
    state.replicas.iter().filter(|&&id| cluster.nodes.view(NodeId(id)).is_some()).count()
}

/// The fault that took a log's directory offline in this incarnation.
fn offline(log: &LogRef, cluster: &Cluster<'_>) -> Option<FaultKind> {
    let node = cluster.ghost.node(log.node)?;
    let home = cluster.ghost.get(log)?.log_dir;
    let shown = is_shown_offline(log, cluster);
    // Where a log is that nothing was ever written to nobody has seen: in a directory that failed, if it is shown in none.
    let is_home = |dir: LogDirId| home.map_or(shown, |home| home == dir);
    let unread = || node.failed_reads.iter().find(|&(&dir, _)| shown && is_home(dir));
    let (&log_dir, failed) = node.failed_dirs.iter().find(|&(&dir, _)| is_home(dir)).or_else(unread)?;
    let of_dir = |touch: &&crate::Touch| {
        OFFLINE.contains(&touch.fault)
            && touch.node.is_none_or(|node| node == log.node)
            && touch.log_dir.is_none_or(|dir| dir == log_dir)
            && touch.when <= *failed
    };
    cluster.ledger.touches().iter().rev().find(of_dir).map(|touch| touch.fault)
}

/// Whether a log has a hole that its broker knows, or that stands in what it had reason to trust.
fn has_hole(log: &LogRef, cluster: &Cluster<'_>) -> bool {
    let view = cluster.nodes.view(log.node);
    let shown = view.and_then(|view| view.log(log.topic_id, log.partition.partition)?.corrupt_from);
    shown.is_some() || cluster.ghost.get(log).is_some_and(|log| log.sound_end() < log.end)
}

/// A read that failed need not take its directory offline (one that recovery rests on does): the broker shows it.
fn is_shown_offline(log: &LogRef, cluster: &Cluster<'_>) -> bool {
    let view = cluster.nodes.view(log.node);
    view.and_then(|view| view.log(log.topic_id, log.partition.partition)).is_none_or(|log| !log.online)
}

/// A file of the metadata log's folder, the one that names the node and its directory, or the epochs of any log: what is cut by those that
/// are wrong, and so who is level with whom, is not followed up.
fn leads_astray(path: &str) -> bool {
    let folder = path.strip_prefix(METADATA_FOLDER).is_some_and(|rest| rest.starts_with('/'));
    let name = final_name(path);
    folder || name == META_PROPERTIES || name.ends_with(EPOCH_CHECKPOINT)
}

/// The fault that may have broken a node's metadata log, or a small file that it needs to start.
pub(crate) fn broken_metadata(node: NodeId, ledger: &Ledger) -> Option<FaultKind> {
    let log = Some(LogRef::metadata(node));
    let of_log = ledger.excuse(&Scope { log, ..Scope::node(node) }, BROKEN_PROMISES);
    let of_file = |touch: &&crate::Touch| {
        let file = touch.log.is_none() && touch.path.as_deref().is_some_and(leads_astray);
        file && BROKEN_PROMISES.contains(&touch.fault) && touch.node.is_none_or(|other| other == node)
    };
    of_log.or_else(|| ledger.touches().iter().find(of_file).map(|touch| touch.fault))
}
