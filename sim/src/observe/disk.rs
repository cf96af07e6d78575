//! A disk that watches what its broker does to it: appends, cuts, segments, syncs, small files, and what each
//! incarnation finds.
//!
//! Facts are told of what the disk *did*, so that a call in which the machine died tells what still took effect.
//! Durability is looked up on the platter and never taken from what a sync reported.

use super::batch::BatchParser;
use super::image::Assignments;
use super::log::Log;
use super::touch::Scopes;
use crate::disk::Effect;
use crate::plan::Survival;
use crate::{Draw, SimDisk};
use bytes::Bytes;
use properties::{BatchSeen, Fact, FactKind, FactSet, LogRef, Moment, Touch};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use wire::files::names::{PART, Suffix, parse_segment_file, parse_snapshot_file};
use wire::files::{Folder, METADATA_FOLDER, METADATA_TOPIC_ID, PARTITION_METADATA, PartitionMetadata};
use wire::{
    Dir, Disk, DiskError, EntryKind, File, Lent, LogDirId, NodeId, Str, SyncId, SyncTarget, TopicPartition, Uuid,
};

/// `partition.metadata` before it has its final name. It is written once, so what it says is so already then.
const NEW_IDENTITY: &str = "partition.metadata.tmp";

/// The simulated disk of a node, and everything that can be learned by watching it. Lives through the node's
/// incarnations.
#[derive(Clone, Debug)]
pub struct Observed {
    node: NodeId,
    disk: SimDisk,
    wants: FactSet,
    parser: BatchParser,
    facts: Vec<Fact>,
    touches: Vec<Touch>,
    /// The logs in use, by their folder's inode.
    logs: BTreeMap<u64, Log>,
    /// `.log` files by inode: the folder's inode and the base offset.
    segments: BTreeMap<u64, (u64, i64)>,
    /// Small files under their final names, by inode.
    small: BTreeSet<u64>,
}

impl Observed {
    /// Watches a disk. Only facts of the kinds that are wanted are built.
    #[must_use]
    pub fn new(node: NodeId, disk: SimDisk, wants: FactSet, parser: BatchParser) -> Observed {
        let (facts, touches) = (Vec::new(), Vec::new());
        Observed {
            node,
            disk,
            wants,
            parser,
            facts,
            touches,
            logs: BTreeMap::new(),
            segments: BTreeMap::new(),
            small: BTreeSet::new(),
        }
    }

    /// The disk, to look at.
    #[must_use]
    pub fn disk(&self) -> &SimDisk {
        &self.disk
    }

    /// The disk, to arm faults on and to let a bit rot. Deaths, wipes and ends of syncs go through this wrapper
    /// instead.
    pub fn faults(&mut self) -> &mut SimDisk {
        &mut self.disk
    }

    /// An incarnation begins; call it before `Broker::open`. Tells what the disk holds (`Survived`).
    pub fn begin(&mut self) {
        self.settle();
        self.survey();
        if self.wants.has(FactKind::Survived) {
            let survived =
                |log: &Log| Fact::Survived { log: log.name.clone(), batches: log.read(&self.disk, &self.parser) };
            self.facts.extend(self.logs.values().map(survived));
        }
        let found: Vec<u64> = self.logs.keys().copied().collect();
        found.into_iter().for_each(|dir| self.look_durable(dir));
    }

    /// `Broker::open` returned. Tells what the disk holds now (`Recovered`).
    pub fn opened(&mut self) {
        self.settle();
        if self.wants.has(FactKind::Recovered) {
            let recovered =
                |log: &Log| Fact::Recovered { log: log.name.clone(), batches: log.read(&self.disk, &self.parser) };
            self.facts.extend(self.logs.values().map(recovered));
        }
    }

    /// A sync's time has come. Deliver the result as `Input::Synced`.
    pub fn complete_sync(&mut self, id: SyncId) -> Result<(), DiskError> {
        let target = self.disk.sync_target(id);
        let done = self.disk.complete_sync(id);
        let Some(target) = target else { return done };
        self.checked(target.log_dir(), true, done)?;
        match target {
            SyncTarget::File(file) => {
                let dir = self.segments.get(&file.inode).map(|&(dir, _)| dir);
                dir.into_iter().for_each(|dir| self.look_durable(dir));
            }
            SyncTarget::Dir(dir) if self.logs.contains_key(&dir.inode) => self.look_durable(dir.inode),
            SyncTarget::Dir(dir) => {
                let below: Vec<u64> =
                    self.logs.values().filter(|log| log.log_dir == dir.log_dir).map(|log| log.dir).collect();
                below.into_iter().for_each(|dir| self.look_durable(dir));
            }
        }
        Ok(())
    }

