//! Whoever may be made leader has everything.

use super::{Advance, damaged_leader, replica, unless_metadata_broke};
use crate::fact::{Fact, FactKind, FactSet};
use crate::ghost::{Change, PartitionGhost, PartitionState};
use crate::judge::{Case, Judge};
use crate::property::{Claim, Cluster, PropertyId, Scope};
use broker_core::Event;
use wire::NodeId;

/// W05. Each member of ISR and ELR that runs has the committed prefix. One that lost something by a fault, or whose
/// present incarnation the controller has not registered yet, is left out until it has caught up, or is registered. What
/// stands in a leader's log that a fault damaged is nobody else's measure.
/// Judged when the committed prefix grows and when the controller commits a change. Source: KIP-966; TLA+:
/// LeaderCandidateCompleteness; bugs R09 R11 R12 R13.
#[derive(Clone, Debug, Default)]
pub(crate) struct CandidateCompleteness;

impl Judge for CandidateCompleteness {
    const ID: PropertyId = PropertyId {
        id: "W05",
        name: "LeaderCandidateCompletenessProperty",
        sentence: "Every running replica of ISR and ELR has everything that was committed.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Stated]);

    fn claim(&self, scope: &Scope, cluster: &Cluster<'_>) -> Claim {
        let damaged = scope.log.as_ref().and_then(|log| damaged_leader(log, cluster));
        damaged.map_or_else(|| unless_metadata_broke(cluster), Claim::Excused)
    }

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let Fact::Stated { node, event: event @ Event::HighWatermarkAdvanced { .. } } = fact else { return };
        let ghost = case.cluster.ghost;
        if let Some(advance) = Advance::of(*node, event, ghost).filter(|advance| !advance.partition.is_metadata())
            && let Some(state) = ghost.state_of(advance.log.home)
        {
            self.check(advance.partition, state, case);
        }
        for change in ghost.metadata().changes() {
            let Change::Partition { id: (topic_id, index), after, .. } = change else { continue };
            if let Some(partition) = ghost.partition_by_id(*topic_id, *index) {
                self.check(partition, after, case);
            }
        }
    }
}

impl CandidateCompleteness {
    fn check(&self, partition: &PartitionGhost, state: &PartitionState, case: &mut Case<'_>) {
        let due = partition.committed_end();
        // What the choice of a leader costs is settled when it leads.
        if due == 0 || state.replicas.len() < 2 || partition.is_choosing() {
            return;
        }
        for node in state.isr.iter().chain(&state.elr).map(|&id| NodeId(id)) {
            let Some(log) = replica(case.cluster.ghost, partition, node) else { continue };
            if log.damaged || !log.present || partition.held_by(log) >= due || !known_to_run(node, case.cluster) {
                continue;
            }
            case.charge(self, &Scope::log(log), "incomplete", || {
                let (held, isr, elr) = (partition.held_by(log), &state.isr, &state.elr);
                format!("{} has what is committed up to {held} of {due}; ISR {isr:?}, ELR {elr:?}", log.log)
            });
        }
    }
}

/// Whether a node runs in the incarnation that the controller has registered.
fn known_to_run(node: NodeId, cluster: &Cluster<'_>) -> bool {
    let ghost = cluster.ghost;
    let Some(it) = ghost.node(node).filter(|it| it.running && it.opened) else { return false };
    let registered = ghost.metadata().image().broker(node.0);
    registered.and_then(|broker| ghost.registered_in(node, broker.epoch)) == Some(it.incarnation)
}
