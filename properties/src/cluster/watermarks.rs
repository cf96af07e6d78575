//! High watermarks: what they promise, and their bounds.

use super::{Advance, damaged_leader, replica, unless_metadata_broke};
use crate::fact::{Fact, FactKind, FactSet};
use crate::ghost::{LogGhost, PartitionGhost};
use crate::judge::{Case, Judge};
use crate::ledger::{CHANGED_BYTES, FaultKind};
use crate::property::{Claim, Cluster, PropertyId, Scope};
use broker_core::Event;
use broker_core::view::LogView;
use std::collections::BTreeMap;
use wire::{NodeId, Uuid};

/// W07. When a leader's high watermark advances, each member of its maximal ISR, as it stated it last, holds what lies
/// below as the leader does. A member counts by what it held when it sent the last fetch that reached the leader: one
/// that has stopped since, or that a later leader made cut, is no witness any more. Source: KIP-497; TLA+: WeakIsr,
/// ValidHighWatermark; bugs R07 R11 R27.
#[derive(Clone, Debug, Default)]
pub(crate) struct HighWatermarkSound;

impl Judge for HighWatermarkSound {
    const ID: PropertyId = PropertyId {
        id: "W07",
        name: "ValidHighWatermark",
        sentence: "A high watermark advances only to where every replica of the leader's ISR has the same.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Stated]);

    fn claim(&self, scope: &Scope, cluster: &Cluster<'_>) -> Claim {
        damaged(scope, cluster)
    }

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let Fact::Stated { node, event } = fact else { return };
        let Some(advance) = Advance::of(*node, event, case.cluster.ghost) else { return };
        let (topic_id, index) = (advance.partition.topic_id, advance.partition.partition.partition);
        let stated = case.cluster.ghost.leader_isr(*node, topic_id, index);
        let Some(Event::IsrChanged { leader_epoch, maximal_isr, .. }) = stated else { return };
        if *leader_epoch == advance.epoch {
            check_members(self, &advance, maximal_isr, case);
        }
    }
}

/// W81. The same of every replica that presumes to lead, also one that is none any more, and of the ISR that the
/// controller has committed. Not claimed of a former leader's once a permitted loss has taken what was committed.
/// Source: TLA+ Kip320: StrongIsr; bug R36.
#[derive(Clone, Debug, Default)]
pub(crate) struct StrongIsr;

impl Judge for StrongIsr {
    const ID: PropertyId = PropertyId {
        id: "W81",
        name: "StrongIsr",
        sentence: "What lies below any presumed leader's high watermark is on every replica of the true ISR.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Stated]);

    fn claim(&self, scope: &Scope, cluster: &Cluster<'_>) -> Claim {
        damaged(scope, cluster)
    }

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let Fact::Stated { node, event } = fact else { return };
        let Some(advance) = Advance::of(*node, event, case.cluster.ghost) else { return };
        let Some(state) = case.cluster.ghost.state_of(advance.log.home) else { return };
        let binds = advance.partition.generation == 0 && advance.partition.commits_in(advance.epoch);
        if state.leader_epoch == advance.epoch || binds {
            check_members(self, &advance, &state.isr, case);
        }
    }
}

fn damaged(scope: &Scope, cluster: &Cluster<'_>) -> Claim {
    let leader = || scope.log.as_ref().and_then(|log| damaged_leader(log, cluster));
    let damaged = cluster.ledger.excuse(scope, CHANGED_BYTES).or_else(leader);
    damaged.map_or_else(|| unless_metadata_broke(cluster), Claim::Excused)
}

fn check_members<J: Judge>(judge: &J, advance: &Advance<'_>, members: &[i32], case: &mut Case<'_>) {
    let Advance { partition, log, node, to, epoch } = *advance;
    let Some(prefix) = log.prefix_at(to) else { return };
    for member in members.iter().map(|&id| NodeId(id)).filter(|&member| member != node) {
        let held = replica(case.cluster.ghost, partition, member);
        let removed = held.is_some_and(|held| !held.present)
            && case.cluster.ghost.topics().deletion_asked(&log.log.partition.topic);
        let holds = held.is_some_and(|held| held.prefix_at(to) == Some(prefix));
        if removed || holds || counted(advance, member, case.cluster) {
            continue;
        }
        case.charge(judge, &Scope::range(held.unwrap_or(log), 0, to), "not-replicated", || {
            format!(
                "{} advanced its high watermark to {to} in epoch {epoch}, and node {member} does not have that",
                log.log
            )
        });
    }
}

