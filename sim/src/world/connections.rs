//! What faults do to connections: walls, spikes, resets, lost answers.

use super::World;
use super::build::CONTROLLER_PORT;
use super::faults::Period;
use super::net::{Area, Spike, Wall};
use super::queue::ActorId;
use crate::plan::{Action, Step, Who};
use properties::FaultKind;

/// Whether an action is one of these.
pub(super) fn is_of_the_network(action: &Action) -> bool {
    matches!(
        action,
        Action::Partition { .. }
            | Action::Split { .. }
            | Action::Ring { .. }
            | Action::CutControllers { .. }
            | Action::Reset { .. }
            | Action::Delay { .. }
            | Action::LoseAnswer { .. }
    )
}

impl World {
    /// Does to connections what a step says.
    pub(super) fn act_on_network(&mut self, actor: ActorId, step: &Step) {
        let Some(kind) = step.action.fault() else { return };
        match &step.action {
            Action::Partition { from, for_us, one_way } => {
                let Ok(other) = self.other(step.id, from.as_ref()) else { return };
                let from = other.map_or(Area::Anybody, Area::One);
                self.wall(Wall { around: Area::One(actor), from, one_way: *one_way, port: None, kind }, *for_us);
            }
            Action::Split { with, for_us, one_way } => {
                let Some(side) = self.side(actor, step.id, with) else { return };
                let from = self.nodes_beside(&side);
                self.wall(Wall { around: Area::of(side), from, one_way: *one_way, port: None, kind }, *for_us);
            }
            Action::Ring { for_us, one_way } => self.ring(*for_us, *one_way),
            Action::CutControllers { for_us, one_way } => {
                let from = self.nodes_beside(&[actor]);
                let port = Some(CONTROLLER_PORT);
                self.wall(Wall { around: Area::One(actor), from, one_way: *one_way, port, kind }, *for_us);
            }
            Action::Reset { with } => {
                let Ok(other) = self.other(step.id, with.as_ref()) else { return };
                self.reset(actor, other, FaultKind::Reset);
            }
            Action::Delay { for_us, delay_us, with } => {
                let Ok(with) = self.other(step.id, with.as_ref()) else { return };
                let spike = Spike { around: actor, with, delay_ns: (delay_us.0 * 1_000, delay_us.1 * 1_000) };
                self.net.slow(spike);
                self.last(Period::Spike(spike), *for_us);
            }
            Action::LoseAnswer { api_key, nth } => {
                if let Some(seat) = self.cast.broker_mut(actor) {
                    seat.losing.push((*api_key, *nth));
                }
            }
            _ => {}
        }
    }

    fn wall(&mut self, wall: Wall, for_us: u64) {
        self.net.raise(wall);
        self.last(Period::Wall(wall), for_us);
    }

    /// A node and those who are on its side; None if one of them cannot be found.
    fn side(&mut self, actor: ActorId, step: u32, with: &[Who]) -> Option<Vec<ActorId>> {
        let mut side = vec![actor];
        for who in with {
            side.extend(self.other(step, Some(who)).ok()?);
        }
        Some(side)
    }

    fn nodes_beside(&self, side: &[ActorId]) -> Area {
        Area::of(self.cast.broker_ids().filter(|node| !side.contains(node)))
    }

    /// Each node loses the next one.
    fn ring(&mut self, for_us: u64, one_way: bool) {
        let nodes = self.cast.broker_ids();
        let next = nodes.clone().cycle().skip(1);
        for (node, next) in nodes.zip(next) {
            let (around, from) = (Area::One(next), Area::One(node));
            self.wall(Wall { around, from, one_way, port: None, kind: FaultKind::Ring }, for_us);
        }
    }

