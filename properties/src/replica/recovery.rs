//! What a broker makes of its disk when it starts.

use crate::fact::{Fact, FactKind, FactSet};
use crate::ghost::LogGhost;
use crate::judge::{Case, Judge};
use crate::ledger::FaultKind;
use crate::property::{PropertyId, Scope};

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
    const EXCUSED_BY: &'static [FaultKind] = &[
        FaultKind::BitRot,
        FaultKind::MisdirectedWrite,
        FaultKind::WipedDisk,
        FaultKind::LyingSync,
        FaultKind::FailedSync,
    ];

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