/// Whether a member that does not hold it any more had fetched from there, and has been through something since.
fn counted(advance: &Advance<'_>, member: NodeId, cluster: &Cluster<'_>) -> bool {
    let ghost = cluster.ghost;
    let Some(fetch) = advance.partition.last_fetch(advance.node, member, advance.epoch) else { return false };
    let stopped = ghost.node(member).is_some_and(|it| !it.running || it.incarnation != fetch.incarnation);
    let overtaken = ghost.state_of(advance.log.home).is_some_and(|state| state.leader_epoch > advance.epoch);
    fetch.offset >= advance.to && (stopped || overtaken)
}

/// W08. Within a leader epoch a leader's high watermark never goes back. (That the greatest of all goes back only by a
/// permitted loss is how W13 and W04 keep it.) Source: ORACLES; Kafka's MonotonicHighWatermark; bugs C05 R17.
#[derive(Clone, Debug, Default)]
pub(crate) struct HighWatermarkMonotonic {
    last: BTreeMap<(NodeId, Uuid, i32), (u32, i32, i64)>,
}

impl Judge for HighWatermarkMonotonic {
    const ID: PropertyId = PropertyId {
        id: "W08",
        name: "MonotonicHighWatermark",
        sentence: "Within a leader epoch a high watermark never goes back.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Stated]);

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let Fact::Stated { node, event: Event::HighWatermarkAdvanced { partition, to } } = fact else { return };
        let ghost = case.cluster.ghost;
        let Some(log) = ghost.named(*node, partition) else { return };
        let epoch = log.elections.last().map_or(-1, |&(epoch, _)| epoch);
        let incarnation = ghost.node(*node).map_or(0, |node| node.incarnation);
        let key = (*node, partition.topic_id, partition.partition);
        let before = self.last.insert(key, (incarnation, epoch, *to));
        let Some((.., before)) = before.filter(|it| (it.0, it.1) == (incarnation, epoch) && it.2 > *to) else { return };
        case.charge(self, &Scope::node(*node), "went-back", || {
            format!("the high watermark of {} went from {before} to {to} in epoch {epoch}", log.log)
        });
    }
}

/// W09. A replica's high watermark lies between its log's start and end, and is at most the greatest that any leader of
/// the topic id has stated. A follower is looked at whenever it fetches, all at rest. Source: ORACLES; bugs R45 R50.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bounds;

impl Judge for Bounds {
    const ID: PropertyId = PropertyId {
        id: "W09",
        name: "bounds",
        sentence: "Log start <= high watermark <= log end, and no follower is ahead of every leader.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::FollowerFetched, FactKind::AtRest]);
    const EXCUSED_BY: &'static [FaultKind] = CHANGED_BYTES;

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        match fact {
            Fact::FollowerFetched { replica, topic_id: Some(topic_id), partition, .. } => {
                let view = case.cluster.nodes.view(*replica);
                if let Some(shown) = view.and_then(|view| view.log(*topic_id, partition.partition)) {
                    self.check(*replica, &shown, case);
                }
            }
            Fact::AtRest {} => {
                for &node in case.cluster.nodes.ids() {
                    let Some(view) = case.cluster.nodes.view(node) else { continue };
                    view.each_log(|shown| self.check(node, &shown, case));
                }
            }
            _ => {}
        }
    }
}

impl Bounds {
    fn check(&self, node: NodeId, shown: &LogView<'_>, case: &mut Case<'_>) {
        let ghost = case.cluster.ghost;
        let id = ghost.by_id(node, shown.topic_id, shown.partition).filter(|&id| ghost.is_replicated(id));
        let Some(log) = id.map(|id| ghost.log(id)).filter(|log| log.present && shown.online) else { return };
        let Some(kind) = out_of_bounds(log, ghost.partition(log.home), shown) else { return };
        case.charge(self, &Scope::log(log), kind, || {
            let (highest, end) = (ghost.partition(log.home).highest_ever, log.end);
            format!("{} ends at {end}, leaders stated {highest}, and its broker shows {shown:?}", log.log)
        });
    }
}

fn out_of_bounds(log: &LogGhost, partition: &PartitionGhost, shown: &LogView<'_>) -> Option<&'static str> {
    if shown.high_watermark < shown.log_start_offset {
        Some("below-start")
    } else if shown.high_watermark > log.end {
        Some("beyond-end")
    } else if !shown.leads && shown.high_watermark > partition.highest_ever {
        Some("ahead-of-leaders")
    } else {
        None
    }
}
