//! What lasts: walls that hold bytes back, machines that do not listen, and slow links.

use super::{Link, Network};
use crate::Draw;
use crate::world::queue::{ActorId, LinkId, Queue};
use properties::FaultKind;
use wire::Instant;

/// A partition between an actor and another, or everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wall {
    pub(crate) around: ActorId,
    pub(crate) from: Option<ActorId>,
    /// Only bytes towards `around` are held back.
    pub(crate) one_way: bool,
}

impl Wall {
    fn holds(&self, from: ActorId, to: ActorId) -> bool {
        let between = |other: ActorId| self.from.is_none_or(|only| only == other);
        (to == self.around && between(from)) || (!self.one_way && from == self.around && between(to))
    }

    fn kind(&self) -> FaultKind {
        if self.one_way { FaultKind::OneWayPartition } else { FaultKind::Partition }
    }
}

/// A period in which an actor's frames take longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spike {
    pub(crate) around: ActorId,
    pub(crate) delay_ns: (u64, u64),
}

impl Network {
    pub(crate) fn raise(&mut self, wall: Wall) {
        self.walls.push(wall);
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
            self.wake(actor, now, queue);
        }
    }

    fn wake(&mut self, actor: ActorId, now: Instant, queue: &mut Queue) {
        for id in self.links_of(actor) {
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
        let Some(Link { ends, .. }) = self.link(id) else { return false };
        let (from, to) = (ends[1 - end].actor, ends[end].actor);
        let wall = self.walls.iter().find(|wall| wall.holds(from, to)).map(Wall::kind);
        self.effects.extend(wall.map(|kind| (kind, to)));
        wall.is_some() || self.deaf.contains(&to)
    }

    /// What a frame is delayed by spikes at either end.
    pub(super) fn spike_ns(&mut self, id: LinkId, draw: Draw) -> u64 {
        if self.spikes.is_empty() {
            return 0;
        }
        let Some(actors) = self.link(id).map(|link| link.ends.map(|end| end.actor)) else { return 0 };
        let felt = self.spikes.iter().filter(|spike| actors.contains(&spike.around));
        let extra: u64 = felt.map(|spike| draw.of("spike").range(spike.delay_ns)).fold(0, u64::saturating_add);
        self.effects.extend((extra > 0).then_some((FaultKind::DelaySpike, actors[1])));
        extra
    }
}
