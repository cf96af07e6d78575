//! What a broker serves is what it accepted.

use crate::fact::{BatchSeen, Fact, FactKind, FactSet};
use crate::ghost::LogGhost;
use crate::judge::{Case, Judge};
use crate::ledger::{DAMAGE, FaultKind};
use crate::property::{Cluster, PropertyId, Scope};
use wire::{NodeId, Uuid};

/// W50. Each batch that is fetched is the one that was appended there, to the last byte that its CRC covers, and the
/// next one of an answer is the next one of the log. A fetch ships bytes as they lie, so rot excuses what is changed
/// from the first such byte on; nothing excuses that a batch is left out, but an index that rot has changed; and a
/// broker that knows of damage does not answer as if the log ended there (BookKeeper #2908). What an application gets is
/// J27's and JX8's. Source: ORACLES; bugs D10 D11 D12 D29.
#[derive(Clone, Debug, Default)]
pub(crate) struct EndToEnd;

impl Judge for EndToEnd {
    const ID: PropertyId = PropertyId {
        id: "W50",
        name: "end-to-end integrity",
        sentence: "What is fetched is what was appended; a corrupt batch is neither served nor skipped in silence.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::FetchAnswered]);
    const EXCUSED_BY: &'static [FaultKind] = DAMAGE;

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let Fact::FetchAnswered { node, partition, topic_id: Some(topic_id), fetch_offset, error: 0, batches, .. } =
            fact
        else {
            return;
        };
        let ghost = case.cluster.ghost;
        let Some(id) = ghost.by_id(*node, *topic_id, partition.partition) else { return };
        let log = ghost.log(id);
        if !log.present {
            return;
        }
        let shown = case.cluster.nodes.view(*node);
        let damaged = shown.and_then(|view| view.log(*topic_id, partition.partition)?.corrupt_from);
        if batches.is_empty() && damaged.is_some_and(|corrupt| *fetch_offset >= corrupt) {
            case.charge(self, &Scope::client(u16::MAX), "end-of-log", || {
                format!(
                    "a fetch of {partition} from offset {fetch_offset}, behind damage, was answered as the log's end"
                )
            });
        }
        let first = log.position(*fetch_offset);
        for (place, batch) in (first..).zip(batches) {
            if !self.is_next(log, place, batch, case) {
                return;
            }
        }
    }
}

impl EndToEnd {
    /// Whether a fetched batch is the one at this place of the log; if not, says what is wrong.
    fn is_next(&self, log: &LogGhost, place: usize, batch: &BatchSeen, case: &mut Case<'_>) -> bool {
        let base = batch.base_offset;
        let scope = Scope::range(log, base, batch.last_offset.max(base).saturating_add(1));
        match log.batches.get(place) {
            Some(held) if held.base_offset == base && held.hash == batch.hash && batch.valid => return true,
            Some(held) if held.base_offset < base => {
                if let Some(fault) = case.cluster.ledger.index_fault(&log.log, DAMAGE) {
                    case.verdicts.excuse(Self::ID, fault);
                } else {
                    self.skipped(log, held.base_offset, base, case);
                }
            }
            Some(held) if held.base_offset == base => {
                let kind = if batch.valid { "changed" } else { "corrupt" };
                case.charge(self, &scope, kind, || {
                    format!("the batch at offset {base} of {} was fetched {kind}", log.log)
                });
            }
            _ => case.charge(self, &scope, "unknown", || {
                format!("a batch at offset {base} of {} was fetched that does not stand there", log.log)
            }),
        }
        false
    }

    fn skipped(&self, log: &LogGhost, due: i64, base: i64, case: &mut Case<'_>) {
        case.charge(self, &Scope::client(u16::MAX), "skipped", || {
            format!("a fetch from {} went on with offset {base} where offset {due} stands", log.log)
        });
    }
}

/// W51. A batch's greatest timestamp is that of its records. (That the time index agrees with it is W45's; retention is
/// not built.) Source: ORACLES; KIP-32.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timestamps;

impl Judge for Timestamps {
    const ID: PropertyId =
        PropertyId { id: "W51", name: "timestamps", sentence: "A batch's greatest timestamp is that of its records." };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Appended]);

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let Fact::Appended { log, batch, .. } = fact else { return };
        let Some(greatest) = batch.records.iter().map(|record| record.timestamp).max() else { return };
        if batch.valid && greatest != batch.max_timestamp {
            case.charge(self, &Scope::node(log.node), "max-timestamp", || {
                let (base, says) = (batch.base_offset, batch.max_timestamp);
                format!("the batch at offset {base} of {log} says {says}, the greatest timestamp of its records is {greatest}")
            });
        }
    }
}

/// W11. A consumer gets only what lies below the high watermark that the answer itself states, and, where there are
/// several replicas, below the greatest that any leader has stated of the partition. (A follower gets everything.)
/// Source: ORACLES; bugs R21 R23 R25.
#[derive(Clone, Debug, Default)]
pub(crate) struct CommittedOnly;

impl Judge for CommittedOnly {
    const ID: PropertyId = PropertyId {
        id: "W11",
        name: "no uncommitted exposure",
        sentence: "A consumer is given nothing at or above the high watermark.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::FetchAnswered]);

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let Fact::FetchAnswered {
            node,
            client: Some(client),
            partition,
            topic_id,
            error: 0,
            high_watermark,
            batches,
            ..
        } = fact
        else {
            return;
        };
        let stated = topic_id.map_or(i64::MAX, |id| stated_by_leaders(*node, id, partition.partition, case.cluster));
        let bound = stated.min(*high_watermark);
        let Some(batch) = batches.iter().find(|batch| batch.valid && batch.last_offset >= bound) else { return };
        let kind = if batch.last_offset >= *high_watermark { "uncommitted" } else { "above-any-leaders" };
        case.charge(self, &Scope::client(u16::MAX), kind, || {
            let last = batch.last_offset;
            format!("client {client} was given offset {last} of {partition}, whose high watermark is {bound}")
        });
    }
}

/// The greatest high watermark that a leader of a partition with several replicas has stated.
fn stated_by_leaders(node: NodeId, topic_id: Uuid, partition: i32, cluster: &Cluster<'_>) -> i64 {
    let ghost = cluster.ghost;
    let log = ghost.by_id(node, topic_id, partition).filter(|&log| ghost.is_replicated(log));
    log.map_or(i64::MAX, |log| ghost.partition(ghost.partition_of(log)).highest_ever)
}
