//! The Broker: routes an input to a part, runs due timers, and looks after what every input may have changed.

use crate::config::Config;
use crate::connections::{Connections, Reply};
use crate::controller::Controller;
use crate::controller::sessions::Sessions;
use crate::event::Event;
use crate::fetch::sessions::FetchSessions;
use crate::keyed::Keyed;
use crate::lifecycle::{Life, Phase};
use crate::log::{LogDirs, LogError};
use crate::parked::{ParkedRequests, Waiting};
use crate::peers::Peers;
use crate::quorum::{self, Quorum, QuorumError};
use crate::replica::Replicas;
use crate::timer::{Timer, Timers};
use crate::view::View;
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::time::Duration;
use wire::{ConnId, Disk, DiskError, Input, Instant, Io, Node, Output, ReadId, Reason, Request, Side, Str};

/// One node: broker and controller in one.
#[derive(Clone)]
pub struct Broker {
    pub(crate) config: Config,
    pub(crate) keyed: Keyed,
    /// How many topic ids this incarnation has drawn.
    pub(crate) topic_ids_drawn: u64,
    pub(crate) phase: Phase,
    pub(crate) connections: Connections,
    pub(crate) timers: Timers,
    pub(crate) logs: LogDirs,
    pub(crate) replicas: Replicas,
    pub(crate) quorum: Quorum,
    pub(crate) controller: Controller,
    pub(crate) sessions: Sessions,
    pub(crate) fetch_sessions: FetchSessions,
    pub(crate) peers: Peers,
    pub(crate) life: Life,
    /// Clients' requests that wait for the active controller.
    pub(crate) forwards: VecDeque<(Reply, Request)>,
    /// An ISR may have to be asked for; one request for that is on its way; and none before then.
    pub(crate) isr_asked: bool,
    pub(crate) isr_asking: bool,
    pub(crate) isr_retry_at: Instant,
    pub(crate) parked: ParkedRequests,
    /// Cold reads under way, and whose they are.
    pub(crate) reads: BTreeMap<ReadId, ConnId>,
    pub(crate) next_read: u64,
    pub(crate) broker_epoch: Option<i64>,
    /// Something was appended, synced or configured, so that the next flush may be due at another time.
    pub(crate) logs_touched: bool,
}

/// Why a broker could not be opened on its disk. The text says what an operator can do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The disk failed while it was read or written.
    #[error("cannot use log directory: {0}; check the device, or remove the directory from log.dirs")]
    Disk(#[from] DiskError),
    /// What the disk holds cannot be opened by this configuration.
    #[error("{0}")]
    Refused(Str),
}

impl From<QuorumError> for OpenError {
    fn from(error: QuorumError) -> OpenError {
        match error {
            QuorumError::Log(LogError::Storage(error)) => OpenError::Disk(error),
            QuorumError::Log(error) => OpenError::Refused(format!("the metadata log cannot be used: {error}").into()),
            QuorumError::Corrupt(what) => OpenError::Refused(
                format!(
                    "the metadata log cannot be used: {what}; restore it from a copy, or format the directory anew"
                )
                .into(),
            ),
        }
    }
}

impl Broker {
    /// Recovers what survived on the disk, takes a new quorum epoch and registers. `seed` is that of this node and incarnation.
    pub fn open(config: Config, seed: u64, io: &mut Io<'_, Broker>) -> Result<Broker, OpenError> {
        let keyed = Keyed::new(seed);
        let mut logs = LogDirs::open(&config, keyed.number("directory", 0), io)?;
        let clean = logs.clean_shutdown().is_some();
        let (quorum, opened) = Quorum::open(&config, &mut logs, io)?;
        let mut controller = Controller::default();
        controller.install(opened.image);
        for (base_offset, records) in opened.batches {
            controller.propose(base_offset, records, None);
        }
        io.event(Event::Recovered { clean });
        tracing::debug!(node = %config.node_id, clean, epoch = quorum.epoch, "opened");
        let mut broker = Broker {
            config,
            keyed,
            topic_ids_drawn: 0,
            phase: Phase::Joining,
            connections: Connections::default(),
            timers: Timers::default(),
            logs,
            replicas: Replicas::default(),
            quorum,
            controller,
            sessions: Sessions::default(),
            fetch_sessions: FetchSessions::default(),
            peers: Peers::default(),
            life: Life::default(),
            forwards: VecDeque::new(),
            isr_asked: false,
            isr_asking: false,
            isr_retry_at: Instant::default(),
            parked: ParkedRequests::default(),
            reads: BTreeMap::new(),
            next_read: 0,
            broker_epoch: None,
            logs_touched: true,
        };
        broker.join_quorum(io);
        broker.arm_isr_check(io);
        broker.settle(io);
        Ok(broker)
    }

