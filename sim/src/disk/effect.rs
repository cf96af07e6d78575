//! What a fault really did, for the ledger. A fault that was asked for and changed nothing leaves no effect.

use super::SimDisk;
use properties::FaultKind;
use wire::LogDirId;

/// One thing that a fault did to a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// Which kind of fault.
    pub fault: FaultKind,
    /// Where.
    pub log_dir: LogDirId,
    /// The file's or directory's path below the log directory, as the page cache had it when it happened; empty for
    /// all of it.
    pub path: String,
    /// The first byte of the file that was damaged, lost or not made durable; None if it is not about bytes.
    pub from: Option<u64>,
}

impl SimDisk {
    /// What faults did since the last call, in order.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    pub(super) fn report(&mut self, fault: FaultKind, log_dir: LogDirId, path: String, from: Option<u64>) {
        self.effects.push(Effect { fault, log_dir, path, from });
    }

    /// Reports something about a file or directory; one that was removed has no path any more.
    pub(super) fn report_inode(&mut self, fault: FaultKind, inode: u64, from: Option<u64>) {
        if let Ok(node) = self.inode(inode) {
            let (log_dir, path) = (node.log_dir, self.path(inode));
            let from = from.filter(|_| path.is_some());
            self.report(fault, log_dir, path.unwrap_or_default(), from);
        }
    }
}
