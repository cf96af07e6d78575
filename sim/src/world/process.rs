//! How processes live and die: starts, halts, kills, power losses, deaths inside a call, pauses, and the operator who starts them again.

use super::World;
use super::cast::{Actor, Death, Seat};
use super::queue::{ActorId, What};
use super::trace::Mark;
use crate::plan::Survival;
use broker_core::Broker;
use client_core::Client;
use properties::{Fact, Stop};
use wire::{Disk, Input, Instant, Io, Lent, Reason, Side};

/// After how long an operator starts a node again that halted itself, or tries again one that could not be opened; in microseconds.
const OPERATOR_US: (u64, u64) = (1_000_000, 10_000_000);

impl World {
    /// A process will start, unless another start is planned meanwhile.
    pub(super) fn plan_start(&mut self, actor: ActorId, at: Instant) {
        let Some(machine) = self.cast.machine_mut(actor) else { return };
        machine.starts += 1;
        let start = machine.starts;
        let tie = self.draw.of("start").at(actor.into()).at(start.into()).bits();
        self.queue.push(at, tie, What::Start(actor, start));
    }

    pub(super) fn start_as_planned(&mut self, actor: ActorId, start: u32) -> bool {
        let newest = self.cast.machine(actor).is_some_and(|machine| machine.starts == start);
        if !newest || self.cast.lives(actor) || self.cast.is_frozen(actor) {
            return false;
        }
        let now = self.now;
        let Some(machine) = self.cast.machine_mut(actor) else { return false };
        machine.incarnation += 1;
        machine.dark = false;
        machine.accepted = 0;
        let incarnation = machine.incarnation;
        self.trace.add(now, Mark::Start, actor, incarnation.into());
        match self.cast.client(actor) {
            Some(_) => self.start_client(actor, incarnation),
            None => self.start_broker(actor, incarnation),
        }
        self.net.set_deaf(actor, false, now, &mut self.queue);
        true
    }

    /// Every draw of a process follows from the seed, the machine and the incarnation.
    fn process_seed(&self, actor: ActorId, incarnation: u32) -> u64 {
        self.draw.of("process").at(actor.into()).at(incarnation.into()).bits()
    }

    fn start_broker(&mut self, actor: ActorId, incarnation: u32) {
        let seed = self.process_seed(actor, incarnation);
        let Some(node) = self.cast.broker(actor).map(|seat| seat.id) else { return };
        self.judge(&Fact::Started { node, incarnation });
        let mut out = std::mem::take(&mut self.broker_out);
        let now = self.now;
        if let Some(seat) = self.cast.broker_mut(actor) {
            seat.restart_us = None;
            seat.reads.clear();
            seat.disk.begin();
        }
        self.see_disk(actor);
        let Some(Actor { machine, seat: Seat::Broker(seat) }) = self.cast.actors.get_mut(usize::from(actor)) else {
            return;
        };
        let _span = tracing::trace_span!("open", vt_us = now.0 / 1_000, node = node.0, incarnation).entered();
        let disk: &mut dyn Disk = &mut seat.disk;
        let opened = Broker::open(seat.config.clone(), seed, &mut Io::new(machine.clock.read(now), disk, &mut out));
        let gone = seat.disk.is_gone();
        // Who could not open has recovered nothing: whatever lies on the disk waits for the next attempt.
        if !gone && opened.is_ok() {
            seat.disk.opened();
        }
        let error = opened.as_ref().err().map(ToString::to_string);
        seat.broker = opened.ok();
        self.trace.add(now, Mark::Opened, actor, u64::from(gone) << 1 | u64::from(error.is_some()));
        self.see_disk(actor);
        if !gone {
            self.judge(&Fact::Opened { node, error: error.as_deref().map(Into::into) });
            if error.is_some() {
                self.refused(actor);
            }
        }
        self.after_broker(actor, out);
    }

    /// The disk could not be opened; an operator will try again.
    fn refused(&mut self, actor: ActorId) {
        let draw = self.draw.of("refused").at(self.now.0);
        if let Some(seat) = self.cast.broker_mut(actor) {
            seat.disk.kill(draw);
        }
        self.operate(actor);
    }

    /// An operator notices in a while, and starts the node again.
    fn operate(&mut self, actor: ActorId) {
        let count = self.cast.machine(actor).map_or(0, |machine| machine.starts);
        let delay_us = self.draw.of("operator").at(actor.into()).at(count.into()).range(OPERATOR_US);
        self.plan_start(actor, self.after(delay_us));
    }

    fn start_client(&mut self, actor: ActorId, incarnation: u32) {
        let seed = self.process_seed(actor, incarnation);
        let Some(seat) = self.cast.client_mut(actor) else { return };
        seat.client = Some(Client::open(seat.role, seat.config.clone(), seed));
        seat.app.new_session();
        let fact = Fact::ClientLife { client: seat.id, session: session(incarnation), alive: true };
        self.judge(&fact);
        self.go_on(actor);
    }

