//! What a step can do: operations of clients, and faults as data. Only the World applies them.

use properties::FaultKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a step does. Durations and delays are microseconds of virtual time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Action {
    /// An operation of a client.
    Do(ClientOp),

    /// The process dies; it starts again after the given time.
    Kill {
        /// Until the next incarnation.
        down_us: u64,
    },
    /// The machine dies; it starts again after the given time.
    PowerLoss {
        /// What of the un-synced state survives.
        survival: Survival,
        /// Until the next incarnation.
        down_us: u64,
    },
    /// Dies inside an input, at the n-th mutating disk call from now (1 is the next; calls of `open` count).
    DieAtCall {
        /// Which call.
        calls: u32,
        /// What survives; None is a kill, the page cache survives.
        survival: Option<Survival>,
        /// Until the next incarnation.
        down_us: u64,
    },
    /// Stands still; its clocks go on, its inputs wait.
    Pause {
        /// How long.
        for_us: u64,
    },
    /// A controlled shutdown, then a start.
    CleanRestart {
        /// Between halt and start.
        down_us: u64,
    },

    /// The wall clock jumps.
    ClockJump {
        /// By so many milliseconds; negative is back.
        by_ms: i64,
    },
    /// Both clocks run at another rate from now on.
    ClockDrift {
        /// Parts per million; negative is slow. At most 200,000 either way.
        ppm: i32,
    },

    /// Syncs take longer for a while.
    SlowSync {
        /// How long the period lasts.
        for_us: u64,
        /// Added to each sync, at least and at most.
        delay_us: (u64, u64),
    },
    /// The next n-th sync fails, and its pages are dropped: readable, never durable.
    FailSync {
        /// 1 is the next.
        nth: u32,
        /// Which log directory.
        log_dir: u8,
    },
    /// The next n-th write to a log directory fails with EIO; a drawn prefix of it stands in the file.
    FailWrite {
        /// 1 is the next.
        nth: u32,
        /// Which log directory.
        log_dir: u8,
    },
    /// The next n-th read (immediate or cold) fails with EIO.
    FailRead {
        /// 1 is the next.
        nth: u32,
        /// Which log directory.
        log_dir: u8,
    },
    /// Writes fail with ENOSPC for a while.
    DiskFull {
        /// How long.
        for_us: u64,
        /// Which log directory.
        log_dir: u8,
    },
    /// A bit at rest changes in a file, drawn among the files whose path ends so and that have bytes older than the hot tail.
    BitRot {
        /// A path's ending, as `.log`, `.index`, `leader-epoch-checkpoint`.
        ending: String,
        /// Which log directory.
        log_dir: u8,
        /// Where in the file, in thousandths of its length.
        permille: u16,
    },
    /// The next append to a file whose path ends so lands elsewhere: over earlier bytes of the same file.
    Misdirect {
        /// A path's ending.
        ending: String,
        /// Which log directory.
        log_dir: u8,
    },
    /// For a while syncs report success and do nothing.
    LyingSync {
        /// How long.
        for_us: u64,
    },
    /// The process dies, the log directory comes back empty.
    WipeDisk {
        /// Which log directory.
        log_dir: u8,
        /// Until the next incarnation.
        down_us: u64,
    },

    /// No bytes pass between this node or client and another; streams stall, and go on when it ends.
    Partition {
        /// Who else; None is everybody.
        from: Option<super::Who>,
        /// How long.
        for_us: u64,
        /// Only bytes towards this one are held back.
        one_way: bool,
    },
    /// No bytes pass between some nodes (this one and others) and all the other nodes. Clients reach everybody.
    Split {
        /// Who is on this node's side.
        #[serde(default)]
        with: Vec<super::Who>,
        /// How long.
        for_us: u64,
        /// Only bytes towards this side are held back.
        #[serde(default)]
        one_way: bool,
    },
    /// Each node loses one neighbour: the next one by id; the last node's next is the first.
    Ring {
        /// How long.
        for_us: u64,
        /// Only bytes towards the next node are held back, so that each hears one neighbour and is heard by the other. Otherwise
        /// three nodes are all alone.
        #[serde(default)]
        one_way: bool,
    },
    /// No bytes pass between this node and the others on connections to controllers: it still serves clients and replicates.
    CutControllers {
        /// How long.
        for_us: u64,
        /// Only bytes towards this node are held back.
        #[serde(default)]
        one_way: bool,
    },
    /// All connections of this node or client (with another, or with everybody) are reset.
    Reset {
        /// Who else; None is everybody.
        with: Option<super::Who>,
    },
    /// Frames from and to this node or client take longer for a while.
    Delay {
        /// How long the period lasts.
        for_us: u64,
        /// Added to each frame, at least and at most.
        delay_us: (u64, u64),
        /// Only those exchanged with this one; None is everybody.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        with: Option<super::Who>,
    },
    /// The n-th next request of an API to this node is handled, and its answer is lost with the connection.
    LoseAnswer {
        /// Kafka's API key.
        api_key: i16,
        /// 1 is the next.
        nth: u32,
    },

    /// The client's process dies; a new session starts after the given time.
    ClientCrash {
        /// Until the new session.
        down_us: u64,
    },
    /// The client stands still.
    ClientPause {
        /// How long.
        for_us: u64,
    },
    /// All connections of a client are reset again and again.
    RetryStorm {
        /// How long.
        for_us: u64,
        /// Between two resets.
        every_us: u64,
    },
}

