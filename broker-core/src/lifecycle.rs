//! A broker's life: joining the quorum, registration, serving, and the end, whether it is asked for or the disk forces it.

use crate::broker::Broker;
use crate::bugs::Bug;
use crate::controller::registration;
use crate::event::Event;
use crate::log::{Durable, FileTicket, Log, LogKey};
use crate::peers::Ask;
use crate::quorum::METADATA;
use crate::serving::News;
use crate::timer::Timer;
use std::time::Duration;
use wire::messages::{BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationResponse};
use wire::{ErrorCode, Instant, Io, LogDirId, Reason, Response};

/// Where a broker is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing is known yet of what the quorum has committed.
    Joining,
    /// The controller does not let it lead yet.
    Registering,
    /// Serves clients.
    Serving,
    /// A controlled shutdown is under way.
    Closing,
    /// Nothing happens any more.
    Halted,
}

/// What a broker has to say to the active controller, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Life {
    /// When to say the next thing: to register, then that it lives.
    pub(crate) speak_at: Instant,
    /// Something was said and not answered.
    pub(crate) asking: bool,
    /// It wants to shut down, and does so then at the latest.
    pub(crate) leave_by: Option<Instant>,
}

impl Default for Life {
    fn default() -> Life {
        Life { speak_at: Instant::NEVER, asking: false, leave_by: None }
    }
}

/// How often a broker that shuts down asks whether it may.
const LEAVING_EVERY: Duration = Duration::from_millis(50);

impl Broker {
    /// Something has become durable.
    pub(crate) fn durable(&mut self, durable: &Durable, io: &mut Io<'_, Broker>) {
        match *durable {
            Durable::Log(METADATA, _) => {
                self.lead_if_elected(io);
                self.advance_metadata(io);
            }
            Durable::Log(key, _) => self.log_is_durable(key, io),
            Durable::File(ticket) => self.file_is_durable(ticket, io),
            Durable::DirFailed(log_dir) => self.log_dir_failed(log_dir, io),
            Durable::Closed => {
                io.event(Event::CleanShutdown);
                self.halt(Reason::Shutdown, io);
            }
        }
    }

    fn file_is_durable(&mut self, ticket: FileTicket, io: &mut Io<'_, Broker>) {
        if let Some(waiting) = self.quorum.written(ticket) {
            self.quorum_saved(waiting, io);
        }
        self.snapshot_is_durable(ticket, io);
        self.lead_if_elected(io);
    }

    fn lead_if_elected(&mut self, io: &mut Io<'_, Broker>) {
        let alive = !matches!(self.phase, Phase::Closing | Phase::Halted);
        if alive && self.quorum.is_elected(&self.logs) {
            self.become_controller(io);
        }
    }

    /// The epoch is durable: the LeaderChange record begins it, then the controller writes what a new cluster begins with.
    fn become_controller(&mut self, io: &mut Io<'_, Broker>) {
        if let Err(error) = self.quorum.lead(&mut self.logs, io, &self.config.planted) {
            return self.metadata_failed(&error.to_string(), io);
        }
        #[cfg(feature = "bugs")]
        if self.config.planted.has(Bug::Z01) {
            self.reload_snapshot(io);
        }
        self.begin_sessions(io);
        if self.controller.latest().features.is_empty() {
            self.propose(registration::bootstrap(&self.config), None, io);
        }
        self.advance_metadata(io);
        self.arm_idle(io);
    }

    /// The image is published for the first time: what this node has is known, and it can register.
    pub(crate) fn image_is_known(&mut self, io: &mut Io<'_, Broker>) {
        if self.phase == Phase::Joining {
            self.phase = Phase::Registering;
            self.life.speak_at = io.now.mono;
        }
    }

    /// Says to the active controller what is due, if it can be reached; the earliest time at which there is something to say.
    pub(crate) fn pump_life(&mut self, io: &mut Io<'_, Broker>) -> Instant {
        if self.life.leave_by.is_some_and(|by| by <= io.now.mono) {
            self.close_down(io);
        }
        let speaks = matches!(self.phase, Phase::Registering | Phase::Serving) && !self.life.asking;
        if !speaks {
            return Instant::NEVER;
        }
        if self.life.speak_at > io.now.mono {
            return self.life.speak_at;
        }
        self.life.asking = true;
        let sent = match self.broker_epoch {
            None => self.ask_to_register(io),
            Some(epoch) => self.say_alive(epoch, io),
        };
        if let Err(retry) = sent {
            self.life.asking = false;
            return retry;
        }
        self.life.leave_by.unwrap_or(Instant::NEVER)
    }

