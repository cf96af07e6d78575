//! Real files behind `wire::Disk`: the log directories of `log.dirs`, in Kafka's layout because the core writes it so.
//!
//! Directories are held by place (parent and name), so that a renamed directory keeps its handle; files are held open, so that a
//! renamed or removed file keeps its own. Syncs and cold reads run on tokio's pool of blocking threads. Unix only. One process at a
//! time: each log directory has Kafka's `.lock`.

use crate::storage::{Pending, Storage, Sync};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use wire::{Dir, Disk, DiskError, EntryKind, File, Lent, LogDirId, ReadId, SyncId, SyncTarget};

/// Where a directory is.
enum Place {
    /// A log directory's root.
    Root(PathBuf),
    /// Below another directory.
    Below(u64, String),
}

/// An open file, and its length as this process made it.
struct Open {
    file: Arc<fs::File>,
    len: u64,
}

/// The log directories of one process.
pub struct RealDisk {
    roots: Vec<u64>,
    dirs: BTreeMap<u64, Place>,
    files: BTreeMap<u64, Open>,
    inodes: u64,
    /// Held for their locks.
    _locks: Vec<fs::File>,
}

impl RealDisk {
    /// Takes log directories into possession, made if they are missing. An error if another process has one of them.
    pub fn new(log_dirs: &[PathBuf]) -> io::Result<RealDisk> {
        let mut disk =
            RealDisk { roots: vec![], dirs: BTreeMap::new(), files: BTreeMap::new(), inodes: 0, _locks: vec![] };
        for path in log_dirs {
            fs::create_dir_all(path)?;
            let lock = fs::File::create(path.join(".lock"))?;
            lock.try_lock()?;
            disk._locks.push(lock);
            let root = disk.inode();
            disk.dirs.insert(root, Place::Root(path.clone()));
            disk.roots.push(root);
        }
        Ok(disk)
    }

    fn inode(&mut self) -> u64 {
        self.inodes += 1;
        self.inodes
    }

    fn path(&self, dir: u64) -> Result<PathBuf, DiskError> {
        match self.dirs.get(&dir) {
            Some(Place::Root(path)) => Ok(path.clone()),
            Some(Place::Below(parent, name)) => Ok(self.path(*parent)?.join(name)),
            None => Err(DiskError::NotFound),
        }
    }

    fn entry(&self, dir: Dir, name: &str) -> Result<PathBuf, DiskError> {
        let single = !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\0']);
        if single { Ok(self.path(dir.inode)?.join(name)) } else { Err(DiskError::Invalid) }
    }

    /// The handle of a directory that is known by its place.
    fn known(&self, parent: u64, name: &str) -> Option<u64> {
        let is = |place: &Place| matches!(place, Place::Below(p, n) if *p == parent && n == name);
        self.dirs.iter().find(|(_, place)| is(place)).map(|(&inode, _)| inode)
    }

    fn dir_handle(&mut self, parent: Dir, name: &str) -> Dir {
        let inode = self.known(parent.inode, name).unwrap_or_else(|| {
            let inode = self.inode();
            self.dirs.insert(inode, Place::Below(parent.inode, name.to_owned()));
            inode
        });
        Dir { log_dir: parent.log_dir, inode }
    }

    fn file_handle(&mut self, log_dir: LogDirId, file: fs::File) -> Result<File, DiskError> {
        let len = file.metadata().map_err(failed)?.len();
        let inode = self.inode();
        self.files.insert(inode, Open { file: Arc::new(file), len });
        Ok(File { log_dir, inode })
    }

    fn file(&self, file: File) -> Result<&Open, DiskError> {
        self.files.get(&file.inode).ok_or(DiskError::NotFound)
    }

    fn file_mut(&mut self, file: File) -> Result<&mut Open, DiskError> {
        self.files.get_mut(&file.inode).ok_or(DiskError::NotFound)
    }

    /// What a sync opens or holds; a directory is opened for it.
    fn sync_handle(&self, target: SyncTarget) -> Result<Arc<fs::File>, DiskError> {
        match target {
            SyncTarget::File(file) => Ok(self.file(file)?.file.clone()),
            SyncTarget::Dir(dir) => Ok(Arc::new(fs::File::open(self.path(dir.inode)?).map_err(failed)?)),
        }
    }
}

impl Lent for RealDisk {
    fn mark(&mut self, _: SyncId, _: SyncTarget) {}

    fn is_gone(&self) -> bool {
        false
    }
}

impl Disk for RealDisk {
    fn log_dirs(&self) -> u8 {
        u8::try_from(self.roots.len()).unwrap_or(u8::MAX)
    }

    fn root(&mut self, log_dir: LogDirId) -> Result<Dir, DiskError> {
        let inode = *self.roots.get(usize::from(log_dir.0)).ok_or(DiskError::NotFound)?;
        Ok(Dir { log_dir, inode })
    }