    /// The process is dead: see [`SimDisk::kill`].
    pub fn kill(&mut self, draw: Draw) {
        self.disk.kill(draw);
        self.settle();
    }

    /// The machine is dead: see [`SimDisk::power_loss`].
    pub fn power_loss(&mut self, survival: &Survival, draw: Draw) {
        self.settle();
        self.disk.power_loss(survival, draw);
        self.settle();
    }

    /// A log directory comes back empty: see [`SimDisk::wipe`].
    pub fn wipe(&mut self, log_dir: LogDirId) {
        self.settle();
        self.disk.wipe(log_dir);
        self.settle();
    }

    /// What was learned since the last call, in order. Call it after every input, also after one in which the disk
    /// died.
    pub fn take_facts(&mut self) -> Vec<Fact> {
        std::mem::take(&mut self.facts)
    }

    /// What faults did since the last call, with the logs and offsets that they hit.
    pub fn take_touches(&mut self, when: Moment) -> Vec<Touch> {
        self.settle();
        let mut touches = std::mem::take(&mut self.touches);
        touches.iter_mut().for_each(|touch| touch.when = when);
        touches
    }

    /// The topic id of a partition's log on this disk.
    #[must_use]
    pub fn topic_id(&self, topic: &str, partition: i32) -> Option<Uuid> {
        let is_it = |log: &&Log| log.name.partition.partition == partition && log.name.partition.topic == *topic;
        // The newest, should another log directory hold an older one that could not be read.
        self.logs.values().rev().find(is_it).filter(|log| log.is_named()).map(|log| log.name.topic_id)
    }

    /// The topic of an id that a log on this disk has.
    #[must_use]
    pub fn topic_name(&self, topic_id: Uuid) -> Option<Str> {
        self.logs.values().find(|log| log.name.topic_id == topic_id).map(|log| log.name.partition.topic.clone())
    }

    /// Who may lead which partition, as the metadata log on this disk says up to an offset.
    #[must_use]
    pub fn assignments(&self, below: i64) -> Assignments {
        let Some(log) = self.metadata_log() else { return Assignments::default() };
        let files = self.disk.children(log.dir, EntryKind::File);
        let snapshots = files.into_iter().filter_map(|(name, inode)| Some((parse_snapshot_file(&name)?.0, inode)));
        let newest = snapshots.filter(|(end, _)| *end <= below).max();
        let mut batches = newest.map_or_else(Vec::new, |(_, inode)| self.snapshot(inode));
        let end = newest.map_or(i64::MIN, |(end, _)| end);
        batches.extend(self.metadata().into_iter().filter(|batch| batch.base_offset >= end));
        Assignments::of(&batches, below)
    }

    /// The batches of the metadata log on this disk.
    #[must_use]
    pub fn metadata(&self) -> Vec<BatchSeen> {
        self.metadata_log().map_or_else(Vec::new, |log| log.read(&self.disk, &self.parser))
    }

    fn metadata_log(&self) -> Option<&Log> {
        self.logs.values().find(|log| log.name.topic_id == METADATA_TOPIC_ID)
    }

    /// Where the metadata log on this disk ends; None if there is none.
    #[must_use]
    pub fn metadata_end(&self) -> Option<i64> {
        self.metadata_log()?.end()
    }

    /// The batches of a snapshot. Their offsets count records of the file and say nothing of the log.
    fn snapshot(&self, inode: u64) -> Vec<BatchSeen> {
        let batches = self.parser.see_all_metadata(self.disk.peek(inode, 0..u64::MAX));
        batches.into_iter().map(|batch| BatchSeen { base_offset: -1, last_offset: -1, ..batch }).collect()
    }

    /// Whose disk it is.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// Gives effects the logs and offsets that are known now; later the files may say something else.
    fn settle(&mut self) {
        let effects = self.disk.take_effects();
        let scopes = Scopes { node: self.node, logs: &self.logs };
        self.touches.extend(effects.iter().map(|effect: &Effect| scopes.touch(effect)));
    }