    fn ask_to_register(&mut self, io: &mut Io<'_, Broker>) -> Result<(), Instant> {
        let incarnation_id = self.keyed.uuid("incarnation", 0);
        let directories = self.logs.online().filter_map(|log_dir| self.logs.meta(log_dir)?.directory_id).collect();
        let previous = self.logs.clean_shutdown().map_or(-1, |marker| marker.broker_epoch);
        let request = registration::request(&self.config, incarnation_id, directories, previous);
        self.ask_controller(request.into(), Ask::Register, io)
    }

    fn say_alive(&mut self, broker_epoch: i64, io: &mut Io<'_, Broker>) -> Result<(), Instant> {
        let request = BrokerHeartbeatRequest {
            broker_id: self.config.node_id.0,
            broker_epoch,
            current_metadata_offset: self.controller.committed().last_offset.unwrap_or(-1),
            want_shut_down: self.life.leave_by.is_some(),
            ..BrokerHeartbeatRequest::default()
        };
        self.ask_controller(request.into(), Ask::Heartbeat, io)
    }

    /// The controller answered the registration, or nobody knows whether it did.
    pub(crate) fn registered(&mut self, response: Option<BrokerRegistrationResponse>, io: &mut Io<'_, Broker>) {
        self.life.asking = false;
        let again = io.now.mono + self.config.cluster.heartbeat_interval / 4;
        let Some(response) = response.filter(|response| response.error_code == 0) else {
            self.life.speak_at = again;
            return;
        };
        self.broker_epoch = Some(response.broker_epoch);
        self.life.speak_at = io.now.mono;
        io.event(Event::Registered { broker_epoch: response.broker_epoch });
    }

    /// The controller answered a heartbeat, or it cannot be reached.
    pub(crate) fn beat_answered(&mut self, response: Option<BrokerHeartbeatResponse>, io: &mut Io<'_, Broker>) {
        self.life.asking = false;
        let interval = self.config.cluster.heartbeat_interval;
        let leaving = self.life.leave_by.is_some();
        let Some(response) = response else {
            self.life.speak_at = io.now.mono + interval.min(Duration::from_millis(100));
            return;
        };
        let soon = leaving || response.is_fenced;
        self.life.speak_at = io.now.mono + if soon { interval.min(LEAVING_EVERY) } else { interval };
        match ErrorCode::from_code(response.error_code) {
            ErrorCode::None if response.should_shut_down && leaving => self.close_down(io),
            ErrorCode::None if !response.is_fenced => self.begin_serving(io),
            // The cluster has another incarnation of this broker, or none: this one begins anew.
            ErrorCode::StaleBrokerEpoch | ErrorCode::BrokerIdNotRegistered if !leaving => self.broker_epoch = None,
            _ => {}
        }
    }

    fn begin_serving(&mut self, io: &mut Io<'_, Broker>) {
        if self.phase != Phase::Registering {
            return;
        }
        self.phase = Phase::Serving;
        tracing::debug!(broker_epoch = self.broker_epoch, "serves");
        let every = self.config.number("replica.high.watermark.checkpoint.interval.ms");
        self.arm_every(Timer::HighWatermarkCheckpoint, every, io);
        let every = self.config.number("log.flush.offset.checkpoint.interval.ms");
        self.arm_every(Timer::RecoveryPointCheckpoint, every, io);
        for (conn, frame) in self.connections.take_early() {
            self.serve(conn, &frame, io);
        }
    }

    /// A controlled shutdown. With others in the cluster the controller is asked first: it moves leadership away.
    pub(crate) fn shut_down(&mut self, io: &mut Io<'_, Broker>) {
        if matches!(self.phase, Phase::Closing | Phase::Halted) || self.life.leave_by.is_some() {
            return;
        }
        if self.quorum.is_alone() || self.broker_epoch.is_none() {
            return self.close_down(io);
        }
        self.life.leave_by = Some(io.now.mono + self.config.cluster.session_timeout);
        self.life.speak_at = io.now.mono;
    }

