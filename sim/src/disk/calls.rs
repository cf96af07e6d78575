//! What a broker may ask of the disk. Every call acts on the page cache; mutating ones pass the faults that wait for
//! them.

use super::SimDisk;
use super::inode::{Body, DirBody, DirChange, Entry, FileBody, FileChange, Inode};
use crate::Draw;
use bytes::Bytes;
use properties::FaultKind;
use std::ops::Range;
use wire::{Dir, Disk, DiskError, EntryKind, File, Lent, LogDirId, SyncId, SyncTarget};

/// The longest name of most filesystems.
const NAME_MAX: usize = 255;

impl Lent for SimDisk {
    fn mark(&mut self, id: SyncId, target: SyncTarget) {
        self.mark_sync(id, target);
    }

    fn is_gone(&self) -> bool {
        self.gone
    }
}

impl Disk for SimDisk {
    fn log_dirs(&self) -> u8 {
        u8::try_from(self.volumes.len()).unwrap_or(u8::MAX)
    }

    fn root(&mut self, log_dir: LogDirId) -> Result<Dir, DiskError> {
        self.alive()?;
        let volume = self.volume(log_dir).map_err(|_| DiskError::NotFound)?;
        Ok(Dir { log_dir, inode: volume.root })
    }

    fn create_dir(&mut self, parent: Dir, name: &str) -> Result<Dir, DiskError> {
        let inode = self
            .mutate(parent.log_dir, parent.inode, |disk, _| disk.born(parent, name, Body::Dir(DirBody::default())))?;
        Ok(Dir { log_dir: parent.log_dir, inode })
    }

    fn open_dir(&mut self, parent: Dir, name: &str) -> Result<Dir, DiskError> {
        let entry = self.lookup(parent, name)?;
        if entry.kind != EntryKind::Dir {
            return Err(DiskError::Invalid);
        }
        Ok(Dir { log_dir: parent.log_dir, inode: entry.inode })
    }

    fn list(&mut self, dir: Dir) -> Result<Vec<(String, EntryKind)>, DiskError> {
        self.alive()?;
        Ok(self.dir(dir.inode)?.cached.iter().map(|(name, entry)| (name.clone(), entry.kind)).collect())
    }

    fn create(&mut self, dir: Dir, name: &str) -> Result<File, DiskError> {
        let inode =
            self.mutate(dir.log_dir, dir.inode, |disk, _| disk.born(dir, name, Body::File(FileBody::default())))?;
        self.inode_mut(inode)?.opens = 1;
        Ok(File { log_dir: dir.log_dir, inode })
    }

    fn open(&mut self, dir: Dir, name: &str) -> Result<File, DiskError> {
        let entry = self.lookup(dir, name)?;
        if entry.kind != EntryKind::File {
            return Err(DiskError::Invalid);
        }
        self.inode_mut(entry.inode)?.opens += 1;
        Ok(File { log_dir: dir.log_dir, inode: entry.inode })
    }

    fn close(&mut self, file: File) {
        if self.opened(file).is_ok()
            && let Ok(node) = self.inode_mut(file.inode)
        {
            node.opens -= 1;
            self.free_if_unused(file.inode);
        }
    }

    fn len(&mut self, file: File) -> Result<u64, DiskError> {
        self.alive()?;
        Ok(self.opened(file)?.cached.len())
    }

    fn append(&mut self, file: File, bytes: &[u8]) -> Result<(), DiskError> {
        self.mutate(file.log_dir, file.inode, |disk, part| {
            disk.append_part(file, part.map_or(bytes, |draw| prefix(bytes, draw)))
        })
    }

    fn read(&mut self, file: File, range: Range<u64>) -> Result<Bytes, DiskError> {
        self.alive()?;
        self.opened(file)?;
        if self.faults.fails_read(file.log_dir) {
            self.report_inode(FaultKind::ReadError, file.inode, Some(range.start));
            return Err(DiskError::Io);
        }
        Ok(self.file(file.inode)?.cached.read(range))
    }

    fn truncate(&mut self, file: File, len: u64) -> Result<(), DiskError> {
        self.mutate(file.log_dir, file.inode, |disk, _| disk.cut(file, len))
    }

    fn rename(&mut self, from: (Dir, &str), to: (Dir, &str)) -> Result<(), DiskError> {
        self.mutate(from.0.log_dir, from.0.inode, |disk, _| disk.moved(from, to))
    }