    /// Learns everything anew from the disk.
    fn survey(&mut self) {
        self.logs.clear();
        self.segments.clear();
        self.small.clear();
        for log_dir in (0..self.disk.log_dirs()).map(LogDirId) {
            let Some(root) = self.disk.root_inode(log_dir) else { continue };
            for (folder, dir) in self.disk.children(root, EntryKind::Dir) {
                let Some(Folder::Live(partition)) = Folder::parse(&folder) else { continue };
                let mut log = self.new_log(log_dir, dir, folder, partition);
                for (name, inode) in self.disk.children(dir, EntryKind::File) {
                    let Some(base_offset) = segment_base(&name) else { continue };
                    log.add(base_offset, inode);
                    log.append(base_offset, self.disk.peek(inode, 0..u64::MAX));
                    self.segments.insert(inode, (dir, base_offset));
                }
                self.logs.insert(dir, log);
            }
        }
    }

    fn new_log(&self, log_dir: LogDirId, dir: u64, folder: String, partition: TopicPartition) -> Log {
        let id_file = self.disk.named(dir, PARTITION_METADATA).or_else(|| self.disk.named(dir, NEW_IDENTITY));
        let id_file = id_file.map(|inode| self.disk.peek(inode, 0..u64::MAX));
        let topic_id = match id_file {
            _ if folder == METADATA_FOLDER => METADATA_TOPIC_ID,
            Some(text) => PartitionMetadata::parse(&text).map_or(Uuid::ZERO, |file| file.topic_id),
            None => Uuid::ZERO,
        };
        Log::new(LogRef { node: self.node, topic_id, partition }, log_dir, dir, folder)
    }

    /// Tells a fact about a log, or holds it until the topic's id is known.
    fn tell(&mut self, dir: u64, kind: FactKind, fact: impl FnOnce(LogRef) -> Fact) {
        let Some(log) = self.logs.get_mut(&dir).filter(|_| self.wants.has(kind)) else { return };
        let fact = fact(log.name.clone());
        if log.is_named() {
            self.facts.push(fact);
        } else {
            log.held.push(fact);
        }
    }

    fn look_durable(&mut self, dir: u64) {
        let grew = self.logs.get_mut(&dir).and_then(|log| log.durable_grew(&self.disk));
        if let Some(to) = grew {
            self.tell(dir, FactKind::LogDurable, |log| Fact::LogDurable { log, to });
        }
    }

    /// Tells of a call that the disk failed.
    fn checked<T>(&mut self, log_dir: LogDirId, write: bool, done: Result<T, DiskError>) -> Result<T, DiskError> {
        if matches!(done, Err(DiskError::Io | DiskError::NoSpace)) && self.wants.has(FactKind::DiskFailed) {
            self.facts.push(Fact::DiskFailed { node: self.node, log_dir, write });
        }
        done
    }

    /// What an append left in a `.log` file, however it ended.
    fn segment_appended(&mut self, file: File, (dir, segment): (u64, i64), written: Option<&[u8]>) {
        let Some(log) = self.logs.get_mut(&dir) else { return };
        let bytes = match written {
            Some(bytes) => Bytes::copy_from_slice(bytes),
            None => self.disk.peek(file.inode, log.len_of(segment)..u64::MAX),
        };
        let batches = log.append(segment, bytes);
        if self.wants.has(FactKind::Appended) {
            let seen: Vec<BatchSeen> = batches.iter().map(|batch| log.see(batch, &self.parser)).collect();
            for seen in seen {
                self.tell(dir, FactKind::Appended, |log| Fact::Appended {
                    log,
                    log_dir: file.log_dir,
                    segment,
                    batch: seen,
                });
            }
        }
    }

    fn log_shortened(&mut self, dir: u64, change: impl FnOnce(&mut Log)) {
        if let Some(to) = self.logs.get_mut(&dir).and_then(|log| log.shortened(change)) {
            self.tell(dir, FactKind::Truncated, |log| Fact::Truncated { log, to });
        }
    }

    /// A file has a name (again) in a folder or log directory.
    fn file_named(&mut self, dir: Dir, name: &str, inode: u64) {
        if let Some(base_offset) = segment_base(name) {
            let Some(log) = self.logs.get_mut(&dir.inode) else { return };
            log.add(base_offset, inode);
            self.segments.insert(inode, (dir.inode, base_offset));
            self.tell(dir.inode, FactKind::SegmentCreated, |log| Fact::SegmentCreated { log, base_offset });
            let bytes = self.disk.cached_len(inode);
            if bytes > 0 {
                self.segment_appended(File { log_dir: dir.log_dir, inode }, (dir.inode, base_offset), None);
            }
        } else if is_small(name) || name == NEW_IDENTITY {
            self.small.insert(inode);
        }
    }