    /// Resets the connections of an actor, with another or with everybody.
    pub(super) fn reset(&mut self, actor: ActorId, with: Option<ActorId>, fault: FaultKind) {
        for link in self.net.links_of(actor) {
            let both = self.net.link(link).map(|link| link.ends.map(|end| end.actor));
            if with.is_none_or(|other| both.is_some_and(|both| both.contains(&other))) {
                self.net.reset(link, self.now, &mut self.queue);
                self.took_effect(fault, actor);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Plan, When};
    use crate::world::fixture::plan;
    use wire::messages::{ApiKey, Request, RequestHeader};
    use wire::{ConnId, Endpoint, Side};

    const PLAINTEXT: u16 = 9092;

    fn world(nodes: u16) -> World {
        World::new(&plan(nodes), Vec::new()).unwrap()
    }

    /// Who is cut off from whom after an action of node 2, as `from>to`.
    fn cuts(nodes: u16, port: u16, action: Action) -> Vec<String> {
        let mut world = world(nodes);
        world.apply(&Step { id: 1, when: When::At(0), who: Who::Node(2), action });
        let all = 0..nodes;
        let pairs = all.clone().flat_map(|from| all.clone().map(move |to| (from, to)));
        let cut = pairs.filter(|&(from, to)| world.net.is_cut_on(from, to, port));
        let cut = cut.map(|(from, to)| format!("{}>{}", from + 1, to + 1)).collect();
        world.end_everything();
        assert!((0..nodes).all(|to| !world.net.is_cut_on(0, to, port)), "it ends");
        cut
    }

    #[test]
    fn a_split_cuts_one_side_from_the_other() {
        let split = |with, one_way| Action::Split { with, for_us: 1_000, one_way };
        let cuts = |action| cuts(3, PLAINTEXT, action);
        assert_eq!(cuts(split(vec![], false)), ["1>2", "2>1", "2>3", "3>2"], "a minority");
        assert_eq!(cuts(split(vec![Who::Node(3)], false)), ["1>2", "1>3", "2>1", "3>1"], "a majority");
        assert_eq!(cuts(split(vec![], true)), ["1>2", "3>2"], "towards this side");
        assert_eq!(cuts(split(vec![Who::Node(1), Who::Node(3)], false)), [""; 0], "nobody is left");
    }

    #[test]
    fn a_ring_takes_a_neighbour_from_everybody() {
        let ring = |one_way| Action::Ring { for_us: 1_000, one_way };
        assert_eq!(cuts(3, PLAINTEXT, ring(true)), ["1>2", "2>3", "3>1"]);
        assert_eq!(cuts(3, PLAINTEXT, ring(false)).len(), 6);
        assert_eq!(cuts(5, PLAINTEXT, ring(false)).len(), 10, "of twenty");
        assert_eq!(cuts(1, PLAINTEXT, ring(false)), [""; 0]);
    }

    #[test]
    fn controllers_are_cut_off_on_their_port_alone() {
        let cut = |one_way| Action::CutControllers { for_us: 1_000, one_way };
        assert_eq!(cuts(3, CONTROLLER_PORT, cut(false)), ["1>2", "2>1", "2>3", "3>2"]);
        assert_eq!(cuts(3, CONTROLLER_PORT, cut(true)), ["1>2", "3>2"]);
        assert_eq!(cuts(3, PLAINTEXT, cut(false)), [""; 0]);
    }

    #[test]
    fn a_side_that_cannot_be_found_is_unfired_and_cuts_nobody() {
        let mut world = world(3);
        let with = vec![Who::Leader("no-such-topic".to_owned(), 0)];
        let action = Action::Split { with, for_us: 1_000, one_way: false };
        world.apply(&Step { id: 7, when: When::At(0), who: Who::Node(1), action });
        assert!(!world.net.is_cut(0, 1));
        assert_eq!(world.outcome().unfired, [7]);
    }

    /// Three nodes that run; and a step that is carried out at once.
    fn three(action: Option<(Who, Action)>) -> World {
        let mut world = World::new(&Plan { heal_at_us: 10_000_000, ..plan(3) }, Vec::new()).unwrap();
        run_for(&mut world, 100);
        if let Some((who, action)) = action {
            world.apply(&Step { id: 1, when: When::At(0), who, action });
        }
        world
    }

    /// Runs on for so many milliseconds, and to the event after them.
    fn run_for(world: &mut World, ms: u64) {
        let until = world.after(ms * 1_000);
        while world.advance().is_some_and(|moment| moment.at < until) {}
    }

    /// A node asks another one for its API versions, on a connection of its own.
    fn ask(world: &mut World, (from, n): (ActorId, u32), (to, port): (ActorId, u16)) {
        let conn = ConnId { side: Side::Dialled, n: 1_000 + n };
        let endpoint = Endpoint { host: format!("node-{}", to + 1).into(), port };
        world.dial(from, conn, &endpoint);
        let header = RequestHeader::new(ApiKey::ApiVersions, 0, 1, None);
        let request = Request::ApiVersions(Default::default()).encode(&header).unwrap();
        world.send(from, conn, request);
    }

    fn effects(world: &World, kind: FaultKind) -> u64 {
        world.court.ledger().counts().get(&kind).map_or(0, |counts| counts.effects)
    }

    #[test]
    fn walls_hold_what_nodes_send_each_other() {
        let for_us = 60_000_000;
        let split = Action::Split { with: vec![], for_us, one_way: false };
        let controllers = Action::CutControllers { for_us, one_way: false };
        for (action, port, kind) in [
            (split, PLAINTEXT, FaultKind::Split),
            (controllers, CONTROLLER_PORT, FaultKind::ControllersCut),
            (Action::Ring { for_us, one_way: true }, PLAINTEXT, FaultKind::Ring),
        ] {
            let mut world = three(Some((Who::Node(2), action.clone())));
            let before = effects(&world, kind);
            ask(&mut world, (0, 1), (1, port));
            run_for(&mut world, 100);
            assert!(effects(&world, kind) > before, "{action:?} on {port}");
        }
    }

    #[test]
    fn an_answer_to_a_broker_is_lost_as_one_to_a_client_is() {
        let api_key = 18;
        let mut world = three(Some((Who::Node(2), Action::LoseAnswer { api_key, nth: 2 })));
        for (n, lost) in [(1, 0), (2, 1), (3, 1)] {
            ask(&mut world, (0, n), (1, PLAINTEXT));
            run_for(&mut world, 100);
            assert_eq!(effects(&world, FaultKind::LostAnswer), lost, "request {n}");
        }
    }

    #[test]
    fn a_reset_between_two_nodes_spares_the_third() {
        let mut world = three(None);
        for to in [1, 2] {
            ask(&mut world, (0, to.into()), (to, PLAINTEXT));
        }
        run_for(&mut world, 100);
        let before = effects(&world, FaultKind::Reset);
        let action = Action::Reset { with: Some(Who::Node(2)) };
        world.apply(&Step { id: 1, when: When::At(0), who: Who::Node(1), action });
        let between = world.net.links_of(0).into_iter().filter(|link| world.net.links_of(1).contains(link)).count();
        assert!(effects(&world, FaultKind::Reset) - before <= between as u64 && between > 0);
        assert!(effects(&world, FaultKind::Reset) > before);
    }

    #[test]
    fn a_spike_between_two_nodes_delays_what_they_send_each_other() {
        let spike = |with| Action::Delay { for_us: 60_000_000, delay_us: (5_000, 9_000), with: Some(Who::Node(with)) };
        let mut world = three(Some((Who::Node(1), spike(2))));
        let before = effects(&world, FaultKind::DelaySpike);
        ask(&mut world, (0, 1), (1, PLAINTEXT));
        run_for(&mut world, 100);
        assert!(effects(&world, FaultKind::DelaySpike) > before);
    }
}
