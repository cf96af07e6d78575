//! Requests of an older epoch than the receiver's.

use super::role;
use crate::fact::{Fact, FactKind, FactSet};
use crate::judge::{Case, Judge};
use crate::property::{PropertyId, Scope};
use broker_core::event::Partition;
use std::collections::BTreeMap;
use wire::{NodeId, TopicPartition, Uuid};

/// W20, of fetches between brokers, those of a session (KIP-227) included: what a follower asks for in a leader epoch that
/// the receiver had left behind when it came is answered with an error, and so counts for nothing. Source: ORACLES;
/// KIP-320; bugs R07 R27.
#[derive(Clone, Debug, Default)]
pub(crate) struct StaleFetches {
    /// The leader epoch that a node has stated last of a partition.
    epochs: BTreeMap<(NodeId, Uuid, i32), i32>,
    /// What of a request is stale, until it is answered; most requests have nothing here.
    stale: BTreeMap<(u32, i32), Vec<Stale>>,
}

#[derive(Clone, Debug)]
struct Stale {
    partition: TopicPartition,
    asked: i32,
    own: i32,
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
            Fact::FollowerFetched { correlation, .. } => {
                if let Some(stale) = self.is_stale(fact) {
                    self.stale.entry(*correlation).or_default().push(stale);
                }
            }
            Fact::FollowerAnswered { node, correlation, error, failed } => {
                let served = self.stale.remove(correlation).filter(|_| *error == 0).unwrap_or_default();
                for stale in served.iter().filter(|stale| !failed.contains(&stale.partition)) {
                    self.charge(*node, stale, case);
                }
            }
            _ => {}
        }
    }
}

impl StaleFetches {
    fn is_stale(&self, fact: &Fact) -> Option<Stale> {
        let Fact::FollowerFetched { node, topic_id: Some(topic_id), partition, current_leader_epoch, .. } = fact else {
            return None;
        };
        let &own = self.epochs.get(&(*node, *topic_id, partition.partition))?;
        let stale = (0..own).contains(current_leader_epoch);
        stale.then(|| Stale { partition: partition.clone(), asked: *current_leader_epoch, own })
    }

    fn charge(&self, node: NodeId, stale: &Stale, case: &mut Case<'_>) {
        let Stale { partition, asked, own } = stale;
        case.charge(self, &Scope::node(node), "served", || {
            format!("node {node} is in epoch {own} of {partition} and served a fetch in epoch {asked}")
        });
    }
}
