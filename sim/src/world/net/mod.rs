//! The network: connections as two in-order streams of frames, with keyed delays, walls, spikes and resets.
//!
//! A frame's delay is drawn by link, direction and its own count, and never lets it overtake an earlier one of its stream. What stands in
//! the way of a stream (a partition, a paused or powered-off machine) holds its bytes back and loses none. Bytes are lost by a reset
//! alone, and then always from some point of the stream on. Between connections there is no order.
//!
//! Left out on purpose: packets, windows and retransmission; they show at this level only as delay.

mod flow;
mod weather;

use crate::Draw;
use crate::world::queue::{ActorId, LinkId, Queue, What};
use bytes::Bytes;
use flow::Flow;
pub(crate) use flow::Item;
use properties::FaultKind;
use std::collections::BTreeMap;
pub(crate) use weather::{Area, Spike, Wall};
use wire::{ConnId, Instant};

/// Nobody: the target of a dial to an address that no machine has.
pub(crate) const NOBODY: ActorId = ActorId::MAX;

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    /// Which actor.
    pub(crate) actor: ActorId,
    /// What it calls the connection; meaningless before it was accepted.
    pub(crate) conn: ConnId,
    /// Whether its process still knows the connection.
    pub(crate) open: bool,
}

/// One connection. End 0 dialled; `flows[end]` carries what goes towards that end.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) ends: [End; 2],
    /// The port that was dialled.
    pub(crate) port: u16,
    /// The answer to this request will be lost with the connection.
    pub(crate) lose: Option<i32>,
    flows: [Flow; 2],
    draw: Draw,
    broken: bool,
}

/// All connections, and what stands in their way.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    draw: Draw,
    delay_ns: (u64, u64),
    links: Vec<Option<Box<Link>>>,
    dialled: BTreeMap<(ActorId, ActorId), u64>,
    walls: Vec<Wall>,
    spikes: Vec<Spike>,
    deaf: Vec<ActorId>,
    /// What faults did since the World last looked: which kind, to whom.
    pub(crate) effects: Vec<(FaultKind, ActorId)>,
}

impl Network {
    /// A network without connections.
    pub(crate) fn new(draw: Draw, delay_ns: (u64, u64)) -> Network {
        Network {
            draw,
            delay_ns,
            links: Vec::new(),
            dialled: BTreeMap::new(),
            walls: Vec::new(),
            spikes: Vec::new(),
            deaf: Vec::new(),
            effects: Vec::new(),
        }
    }

    pub(crate) fn link(&self, id: LinkId) -> Option<&Link> {
        self.links.get(id as usize)?.as_deref()
    }

    pub(crate) fn link_mut(&mut self, id: LinkId) -> Option<&mut Link> {
        self.links.get_mut(id as usize)?.as_deref_mut()
    }

    /// Every connection that has not been forgotten, and that touches an actor.
    pub(crate) fn links_of(&self, actor: ActorId) -> Vec<LinkId> {
        self.links_where(|other| other == actor)
    }

    fn links_where(&self, wanted: impl Fn(ActorId) -> bool) -> Vec<LinkId> {
        let touches = |link: &Link| link.ends.iter().any(|end| wanted(end.actor));
        let ids = self.links.iter().enumerate().filter(|(_, link)| link.as_deref().is_some_and(touches));
        ids.map(|(id, _)| id as LinkId).collect()
    }

    /// Dials: a first item sets out, and frames may follow it at once. A dial to nobody is refused after a while.
    pub(crate) fn dial(
        &mut self,
        from: (ActorId, ConnId),
        to: ActorId,
        port: u16,
        now: Instant,
        queue: &mut Queue,
    ) -> LinkId {
        let count = self.dialled.entry((from.0, to)).or_default();
        *count += 1;
        let draw = self.draw.at(from.0.into()).at(to.into()).at(*count);
        let id = self.links.len() as LinkId;
        let dialler = End { actor: from.0, conn: from.1, open: true };
        let listener = End { actor: to, conn: from.1, open: false };
        let flows = [Flow::default(), Flow::default()];
        self.links.push(Some(Box::new(Link {
            ends: [dialler, listener],
            port,
            lose: None,
            flows,
            draw,
            broken: false,
        })));
        let (end, item) = if to == NOBODY { (0, Item::Reset) } else { (1, Item::Syn) };
        self.put(id, end, item, now, queue);
        id
    }

    /// Sends a frame to the other end; one on a broken or half-forgotten connection goes nowhere.
    pub(crate) fn send(&mut self, id: LinkId, from: usize, frame: Bytes, now: Instant, queue: &mut Queue) {
        self.put(id, 1 - from, Item::Frame(frame), now, queue);
    }

    /// The process at an end closes: what it sent before still arrives, then the other end learns of it.
    pub(crate) fn close(&mut self, id: LinkId, end: usize, now: Instant, queue: &mut Queue) {
        let Some(link) = self.link_mut(id) else { return };
        link.ends[end].open = false;
        self.put(id, 1 - end, Item::Fin, now, queue);
        self.settle(id, queue, now);
    }

