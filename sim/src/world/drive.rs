//! Feeds inputs to processes and carries out what they ask for.

use super::World;
use super::cast::{Actor, Seat};
use super::net::{Item, NOBODY};
use super::queue::{ActorId, LinkId, What};
use super::trace::Mark;
use broker_core::Broker;
use bytes::Bytes;
use client_core::{Client, Op};
use std::convert::Infallible;
use wire::{ConnId, Disk, Endpoint, Input, Io, Node, Output, Peer, ReadId, Side, Str, SyncId};

impl World {
    /// Carries out an event; false if it had become void meanwhile.
    pub(super) fn happens(&mut self, what: What) -> bool {
        if let Some(actor) = waits_in_a_pause(what)
            && let Some(machine) = self.cast.machine_mut(actor).filter(|machine| machine.pauses > 0)
        {
            machine.waiting.push(what);
            return false;
        }
        match what {
            What::Wake(actor, generation) => return self.wake(actor, generation),
            What::Arrive(link, end) => return self.arrive(link, end.into()),
            What::Synced(actor, incarnation, id) => return self.synced(actor, incarnation, SyncId(id)),
            What::Read(actor, incarnation, id) => return self.read(actor, incarnation, id),
            What::Start(actor, start) => return self.start_as_planned(actor, start),
            What::Resume(actor, incarnation) => return self.resume(actor, incarnation),
            What::Task(actor, task) => return self.task(actor, task),
            What::Step(index) => self.carry_out(index),
            What::Over(index) => self.end_of(index),
            What::Storm(index) => return self.storm(index),
            What::Heal => self.heal(),
            What::Check => self.check(),
        }
        true
    }

    /// Feeds an input that any process can get.
    pub(super) fn feed(&mut self, actor: ActorId, input: Input<Infallible>) {
        match self.cast.actors.get(usize::from(actor)).map(|actor| &actor.seat) {
            Some(Seat::Broker(_)) => self.feed_broker(actor, input),
            Some(Seat::Client(_)) => self.feed_client(actor, widen(input)),
            None => self.feed_hand(input),
        }
    }

    fn feed_broker(&mut self, actor: ActorId, input: Input<Infallible>) {
        let Some(Actor { machine, seat: Seat::Broker(seat) }) = self.cast.actors.get_mut(usize::from(actor)) else {
            return;
        };
        let Some(broker) = seat.broker.as_mut() else { return };
        let _span = tracing::trace_span!("broker", vt_us = self.now.0 / 1_000, node = seat.id.0).entered();
        let mut out = std::mem::take(&mut self.broker_out);
        let disk: &mut dyn Disk = &mut seat.disk;
        broker.handle(input, &mut Io::new(machine.clock.read(self.now), disk, &mut out));
        self.after_broker(actor, out);
    }

    /// What a broker did: to its disk, then what it asks for; and whether it survived that.
    pub(super) fn after_broker(&mut self, actor: ActorId, mut out: Vec<Output<Broker>>) {
        self.see_disk(actor);
        for output in out.drain(..) {
            self.broker_output(actor, output);
        }
        self.broker_out = out;
        if self.cast.broker(actor).is_some_and(|seat| wire::Lent::is_gone(&seat.disk)) {
            self.die_in_call(actor);
        }
        self.arm(actor);
    }

    pub(super) fn feed_client(&mut self, actor: ActorId, input: Input<Op>) {
        let Some(Actor { machine, seat: Seat::Client(seat) }) = self.cast.actors.get_mut(usize::from(actor)) else {
            return;
        };
        let Some(client) = seat.client.as_mut() else { return };
        let _span = tracing::trace_span!("client", vt_us = self.now.0 / 1_000, client = seat.id).entered();
        let mut out = std::mem::take(&mut self.client_out);
        client.handle(input, &mut Io::new(machine.clock.read(self.now), &mut (), &mut out));
        for output in out.drain(..) {
            self.client_output(actor, output);
        }
        self.client_out = out;
        self.arm(actor);
    }

    fn broker_output(&mut self, actor: ActorId, output: Output<Broker>) {
        match output {
            Output::Dial(conn, endpoint) => self.dial(actor, conn, &endpoint),
            Output::Send(conn, frame) => self.send(actor, conn, frame),
            Output::Next(conn) => self.next(actor, conn),
            Output::Close(conn) => self.close(actor, conn),
            Output::Sync(id, _) => self.begin_sync(actor, id),
            Output::Read(id, file, range) => self.begin_read(actor, id, file, range),
            Output::Halt(reason) => self.halted(actor, &reason),
            Output::Event(event) => self.stated(actor, event),
            Output::Done(_, never) => match never {},
        }
    }

    fn client_output(&mut self, actor: ActorId, output: Output<Client>) {
        match output {
            Output::Dial(conn, endpoint) => self.dial(actor, conn, &endpoint),
            Output::Send(conn, frame) => self.send(actor, conn, frame),
            Output::Next(conn) => self.next(actor, conn),
            Output::Close(conn) => self.close(actor, conn),
            Output::Done(op, done) => self.done(actor, op.0, done),
            Output::Event(event) => self.client_stated(actor, &event),
            Output::Sync(..) | Output::Read(..) | Output::Halt(_) => {}
        }
    }

