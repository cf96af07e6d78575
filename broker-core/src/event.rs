//! What happened inside a broker and cannot be seen on a wire or a disk. Facts for reports, properties and coverage, one stream.

use wire::{LogDirId, Str, Uuid};

/// A partition's log on this broker: the topic's id, its name and the partition's index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition {
    /// The topic's incarnation. The metadata log has Kafka's reserved id 1.
    pub topic_id: Uuid,
    /// The topic's name.
    pub topic: Str,
    /// The partition's index.
    pub partition: i32,
}

/// One fact of the inside. [`Event::name`] is what `must_reach`, triggers and coverage go by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// `open` is complete; says whether the last shutdown was clean, and the broker's new epoch once known.
    Recovered {
        /// The clean-shutdown marker was there.
        clean: bool,
    },
    /// Recovery cut a torn or invalid tail.
    TailTruncated {
        /// Whose log.
        partition: Partition,
        /// The log's new end.
        to: i64,
        /// How many bytes were cut.
        bytes: u64,
    },
    /// Recovery rebuilt an index that was missing or wrong.
    IndexRebuilt {
        /// Whose log.
        partition: Partition,
        /// The segment.
        base_offset: i64,
    },
    /// A corrupt batch was met where it may not be cut: the log is readable below it and answers KAFKA_STORAGE_ERROR beyond.
    CorruptionFound {
        /// Whose log.
        partition: Partition,
        /// The first offset that cannot be read.
        offset: i64,
    },
    /// A new segment became active.
    SegmentRolled {
        /// Whose log.
        partition: Partition,
        /// Its base offset.
        base_offset: i64,
    },
    /// This node became leader of a partition (or, for the metadata partition, active controller).
    LeaderElected {
        /// Of what.
        partition: Partition,
        /// In which leader epoch.
        leader_epoch: i32,
        /// Where the epoch starts.
        start_offset: i64,
    },
    /// This node follows a leader of a partition (or, for the metadata partition, of the quorum).
    BecameFollower {
        /// Of what.
        partition: Partition,
        /// Whom it follows; -1 if there is no leader.
        leader: i32,
        /// In which leader epoch.
        leader_epoch: i32,
    },
    /// A leader's view of its ISR changed: on election, when it asks for a change, and when that is settled.
    IsrChanged {
        /// Of what.
        partition: Partition,
        /// In which leader epoch.
        leader_epoch: i32,
        /// The partition epoch of the ISR that the controller committed.
        partition_epoch: i32,
        /// That ISR.
        isr: Vec<i32>,
        /// The maximal ISR: it and what was asked for and may have been committed (KIP-497).
        maximal_isr: Vec<i32>,
        /// `min.insync.replicas` as this leader applies it.
        min_isr: i32,
    },
    /// A quorum leader gave up its epoch: it could not reach a majority, or is being shut down.
    Resigned {
        /// The epoch that it led.
        epoch: i32,
    },
    /// A quorum voter asks for votes; pre-votes raise no epoch (KIP-996).
    ElectionStarted {
        /// The epoch of the election, or the present one for a pre-vote.
        epoch: i32,
        /// Whether it is only asking whether it could win.
        pre_vote: bool,
    },
    /// A leader answered a follower that its log diverges, and from where.
    Diverged {
        /// Of what.
        partition: Partition,
        /// Where the follower is to cut.
        end_offset: i64,
    },
    /// A controller fenced a broker whose heartbeats stayed away.
    BrokerFenced {
        /// Which.
        broker: i32,
    },
    /// A controller unfences a broker that has caught up with the metadata: it may lead from now on.
    BrokerUnfenced {
        /// Which.
        broker: i32,
    },
    /// A log begins later than before: what lay below stands in a snapshot.
    LogStartRaised {
        /// Whose.
        partition: Partition,
        /// Where it begins.
        to: i64,
    },
    /// A snapshot of the metadata image, made here, is durable.
    SnapshotWritten {
        /// The first offset behind what it contains.
        end_offset: i64,
        /// The epoch of the last record that it contains.
        epoch: i32,
    },
    /// A node that fell behind its leader's log has a snapshot of it, and begins again from there.
    SnapshotFetched {
        /// The first offset behind what it contains.
        end_offset: i64,
        /// The epoch of the last record that it contains.
        epoch: i32,
    },
    /// A node's image is that of a snapshot on its disk: it opened with it.
    SnapshotLoaded {
        /// The first offset behind what it contains.
        end_offset: i64,
        /// The epoch of the last record that it contains.
        epoch: i32,
    },
    /// Committed metadata was applied to the image of this node.
    MetadataApplied {
        /// The offset of the first record.
        from: i64,
        /// The first offset behind the last record.
        to: i64,
    },
    /// A leader's high watermark advanced.
    HighWatermarkAdvanced {
        /// Of what.
        partition: Partition,
        /// To where.
        to: i64,
    },
    /// A fetch had to go below the hot tail.
    ColdRead {
        /// Whose log.
        partition: Partition,
        /// The offset asked for.
        offset: i64,
    },
    /// A produce or a fetch was parked.
    Parked {
        /// `produce` or `fetch`.
        what: &'static str,
    },
    /// A fetch session was opened (KIP-227).
    FetchSessionOpened {
        /// Its id.
        session_id: i32,
    },
    /// A fetch session lost its slot to another.
    FetchSessionEvicted {
        /// Its id.
        session_id: i32,
    },
    /// A fetch of a session that is not there, or stands at another epoch.
    FetchSessionRefused {
        /// Kafka's error code.
        error: i16,
    },
    /// A batch was refused before the append.
    BatchRejected {
        /// Kafka's error code.
        error: i16,
    },
    /// A log directory went offline.
    LogDirFailed {
        /// Which.
        log_dir: LogDirId,
    },
    /// The broker registered with the controller.
    Registered {
        /// Its new epoch.
        broker_epoch: i64,
    },
    /// A topic's log was created on this broker.
    LogCreated {
        /// Which.
        partition: Partition,
    },
    /// A topic's log was scheduled for deletion on this broker.
    LogDeleted {
        /// Which.
        partition: Partition,
    },
    /// The clean-shutdown marker was written.
    CleanShutdown,
}

