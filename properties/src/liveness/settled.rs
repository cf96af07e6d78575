//! Watermarks have caught up.

use super::unreachable;
use crate::fact::{Fact, FactKind, FactSet};
use crate::judge::{Case, Judge};
use crate::property::{Claim, Cluster, PropertyId, Scope};
use broker_core::view::LogView;
use wire::NodeId;

/// L04. At rest each log's high watermark is its end, and so is its last stable offset while no transaction is open.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settled;

impl Judge for Settled {
    const ID: PropertyId = PropertyId {
        id: "L04",
        name: "high watermark reaches the end",
        sentence: "At rest the high watermark is the log's end, and the last stable offset too.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::AtRest]);

    fn claim(&self, scope: &Scope, cluster: &Cluster<'_>) -> Claim {
        unreachable(scope, cluster)
    }

    fn observe(&mut self, _: &Fact, case: &mut Case<'_>) {
        let cluster = case.cluster;
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
        if !ghost.present || !log.online || (high_watermark == end && stable == end) {
            return;
        }
        let kind = if high_watermark == end { "last-stable-offset" } else { "high-watermark" };
        case.charge(self, &Scope::range(ghost, high_watermark.min(stable), end), kind, || {
            format!(
                "{} ends at {end}, its high watermark is {high_watermark}, its last stable offset {stable}",
                ghost.log
            )
        });
    }
}
