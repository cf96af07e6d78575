//! The simulated disk of one node: log directories, a page cache, a platter, and every way in which they let a broker
//! down.
//!
//! Two states stand side by side. The *page cache* is what calls see and what a dead process leaves behind. The
//! *platter* is what a dead machine leaves behind: what a sync covered when it was marked, plus any subset of what no
//! sync covered, each write and each directory change on its own draw. Bytes and names are separate: syncing a file
//! does not save its name, and creating, renaming or removing one needs a sync of its directory.
//!
//! - [`calls`]: what a broker may ask (`wire::Disk`);
//! - [`syncs`]: marks, and how a sync ends;
//! - [`death`]: kill, power loss, death inside a call, a wiped log directory;
//! - [`faults`]: faults that are armed and wait for their moment; bit rot;
//! - [`effect`]: what a fault really did;
//! - [`look`]: paths, and what the World and the properties may look at.
//!
//! Left out on purpose: time (the World says when a sync ends), record formats (the observer knows them),
//! permissions, links, quotas. Clones share all bytes, so a fork costs a reference count per file.

mod calls;
mod death;
mod effect;
mod faults;
mod inode;
mod look;
mod rope;
mod syncs;
#[cfg(test)]
mod tests;

pub use effect::Effect;

use crate::Draw;
use faults::Faults;
use inode::{Body, DirBody, FileBody, Inode};
use std::collections::BTreeMap;
use std::sync::Arc;
use syncs::Mark;
use wire::{DiskError, LogDirId, SyncId};

/// A disk that lives through the incarnations of its node.
#[derive(Clone, Debug)]
pub struct SimDisk {
    draw: Draw,
    /// Bytes per log directory.
    capacity: u64,
    volumes: Vec<Volume>,
    inodes: BTreeMap<u64, Arc<Inode>>,
    next_inode: u64,
    marks: BTreeMap<SyncId, Mark>,
    faults: Faults,
    effects: Vec<Effect>,
    gone: bool,
}

/// One log directory.
#[derive(Clone, Debug)]
struct Volume {
    root: u64,
    /// Bytes of all files that have a name or a handle.
    used: u64,
}

impl SimDisk {
    /// An empty disk. `draw` must be the node's own.
    #[must_use]
    pub fn new(draw: Draw, log_dirs: u8, capacity: u64) -> SimDisk {
        let mut disk = SimDisk {
            draw,
            capacity,
            volumes: Vec::new(),
            inodes: BTreeMap::new(),
            next_inode: 0,
            marks: BTreeMap::new(),
            faults: Faults::default(),
            effects: Vec::new(),
            gone: false,
        };
        for log_dir in (0..log_dirs).map(LogDirId) {
            let root = disk.new_root(log_dir);
            disk.volumes.push(Volume { root, used: 0 });
        }
        disk
    }

    fn new_root(&mut self, log_dir: LogDirId) -> u64 {
        let key = self.draw.of("root").at(u64::from(log_dir.0));
        self.add(Inode { log_dir, key, place: None, opens: 0, body: Body::Dir(DirBody::default()) })
    }

    fn add(&mut self, inode: Inode) -> u64 {
        self.next_inode += 1;
        self.inodes.insert(self.next_inode, Arc::new(inode));
        self.next_inode
    }

    fn volume(&self, log_dir: LogDirId) -> Result<&Volume, DiskError> {
        self.volumes.get(usize::from(log_dir.0)).ok_or(DiskError::Invalid)
    }

    fn volume_mut(&mut self, log_dir: LogDirId) -> Result<&mut Volume, DiskError> {
        self.volumes.get_mut(usize::from(log_dir.0)).ok_or(DiskError::Invalid)
    }

    fn inode(&self, number: u64) -> Result<&Inode, DiskError> {
        self.inodes.get(&number).map(Arc::as_ref).ok_or(DiskError::Invalid)
    }

    fn inode_mut(&mut self, number: u64) -> Result<&mut Inode, DiskError> {
        self.inodes.get_mut(&number).map(Arc::make_mut).ok_or(DiskError::Invalid)
    }

    fn file(&self, number: u64) -> Result<&FileBody, DiskError> {
        match &self.inode(number)?.body {
            Body::File(file) => Ok(file),
            Body::Dir(_) => Err(DiskError::Invalid),
        }
    }

    fn file_mut(&mut self, number: u64) -> Result<&mut FileBody, DiskError> {
        match &mut self.inode_mut(number)?.body {
            Body::File(file) => Ok(file),
            Body::Dir(_) => Err(DiskError::Invalid),
        }
    }

    fn dir(&self, number: u64) -> Result<&DirBody, DiskError> {
        match &self.inode(number)?.body {
            Body::Dir(dir) => Ok(dir),
            Body::File(_) => Err(DiskError::Invalid),
        }
    }

    fn dir_mut(&mut self, number: u64) -> Result<&mut DirBody, DiskError> {
        match &mut self.inode_mut(number)?.body {
            Body::Dir(dir) => Ok(dir),
            Body::File(_) => Err(DiskError::Invalid),
        }
    }
}
