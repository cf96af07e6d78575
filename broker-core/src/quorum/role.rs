//! A node's part in the metadata quorum, and the metadata log under it.

use super::election::AfterSave;
use super::grant::{self, Standing};
use super::snapshots::{self, Opened, Snapshots};
use super::state::{self, Remembered};
use crate::broker::Broker;
use crate::bugs::Bug;
use crate::config::{Config, TopicConfig};
use crate::controller::registration::record_version;
use crate::event::{Event, Partition};
use crate::log::{FileTicket, LogDirs, LogError, LogKey, Origin};
use std::collections::{BTreeMap, BTreeSet};
use wire::files::METADATA_TOPIC_ID;
use wire::metadata::control::Voter;
use wire::metadata::{ControlRecord, LeaderChangeMessage, MetadataRecord};
use wire::records::{Batch, BatchBuilder, Checked, Compression};
use wire::{ConnId, DiskError, Instant, Io, Planted, Str, Uuid};

/// The metadata log.
pub(crate) const METADATA: LogKey = (METADATA_TOPIC_ID, 0);
pub(super) const METADATA_TOPIC: &str = "__cluster_metadata";
const QUORUM_STATE: &str = "quorum-state";

/// A node's part in an epoch.
#[derive(Clone, Debug)]
pub(super) enum Role {
    /// It knows of no leader, and waits for one to speak before it asks for votes.
    Unattached,
    /// It asks whether it would get votes (KIP-996), and goes back to the leader that it followed if it does not.
    Prospective { granted: BTreeSet<i32>, leader: Option<i32> },
    /// It asks for votes.
    Candidate { granted: BTreeSet<i32> },
    /// It was elected.
    Leader(Leading),
    /// It follows, and whether the leader has answered it.
    Follower { leader: i32, fetched: bool },
}

/// What a leader knows.
#[derive(Clone, Debug, Default)]
pub(super) struct Leading {
    /// Where its epoch starts; None until its election is durable.
    pub(super) epoch_start: Option<i64>,
    pub(super) followers: BTreeMap<i32, Progress>,
}

/// What a leader knows of a follower.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    /// The end of what is durable there, as its last fetch said.
    pub(super) end: i64,
    /// When it fetched last; the beginning of the epoch if it never did.
    pub(super) fetched_at: Instant,
    /// Whether it knows who leads.
    pub(super) knows: bool,
    /// The high watermark that it was told last.
    pub(super) told: i64,
}

/// This node's part in the metadata quorum.
#[derive(Clone, Debug)]
pub(crate) struct Quorum {
    pub(crate) epoch: i32,
    pub(super) voted: Option<i32>,
    pub(super) role: Role,
    pub(crate) high_watermark: i64,
    /// The replacement of the quorum state that is on its way to the disk.
    pub(super) saving: Option<FileTicket>,
    /// What waits for it.
    pub(super) after_save: Vec<AfterSave>,
    /// When something is due in this role.
    pub(super) deadline: Instant,
    /// Counts timeouts that were drawn.
    pub(super) drawn: u64,
    /// Voters that have been asked in this round, or are being told who leads.
    pub(super) asked: BTreeSet<i32>,
    /// Connections whose fetch of metadata is parked.
    pub(super) waiting: BTreeSet<ConnId>,
    pub(super) snapshots: Snapshots,
    /// Whether the image was published since the node opened.
    pub(crate) published: bool,
    pub(super) node: i32,
    pub(super) voters: Vec<i32>,
}

