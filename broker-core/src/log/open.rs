//! Opening the log directories: whose they are, whether the last shutdown was clean, and which logs they hold.

use super::checkpoints::{Checkpoint, read_whole};
use super::dirs::{LogDir, LogDirs};
use super::recovery::{Checkpointed, recover};
use super::replace::{FileName, other_name};
use super::syncs::{Syncs, Waiter};
use crate::broker::{Broker, OpenError};
use crate::bugs::Bug;
use crate::config::Config;
use crate::event::{Event, Partition};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::time::Duration;
use wire::files::{
    CLEAN_SHUTDOWN, CleanShutdown, Folder, HIGH_WATERMARK_CHECKPOINT, LOG_START_CHECKPOINT, META_PROPERTIES,
    METADATA_FOLDER, METADATA_TOPIC_ID, MetaProperties, PARTITION_METADATA, PartitionMetadata,
    RECOVERY_POINT_CHECKPOINT, Suffix, names,
};
use wire::records::hash128;
use wire::{Dir, Disk, DiskError, EntryKind, Io, LogDirId, Planted, Str, SyncTarget, TopicPartition, Uuid};

/// Kafka's own, of which only the name is needed: below these offsets its cleaner may have removed batches.
const CLEANER_CHECKPOINT: &str = "cleaner-offset-checkpoint";

/// What a log directory says before its logs are opened.
struct Survey {
    recovery_points: Checkpoint,
    high_watermarks: Checkpoint,
    log_starts: Checkpoint,
    cleaned: Checkpoint,
    clean: bool,
}

impl LogDirs {
    /// Opens every log directory and recovers its logs. A fresh directory is formatted with the configuration's cluster id and an id drawn
    /// from `directory_seed`. One directory may fail and is then offline, but not the metadata directory.
    pub(crate) fn open(config: &Config, directory_seed: u64, io: &mut Io<'_, Broker>) -> Result<LogDirs, OpenError> {
        let mut dirs = LogDirs {
            dirs: Vec::new(),
            logs: BTreeMap::new(),
            syncs: Syncs::default(),
            files: BTreeMap::new(),
            next_ticket: 0,
            own_tickets: BTreeMap::new(),
            high_watermarks: BTreeMap::new(),
            floors: BTreeMap::new(),
            doomed: Vec::new(),
            deletions: 0,
            failed: Vec::new(),
            closing: None,
        };
        for id in (0..io.disk.log_dirs()).map(LogDirId) {
            match dirs.open_dir(id, config, directory_seed, io) {
                Err(OpenError::Disk(error)) if id == LogDirId(0) || error == DiskError::Gone => {
                    return Err(error.into());
                }
                Err(OpenError::Disk(_)) => dirs.offline(id, io),
                other => other?,
            }
        }
        Ok(dirs)
    }

    fn offline(&mut self, id: LogDirId, io: &mut Io<'_, Broker>) {
        self.fail(id, io);
        if self.dirs.iter().all(|dir| dir.id != id) {
            self.dirs.push(LogDir { id, root: None, meta: None, clean: None });
            self.failed.push(id);
            io.event(Event::LogDirFailed { log_dir: id });
        }
    }

    fn open_dir(&mut self, id: LogDirId, config: &Config, seed: u64, io: &mut Io<'_, Broker>) -> Result<(), OpenError> {
        let bugs = &config.planted;
        let root = io.disk.root(id)?;
        let meta = check_meta(root, config, io.disk)?;
        let clean = self.take_marker(root, bugs, io)?;
        self.dirs.push(LogDir { id, root: Some(root), meta: meta.clone(), clean });
        if meta.is_none() {
            self.format(root, config, seed, io);
        }
        let survey = Survey {
            recovery_points: Checkpoint::read(root, RECOVERY_POINT_CHECKPOINT, io.disk)?,
            high_watermarks: Checkpoint::read(root, HIGH_WATERMARK_CHECKPOINT, io.disk)?,
            log_starts: Checkpoint::read(root, LOG_START_CHECKPOINT, io.disk)?,
            cleaned: Checkpoint::read(root, CLEANER_CHECKPOINT, io.disk)?,
            clean: clean.is_some(),
        };
        for (name, kind) in io.disk.list(root)? {
            match Folder::parse(&name) {
                Some(Folder::Live(partition)) if kind == EntryKind::Dir => {
                    self.open_log(root, &name, partition, &survey, config, io)?;
                }
                Some(Folder::Deleted(_)) if kind == EntryKind::Dir => self.doom_again(id, name, config, io),
                _ => {}
            }
        }
        if bugs.has(Bug::D08) && clean.is_some() {
            io.disk.remove(root, CLEAN_SHUTDOWN)?;
        }
        Ok(())
    }

    /// Takes the clean-shutdown marker away, before anything is opened: a death from here on is an unclean shutdown (KAFKA-10471).
    fn take_marker(
        &mut self,
        root: Dir,
        bugs: &Planted<Bug>,
        io: &mut Io<'_, Broker>,
    ) -> Result<Option<CleanShutdown>, DiskError> {
        let Some(text) = read_whole(root, CLEAN_SHUTDOWN, io.disk)? else { return Ok(None) };
        if !bugs.has(Bug::D08) {
            io.disk.remove(root, CLEAN_SHUTDOWN)?;
            self.syncs.request(SyncTarget::Dir(root), Waiter::Nobody, io);
        }
        Ok(Some(CleanShutdown::parse(&text)))
    }