impl Event {
    /// Every name, for `tribunal list`.
    pub const NAMES: &'static [&'static str] = &[
        "Recovered",
        "TailTruncated",
        "IndexRebuilt",
        "CorruptionFound",
        "SegmentRolled",
        "LeaderElected",
        "BecameFollower",
        "IsrChanged",
        "Resigned",
        "ElectionStarted",
        "Diverged",
        "BrokerFenced",
        "BrokerUnfenced",
        "LogStartRaised",
        "SnapshotWritten",
        "SnapshotFetched",
        "SnapshotLoaded",
        "MetadataApplied",
        "HighWatermarkAdvanced",
        "ColdRead",
        "Parked",
        "FetchSessionOpened",
        "FetchSessionEvicted",
        "FetchSessionRefused",
        "BatchRejected",
        "LogDirFailed",
        "Registered",
        "LogCreated",
        "LogDeleted",
        "CleanShutdown",
    ];

    /// The event's stable name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Event::Recovered { .. } => "Recovered",
            Event::TailTruncated { .. } => "TailTruncated",
            Event::IndexRebuilt { .. } => "IndexRebuilt",
            Event::CorruptionFound { .. } => "CorruptionFound",
            Event::SegmentRolled { .. } => "SegmentRolled",
            Event::LeaderElected { .. } => "LeaderElected",
            Event::BecameFollower { .. } => "BecameFollower",
            Event::IsrChanged { .. } => "IsrChanged",
            Event::Resigned { .. } => "Resigned",
            Event::ElectionStarted { .. } => "ElectionStarted",
            Event::Diverged { .. } => "Diverged",
            Event::BrokerFenced { .. } => "BrokerFenced",
            Event::BrokerUnfenced { .. } => "BrokerUnfenced",
            Event::LogStartRaised { .. } => "LogStartRaised",
            Event::SnapshotWritten { .. } => "SnapshotWritten",
            Event::SnapshotFetched { .. } => "SnapshotFetched",
            Event::SnapshotLoaded { .. } => "SnapshotLoaded",
            Event::MetadataApplied { .. } => "MetadataApplied",
            Event::HighWatermarkAdvanced { .. } => "HighWatermarkAdvanced",
            Event::ColdRead { .. } => "ColdRead",
            Event::Parked { .. } => "Parked",
            Event::FetchSessionOpened { .. } => "FetchSessionOpened",
            Event::FetchSessionEvicted { .. } => "FetchSessionEvicted",
            Event::FetchSessionRefused { .. } => "FetchSessionRefused",
            Event::BatchRejected { .. } => "BatchRejected",
            Event::LogDirFailed { .. } => "LogDirFailed",
            Event::Registered { .. } => "Registered",
            Event::LogCreated { .. } => "LogCreated",
            Event::LogDeleted { .. } => "LogDeleted",
            Event::CleanShutdown => "CleanShutdown",
        }
    }
}