    fn create_dir(&mut self, parent: Dir, name: &str) -> Result<Dir, DiskError> {
        fs::create_dir(self.entry(parent, name)?).map_err(failed)?;
        Ok(self.dir_handle(parent, name))
    }

    fn open_dir(&mut self, parent: Dir, name: &str) -> Result<Dir, DiskError> {
        let found = fs::metadata(self.entry(parent, name)?).map_err(failed)?;
        if found.is_dir() { Ok(self.dir_handle(parent, name)) } else { Err(DiskError::Invalid) }
    }

    fn list(&mut self, dir: Dir) -> Result<Vec<(String, EntryKind)>, DiskError> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(self.path(dir.inode)?).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let kind = if entry.file_type().map_err(failed)?.is_dir() { EntryKind::Dir } else { EntryKind::File };
            // A name that is not UTF-8 is none of ours.
            entries.extend(entry.file_name().into_string().ok().map(|name| (name, kind)));
        }
        entries.sort();
        Ok(entries)
    }

    fn create(&mut self, dir: Dir, name: &str) -> Result<File, DiskError> {
        let mut options = fs::OpenOptions::new();
        let file = options.read(true).write(true).create_new(true).open(self.entry(dir, name)?).map_err(failed)?;
        self.file_handle(dir.log_dir, file)
    }

    fn open(&mut self, dir: Dir, name: &str) -> Result<File, DiskError> {
        let mut options = fs::OpenOptions::new();
        let file = options.read(true).write(true).open(self.entry(dir, name)?).map_err(failed)?;
        self.file_handle(dir.log_dir, file)
    }

    fn close(&mut self, file: File) {
        self.files.remove(&file.inode);
    }

    fn len(&mut self, file: File) -> Result<u64, DiskError> {
        Ok(self.file(file)?.len)
    }

    fn append(&mut self, file: File, bytes: &[u8]) -> Result<(), DiskError> {
        let open = self.file_mut(file)?;
        let written = open.file.write_all_at(bytes, open.len);
        open.len = match &written {
            Ok(()) => open.len.saturating_add(bytes.len() as u64),
            Err(_) => open.file.metadata().map_or(open.len, |found| found.len()),
        };
        written.map_err(failed)
    }

    fn read(&mut self, file: File, range: Range<u64>) -> Result<Bytes, DiskError> {
        let open = self.file(file)?;
        read_at(&open.file, open.len, range).map_err(failed)
    }

    fn truncate(&mut self, file: File, len: u64) -> Result<(), DiskError> {
        let open = self.file_mut(file)?;
        if len > open.len {
            return Err(DiskError::Invalid);
        }
        open.file.set_len(len).map_err(failed)?;
        open.len = len;
        Ok(())
    }

    fn rename(&mut self, from: (Dir, &str), to: (Dir, &str)) -> Result<(), DiskError> {
        fs::rename(self.entry(from.0, from.1)?, self.entry(to.0, to.1)?).map_err(failed)?;
        if let Some(inode) = self.known(from.0.inode, from.1) {
            self.dirs.insert(inode, Place::Below(to.0.inode, to.1.to_owned()));
        }
        Ok(())
    }

    fn remove(&mut self, dir: Dir, name: &str) -> Result<(), DiskError> {
        fs::remove_file(self.entry(dir, name)?).map_err(failed)
    }

    fn remove_dir(&mut self, parent: Dir, name: &str) -> Result<(), DiskError> {
        fs::remove_dir(self.entry(parent, name)?).map_err(failed)?;
        if let Some(inode) = self.known(parent.inode, name) {
            self.dirs.remove(&inode);
        }
        Ok(())
    }
}

impl Storage<dyn Disk> for RealDisk {
    fn lend(&mut self) -> &mut (dyn Disk + 'static) {
        self
    }

    fn sync(&mut self, sync: Sync) -> Pending<Result<(), DiskError>> {
        let handle = self.sync_handle(sync.target);
        Box::pin(aside(move || handle?.sync_all().map_err(failed)))
    }

    fn cold_read(&mut self, _: ReadId, file: File, range: Range<u64>) -> Pending<Result<Bytes, DiskError>> {
        let open = self.file(file).map(|open| (open.file.clone(), open.len));
        Box::pin(aside(move || {
            let (file, len) = open?;
            read_at(&file, len, range).map_err(failed)
        }))
    }
}

/// Runs blocking work on tokio's pool; a panic there is an error of the device.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DiskError> + Send + 'static,
) -> Result<T, DiskError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(DiskError::Io))
}

/// What is there of a range; never takes more memory than the file holds.
fn read_at(file: &fs::File, len: u64, range: Range<u64>) -> io::Result<Bytes> {
    let size = range.end.min(len).saturating_sub(range.start);
    let mut bytes = vec![0; usize::try_from(size).map_err(|_| io::ErrorKind::InvalidInput)?];
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read_at(&mut bytes[filled..], range.start + filled as u64) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes.into())
}