    fn format(&mut self, root: Dir, config: &Config, seed: u64, io: &mut Io<'_, Broker>) {
        let salt = format!("directory {seed} {}", root.log_dir.0);
        let meta = MetaProperties {
            cluster_id: config.cluster_id.clone(),
            node_id: config.node_id,
            directory_id: Some(Uuid(hash128(salt.as_bytes()))),
        };
        let _ = self.submit((root, FileName::Fixed(META_PROPERTIES)), Bytes::from(meta.text()), io, &config.planted);
        if let Some(dir) = self.dirs.last_mut() {
            dir.meta = Some(meta);
        }
    }

    fn open_log(
        &mut self,
        root: Dir,
        name: &str,
        partition: TopicPartition,
        survey: &Survey,
        config: &Config,
        io: &mut Io<'_, Broker>,
    ) -> Result<(), OpenError> {
        let folder = io.disk.open_dir(root, name)?;
        let Some((topic_id, unfinished)) = identity(folder, name, io.disk)? else {
            return Ok(self.set_aside(folder, root, name, &partition, config, io)?);
        };
        let partition = Partition { topic_id, topic: partition.topic, partition: partition.partition };
        let known = Checkpointed {
            recovery_point: survey.recovery_points.get(&partition),
            high_watermark: survey.high_watermarks.get(&partition),
            log_start_offset: survey.log_starts.get(&partition),
            cleaned_to: survey.cleaned.get(&partition),
            clean: survey.clean,
        };
        let key = (topic_id, partition.partition);
        let log = recover(partition, folder, config.topic_defaults.clone(), known, io, &config.planted)?;
        if known.high_watermark > 0 {
            self.high_watermarks.insert(key, known.high_watermark);
        }
        self.found_floor(key, log.log_dir, [known.recovery_point, known.high_watermark]);
        let dirty = log.is_dirty();
        self.logs.insert(key, log);
        if unfinished {
            let _ = self.identify(key, |dirs, file| dirs.resume(file, io));
        }
        self.checkpoint_epochs(key, io, &config.planted);
        if dirty && !config.planted.has(Bug::R37) {
            self.flush(key, io, &config.planted);
        }
        Ok(())
    }

    /// A folder whose topic id was lost was never synced as a whole, because the id is synced before a recovery point is written: it
    /// holds nothing that counts. It is deleted if it is empty, and else kept under a name that no log has.
    fn set_aside(
        &mut self,
        folder: Dir,
        root: Dir,
        name: &str,
        partition: &TopicPartition,
        config: &Config,
        io: &mut Io<'_, Broker>,
    ) -> Result<(), DiskError> {
        if is_empty(folder, io.disk)? {
            return self.doom(root.log_dir, name, partition, io.now.mono + delete_delay(config), io);
        }
        self.deletions += 1;
        let salt = format!("{name} {} {}", self.deletions, io.now.wall.0);
        let stray = names::delete_folder(partition, hash128(salt.as_bytes())).replace("-delete", "-stray");
        io.disk.rename((root, name), (root, &stray))?;
        self.syncs.request(SyncTarget::Dir(root), Waiter::Nobody, io);
        Ok(())
    }

    fn doom_again(&mut self, log_dir: LogDirId, name: String, config: &Config, io: &mut Io<'_, Broker>) {
        let at = io.now.mono + delete_delay(config);
        self.doomed.push(super::folders::Doomed { at, log_dir, name });
    }
}

fn delete_delay(config: &Config) -> Duration {
    Duration::from_millis(u64::try_from(config.topic_defaults.file_delete_delay_ms).unwrap_or(0))
}

/// Reads `meta.properties` and refuses a directory of another node or cluster.
fn check_meta(root: Dir, config: &Config, disk: &mut dyn Disk) -> Result<Option<MetaProperties>, OpenError> {
    let Some(text) = read_whole(root, META_PROPERTIES, disk)? else { return Ok(None) };
    let refuse = |why: String| Err(OpenError::Refused(Str::from(why)));
    let dir = root.log_dir.0;
    match MetaProperties::parse(&text) {
        Err(error) => {
            refuse(format!("log directory {dir}: {error}; restore meta.properties, or format the directory again"))
        }
        Ok(meta) if meta.node_id != config.node_id => refuse(format!(
            "log directory {dir} belongs to node {}, not {}; check node.id and log.dirs",
            meta.node_id, config.node_id
        )),
        Ok(meta) if meta.cluster_id != config.cluster_id => refuse(format!(
            "log directory {dir} belongs to cluster {}, not {}; check log.dirs",
            meta.cluster_id, config.cluster_id
        )),
        Ok(meta) => Ok(Some(meta)),
    }
}

/// The topic id of a folder, and whether `partition.metadata` stands there only under the name that it is written under: a death came before it was put in place,
/// and records may have been acknowledged since.
fn identity(folder: Dir, name: &str, disk: &mut dyn Disk) -> Result<Option<(Uuid, bool)>, DiskError> {
    for (file, unfinished) in [(PARTITION_METADATA, false), (&other_name(PARTITION_METADATA), true)] {
        let text = read_whole(folder, file, disk)?.unwrap_or_default();
        if let Ok(metadata) = PartitionMetadata::parse(&text) {
            return Ok(Some((metadata.topic_id, unfinished)));
        }
    }
    Ok((name == METADATA_FOLDER).then_some((METADATA_TOPIC_ID, false)))
}

fn is_empty(folder: Dir, disk: &mut dyn Disk) -> Result<bool, DiskError> {
    for (name, kind) in disk.list(folder)? {
        if kind == EntryKind::File && matches!(names::parse_segment_file(&name), Some((_, Suffix::Log))) {
            let file = disk.open(folder, &name)?;
            let len = disk.len(file);
            disk.close(file);
            if len? > 0 {
                return Ok(false);
            }
        }
    }
    Ok(true)
}
