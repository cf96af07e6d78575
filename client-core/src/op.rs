//! What an application asks of a client, and how it ended. Exactly one [`Done`] answers each [`Op`].

use bytes::Bytes;
use wire::{ErrorCode, Str, TopicPartition, Uuid};

/// A record as an application hands it over and gets it back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// None is Kafka's null key.
    pub key: Option<Bytes>,
    /// None is a tombstone.
    pub value: Option<Bytes>,
    /// Names may repeat; order is kept.
    pub headers: Vec<(Str, Option<Bytes>)>,
    /// Milliseconds since the epoch; None lets the producer stamp its own clock.
    pub timestamp: Option<i64>,
}

/// An application's request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Producer: send one record. None leaves the partition to the partitioner.
    Send {
        /// The topic.
        topic: Str,
        /// An explicit partition.
        partition: Option<i32>,
        /// What to send.
        record: Record,
    },
    /// Producer: send what is buffered without waiting for `linger.ms`; done when every earlier send is.
    Flush,
    /// Consumer: the partitions to read from now on, with where to start. Partitions left out are dropped.
    Assign(Vec<(TopicPartition, Position)>),
    /// Consumer: move a position; what was buffered for it is dropped.
    Seek(TopicPartition, Position),
    /// Consumer: what is there, up to a number of records; waits up to the given milliseconds for the first.
    Poll {
        /// At most this many records.
        max_records: u32,
        /// How long to wait, in milliseconds.
        timeout_ms: u64,
    },
    /// Admin: create topics.
    CreateTopics(Vec<NewTopic>),
    /// Admin: delete topics by name.
    DeleteTopics(Vec<Str>),
    /// Admin: describe topics by name.
    DescribeTopics(Vec<Str>),
    /// Admin or consumer: offsets by timestamp; -1 latest, -2 earliest, as ListOffsets has it.
    ListOffsets(Vec<(TopicPartition, i64)>),
    /// Any: finish what is pending, close connections.
    Close,
}

/// Where to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// The log's start.
    Earliest,
    /// The high watermark at the time of the look-up.
    Latest,
    /// An offset.
    At(i64),
    /// What `auto.offset.reset` says.
    Reset,
}

/// A topic to create.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewTopic {
    /// Its name.
    pub name: Str,
    /// How many partitions; -1 for the broker's default.
    pub partitions: i32,
    /// How many replicas; -1 for the broker's default.
    pub replication_factor: i16,
    /// Topic configuration by Kafka's names.
    pub configs: Vec<(Str, Str)>,
}

/// Where a record was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack {
    /// The partition that the producer chose.
    pub partition: i32,
    /// The record's offset; None with acks=0, and where a broker gave none.
    pub offset: Option<i64>,
}

/// How a send ended. Codes are Kafka's; -1 is a lost connection, a request timeout or an expired delivery timeout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendOutcome {
    /// Acknowledged as `acks` asked (with acks=0: handed to the connection).
    Acked(Ack),
    /// Every attempt's error was definite: the record is not, and will not be, in the log.
    Failed {
        /// The last error.
        error: i16,
        /// The partition that it was meant for, if one had been chosen.
        partition: Option<i32>,
    },
    /// At least one attempt may have been appended.
    Unknown {
        /// The last error.
        error: i16,
        /// The partition that it was meant for.
        partition: i32,
    },
}

/// What an application must be told of a partition that it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PollError {
    /// Kafka's code.
    Code(i16),
    /// The log was cut below the position, and there is no policy that says where to go (Kafka's LogTruncationException).
    Truncated {
        /// The position: the next offset that was to be read.
        position: i64,
        /// The last epoch that the leader's log shares with what was read, and where it ends there; None if the leader knows of none.
        diverging: Option<(i32, i64)>,
    },
}

impl PollError {
    /// Kafka's code. A truncated log is a kind of OFFSET_OUT_OF_RANGE, as in Kafka's client.
    #[must_use]
    pub fn code(self) -> i16 {
        match self {
            PollError::Code(code) => code,
            PollError::Truncated { .. } => ErrorCode::OffsetOutOfRange.code(),
        }
    }
}

/// One topic's description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicDescription {
    /// Its name.
    pub name: Str,
    /// Its error code, 0 if there is none.
    pub error: i16,
    /// Its id.
    pub topic_id: Uuid,
    /// Per partition: index, leader, leader epoch.
    pub partitions: Vec<(i32, i32, i32)>,
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// To [`Op::Send`].
    Sent(SendOutcome),
    /// To [`Op::Flush`], [`Op::Assign`], [`Op::Seek`] and [`Op::Close`].
    Ok,
    /// To [`Op::Poll`]: records in order per partition with their offsets, and errors of partitions that must be told.
    Polled {
        /// The records, grouped by partition.
        records: Vec<(TopicPartition, Vec<(i64, Record)>)>,
        /// Errors that the application must see, as OFFSET_OUT_OF_RANGE without a reset policy.
        errors: Vec<(TopicPartition, PollError)>,
    },
    /// To [`Op::CreateTopics`] and [`Op::DeleteTopics`]: per topic, the code and the id (zero if unknown). Code -1 is unknown.
    Topics(Vec<(Str, i16, Uuid)>),
    /// To [`Op::DescribeTopics`].
    Described(Vec<TopicDescription>),
    /// To [`Op::ListOffsets`]: per partition, code, offset, timestamp.
    Offsets(Vec<(TopicPartition, i16, i64, i64)>),
    /// The operation does not fit the client's role, or the client is closed.
    Refused(&'static str),
    /// It ended without an answer; whether it took effect is unknown.
    Unknown {
        /// The last error.
        error: i16,
    },
}
