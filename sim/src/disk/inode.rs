//! Files and directories, each as the page cache shows it and as the platter holds it, with the changes that lie
//! between.

use super::rope::Rope;
use crate::Draw;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::ops::Range;
use wire::{EntryKind, LogDirId};

/// A file or a directory.
#[derive(Clone, Debug)]
pub(crate) struct Inode {
    pub(crate) log_dir: LogDirId,
    /// Keys its draws: from where and when it was created, not from how many inodes there were.
    pub(crate) key: Draw,
    /// Its directory and name in the page cache; None once removed.
    pub(crate) place: Option<(u64, String)>,
    /// Open handles.
    pub(crate) opens: u32,
    pub(crate) body: Body,
}

/// What an inode is.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    File(FileBody),
    Dir(DirBody),
}

/// A change that no sync has covered yet. Numbers count the changes of one inode.
#[derive(Clone, Debug)]
pub(crate) struct Pending<C> {
    pub(crate) number: u64,
    pub(crate) change: C,
}

/// A change of a file.
#[derive(Clone, Debug)]
pub(crate) enum FileChange {
    Write(u64, Bytes),
    Truncate(u64),
}

impl FileChange {
    /// The first byte that is not what it was before.
    pub(crate) fn from(&self) -> u64 {
        match self {
            FileChange::Write(at, _) => *at,
            FileChange::Truncate(len) => *len,
        }
    }

    pub(crate) fn apply(&self, rope: &mut Rope) {
        match self {
            FileChange::Write(at, bytes) => rope.write(*at, bytes.clone()),
            // A truncation whose writes did not survive must not make the file longer.
            FileChange::Truncate(len) => rope.truncate((*len).min(rope.len())),
        }
    }
}

/// A change of a directory: a name goes, a name comes, or both at once (a rename within it, which every filesystem
/// makes atomic).
#[derive(Clone, Debug)]
pub(crate) struct DirChange {
    pub(crate) unlink: Option<String>,
    pub(crate) link: Option<(String, Entry)>,
}

impl DirChange {
    pub(crate) fn apply(&self, entries: &mut BTreeMap<String, Entry>) {
        if let Some(name) = &self.unlink {
            entries.remove(name);
        }
        if let Some((name, entry)) = &self.link {
            entries.insert(name.clone(), *entry);
        }
    }

    /// The names that it concerns.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.unlink.as_deref().into_iter().chain(self.link.as_ref().map(|(name, _)| name.as_str()))
    }
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) kind: EntryKind,
    pub(crate) inode: u64,
}

/// A file's bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct FileBody {
    pub(crate) cached: Rope,
    pub(crate) durable: Rope,
    pub(crate) pending: Vec<Pending<FileChange>>,
    /// Ranges that a failed sync dropped: readable, clean in the kernel's eyes, never durable.
    pub(crate) doomed: Vec<Range<u64>>,
    pub(crate) changes: u64,
}

impl FileBody {
    /// Changes the page cache.
    pub(crate) fn change(&mut self, change: FileChange) {
        change.apply(&mut self.cached);
        if let FileChange::Truncate(len) = change {
            self.doomed.iter_mut().for_each(|range| range.end = range.end.min(len));
            self.doomed.retain(|range| !range.is_empty());
        }
        self.pending.push(Pending { number: self.changes, change });
        self.changes += 1;
    }

    /// A sync covered what came before change number `below`.
    pub(crate) fn synced(&mut self, below: u64) {
        for pending in covered(&mut self.pending, below) {
            pending.change.apply(&mut self.durable);
        }
    }

    /// A sync that covered what came before change number `below` has failed.
    pub(crate) fn sync_failed(&mut self, below: u64) {
        let len = self.cached.len();
        for pending in covered(&mut self.pending, below) {
            let end = match &pending.change {
                FileChange::Write(at, bytes) => (at + bytes.len() as u64).min(len),
                FileChange::Truncate(_) => len,
            };
            let range = pending.change.from()..end;
            if !range.is_empty() {
                self.doomed.push(range);
            }
        }
    }

    /// How many of the cached bytes, from the first on, no power loss can take.
    pub(crate) fn durable_len(&self) -> u64 {
        let pending = self.pending.iter().map(|pending| pending.change.from());
        let doomed = self.doomed.iter().map(|range| range.start);
        let both = self.cached.len().min(self.durable.len());
        pending.chain(doomed).fold(both, u64::min)
    }
}

/// A directory's entries.
#[derive(Clone, Debug, Default)]
pub(crate) struct DirBody {
    pub(crate) cached: BTreeMap<String, Entry>,
    pub(crate) durable: BTreeMap<String, Entry>,
    pub(crate) pending: Vec<Pending<DirChange>>,
    pub(crate) changes: u64,
    /// Entries ever created here: keys the draws of what is born.
    pub(crate) births: u64,
}

impl DirBody {
    /// Changes the page cache.
    pub(crate) fn change(&mut self, change: DirChange) {
        change.apply(&mut self.cached);
        self.pending.push(Pending { number: self.changes, change });
        self.changes += 1;
    }

    /// A sync covered what came before change number `below`.
    pub(crate) fn synced(&mut self, below: u64) {
        for pending in covered(&mut self.pending, below) {
            pending.change.apply(&mut self.durable);
        }
    }

    /// A sync that covered what came before change number `below` has failed: the names stay visible, and are never
    /// durable.
    pub(crate) fn sync_failed(&mut self, below: u64) {
        covered(&mut self.pending, below);
    }

    /// The entry of a name that no power loss can take.
    pub(crate) fn durable_entry(&self, name: &str) -> Option<Entry> {
        let settled = !self.pending.iter().any(|pending| pending.change.names().any(|other| other == name));
        let entry = self.durable.get(name).copied().filter(|_| settled)?;
        (self.cached.get(name) == Some(&entry)).then_some(entry)
    }
}

/// Takes the changes before number `below`.
fn covered<C>(pending: &mut Vec<Pending<C>>, below: u64) -> Vec<Pending<C>> {
    let count = pending.partition_point(|pending| pending.number < below);
    pending.drain(..count).collect()
}