    /// Sees to it that a process is woken at the first instant at which its own time has come.
    pub(super) fn arm(&mut self, actor: ActorId) {
        let Some(local) = self.cast.next_timeout(actor) else { return };
        let now = self.now;
        let Some(machine) = self.cast.machine_mut(actor) else { return };
        let at = machine.clock.when(local).max(now);
        if machine.wake_at.is_none_or(|earlier| earlier > at) {
            machine.wake_at = Some(at);
            machine.wake_generation += 1;
            let generation = machine.wake_generation;
            let tie = self.draw.at(actor.into()).at(generation.into()).bits();
            self.queue.push(at, tie, What::Wake(actor, generation));
        }
    }

    fn wake(&mut self, actor: ActorId, generation: u32) -> bool {
        let now = self.now;
        let Some(machine) = self.cast.machine_mut(actor).filter(|machine| machine.wake_generation == generation) else {
            return false;
        };
        machine.wake_at = None;
        let mono = machine.clock.read(now).mono;
        let due = self.cast.next_timeout(actor).is_some_and(|local| local <= mono);
        if due {
            self.trace.add(now, Mark::Timeout, actor, 0);
            self.feed(actor, Input::Timeout);
        }
        self.arm(actor);
        due
    }

    pub(super) fn dial(&mut self, actor: ActorId, conn: ConnId, endpoint: &Endpoint) {
        let target = self.cast.resolve(endpoint).unwrap_or(NOBODY);
        self.trace.add(self.now, Mark::Dialled, actor, u64::from(target) << 32 | u64::from(conn.n));
        let link = self.net.dial((actor, conn), target, endpoint.port, self.now, &mut self.queue);
        if let Some(machine) = self.cast.machine_mut(actor) {
            machine.conns.insert(conn, (link, 0));
        }
    }

    fn conn(&self, actor: ActorId, conn: ConnId) -> Option<(LinkId, usize)> {
        let (link, end) = *self.cast.machine(actor)?.conns.get(&conn)?;
        Some((link, end.into()))
    }

    pub(super) fn send(&mut self, actor: ActorId, conn: ConnId, frame: Bytes) {
        let Some((link, end)) = self.conn(actor, conn) else { return };
        self.trace.add(self.now, Mark::Sent, actor, u64::from(link));
        self.trace.bytes(&frame);
        if end == 1 && self.see_answer(actor, link, &frame) {
            self.net.reset(link, self.now, &mut self.queue);
            return;
        }
        self.net.send(link, end, frame, self.now, &mut self.queue);
    }

    fn next(&mut self, actor: ActorId, conn: ConnId) {
        if let Some((link, end)) = self.conn(actor, conn) {
            self.net.next(link, end, self.now, &mut self.queue);
        }
    }

    fn close(&mut self, actor: ActorId, conn: ConnId) {
        let Some((link, end)) = self.conn(actor, conn) else { return };
        self.forget(actor, conn, link);
        self.net.close(link, end, self.now, &mut self.queue);
    }

    fn forget(&mut self, actor: ActorId, conn: ConnId, link: LinkId) {
        if let Some(machine) = self.cast.machine_mut(actor) {
            machine.conns.remove(&conn);
        }
        if conn.side == Side::Accepted {
            self.tap.closed(link);
        }
    }

    /// Something arrives at an end of a connection.
    fn arrive(&mut self, link: LinkId, end: usize) -> bool {
        let item = self.net.take(link, end, self.now, &mut self.queue);
        self.see_network();
        let (Some(item), Some(to)) = (item, self.net.link(link).map(|link| link.ends[end])) else { return false };
        match item {
            Item::Syn => self.accept(link, to.actor),
            Item::Frame(_) if !to.open => self.net.refuse(link, end, self.now, &mut self.queue),
            Item::Frame(frame) => self.frame(to.actor, link, end, to.conn, frame),
            Item::Fin | Item::Reset if to.open => self.closed(to.actor, link, end, to.conn),
            Item::Fin | Item::Reset => {}
        }
        self.net.settle(link, &mut self.queue, self.now);
        true
    }

    fn accept(&mut self, link: LinkId, actor: ActorId) {
        if !self.cast.lives(actor) {
            self.net.refuse(link, 1, self.now, &mut self.queue);
            return;
        }
        let (Some(at), Some(machine)) = (self.net.link_mut(link), self.cast.machine_mut(actor)) else { return };
        let conn = ConnId { side: Side::Accepted, n: machine.accepted };
        machine.accepted += 1;
        machine.conns.insert(conn, (link, 1));
        (at.ends[1].conn, at.ends[1].open) = (conn, true);
        let (port, dialler) = (at.port, at.ends[0].actor);
        let peer = Peer { listener: self.listener(actor, port), remote: self.remote(dialler) };
        self.trace.add(self.now, Mark::Accepted, actor, u64::from(link));
        self.feed(actor, Input::Accepted(conn, peer));
    }