/// What of the un-synced state survives a power loss. Each un-synced page and directory entry is drawn on its own, by key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Survival {
    /// The chance of each un-synced write to survive, in thousandths. 0 loses all, 1000 keeps all.
    pub writes_permille: u16,
    /// The chance of each un-synced directory change to survive, in thousandths.
    pub entries_permille: u16,
    /// Whether a surviving un-synced append may survive in part (a torn tail).
    pub torn: bool,
}

/// An operation of a client; payloads follow from the step's id, so that a Plan stays small.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ClientOp {
    /// Sends records one after another.
    Send {
        /// To where.
        topic: String,
        /// An explicit partition, or the partitioner's choice.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        partition: Option<i32>,
        /// The number of the key; None is a null key.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<u32>,
        /// Bytes per value; at least what a payload's header needs.
        size: u32,
        /// How many records.
        count: u32,
        /// Between two records, in microseconds.
        #[serde(default)]
        every_us: u64,
    },
    /// Sends what is buffered.
    Flush,
    /// Reads partitions from now on.
    Assign {
        /// Which.
        partitions: Vec<(String, i32)>,
        /// Where to start.
        start: StartAt,
    },
    /// Moves a position.
    Seek {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// Where to.
        to: StartAt,
    },
    /// Polls again and again.
    Poll {
        /// `max.poll.records`.
        max_records: u32,
        /// How many polls.
        count: u32,
        /// Between two polls, in microseconds.
        every_us: u64,
    },
    /// Creates a topic.
    CreateTopic {
        /// Its name.
        name: String,
        /// Its partitions.
        partitions: i32,
        /// Its replicas.
        replication_factor: i16,
        /// Its configuration, by Kafka's names.
        #[serde(default)]
        configs: BTreeMap<String, String>,
    },
    /// Deletes a topic.
    DeleteTopic {
        /// Its name.
        name: String,
    },
    /// Describes a topic.
    DescribeTopic {
        /// Its name.
        name: String,
    },
    /// Asks for offsets.
    ListOffsets {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// -1 latest, -2 earliest, or milliseconds since the epoch.
        timestamp: i64,
    },
}

/// Where a consumer starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StartAt {
    /// At the log's start.
    Earliest,
    /// At the high watermark.
    Latest,
    /// At an offset.
    Offset(i64),
}

impl Action {
    /// With whom alone a spike is; None is everybody, and for all other actions.
    pub(crate) fn with(&self) -> Option<&super::Who> {
        match self {
            Action::Delay { with, .. } => with.as_ref(),
            _ => None,
        }
    }

    /// How long it lasts, in microseconds of virtual time; 0 for what is over at once.
    #[must_use]
    pub fn lasts_us(&self) -> u64 {
        match self {
            Action::Kill { down_us: us }
            | Action::PowerLoss { down_us: us, .. }
            | Action::DieAtCall { down_us: us, .. }
            | Action::CleanRestart { down_us: us }
            | Action::WipeDisk { down_us: us, .. }
            | Action::ClientCrash { down_us: us }
            | Action::Pause { for_us: us }
            | Action::SlowSync { for_us: us, .. }
            | Action::DiskFull { for_us: us, .. }
            | Action::LyingSync { for_us: us }
            | Action::Partition { for_us: us, .. }
            | Action::Split { for_us: us, .. }
            | Action::Ring { for_us: us, .. }
            | Action::CutControllers { for_us: us, .. }
            | Action::Delay { for_us: us, .. }
            | Action::ClientPause { for_us: us }
            | Action::RetryStorm { for_us: us, .. } => *us,
            _ => 0,
        }
    }

    /// Which kind of fault it is; None for an operation.
    #[must_use]
    pub fn fault(&self) -> Option<FaultKind> {
        Some(match self {
            Action::Do(_) => return None,
            Action::Kill { .. } => FaultKind::Kill,
            Action::PowerLoss { survival, .. } if survival.torn => FaultKind::TornTail,
            Action::PowerLoss { .. } => FaultKind::PowerLoss,
            Action::DieAtCall { .. } => FaultKind::DeathAtCall,
            Action::Pause { .. } => FaultKind::Pause,
            Action::CleanRestart { .. } => FaultKind::CleanRestart,
            Action::ClockJump { .. } => FaultKind::ClockJump,
            Action::ClockDrift { .. } => FaultKind::ClockDrift,
            Action::SlowSync { .. } => FaultKind::SlowSync,
            Action::FailSync { .. } => FaultKind::FailedSync,
            Action::FailWrite { .. } => FaultKind::WriteError,
            Action::FailRead { .. } => FaultKind::ReadError,
            Action::DiskFull { .. } => FaultKind::DiskFull,
            Action::BitRot { .. } => FaultKind::BitRot,
            Action::Misdirect { .. } => FaultKind::MisdirectedWrite,
            Action::LyingSync { .. } => FaultKind::LyingSync,
            Action::WipeDisk { .. } => FaultKind::WipedDisk,
            Action::Partition { one_way: true, .. } => FaultKind::OneWayPartition,
            Action::Partition { .. } => FaultKind::Partition,
            Action::Split { one_way: true, .. } => FaultKind::OneWaySplit,
            Action::Split { .. } => FaultKind::Split,
            Action::Ring { .. } => FaultKind::Ring,
            Action::CutControllers { .. } => FaultKind::ControllersCut,
            Action::Reset { .. } => FaultKind::Reset,
            Action::Delay { .. } => FaultKind::DelaySpike,
            Action::LoseAnswer { .. } => FaultKind::LostAnswer,
            Action::ClientCrash { .. } => FaultKind::ClientCrash,
            Action::ClientPause { .. } => FaultKind::ClientPause,
            Action::RetryStorm { .. } => FaultKind::RetryStorm,
        })
    }
}
