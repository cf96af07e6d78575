//! Why a log refuses.

use super::dirs::FileTicket;
use wire::{DiskError, ErrorCode};

/// Why a log did not do what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LogError {
    /// The disk failed; the log directory goes offline.
    #[error("the log directory failed: {0}")]
    Storage(#[from] DiskError),
    /// The log directory is offline.
    #[error("the log directory is offline")]
    Offline,
    /// What was asked lies at or behind a corrupt batch.
    #[error("the log is corrupt from offset {0} on")]
    Corrupt(i64),
    /// The offset is below the log's start or above its end.
    #[error("the offset is out of range")]
    OutOfRange,
    /// A follower was given something that does not begin at its log's end, or is no valid batch.
    #[error("the batches do not continue the log")]
    NotNext,
    /// The batch is larger than a segment may be.
    #[error("the batch is larger than segment.bytes")]
    TooLarge,
    /// The log holds batches of this epoch, and what is to be appended is older: the metadata has lost what the log knows.
    #[error("the log has seen leader epoch {0}")]
    StaleEpoch(i32),
    /// What is to be cut stands in a checkpoint, or recovery would take what a death leaves of the cut for damage: the checkpoints are being
    /// lowered, and when this one is durable the cut may be tried again.
    #[error("the checkpoints say more, and are being lowered")]
    Stated(FileTicket),
    /// There is no such log.
    #[error("there is no such log")]
    Unknown,
}

impl LogError {
    /// Kafka's code.
    pub(crate) fn code(self) -> ErrorCode {
        match self {
            LogError::Storage(_)
            | LogError::Offline
            | LogError::Corrupt(_)
            | LogError::StaleEpoch(_)
            | LogError::Stated(_) => ErrorCode::KafkaStorageError,
            LogError::OutOfRange => ErrorCode::OffsetOutOfRange,
            LogError::NotNext => ErrorCode::CorruptMessage,
            LogError::TooLarge => ErrorCode::RecordListTooLarge,
            LogError::Unknown => ErrorCode::UnknownTopicOrPartition,
        }
    }
}