    /// A file's name is gone from a folder or log directory.
    fn file_unnamed(&mut self, dir: Dir, inode: u64) {
        self.small.remove(&inode);
        if let Some((_, base_offset)) = self.segments.remove(&inode) {
            self.log_shortened(dir.inode, |log| drop(log.segments.remove(&base_offset)));
        }
    }

    /// A folder of a log directory has a name (again).
    fn folder_named(&mut self, parent: Dir, name: &str, inode: u64) {
        let is_root = self.disk.root_inode(parent.log_dir) == Some(parent.inode);
        if let Some(Folder::Live(partition)) = Folder::parse(name).filter(|_| is_root) {
            let log = self.new_log(parent.log_dir, inode, name.to_owned(), partition);
            self.logs.insert(inode, log);
            for (name, file) in self.disk.children(inode, EntryKind::File) {
                self.file_named(Dir { log_dir: parent.log_dir, inode }, &name, file);
            }
        }
    }

    /// A log's folder has lost its name.
    fn folder_unnamed(&mut self, inode: u64) {
        self.tell(inode, FactKind::LogRemoved, |log| Fact::LogRemoved { log });
        self.logs.remove(&inode);
        self.segments.retain(|_, (dir, _)| *dir != inode);
    }

    /// A small file has contents under its final name.
    fn replaced(&mut self, log_dir: LogDirId, inode: u64) {
        let Some(path) = self.disk.path(inode) else { return };
        let contents = self.disk.peek(inode, 0..u64::MAX);
        let new = path.strip_suffix(NEW_IDENTITY);
        if let Some(folder) = new.or(path.strip_suffix(PARTITION_METADATA)) {
            self.identified(log_dir, folder.trim_end_matches('/'), &contents);
        }
        if new.is_none() && self.wants.has(FactKind::FileReplaced) {
            self.facts.push(Fact::FileReplaced { node: self.node, log_dir, path, contents });
        }
    }

    /// A folder's topic id is known from now on.
    fn identified(&mut self, log_dir: LogDirId, folder: &str, contents: &[u8]) {
        let Ok(PartitionMetadata { topic_id }) = PartitionMetadata::parse(contents) else { return };
        let is_it = |log: &&mut Log| log.log_dir == log_dir && log.folder == folder && !log.is_named();
        if let Some(log) = self.logs.values_mut().find(is_it) {
            log.name.topic_id = topic_id;
            for mut fact in log.held.drain(..) {
                if let Some(name) = log_of(&mut fact) {
                    name.topic_id = topic_id;
                }
                self.facts.push(fact);
            }
        }
    }

    /// Whether a name stands for an inode; a call in which the machine died may have taken effect.
    fn is_named(&self, dir: Dir, name: &str, inode: u64) -> bool {
        self.disk.named(dir.inode, name) == Some(inode)
    }
}

impl Lent for Observed {
    fn mark(&mut self, id: SyncId, target: SyncTarget) {
        self.disk.mark(id, target);
    }

    fn is_gone(&self) -> bool {
        self.disk.is_gone()
    }
}

impl Disk for Observed {
    fn log_dirs(&self) -> u8 {
        self.disk.log_dirs()
    }

    fn root(&mut self, log_dir: LogDirId) -> Result<Dir, DiskError> {
        self.disk.root(log_dir)
    }

    fn create_dir(&mut self, parent: Dir, name: &str) -> Result<Dir, DiskError> {
        let done = self.disk.create_dir(parent, name);
        let dir = self.checked(parent.log_dir, true, done)?;
        self.folder_named(parent, name, dir.inode);
        Ok(dir)
    }

    fn open_dir(&mut self, parent: Dir, name: &str) -> Result<Dir, DiskError> {
        self.disk.open_dir(parent, name)
    }

    fn list(&mut self, dir: Dir) -> Result<Vec<(String, EntryKind)>, DiskError> {
        self.disk.list(dir)
    }

    fn create(&mut self, dir: Dir, name: &str) -> Result<File, DiskError> {
        let done = self.disk.create(dir, name);
        let file = self.checked(dir.log_dir, true, done)?;
        self.file_named(dir, name, file.inode);
        if self.small.contains(&file.inode) {
            // Kafka creates some checkpoints empty; that is a version of them, too.
            self.replaced(dir.log_dir, file.inode);
        }
        Ok(file)
    }

    fn open(&mut self, dir: Dir, name: &str) -> Result<File, DiskError> {
        let file = self.disk.open(dir, name)?;
        if is_small(name) {
            self.small.insert(file.inode);
        }
        Ok(file)
    }

