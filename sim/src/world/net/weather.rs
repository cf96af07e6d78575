//! What lasts: walls that hold bytes back, machines that do not listen, and slow links.

use super::{Link, Network};
use crate::Draw;
use crate::world::queue::{ActorId, LinkId, Queue};
use properties::FaultKind;
use wire::Instant;

/// Whom one side of a wall shuts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Area {
    /// Everybody, whoever else is meant.
    Anybody,
    /// One machine.
    One(ActorId),
    /// Some of the nodes, a bit for each by its place in the cast.
    Nodes(u32),
}

impl Area {
    /// The area of these nodes.
    pub(crate) fn of(nodes: impl IntoIterator<Item = ActorId>) -> Area {
        Area::Nodes(nodes.into_iter().fold(0, |bits, node| bits | bit(node)))
    }

    fn has(self, actor: ActorId) -> bool {
        match self {
            Area::Anybody => true,
            Area::One(only) => only == actor,
            Area::Nodes(bits) => bits & bit(actor) != 0,
        }
    }
}

/// An actor's bit; clients, whose places come after the nodes', may have none.
fn bit(actor: ActorId) -> u32 {
    1_u32.checked_shl(actor.into()).unwrap_or(0)
}

/// A partition between two areas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wall {
    pub(crate) around: Area,
    pub(crate) from: Area,
    /// Only bytes towards `around` are held back.
    pub(crate) one_way: bool,
    /// Only connections that were dialled to this port.
    pub(crate) port: Option<u16>,
    /// What it counts as.
    pub(crate) kind: FaultKind,
}

impl Wall {
    fn holds(&self, from: ActorId, to: ActorId, port: u16) -> bool {
        self.port.is_none_or(|only| only == port) && self.stands_between(from, to)
    }

    /// Nothing stands between a machine and itself.
    fn stands_between(&self, from: ActorId, to: ActorId) -> bool {
        let towards = self.around.has(to) && self.from.has(from);
        let away = !self.one_way && self.around.has(from) && self.from.has(to);
        from != to && (towards || away)
    }
}

/// A period in which an actor's frames take longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spike {
    pub(crate) around: ActorId,
    /// Only those that it exchanges with this one.
    pub(crate) with: Option<ActorId>,
    pub(crate) delay_ns: (u64, u64),
}

impl Spike {
    fn is_felt_between(&self, ends: [ActorId; 2]) -> bool {
        let apart = ends[0] != ends[1];
        apart && ends.contains(&self.around) && self.with.is_none_or(|other| ends.contains(&other))
    }
}

impl Network {
    pub(crate) fn raise(&mut self, wall: Wall) {
        self.walls.push(wall);
    }

    /// Whether bytes from one actor to another are held back, on whatever port.
    pub(crate) fn is_cut(&self, from: ActorId, to: ActorId) -> bool {
        self.walls.iter().any(|wall| wall.stands_between(from, to))
    }

    /// Whether they are on connections to a port.
    #[cfg(test)]
    pub(crate) fn is_cut_on(&self, from: ActorId, to: ActorId, port: u16) -> bool {
        self.walls.iter().any(|wall| wall.holds(from, to, port))
    }

    /// Takes a wall down; what it held back goes on.
    pub(crate) fn raze(&mut self, wall: Wall, now: Instant, queue: &mut Queue) {
        if let Some(index) = self.walls.iter().position(|other| *other == wall) {
            self.walls.remove(index);
            self.wake(wall.around, now, queue);
        }
    }

    pub(crate) fn slow(&mut self, spike: Spike) {
        self.spikes.push(spike);
    }

    pub(crate) fn unslow(&mut self, spike: Spike) {
        if let Some(index) = self.spikes.iter().position(|other| *other == spike) {
            self.spikes.remove(index);
        }
    }

    /// A machine that is paused or without power takes nothing from its network.
    pub(crate) fn set_deaf(&mut self, actor: ActorId, deaf: bool, now: Instant, queue: &mut Queue) {
        self.deaf.retain(|&other| other != actor);
        if deaf {
            self.deaf.push(actor);
        } else {
            self.wake(Area::One(actor), now, queue);
        }
    }

    fn wake(&mut self, area: Area, now: Instant, queue: &mut Queue) {
        for id in self.links_where(|actor| area.has(actor)) {
            for end in 0..2 {
                self.schedule(id, end, now, queue);
            }
        }
    }

    /// Whether nothing arrives at an end at present. A wall that holds something back has had an effect.
    pub(super) fn is_held(&mut self, id: LinkId, end: usize) -> bool {
        if self.walls.is_empty() && self.deaf.is_empty() {
            return false;
        }
        let Some(to) = self.link(id).map(|link| link.ends[end].actor) else { return false };
        let wall = self.wall_before(id, end);
        self.effects.extend(wall.map(|kind| (kind, to)));
        wall.is_some() || self.deaf.contains(&to)
    }

    /// What keeps bytes from an end's machine, and not only from its process.
    pub(super) fn wall_before(&self, id: LinkId, end: usize) -> Option<FaultKind> {
        let &Link { ends, port, .. } = self.link(id)?;
        let (from, to) = (ends[1 - end].actor, ends[end].actor);
        self.walls.iter().find(|wall| wall.holds(from, to, port)).map(|wall| wall.kind)
    }

    /// What a frame is delayed by spikes at either end.
    pub(super) fn spike_ns(&mut self, id: LinkId, draw: Draw) -> u64 {
        if self.spikes.is_empty() {
            return 0;
        }
        let Some(actors) = self.link(id).map(|link| link.ends.map(|end| end.actor)) else { return 0 };
        let felt = self.spikes.iter().filter(|spike| spike.is_felt_between(actors));
        let extra: u64 = felt.map(|spike| draw.of("spike").range(spike.delay_ns)).fold(0, u64::saturating_add);
        self.effects.extend((extra > 0).then_some((FaultKind::DelaySpike, actors[1])));
        extra
    }
}
