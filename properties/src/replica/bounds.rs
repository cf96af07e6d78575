//! Everything that points into a log points at something.

use crate::fact::{Fact, FactKind, FactSet};
use crate::ghost::LogGhost;
use crate::judge::{Case, Judge};
use crate::ledger::{DAMAGE, FaultKind};
use crate::property::{PropertyId, Scope};
use broker_core::Event;
use broker_core::view::LogView;

/// W22. The log's end is where its last batch ends, and nothing points outside of it: log start <= last stable offset
/// <= high watermark <= end, recovery point and epoch starts within. Checked after recovery and at rest, and the high
/// watermark whenever it is stated. Behind damaged bytes the end cannot be told from outside. (Indexes are W45's,
/// checkpoints W47's; producer state and transactions are not built.) Source: ORACLES.
#[derive(Clone, Debug, Default)]
pub(crate) struct NoDanglingReference;

impl Judge for NoDanglingReference {
    const ID: PropertyId = PropertyId {
        id: "W22",
        name: "no dangling references",
        sentence: "Nothing points outside of a log: watermarks, recovery point and epochs lie between its start and its end.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Opened, FactKind::AtRest, FactKind::Stated]);
    const EXCUSED_BY: &'static [FaultKind] = DAMAGE;

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let cluster = case.cluster;
        match fact {
            Fact::Stated { node, event: Event::HighWatermarkAdvanced { partition, to } } => {
                let Some(log) = cluster.ghost.named(*node, partition).filter(|log| *to > log.end) else { return };
                case.charge(self, &Scope::range(log, log.end, *to), "high-watermark", || {
                    format!("the high watermark of {} advanced to {to}, beyond its end at {}", log.log, log.end)
                });
            }
            Fact::Opened { .. } | Fact::AtRest {} => {
                for &node in cluster.nodes.ids() {
                    let Some(view) = cluster.nodes.view(node) else { continue };
                    view.each_log(|shown| {
                        let log = cluster.ghost.by_id(node, shown.topic_id, shown.partition);
                        if let Some(log) =
                            log.map(|log| cluster.ghost.log(log)).filter(|log| log.present && shown.online)
                        {
                            self.check(log, &shown, case);
                        }
                    });
                }
            }
            _ => {}
        }
    }
}

impl NoDanglingReference {
    fn check(&self, log: &LogGhost, shown: &LogView<'_>, case: &mut Case<'_>) {
        let end = shown.log_end_offset;
        let last_epoch = shown.epochs.last().map_or(shown.log_start_offset, |&(_, start_offset)| start_offset);
        let kind = if end != log.end && log.half_written.is_none() && shown.corrupt_from.is_none() {
            "log-end"
        } else if shown.log_start_offset > end {
            "log-start"
        } else if !(shown.log_start_offset..=end).contains(&shown.high_watermark) {
            "high-watermark"
        } else if !(shown.log_start_offset..=shown.high_watermark).contains(&shown.last_stable_offset) {
            "last-stable-offset"
        } else if !(0..=end).contains(&shown.recovery_point) {
            "recovery-point"
        } else if last_epoch > end {
            "epoch"
        } else {
            return;
        };
        case.charge(self, &Scope::range(log, log.end.min(end), log.end.max(end).saturating_add(1)), kind, || {
            format!("{} ends at {}, and its broker shows {shown:?}", log.log, log.end)
        });
    }
}
