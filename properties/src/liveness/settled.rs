//! Watermarks have caught up.

use super::{running_replicas, unreachable};
use crate::fact::{Fact, FactKind, FactSet};
use crate::ghost::LogGhost;
use crate::judge::{Case, Judge};
use crate::property::{Claim, Cluster, PropertyId, Scope};
use broker_core::view::LogView;
use std::collections::BTreeMap;
use wire::NodeId;

/// L04. At rest each leader's high watermark is its log's end, and so is its last stable offset while no transaction is
/// open. (A follower learns the high watermark with its next fetch only; where too few replicas run, it stands still.)
/// The metadata log is never idle (`metadata.max.idle.interval.ms`), so of it only what was there when faults stopped
/// counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settled {
    /// The end of each node's metadata log when faults stopped.
    metadata: BTreeMap<NodeId, i64>,
}

impl Judge for Settled {
    const ID: PropertyId = PropertyId {
        id: "L04",
        name: "high watermark reaches the end",
        sentence: "At rest the high watermark is the log's end, and the last stable offset too.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Healed, FactKind::AtRest]);

    fn claim(&self, scope: &Scope, cluster: &Cluster<'_>) -> Claim {
        unreachable(scope, cluster)
    }

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let cluster = case.cluster;
        if let Fact::Healed {} = fact {
            let logs = cluster.ghost.logs().map(|(_, log)| log).filter(|log| log.is_metadata());
            self.metadata = logs.map(|log| (log.log.node, log.end)).collect();
            return;
        }
        for &node in cluster.nodes.ids() {
            let Some(view) = cluster.nodes.view(node) else { continue };
            view.each_log(|log| self.check(node, &log, case));
        }
    }
}

impl Settled {
    fn check(&self, node: NodeId, log: &LogView<'_>, case: &mut Case<'_>) {
        let Some(ghost) = case.cluster.ghost.by_id(node, log.topic_id, log.partition) else { return };
        let ghost = case.cluster.ghost.log(ghost);
        let (end, high_watermark, stable) = (log.log_end_offset, log.high_watermark, log.last_stable_offset);
        let due =
            if ghost.is_metadata() { self.metadata.get(&node).map_or(end, |&healed| end.min(healed)) } else { end };
        if !ghost.present
            || !log.online
            || (!log.leads && replicated(ghost, case.cluster))
            || (high_watermark >= due && stable >= due)
        {
            return;
        }
        let state = case.cluster.ghost.state_of(ghost.home);
        if state.is_some_and(|it| (running_replicas(it, case.cluster) as i32) < case.cluster.ghost.min_isr(it)) {
            return;
        }
        let kind = if high_watermark >= due { "last-stable-offset" } else { "high-watermark" };
        case.charge(self, &Scope::range(ghost, high_watermark.min(stable), end), kind, || {
            format!(
                "{} ends at {end}, its high watermark is {high_watermark}, its last stable offset {stable}",
                ghost.log
            )
        });
    }
}

fn replicated(log: &LogGhost, cluster: &Cluster<'_>) -> bool {
    cluster.ghost.find(&log.log).is_some_and(|id| cluster.ghost.is_replicated(id))
}