    /// Read-only look-ups.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View { logs: self }
    }

    /// What it was opened with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    fn frame(&mut self, conn: ConnId, frame: Bytes, io: &mut Io<'_, Broker>) {
        if conn.side == Side::Dialled {
            let backoff = self.config.cluster.retry_backoff;
            let answered = self.peers.frame(conn, &frame, backoff, io);
            return answered.into_iter().for_each(|answered| self.peer_answered(answered, io));
        }
        match self.phase {
            Phase::Closing | Phase::Halted => {}
            // Other nodes are answered from the first moment on.
            _ if self.is_controllers(conn) => self.request(conn, &frame, io),
            Phase::Serving => self.serve(conn, &frame, io),
            // As in the backlog of a listener that nobody accepts from yet.
            _ => {
                if let Some(connection) = self.connections.get_mut(conn) {
                    connection.early = Some(frame);
                }
            }
        }
    }

    /// Whether a connection came by the controllers' listener.
    pub(crate) fn is_controllers(&self, conn: ConnId) -> bool {
        self.connections.get(conn).is_some_and(|connection| self.config.is_controller_listener(&connection.listener))
    }

    fn closed(&mut self, conn: ConnId, io: &mut Io<'_, Broker>) {
        if conn.side == Side::Dialled {
            let answered = self.peers.closed(conn, self.config.cluster.retry_backoff, io.now.mono);
            return answered.into_iter().for_each(|answered| self.peer_answered(answered, io));
        }
        self.connections.closed(conn);
        // Whoever waits finds nobody when it is woken; what a Produce appended stays appended.
        self.parked.take(conn);
    }

    fn expire_peers(&mut self, io: &mut Io<'_, Broker>) {
        while let Some(answered) = self.peers.expire(self.config.cluster.retry_backoff, io) {
            self.peer_answered(answered, io);
        }
    }

    /// Says to other nodes what there is to say; when there may be more.
    fn pump(&mut self, io: &mut Io<'_, Broker>) -> Instant {
        if matches!(self.phase, Phase::Closing | Phase::Halted) {
            return Instant::NEVER;
        }
        let first = [self.pump_quorum(io), self.pump_quorum_fetch(io), self.pump_life(io), self.pump_forwards(io)];
        let then = [self.pump_isr(io), self.pump_replicas(io)];
        first.into_iter().chain(then).min().unwrap_or(Instant::NEVER)
    }

    pub(crate) fn arm_isr_check(&mut self, io: &Io<'_, Broker>) {
        if !self.config.cluster.is_alone() {
            let half = self.config.cluster.replica_lag / 2;
            self.timers.arm(Timer::IsrCheck, io.now.mono + half.max(Duration::from_millis(1)));
        }
    }

    fn run_timers(&mut self, io: &mut Io<'_, Broker>) {
        while let Some(timer) = self.timers.take_due(io.now.mono) {
            tracing::trace!(?timer, "due");
            match timer {
                Timer::Parked => self.expire_parked(io),
                Timer::MetadataIdle => self.metadata_idle(io),
                Timer::HighWatermarkCheckpoint => self.checkpoint_high_watermarks(io),
                Timer::RecoveryPointCheckpoint => {
                    self.logs.checkpoint_recovery_points(io, &self.config.planted);
                    let every = self.config.number("log.flush.offset.checkpoint.interval.ms");
                    self.arm_every(timer, every, io);
                }
                Timer::Flush => {
                    self.logs.flush_due(io, &self.config.planted);
                    self.logs_touched = true;
                }
                Timer::FileDelete => self.logs.remove_deleted(io),
                Timer::Quorum => self.quorum_timeout(io),
                Timer::Peers => self.expire_peers(io),
                // What there is to say is said after every input.
                Timer::Pump => {}
                Timer::Session => self.fence_silent(io),
                Timer::IsrCheck => {
                    self.shrink_isrs(io);
                    self.arm_isr_check(io);
                }
            }
            if self.timers.next().is_some_and(|(at, next)| next == timer && at <= io.now.mono) {
                // Armed for now again: the driver asks once more, so that a loop of our own making is seen.
                break;
            }
        }
    }

    fn expire_parked(&mut self, io: &mut Io<'_, Broker>) {
        while let Some(parked) = self.parked.take_due(io.now.mono) {
            match parked.waiting {
                Waiting::Produce(produce) => self.time_out_produce(parked.reply, produce, io),
                Waiting::Fetch(_) => self.time_out_fetch(parked, io),
                Waiting::QuorumFetch(fetch) => self.time_out_quorum_fetch(parked.reply, fetch, io),
            }
        }
    }

    fn checkpoint_high_watermarks(&mut self, io: &mut Io<'_, Broker>) {
        let replicas = &self.replicas;
        let high_watermark = |key| replicas.get(key).map_or(0, |replica| replica.high_watermark);
        self.logs.checkpoint_high_watermarks(&high_watermark, io, &self.config.planted);
        let every = self.config.number("replica.high.watermark.checkpoint.interval.ms");
        self.arm_every(Timer::HighWatermarkCheckpoint, every, io);
    }

    pub(crate) fn arm_every(&mut self, timer: Timer, interval_ms: i64, io: &Io<'_, Broker>) {
        let interval = Duration::from_millis(u64::try_from(interval_ms).unwrap_or(0).max(1));
        self.timers.arm(timer, io.now.mono + interval);
    }

    /// After every input: directories that failed, and what is due next.
    fn settle(&mut self, io: &mut Io<'_, Broker>) {
        for log_dir in self.logs.take_failed() {
            self.log_dir_failed(log_dir, io);
        }
        let pump = self.pump(io);
        self.timers.arm(Timer::Pump, pump);
        self.timers.arm(Timer::Peers, self.peers.next_deadline());
        self.timers.arm(Timer::Quorum, self.quorum.next_timeout());
        let session = self.sessions.next(self.config.cluster.session_timeout);
        self.timers.arm(Timer::Session, session);
        if std::mem::take(&mut self.logs_touched) {
            self.timers.arm(Timer::Flush, self.logs.next_flush().unwrap_or(Instant::NEVER));
        }
        self.timers.arm(Timer::Parked, self.parked.next_deadline());
        self.timers.arm(Timer::FileDelete, self.logs.next_removal().unwrap_or(Instant::NEVER));
        self.check_invariants();
    }

    fn check_invariants(&self) {
        if let Some(log) = self.logs.get(quorum::METADATA) {
            assert!(
                self.quorum.high_watermark <= log.log_end_offset(),
                "the metadata high watermark is beyond the log"
            );
        }
    }

    pub(crate) fn halt(&mut self, reason: Reason, io: &mut Io<'_, Broker>) {
        if self.phase != Phase::Halted {
            tracing::debug!(?reason, "halts");
            self.phase = Phase::Halted;
            io.push(Output::Halt(reason));
        }
    }
}

impl Node for Broker {
    type Op = Infallible;
    type Done = Infallible;
    type Event = Event;
    type Timer = Timer;
    type Disk = dyn Disk;

    fn handle(&mut self, input: Input<Infallible>, io: &mut Io<'_, Broker>) {
        if self.phase == Phase::Halted {
            return;
        }
        match input {
            Input::Accepted(conn, peer) => self.connections.accept(conn, peer),
            Input::Closed(conn) => self.closed(conn, io),
            Input::Frame(conn, frame) => self.frame(conn, frame, io),
            Input::Synced(id, result) => {
                for durable in self.logs.synced(id, result, io, &self.config.planted) {
                    self.durable(&durable, io);
                }
            }
            Input::Read(id, result) => self.read_done(id, result, io),
            Input::Op(_, never) => match never {},
            Input::Shutdown => self.shut_down(io),
            Input::Timeout => self.run_timers(io),
        }
        self.settle(io);
    }

    fn next_timeout(&self) -> Option<(Instant, Timer)> {
        if self.phase == Phase::Halted { None } else { self.timers.next() }
    }
}