    /// A broker is over. What becomes of its machine's page cache depends on how.
    pub(super) fn stop_broker(&mut self, actor: ActorId, how: Stop, survival: Option<&Survival>) {
        let draw = self.draw.of("stop").at(actor.into()).at(self.now.0);
        let Some(seat) = self.cast.broker_mut(actor) else { return };
        let node = seat.id;
        let lived = seat.broker.take();
        seat.bug_reached |= lived.as_ref().is_some_and(|broker| broker.view().bug_reached());
        (seat.restart_us, seat.death) = (None, None);
        self.tap.stopped(node);
        match survival {
            Some(survival) => seat.disk.power_loss(survival, draw),
            None => seat.disk.kill(draw),
        }
        self.trace.add(self.now, Mark::Stop, actor, how as u64);
        self.hang_up(actor, survival.is_some());
        if lived.is_some() {
            self.watch.stopped(how);
            self.judge(&Fact::Stopped { node, how });
        }
        self.see_disk(actor);
    }

    /// All connections of a process that is no more, and everything that it waited for.
    fn hang_up(&mut self, actor: ActorId, machine_died: bool) {
        let now = self.now;
        let Some(machine) = self.cast.machine_mut(actor) else { return };
        let conns = std::mem::take(&mut machine.conns);
        machine.waiting.clear();
        machine.pauses = 0;
        machine.dark = machine_died;
        machine.wake_at = None;
        machine.wake_generation += 1;
        for (conn, (link, end)) in conns {
            self.net.die(link, end.into(), machine_died, now, &mut self.queue);
            if conn.side == Side::Accepted {
                self.tap.closed(link);
            }
        }
        self.net.set_deaf(actor, machine_died, now, &mut self.queue);
    }

    /// A broker has ended itself.
    pub(super) fn halted(&mut self, actor: ActorId, reason: &Reason) {
        if !self.cast.lives(actor) {
            return;
        }
        self.trace.add(self.now, Mark::Halted, actor, u64::from(*reason == Reason::Shutdown));
        self.tell(actor, || match reason {
            Reason::Shutdown => "shut down".to_owned(),
            Reason::StorageFailed(text) => format!("halts: storage failed: {text}"),
            Reason::Fatal(text) => format!("halts: {text}"),
        });
        let restart_us = self.cast.broker(actor).and_then(|seat| seat.restart_us);
        let how = if *reason == Reason::Shutdown { Stop::Shutdown } else { Stop::Halt };
        self.stop_broker(actor, how, None);
        match restart_us {
            Some(down_us) => self.plan_start(actor, self.after(down_us)),
            None => self.operate(actor),
        }
    }

    /// The disk has died inside a call, and with it the process or the machine.
    pub(super) fn die_in_call(&mut self, actor: ActorId) {
        let Some(death) = self.cast.broker_mut(actor).and_then(|seat| seat.death.take()) else { return };
        let Death { survival, down_us, step } = death;
        self.tell(actor, || format!("dies inside a disk call (step {step})"));
        let how = if survival.is_some() { Stop::PowerLoss } else { Stop::Kill };
        self.stop_broker(actor, how, survival.as_ref());
        self.plan_start(actor, self.after(down_us));
    }

    /// A client process dies: what was pending ends without anybody knowing how.
    pub(super) fn stop_client(&mut self, actor: ActorId) {
        self.hang_up(actor, false);
        let incarnation = self.cast.machine(actor).map_or(0, |machine| machine.incarnation);
        let Some(seat) = self.cast.client_mut(actor) else { return };
        let Some(client) = seat.client.take() else { return };
        seat.bug_reached |= client.config().bugs.was_reached();
        let fact = Fact::ClientLife { client: seat.id, session: session(incarnation), alive: false };
        self.trace.add(self.now, Mark::Stop, actor, 0);
        self.abandon(actor);
        self.judge(&fact);
    }

    /// A process stands still; its clocks go on and its inputs wait.
    pub(super) fn pause(&mut self, actor: ActorId, for_us: u64) -> bool {
        if !self.cast.lives(actor) {
            return false;
        }
        let at = self.after(for_us);
        let Some(machine) = self.cast.machine_mut(actor) else { return false };
        machine.pauses += 1;
        let resume = What::Resume(actor, machine.incarnation);
        self.net.set_deaf(actor, true, self.now, &mut self.queue);
        self.queue.push(at, self.draw.of("resume").at(actor.into()).bits(), resume);
        true
    }

    pub(super) fn resume(&mut self, actor: ActorId, incarnation: u32) -> bool {
        let current = |machine: &&mut super::cast::Machine| {
            machine.incarnation == incarnation && machine.pauses > 0 && !machine.frozen
        };
        let Some(machine) = self.cast.machine_mut(actor).filter(|machine| current(machine)) else { return false };
        machine.pauses -= 1;
        if machine.pauses > 0 {
            return false;
        }
        for what in std::mem::take(&mut machine.waiting) {
            self.queue.push(self.now, 0, what);
        }
        self.net.set_deaf(actor, false, self.now, &mut self.queue);
        self.tell(actor, || "goes on".to_owned());
        true
    }

    /// A controlled shutdown, then a start.
    pub(super) fn restart_cleanly(&mut self, actor: ActorId, down_us: u64) -> bool {
        let Some(seat) = self.cast.broker_mut(actor).filter(|seat| seat.broker.is_some() && seat.restart_us.is_none())
        else {
            return false;
        };
        seat.restart_us = Some(down_us);
        self.trace.add(self.now, Mark::Shutdown, actor, down_us);
        self.feed(actor, Input::Shutdown);
        true
    }
}

/// A session's number in facts; a client does not live so often that it would come round.
pub(super) fn session(incarnation: u32) -> u16 {
    incarnation as u16
}
