//! What stands at an offset: one content per leader epoch and offset for all time, and no offset left out or given
//! twice.

use crate::cluster::unless_metadata_broke;
use crate::fact::{BatchSeen, Fact, FactKind, FactSet, LogRef};
use crate::judge::{Case, Judge};
use crate::ledger::{DAMAGE, FaultKind};
use crate::property::{Claim, Cluster, PropertyId, Scope};

/// W02. The content at (topic id, partition, leader epoch, offset) is the same in every replica and at all times. Never
/// rebased: a loss may be permitted, but the next leader epoch must be another one. The epoch comes from the metadata
/// log, so damage to that excuses it. Source: ORACLES; bug C03.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecordIdentity;

impl Judge for RecordIdentity {
    const ID: PropertyId = PropertyId {
        id: "W02",
        name: "record identity",
        sentence: "The content of a leader epoch's offset is unique over all replicas and all time.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Appended]);

    fn claim(&self, _: &Scope, cluster: &Cluster<'_>) -> Claim {
        unless_metadata_broke(cluster)
    }

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let Fact::Appended { log, batch, .. } = fact else { return };
        let Some((epoch, base, last, _)) = case.cluster.ghost.writing().and_then(|writing| writing.conflict) else {
            return;
        };
        case.charge(self, &Scope::node(log.node), "rewritten", || {
            let (from, to) = (batch.base_offset, batch.last_offset);
            format!(
                "{log} got other records at offsets {from}..={to} of epoch {epoch}, which had {base}..={last} already"
            )
        });
    }
}

/// W49. A leader appends exactly at its log's end, and offsets rise by one within a batch. Not claimed behind damaged
/// bytes, where what stands there cannot be told from outside. Source: ORACLES; bug D11.
#[derive(Clone, Debug, Default)]
pub(crate) struct DenseOffsets;

impl Judge for DenseOffsets {
    const ID: PropertyId = PropertyId {
        id: "W49",
        name: "dense offsets",
        sentence: "Every batch is appended at the log's end, with offsets that rise by one.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Appended]);
    const EXCUSED_BY: &'static [FaultKind] = DAMAGE;

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let Fact::Appended { log, batch, .. } = fact else { return };
        let Some(ghost) = case.cluster.ghost.get(log) else { return };
        let (end, base) = (ghost.end_before, batch.base_offset);
        let scope = Scope::range(ghost, base.min(end), base.max(end).saturating_add(1));
        if base != end {
            let kind = if base > end { "gap" } else { "overlap" };
            case.charge(self, &scope, kind, || {
                format!("a batch was appended to {log} at offset {base}, its end was {end}")
            });
        }
        self.check_batch(log, batch, &scope, case);
    }
}

impl DenseOffsets {
    fn check_batch(&self, log: &LogRef, batch: &BatchSeen, scope: &Scope, case: &mut Case<'_>) {
        let mut offsets = batch.records.iter().map(|record| record.offset);
        let dense = (batch.base_offset..=batch.last_offset).all(|offset| offsets.next() == Some(offset));
        let dense = batch.records.is_empty() || (dense && offsets.next().is_none());
        if !dense {
            case.charge(self, scope, "sparse", || {
                let (from, to, count) = (batch.base_offset, batch.last_offset, batch.records.len());
                format!("a batch in {log} says offsets {from}..={to} and holds {count} records with others")
            });
        }
    }
}
