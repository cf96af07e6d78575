//! What must follow when a disk call fails.

use crate::fact::{Fact, FactKind, FactSet, LogRef};
use crate::ghost::LogGhost;
use crate::judge::{Case, Judge};
use crate::property::{PropertyId, Scope};
use broker_core::Event;
use std::fmt::Display;
use wire::{LogDirId, NodeId};

/// W44. After a write or a sync of a log directory failed, nothing is appended there, and from the next input on
/// nothing of it is acknowledged, committed or checkpointed until the node has started again (what was committed before
/// may still be acknowledged: its answer waits for the other partitions of the request); if it was the metadata
/// directory (which is also the last of a node with one directory), the node halts. Source: fsyncgate; KIP-858; bugs
/// D01 D02.
#[derive(Clone, Debug, Default)]
pub(crate) struct FailureSticks;

const METADATA_DIR: LogDirId = LogDirId(0);

impl Judge for FailureSticks {
    const ID: PropertyId = PropertyId {
        id: "W44",
        name: "failed sync is sticky",
        sentence: "After a failed write or sync nothing is appended, acknowledged or checkpointed in that log directory.",
    };
    const INTERESTS: FactSet = FactSet::of(&[
        FactKind::Appended,
        FactKind::ProduceAnswered,
        FactKind::FetchAnswered,
        FactKind::FileReplaced,
        FactKind::Stated,
    ]);

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let ghost = case.cluster.ghost;
        match fact {
            Fact::Appended { log, log_dir, .. } => {
                let failed = ghost.node(log.node).is_some_and(|node| node.failed_dirs.contains_key(log_dir));
                self.charge_if(failed, log.node, *log_dir, "append", log, case);
            }
            Fact::ProduceAnswered {
                node, topic_id: Some(id), partition, error: 0, acks, base_offset, uids, ..
            } if *acks != 0 => {
                let end = base_offset.saturating_add(uids.len() as i64);
                let log = ghost.by_id(*node, *id, partition.partition).map(|log| ghost.log(log));
                self.check_log(log.filter(|log| end > log.high_watermark), "ack", case);
            }
            Fact::Stated { node, event: Event::HighWatermarkAdvanced { partition, .. } } => {
                self.check_log(ghost.named(*node, partition), "high-watermark", case);
            }
            Fact::FileReplaced { node, log_dir, path, .. } => {
                let failed = ghost.node(*node).is_some_and(|node| node.failed_before(*log_dir, case.cluster.moment));
                self.charge_if(failed, *node, *log_dir, "checkpoint", path, case);
            }
            _ => {}
        }
        if let Fact::ProduceAnswered { node, .. } | Fact::FetchAnswered { node, .. } = fact {
            let failed = ghost.node(*node).is_some_and(|node| node.failed_before(METADATA_DIR, case.cluster.moment));
            self.charge_if(failed, *node, METADATA_DIR, "not-halted", &"an answer to a client", case);
        }
    }
}

impl FailureSticks {
    fn check_log(&self, log: Option<&LogGhost>, kind: &'static str, case: &mut Case<'_>) {
        let Some((log, log_dir)) = log.and_then(|log| Some((log, log.log_dir?))) else { return };
        let node = case.cluster.ghost.node(log.log.node);
        let failed = node.is_some_and(|node| node.failed_before(log_dir, case.cluster.moment));
        self.charge_if(failed, log.log.node, log_dir, kind, &log.log, case);
    }

    fn charge_if(
        &self,
        failed: bool,
        node: NodeId,
        log_dir: LogDirId,
        kind: &'static str,
        what: &dyn Display,
        case: &mut Case<'_>,
    ) {
        if failed {
            case.charge(self, &Scope::node(node), kind, || {
                format!("{kind} after log directory {} of node {node} had failed: {what}", log_dir.0)
            });
        }
    }
}

/// W48. A failed append leaves the log's end where it was: nothing at or above it is acknowledged, committed or served
/// in that incarnation. Source: ORACLES; bug D02.
#[derive(Clone, Debug, Default)]
pub(crate) struct AppendAllOrNothing;

impl Judge for AppendAllOrNothing {
    const ID: PropertyId = PropertyId {
        id: "W48",
        name: "append is all or nothing",
        sentence: "A failed append leaves the log's end where it was, and no bytes behind it that anybody sees.",
    };
    const INTERESTS: FactSet =
        FactSet::of(&[FactKind::ProduceAnswered, FactKind::FetchAnswered, FactKind::Stated, FactKind::AtRest]);

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let ghost = case.cluster.ghost;
        match fact {
            Fact::ProduceAnswered {
                node, topic_id: Some(id), partition, error: 0, acks, base_offset, uids, ..
            } if *acks != 0 => {
                let log = ghost.by_id(*node, *id, partition.partition).map(|log| ghost.log(log));
                self.check(log, base_offset.saturating_add(uids.len() as i64), "acknowledged", case);
            }
            Fact::FetchAnswered { node, topic_id: Some(id), partition, error: 0, batches, .. } => {
                let log = ghost.by_id(*node, *id, partition.partition).map(|log| ghost.log(log));
                let end = batches.last().map_or(0, |batch| batch.last_offset.saturating_add(1));
                self.check(log, end, "served", case);
            }
            Fact::Stated { node, event: Event::HighWatermarkAdvanced { partition, to } } => {
                self.check(ghost.named(*node, partition), *to, "committed", case);
            }
            Fact::AtRest {} => {
                for (_, log) in ghost.logs().filter(|(_, log)| log.half_written.is_some()) {
                    self.check(Some(log), shown_end(&log.log, case), "in-the-log", case);
                }
            }
            _ => {}
        }
    }
}

impl AppendAllOrNothing {
    fn check(&self, log: Option<&LogGhost>, end: i64, kind: &'static str, case: &mut Case<'_>) {
        let Some((log, failed_at)) = log.and_then(|log| Some((log, log.half_written?))) else { return };
        if end > failed_at {
            case.charge(self, &Scope::range(log, failed_at, end), kind, || {
                format!("an append to {} failed at offset {failed_at}, and offsets up to {end} are {kind}", log.log)
            });
        }
    }
}

fn shown_end(log: &LogRef, case: &Case<'_>) -> i64 {
    let view = case.cluster.nodes.view(log.node);
    view.and_then(|view| view.log(log.topic_id, log.partition.partition)).map_or(0, |log| log.log_end_offset)
}
