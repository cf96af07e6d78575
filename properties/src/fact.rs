//! What happened, as it was observed on a wire, on a disk, or stated by a core where it is invisible otherwise. Facts
//! carry their values: a View read afterwards shows a later state.
//!
//! Order that properties rely on. An incarnation is `Started`, then one `Survived` for each log that its disk holds,
//! then what `open` itself does (`Truncated`, `Appended`, ...), then one `Recovered` for each log that is there when it
//! has returned, then `Opened`; if `open` failed or died there is no `Recovered`. A log without `Survived` is not on
//! the disk any more. `Stopped` ends it. What left a node after its death makes no fact. Final readers are clients
//! whose `ClientLife` begins after `Healed`; they read every partition from the earliest offset, and `AtRest` comes
//! when they are at the end or their time is up.
//!
//! In a cluster, further: what a core states comes in the order in which it stated it, so that a quorum leader's
//! `HighWatermarkAdvanced` comes before anything that a broker states because of it. A `FollowerFetched` comes before what
//! the leader that it reached makes of it. The records that a controller writes because of one cause (a fence and the
//! changes of partitions that follow from it) are one batch. A node that is left with faults after `Healed` does not run.

use crate::ledger::FaultKind;
use crate::payload::Payload;
use broker_core::Event;
use bytes::Bytes;
use std::rc::Rc;
use wire::metadata::MetadataRecord;
use wire::{Instant, LogDirId, NodeId, Str, Timestamp, TopicPartition, Uuid};

/// When something happened: global virtual time and a sequence number, so that the order of facts is total.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// Global time since the run began.
    pub at: Instant,
    /// Counts events of the run.
    pub seq: u64,
}

/// One replica's log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogRef {
    /// Whose disk.
    pub node: NodeId,
    /// The topic's incarnation, from `partition.metadata` or the metadata log's reserved id.
    pub topic_id: Uuid,
    /// Name and index, from the folder's name.
    pub partition: TopicPartition,
}

impl LogRef {
    /// The metadata log of a node.
    #[must_use]
    pub fn metadata(node: NodeId) -> LogRef {
        let partition = TopicPartition { topic: Str::from_static("__cluster_metadata"), partition: 0 };
        LogRef { node, topic_id: Uuid(1), partition }
    }
}

impl std::fmt::Display for LogRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} on node {}", self.partition, self.node)
    }
}

/// A record batch as an observer parsed it.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchSeen {
    /// The first offset.
    pub base_offset: i64,
    /// The last offset.
    pub last_offset: i64,
    /// The leader epoch that the batch was appended in.
    pub leader_epoch: i32,
    /// Its greatest timestamp.
    pub max_timestamp: i64,
    /// 128-bit hash of everything that its CRC covers.
    pub hash: u128,
    /// Whether the CRC was right.
    pub valid: bool,
    /// Whether it is a control batch.
    pub control: bool,
    /// Its size in bytes, header included.
    pub bytes: u32,
    /// Its records; empty if the batch is not valid.
    pub records: Rc<[RecordSeen]>,
    /// In the metadata log, what its records say; empty elsewhere.
    pub metadata: Rc<[MetadataRecord]>,
}

/// A record as an observer parsed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordSeen {
    /// Its offset.
    pub offset: i64,
    /// Its timestamp as a consumer sees it: the record's own, or the batch's greatest where the batch says
    /// LogAppendTime.
    pub timestamp: i64,
    /// What the value says of itself; None if it is not one of ours, or was damaged.
    pub payload: Option<Payload>,
    /// 128-bit hash of key, value and headers.
    pub hash: u128,
}

/// A record that an application got from a poll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadSeen {
    /// From where.
    pub partition: TopicPartition,
    /// What.
    pub record: RecordSeen,
}

/// A topic that an admin's operation names, with what it asks for where it creates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicAsked {
    /// The topic.
    pub name: Str,
    /// How many partitions; -1 for the broker's default.
    pub partitions: i32,
    /// Topic configuration by Kafka's names.
    pub configs: Vec<(Str, Str)>,
}

/// How an application's operation ended, or that nobody can know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Ok,
    /// It definitely did not happen; Kafka's code.
    Failed(i16),
    /// It may or may not have happened. No checker may read this as failed.
    Unknown(i16),
}

/// How an incarnation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stop {
    /// The process died; the page cache survives.
    Kill,
    /// The machine died; what was not synced may be gone.
    PowerLoss,
    /// A controlled shutdown completed.
    Shutdown,
    /// The node halted itself, as after a storage failure.
    Halt,
}

