//! Faults stop: everywhere, or in a core of the cluster that is enough for it to work.

use super::World;
use super::leaders::METADATA;
use super::net::{Area, Wall};
use super::queue::ActorId;
use super::rest::CHECK_US;
use super::trace::Mark;
use crate::observe::image::Assignments;
use crate::plan::Heal;
use properties::FaultKind;

impl World {
    /// Faults stop, and everything starts that is down and not to stay so.
    pub(super) fn heal(&mut self) {
        self.trace.add(self.now, Mark::Phase, 0, 1);
        let stuck = self.stuck_outside();
        self.end_everything();
        for actor in stuck {
            self.freeze(actor);
        }
        for actor in self.cast.broker_ids() {
            if let Some(seat) = self.cast.broker_mut(actor) {
                seat.disk.faults().heal();
                seat.death = None;
                seat.losing.clear();
            }
            self.see_disk(actor);
        }
        for actor in self.cast.ids() {
            self.restore(actor);
        }
        self.await_rest();
    }

    /// One machine's share of healing: pauses end, clocks keep time, processes start, applications stop beginning new things.
    fn restore(&mut self, actor: ActorId) {
        if self.cast.is_frozen(actor) {
            return;
        }
        self.drift(actor, 0);
        if let Some(machine) = self.cast.machine_mut(actor) {
            machine.pauses = machine.pauses.min(1);
            let incarnation = machine.incarnation;
            self.resume(actor, incarnation);
        }
        if !self.cast.lives(actor) {
            self.plan_start(actor, self.after(CHECK_US));
        } else if self.misses_a_disk(actor) {
            self.restart_cleanly(actor, CHECK_US);
        }
        if let Some(seat) = self.cast.client_mut(actor) {
            seat.app.tasks.iter_mut().for_each(|task| task.left = 0);
        }
        self.arm(actor);
    }

    /// Whether a log directory of a cluster's node is offline: an operator restarts it, or its followers would be missing for ever. (A node
    /// that is alone has nobody to catch up with, and goes on without.)
    fn misses_a_disk(&self, actor: ActorId) -> bool {
        let Some(broker) = self.cast.broker(actor).and_then(|seat| seat.broker.as_ref()) else { return false };
        let mut offline = false;
        broker.view().each_log(|log| offline |= !log.online);
        offline && self.cast.nodes.len() > 1
    }

    /// A node stays as it is: down, paused, or cut off from everybody.
    fn freeze(&mut self, actor: ActorId) {
        self.trace.add(self.now, Mark::Phase, actor, 3);
        let lives = self.cast.lives(actor);
        let Some(machine) = self.cast.machine_mut(actor) else { return };
        machine.frozen = true;
        let (paused, kind) = (machine.pauses > 0, FaultKind::Partition);
        if lives && !paused {
            self.net.raise(Wall { around: Area::One(actor), from: Area::Anybody, one_way: false, port: None, kind });
        }
        self.tell(actor, || "stays as it is: down, paused or cut off".to_owned());
    }

    /// The nodes outside the core that are down, paused or cut off from a part of it.
    fn stuck_outside(&self) -> Vec<ActorId> {
        let core = self.core();
        let outside = self.cast.broker_ids().filter(|node| !core.contains(node));
        outside.filter(|&node| self.is_stuck_outside(node, &core)).collect()
    }

    fn is_stuck_outside(&self, node: ActorId, core: &[ActorId]) -> bool {
        let paused = self.cast.machine(node).is_some_and(|machine| machine.pauses > 0);
        let cut = |other: &ActorId| self.net.is_cut(node, *other) || self.net.is_cut(*other, node);
        !self.cast.lives(node) || paused || core.iter().any(cut)
    }

