//! A broker's life: election, registration, serving, and the end, whether it is asked for or the disk forces it.

use crate::broker::Broker;
use crate::bugs::Bug;
use crate::controller::{Answer, registration};
use crate::event::Event;
use crate::log::{Durable, FileTicket, LogKey};
use crate::quorum::METADATA;
use crate::timer::Timer;
use wire::metadata::{MetadataRecord, NoOpRecord};
use wire::{Io, LogDirId, Reason};

/// Where a broker is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The quorum state of the new epoch is on its way to the disk.
    Electing,
    /// Leads the metadata quorum; its first records are on their way to the disk.
    Registering,
    /// Serves clients.
    Serving,
    /// A controlled shutdown is under way.
    Closing,
    /// Nothing happens any more.
    Halted,
}

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
        self.quorum.written(ticket);
        self.lead_if_elected(io);
    }

    fn lead_if_elected(&mut self, io: &mut Io<'_, Broker>) {
        if self.phase == Phase::Electing && self.quorum.is_elected(&self.logs) {
            self.become_controller(io);
        }
    }

    /// The epoch is durable: the LeaderChange record begins it, then the controller writes what it has to say.
    fn become_controller(&mut self, io: &mut Io<'_, Broker>) {
        self.phase = Phase::Registering;
        if let Err(error) = self.quorum.lead(&mut self.logs, io, &self.config.planted) {
            return self.metadata_failed(&error.to_string(), io);
        }
        if self.controller.latest().features.is_empty() {
            self.propose(registration::bootstrap(&self.config), None, io);
        }
        let broker_epoch = self.logs.get(METADATA).map_or(0, |log| log.log_end_offset());
        let incarnation_id = self.keyed.uuid("incarnation", 0);
        let directories = self.logs.online().filter_map(|log_dir| self.logs.meta(log_dir)?.directory_id).collect();
        let image = self.controller.latest();
        let records = registration::register(image, &self.config, incarnation_id, broker_epoch, directories);
        self.broker_epoch = Some(broker_epoch);
        self.propose(records, Some(Answer::Registered), io);
        self.advance_metadata(io);
        self.arm_idle(io);
    }

    /// Writes records to the metadata log. What they lead to happens when they are committed.
    pub(crate) fn propose(&mut self, records: Vec<MetadataRecord>, answer: Option<Answer>, io: &mut Io<'_, Broker>) {
        if records.is_empty() {
            return answer.into_iter().for_each(|answer| self.answered(answer, io));
        }
        match self.quorum.append(&records, &mut self.logs, io, &self.config.planted) {
            Ok(base_offset) => {
                self.controller.propose(base_offset, records, answer);
                self.arm_idle(io);
                self.advance_metadata(io);
            }
            Err(error) => self.metadata_failed(&error.to_string(), io),
        }
    }

    /// The high watermark of the metadata log may have moved: what it passed is published and answered.
    fn advance_metadata(&mut self, io: &mut Io<'_, Broker>) {
        let first = self.quorum.high_watermark == 0;
        let Some(event) = self.quorum.advance(&self.logs, &self.config.planted) else { return };
        io.event(event);
        if first {
            self.publish_loaded(io);
        }
        while let Some(committed) = self.controller.commit(self.quorum.high_watermark) {
            self.publish(&committed.records, io);
            if let Some(answer) = committed.answer {
                self.answered(answer, io);
            }
        }
    }

    /// What follows a committed proposal.
    fn answered(&mut self, answer: Answer, io: &mut Io<'_, Broker>) {
        match answer {
            Answer::Reply(reply, response) => self.connections.answer(reply, &response, io),
            Answer::Registered => {
                let broker_epoch = self.broker_epoch.unwrap_or(-1);
                io.event(Event::Registered { broker_epoch });
                let records = registration::unfence(self.controller.latest(), self.config.node_id.0, broker_epoch);
                self.propose(records, Some(Answer::Unfenced), io);
            }
            Answer::Unfenced => self.begin_serving(io),
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

    /// The metadata log has been idle: a NoOp record shows that the controller lives.
    pub(crate) fn metadata_idle(&mut self, io: &mut Io<'_, Broker>) {
        #[cfg(feature = "bugs")]
        self.release_held(io);
        if matches!(self.phase, Phase::Serving | Phase::Registering) {
            self.propose(vec![NoOpRecord::default().into()], None, io);
        }
    }

    fn arm_idle(&mut self, io: &Io<'_, Broker>) {
        let interval_ms = self.config.number("metadata.max.idle.interval.ms");
        if self.config.planted.has(Bug::C40) {
            self.timers.arm(Timer::MetadataIdle, io.now.mono);
        } else if interval_ms > 0 {
            self.arm_every(Timer::MetadataIdle, interval_ms, io);
        }
    }

    /// A controlled shutdown. Requests in hand stay without an answer; their clients go elsewhere, or come back.
    pub(crate) fn shut_down(&mut self, io: &mut Io<'_, Broker>) {
        if matches!(self.phase, Phase::Closing | Phase::Halted) {
            return;
        }
        self.phase = Phase::Closing;
        self.parked.take_all();
        let open: Vec<_> = self.connections.ids().collect();
        for conn in open {
            self.connections.close(conn, io);
        }
        let replicas = &self.replicas;
        let high_watermark = |key: LogKey| replicas.get(key).map_or(0, |replica| replica.high_watermark);
        self.logs.begin_close(self.broker_epoch.unwrap_or(-1), &high_watermark, io, &self.config.planted);
    }

    /// A log directory went offline: with the metadata directory, or the last one, the node is over; otherwise its partitions are.
    pub(crate) fn log_dir_failed(&mut self, log_dir: LogDirId, io: &mut Io<'_, Broker>) {
        if log_dir == LogDirId(0) || self.logs.online().next().is_none() {
            let reason = format!("log directory {} failed, and the node cannot go on without it", log_dir.0);
            return self.halt(Reason::StorageFailed(reason.into()), io);
        }
        let lost: Vec<LogKey> = self
            .replicas
            .keys()
            .filter(|&key| self.logs.get(key).is_some_and(|log| log.log_dir() == log_dir))
            .collect();
        let led = lost
            .iter()
            .copied()
            .filter(|&key| self.replicas.get(key).is_some_and(|replica| replica.leads))
            .collect::<Vec<_>>();
        if !led.is_empty() && matches!(self.phase, Phase::Serving | Phase::Registering) {
            self.propose(registration::without_leader(led), None, io);
        }
        for key in lost {
            self.wake(key, io);
        }
    }

    fn metadata_failed(&mut self, why: &str, io: &mut Io<'_, Broker>) {
        // What is not committed never will be, not by this incarnation.
        drop(self.controller.revert());
        self.halt(Reason::StorageFailed(format!("the metadata log failed: {why}").into()), io);
    }
}
