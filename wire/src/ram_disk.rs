//! A disk in memory that never fails and never forgets: for unit tests, benches and replays.
//!
//! Left out on purpose: faults, durability and cost, which the simulated disk has.

use crate::border::{Lent, SyncId};
use crate::disk::{Dir, Disk, DiskError, EntryKind, File, LogDirId, SyncTarget};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::ops::Range;

/// The disk. Every log directory exists from the start and is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RamDisk {
    log_dirs: u8,
    inodes: BTreeMap<u64, Inode>,
    next: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Inode {
    File(Vec<u8>),
    Dir(BTreeMap<String, u64>),
}

impl Default for RamDisk {
    fn default() -> Self {
        RamDisk::new(1)
    }
}

impl RamDisk {
    /// A disk with so many empty log directories.
    #[must_use]
    pub fn new(log_dirs: u8) -> RamDisk {
        let roots = (0..u64::from(log_dirs)).map(|inode| (inode, Inode::Dir(BTreeMap::new())));
        RamDisk { log_dirs, inodes: roots.collect(), next: u64::from(log_dirs) }
    }

    /// The bytes of a file by its path below a log directory; None if there is none.
    #[must_use]
    pub fn contents(&self, log_dir: LogDirId, path: &str) -> Option<&[u8]> {
        match self.inodes.get(&self.find(log_dir, path)?)? {
            Inode::File(bytes) => Some(bytes),
            Inode::Dir(_) => None,
        }
    }

    /// The bytes of a file, to damage them.
    pub fn contents_mut(&mut self, log_dir: LogDirId, path: &str) -> Option<&mut Vec<u8>> {
        let inode = self.find(log_dir, path)?;
        match self.inodes.get_mut(&inode)? {
            Inode::File(bytes) => Some(bytes),
            Inode::Dir(_) => None,
        }
    }

    /// Writes a file by its path below a log directory, with the folders that it needs; replaces what is there.
    pub fn put(&mut self, log_dir: LogDirId, path: &str, contents: impl Into<Vec<u8>>) {
        let mut at = u64::from(log_dir.0);
        let mut parts = path.split('/').peekable();
        while let Some(part) = parts.next() {
            let last = parts.peek().is_none();
            at = self.child(at, part).unwrap_or_else(|| {
                let inode = if last { Inode::File(Vec::new()) } else { Inode::Dir(BTreeMap::new()) };
                self.link(at, part, inode)
            });
        }
        if let Some(Inode::File(bytes)) = self.inodes.get_mut(&at) {
            *bytes = contents.into();
        }
    }

    /// The paths of all files of a log directory, sorted.
    #[must_use]
    pub fn paths(&self, log_dir: LogDirId) -> Vec<String> {
        let mut out = Vec::new();
        self.walk(u64::from(log_dir.0), "", &mut out);
        out
    }

    fn walk(&self, inode: u64, prefix: &str, out: &mut Vec<String>) {
        match self.inodes.get(&inode) {
            Some(Inode::Dir(entries)) => {
                for (name, &child) in entries {
                    let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
                    self.walk(child, &path, out);
                }
            }
            _ => out.push(prefix.to_owned()),
        }
    }

    fn find(&self, log_dir: LogDirId, path: &str) -> Option<u64> {
        path.split('/').try_fold(u64::from(log_dir.0), |at, part| self.child(at, part))
    }

    fn child(&self, dir: u64, name: &str) -> Option<u64> {
        match self.inodes.get(&dir)? {
            Inode::Dir(entries) => entries.get(name).copied(),
            Inode::File(_) => None,
        }
    }

    fn link(&mut self, dir: u64, name: &str, inode: Inode) -> u64 {
        let id = self.next;
        self.next += 1;
        self.inodes.insert(id, inode);
        if let Some(Inode::Dir(entries)) = self.inodes.get_mut(&dir) {
            entries.insert(name.to_owned(), id);
        }
        id
    }

    fn entries(&mut self, dir: Dir) -> Result<&mut BTreeMap<String, u64>, DiskError> {
        match self.inodes.get_mut(&dir.inode) {
            Some(Inode::Dir(entries)) => Ok(entries),
            Some(Inode::File(_)) => Err(DiskError::Invalid),
            None => Err(DiskError::NotFound),
        }
    }

    fn bytes(&mut self, file: File) -> Result<&mut Vec<u8>, DiskError> {
        match self.inodes.get_mut(&file.inode) {
            Some(Inode::File(bytes)) => Ok(bytes),
            _ => Err(DiskError::Invalid),
        }
    }

    fn make(&mut self, dir: Dir, name: &str, inode: Inode) -> Result<u64, DiskError> {
        if name.is_empty() || name.contains('/') {
            return Err(DiskError::Invalid);
        }
        if self.entries(dir)?.contains_key(name) {
            return Err(DiskError::AlreadyExists);
        }
        Ok(self.link(dir.inode, name, inode))
    }

    fn look_up(&mut self, dir: Dir, name: &str) -> Result<(u64, EntryKind), DiskError> {
        let inode = *self.entries(dir)?.get(name).ok_or(DiskError::NotFound)?;
        match self.inodes.get(&inode) {
            Some(Inode::Dir(_)) => Ok((inode, EntryKind::Dir)),
            _ => Ok((inode, EntryKind::File)),
        }
    }
}

impl Lent for RamDisk {
    fn mark(&mut self, _: SyncId, _: SyncTarget) {}
    fn is_gone(&self) -> bool {
        false
    }
}

impl Disk for RamDisk {
    fn log_dirs(&self) -> u8 {
        self.log_dirs
    }

