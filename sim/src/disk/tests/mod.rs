//! Stories about the disk: a script of what was done, and what is found afterwards.

mod faults;
mod laws;
mod model;
mod stories;

use super::{Effect, SimDisk};
use crate::Draw;
use crate::plan::Survival;
use bytes::Bytes;
use properties::FaultKind;
use wire::{Dir, Disk, DiskError, File, Lent, LogDirId, SyncId, SyncTarget};

pub(super) const ROOT: LogDirId = LogDirId(0);
pub(super) const NOTHING: Survival = Survival { writes_permille: 0, entries_permille: 0, torn: false };
pub(super) const EVERYTHING: Survival = Survival { writes_permille: 1000, entries_permille: 1000, torn: false };

pub(super) fn draw(n: u64) -> Draw {
    Draw::seeded(42).at(n)
}

/// A disk that is spoken to in paths of one log directory.
#[derive(Clone)]
pub(super) struct Shell {
    pub(super) disk: SimDisk,
    syncs: u64,
}

impl Shell {
    pub(super) fn new() -> Shell {
        Shell::with_capacity(1 << 20)
    }

    pub(super) fn with_capacity(capacity: u64) -> Shell {
        Shell { disk: SimDisk::new(draw(0), 2, capacity), syncs: 0 }
    }

    /// A file with synced contents under a synced name.
    pub(super) fn with_file(name: &str, contents: &str) -> Shell {
        let mut shell = Shell::new();
        shell.run(&format!("create {name}; write {name} {contents}; sync {name}; syncdir ."));
        shell
    }

    pub(super) fn dir(&mut self, path: &str) -> Dir {
        let root = self.disk.root(ROOT).unwrap();
        path.split('/').filter(|name| *name != ".").fold(root, |dir, name| self.disk.open_dir(dir, name).unwrap())
    }

    pub(super) fn place<'p>(&mut self, path: &'p str) -> (Dir, &'p str) {
        let (parent, name) = path.rsplit_once('/').unwrap_or((".", path));
        (self.dir(parent), name)
    }

    pub(super) fn file(&mut self, path: &str) -> File {
        let (dir, name) = self.place(path);
        self.disk.open(dir, name).unwrap()
    }

    pub(super) fn append(&mut self, path: &str, bytes: &[u8]) -> Result<(), DiskError> {
        let file = self.file(path);
        let done = self.disk.append(file, bytes);
        self.disk.close(file);
        done
    }

    pub(super) fn read(&mut self, path: &str) -> Result<Bytes, DiskError> {
        let file = self.file(path);
        let found = self.disk.read(file, 0..u64::MAX);
        self.disk.close(file);
        found
    }

    pub(super) fn mark(&mut self, target: SyncTarget) -> SyncId {
        self.syncs += 1;
        self.disk.mark(SyncId(self.syncs), target);
        SyncId(self.syncs)
    }

    pub(super) fn sync(&mut self, path: &str) -> Result<(), DiskError> {
        let file = self.file(path);
        let id = self.mark(SyncTarget::File(file));
        self.disk.close(file);
        self.disk.complete_sync(id)
    }

    pub(super) fn sync_dir(&mut self, path: &str) -> Result<(), DiskError> {
        let target = SyncTarget::Dir(self.dir(path));
        let id = self.mark(target);
        self.disk.complete_sync(id)
    }

    /// Carries out a script: `create a; write a text; sync a; ...`. Nothing in it may fail.
    pub(super) fn run(&mut self, script: &str) {
        for line in script.split(';').map(str::trim).filter(|line| !line.is_empty()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let (first, second) = (words[1], words.get(2).copied().unwrap_or_default());
            self.step(words[0], first, second).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
    }

    fn step(&mut self, verb: &str, first: &str, second: &str) -> Result<(), DiskError> {
        let place = |shell: &mut Shell| shell.place(first);
        match verb {
            "create" => place(self).pipe(|(dir, name)| self.disk.create(dir, name)).map(|file| self.disk.close(file)),
            "mkdir" => place(self).pipe(|(dir, name)| self.disk.create_dir(dir, name)).map(|_| ()),
            "write" => self.append(first, second.as_bytes()),
            "cut" => self
                .file(first)
                .pipe(|file| self.disk.truncate(file, second.parse().unwrap()).map(|()| self.disk.close(file))),
            "rename" => {
                let to = self.place(second);
                place(self).pipe(|from| self.disk.rename(from, to))
            }
            "remove" => place(self).pipe(|(dir, name)| self.disk.remove(dir, name)),
            "rmdir" => place(self).pipe(|(dir, name)| self.disk.remove_dir(dir, name)),
            "sync" => self.sync(first),
            "syncdir" => self.sync_dir(first),
            _ => panic!("{verb}"),
        }
    }

    /// Everything that is there: `a=text d/ d/b=`.
    pub(super) fn show(&self) -> String {
        let files = self.disk.files(ROOT).into_iter();
        let shown = files.map(|(path, _)| {
            let contents = self.disk.contents(ROOT, &path).unwrap();
            format!("{path}={}", String::from_utf8_lossy(&contents))
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    pub(super) fn kinds(&mut self) -> Vec<FaultKind> {
        self.disk.take_effects().into_iter().map(|effect| effect.fault).collect()
    }

    pub(super) fn effect(&mut self) -> Effect {
        let effects = self.disk.take_effects();
        assert_eq!(effects.len(), 1, "{effects:?}");
        effects[0].clone()
    }
}

trait Pipe: Sized {
    fn pipe<T>(self, then: impl FnOnce(Self) -> T) -> T {
        then(self)
    }
}

impl<T> Pipe for T {}
