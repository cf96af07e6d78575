//! What a run went through that most of its worth depends on: a crash, a change of leaders, an ISR that shrank and grew.

use super::leaders::Key;
use super::states::States;
use crate::outcome::{Share, Shares};
use crate::plan::{Action, ClientOp, Plan, Who};
use broker_core::Event;
use broker_core::event::Partition;
use properties::Stop;
use std::collections::BTreeMap;
use wire::files::METADATA_TOPIC_ID;
use wire::{Instant, NodeId};

/// Follows leaders and ISRs of the topics' partitions.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch {
    crashed: bool,
    leader_changed: bool,
    isr_grew_again: bool,
    leaders: BTreeMap<Key, NodeId>,
    isrs: BTreeMap<Key, Isr>,
    pub(super) states: States,
}

/// The size of a committed ISR, its epoch, and whether it has shrunk before.
#[derive(Clone, Copy, Debug, Default)]
struct Isr {
    epoch: i32,
    size: usize,
    shrank: bool,
}

impl Watch {
    /// A broker that lived has stopped.
    pub(super) fn stopped(&mut self, how: Stop) {
        self.crashed |= matches!(how, Stop::Kill | Stop::PowerLoss);
    }

    /// A broker states something.
    pub(super) fn stated(&mut self, node: NodeId, event: &Event, now: Instant) {
        match event {
            Event::ElectionStarted { pre_vote: false, .. } | Event::Resigned { .. } => self.states.electing = true,
            Event::LeaderElected { partition, .. } if partition.topic_id == METADATA_TOPIC_ID => {
                self.states.electing = false;
            }
            Event::LeaderElected { partition, .. } if partition.topic_id != METADATA_TOPIC_ID => {
                let before = self.leaders.insert(key(partition), node);
                self.leader_changed |= before.is_some_and(|before| before != node);
            }
            Event::IsrChanged { partition, partition_epoch, isr, .. } => {
                let known = self.isrs.entry(key(partition)).or_default();
                self.isr_grew_again |= known.becomes(*partition_epoch, isr.len());
            }
            _ => {}
        }
        if let Some(partition) = replica_of(event) {
            let (leads, isr) = (self.leaders.get(&key(partition)) == Some(&node), self.isrs.get(&key(partition)));
            self.states.count(leads, isr.map_or(0, |isr| isr.size), now);
        }
    }

    /// What a run of this Plan could have gone through, and did.
    pub(super) fn shares(&self, plan: &Plan) -> Shares {
        let deposes = plan.steps.iter().any(|step| takes_away(&step.action) && !matches!(step.who, Who::Client(_)));
        let replicated = plan.steps.iter().any(|step| is_replicated(&step.action)) || replicates(plan);
        let replicated = replicated && deposes;
        Shares {
            crash: Share { enabled: plan.steps.iter().any(|step| can_crash(&step.action)), seen: self.crashed },
            leader_change: Share { enabled: replicated, seen: self.leader_changed },
            isr_cycle: Share { enabled: replicated, seen: self.isr_grew_again },
        }
    }
}

impl Isr {
    /// An ISR of this epoch was committed; whether it grew after it had shrunk. Old news change nothing.
    fn becomes(&mut self, epoch: i32, size: usize) -> bool {
        if epoch < self.epoch || size == 0 {
            return false;
        }
        self.shrank |= size < self.size;
        let grew = self.shrank && size > self.size && self.size > 0;
        (self.epoch, self.size) = (epoch, size);
        grew
    }
}

fn key(partition: &Partition) -> Key {
    (partition.topic_id, partition.partition)
}

fn can_crash(action: &Action) -> bool {
    matches!(
        action,
        Action::Kill { .. } | Action::PowerLoss { .. } | Action::DieAtCall { .. } | Action::WipeDisk { .. }
    )
}

/// Whether it takes a broker away from the others, for a moment at least.
fn takes_away(action: &Action) -> bool {
    can_crash(action)
        || matches!(
            action,
            Action::CleanRestart { .. }
                | Action::Pause { .. }
                | Action::Partition { .. }
                | Action::Split { .. }
                | Action::Ring { .. }
                | Action::CutControllers { .. }
        )
}

/// The partition of a topic whose replica states something about itself.
fn replica_of(event: &Event) -> Option<&Partition> {
    match event {
        Event::LeaderElected { partition, .. }
        | Event::BecameFollower { partition, .. }
        | Event::IsrChanged { partition, .. }
        | Event::Diverged { partition, .. }
        | Event::HighWatermarkAdvanced { partition, .. } => {
            Some(partition).filter(|partition| partition.topic_id != METADATA_TOPIC_ID)
        }
        _ => None,
    }
}

fn is_replicated(action: &Action) -> bool {
    matches!(action, Action::Do(ClientOp::CreateTopic { replication_factor: 2.., .. }))
}

/// Whether topics are replicated that do not say how often.
fn replicates(plan: &Plan) -> bool {
    let factor = plan.topology.config.get("default.replication.factor").and_then(|value| value.trim().parse().ok());
    factor.unwrap_or(1) > 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::Uuid;

    fn partition(topic_id: u128) -> Partition {
        Partition { topic_id: Uuid(topic_id), topic: "t".into(), partition: 0 }
    }

    fn elected(topic_id: u128) -> Event {
        Event::LeaderElected { partition: partition(topic_id), leader_epoch: 0, start_offset: 0 }
    }

    fn isr(partition_epoch: i32, isr: &[i32]) -> Event {
        let (isr, maximal_isr) = (isr.to_vec(), isr.to_vec());
        Event::IsrChanged { partition: partition(7), leader_epoch: 0, partition_epoch, isr, maximal_isr, min_isr: 1 }
    }

    #[test]
    fn only_another_node_is_a_change_and_only_of_a_topic() {
        let mut watch = Watch::default();
        for (node, event) in [(1, elected(1)), (2, elected(1)), (1, elected(7)), (1, elected(7)), (2, elected(8))] {
            watch.stated(NodeId(node), &event, Instant(0));
        }
        assert!(!watch.leader_changed);
        watch.stated(NodeId(2), &elected(7), Instant(0));
        assert!(watch.leader_changed);
    }

    #[test]
    fn an_isr_must_shrink_before_it_grows() {
        let cycled = |events: &[Event]| {
            let mut watch = Watch::default();
            events.iter().for_each(|event| watch.stated(NodeId(1), event, Instant(0)));
            watch.isr_grew_again
        };
        assert!(!cycled(&[isr(0, &[1]), isr(1, &[1, 2]), isr(2, &[1, 2, 3])]));
        assert!(!cycled(&[isr(0, &[1, 2, 3]), isr(1, &[1])]));
        assert!(!cycled(&[isr(3, &[1]), isr(1, &[1, 2, 3])]), "old news");
        assert!(cycled(&[isr(0, &[1, 2, 3]), isr(1, &[1]), isr(1, &[1]), isr(2, &[1, 3])]));
    }
}
