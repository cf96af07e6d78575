//! Who leads what at this moment, as the brokers that live believe; and whether somebody must, as the metadata log says.

use super::World;
use super::queue::ActorId;
use crate::observe::image::Assignments;
use broker_core::LogView;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use wire::{NodeId, Uuid};

/// The metadata log's topic id, as Kafka reserves it.
pub(super) const METADATA: Uuid = Uuid(1);

/// A partition by its topic's id and its index.
pub(super) type Key = (Uuid, i32);

/// A partition's log where it is led.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leader {
    pub(super) actor: ActorId,
    epoch: i32,
    end: i64,
    high_watermark: i64,
    /// The epoch of its log's last batch.
    last_epoch: Option<i32>,
    corrupt: bool,
    /// How many replicas are in sync.
    pub(super) in_sync: usize,
}

impl Leader {
    /// Whether a follower's log is where this one is. Where either holds a corrupt batch, nobody can say.
    pub(super) fn is_level_with(&self, follower: &LogView<'_>) -> bool {
        let alike = match follower.topic_id {
            // An idle controller goes on writing, so the watermark of its followers is never quite up to date; and what a former one
            // wrote last may be as long.
            METADATA => last_epoch(follower).zip(self.last_epoch).is_none_or(|(own, other)| own == other),
            _ => follower.high_watermark == self.high_watermark,
        };
        self.corrupt || follower.corrupt_from.is_some() || (follower.log_end_offset == self.end && alike)
    }
}

impl World {
    /// Visits every log of every broker that lives, in the order of the nodes. Those that stay as they are do not count.
    pub(super) fn each_log<'a>(&'a self, mut visit: impl FnMut(ActorId, LogView<'a>)) {
        for actor in self.cast.broker_ids().filter(|&actor| !self.cast.is_frozen(actor)) {
            if let Some(broker) = self.cast.broker(actor).and_then(|seat| seat.broker.as_ref()) {
                broker.view().each_log(|log| visit(actor, log));
            }
        }
    }

