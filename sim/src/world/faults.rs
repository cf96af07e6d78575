//! What the actions of a Plan do: faults strike, last, and end.

use super::World;
use super::cast::Death;
use super::connections::is_of_the_network;
use super::net::{Spike, Wall};
use super::queue::{ActorId, What};
use crate::plan::{Action, Step};
use properties::{Fact, FaultKind, Stop, Touch};
use wire::LogDirId;

/// A fault that lasts.
#[derive(Clone, Debug)]
pub(crate) struct Lasting {
    what: Period,
    over: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Period {
    Wall(Wall),
    Spike(Spike),
    SlowSync(ActorId),
    DiskFull(ActorId, LogDirId),
    LyingSync(ActorId),
    Storm { client: ActorId, every_us: u64 },
}

impl World {
    /// Does what a step says to whom it concerns.
    pub(super) fn act(&mut self, actor: ActorId, step: &Step) {
        self.tell(actor, || super::lines::step(step));
        if let Some(fault) = step.action.fault() {
            self.court.ledger_mut().inject(fault);
            self.watch.states.strikes(&step.action, self.now);
        }
        match &step.action {
            Action::Do(op) => self.take_on(actor, op),
            action if is_of_the_network(action) => self.act_on_network(actor, step),
            Action::ClientCrash { down_us } => self.crash_client(actor, *down_us),
            Action::ClientPause { for_us } => self.pauses(actor, *for_us, FaultKind::ClientPause),
            Action::RetryStorm { for_us, every_us } => {
                self.last(Period::Storm { client: actor, every_us: *every_us }, *for_us);
                self.storm((self.lasting.len() - 1) as u32);
            }
            Action::ClockJump { by_ms } => {
                if let Some(machine) = self.cast.machine_mut(actor) {
                    machine.clock.jump(*by_ms);
                }
                self.took_effect(FaultKind::ClockJump, actor);
            }
            Action::ClockDrift { ppm } => {
                self.drift(actor, *ppm);
                self.took_effect(FaultKind::ClockDrift, actor);
            }
            _ => self.act_on_node(actor, step),
        }
        self.arm(actor);
    }

    fn act_on_node(&mut self, actor: ActorId, step: &Step) {
        let draw = self.draw.of("fault").at(step.id.into());
        match &step.action {
            Action::Kill { down_us } => {
                if self.cast.lives(actor) {
                    self.took_effect(FaultKind::Kill, actor);
                    self.stop_broker(actor, Stop::Kill, None);
                    self.plan_start(actor, self.after(*down_us));
                }
            }
            Action::PowerLoss { survival, down_us } => {
                self.took_effect(FaultKind::PowerLoss, actor);
                self.stop_broker(actor, Stop::PowerLoss, Some(survival));
                self.plan_start(actor, self.after(*down_us));
            }
            Action::DieAtCall { calls, survival, down_us } => {
                if let Some(seat) = self.cast.broker_mut(actor) {
                    seat.disk.faults().die_at_call(*calls, draw);
                    seat.death = Some(Death { survival: survival.clone(), down_us: *down_us, step: step.id });
                }
            }
            Action::Pause { for_us } => self.pauses(actor, *for_us, FaultKind::Pause),
            Action::CleanRestart { down_us } => {
                if self.restart_cleanly(actor, *down_us) {
                    self.took_effect(FaultKind::CleanRestart, actor);
                }
            }
            Action::WipeDisk { log_dir, down_us } => {
                if self.cast.lives(actor) {
                    self.stop_broker(actor, Stop::Kill, None);
                    self.plan_start(actor, self.after(*down_us));
                }
                if let Some(seat) = self.cast.broker_mut(actor) {
                    seat.disk.wipe(LogDirId(*log_dir));
                }
            }
            action => self.act_on_disk(actor, action, draw),
        }
        self.see_disk(actor);
    }

