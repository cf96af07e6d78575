//! The metadata quorum of one voter, shaped as KRaft is (KIP-595): an election per start, a durable quorum state before it is used, a
//! LeaderChange record that begins the epoch, and a high watermark that counts only what is synced.
//!
//! Left out on purpose until there is more than one voter: votes, fetching, snapshots.

mod load;

pub(crate) use load::load;

use crate::broker::Broker;
use crate::bugs::Bug;
use crate::config::{Config, TopicConfig};
use crate::controller::registration::record_version;
use crate::event::{Event, Partition};
use crate::log::{FileTicket, LogDirs, LogError, LogKey, Origin};
use bytes::Bytes;
use std::collections::BTreeMap;
use wire::files::METADATA_TOPIC_ID;
use wire::metadata::control::Voter;
use wire::metadata::{ControlRecord, LeaderChangeMessage, MetadataRecord, QuorumStateData};
use wire::records::{Batch, BatchBuilder, Checked, Compression};
use wire::{DiskError, Io, Planted, Str, Uuid};

/// The metadata log.
pub(crate) const METADATA: LogKey = (METADATA_TOPIC_ID, 0);
const METADATA_TOPIC: &str = "__cluster_metadata";
const QUORUM_STATE: &str = "quorum-state";

/// This node's part in the metadata quorum.
#[derive(Clone, Debug)]
pub(crate) struct Quorum {
    pub(crate) epoch: i32,
    /// Where this node's epoch starts, once it leads.
    epoch_start: Option<i64>,
    pub(crate) high_watermark: i64,
    /// The replacement of the quorum state that the epoch waits for.
    electing: Option<FileTicket>,
    voter: i32,
}

/// The metadata log as a partition.
pub(crate) fn metadata_partition() -> Partition {
    Partition { topic_id: METADATA_TOPIC_ID, topic: Str::from_static(METADATA_TOPIC), partition: 0 }
}

fn metadata_config(config: &Config) -> TopicConfig {
    let segment_bytes = match config.number("internal.metadata.log.segment.bytes") {
        0 => config.number("metadata.log.segment.bytes"),
        bytes => bytes,
    };
    let max_message_bytes = config.number("internal.metadata.max.batch.size.in.bytes");
    TopicConfig {
        segment_bytes: u32::try_from(segment_bytes).unwrap_or(u32::MAX),
        segment_ms: config.number("metadata.log.segment.ms"),
        // The quorum flushes on its own.
        flush_messages: i64::MAX,
        flush_ms: i64::MAX,
        max_message_bytes: u32::try_from(max_message_bytes).unwrap_or(u32::MAX),
        ..config.topic(&BTreeMap::new())
    }
}

/// Why the quorum cannot start.
#[derive(Debug)]
pub(crate) enum QuorumError {
    /// The log refused.
    Log(LogError),
    /// What the disk holds is no metadata log or quorum state.
    Corrupt(String),
}

impl From<LogError> for QuorumError {
    fn from(error: LogError) -> Self {
        QuorumError::Log(error)
    }
}

impl Quorum {
    /// Reads what is known of the last election and begins a new one. The epoch may be used once the quorum state is durable.
    pub(crate) fn open(config: &Config, logs: &mut LogDirs, io: &mut Io<'_, Broker>) -> Result<Quorum, QuorumError> {
        let bugs = &config.planted;
        match logs.get_mut(METADATA) {
            Some(log) => log.set_config(metadata_config(config)),
            None => logs.create(metadata_partition(), metadata_config(config), io, bugs)?,
        }
        let last = match logs.read_file(Some(METADATA), QUORUM_STATE, io)? {
            Some(text) => Some(parse_state(&text)?),
            None => None,
        };
        let voter = config.node_id.0;
        let log_epoch = logs.get(METADATA).map_or(-1, |log| log.latest_epoch());
        let epoch = next_epoch(last.as_ref(), log_epoch, voter, bugs);
        let state = QuorumStateData {
            leader_id: voter,
            leader_epoch: epoch,
            current_voters: Some(vec![wire::metadata::Voter { voter_id: voter }]),
            ..QuorumStateData::default()
        };
        let contents = Bytes::from(state.to_json(0).into_bytes());
        let electing = logs.replace_file(Some(METADATA), QUORUM_STATE, contents, io, bugs)?;
        Ok(Quorum { epoch, epoch_start: None, high_watermark: 0, electing: Some(electing), voter })
    }

    /// A file is durable.
    pub(crate) fn written(&mut self, ticket: FileTicket) {
        self.electing.take_if(|electing| *electing == ticket);
    }