    /// The process at an end has died: a prefix of what it sent arrives, all that lies in the other end's kernel with it, however long that
    /// one's process stands still. Its kernel says goodbye, unless the machine is gone as well.
    pub(crate) fn die(&mut self, id: LinkId, end: usize, machine: bool, now: Instant, queue: &mut Queue) {
        let held = self.wall_before(id, 1 - end).is_some();
        let Some(link) = self.link_mut(id) else { return };
        link.ends[end].open = false;
        let draw = link.draw.of("death").at(now.0);
        // A process's kernel goes on sending what it was given, but for what a reset discards.
        let keeps_all = !machine && draw.of("all").permille(500);
        if !keeps_all {
            let flow = &mut link.flows[1 - end];
            let arrived = if held { 0 } else { flow.arrived(now) };
            flow.cut(draw, arrived);
        }
        if !machine {
            self.put(id, 1 - end, Item::Fin, now, queue);
        }
        self.settle(id, queue, now);
    }

    /// The kernel of an end refuses the connection, or does not know it any more.
    pub(crate) fn refuse(&mut self, id: LinkId, end: usize, now: Instant, queue: &mut Queue) {
        self.put(id, 1 - end, Item::Reset, now, queue);
        if let Some(link) = self.link_mut(id) {
            link.broken = true;
        }
    }

    /// Resets a connection: of each stream a prefix survives, possibly for long, and then its receiver learns of it.
    pub(crate) fn reset(&mut self, id: LinkId, now: Instant, queue: &mut Queue) {
        let delay_ns = self.delay_ns;
        let Some(link) = self.link_mut(id).filter(|link| !link.broken) else { return };
        link.broken = true;
        for end in 0..2 {
            let draw = link.draw.of("reset").at(now.0).at(end as u64);
            link.flows[end].cut(draw, 0);
            link.flows[end].dawdle(draw, now, delay_ns);
        }
        for end in 0..2 {
            self.schedule(id, end, now, queue);
        }
    }

    /// The receiver at an end asks for its next frame. It gets it once what it sent before has left its buffer.
    pub(crate) fn next(&mut self, id: LinkId, end: usize, now: Instant, queue: &mut Queue) {
        let Some(link) = self.link_mut(id) else { return };
        link.flows[end].asked = true;
        self.unmute(id, end, now, queue);
    }

    fn unmute(&mut self, id: LinkId, end: usize, now: Instant, queue: &mut Queue) {
        let Some(link) = self.link_mut(id) else { return };
        if link.flows[end].asked && (link.broken || link.flows[1 - end].is_written()) {
            (link.flows[end].asked, link.flows[end].muted) = (false, false);
            self.schedule(id, end, now, queue);
        }
    }

    /// What arrives at an end now, if anything does. Another arrival is scheduled if more is on its way.
    pub(crate) fn take(&mut self, id: LinkId, end: usize, now: Instant, queue: &mut Queue) -> Option<Item> {
        let link = self.link_mut(id)?;
        let flow = &mut link.flows[end];
        if flow.scheduled != Some(now) {
            return None;
        }
        flow.scheduled = None;
        if self.is_held(id, end) {
            return None;
        }
        let item = self.link_mut(id)?.flows[end].take(now);
        self.unmute(id, 1 - end, now, queue);
        self.schedule(id, end, now, queue);
        item
    }

    /// An item sets out towards an end.
    fn put(&mut self, id: LinkId, end: usize, item: Item, now: Instant, queue: &mut Queue) {
        let Some(link) = self.link(id).filter(|link| !link.broken) else { return };
        let flow = &link.flows[end];
        let draw = link.draw.at(end as u64).at(flow.count);
        let delay = draw.range(self.delay_ns) + self.spike_ns(id, draw);
        if let Some(link) = self.link_mut(id) {
            link.flows[end].put(item, Instant(now.0.saturating_add(delay)));
        }
        self.schedule(id, end, now, queue);
    }

    /// Sees to it that the first item of a stream that may be delivered is, in time.
    fn schedule(&mut self, id: LinkId, end: usize, now: Instant, queue: &mut Queue) {
        let Some(link) = self.link_mut(id) else { return };
        let open = link.ends[end].open || link.flows[end].begins();
        let flow = &mut link.flows[end];
        flow.muted &= open;
        let Some(due) = flow.due().map(|due| due.max(now)) else { return };
        if flow.scheduled.is_none_or(|at| at > due) {
            flow.scheduled = Some(due);
            let tie = link.draw.at(end as u64).at(link.flows[end].count).bits();
            queue.push(due, tie, What::Arrive(id, end as u8));
        }
    }

    /// Forgets a connection that both ends have closed and nothing is on its way on.
    pub(crate) fn settle(&mut self, id: LinkId, queue: &mut Queue, now: Instant) {
        let Some(link) = self.link(id) else { return };
        if link.ends.iter().all(|end| !end.open) && link.flows.iter().all(Flow::is_empty) {
            self.links[id as usize] = None;
            return;
        }
        for end in 0..2 {
            self.schedule(id, end, now, queue);
        }
    }
}

#[cfg(test)]
mod tests;
