//! How a log's batches lie in its files.

use crate::fact::{Fact, FactKind, FactSet, LogRef};
use crate::ghost::{Held, LogGhost};
use crate::judge::{Case, Judge};
use crate::ledger::{DAMAGE, FaultKind};
use crate::property::{Cluster, PropertyId, Scope};
use std::collections::{BTreeMap, BTreeSet};
use wire::files::CLEAN_SHUTDOWN;
use wire::files::names::{Suffix, log_folder, parse_segment_file};
use wire::{LogDirId, NodeId};

/// W46. A segment is named by the offset that was the log's end when it was made; names rise, no batch reaches over the
/// next name, relative offsets fit in 31 bits, each file is as long as the batches in it, and appends go to the last. No
/// segment is made anew in the place of one that is there and was not cut. Checked on each roll and append, after recovery and at rest. Damage excuses what it touched; but after an unclean
/// shutdown recovery reads the last segment batch by batch, and one in the wrong place is no part of the log then.
/// Source: ORACLES; bugs D13 D29.
#[derive(Clone, Debug, Default)]
pub(crate) struct SegmentStructure {
    /// The last segment of each log that was made or appended to in this incarnation.
    active: BTreeMap<LogRef, i64>,
    /// Logs that were cut at or before that segment's beginning since it was made.
    cut: BTreeSet<LogRef>,
    /// Logs that are being opened after an unclean shutdown.
    unclean: BTreeSet<LogRef>,
}

impl Judge for SegmentStructure {
    const ID: PropertyId = PropertyId {
        id: "W46",
        name: "segment structure",
        sentence: "Segments are named by their first offset, follow one another, and hold what they should and no more.",
    };
    const INTERESTS: FactSet = FactSet::of(&[
        FactKind::Started,
        FactKind::Survived,
        FactKind::SegmentCreated,
        FactKind::Truncated,
        FactKind::LogRemoved,
        FactKind::Appended,
        FactKind::Opened,
        FactKind::AtRest,
    ]);
    const EXCUSED_BY: &'static [FaultKind] = DAMAGE;

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let ghost = case.cluster.ghost;
        match fact {
            Fact::Started { node, .. } => {
                self.active.retain(|log, _| log.node != *node);
                self.unclean.retain(|log| log.node != *node);
            }
            Fact::Survived { log, .. } => {
                let log_dir = ghost.get(log).and_then(|it| it.log_dir);
                if log_dir.is_some_and(|dir| case.cluster.nodes.file(log.node, dir, CLEAN_SHUTDOWN).is_none()) {
                    self.unclean.insert(log.clone());
                }
            }
            Fact::SegmentCreated { log, base_offset } => {
                let before = self.active.insert(log.clone(), *base_offset);
                let cut = self.cut.remove(log);
                // A log that lost its front is emptied when it is opened, and begins anew where it starts.
                let opening = ghost.node(log.node).is_some_and(|node| !node.opened);
                let anew = |it: &LogGhost| opening && *base_offset < it.end;
                if before == Some(*base_offset) && !cut && !opening {
                    case.charge(self, &Scope::node(log.node), "made-again", || {
                        format!("a segment of {log} was made with base offset {base_offset}, as the one before it")
                    });
                }
                let Some(it) = ghost.get(log).filter(|it| it.end != *base_offset && !anew(it)) else { return };
                let (end, base) = (it.end, *base_offset);
                case.charge(self, &Scope::range(it, base.min(end), base.max(end)), "misnamed", || {
                    format!("a segment of {log} was made with base offset {base}, the log's end was {end}")
                });
            }
            Fact::Truncated { log, to } if self.active.get(log).is_some_and(|active| active >= to) => {
                self.cut.insert(log.clone());
                // Segments behind the cut are gone.
                self.active.retain(|other, active| other != log || *active <= *to);
            }
            Fact::LogRemoved { log } => drop(self.active.remove(log)),
            Fact::Appended { log, segment, batch, .. } => {
                let Some(it) = ghost.get(log) else { return };
                let active = *self.active.entry(log.clone()).or_insert(*segment);
                let fits = (0..=i64::from(i32::MAX)).contains(&batch.last_offset.saturating_sub(*segment));
                if *segment < active || batch.base_offset < *segment || !fits {
                    let kind = if *segment < active { "not-active" } else { "out-of-segment" };
                    case.charge(self, &Scope::range(it, batch.base_offset, batch.last_offset), kind, || {
                        let base = batch.base_offset;
                        format!("offset {base} of {log} was appended to segment {segment}, the last one is {active}")
                    });
                }
            }
            Fact::Opened { .. } | Fact::AtRest {} => {
                for (log, files) in layouts(case.cluster) {
                    self.check(log, &files, case);
                    if self.unclean.remove(&log.log) {
                        self.check_scanned(log, &files, case);
                    }
                }
            }
            _ => {}
        }
    }
}