    fn act_on_disk(&mut self, actor: ActorId, action: &Action, draw: crate::Draw) {
        let Some(disk) = self.cast.broker_mut(actor).map(|seat| seat.disk.faults()) else { return };
        match action {
            Action::FailSync { nth, log_dir } => disk.fail_sync(LogDirId(*log_dir), *nth),
            Action::FailWrite { nth, log_dir } => disk.fail_write(LogDirId(*log_dir), *nth, draw),
            Action::FailRead { nth, log_dir } => disk.fail_read(LogDirId(*log_dir), *nth),
            Action::Misdirect { ending, log_dir } => disk.misdirect(LogDirId(*log_dir), ending, draw),
            Action::BitRot { ending, log_dir, permille } => {
                disk.rot(LogDirId(*log_dir), ending, *permille, draw);
            }
            Action::SlowSync { for_us, delay_us } => {
                disk.set_slow(Some(*delay_us));
                self.last(Period::SlowSync(actor), *for_us);
            }
            Action::DiskFull { for_us, log_dir } => {
                disk.set_full(LogDirId(*log_dir), true);
                self.last(Period::DiskFull(actor, LogDirId(*log_dir)), *for_us);
            }
            Action::LyingSync { for_us } => {
                disk.set_lying(true);
                self.last(Period::LyingSync(actor), *for_us);
            }
            _ => {}
        }
    }

    fn pauses(&mut self, actor: ActorId, for_us: u64, fault: FaultKind) {
        if self.pause(actor, for_us) {
            self.took_effect(fault, actor);
        }
    }

    fn crash_client(&mut self, actor: ActorId, down_us: u64) {
        if self.cast.lives(actor) {
            self.took_effect(FaultKind::ClientCrash, actor);
            self.stop_client(actor);
            self.plan_start(actor, self.after(down_us));
        }
    }

    /// Clocks that are wrong from the beginning are faults like any other.
    pub(super) fn count_skews(&mut self) {
        for actor in self.cast.broker_ids() {
            let skewed = self.cast.broker(actor).is_some_and(|seat| super::build::skew_ms(&self.plan, seat.id) != 0);
            if skewed {
                self.court.ledger_mut().inject(FaultKind::ClockSkew);
                self.took_effect(FaultKind::ClockSkew, actor);
            }
        }
    }

    /// A clock runs at another rate; what was to wake its node is due at another time.
    pub(super) fn drift(&mut self, actor: ActorId, ppm: i32) {
        let now = self.now;
        if let Some(machine) = self.cast.machine_mut(actor) {
            machine.clock.drift(now, ppm);
            machine.wake_at = None;
        }
    }

    /// A fault begins that lasts.
    pub(super) fn last(&mut self, what: Period, for_us: u64) {
        let index = self.lasting.len() as u32;
        self.lasting.push(Lasting { what, over: false });
        self.queue.push(self.after(for_us), self.draw.of("over").at(index.into()).bits(), What::Over(index));
    }

    /// A fault that lasts is over.
    pub(super) fn end_of(&mut self, index: u32) {
        let Some(lasting) = self.lasting.get_mut(index as usize).filter(|lasting| !lasting.over) else { return };
        lasting.over = true;
        let what = lasting.what.clone();
        match what {
            Period::Wall(wall) => self.net.raze(wall, self.now, &mut self.queue),
            Period::Spike(spike) => self.net.unslow(spike),
            Period::SlowSync(actor) => self.faulty(actor, |disk| disk.set_slow(None)),
            Period::DiskFull(actor, log_dir) => self.faulty(actor, |disk| disk.set_full(log_dir, false)),
            Period::LyingSync(actor) => self.faulty(actor, |disk| disk.set_lying(false)),
            Period::Storm { .. } => {}
        }
    }

    fn faulty(&mut self, actor: ActorId, change: impl FnOnce(&mut crate::disk::SimDisk)) {
        if let Some(seat) = self.cast.broker_mut(actor) {
            change(seat.disk.faults());
        }
    }

    /// All faults that last are over.
    pub(super) fn end_everything(&mut self) {
        for index in 0..self.lasting.len() {
            self.end_of(index as u32);
        }
    }

    /// A storm resets all connections of its client, and will again.
    pub(super) fn storm(&mut self, index: u32) -> bool {
        let Some(Lasting { what: Period::Storm { client, every_us }, over: false }) =
            self.lasting.get(index as usize).cloned()
        else {
            return false;
        };
        self.reset(client, None, FaultKind::RetryStorm);
        let tie = self.draw.of("storm").at(index.into()).bits();
        self.queue.push(self.after(every_us), tie, What::Storm(index));
        true
    }

    /// A fault did something to a node or a client.
    pub(super) fn took_effect(&mut self, fault: FaultKind, actor: ActorId) {
        let node = self.cast.broker(actor).map(|seat| seat.id);
        let client = self.cast.client(actor).map(|seat| seat.id);
        let touch = Touch { node, client, ..Touch::new(fault, self.moment()) };
        self.court.ledger_mut().touch(touch);
        self.judge(&Fact::Injected { fault, node });
    }
}
