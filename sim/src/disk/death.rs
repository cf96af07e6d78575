//! Deaths: of the process, of the machine, inside a call, of a log directory. And what is found afterwards.

use super::SimDisk;
use super::faults::Death;
use super::inode::{Body, DirBody, Entry, FileBody, FileChange};
use super::look::join;
use super::rope::Rope;
use crate::Draw;
use crate::plan::Survival;
use bytes::Bytes;
use properties::FaultKind;
use std::collections::BTreeSet;
use std::sync::Arc;
use wire::{EntryKind, LogDirId};

/// A write reaches the platter page by page.
const PAGE: u64 = 4096;

impl SimDisk {
    /// The machine or process dies inside the n-th mutating call from now (1 is the next): the call takes effect, or
    /// not, or in part. Later calls return `Gone`. Then call [`SimDisk::kill`] or [`SimDisk::power_loss`].
    pub fn die_at_call(&mut self, calls: u32, draw: Draw) {
        self.faults.death = Some(Death { left: calls.max(1), draw });
    }

    /// The process is dead: handles and syncs in flight are forgotten, the page cache stays. Pages that a failed sync
    /// dropped are clean in the kernel's eyes, so each may have been evicted by the time that somebody reads it
    /// again.
    pub fn kill(&mut self, draw: Draw) {
        let numbers: Vec<u64> = self.inodes.keys().copied().collect();
        for number in numbers {
            let doomed = self.path(number).is_some() && self.file(number).is_ok_and(|file| !file.doomed.is_empty());
            let key = draw.at(self.inode(number).map_or(0, |node| node.key.bits()));
            if doomed && let Some(from) = self.file_mut(number).ok().and_then(|file| file.evict(key)) {
                self.report_inode(FaultKind::FailedSync, number, Some(from));
            }
        }
        self.reborn();
    }

    /// The machine is dead: the platter has what syncs covered, and of every other write and directory change what
    /// survives its own draw.
    pub fn power_loss(&mut self, survival: &Survival, draw: Draw) {
        let numbers: Vec<u64> = self.inodes.keys().copied().collect();
        let mut losses = Vec::new();
        for number in numbers {
            let (path, Ok(node)) = (self.path(number), self.inode_mut(number)) else { continue };
            let key = draw.at(node.key.bits());
            let lost = match &mut node.body {
                Body::File(file) => file
                    .lose(survival, key)
                    .map(|(fault, from)| (fault, String::new(), Some(from)))
                    .into_iter()
                    .collect(),
                Body::Dir(dir) => dir.lose(survival, key),
            };
            let log_dir = node.log_dir;
            losses.extend(
                path.into_iter()
                    .flat_map(|path| lost.clone().into_iter().map(move |loss| (log_dir, path.clone(), loss))),
            );
        }
        for (log_dir, path, (fault, name, from)) in losses {
            let path = if name.is_empty() { path } else { join(&path, &name) };
            self.report(fault, log_dir, path, from);
        }
        self.replace();
        self.reborn();
    }

    /// The log directory comes back empty.
    pub fn wipe(&mut self, log_dir: LogDirId) {
        let Ok(old) = self.volume(log_dir).map(|volume| volume.root) else { return };
        let held_something = self.dir(old).is_ok_and(|dir| !dir.cached.is_empty());
        let root = self.new_root(log_dir);
        if let Ok(volume) = self.volume_mut(log_dir) {
            volume.root = root;
        }
        self.inodes.retain(|&number, node| node.log_dir != log_dir || number == root);
        if held_something {
            self.report(FaultKind::WipedDisk, log_dir, String::new(), None);
        }
        self.reborn();
    }

    /// Ready for the next incarnation: no handles, no syncs, no death that waits; what has no name any more is
    /// forgotten.
    fn reborn(&mut self) {
        self.gone = false;
        self.marks.clear();
        self.faults.death = None;
        self.inodes.values_mut().filter(|node| node.opens > 0).for_each(|node| Arc::make_mut(node).opens = 0);
        let mut reachable = BTreeSet::new();
        for volume in &self.volumes {
            self.reach(volume.root, &mut reachable);
        }
        self.inodes.retain(|number, _| reachable.contains(number));
        for log_dir in (0..self.volumes.len()).filter_map(|index| u8::try_from(index).ok()).map(LogDirId) {
            let used = self.files(log_dir).iter().map(|(_, len)| len).sum();
            if let Ok(volume) = self.volume_mut(log_dir) {
                volume.used = used;
            }
        }
    }

    /// Everything that has a name, in the page cache or on the platter or in a change between them.
    fn reach(&self, dir: u64, reachable: &mut BTreeSet<u64>) {
        if !reachable.insert(dir) {
            return;
        }
        let Ok(body) = self.dir(dir) else { return };
        let links = body.pending.iter().filter_map(|pending| pending.change.link.as_ref().map(|(_, entry)| entry));
        for entry in body.cached.values().chain(body.durable.values()).chain(links) {
            self.reach(entry.inode, reachable);
        }
    }

