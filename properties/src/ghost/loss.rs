//! Records that are gone from a log, and whether the configuration and the faults of the run permit it. With one replica
//! that is a loss of the partition's; with several it is one only when a replica leads that does not have them, which is
//! the business of the module on elections.

use super::{Ghost, LogId};
use crate::fact::{LogRef, Stop};
use crate::ledger::{FaultKind, Ledger};
use crate::property::Scope;
use wire::NodeId;
use wire::files::EPOCH_CHECKPOINT;
use wire::files::names::log_folder;

/// A range of a log that stood there and does not any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// In which log.
    pub log: LogId,
    /// The first offset that is gone.
    pub from: i64,
    /// The end of the range.
    pub to: i64,
    /// How many acknowledged records were in it (of the metadata log: committed ones).
    pub acked: i64,
    /// Where there are several replicas: how many committed offsets were in it.
    pub committed: i64,
    /// How it was seen to be gone.
    pub how: How,
    /// Whether that may be.
    pub cause: Cause,
}

/// How a range was seen to be gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// The disk did not have it when an incarnation began.
    NotSurvived,
    /// The whole log was not on the disk when an incarnation began.
    Vanished,
    /// The disk had it, and after `open` it is gone.
    NotRecovered,
    /// The broker cut it off.
    Truncated,
    /// The broker removed the log, or did not take it over.
    Removed,
    /// The same, because its `partition.metadata` was not on the disk at the start.
    Nameless,
    /// Another replica, which does not have it, leads the partition.
    Elected,
}

impl How {
    /// In words.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            How::NotSurvived => "was not on the disk at the start",
            How::Vanished => "was in a log that was not on the disk at the start",
            How::NotRecovered => "was on the disk at the start and not after recovery",
            How::Truncated => "was cut off by the broker",
            How::Removed => "was in a log that the broker removed",
            How::Nameless => "was in a log that lost its partition.metadata, and that the broker did not take over",
            How::Elected => "is not in the log of the replica that leads now",
        }
    }
}

/// Why a range may be gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The topic was deleted, or may have been.
    Deleted,
    /// The configuration permits it under what happened; the cause in words.
    Permitted(&'static str),
    /// Nothing explains it.
    Unexplained,
}

/// Faults that damage or take bytes whatever was synced, with the cause that they are.
const DAMAGE: &[(FaultKind, &str)] = &[
    (FaultKind::WipedDisk, "wiped disk"),
    (FaultKind::BitRot, "bit rot"),
    (FaultKind::MisdirectedWrite, "misdirected write"),
];

/// Faults after which bytes are on no platter, whatever was reported.
const NOT_SYNCED: &[(FaultKind, &str)] = &[
    (FaultKind::FailedSync, "failed sync"),
    (FaultKind::LyingSync, "lying sync"),
    (FaultKind::WriteError, "failed write"),
];

/// The cause of a power loss where no sync was promised.
pub const POWER_LOSS: &str = "power loss without flush";

/// Why this range of a log may be gone. `from` and `to` lie on the same side of what was durable.
pub(super) fn cause(ghost: &Ghost, log: LogId, range: (i64, i64), how: How, ledger: &Ledger) -> Cause {
    let it = ghost.log(log);
    let deleted = ghost.topics().deletion_asked(&it.log.partition.topic);
    match how {
        How::Removed | How::Vanished | How::Nameless if deleted && !it.is_metadata() => Cause::Deleted,
        How::Removed => metadata_damage(ghost, &it.log, ledger).map_or(Cause::Unexplained, Cause::Permitted),
        // An incarnation that died before it was open may have begun to cut.
        How::NotSurvived | How::Vanished => match it.intact {
            Some((intact_end, cause)) if range.0 >= intact_end => cause,
            _ => of_the_disk(ghost, log, range, ledger),
        },
        How::Nameless => of_the_disk(ghost, log, range, ledger),
        How::Elected => Cause::Unexplained,
        How::NotRecovered | How::Truncated => match it.intact {
            // What lies behind the first damage may be cut; the damage is its cause, too.
            Some((intact_end, cause)) if range.0 >= intact_end => cause,
            _ => among(ghost, log, range, ledger, DAMAGE)
                .or_else(|| damaged_epochs(&it.log, ledger))
                .map_or(Cause::Unexplained, Cause::Permitted),
        },
    }
}