impl SegmentStructure {
    fn check(&self, log: &LogGhost, files: &Files, case: &mut Case<'_>) {
        for (base, batches) in files.segments(log) {
            let Some(&len) = files.lens.get(&(base, Suffix::Log)) else { continue };
            let (first, last) = (batches.first(), batches.last());
            let end = last.map_or(log.end.min(base), |held| held.last_offset.saturating_add(1));
            let scope = Scope::range(log, base.min(end), base.max(end).saturating_add(1));
            let held: u64 = batches.iter().map(|held| u64::from(held.bytes)).sum();
            if first.map_or(log.end, |held| held.base_offset) != base {
                case.charge(self, &scope, "misnamed", || {
                    format!("segment {base} of {} begins with offset {:?}", log.log, first.map(|held| held.base_offset))
                });
            } else if files.next(base).is_some_and(|next| end > next) {
                case.charge(self, &scope, "overlap", || {
                    format!("segment {base} of {} reaches up to {end}, into the next", log.log)
                });
            } else if held != len && log.half_written.is_none() {
                case.charge(self, &scope, "length", || {
                    format!("segment {base} of {} has {len} bytes, its batches have {held}", log.log)
                });
            }
        }
    }

    /// The last segment as recovery left it: each batch begins where the one before it ends.
    fn check_scanned(&self, log: &LogGhost, files: &Files, case: &mut Case<'_>) {
        let last = files.lens.keys().rev().find(|(_, suffix)| *suffix == Suffix::Log).map(|&(base, _)| base);
        let Some(from) = log.batches.iter().rposition(|held| Some(held.base_offset) == last) else { return };
        let mut pairs = log.batches[from..].iter().zip(&log.batches[from + 1..]);
        let Some((before, held)) =
            pairs.find(|(before, held)| before.last_offset.saturating_add(1) != held.base_offset)
        else {
            return;
        };
        case.charge(self, &Scope::client(u16::MAX), "misplaced", || {
            let (end, base) = (before.last_offset, held.base_offset);
            format!("recovery of {} took a batch of offset {base} that stands behind offset {end}", log.log)
        });
    }
}

/// The files of a log, by base offset and kind, with their lengths.
#[derive(Clone, Debug, Default)]
pub(super) struct Files {
    /// Where they are.
    pub(super) log_dir: LogDirId,
    /// Lengths.
    pub(super) lens: BTreeMap<(i64, Suffix), u64>,
}

impl Files {
    /// The base offset of the segment after this one.
    fn next(&self, base: i64) -> Option<i64> {
        self.lens.keys().find(|&&(other, suffix)| suffix == Suffix::Log && other > base).map(|&(other, _)| other)
    }

    /// Each segment with the batches that belong in it by their offsets.
    pub(super) fn segments<'a>(&'a self, log: &'a LogGhost) -> impl Iterator<Item = (i64, &'a [Held])> {
        let bases = self.lens.keys().filter(|(_, suffix)| *suffix == Suffix::Log).map(|&(base, _)| base);
        bases.map(|base| {
            let from = log.batches.partition_point(|held| held.base_offset < base);
            let to = self
                .next(base)
                .map_or(log.batches.len(), |next| log.batches.partition_point(|held| held.base_offset < next));
            (base, log.batches.get(from..to).unwrap_or_default())
        })
    }
}

/// Every log that is online on a node that runs, with its files.
pub(super) fn layouts<'a>(cluster: &'a Cluster<'a>) -> Vec<(&'a LogGhost, Files)> {
    let mut found = Vec::new();
    for &node in cluster.nodes.ids() {
        let Some(view) = cluster.nodes.view(node) else { continue };
        let mut dirs = BTreeMap::new();
        view.each_log(|shown| {
            let log = cluster.ghost.by_id(node, shown.topic_id, shown.partition).map(|log| cluster.ghost.log(log));
            let Some(log) = log.filter(|log| log.present && shown.online && shown.corrupt_from.is_none()) else {
                return;
            };
            let folders = dirs.entry(shown.log_dir).or_insert_with(|| folders(cluster, node, shown.log_dir));
            let lens = folders.remove(&log_folder(&log.log.partition)).unwrap_or_default();
            found.push((log, Files { log_dir: shown.log_dir, lens }));
        });
    }
    found
}

type Lens = BTreeMap<(i64, Suffix), u64>;

fn folders(cluster: &Cluster<'_>, node: NodeId, log_dir: LogDirId) -> BTreeMap<String, Lens> {
    let mut folders: BTreeMap<String, Lens> = BTreeMap::new();
    for (path, len) in cluster.nodes.files(node, log_dir) {
        let Some((folder, name)) = path.split_once('/') else { continue };
        if let Some(key) = parse_segment_file(name) {
            folders.entry(folder.to_owned()).or_default().insert(key, len);
        }
    }
    folders
}
