//! The disk that a driver lends to a broker: inodes, directories, and what a page cache makes immediate.
//!
//! Everything here takes effect at once in the page cache and survives the process, but not the power. Only
//! [`Output::Sync`](crate::Output::Sync) makes bytes (of a file) or entries (of a directory) durable. Errors are the world's, never the
//! caller's: after [`DiskError::Io`] or [`DiskError::NoSpace`] on a write, or a failed sync, the log directory is to be taken offline.

use crate::border::Lent;
use bytes::Bytes;
use std::ops::Range;

/// A log directory by its place in `log.dirs`; the metadata log lives in the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogDirId(pub u8);

/// An open directory. Valid until the incarnation ends, whatever is renamed or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dir {
    /// The log directory that it belongs to.
    pub log_dir: LogDirId,
    /// The driver's name of it.
    pub inode: u64,
}

/// An open file. Valid until it is closed or the incarnation ends, whatever is renamed or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct File {
    /// The log directory that it belongs to.
    pub log_dir: LogDirId,
    /// The driver's name of it.
    pub inode: u64,
}

/// What a sync makes durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SyncTarget {
    /// A file's bytes and length, not its name.
    File(File),
    /// A directory's entries: creations, renames and removals in it.
    Dir(Dir),
}

impl SyncTarget {
    /// The log directory that the target belongs to.
    #[must_use]
    pub fn log_dir(self) -> LogDirId {
        match self {
            SyncTarget::File(file) => file.log_dir,
            SyncTarget::Dir(dir) => dir.log_dir,
        }
    }
}

/// What a directory entry names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// A file.
    File,
    /// A directory.
    Dir,
}

/// A disk as a broker sees it. All calls are immediate (a page cache); none makes anything durable.
///
/// Names are single path components. Implementors: the simulated disk, the World's observing wrapper, the real one in `server`.
pub trait Disk: Lent {
    /// How many log directories there are, offline ones included.
    fn log_dirs(&self) -> u8;
    /// The root of a log directory.
    fn root(&mut self, log_dir: LogDirId) -> Result<Dir, DiskError>;
    /// Creates a directory; [`DiskError::AlreadyExists`] if the name is taken.
    fn create_dir(&mut self, parent: Dir, name: &str) -> Result<Dir, DiskError>;
    /// Opens a directory; [`DiskError::NotFound`] if there is none of that name.
    fn open_dir(&mut self, parent: Dir, name: &str) -> Result<Dir, DiskError>;
    /// The entries of a directory, sorted by name.
    fn list(&mut self, dir: Dir) -> Result<Vec<(String, EntryKind)>, DiskError>;
    /// Creates an empty file; [`DiskError::AlreadyExists`] if the name is taken.
    fn create(&mut self, dir: Dir, name: &str) -> Result<File, DiskError>;
    /// Opens a file for reading and appending; [`DiskError::NotFound`] if there is none of that name.
    fn open(&mut self, dir: Dir, name: &str) -> Result<File, DiskError>;
    /// Gives a handle back. A file without a name and without a handle is gone.
    fn close(&mut self, file: File);
    /// A file's length in bytes.
    fn len(&mut self, file: File) -> Result<u64, DiskError>;
    /// Appends; after an error any prefix of `bytes` may have been written (a torn write).
    fn append(&mut self, file: File, bytes: &[u8]) -> Result<(), DiskError>;
    /// Reads what is there of a range; shorter if the file ends first. For hot tails, indexes and recovery.
    fn read(&mut self, file: File, range: Range<u64>) -> Result<Bytes, DiskError>;
    /// Cuts a file to a length not above its own.
    fn truncate(&mut self, file: File, len: u64) -> Result<(), DiskError>;
    /// Renames an entry within a log directory, replacing a file of the new name.
    fn rename(&mut self, from: (Dir, &str), to: (Dir, &str)) -> Result<(), DiskError>;
    /// Removes a file's name; handles stay valid.
    fn remove(&mut self, dir: Dir, name: &str) -> Result<(), DiskError>;
    /// Removes an empty directory.
    fn remove_dir(&mut self, parent: Dir, name: &str) -> Result<(), DiskError>;
}

/// Why a disk call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum DiskError {
    /// EIO: the device failed.
    #[error("input/output error")]
    Io,
    /// ENOSPC.
    #[error("no space left on device")]
    NoSpace,
    /// ENOENT.
    #[error("no such file or directory")]
    NotFound,
    /// EEXIST.
    #[error("file exists")]
    AlreadyExists,
    /// ENOTEMPTY, ENOTDIR, EISDIR, a name with a slash, a truncation beyond the end: the caller's mistake.
    #[error("invalid operation on a file or directory")]
    Invalid,
    /// The machine has died; nobody will see what is done from here on.
    #[error("the machine is gone")]
    Gone,
}