/// A follower whose epoch checkpoint was damaged cuts its log where that says.
fn damaged_epochs(log: &LogRef, ledger: &Ledger) -> Option<&'static str> {
    let scope = epochs_of(log);
    DAMAGE.iter().find(|(kind, _)| ledger.excuse(&scope, &[*kind]).is_some()).map(|&(_, cause)| cause)
}

/// A log's epoch checkpoint.
pub(crate) fn epochs_of(log: &LogRef) -> Scope {
    let path = format!("{}/{EPOCH_CHECKPOINT}", log_folder(&log.partition));
    Scope { path: Some(path), ..Scope::node(log.node) }
}

/// Why what stood at an offset is not there intact when an incarnation begins.
pub(super) fn of_the_disk(ghost: &Ghost, log: LogId, range: (i64, i64), ledger: &Ledger) -> Cause {
    let it = ghost.log(log);
    if let Some(cause) = among(ghost, log, range, ledger, DAMAGE) {
        return Cause::Permitted(cause);
    }
    // Pages of a failed sync are not durable and may leave the cache; a process that starts again sees it.
    if let Some(cause) = among(ghost, log, range, ledger, &NOT_SYNCED[..1])
        && range.0 >= it.durable_before
    {
        return Cause::Permitted(cause);
    }
    if !lost_power(ghost, &it.log, ledger) {
        return Cause::Unexplained;
    }
    // One replica of several promises a sync only for what it has acknowledged, or said in a fetch that it holds.
    let promised = ghost.promises_sync(it) && !(ghost.is_replicated(log) && range.0 >= it.floor);
    if range.0 >= it.durable_before && !promised {
        return Cause::Permitted(POWER_LOSS);
    }
    among(ghost, log, range, ledger, NOT_SYNCED).map_or(Cause::Unexplained, Cause::Permitted)
}

/// The first of these faults that reaches the beginning of a range.
fn among(
    ghost: &Ghost,
    log: LogId,
    range: (i64, i64),
    ledger: &Ledger,
    causes: &[(FaultKind, &'static str)],
) -> Option<&'static str> {
    let scope = Scope::range(ghost.log(log), range.0, range.0.saturating_add(1));
    causes.iter().find(|(kind, _)| ledger.excuse(&scope, &[*kind]).is_some()).map(|&(_, cause)| cause)
}

/// A broker that lost its metadata may take a log for a stray one; so may any, where a voter's is damaged and a majority has forgotten a topic.
fn metadata_damage(ghost: &Ghost, log: &LogRef, ledger: &Ledger) -> Option<&'static str> {
    let of = |node: NodeId, causes: &[(FaultKind, &'static str)]| {
        let scope = Scope { log: Some(LogRef::metadata(node)), ..Scope::node(node) };
        causes.iter().find(|(kind, _)| ledger.excuse(&scope, &[*kind]).is_some()).map(|&(_, cause)| cause)
    };
    let others = || ghost.voters().iter().find_map(|&voter| of(voter, DAMAGE));
    of(log.node, DAMAGE).or_else(|| of(log.node, NOT_SYNCED)).or_else(others)
}

/// Whether the node's machine lost its power when it stopped last, or since.
fn lost_power(ghost: &Ghost, log: &LogRef, ledger: &Ledger) -> bool {
    let Some(node) = ghost.node(log.node) else { return false };
    let scope = Scope { log: Some(log.clone()), since: node.stopped, ..Scope::node(log.node) };
    node.last_stop == Some(Stop::PowerLoss)
        || ledger.excuse(&scope, &[FaultKind::PowerLoss, FaultKind::TornTail]).is_some()
}