    fn remove(&mut self, dir: Dir, name: &str) -> Result<(), DiskError> {
        self.mutate(dir.log_dir, dir.inode, |disk, _| disk.unlinked(dir, name, EntryKind::File))
    }

    fn remove_dir(&mut self, parent: Dir, name: &str) -> Result<(), DiskError> {
        self.mutate(parent.log_dir, parent.inode, |disk, _| disk.unlinked(parent, name, EntryKind::Dir))
    }
}

impl SimDisk {
    fn alive(&self) -> Result<(), DiskError> {
        if self.gone { Err(DiskError::Gone) } else { Ok(()) }
    }

    /// A mutating call. `call` gets a draw if only part of it is to happen.
    fn mutate<T>(
        &mut self,
        log_dir: LogDirId,
        inode: u64,
        call: impl FnOnce(&mut SimDisk, Option<Draw>) -> Result<T, DiskError>,
    ) -> Result<T, DiskError> {
        self.alive()?;
        if let Some(draw) = self.faults.dies() {
            let before = self.is_file(inode).then(|| self.cached_len(inode));
            match draw.of("fate").below(3) {
                0 => {}
                1 => drop(call(self, None)),
                _ => drop(call(self, Some(draw.of("part")))),
            }
            self.report_inode(FaultKind::DeathAtCall, inode, before);
            self.gone = true;
            return Err(DiskError::Gone);
        }
        if let Some(draw) = self.faults.fails_write(log_dir) {
            let before = self.is_file(inode).then(|| self.cached_len(inode));
            if before.is_some() {
                drop(call(self, Some(draw)));
            }
            self.report_inode(FaultKind::WriteError, inode, before);
            return Err(DiskError::Io);
        }
        call(self, None)
    }

    fn opened(&self, file: File) -> Result<&FileBody, DiskError> {
        let node = self.inode(file.inode)?;
        match &node.body {
            Body::File(body) if node.opens > 0 && node.log_dir == file.log_dir => Ok(body),
            _ => Err(DiskError::Invalid),
        }
    }

    fn lookup(&self, dir: Dir, name: &str) -> Result<Entry, DiskError> {
        self.alive()?;
        self.dir(dir.inode)?.cached.get(name).copied().ok_or(DiskError::NotFound)
    }

    fn born(&mut self, parent: Dir, name: &str, body: Body) -> Result<u64, DiskError> {
        check_name(name)?;
        let dir = self.dir(parent.inode)?;
        if dir.cached.contains_key(name) {
            return Err(DiskError::AlreadyExists);
        }
        let key = self.inode(parent.inode)?.key.of(name).at(dir.births);
        self.room(parent.log_dir, parent.inode, 1)?;
        let kind = if matches!(body, Body::File(_)) { EntryKind::File } else { EntryKind::Dir };
        let place = Some((parent.inode, name.to_owned()));
        let inode = self.add(Inode { log_dir: parent.log_dir, key, place, opens: 0, body });
        let dir = self.dir_mut(parent.inode)?;
        dir.births += 1;
        dir.change(DirChange { unlink: None, link: Some((name.to_owned(), Entry { kind, inode })) });
        Ok(inode)
    }

    fn append_part(&mut self, file: File, bytes: &[u8]) -> Result<(), DiskError> {
        self.opened(file)?;
        if bytes.is_empty() {
            return Ok(());
        }
        let room = self.room(file.log_dir, file.inode, bytes.len() as u64);
        let fits = room.err().map_or(bytes.len() as u64, |_| self.free(file.log_dir)).min(bytes.len() as u64);
        let written = Bytes::copy_from_slice(&bytes[..fits as usize]);
        if fits > 0 {
            self.put(file, written)?;
        }
        room
    }

    fn put(&mut self, file: File, bytes: Bytes) -> Result<(), DiskError> {
        let (at, len) = (self.cached_len(file.inode), bytes.len() as u64);
        self.volume_mut(file.log_dir)?.used += len;
        let instead = self.misdirected(file.inode, len);
        let body = self.file_mut(file.inode)?;
        if let Some(target) = instead {
            body.change(FileChange::Write(target, bytes));
            body.change(FileChange::Write(at, Bytes::from(vec![0; len as usize])));
            self.report_inode(FaultKind::MisdirectedWrite, file.inode, Some(target));
        } else {
            body.change(FileChange::Write(at, bytes));
        }
        Ok(())
    }

