//! What the controller commits of a partition is a state that it may be in.

use super::unless_metadata_broke;
use crate::fact::{Fact, FactKind, FactSet, Stop};
use crate::ghost::{Change, Image, PartitionState};
use crate::judge::{Case, Judge};
use crate::property::{Claim, Cluster, PropertyId, Scope};
use std::collections::BTreeMap;
use wire::metadata::MetadataRecord;
use wire::{NodeId, Uuid};

/// W16. The ISR are replicas; the leader is one of them, or there is none; ELR and ISR have nobody in common; an ISR of
/// at least `min.insync.replicas`, as in force at the partition's last change, leaves no ELR; without ELR the ISR is never empty; and no
/// broker that is fenced or about to stop is in the ISR, except as the last one without ELR. Judged when all records of
/// a commit are applied. Source: KIP-841, KIP-966; TLA+: ValidControllerIsrAndElr, LeaderInIsr; bugs R15 R43 R51.
#[derive(Clone, Debug, Default)]
pub(crate) struct IsrLegality;

impl Judge for IsrLegality {
    const ID: PropertyId = PropertyId {
        id: "W16",
        name: "ISR legality",
        sentence: "Leader, ISR and ELR of a partition are what they may be, and no fenced broker is in sync.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Stated]);

    fn claim(&self, _: &Scope, cluster: &Cluster<'_>) -> Claim {
        unless_metadata_broke(cluster)
    }

    fn observe(&mut self, _: &Fact, case: &mut Case<'_>) {
        let metadata = case.cluster.ghost.metadata();
        let of_broker = |change: &Change| !matches!(change, Change::Partition { .. });
        if metadata.changes().iter().any(of_broker) {
            metadata.image().partitions().for_each(|(id, state)| self.check(*id, state, case));
            return;
        }
        for change in metadata.changes() {
            if let Change::Partition { id, .. } = change
                && let Some(state) = metadata.image().partition(id.0, id.1)
            {
                self.check(*id, state, case);
            }
        }
    }
}

impl IsrLegality {
    fn check(&self, (_, index): (Uuid, i32), state: &PartitionState, case: &mut Case<'_>) {
        let ghost = case.cluster.ghost;
        let Some(kind) = illegal(state, ghost.metadata().image(), ghost.min_isr(state)) else { return };
        case.charge(self, &Scope::default(), kind, || {
            let PartitionState { topic, leader, isr, elr, replicas, .. } = state;
            format!("{topic}-{index} has leader {leader}, ISR {isr:?} and ELR {elr:?} of {replicas:?}: {kind}")
        });
    }
}

fn illegal(state: &PartitionState, image: &Image, min_isr: i32) -> Option<&'static str> {
    let (isr, elr) = (&state.isr, &state.elr);
    let out = |id: &i32| image.broker(*id).is_some_and(|broker| broker.fenced || broker.in_controlled_shutdown);
    let last = isr.len() == 1 && !image.keeps_elr();
    if isr.iter().chain(elr).any(|id| !state.replicas.contains(id)) {
        Some("not-a-replica")
    } else if state.leader >= 0 && !isr.contains(&state.leader) {
        Some("leader-not-in-sync")
    } else if isr.iter().any(|id| elr.contains(id)) {
        Some("both-isr-and-elr")
    } else if isr.len() as i32 >= min_isr && !elr.is_empty() {
        Some("elr-beside-full-isr")
    } else if isr.is_empty() && !image.keeps_elr() {
        Some("empty-isr")
    } else if !last && isr.iter().any(out) {
        Some("fenced-in-isr")
    } else {
        None
    }
}

/// W29. Where ISR and ELR are empty, the last known leader is kept, and nobody else (as Apache Kafka built KIP-966).
/// Source: ORACLES; KIP-966.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastKnownLeader;

impl Judge for LastKnownLeader {
    const ID: PropertyId = PropertyId {
        id: "W29",
        name: "last known leader",
        sentence: "Where ISR and ELR are empty, the last leader is remembered.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Stated]);

    fn observe(&mut self, _: &Fact, case: &mut Case<'_>) {
        for change in case.cluster.ghost.metadata().changes() {
            let Change::Partition { id: (_, index), before: Some(_), after } = change else { continue };
            if !after.isr.is_empty() || !after.elr.is_empty() || after.last_known_elr == [after.last_leader] {
                continue;
            }
            case.charge(self, &Scope::default(), "forgotten", || {
                let (topic, last, known) = (&after.topic, after.last_leader, &after.last_known_elr);
                format!("{topic}-{index} has neither ISR nor ELR; it was led by {last}, and {known:?} is kept")
            });
        }
    }
}

/// W19. With ELR, a broker that registers after an unclean stop (a kill is one, too) is in no ISR and no ELR, and leads
/// nothing, until it has caught up; only as the last known leader, where both are empty, it may lead again. Judged when
/// its registration is committed, if it is still that incarnation's. Source: KIP-966; bugs R13 R17.
#[derive(Clone, Debug, Default)]
pub(crate) struct UncleanExclusion {
    /// In which incarnation a broker was, and whether it came after an unclean stop, when its registration was written.
    written: BTreeMap<(i32, i64), (u32, bool)>,
}

impl Judge for UncleanExclusion {
    const ID: PropertyId = PropertyId {
        id: "W19",
        name: "unclean exclusion",
        sentence: "After an unclean stop a broker is eligible for nothing until it has caught up.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Appended, FactKind::Stated]);

    fn claim(&self, _: &Scope, cluster: &Cluster<'_>) -> Claim {
        unless_metadata_broke(cluster)
    }

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        match fact {
            Fact::Appended { batch, .. } => {
                for record in batch.metadata.iter() {
                    if let MetadataRecord::RegisterBroker(record) = record {
                        self.note(record.broker_id, record.broker_epoch, case.cluster);
                    }
                }
            }
            Fact::Stated { .. } => {
                for change in case.cluster.ghost.metadata().changes() {
                    if let Change::Registered { broker, .. } = change {
                        self.check(*broker, case);
                    }
                }
            }
            _ => {}
        }
    }
}

impl UncleanExclusion {
    fn note(&mut self, broker: i32, epoch: i64, cluster: &Cluster<'_>) {
        let Some(node) = cluster.ghost.node(NodeId(broker)) else { return };
        let died = node.last_registered_stop.is_some_and(|how| how != Stop::Shutdown);
        let unclean = died && !node.found_marker;
        self.written.entry((broker, epoch)).or_insert((node.incarnation, unclean));
    }

    fn check(&self, broker: i32, case: &mut Case<'_>) {
        let ghost = case.cluster.ghost;
        let image = ghost.metadata().image();
        let Some(node) = ghost.node(NodeId(broker)).filter(|node| node.running && image.keeps_elr()) else { return };
        let epoch = image.broker(broker).map_or(-1, |broker| broker.epoch);
        if self.written.get(&(broker, epoch)) != Some(&(node.incarnation, true)) {
            return;
        }
        for ((_, index), state) in image.partitions() {
            if state.isr.contains(&broker) || state.elr.contains(&broker) {
                case.charge(self, &Scope::node(NodeId(broker)), "eligible", || {
                    let PartitionState { topic, isr, elr, .. } = state;
                    format!(
                        "broker {broker} registered after an unclean stop; {topic}-{index} has ISR {isr:?}, ELR {elr:?}"
                    )
                });
            }
        }
    }
}
