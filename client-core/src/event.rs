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
    /// A new leader has everything that was read before the position (KIP-320).
    PositionValidated {
        /// Of what.
        partition: TopicPartition,
        /// The leader epoch of the one who said so.
        leader_epoch: i32,
    },
    /// The new leader's log was cut below the position (KIP-320).
    TruncationDetected {
        /// Of what.
        partition: TopicPartition,
        /// Where the position was.
        position: i64,
        /// Where the logs diverge, at most; the position goes there if there is a reset policy. None if nobody knows: then the policy tells.
        diverging: Option<i64>,
    },
    /// An error named another leader, and it was believed (KIP-951).
    LeaderHinted {
        /// Of what.
        partition: TopicPartition,
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
        "PositionValidated",
        "TruncationDetected",
        "LeaderHinted",
        "Discarded",
        "MetadataRefreshed",
        "Disconnected",
    ];

    /// The partition whose position does not follow from reading any more, and where it goes, if that is known already.
    #[must_use]
    pub fn moved(&self) -> Option<(&TopicPartition, Option<i64>)> {
        match self {
            Event::PositionReset { partition, to } => Some((partition, Some(*to))),
            Event::TruncationDetected { partition, diverging, .. } => Some((partition, *diverging)),
            _ => None,
        }
    }

    /// The event's stable name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Event::BatchSent { .. } => "BatchSent",
            Event::Retrying { .. } => "Retrying",
            Event::DeliveryTimedOut { .. } => "DeliveryTimedOut",
            Event::PositionReset { .. } => "PositionReset",
            Event::PositionValidated { .. } => "PositionValidated",
            Event::TruncationDetected { .. } => "TruncationDetected",
            Event::LeaderHinted { .. } => "LeaderHinted",
            Event::Discarded { .. } => "Discarded",
            Event::MetadataRefreshed => "MetadataRefreshed",
            Event::Disconnected => "Disconnected",
        }
    }
}
