//! Read-only looks into a broker: for properties and metrics. Look-ups are O(1) or O(log n) and allocate nothing.

use crate::broker::Broker;
use crate::lifecycle::Phase;
use crate::log::{Log, LogKey};
use crate::quorum::METADATA;
use crate::replica::Replica;
use wire::{LogDirId, Str, Uuid};

/// One partition's log as its broker sees it.
#[derive(Clone, Copy, Debug)]
pub struct LogView<'a> {
    /// The topic's name.
    pub topic: &'a Str,
    /// The topic's incarnation.
    pub topic_id: Uuid,
    /// The partition's index.
    pub partition: i32,
    /// Where its files are.
    pub log_dir: LogDirId,
    /// Whether its log directory is online.
    pub online: bool,
    /// The first offset that can be read.
    pub log_start_offset: i64,
    /// The offset that the next record gets.
    pub log_end_offset: i64,
    /// The end of what consumers may read.
    pub high_watermark: i64,
    /// The end of what read_committed consumers may read.
    pub last_stable_offset: i64,
    /// Below it everything has been synced.
    pub recovery_point: i64,
    /// Whether this broker believes that it leads; for the metadata log, that it is the active controller.
    pub leads: bool,
    /// How many replicas the ISR has that the controller committed, as this leader knows it; 0 if it does not lead.
    pub in_sync: usize,
    /// The partition's leader epoch as this broker knows it.
    pub leader_epoch: i32,
    /// The epoch cache: (epoch, start offset), ascending.
    pub epochs: &'a [(i32, i64)],
    /// Set where a corrupt batch limits reading: the first offset that cannot be read.
    pub corrupt_from: Option<i64>,
}

/// A broker, read-only.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub(crate) logs: &'a dyn Logs,
}

/// What a broker must be able to show; implemented by `Broker`, and by stand-ins in the tests of properties.
pub trait Logs {
    /// See [`View::log`].
    fn log(&self, topic_id: Uuid, partition: i32) -> Option<LogView<'_>>;
    /// See [`View::each_log`].
    fn each_log<'a>(&'a self, visit: &mut dyn FnMut(LogView<'a>));
    /// See [`View::broker_epoch`].
    fn broker_epoch(&self) -> Option<i64>;
    /// See [`View::quorum_epoch`].
    fn quorum_epoch(&self) -> i32;
    /// See [`View::serves`].
    fn serves(&self) -> bool;
    /// See [`View::bug_reached`].
    fn bug_reached(&self) -> bool;
}

impl<'a> View<'a> {
    /// A look at what shows its logs.
    #[must_use]
    pub fn new(logs: &'a dyn Logs) -> View<'a> {
        View { logs }
    }

    /// A partition's log; the metadata log is `(Uuid(1), 0)`.
    #[must_use]
    pub fn log(&self, topic_id: Uuid, partition: i32) -> Option<LogView<'a>> {
        self.logs.log(topic_id, partition)
    }

    /// Every log that this broker hosts, the metadata log included, in a fixed order.
    pub fn each_log(&self, mut visit: impl FnMut(LogView<'a>)) {
        self.logs.each_log(&mut visit);
    }

    /// The epoch of the current registration.
    #[must_use]
    pub fn broker_epoch(&self) -> Option<i64> {
        self.logs.broker_epoch()
    }

    /// The metadata quorum's epoch as this node knows it.
    #[must_use]
    pub fn quorum_epoch(&self) -> i32 {
        self.logs.quorum_epoch()
    }

    /// Whether the broker serves clients: the controller has unfenced this incarnation.
    #[must_use]
    pub fn serves(&self) -> bool {
        self.logs.serves()
    }

    /// Whether a planted bug's guard was passed.
    #[must_use]
    pub fn bug_reached(&self) -> bool {
        self.logs.bug_reached()
    }
}

impl Logs for Broker {
    fn log(&self, topic_id: Uuid, partition: i32) -> Option<LogView<'_>> {
        let key = (topic_id, partition);
        self.logs.get(key).map(|log| log_view(self, key, log))
    }

    fn each_log<'a>(&'a self, visit: &mut dyn FnMut(LogView<'a>)) {
        self.logs.iter().for_each(|(&key, log)| visit(log_view(self, key, log)));
    }

    fn broker_epoch(&self) -> Option<i64> {
        self.broker_epoch
    }

    fn quorum_epoch(&self) -> i32 {
        self.quorum.epoch
    }

    fn serves(&self) -> bool {
        self.phase == Phase::Serving
    }

    fn bug_reached(&self) -> bool {
        self.config.planted.was_reached()
    }
}

fn log_view<'a>(broker: &'a Broker, key: LogKey, log: &'a Log) -> LogView<'a> {
    let (leads, leader_epoch, high_watermark) = match broker.replicas.get(key) {
        _ if key == METADATA => (broker.quorum.leads(), broker.quorum.epoch, broker.quorum.high_watermark),
        Some(replica) => (replica.leads(), replica.leader_epoch, replica.high_watermark),
        // Not published yet.
        None => (false, log.latest_epoch(), log.log_start_offset()),
    };
    let leading = broker.replicas.get(key).and_then(Replica::leading);
    LogView {
        in_sync: leading.map_or(0, |leading| leading.isr.len()),
        topic: &log.partition().topic,
        topic_id: key.0,
        partition: key.1,
        log_dir: log.log_dir(),
        online: broker.logs.is_online(key),
        log_start_offset: log.log_start_offset(),
        log_end_offset: log.log_end_offset(),
        high_watermark,
        last_stable_offset: high_watermark,
        recovery_point: log.recovery_point(),
        leads,
        leader_epoch,
        epochs: log.epochs(),
        corrupt_from: log.corrupt_from(),
    }
}