    fn cut(&mut self, file: File, len: u64) -> Result<(), DiskError> {
        let before = self.opened(file)?.cached.len();
        if len > before {
            return Err(DiskError::Invalid);
        }
        if len < before {
            self.volume_mut(file.log_dir)?.used -= before - len;
            self.file_mut(file.inode)?.change(FileChange::Truncate(len));
        }
        Ok(())
    }

    fn moved(&mut self, (from, old): (Dir, &str), (to, new): (Dir, &str)) -> Result<(), DiskError> {
        let entry = self.dir(from.inode)?.cached.get(old).copied().ok_or(DiskError::NotFound)?;
        let replaced = self.dir(to.inode)?.cached.get(new).copied();
        let is_dir = entry.kind == EntryKind::Dir;
        match replaced.map(|other| other.kind) {
            Some(_) if replaced == Some(entry) => return Ok(()),
            Some(EntryKind::Dir) => return Err(DiskError::AlreadyExists),
            Some(EntryKind::File) if is_dir => return Err(DiskError::Invalid),
            _ => check_name(new)?,
        }
        // A directory moves only within its parent: Kafka needs no more, and half a move that survives must not make
        // a cycle.
        if from.log_dir != to.log_dir || is_dir && from.inode != to.inode {
            return Err(DiskError::Invalid);
        }
        let (unlink, link) = (Some(old.to_owned()), Some((new.to_owned(), entry)));
        if from.inode == to.inode {
            self.dir_mut(from.inode)?.change(DirChange { unlink, link });
        } else {
            self.dir_mut(to.inode)?.change(DirChange { unlink: None, link });
            self.dir_mut(from.inode)?.change(DirChange { unlink, link: None });
        }
        self.inode_mut(entry.inode)?.place = Some((to.inode, new.to_owned()));
        replaced.map_or(Ok(()), |other| self.nameless(other.inode))
    }

    fn unlinked(&mut self, dir: Dir, name: &str, kind: EntryKind) -> Result<(), DiskError> {
        let entry = self.dir(dir.inode)?.cached.get(name).copied().ok_or(DiskError::NotFound)?;
        if entry.kind != kind || kind == EntryKind::Dir && !self.dir(entry.inode)?.cached.is_empty() {
            return Err(DiskError::Invalid);
        }
        self.dir_mut(dir.inode)?.change(DirChange { unlink: Some(name.to_owned()), link: None });
        self.nameless(entry.inode)
    }

    fn nameless(&mut self, inode: u64) -> Result<(), DiskError> {
        self.inode_mut(inode)?.place = None;
        self.free_if_unused(inode);
        Ok(())
    }

    /// Gives the space of a file back that has neither a name nor a handle. Its bytes stay: a power loss may bring
    /// the name back.
    fn free_if_unused(&mut self, inode: u64) {
        let Ok(node) = self.inode(inode) else { return };
        if node.place.is_some() || node.opens > 0 || !self.is_file(inode) {
            return;
        }
        let (log_dir, len) = (node.log_dir, self.cached_len(inode));
        if let Ok(volume) = self.volume_mut(log_dir) {
            volume.used = volume.used.saturating_sub(len);
        }
    }

    fn free(&self, log_dir: LogDirId) -> u64 {
        let used = self.volume(log_dir).map_or(u64::MAX, |volume| volume.used);
        if self.faults.is_full(log_dir) { 0 } else { self.capacity.saturating_sub(used) }
    }

    fn room(&mut self, log_dir: LogDirId, inode: u64, bytes: u64) -> Result<(), DiskError> {
        if self.free(log_dir) >= bytes {
            return Ok(());
        }
        let at = self.is_file(inode).then(|| self.cached_len(inode));
        self.report_inode(FaultKind::DiskFull, inode, at);
        Err(DiskError::NoSpace)
    }
}

/// A drawn part of an append: any prefix, the whole excluded.
fn prefix(bytes: &[u8], draw: Draw) -> &[u8] {
    &bytes[..draw.of("prefix").below(bytes.len() as u64) as usize]
}

fn check_name(name: &str) -> Result<(), DiskError> {
    let bad = name.is_empty() || name.len() > NAME_MAX || name == "." || name == ".." || name.contains(['/', '\0']);
    if bad { Err(DiskError::Invalid) } else { Ok(()) }
}
