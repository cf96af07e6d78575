//! Requests of an older epoch than the receiver's.

use super::role;
use crate::fact::{Fact, FactKind, FactSet};
use crate::judge::{Case, Judge};
use crate::property::{PropertyId, Scope};
use broker_core::event::Partition;
use std::collections::BTreeMap;
use wire::{NodeId, TopicPartition, Uuid};

/// W20, of fetches between brokers, those of a session (KIP-227) included: what a follower asks for in a leader epoch that
/// the receiver has left behind, be it when the request came or while it waited, is answered with an error, and so counts
/// for nothing. Source: ORACLES; KIP-320; bugs R07 R27.
#[derive(Clone, Debug, Default)]
pub(crate) struct StaleFetches {
    /// The leader epoch that a node has stated last of a partition.
    epochs: BTreeMap<(NodeId, Uuid, i32), i32>,
    /// What of a request is asked for in an epoch, until it is answered.
    asked: BTreeMap<(u32, i32), Vec<Asked>>,
}

#[derive(Clone, Debug)]
struct Asked {
    topic_id: Uuid,
    partition: TopicPartition,
    epoch: i32,
}

impl Judge for StaleFetches {
    const ID: PropertyId = PropertyId {
        id: "W20",
        name: "stale requests are no-ops",
        sentence: "A fetch in an older leader epoch than the receiver's is refused.",
    };
    const INTERESTS: FactSet =
        FactSet::of(&[FactKind::Started, FactKind::Stated, FactKind::FollowerFetched, FactKind::FollowerAnswered]);

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        match fact {
            Fact::Started { node, .. } => self.epochs.retain(|(of, ..), _| of != node),
            Fact::Stated { node, event } => {
                if let Some((Partition { topic_id, partition, .. }, epoch)) = role(event) {
                    self.epochs.insert((*node, *topic_id, *partition), epoch);
                }
            }
            Fact::FollowerFetched {
                correlation, topic_id: Some(topic_id), partition, current_leader_epoch, ..
            } => {
                let asked = Asked { topic_id: *topic_id, partition: partition.clone(), epoch: *current_leader_epoch };
                self.asked.entry(*correlation).or_default().push(asked);
            }
            Fact::FollowerAnswered { node, correlation, error, failed } => {
                let answered = self.asked.remove(correlation).filter(|_| *error == 0).unwrap_or_default();
                for asked in answered.iter().filter(|asked| !failed.contains(&asked.partition)) {
                    self.check(*node, asked, case);
                }
            }
            _ => {}
        }
    }
}

impl StaleFetches {
    fn check(&self, node: NodeId, asked: &Asked, case: &mut Case<'_>) {
        let Asked { topic_id, partition, epoch } = asked;
        let Some(&own) = self.epochs.get(&(node, *topic_id, partition.partition)) else { return };
        if (0..own).contains(epoch) {
            case.charge(self, &Scope::node(node), "served", || {
                format!("node {node} is in epoch {own} of {partition} and served a fetch in epoch {epoch}")
            });
        }
    }
}
