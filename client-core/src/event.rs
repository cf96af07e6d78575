//! What happened inside a client, for coverage and for people.

use wire::TopicPartition;

/// One fact of the inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A batch was sent.
    BatchSent {
        /// Where to.
        partition: TopicPartition,
        /// How many records.
        records: u32,
        /// 1 for the first attempt.
        attempt: u32,
    },
    /// A batch goes back into the queue.
    Retrying {
        /// Where to.
        partition: TopicPartition,
        /// The error code of the failed attempt; -1 is a lost connection or a timeout.
        error: i16,
        /// Whether the failed attempt may have been appended.
        ambiguous: bool,
    },
    /// The delivery timeout of a batch passed.
    DeliveryTimedOut {
        /// Where to.
        partition: TopicPartition,
    },
    /// A consumer's position was looked up: by its policy, or because the application asked for an end of the log.
    PositionReset {
        /// Of what.
        partition: TopicPartition,
        /// To where.
        to: i64,
    },
    /// Records below the fetch offset were discarded (a fetch inside a batch returns the whole batch).
    Discarded {
        /// How many.
        records: u32,
    },
    /// Metadata arrived.
    MetadataRefreshed,
    /// A connection was lost.
    Disconnected,
}

impl Event {
    /// Every name, for `tribunal list`.
    pub const NAMES: &'static [&'static str] = &[
        "BatchSent",
        "Retrying",
        "DeliveryTimedOut",
        "PositionReset",
        "Discarded",
        "MetadataRefreshed",
        "Disconnected",
    ];

    /// The event's stable name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Event::BatchSent { .. } => "BatchSent",
            Event::Retrying { .. } => "Retrying",
            Event::DeliveryTimedOut { .. } => "DeliveryTimedOut",
            Event::PositionReset { .. } => "PositionReset",
            Event::Discarded { .. } => "Discarded",
            Event::MetadataRefreshed => "MetadataRefreshed",
            Event::Disconnected => "Disconnected",
        }
    }
}