    fn close(&mut self, file: File) {
        self.disk.close(file);
    }

    fn len(&mut self, file: File) -> Result<u64, DiskError> {
        self.disk.len(file)
    }

    fn append(&mut self, file: File, bytes: &[u8]) -> Result<(), DiskError> {
        let was_gone = self.disk.is_gone();
        let done = self.disk.append(file, bytes);
        if let Some(&place) = self.segments.get(&file.inode).filter(|_| !was_gone) {
            self.segment_appended(file, place, done.is_ok().then_some(bytes));
            if done.is_err() {
                self.tell(place.0, FactKind::AppendFailed, |log| Fact::AppendFailed { log, log_dir: file.log_dir });
            }
        } else if done.is_ok() && self.small.contains(&file.inode) {
            self.replaced(file.log_dir, file.inode);
        }
        self.checked(file.log_dir, true, done)
    }

    fn read(&mut self, file: File, range: Range<u64>) -> Result<Bytes, DiskError> {
        let done = self.disk.read(file, range);
        self.checked(file.log_dir, false, done)
    }

    fn truncate(&mut self, file: File, len: u64) -> Result<(), DiskError> {
        let done = self.disk.truncate(file, len);
        if let Some(&(dir, segment)) = self.segments.get(&file.inode) {
            let len = self.disk.cached_len(file.inode);
            self.log_shortened(dir, |log| log.cut(segment, len));
        } else if done.is_ok() && self.small.contains(&file.inode) {
            self.replaced(file.log_dir, file.inode);
        }
        self.checked(file.log_dir, true, done)
    }

    fn rename(&mut self, from: (Dir, &str), to: (Dir, &str)) -> Result<(), DiskError> {
        let moved = self.disk.named(from.0.inode, from.1);
        let replaced = self.disk.named(to.0.inode, to.1);
        let done = self.disk.rename(from, to);
        if let Some(inode) = moved.filter(|&inode| (from != to) && self.is_named(to.0, to.1, inode)) {
            if self.disk.is_dir(inode) {
                self.folder_unnamed(inode);
                self.folder_named(to.0, to.1, inode);
            } else {
                replaced.into_iter().for_each(|old| self.file_unnamed(to.0, old));
                self.file_unnamed(from.0, inode);
                self.file_named(to.0, to.1, inode);
                if is_small(to.1) {
                    self.replaced(to.0.log_dir, inode);
                }
            }
        }
        self.checked(from.0.log_dir, true, done)
    }

    fn remove(&mut self, dir: Dir, name: &str) -> Result<(), DiskError> {
        let inode = self.disk.named(dir.inode, name);
        let done = self.disk.remove(dir, name);
        if let Some(inode) = inode.filter(|&inode| !self.is_named(dir, name, inode)) {
            self.file_unnamed(dir, inode);
        }
        self.checked(dir.log_dir, true, done)
    }

    fn remove_dir(&mut self, parent: Dir, name: &str) -> Result<(), DiskError> {
        let inode = self.disk.named(parent.inode, name);
        let done = self.disk.remove_dir(parent, name);
        if let Some(inode) = inode.filter(|&inode| !self.is_named(parent, name, inode)) {
            self.folder_unnamed(inode);
        }
        self.checked(parent.log_dir, true, done)
    }
}

/// The base offset of a `.log` file.
fn segment_base(name: &str) -> Option<i64> {
    parse_segment_file(name).filter(|(_, suffix)| *suffix == Suffix::Log).map(|(base, _)| base)
}

/// Whether a file of this name is small and its name is final: a checkpoint, a marker, quorum state, properties.
/// Files of segments and files on their way to a final name are not.
fn is_small(name: &str) -> bool {
    const NOT: [&str; 10] =
        [".log", ".index", ".timeindex", ".txnindex", ".snapshot", ".tmp", PART, ".deleted", ".swap", ".cleaned"];
    !NOT.iter().any(|ending| name.ends_with(ending))
}

/// The log that a held fact is about.
fn log_of(fact: &mut Fact) -> Option<&mut LogRef> {
    match fact {
        Fact::Appended { log, .. }
        | Fact::AppendFailed { log, .. }
        | Fact::Truncated { log, .. }
        | Fact::SegmentCreated { log, .. }
        | Fact::LogRemoved { log }
        | Fact::LogDurable { log, .. } => Some(log),
        _ => None,
    }
}
