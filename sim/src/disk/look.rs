//! Looking at a disk from outside: paths, the page cache's view for properties, and what no power loss can take.

use super::SimDisk;
use super::inode::{Body, Entry};
use bytes::Bytes;
use wire::{EntryKind, LogDirId};

impl SimDisk {
    /// The files below a log directory as the page cache shows them: paths and lengths, sorted.
    #[must_use]
    pub fn files(&self, log_dir: LogDirId) -> Vec<(String, u64)> {
        let mut found = Vec::new();
        if let Ok(volume) = self.volume(log_dir) {
            self.walk(volume.root, "", &mut |path, inode| found.push((path, inode)));
        }
        let mut files: Vec<_> = found
            .into_iter()
            .map(|(path, inode)| (path, self.file(inode).map_or(0, |file| file.cached.len())))
            .collect();
        files.sort();
        files
    }

    /// The contents of a file as the page cache shows them.
    #[must_use]
    pub fn contents(&self, log_dir: LogDirId, path: &str) -> Option<Bytes> {
        let inode = self.find(log_dir, path)?;
        Some(self.file(inode).ok()?.cached.read(0..u64::MAX))
    }

    /// How many bytes of a file, from the first on, no power loss can take, its name and the names of its directories
    /// included: the truth, whatever syncs have claimed.
    #[must_use]
    pub fn durable_len(&self, log_dir: LogDirId, path: &str) -> u64 {
        let Ok(volume) = self.volume(log_dir) else { return 0 };
        let durable =
            path.split('/').try_fold(volume.root, |dir, name| Some(self.dir(dir).ok()?.durable_entry(name)?.inode));
        durable.and_then(|inode| self.file(inode).ok()).map_or(0, |file| file.durable_len())
    }

    /// The path of a file or directory below its log directory, as the page cache has it; None once it was removed.
    #[must_use]
    pub fn path(&self, inode: u64) -> Option<String> {
        let mut names = Vec::new();
        let mut at = self.inode(inode).ok()?;
        while let Some((parent, name)) = &at.place {
            names.push(name.as_str());
            at = self.inode(*parent).ok()?;
        }
        names.reverse();
        let is_root = self
            .volume(at.log_dir)
            .is_ok_and(|volume| self.inode(volume.root).is_ok_and(|root| std::ptr::eq(root, at)));
        is_root.then(|| names.join("/"))
    }

    /// Part of a file by its inode, past all faults.
    pub(crate) fn peek(&self, inode: u64, range: std::ops::Range<u64>) -> Bytes {
        self.file(inode).map_or_else(|_| Bytes::new(), |file| file.cached.read(range))
    }

    /// A file's length by its inode.
    pub(crate) fn cached_len(&self, inode: u64) -> u64 {
        self.file(inode).map_or(0, |file| file.cached.len())
    }

    /// How many bytes of a file no power loss can take, its name aside.
    pub(crate) fn durable_bytes(&self, inode: u64) -> u64 {
        self.file(inode).map_or(0, |file| file.durable_len())
    }

    /// What a name stands for, if no power loss can take it.
    pub(crate) fn durable_name(&self, dir: u64, name: &str) -> Option<u64> {
        Some(self.dir(dir).ok()?.durable_entry(name)?.inode)
    }

    /// What a name stands for in the page cache.
    pub(crate) fn named(&self, dir: u64, name: &str) -> Option<u64> {
        Some(self.dir(dir).ok()?.cached.get(name)?.inode)
    }

    /// The directories and files of a directory, in the page cache: names, inodes.
    pub(crate) fn children(&self, dir: u64, kind: EntryKind) -> Vec<(String, u64)> {
        let Ok(body) = self.dir(dir) else { return Vec::new() };
        body.cached
            .iter()
            .filter(|(_, entry)| entry.kind == kind)
            .map(|(name, entry)| (name.clone(), entry.inode))
            .collect()
    }

    /// The inode of a log directory itself.
    pub(crate) fn root_inode(&self, log_dir: LogDirId) -> Option<u64> {
        Some(self.volume(log_dir).ok()?.root)
    }

    pub(super) fn find(&self, log_dir: LogDirId, path: &str) -> Option<u64> {
        let root = self.volume(log_dir).ok()?.root;
        path.split('/').try_fold(root, |dir, name| Some(self.dir(dir).ok()?.cached.get(name)?.inode))
    }

    /// Visits the files below a directory, in the page cache.
    pub(super) fn walk(&self, dir: u64, prefix: &str, visit: &mut impl FnMut(String, u64)) {
        let Ok(body) = self.dir(dir) else { return };
        for (name, &Entry { kind, inode }) in &body.cached {
            let path = join(prefix, name);
            match kind {
                EntryKind::File => visit(path, inode),
                EntryKind::Dir => self.walk(inode, &path, visit),
            }
        }
    }

    /// Whether an inode is a directory.
    pub(crate) fn is_dir(&self, inode: u64) -> bool {
        self.dir(inode).is_ok()
    }

    /// Whether an inode is a file.
    pub(super) fn is_file(&self, inode: u64) -> bool {
        self.inode(inode).is_ok_and(|node| matches!(node.body, Body::File(_)))
    }
}

/// A path of a directory and a name in it.
pub(super) fn join(dir: &str, name: &str) -> String {
    if dir.is_empty() { name.to_owned() } else { format!("{dir}/{name}") }
}