/// The metadata log as a partition.
pub(super) fn metadata_partition() -> Partition {
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
    /// Reads what is known of the last epoch. A lone voter elects itself: its epoch may be used once the quorum state is durable. One of
    /// several goes on following the leader that it knew, or waits for one; what it led before, it leads no more.
    pub(crate) fn open(
        config: &Config,
        logs: &mut LogDirs,
        io: &mut Io<'_, Broker>,
    ) -> Result<(Quorum, Opened), QuorumError> {
        let bugs = &config.planted;
        match logs.get_mut(METADATA) {
            Some(log) => log.set_config(metadata_config(config)),
            None => logs.create(metadata_partition(), metadata_config(config), io, bugs)?,
        }
        let last = match logs.read_file(Some(METADATA), QUORUM_STATE, io)? {
            Some(text) => Some(state::parse(&text)?),
            None => None,
        };
        let (snapshots, opened) = snapshots::open(logs, io, bugs)?;
        let (node, voters) = (config.node_id.0, config.cluster.voters.keys().copied().collect::<Vec<_>>());
        let log_epoch = last_epoch(logs, &snapshots);
        let mut quorum = Quorum {
            epoch: last.map_or(0, |last| last.epoch).max(log_epoch).max(0),
            voted: last.and_then(|last| last.voted),
            role: Role::Unattached,
            high_watermark: snapshots.latest().map_or(0, |id| id.end_offset),
            saving: None,
            after_save: Vec::new(),
            deadline: Instant::NEVER,
            drawn: 0,
            asked: BTreeSet::new(),
            waiting: BTreeSet::new(),
            snapshots,
            published: false,
            node,
            voters,
        };
        if quorum.voters == [node] {
            quorum.epoch = state::next_epoch(last, log_epoch, node, bugs);
            quorum.role = Role::Leader(Leading::default());
            quorum.save(None, logs, io, bugs)?;
        } else {
            quorum.rejoin(last, bugs);
        }
        Ok((quorum, opened))
    }

    /// The epoch of the last record of the log, or of the snapshot that it begins with if it has none of its own; -1 if there is nothing.
    pub(super) fn last_epoch(&self, logs: &LogDirs) -> i32 {
        last_epoch(logs, &self.snapshots)
    }

    /// Goes on where the last incarnation stood. A log that is ahead of the quorum state has seen an epoch in which this node has not
    /// voted, as far as it knows; it votes for nobody there.
    fn rejoin(&mut self, last: Option<Remembered>, bugs: &Planted<Bug>) {
        let known = last.filter(|last| last.epoch == self.epoch);
        match known.and_then(|last| last.leader) {
            Some(leader) if leader != self.node => self.role = Role::Follower { leader, fetched: false },
            // It led this epoch, so it had voted for itself.
            Some(_) if bugs.has(Bug::C04) => self.voted = None,
            Some(_) => self.voted = Some(self.node),
            None if known.is_none() && last.is_some() => self.voted = Some(self.node),
            None => {}
        }
    }

    /// Writes the quorum state; `then` waits for it to be durable.
    pub(super) fn save(
        &mut self,
        then: Option<AfterSave>,
        logs: &mut LogDirs,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<(), LogError> {
        let remembered = Remembered { epoch: self.epoch, voted: self.voted, leader: self.leader() };
        let contents = state::text(remembered, &self.voters);
        self.saving = Some(logs.replace_file(Some(METADATA), QUORUM_STATE, contents, io, bugs)?);
        self.after_save.extend(then);
        Ok(())
    }

    /// A file is durable. What had waited for it, if it was the newest quorum state.
    pub(crate) fn written(&mut self, ticket: FileTicket) -> Option<Vec<AfterSave>> {
        self.saving.take_if(|saving| *saving == ticket)?;
        Some(std::mem::take(&mut self.after_save))
    }

    /// Who leads this epoch, if this node knows.
    pub(crate) fn leader(&self) -> Option<i32> {
        match self.role {
            Role::Leader(_) => Some(self.node),
            Role::Follower { leader, .. } => Some(leader),
            _ => None,
        }
    }

    /// Whether the election may be used: the quorum state is durable, and so is the entry of the folder that holds it.
    pub(crate) fn is_elected(&self, logs: &LogDirs) -> bool {
        let named = logs.get(METADATA).is_some_and(|log| log.is_named());
        matches!(&self.role, Role::Leader(leading) if leading.epoch_start.is_none()) && self.saving.is_none() && named
    }

    /// Whether this node leads the quorum: it is the active controller.
    pub(crate) fn leads(&self) -> bool {
        self.leading().is_some()
    }

    /// What the leader knows, once its epoch has started.
    fn leading(&self) -> Option<&Leading> {
        match &self.role {
            Role::Leader(leading) if leading.epoch_start.is_some() => Some(leading),
            _ => None,
        }
    }

    /// Where this node's epoch starts, if it leads.
    pub(crate) fn epoch_start(&self) -> Option<i64> {
        self.leading()?.epoch_start
    }

    /// What followers are told is committed. A new leader may not know of all that is until it has committed a batch of its own epoch: till
    /// then it says -1, as Kafka's does, so that nobody who starts takes an older state for the present one.
    pub(crate) fn told_high_watermark(&self) -> i64 {
        let begun = self.epoch_start().is_some_and(|start| self.high_watermark > start);
        if begun || !self.leads() { self.high_watermark } else { -1 }
    }

    /// When something is due in this role.
    pub(crate) fn next_timeout(&self) -> Instant {
        self.deadline
    }

    /// Whether nobody but this node votes.
    pub(crate) fn is_alone(&self) -> bool {
        self.voters == [self.node]
    }

    pub(super) fn standing(&self) -> Standing {
        match self.role {
            Role::Unattached | Role::Prospective { .. } => Standing::Looking { voted: self.voted },
            Role::Candidate { .. } => Standing::Candidate,
            Role::Follower { fetched, .. } => Standing::Following { fetched },
            Role::Leader(_) => Standing::Leading,
        }
    }

    /// Voters that have still to be asked or told something in this role. A candidate asks once its own vote is durable.
    pub(super) fn to_be_told(&self) -> Vec<i32> {
        let others = self.voters.iter().copied().filter(|&voter| voter != self.node && !self.asked.contains(&voter));
        match &self.role {
            Role::Prospective { granted, .. } => others.filter(|voter| !granted.contains(voter)).collect(),
            Role::Candidate { granted } if self.saving.is_none() => {
                others.filter(|voter| !granted.contains(voter)).collect()
            }
            Role::Leader(leading) if leading.epoch_start.is_some() => {
                others.filter(|voter| leading.followers.get(voter).is_some_and(|follower| !follower.knows)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Leads: the LeaderChange record begins the epoch.
    pub(crate) fn lead(
        &mut self,
        logs: &mut LogDirs,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<(), LogError> {
        logs.start_epoch(METADATA, self.epoch, io, bugs)?;
        let voter = |&voter_id: &i32| Voter { voter_id, voter_directory_id: Uuid::ZERO };
        let message = LeaderChangeMessage {
            version: 0,
            leader_id: self.node,
            voters: self.voters.iter().map(voter).collect(),
            granting_voters: vec![voter(&self.node)],
        };
        let (key, value) = ControlRecord::LeaderChange(message).encode().map_err(|_| unwritable())?;
        let batch = BatchBuilder::new(Compression::None).control().record(io.now.wall.0, Some(&key), Some(&value));
        let start_offset = self.write(batch, logs, io, bugs)?;
        let progress = Progress { fetched_at: io.now.mono, ..Progress::default() };
        let others = self.voters.iter().filter(|&&voter| voter != self.node);
        let followers = others.map(|&voter| (voter, progress)).collect();
        self.role = Role::Leader(Leading { epoch_start: Some(start_offset), followers });
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

    /// A leader moves the high watermark to what a majority has synced; only once a record of its own epoch is among it.
    pub(crate) fn advance(&mut self, logs: &LogDirs, bugs: &Planted<Bug>) -> Option<Event> {
        let log = logs.get(METADATA)?;
        let own = if bugs.has(Bug::D24) { log.log_end_offset() } else { log.recovery_point() };
        let leading = self.leading()?;
        let ends = leading.followers.values().map(|follower| follower.end).chain([own]).collect();
        let held = grant::majority_offset(ends).min(log.log_end_offset());
        let begun = held > leading.epoch_start? || (held == leading.epoch_start? && bugs.has(Bug::C06));
        if !begun || held <= self.high_watermark {
            return None;
        }
        self.high_watermark = held;
        Some(Event::HighWatermarkAdvanced { partition: metadata_partition(), to: held })
    }
}

fn last_epoch(logs: &LogDirs, snapshots: &Snapshots) -> i32 {
    let of_log = logs.get(METADATA).map_or(-1, |log| log.latest_epoch());
    snapshots.latest().map_or(of_log, |id| of_log.max(id.epoch))
}

/// A record of our own that cannot be encoded: the metadata log cannot go on.
pub(super) fn unwritable() -> LogError {
    LogError::Storage(DiskError::Invalid)
}
