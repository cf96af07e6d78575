//! The end of a partition as clients are told it.

use crate::fact::{Fact, FactKind, FactSet};
use crate::ghost::PartitionId;
use crate::judge::{Case, Judge};
use crate::property::{PropertyId, Scope};
use std::collections::BTreeMap;

/// JX2. The latest offset that leaders answer for a partition never goes back, also over a change of leaders: a new one
/// waits until its high watermark has reached where its epoch starts. A former leader that does not know yet is not
/// judged, and a permitted loss begins anew. Source: KIP-207.
#[derive(Clone, Debug, Default)]
pub(crate) struct LatestOffset {
    /// Per partition: generation, and the greatest answer.
    greatest: BTreeMap<PartitionId, (u32, i64)>,
}

const LATEST: i64 = -1;

impl Judge for LatestOffset {
    const ID: PropertyId = PropertyId {
        id: "JX2",
        name: "latest offset goes back",
        sentence: "The latest offset of a partition that clients are told never goes back.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::OffsetAnswered]);

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let Fact::OffsetAnswered { node, partition, timestamp: LATEST, error: 0, offset } = fact else { return };
        let ghost = case.cluster.ghost;
        let Some(log) = ghost.current(&partition.topic, partition.partition).filter(|log| log.log.node == *node) else {
            return;
        };
        let generation = ghost.partition(log.home).generation;
        let greatest = self.greatest.entry(log.home).or_insert((generation, *offset));
        if greatest.0 < generation {
            *greatest = (generation, *offset);
        }
        let before = greatest.1;
        greatest.1 = before.max(*offset);
        if *offset < before {
            case.charge(self, &Scope::range(log, *offset, before), "went-back", || {
                format!(
                    "node {node} answered {offset} for the latest offset of {partition}, after {before} was answered"
                )
            });
        }
    }
}
