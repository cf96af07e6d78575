//! What a broker makes of its disk when it starts.

use crate::fact::{Fact, FactKind, FactSet, LogRef};
use crate::ghost::{Cause, How, LogGhost, Loss};
use crate::judge::{Case, Judge};
use crate::ledger::{BROKEN_PROMISES, FaultKind};
use crate::property::{Claim, Cluster, PropertyId, Scope};
use std::collections::BTreeMap;
use wire::files::{HIGH_WATERMARK_CHECKPOINT, RECOVERY_POINT_CHECKPOINT, offset_of, parse_offsets};

/// W42. A recovered log is a valid prefix, without a gap, of a state that the log was in, and holds everything that was
/// durable, or that the broker had claimed to be synced by an acknowledgement or a recovery point, and has not cut
/// since. Behind the first byte that a fault changed nothing is claimed; a sync that lied or failed excuses what it
/// left out. Source: ORACLES; bugs D01 D05 D09 D10 D17.
#[derive(Clone, Debug, Default)]
pub(crate) struct CrashPrefix;

impl Judge for CrashPrefix {
    const ID: PropertyId = PropertyId {
        id: "W42",
        name: "crash prefix",
        sentence: "A recovered log is a valid prefix of a state that the log was in, with everything that had been synced.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Recovered]);
    const EXCUSED_BY: &'static [FaultKind] = BROKEN_PROMISES;

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let Fact::Recovered { log, .. } = fact else { return };
        let Some(ghost) = case.cluster.ghost.get(log) else { return };
        let sound_end = ghost.sound_end();
        if let Some((kind, offset)) = first_fault(ghost) {
            let scope = Scope::range(ghost, offset, offset.saturating_add(1));
            case.charge(self, &scope, kind, || {
                format!("{log} was recovered with a batch at offset {offset} that is {kind}")
            });
        }
        if sound_end < ghost.floor {
            case.charge(self, &Scope::range(ghost, sound_end, sound_end.saturating_add(1)), "synced-lost", || {
                format!("{log} was recovered up to offset {sound_end}, and had been synced up to {}", ghost.floor)
            });
        }
    }
}

/// The first batch that is not valid, not adjacent to the one before, or not from any state that the log was in.
fn first_fault(log: &LogGhost) -> Option<(&'static str, i64)> {
    let mut end = log.batches.first()?.base_offset;
    for held in &log.batches {
        let base = held.base_offset;
        match held {
            _ if !held.valid => return Some(("invalid", base)),
            _ if base != end => return Some(("misplaced", end.min(base))),
            _ if !held.known => return Some(("unknown", base)),
            _ => end = held.last_offset.saturating_add(1),
        }
    }
    None
}

/// W10. While it opens a log, a broker cuts nothing below what the log directory's checkpoints say was synced or
/// committed: not even damage excuses that, since behind it lies what perhaps nobody else holds. (Above both, recovery
/// cuts at the first bad batch, as Kafka does.) Where there are several replicas, none of them drops what is the
/// partition's committed prefix, unless a fault took it or its topic was deleted; what is not committed may be cut.
/// Source: ORACLES, DESIGN; KIP-101, KIP-279, KIP-320; bugs D11 R01 R04 R36.
#[derive(Clone, Debug, Default)]
pub(crate) struct CutsAboveFloor {
    /// What the checkpoints say of each log that is being opened.
    floors: BTreeMap<LogRef, i64>,
}

impl Judge for CutsAboveFloor {
    const ID: PropertyId = PropertyId {
        id: "W10",
        name: "no truncation of committed data",
        sentence: "Nothing is cut that is committed, or that the checkpoints say was synced or committed.",
    };
    const INTERESTS: FactSet = FactSet::of(&[
        FactKind::Started,
        FactKind::Survived,
        FactKind::Recovered,
        FactKind::Truncated,
        FactKind::LogRemoved,
        FactKind::Opened,
    ]);

    fn claim(&self, _: &Scope, _: &Cluster<'_>) -> Claim {
        Claim::Holds
    }

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        for loss in case.cluster.ghost.losses() {
            self.check(loss, case);
        }
        match fact {
            Fact::Started { node, .. } | Fact::Opened { node, .. } => self.floors.retain(|log, _| log.node != *node),
            Fact::Survived { log, .. } => {
                self.floors.extend(floor(log, case.cluster).map(|floor| (log.clone(), floor)));
            }
            Fact::Truncated { log, to } => {
                // Below its snapshot a node holds what the log does not.
                let held = case.cluster.ghost.get(log).map_or(*to, |it| it.end.max(*to));
                let Some(floor) = self.floors.get(log).copied().filter(|&floor| held < floor) else { return };
                case.charge(self, &Scope::default(), "below-checkpoint", || {
                    format!("{log} was cut to offset {to} when it was opened, its checkpoints say {floor}")
                });
            }
            _ => {}
        }
    }
}

impl CutsAboveFloor {
    fn check(&self, loss: &Loss, case: &mut Case<'_>) {
        let by_itself = matches!(loss.how, How::NotRecovered | How::Truncated | How::Removed);
        if loss.committed == 0 || !by_itself || loss.cause != Cause::Unexplained || rolls_back(loss, case.cluster) {
            return;
        }
        case.charge(self, &Scope::default(), "committed", || {
            let (log, Loss { from, committed, how, .. }) = (&case.cluster.ghost.log(loss.log).log, loss);
            format!("{committed} committed offsets of {log}, from {from} on: it {}", how.text())
        });
    }
}

/// Whether a write to the log's directory has just failed: what the same input had appended before is taken back, and nobody was told of it.
fn rolls_back(loss: &Loss, cluster: &Cluster<'_>) -> bool {
    let log = cluster.ghost.log(loss.log);
    let failed = log.log_dir.zip(cluster.ghost.node(log.log.node)).and_then(|(dir, node)| node.failed_dirs.get(&dir));
    loss.how == How::Truncated && failed.is_some_and(|failed| failed.seq == cluster.moment.seq)
}

/// What the checkpoints in a log's directory say of it.
fn floor(log: &LogRef, cluster: &Cluster<'_>) -> Option<i64> {
    let log_dir = cluster.ghost.get(log)?.log_dir?;
    let says = |path| {
        let offsets = parse_offsets(&cluster.nodes.file(log.node, log_dir, path)?).ok()?;
        offset_of(&offsets, log.topic_id, &log.partition)
    };
    says(RECOVERY_POINT_CHECKPOINT).max(says(HIGH_WATERMARK_CHECKPOINT))
}
