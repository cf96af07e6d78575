//! What a driver needs of a disk beyond `wire::Disk`: to carry out syncs and cold reads without holding up the node.

use bytes::Bytes;
use std::ops::Range;
use std::pin::Pin;
use wire::{DiskError, File, Input, Lent, ReadId, SyncId, SyncTarget};

/// Work that goes on beside the node.
pub type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Slow work on a disk that a node asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sync {
    /// Names it.
    pub id: SyncId,
    /// What is to be durable.
    pub target: SyncTarget,
}

/// The disk of one incarnation.
pub trait Storage<D: Lent + ?Sized> {
    /// What is lent to the node for the length of one input.
    fn lend(&mut self) -> &mut D;

    /// Begins a sync of what [`Lent::mark`] covered.
    fn sync(&mut self, sync: Sync) -> Pending<Result<(), DiskError>>;

    /// A sync's work has ended; what the node is told of it.
    fn synced(&mut self, _: Sync, result: Result<(), DiskError>) -> Result<(), DiskError> {
        result
    }

    /// Begins a cold read.
    fn cold_read(&mut self, id: ReadId, file: File, range: Range<u64>) -> Pending<Result<Bytes, DiskError>>;
}

/// A client's disk: it has none, and asks for nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoStorage(());

impl Storage<()> for NoStorage {
    fn lend(&mut self) -> &mut () {
        &mut self.0
    }

    fn sync(&mut self, _: Sync) -> Pending<Result<(), DiskError>> {
        Box::pin(std::future::ready(Err(DiskError::Invalid)))
    }

    fn cold_read(&mut self, _: ReadId, _: File, _: Range<u64>) -> Pending<Result<Bytes, DiskError>> {
        Box::pin(std::future::ready(Err(DiskError::Invalid)))
    }
}

/// The slow work of a disk, ended.
pub(crate) enum Ended {
    /// Of [`Storage::sync`].
    Sync(Sync, Result<(), DiskError>),
    /// Of [`Storage::cold_read`].
    Read(ReadId, Result<Bytes, DiskError>),
}

impl Ended {
    /// The input that tells the node.
    pub(crate) fn input<D: Lent + ?Sized, Op>(self, storage: &mut impl Storage<D>) -> Input<Op> {
        match self {
            Ended::Sync(sync, result) => Input::Synced(sync.id, storage.synced(sync, result)),
            Ended::Read(id, result) => Input::Read(id, result),
        }
    }
}