    /// Requests in hand stay without an answer; their clients go elsewhere, or come back.
    fn close_down(&mut self, io: &mut Io<'_, Broker>) {
        if matches!(self.phase, Phase::Closing | Phase::Halted) {
            return;
        }
        if self.quorum.leads() && !self.quorum.is_alone() {
            self.resign(io);
        }
        self.phase = Phase::Closing;
        self.life.leave_by = None;
        self.parked.take_all();
        let open: Vec<_> = self.connections.ids().collect();
        for conn in open {
            self.connections.close(conn, io);
        }
        self.peers.close(io);
        let replicas = &self.replicas;
        let high_watermark = |key: LogKey| replicas.get(key).map_or(0, |replica| replica.high_watermark);
        self.logs.begin_close(self.broker_epoch.unwrap_or(-1), &high_watermark, io, &self.config.planted);
    }

    /// The metadata log has been idle: a NoOp record shows that the controller lives.
    pub(crate) fn metadata_idle(&mut self, io: &mut Io<'_, Broker>) {
        #[cfg(feature = "bugs")]
        self.release_held(io);
        if self.quorum.leads() && self.phase != Phase::Closing {
            self.propose(vec![wire::metadata::NoOpRecord::default().into()], None, io);
        }
    }

    pub(crate) fn arm_idle(&mut self, io: &Io<'_, Broker>) {
        let interval_ms = self.config.number("metadata.max.idle.interval.ms");
        if self.config.planted.has(Bug::C40) {
            self.timers.arm(Timer::MetadataIdle, io.now.mono);
        } else if interval_ms > 0 {
            self.arm_every(Timer::MetadataIdle, interval_ms, io);
        }
    }

    /// A log directory went offline: with the metadata directory, or the last one, the node is over; otherwise its partitions are.
    pub(crate) fn log_dir_failed(&mut self, log_dir: LogDirId, io: &mut Io<'_, Broker>) {
        if log_dir == LogDirId(0) || self.logs.online().next().is_none() {
            let reason = format!("log directory {} failed, and the node cannot go on without it", log_dir.0);
            return self.halt(Reason::StorageFailed(reason.into()), io);
        }
        let in_it = |key: &LogKey| self.logs.get(*key).map(Log::log_dir) == Some(log_dir);
        let lost: Vec<LogKey> = self.replicas.keys().filter(in_it).collect();
        let led = |key: &LogKey| self.replicas.get(*key).is_some_and(|replica| replica.leads());
        let led: Vec<LogKey> = lost.iter().copied().filter(led).collect();
        if matches!(self.phase, Phase::Serving | Phase::Registering) {
            self.give_back(&led, io);
        }
        for key in lost {
            self.wake(key, News::Changed, io);
        }
    }

    pub(crate) fn metadata_failed(&mut self, why: &str, io: &mut Io<'_, Broker>) {
        // What is not committed never will be, not by this incarnation.
        drop(self.controller.revert());
        self.halt(Reason::StorageFailed(format!("the metadata log failed: {why}").into()), io);
    }

    /// What this node's broker asked of the active controller was answered, or nobody knows.
    pub(crate) fn controller_answered(&mut self, ask: Ask, response: Option<Response>, io: &mut Io<'_, Broker>) {
        match (ask, response) {
            (Ask::Register, Some(Response::BrokerRegistration(response))) => self.registered(Some(response), io),
            (Ask::Register, _) => self.registered(None, io),
            (Ask::Heartbeat, Some(Response::BrokerHeartbeat(response))) => self.beat_answered(Some(response), io),
            (Ask::Heartbeat, _) => self.beat_answered(None, io),
            (Ask::AlterPartition(keys), Some(Response::AlterPartition(response))) => {
                self.isr_answered(&keys, Some(response), io);
            }
            (Ask::AlterPartition(keys), _) => self.isr_answered(&keys, None, io),
            _ => {}
        }
    }
}