macro_rules! facts {
    ($($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident : $ty:ty),* $(,)? })*) => {
        /// One fact.
        #[derive(Clone, Debug)]
        pub enum Fact { $($(#[$doc])* $name { $($(#[$fdoc])* $field: $ty),* }),* }

        /// The kinds of facts: for subscriptions, triggers and coverage.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum FactKind { $($(#[$doc])* $name),* }

        impl FactKind {
            /// All kinds.
            pub const ALL: &'static [FactKind] = &[$(FactKind::$name),*];

            /// The stable name.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(FactKind::$name => stringify!($name)),* }
            }
        }

        impl Fact {
            /// Which kind it is.
            #[must_use]
            pub fn kind(&self) -> FactKind {
                match self { $(Fact::$name { .. } => FactKind::$name),* }
            }
        }
    };
}

facts! {
    /// An incarnation of a broker began to open its disk.
    Started {
        /// Who.
        node: NodeId,
        /// Counts its incarnations from 1.
        incarnation: u32,
    }
    /// `open` returned; or the incarnation could not be opened, and says why.
    Opened {
        /// Who.
        node: NodeId,
        /// The error if it refused to start.
        error: Option<Str>,
    }
    /// An incarnation ended.
    Stopped {
        /// Who.
        node: NodeId,
        /// How.
        how: Stop,
    }
    /// What the disk holds of a log when an incarnation begins, before the broker touched it: every batch that parses,
    /// valid or not, up to the first byte that does not.
    Survived {
        /// Whose.
        log: LogRef,
        /// In file order.
        batches: Vec<BatchSeen>,
    }
    /// What the disk holds of a log when `open` returned.
    Recovered {
        /// Whose.
        log: LogRef,
        /// In file order.
        batches: Vec<BatchSeen>,
    }
    /// A batch was appended to a `.log` file.
    Appended {
        /// Whose.
        log: LogRef,
        /// Where.
        log_dir: LogDirId,
        /// Which segment.
        segment: i64,
        /// What.
        batch: BatchSeen,
    }
    /// An append to a `.log` file failed; part of it may stand in the file.
    AppendFailed {
        /// Whose.
        log: LogRef,
        /// Where.
        log_dir: LogDirId,
    }
    /// A log lost its end: a `.log` file was cut or removed, and this is the log's end now.
    Truncated {
        /// Whose.
        log: LogRef,
        /// The log end offset afterwards.
        to: i64,
    }
    /// A segment's `.log` file was created.
    SegmentCreated {
        /// Whose.
        log: LogRef,
        /// Its base offset, from its name.
        base_offset: i64,
    }
    /// A log's folder was renamed for deletion, or removed.
    LogRemoved {
        /// Whose.
        log: LogRef,
    }
    /// A sync made more of a log durable: no power loss can take what is below `to` (bytes, names, and all segments
    /// before it). It is the truth and not what the sync reported: a lying sync makes no such fact, and neither does
    /// one after a failed one.
    LogDurable {
        /// Whose.
        log: LogRef,
        /// The log end offset that was covered.
        to: i64,
    }
    /// The disk failed a call with EIO or ENOSPC (reads included), or failed a sync.
    DiskFailed {
        /// Who.
        node: NodeId,
        /// Where.
        log_dir: LogDirId,
        /// Whether a write or a sync failed (then the directory must go offline); a failed read alone need not.
        write: bool,
    }
    /// A small file (checkpoint, quorum state, marker, `meta.properties`, `partition.metadata`) has new contents under
    /// its final name.
    FileReplaced {
        /// Who.
        node: NodeId,
        /// Where.
        log_dir: LogDirId,
        /// The path below the log directory.
        path: String,
        /// Its contents.
        contents: Bytes,
    }
    /// A batch reached a broker in a Produce request.
    ProduceReceived {
        /// By whom.
        node: NodeId,
        /// From which client.
        client: u16,
        /// The request's correlation id, unique per client session and connection.
        correlation: (u32, i32),
        /// What `acks` the request asks for.
        acks: i16,
        /// The partition that the request names.
        partition: TopicPartition,
        /// What it carries; None if it does not parse.
        batch: Option<BatchSeen>,
    }
    /// A broker answered a partition of a Produce request: the answer left the core.
    ProduceAnswered {
        /// By whom.
        node: NodeId,
        /// To which client.
        client: u16,
        /// The request's.
        correlation: (u32, i32),
        /// What `acks` the request asked for.
        acks: i16,
        /// Which partition.
        partition: TopicPartition,
        /// The topic id of the log that the broker had when the request came, as the observer knows it from the disk;
        /// None if it had none.
        topic_id: Option<Uuid>,
        /// Kafka's code.
        error: i16,
        /// The base offset that it states.
        base_offset: i64,
        /// The uids of the batch that it answers.
        uids: Vec<Payload>,
    }
    /// A follower's fetch of a partition reached the broker that it takes for the leader. With fetch sessions (KIP-227)
    /// the partitions that the request leaves out are fetched, too.
    FollowerFetched {
        /// The broker that was asked.
        node: NodeId,
        /// Who asks.
        replica: NodeId,
        /// The request's correlation id, unique per connection: the same for all its partitions.
        correlation: (u32, i32),
        /// Which partition; `__cluster_metadata` for the quorum.
        partition: TopicPartition,
        /// Its topic id.
        topic_id: Option<Uuid>,
        /// The follower's log end, of the metadata log its durable end.
        fetch_offset: i64,
        /// The leader epoch that the follower believes in; -1 if it says none.
        current_leader_epoch: i32,
        /// The epoch of the last batch that the follower has; -1 if it says none.
        last_fetched_epoch: i32,
        /// The registration of the follower's broker that asks; -1 if it does not say.
        replica_epoch: i64,
    }
    /// A broker answered a follower's Fetch as a whole: the answer left the core. Partitions that an incremental answer
    /// leaves out are answered as well: without an error.
    FollowerAnswered {
        /// By whom.
        node: NodeId,
        /// The request's, as in `FollowerFetched`.
        correlation: (u32, i32),
        /// Kafka's code for the request.
        error: i16,
        /// The partitions that have an error of their own.
        failed: Vec<TopicPartition>,
    }
    /// A follower's request for bytes of a snapshot of the metadata reached the node that it takes for the leader.
    SnapshotAsked {
        /// The node that was asked.
        node: NodeId,
        /// Who asks.
        replica: NodeId,
        /// The leader epoch that the follower believes in.
        current_leader_epoch: i32,
    }
    /// A voter of the quorum gave its vote, no pre-vote: the answer left the core.
    VoteGranted {
        /// The voter.
        node: NodeId,
        /// Who asked.
        candidate: NodeId,
        /// In which epoch.
        epoch: i32,
    }
    /// A broker answered a partition of a Fetch request: the answer left the core.
    FetchAnswered {
        /// By whom.
        node: NodeId,
        /// To which client; None for a follower.
        client: Option<u16>,
        /// Which partition.
        partition: TopicPartition,
        /// The log's topic id.
        topic_id: Option<Uuid>,
        /// The offset that was asked for.
        fetch_offset: i64,
        /// Kafka's code.
        error: i16,
        /// The high watermark that it states.
        high_watermark: i64,
        /// The log start offset that it states.
        log_start_offset: i64,
        /// Where it says that the asker's log departs from its own: an epoch, and where that ends.
        diverging: Option<(i32, i64)>,
        /// The batches that it carries.
        batches: Vec<BatchSeen>,
    }
    /// A leader's AlterPartition for a partition reached the node that it takes for the active controller.
    AlterPartitionReceived {
        /// The node that was asked.
        node: NodeId,
        /// Who asks.
        leader: NodeId,
        /// The request's correlation id, unique per connection.
        correlation: (u32, i32),
        /// The topic's id.
        topic_id: Uuid,
        /// The partition's index.
        partition: i32,
        /// The registration of the leader's broker.
        broker_epoch: i64,
        /// The leader epoch that it leads in.
        leader_epoch: i32,
        /// The version of the partition's state that it wants to change.
        partition_epoch: i32,
    }
    /// The node answered a partition of that AlterPartition: the answer left the core.
    AlterPartitionAnswered {
        /// Who was asked.
        node: NodeId,
        /// The request's.
        correlation: (u32, i32),
        /// The topic's id.
        topic_id: Uuid,
        /// The partition's index.
        partition: i32,
        /// Kafka's code.
        error: i16,
    }
    /// A broker answered a partition of ListOffsets.
    OffsetAnswered {
        /// By whom.
        node: NodeId,
        /// Which partition.
        partition: TopicPartition,
        /// The timestamp asked for: -1 latest, -2 earliest.
        timestamp: i64,
        /// Kafka's code.
        error: i16,
        /// The answer.
        offset: i64,
    }
    /// A broker's core stated something that cannot be observed.
    Stated {
        /// Who.
        node: NodeId,
        /// What.
        event: Event,
    }
    /// A client's core stated something; only its name matters to coverage and triggers.
    ClientStated {
        /// Who.
        client: u16,
        /// The event's name.
        name: &'static str,
    }
    /// An application asked a producer to send.
    SendInvoked {
        /// Who, and which record.
        payload: Payload,
        /// The client's operation.
        op: u64,
        /// `acks` of the producer.
        acks: i16,
        /// `delivery.timeout.ms` of the producer.
        delivery_timeout_ms: u64,
        /// `max.block.ms` of the producer: what may pass before the delivery timeout begins to run.
        max_block_ms: u64,
        /// `max.in.flight.requests.per.connection` of the producer.
        max_in_flight: u32,
        /// `enable.idempotence` of the producer.
        idempotent: bool,
        /// Hash of key, value and headers, as in [`RecordSeen`].
        hash: u128,
        /// The client's clock.
        wall: Timestamp,
    }
    /// A send ended. W80: exactly once.
    SendCompleted {
        /// Which record.
        payload: Payload,
        /// The client's operation.
        op: u64,
        /// How.
        outcome: Outcome,
        /// The partition, once chosen.
        partition: Option<i32>,
        /// The offset, if one was given.
        offset: Option<i64>,
    }
    /// An application asked a consumer for records.
    PollInvoked {
        /// Who.
        client: u16,
        /// Its incarnation.
        session: u16,
        /// The client's operation.
        op: u64,
    }
    /// A poll ended.
    PollCompleted {
        /// Who.
        client: u16,
        /// Its incarnation.
        session: u16,
        /// The client's operation.
        op: u64,
        /// What it returned, in order per partition.
        records: Vec<ReadSeen>,
        /// Errors that the application was told.
        errors: Vec<(TopicPartition, i16)>,
    }
    /// A consumer's positions were set by its application (assign or seek); what it read before says nothing about what
    /// follows.
    Repositioned {
        /// Who.
        client: u16,
        /// Its incarnation.
        session: u16,
        /// Which partitions; all others are dropped if `assign`.
        partitions: Vec<TopicPartition>,
        /// Whether it was an assignment.
        assign: bool,
    }
    /// A consumer's client stated that a position does not follow from reading any more: a policy has set it, or the log
    /// was cut below it. It moves then, or has moved.
    PositionMoved {
        /// Who.
        client: u16,
        /// Its incarnation.
        session: u16,
        /// Of which partition.
        partition: TopicPartition,
        /// The event's name.
        why: &'static str,
        /// Where to, if the client knows already.
        to: Option<i64>,
    }
    /// An application asked an admin to do something. From here on it may happen, however late.
    AdminInvoked {
        /// Who.
        client: u16,
        /// The client's operation.
        op: u64,
        /// `create`, `delete`, `describe`, `list_offsets`.
        what: &'static str,
        /// The topics that it names.
        topics: Vec<TopicAsked>,
    }
    /// An admin operation ended.
    AdminCompleted {
        /// Who.
        client: u16,
        /// The client's operation, as in `AdminInvoked`.
        op: u64,
        /// `create`, `delete`, `describe`, `list_offsets`.
        what: &'static str,
        /// Per topic: the code (-1 unknown) and the id where the answer has one.
        topics: Vec<(Str, i16, Uuid)>,
    }
    /// A client process began (or began again) or died.
    ClientLife {
        /// Who.
        client: u16,
        /// Its incarnation.
        session: u16,
        /// Whether it lives.
        alive: bool,
    }
    /// A fault took effect. The ledger has the scope.
    Injected {
        /// What kind.
        fault: FaultKind,
        /// On whom, if on a node.
        node: Option<NodeId>,
    }
    /// Faults have stopped; liveness is due from here on, until the run's end.
    Healed {
    }
    /// The run is at rest: nothing pending, the final reads are done. Whole-state checks belong here.
    AtRest {
    }
}

/// A set of kinds of facts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FactSet(u64);

impl FactSet {
    /// The set of these kinds.
    #[must_use]
    pub const fn of(kinds: &[FactKind]) -> FactSet {
        let mut bits = 0;
        let mut i = 0;
        while i < kinds.len() {
            bits |= 1 << kinds[i] as u64;
            i += 1;
        }
        FactSet(bits)
    }

    /// Whether a kind is in it.
    #[must_use]
    pub const fn has(self, kind: FactKind) -> bool {
        self.0 & (1 << kind as u64) != 0
    }
}