    /// The name of the listener behind a port.
    fn listener(&self, actor: ActorId, port: u16) -> Str {
        let listeners = self.cast.broker(actor).map(|seat| seat.config.listeners.as_slice()).unwrap_or_default();
        let found = listeners.iter().find(|listener| listener.endpoint.port == port);
        found.map(|listener| listener.name.clone()).unwrap_or_default()
    }

    /// The address of a machine that dials: brokers are 10.0.0.x, clients 10.1.x.x.
    fn remote(&self, actor: ActorId) -> Str {
        match self.cast.client(actor) {
            Some(seat) => Str::from(format!("10.1.{}.{}", seat.id >> 8, seat.id & 255)),
            None => Str::from(format!("10.0.0.{}", actor + 1)),
        }
    }

    fn frame(&mut self, actor: ActorId, link: LinkId, end: usize, conn: ConnId, frame: Bytes) {
        self.trace.add(self.now, Mark::Arrived, actor, u64::from(link) << 32 | frame.len() as u64);
        if end == 1 {
            self.see_request(actor, link, &frame);
        }
        self.feed(actor, Input::Frame(conn, frame));
    }

    fn closed(&mut self, actor: ActorId, link: LinkId, end: usize, conn: ConnId) {
        if let Some(at) = self.net.link_mut(link) {
            at.ends[end].open = false;
        }
        self.forget(actor, conn, link);
        self.trace.add(self.now, Mark::Closed, actor, u64::from(link));
        self.feed(actor, Input::Closed(conn));
    }

    fn begin_sync(&mut self, actor: ActorId, id: SyncId) {
        let Some((incarnation, draw)) = self.disk_draw(actor, "sync", id.0) else { return };
        let Some(seat) = self.cast.broker_mut(actor) else { return };
        let extra_us = seat.disk.faults().sync_delay_us(draw.of("slow"));
        let at = self.after(draw.range(self.plan.weather.sync_us).saturating_add(extra_us));
        self.trace.add(self.now, Mark::Sync, actor, id.0);
        self.queue.push(at, draw.bits(), What::Synced(actor, incarnation, id.0));
    }

    fn synced(&mut self, actor: ActorId, incarnation: u32, id: SyncId) -> bool {
        if !self.is_current(actor, incarnation) {
            return false;
        }
        let Some(seat) = self.cast.broker_mut(actor) else { return false };
        let result = seat.disk.complete_sync(id);
        self.see_disk(actor);
        self.trace.add(self.now, Mark::Synced, actor, id.0 << 1 | u64::from(result.is_ok()));
        self.feed(actor, Input::Synced(id, result));
        true
    }

    fn begin_read(&mut self, actor: ActorId, id: ReadId, file: wire::File, range: std::ops::Range<u64>) {
        let Some((incarnation, draw)) = self.disk_draw(actor, "read", id.0) else { return };
        let at = self.after(draw.range(self.plan.weather.read_us));
        if let Some(seat) = self.cast.broker_mut(actor) {
            seat.reads.insert(id.0, (file, range));
        }
        self.queue.push(at, draw.bits(), What::Read(actor, incarnation, id.0));
    }

    fn read(&mut self, actor: ActorId, incarnation: u32, id: u64) -> bool {
        if !self.is_current(actor, incarnation) {
            return false;
        }
        let Some(seat) = self.cast.broker_mut(actor) else { return false };
        let Some((file, range)) = seat.reads.remove(&id) else { return false };
        let result = seat.disk.read(file, range);
        self.see_disk(actor);
        let len = result.as_ref().map_or(u64::MAX, |bytes| bytes.len() as u64);
        self.trace.add(self.now, Mark::Read, actor, len);
        self.feed(actor, Input::Read(ReadId(id), result));
        true
    }

    fn is_current(&self, actor: ActorId, incarnation: u32) -> bool {
        self.cast.machine(actor).is_some_and(|machine| machine.incarnation == incarnation) && self.cast.lives(actor)
    }

    fn disk_draw(&self, actor: ActorId, purpose: &str, id: u64) -> Option<(u32, crate::Draw)> {
        let incarnation = self.cast.machine(actor)?.incarnation;
        Some((incarnation, self.draw.of(purpose).at(actor.into()).at(incarnation.into()).at(id)))
    }
}

/// Whose pause an event has to wait for.
fn waits_in_a_pause(what: What) -> Option<ActorId> {
    match what {
        What::Wake(actor, _) | What::Synced(actor, ..) | What::Read(actor, ..) | What::Task(actor, _) => Some(actor),
        _ => None,
    }
}

/// The same input for a node that takes operations.
fn widen(input: Input<Infallible>) -> Input<Op> {
    match input {
        Input::Accepted(conn, peer) => Input::Accepted(conn, peer),
        Input::Closed(conn) => Input::Closed(conn),
        Input::Frame(conn, frame) => Input::Frame(conn, frame),
        Input::Synced(id, result) => Input::Synced(id, result),
        Input::Read(id, result) => Input::Read(id, result),
        Input::Op(_, never) => match never {},
        Input::Shutdown => Input::Shutdown,
        Input::Timeout => Input::Timeout,
    }
}