    fn root(&mut self, log_dir: LogDirId) -> Result<Dir, DiskError> {
        if log_dir.0 < self.log_dirs {
            Ok(Dir { log_dir, inode: u64::from(log_dir.0) })
        } else {
            Err(DiskError::NotFound)
        }
    }

    fn create_dir(&mut self, parent: Dir, name: &str) -> Result<Dir, DiskError> {
        let inode = self.make(parent, name, Inode::Dir(BTreeMap::new()))?;
        Ok(Dir { log_dir: parent.log_dir, inode })
    }

    fn open_dir(&mut self, parent: Dir, name: &str) -> Result<Dir, DiskError> {
        match self.look_up(parent, name)? {
            (inode, EntryKind::Dir) => Ok(Dir { log_dir: parent.log_dir, inode }),
            (_, EntryKind::File) => Err(DiskError::Invalid),
        }
    }

    fn list(&mut self, dir: Dir) -> Result<Vec<(String, EntryKind)>, DiskError> {
        let names: Vec<String> = self.entries(dir)?.keys().cloned().collect();
        names.into_iter().map(|name| self.look_up(dir, &name).map(|(_, kind)| (name, kind))).collect()
    }

    fn create(&mut self, dir: Dir, name: &str) -> Result<File, DiskError> {
        let inode = self.make(dir, name, Inode::File(Vec::new()))?;
        Ok(File { log_dir: dir.log_dir, inode })
    }

    fn open(&mut self, dir: Dir, name: &str) -> Result<File, DiskError> {
        match self.look_up(dir, name)? {
            (inode, EntryKind::File) => Ok(File { log_dir: dir.log_dir, inode }),
            (_, EntryKind::Dir) => Err(DiskError::Invalid),
        }
    }

    fn close(&mut self, _: File) {}

    fn len(&mut self, file: File) -> Result<u64, DiskError> {
        Ok(self.bytes(file)?.len() as u64)
    }

    fn append(&mut self, file: File, bytes: &[u8]) -> Result<(), DiskError> {
        self.bytes(file)?.extend_from_slice(bytes);
        Ok(())
    }

    fn read(&mut self, file: File, range: Range<u64>) -> Result<Bytes, DiskError> {
        let bytes = self.bytes(file)?;
        let clamp = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
        let (start, end) = (clamp(range.start), clamp(range.end));
        Ok(Bytes::copy_from_slice(&bytes[start.min(end)..end]))
    }

    fn truncate(&mut self, file: File, len: u64) -> Result<(), DiskError> {
        let bytes = self.bytes(file)?;
        let len = usize::try_from(len).ok().filter(|&len| len <= bytes.len()).ok_or(DiskError::Invalid)?;
        bytes.truncate(len);
        Ok(())
    }

    fn rename(&mut self, from: (Dir, &str), to: (Dir, &str)) -> Result<(), DiskError> {
        let (inode, kind) = self.look_up(from.0, from.1)?;
        match self.look_up(to.0, to.1) {
            Ok((there, _)) if there == inode => return Ok(()),
            Ok((_, EntryKind::Dir)) => return Err(DiskError::AlreadyExists),
            Ok((_, EntryKind::File)) if kind == EntryKind::Dir => return Err(DiskError::Invalid),
            Ok(_) | Err(DiskError::NotFound) => {}
            Err(error) => return Err(error),
        }
        self.entries(from.0)?.remove(from.1);
        self.entries(to.0)?.insert(to.1.to_owned(), inode);
        Ok(())
    }

    fn remove(&mut self, dir: Dir, name: &str) -> Result<(), DiskError> {
        match self.look_up(dir, name)? {
            // The inode stays: handles stay valid, and a test's disk is short-lived.
            (_, EntryKind::File) => self.entries(dir)?.remove(name).map(|_| ()).ok_or(DiskError::NotFound),
            (_, EntryKind::Dir) => Err(DiskError::Invalid),
        }
    }

    fn remove_dir(&mut self, parent: Dir, name: &str) -> Result<(), DiskError> {
        let dir = self.open_dir(parent, name)?;
        if !self.entries(dir)?.is_empty() {
            return Err(DiskError::Invalid);
        }
        self.entries(parent)?.remove(name).map(|_| ()).ok_or(DiskError::NotFound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_outlive_names() {
        let mut disk = RamDisk::default();
        let root = disk.root(LogDirId(0)).unwrap();
        let file = disk.create(root, "a").unwrap();
        disk.append(file, b"hello").unwrap();
        disk.rename((root, "a"), (root, "b")).unwrap();
        disk.remove(root, "b").unwrap();
        assert_eq!(disk.read(file, 1..100).unwrap(), &b"ello"[..]);
        assert_eq!(disk.open(root, "b"), Err(DiskError::NotFound));
    }

    #[test]
    fn the_callers_mistakes_are_refused() {
        let mut disk = RamDisk::default();
        let root = disk.root(LogDirId(0)).unwrap();
        disk.put(LogDirId(0), "dir/file", b"x");
        let file = disk.create(root, "a").unwrap();
        assert_eq!(disk.create(root, "a"), Err(DiskError::AlreadyExists));
        assert_eq!(disk.create(root, "a/b"), Err(DiskError::Invalid));
        assert_eq!(disk.truncate(file, 1), Err(DiskError::Invalid));
        assert_eq!(disk.remove_dir(root, "dir"), Err(DiskError::Invalid));
        assert_eq!(disk.paths(LogDirId(0)), ["a", "dir/file"]);
    }
}
