//! One partition's log.

use super::error::LogError;
use crate::config::TopicConfig;
use crate::event::Partition;
use bytes::Bytes;
use std::ops::Range;
use wire::{Disk, File, LogDirId};

/// Where an append comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A producer, through a leader.
    Client,
    /// A group or transaction coordinator of this node.
    Coordinator,
    /// The controller, through the metadata quorum.
    Quorum,
}

/// What an append did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Appended {
    /// The first record's offset.
    pub(crate) base_offset: i64,
    /// The last record's offset.
    pub(crate) last_offset: i64,
    /// The time that was written into the batch, with `message.timestamp.type=LogAppendTime`.
    pub(crate) log_append_time: Option<i64>,
    /// The flush policy asks that the recovery point reaches this before the append is acknowledged.
    pub(crate) durable_at: Option<i64>,
}

/// What a read found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Slice {
    /// Batches, the first of which contains the offset that was asked for. Empty at the log's end.
    Ready(Bytes),
    /// They are to be read from the disk first.
    Cold(ColdRead),
}

/// A read below the hot tail: push `Output::Read(id, file, range)`, and give what comes to [`Log::finish_read`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ColdRead {
    /// What to read.
    pub(crate) file: File,
    /// Where.
    pub(crate) range: Range<u64>,
    /// The offset that was asked for.
    pub(crate) offset: i64,
    pub(super) upto: i64,
    pub(super) max_bytes: usize,
    pub(super) at_least_one: bool,
}

/// A record found by its timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimestampOffset {
    /// Its offset.
    pub(crate) offset: i64,
    /// Its timestamp.
    pub(crate) timestamp: i64,
    /// The leader epoch of its batch.
    pub(crate) leader_epoch: i32,
}

/// One partition's log.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    pub(super) partition: Partition,
    pub(super) log_dir: LogDirId,
    pub(super) config: TopicConfig,
    pub(super) epochs: Vec<(i32, i64)>,
}

impl Log {
    /// Whose it is.
    pub(crate) fn partition(&self) -> &Partition {
        &self.partition
    }
    /// The log directory that holds it.
    pub(crate) fn log_dir(&self) -> LogDirId {
        self.log_dir
    }
    /// The topic's configuration; the broker replaces it when the topic's configuration changes.
    pub(crate) fn config(&self) -> &TopicConfig {
        &self.config
    }
    /// Replaces the topic's configuration.
    pub(crate) fn set_config(&mut self, config: TopicConfig) {
        self.config = config;
    }
    /// The first offset that can be read.
    pub(crate) fn log_start_offset(&self) -> i64 {
        0
    }
    /// The offset that the next record gets.
    pub(crate) fn log_end_offset(&self) -> i64 {
        0
    }
    /// Below it everything has been synced.
    pub(crate) fn recovery_point(&self) -> i64 {
        0
    }
    /// Where a corrupt batch limits reading.
    pub(crate) fn corrupt_from(&self) -> Option<i64> {
        None
    }
    /// The epoch cache: (epoch, start offset), ascending.
    pub(crate) fn epochs(&self) -> &[(i32, i64)] {
        &self.epochs
    }
    /// The epoch of the last entry of the cache; -1 if there is none.
    pub(crate) fn latest_epoch(&self) -> i32 {
        -1
    }
    /// The largest epoch not above `epoch`, and where it ends: KIP-101's answer. None if the cache knows none.
    pub(crate) fn end_offset_of_epoch(&self, epoch: i32) -> Option<(i32, i64)> {
        let _ = epoch;
        None
    }
    /// Batches from the one that contains `offset`, below `upto`, in at most `max_bytes`; the first even if it is larger, if
    /// `at_least_one`. The last may be cut, as Kafka's are.
    pub(crate) fn read(
        &self,
        offset: i64,
        upto: i64,
        max_bytes: usize,
        at_least_one: bool,
        disk: &mut dyn Disk,
    ) -> Result<Slice, LogError> {
        let _ = (offset, upto, max_bytes, at_least_one, disk);
        Ok(Slice::Ready(Bytes::new()))
    }
    /// What a cold read brought, cut to what was asked for; cold again if the first batch is longer than what was read. The caller has
    /// checked the leader epoch again.
    pub(crate) fn finish_read(&self, cold: ColdRead, bytes: Bytes) -> Result<Slice, LogError> {
        let _ = (cold, bytes);
        Ok(Slice::Ready(Bytes::new()))
    }
    /// The first record at or behind `timestamp`, for ListOffsets.
    pub(crate) fn offset_for_timestamp(
        &self,
        timestamp: i64,
        disk: &mut dyn Disk,
    ) -> Result<Option<TimestampOffset>, LogError> {
        let _ = (timestamp, disk);
        Ok(None)
    }
    /// The first record with the greatest timestamp, for ListOffsets with -3 (KIP-734).
    pub(crate) fn max_timestamp(&self, disk: &mut dyn Disk) -> Result<Option<TimestampOffset>, LogError> {
        let _ = disk;
        Ok(None)
    }
}