    /// Who leads what is wanted; of several who believe it, the one with the latest epoch.
    pub(super) fn leads(&self, wanted: impl Fn(&LogView<'_>) -> bool) -> Option<ActorId> {
        let mut best = None;
        self.each_log(|actor, log| {
            if log.leads && wanted(&log) {
                best = best.max(Some((log.leader_epoch, Reverse(actor))));
            }
        });
        best.map(|(_, Reverse(actor))| actor)
    }

    /// The brokers with a log of some kind, in ascending order.
    pub(super) fn hosts(&self, wanted: impl Fn(&LogView<'_>) -> bool) -> Vec<ActorId> {
        let mut found = Vec::new();
        self.each_log(|actor, log| {
            if wanted(&log) && found.last() != Some(&actor) {
                found.push(actor);
            }
        });
        found
    }

    /// Every partition that somebody leads, the metadata log included.
    pub(super) fn leaders(&self) -> BTreeMap<Key, Leader> {
        let mut leaders = BTreeMap::<Key, Leader>::new();
        self.each_log(|actor, log| {
            let key = (log.topic_id, log.partition);
            if log.leads && log.online && leaders.get(&key).is_none_or(|other| other.epoch < log.leader_epoch) {
                leaders.insert(key, leader(actor, &log));
            }
        });
        leaders
    }

    /// Whether there is a controller, everybody has its metadata, and every partition has a leader that has somebody who may lead it.
    /// One node leads whatever it opens.
    pub(super) fn is_led(&self) -> bool {
        self.cast.nodes.len() == 1 || self.leaderless().is_some_and(|partitions| partitions.is_empty())
    }

    /// Partitions that could have a leader and have none; None while there is no controller that all follow.
    pub(super) fn leaderless(&self) -> Option<Vec<Key>> {
        let leaders = self.leaders();
        let controller = *leaders.get(&(METADATA, 0))?;
        let (mut followed, mut orphans) = (true, BTreeMap::<Key, Vec<NodeId>>::new());
        self.each_log(|actor, log| match leaders.get(&(log.topic_id, log.partition)) {
            Some(leader) if log.topic_id == METADATA => followed &= actor == leader.actor || leader.is_level_with(&log),
            Some(_) => {}
            None if log.online => {
                let node = self.cast.broker(actor).map(|seat| seat.id);
                orphans.entry((log.topic_id, log.partition)).or_default().extend(node);
            }
            None => {}
        });
        if !followed {
            return None;
        }
        if !orphans.is_empty() {
            let assignments = self.assignments(&controller);
            orphans.retain(|key, hosts| self.may_be_led(&assignments, *key, hosts));
        }
        Some(orphans.into_keys().collect())
    }

    /// What the controller's log says, as far as it is committed.
    fn assignments(&self, controller: &Leader) -> Assignments {
        let seat = self.cast.broker(controller.actor);
        seat.map(|seat| seat.disk.assignments(controller.high_watermark)).unwrap_or_default()
    }

    fn may_be_led(&self, assignments: &Assignments, (topic_id, partition): Key, hosts: &[NodeId]) -> bool {
        let Some(assigned) = assignments.get(topic_id, partition) else { return false };
        hosts.iter().any(|host| assigned.may_lead(host.0))
    }
}

fn last_epoch(log: &LogView<'_>) -> Option<i32> {
    log.epochs.last().map(|&(epoch, _)| epoch)
}

fn leader(actor: ActorId, log: &LogView<'_>) -> Leader {
    Leader {
        actor,
        epoch: log.leader_epoch,
        end: log.log_end_offset,
        high_watermark: log.high_watermark,
        last_epoch: last_epoch(log),
        corrupt: log.corrupt_from.is_some(),
        in_sync: log.in_sync,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Action, ClientOp, ClientPlan, Role, Step, When, Who};
    use crate::world::fixture::plan;

    /// A node on which a topic has been created.
    fn with_topic() -> World {
        let mut plan = plan(1);
        plan.topology.clients.push(ClientPlan { id: 1, role: Role::Admin, config: BTreeMap::new() });
        let (name, configs) = ("orders".to_owned(), BTreeMap::new());
        let op = ClientOp::CreateTopic { name, partitions: 2, replication_factor: 1, configs };
        plan.steps.push(Step { id: 1, when: When::At(100_000), who: Who::Client(1), action: Action::Do(op) });
        plan.heal_at_us = 5_000_000;
        let mut world = World::new(&plan, Vec::new()).unwrap();
        world.run_until(|facts| facts.count("LeaderElected") == 3);
        while world.advance().is_some_and(|moment| moment.at.as_millis() < 1_000) {}
        world
    }

    #[test]
    fn leaders_are_found_and_the_metadata_log_says_who_may_be_one() {
        let world = with_topic();
        let leaders = world.leaders();
        assert_eq!(leaders.len(), 3, "two partitions and the metadata log");
        let assignments = world.assignments(&leaders[&(METADATA, 0)]);
        let topic_id = leaders.keys().map(|(topic_id, _)| *topic_id).find(|id| *id != METADATA).unwrap();
        for partition in 0..2 {
            assert!(assignments.get(topic_id, partition).is_some_and(|assigned| assigned.may_lead(1)));
            assert!(world.may_be_led(&assignments, (topic_id, partition), &[NodeId(1)]));
            assert!(!world.may_be_led(&assignments, (topic_id, partition), &[NodeId(2)]));
        }
        assert_eq!(assignments.iter().count(), 2);
        assert_eq!(world.leaderless(), Some(vec![]));
    }

    #[test]
    fn batches_of_the_metadata_log_tell_what_their_records_say() {
        let world = with_topic();
        let names: Vec<&str> = world
            .cast
            .broker(0)
            .into_iter()
            .flat_map(|seat| seat.disk.metadata())
            .flat_map(|batch| batch.metadata.iter().map(|record| record.name()).collect::<Vec<_>>())
            .collect();
        for name in ["RegisterBrokerRecord", "TopicRecord", "PartitionRecord"] {
            assert!(names.contains(&name), "{names:?}");
        }
    }
}