/// The world's failure in the border's words.
#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: io::Error) -> DiskError {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::NotFound => DiskError::NotFound,
        Kind::AlreadyExists => DiskError::AlreadyExists,
        Kind::StorageFull | Kind::QuotaExceeded | Kind::FileTooLarge => DiskError::NoSpace,
        Kind::DirectoryNotEmpty | Kind::NotADirectory | Kind::IsADirectory | Kind::InvalidInput => DiskError::Invalid,
        _ => {
            tracing::error!(%error, "disk failed");
            DiskError::Io
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory of the test's own, removed at its end.
    struct Temp(PathBuf);

    impl Temp {
        fn new(name: &str) -> Temp {
            let path = std::env::temp_dir().join(format!("tribunal-disk-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            Temp(path)
        }

        fn disk(&self) -> RealDisk {
            RealDisk::new(std::slice::from_ref(&self.0)).unwrap()
        }
    }

    impl Drop for Temp {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn handles_outlive_renames_and_removals() {
        let temp = Temp::new("handles");
        let mut disk = temp.disk();
        let root = disk.root(LogDirId(0)).unwrap();
        let dir = disk.create_dir(root, "t-0").unwrap();
        let file = disk.create(dir, "0.log").unwrap();
        disk.append(file, b"abc").unwrap();
        disk.rename((root, "t-0"), (root, "t-0-delete")).unwrap();
        let other = disk.create(dir, "1.log").unwrap();
        disk.append(other, b"x").unwrap();
        assert_eq!(disk.list(dir).unwrap(), [("0.log".into(), EntryKind::File), ("1.log".into(), EntryKind::File)]);
        disk.remove(dir, "0.log").unwrap();
        disk.append(file, b"def").unwrap();
        assert_eq!(disk.read(file, 2..100).unwrap(), "cdef");
        disk.remove(dir, "1.log").unwrap();
        disk.remove_dir(root, "t-0-delete").unwrap();
        assert_eq!(disk.list(dir), Err(DiskError::NotFound));
        let again = disk.create_dir(root, "t-0-delete").unwrap();
        assert_ne!(again, dir);
    }

    #[test]
    fn errors_are_the_borders() {
        let temp = Temp::new("errors");
        let mut disk = temp.disk();
        let root = disk.root(LogDirId(0)).unwrap();
        let dir = disk.create_dir(root, "t-0").unwrap();
        let file = disk.create(dir, "f").unwrap();
        disk.append(file, b"abc").unwrap();
        assert_eq!(disk.create_dir(root, "t-0"), Err(DiskError::AlreadyExists));
        assert_eq!(disk.create(dir, "f"), Err(DiskError::AlreadyExists));
        assert_eq!(disk.open(dir, "g"), Err(DiskError::NotFound));
        assert_eq!(disk.open_dir(dir, "f"), Err(DiskError::Invalid));
        assert_eq!(disk.remove_dir(root, "t-0"), Err(DiskError::Invalid));
        assert_eq!(disk.truncate(file, 4), Err(DiskError::Invalid));
        for name in ["", ".", "..", "a/b", "a\0b"] {
            assert_eq!(disk.create(dir, name), Err(DiskError::Invalid), "{name:?}");
        }
        assert_eq!(disk.read(file, 5..9).unwrap(), "");
        assert_eq!(disk.root(LogDirId(1)), Err(DiskError::NotFound));
    }

    #[test]
    fn what_was_written_is_there_for_the_next_process_and_only_one_has_it() {
        let temp = Temp::new("lock");
        let mut disk = temp.disk();
        let root = disk.root(LogDirId(0)).unwrap();
        let file = disk.create(root, "f").unwrap();
        disk.append(file, b"abcdef").unwrap();
        disk.truncate(file, 4).unwrap();
        disk.append(file, b"X").unwrap();
        assert!(RealDisk::new(std::slice::from_ref(&temp.0)).is_err());
        drop(disk);
        let mut disk = temp.disk();
        let root = disk.root(LogDirId(0)).unwrap();
        let file = disk.open(root, "f").unwrap();
        assert_eq!((disk.len(file), disk.read(file, 0..10).unwrap()), (Ok(5), Bytes::from_static(b"abcdX")));
    }

    #[tokio::test]
    async fn syncs_and_cold_reads_end_beside_the_node() {
        let temp = Temp::new("sync");
        let mut disk = temp.disk();
        let root = disk.root(LogDirId(0)).unwrap();
        let file = disk.create(root, "f").unwrap();
        disk.append(file, b"abcdef").unwrap();
        let of = |n, target| Sync { id: SyncId(n), target };
        assert_eq!(disk.sync(of(1, SyncTarget::File(file))).await, Ok(()));
        assert_eq!(disk.sync(of(2, SyncTarget::Dir(root))).await, Ok(()));
        let read = disk.cold_read(ReadId(1), file, 4..9);
        disk.close(file);
        assert_eq!(read.await.unwrap(), "ef");
        assert_eq!(disk.sync(of(3, SyncTarget::File(file))).await, Err(DiskError::NotFound));
    }
}
