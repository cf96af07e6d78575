//! Indexes lead where they say.

use super::segments::{Files, layouts};
use crate::fact::{Fact, FactKind, FactSet};
use crate::ghost::{Held, LogGhost};
use crate::judge::{Case, Judge};
use crate::ledger::{DAMAGE, FaultKind};
use crate::property::{PropertyId, Scope};
use bytes::Bytes;
use wire::files::names::{Suffix, log_folder, segment_file};
use wire::files::{IndexEntry, TimeEntry};

/// W45. Each entry of an offset index names the last offset of a batch and the position at which it begins; each entry
/// of a time index names the last offset of a batch with that greatest timestamp, and nothing before it in the segment
/// is younger. Checked after recovery and at rest; a look-up then equals a linear scan. Damage to the index or to the
/// log from there on excuses it. Source: ORACLES; KIP-33.
#[derive(Clone, Debug, Default)]
pub(crate) struct SoundIndexes;

impl Judge for SoundIndexes {
    const ID: PropertyId = PropertyId {
        id: "W45",
        name: "index soundness",
        sentence: "Every index entry leads to a batch with that offset, position and timestamp.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Opened, FactKind::AtRest]);
    const EXCUSED_BY: &'static [FaultKind] = DAMAGE;

    fn observe(&mut self, _: &Fact, case: &mut Case<'_>) {
        for (log, files) in layouts(case.cluster) {
            for (base, batches) in files.segments(log) {
                let offsets = contents(log, &files, base, Suffix::Index, case);
                let wrong = wrong_offset(base, batches, &IndexEntry::parse_all(&offsets));
                self.charge_if(wrong, "offset-index", log, base, case);
                let times = contents(log, &files, base, Suffix::TimeIndex, case);
                let wrong = wrong_time(base, batches, &TimeEntry::parse_all(&times));
                self.charge_if(wrong, "time-index", log, base, case);
            }
        }
    }
}

impl SoundIndexes {
    fn charge_if(&self, wrong: Option<String>, kind: &'static str, log: &LogGhost, base: i64, case: &mut Case<'_>) {
        let Some(wrong) = wrong else { return };
        match case.cluster.ledger.index_fault(&log.log, DAMAGE) {
            Some(fault) => case.verdicts.excuse(Self::ID, fault),
            None => case.charge(self, &Scope::range(log, base, log.end.max(base.saturating_add(1))), kind, || {
                format!("the {kind} of segment {base} of {} has {wrong}, where no such batch is", log.log)
            }),
        }
    }
}

fn contents(log: &LogGhost, files: &Files, base: i64, suffix: Suffix, case: &Case<'_>) -> Bytes {
    let path = format!("{}/{}", log_folder(&log.log.partition), segment_file(base, suffix));
    case.cluster.nodes.file(log.log.node, files.log_dir, &path).unwrap_or_default()
}

/// The first entry of an offset index that leads nowhere.
fn wrong_offset(base: i64, batches: &[Held], entries: &[IndexEntry]) -> Option<String> {
    let mut starts = batches.iter().scan(0u64, |position, held| {
        let start = *position;
        *position += u64::from(held.bytes);
        Some((held.last_offset - base, start))
    });
    let mut leads = |entry: &IndexEntry| {
        let at = (i64::from(entry.relative_offset), entry.position as u64);
        starts.any(|start| start == at)
    };
    entries.iter().find(|entry| !leads(entry)).map(|entry| format!("{entry:?}"))
}

/// The first entry of a time index that leads nowhere.
fn wrong_time(base: i64, batches: &[Held], entries: &[TimeEntry]) -> Option<String> {
    let mut greatest = batches.iter().scan(i64::MIN, |greatest, held| {
        *greatest = held.max_timestamp.max(*greatest);
        Some((held.last_offset - base, held.max_timestamp, *greatest))
    });
    let mut leads = |entry: &TimeEntry| {
        let (offset, timestamp) = (i64::from(entry.relative_offset), entry.timestamp);
        greatest.any(|(last, own, so_far)| last == offset && own == timestamp && so_far == timestamp)
    };
    entries.iter().find(|entry| !leads(entry)).map(|entry| format!("{entry:?}"))
}