    /// After a power loss, names are what the platter says.
    fn replace(&mut self) {
        self.inodes.values_mut().filter(|node| node.place.is_some()).for_each(|node| Arc::make_mut(node).place = None);
        let mut dirs: Vec<u64> = self.volumes.iter().map(|volume| volume.root).collect();
        while let Some(dir) = dirs.pop() {
            let entries: Vec<(String, Entry)> = self.dir(dir).map_or_else(
                |_| Vec::new(),
                |body| body.cached.iter().map(|(name, entry)| (name.clone(), *entry)).collect(),
            );
            for (name, entry) in entries {
                if let Ok(node) = self.inode_mut(entry.inode) {
                    node.place = Some((dir, name));
                }
                dirs.extend((entry.kind == EntryKind::Dir).then_some(entry.inode));
            }
        }
    }
}

impl FileBody {
    /// Reads dropped pages again from the platter, each if its draw says so; returns the first byte that changed.
    fn evict(&mut self, key: Draw) -> Option<u64> {
        let evicted = |range: &&std::ops::Range<u64>| key.of("evict").at(range.start).permille(500);
        let ranges: Vec<_> = self.doomed.iter().filter(evicted).cloned().collect();
        for range in &ranges {
            let mut page = self.durable.read(range.clone()).to_vec();
            page.resize((range.end - range.start) as usize, 0);
            self.cached.write(range.start, Bytes::from(page));
        }
        ranges.iter().map(|range| range.start).min()
    }

    /// Keeps what survives, and returns the first byte that is not what the page cache had.
    fn lose(&mut self, survival: &Survival, key: Draw) -> Option<(FaultKind, u64)> {
        let mut losses = Vec::new();
        for pending in std::mem::take(&mut self.pending) {
            let draw = key.of("write").at(pending.number);
            losses.extend(pending.change.survive(survival, draw, &mut self.durable));
        }
        self.doomed.clear();
        let before = std::mem::replace(&mut self.cached, self.durable.clone());
        let (from, fault) = losses.into_iter().min()?;
        let same = same_bytes(&before.read(from..u64::MAX), &self.cached.read(from..u64::MAX));
        let changed = from + same < before.len().max(self.cached.len());
        changed.then_some((fault, from + same))
    }
}

/// How many bytes two slices have in common from the first on.
fn same_bytes(left: &[u8], right: &[u8]) -> u64 {
    left.iter().zip(right).take_while(|(left, right)| left == right).count() as u64
}

impl FileChange {
    /// Applies what survives to the platter, and returns from where on it did not survive.
    fn survive(&self, survival: &Survival, draw: Draw, platter: &mut Rope) -> Option<(u64, FaultKind)> {
        let survives = draw.permille(survival.writes_permille);
        match self {
            FileChange::Write(at, bytes) if survives && survival.torn && draw.of("torn").permille(500) => {
                let kept = torn(platter, *at, bytes, draw);
                (kept < bytes.len() as u64).then_some((at + kept, FaultKind::TornTail))
            }
            _ if survives => {
                self.apply(platter);
                None
            }
            _ => Some((self.from(), FaultKind::PowerLoss)),
        }
    }
}

/// Part of a write reaches the platter: a prefix, or the length with zeros in place of the bytes, or some of its
/// pages. Returns how many of its bytes, from the first on, did.
fn torn(platter: &mut Rope, at: u64, bytes: &Bytes, draw: Draw) -> u64 {
    let len = bytes.len() as u64;
    let end = at + len;
    match draw.of("how").below(4) {
        0 => {
            platter.truncate(platter.len().max(end));
            0
        }
        1 if at / PAGE != (end - 1) / PAGE => {
            let mut kept = len;
            for page in at / PAGE..=(end - 1) / PAGE {
                let (low, high) = ((page * PAGE).max(at) - at, ((page + 1) * PAGE).min(end) - at);
                if draw.of("page").at(page).permille(500) {
                    platter.write(at + low, bytes.slice(low as usize..high as usize));
                } else {
                    kept = kept.min(low);
                }
            }
            kept
        }
        _ => {
            let kept = draw.of("prefix").below(len);
            platter.write(at, bytes.slice(..kept as usize));
            kept
        }
    }
}

impl DirBody {
    /// Keeps what survives, and returns the names that are not what they were in the page cache.
    fn lose(&mut self, survival: &Survival, key: Draw) -> Vec<(FaultKind, String, Option<u64>)> {
        let mut names = BTreeSet::new();
        for pending in std::mem::take(&mut self.pending) {
            names.extend(pending.change.names().map(str::to_owned));
            if key.of("entry").at(pending.number).permille(survival.entries_permille) {
                pending.change.apply(&mut self.durable);
            }
        }
        let before = std::mem::replace(&mut self.cached, self.durable.clone());
        let differs = |name: &String| before.get(name) != self.cached.get(name);
        names.into_iter().filter(differs).map(|name| (FaultKind::PowerLoss, name, None)).collect()
    }
}