    /// All nodes; or the majority among which most partitions have somebody who may lead them, drawn among equals.
    fn core(&self) -> Vec<ActorId> {
        let nodes: Vec<ActorId> = self.cast.broker_ids().collect();
        if self.plan.heal == Heal::All {
            return nodes;
        }
        let (assignments, size) = (self.last_assignments(), nodes.len() / 2 + 1);
        let members = |set: u32| nodes.iter().copied().filter(move |node| set >> node & 1 == 1).collect::<Vec<_>>();
        let sets = (0..1_u32 << nodes.len()).filter(|set| set.count_ones() as usize == size);
        let draw = self.draw.of("core");
        let best = sets.max_by_key(|&set| (self.led_by(&members(set), &assignments), draw.at(set.into()).bits()));
        best.map_or(nodes.clone(), members)
    }

    /// How many partitions somebody of these may lead.
    fn led_by(&self, members: &[ActorId], assignments: &Assignments) -> usize {
        let may = |node: &ActorId, assigned: &crate::observe::image::Assigned| {
            self.cast.broker(*node).is_some_and(|seat| assigned.may_lead(seat.id.0))
        };
        assignments.iter().filter(|assigned| members.iter().any(|node| may(node, assigned))).count()
    }

    /// What the controller's metadata log says, or without a controller the longest one.
    fn last_assignments(&self) -> Assignments {
        let controller = self.leads(|log| log.topic_id == METADATA);
        let longest = || self.cast.broker_ids().max_by_key(|&node| self.metadata_end(node));
        let seat = controller.or_else(longest).and_then(|node| self.cast.broker(node));
        seat.map(|seat| seat.disk.assignments(i64::MAX)).unwrap_or_default()
    }

    fn metadata_end(&self, node: ActorId) -> Option<i64> {
        self.cast.broker(node)?.disk.metadata_end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Action, Step, When, Who};
    use crate::world::fixture::plan;

    /// Three nodes, the third of which is in trouble for a minute when faults stop; run on for ten seconds more.
    fn after(seed: u64, heal: Heal, action: &Action) -> World {
        let step = Step { id: 1, when: When::At(500_000), who: Who::Node(3), action: action.clone() };
        let mut world =
            World::new(&crate::Plan { seed, heal, steps: vec![step], heal_at_us: 1_000_000, ..plan(3) }, Vec::new())
                .unwrap();
        while world.advance().is_some_and(|moment| moment.at.as_millis() < 11_000) {}
        world
    }

    fn troubles() -> [Action; 3] {
        let for_us = 60_000_000;
        [
            Action::Kill { down_us: for_us },
            Action::Pause { for_us },
            Action::Split { with: Vec::new(), for_us, one_way: true },
        ]
    }

    /// Whether a node is down, paused, or cut off from another that is to work.
    fn is_in_trouble(world: &World, node: ActorId) -> bool {
        let paused = world.cast.machine(node).is_some_and(|machine| machine.pauses > 0);
        let mut others = (0..3).filter(|other| !world.cast.is_frozen(*other));
        !world.cast.lives(node) || paused || others.any(|other| world.net.is_cut(other, node))
    }

    #[test]
    fn what_is_outside_the_core_stays_as_it_is_and_the_core_is_drawn() {
        for action in troubles() {
            let outside = (0..20).filter(|&seed| {
                let world = after(seed, Heal::Core, &action);
                for node in 0..3 {
                    let frozen = world.cast.is_frozen(node);
                    assert_eq!(is_in_trouble(&world, node), frozen, "{action:?}, seed {seed}, node {}", node + 1);
                }
                assert!((0..3).filter(|node| world.cast.is_frozen(*node)).count() <= 1, "a majority is healed");
                world.cast.is_frozen(2)
            });
            assert!((1..20).contains(&outside.count()), "{action:?}");
        }
    }

    #[test]
    fn otherwise_everybody_is_healed() {
        for action in troubles() {
            assert!((0..3).all(|node| !is_in_trouble(&after(1, Heal::All, &action), node)), "{action:?}");
        }
    }
}
