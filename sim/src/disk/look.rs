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

    /// How many bytes of a file, from the first on, no power loss can take, its name and the names of its directories included: the
    /// truth, whatever syncs have claimed.
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

    pub(super) fn find(&self, log_dir: LogDirId, path: &str) -> Option<u64> {
        let root = self.volume(log_dir).ok()?.root;
        path.split('/').try_fold(root, |dir, name| Some(self.dir(dir).ok()?.cached.get(name)?.inode))
    }

    /// Visits the files below a directory, in the page cache.
    pub(super) fn walk(&self, dir: u64, prefix: &str, visit: &mut impl FnMut(String, u64)) {
        let Ok(body) = self.dir(dir) else { return };
        for (name, &Entry { kind, inode }) in &body.cached {
            let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
            match kind {
                EntryKind::File => visit(path, inode),
                EntryKind::Dir => self.walk(inode, &path, visit),
            }
        }
    }

    /// Whether an inode is a file.
    pub(super) fn is_file(&self, inode: u64) -> bool {
        self.inode(inode).is_ok_and(|node| matches!(node.body, Body::File(_)))
    }
}