    /// Whether the epoch may be used: the quorum state is durable, and so is the entry of the folder that holds it.
    pub(crate) fn is_elected(&self, logs: &LogDirs) -> bool {
        let named = logs.get(METADATA).is_some_and(|log| log.is_named());
        self.epoch_start.is_none() && self.electing.is_none() && named
    }

    /// Whether this node leads the quorum: it is the active controller.
    pub(crate) fn leads(&self) -> bool {
        self.epoch_start.is_some()
    }

    /// Where this node's epoch starts; the log's beginning before it leads.
    pub(crate) fn epoch_start(&self) -> i64 {
        self.epoch_start.unwrap_or(0)
    }

    /// Leads: the LeaderChange record begins the epoch.
    pub(crate) fn lead(
        &mut self,
        logs: &mut LogDirs,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<(), LogError> {
        logs.start_epoch(METADATA, self.epoch, io, bugs)?;
        let voters = vec![Voter { voter_id: self.voter, voter_directory_id: Uuid::ZERO }];
        let message =
            LeaderChangeMessage { version: 0, leader_id: self.voter, granting_voters: voters.clone(), voters };
        let (key, value) = ControlRecord::LeaderChange(message).encode().map_err(|_| unwritable())?;
        let batch = BatchBuilder::new(Compression::None).control().record(io.now.wall.0, Some(&key), Some(&value));
        let start_offset = self.write(batch, logs, io, bugs)?;
        self.epoch_start = Some(start_offset);
        io.event(Event::LeaderElected { partition: metadata_partition(), leader_epoch: self.epoch, start_offset });
        Ok(())
    }

    /// Appends records as one batch and asks for them to become durable; returns the first one's offset.
    pub(crate) fn append(
        &mut self,
        records: &[MetadataRecord],
        logs: &mut LogDirs,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<i64, LogError> {
        let mut batch = BatchBuilder::new(Compression::None);
        for record in records {
            let value = record.encode(record_version(record)).map_err(|_| unwritable())?;
            batch.push(io.now.wall.0, None, Some(&value), &[]);
        }
        self.write(batch, logs, io, bugs)
    }

    fn write(
        &mut self,
        batch: BatchBuilder,
        logs: &mut LogDirs,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<i64, LogError> {
        let batch = Batch::parse(batch.build()).ok_or(unwritable())?;
        let checked = Checked { batch, max_timestamp: io.now.wall.0 };
        let appended = logs.append(METADATA, Origin::Quorum, &checked, self.epoch, io, bugs)?;
        logs.flush(METADATA, io, bugs);
        Ok(appended.base_offset)
    }

    /// Moves the high watermark to what a majority, which is this node, has synced; only once a record of its own epoch is among it.
    pub(crate) fn advance(&mut self, logs: &LogDirs, bugs: &Planted<Bug>) -> Option<Event> {
        let log = logs.get(METADATA)?;
        let held = if bugs.has(Bug::D24) { log.log_end_offset() } else { log.recovery_point() };
        if held <= self.epoch_start? || held <= self.high_watermark {
            return None;
        }
        self.high_watermark = held;
        Some(Event::HighWatermarkAdvanced { partition: metadata_partition(), to: held })
    }
}

/// A record of our own that cannot be encoded: the metadata log cannot go on.
fn unwritable() -> LogError {
    LogError::Storage(DiskError::Invalid)
}

fn parse_state(text: &Bytes) -> Result<QuorumStateData, QuorumError> {
    let parsed = QuorumStateData::from_json(&String::from_utf8_lossy(text));
    parsed.map(|(state, _)| state).map_err(|error| QuorumError::Corrupt(error.to_string()))
}

/// A node that was leader must not go on in the epoch that it led: what it had not synced is gone, and its offsets would be used again.
fn next_epoch(last: Option<&QuorumStateData>, log_epoch: i32, voter: i32, bugs: &Planted<Bug>) -> i32 {
    let last_epoch = last.map_or(0, |state| state.leader_epoch).max(log_epoch).max(0);
    if last.is_some_and(|state| state.leader_id == voter) && bugs.has(Bug::C03) {
        return last_epoch;
    }
    last_epoch.saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_start_is_a_new_epoch_above_all_that_was_seen() {
        let state = |leader_epoch, leader_id| QuorumStateData { leader_epoch, leader_id, ..QuorumStateData::default() };
        let table = [(None, -1, 1), (Some(state(4, 1)), 4, 5), (Some(state(4, 1)), 7, 8), (Some(state(4, 2)), -1, 5)];
        for (last, log_epoch, expected) in table {
            assert_eq!(next_epoch(last.as_ref(), log_epoch, 1, &Planted::default()), expected);
        }
    }
}
