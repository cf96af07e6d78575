//! The ledger: what every fault did, and which nodes, logs, offsets and bytes it touched. Properties ask it whether
//! they still claim to hold in a scope; reports print what it counted.

use crate::fact::{LogRef, Moment};
use crate::property::Scope;
use std::collections::BTreeMap;
use wire::files::names::PART;
use wire::{LogDirId, NodeId};

macro_rules! fault_kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal),* $(,)?) => {
        /// The kinds of faults, one per cell of the design's fault table that one node can have; the cluster adds rows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum FaultKind { $($(#[$doc])* $name),* }

        impl FaultKind {
            /// All kinds.
            pub const ALL: &'static [FaultKind] = &[$(FaultKind::$name),*];

            /// The stable name, kebab-case, as in Plans and reports.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(FaultKind::$name => $text),* }
            }
        }
    };
}

fault_kinds! {
    /// The process dies; the page cache survives.
    Kill = "kill",
    /// The machine dies: un-synced bytes and directory entries survive or not, each on its own.
    PowerLoss = "power-loss",
    /// The process or machine dies inside an input, at its n-th mutating disk call.
    DeathAtCall = "death-at-call",
    /// The process stands still (a long GC, a stopped machine), its clocks go on.
    Pause = "pause",
    /// A controlled shutdown, followed by a start.
    CleanRestart = "clean-restart",
    /// The wall clock jumps, forward or back.
    ClockJump = "clock-jump",
    /// A node's wall clock is wrong from the beginning.
    ClockSkew = "clock-skew",
    /// The node's clocks run faster or slower than the world's.
    ClockDrift = "clock-drift",
    /// Syncs take long.
    SlowSync = "slow-sync",
    /// A sync fails and its pages are dropped, as after an fsync error on Linux.
    FailedSync = "failed-sync",
    /// A write fails with EIO; a prefix of it may stand in the file.
    WriteError = "write-error",
    /// A read fails with EIO.
    ReadError = "read-error",
    /// Writes fail with ENOSPC.
    DiskFull = "disk-full",
    /// A power loss leaves part of an un-synced append.
    TornTail = "torn-tail",
    /// A byte at rest changes.
    BitRot = "bit-rot",
    /// A write lands at the wrong place of the right file, or in another file.
    MisdirectedWrite = "misdirected-write",
    /// A sync reports success and does nothing.
    LyingSync = "lying-sync",
    /// A log directory comes back empty.
    WipedDisk = "wiped-disk",
    /// No bytes pass between two ends, both ways; connections stall.
    Partition = "partition",
    /// No bytes pass one way.
    OneWayPartition = "one-way-partition",
    /// No bytes pass between some nodes and all the others.
    Split = "split",
    /// No bytes pass from some nodes to all the others.
    OneWaySplit = "one-way-split",
    /// Each node loses a neighbour.
    Ring = "ring",
    /// A node loses the controllers alone.
    ControllersCut = "controllers-cut",
    /// A connection is reset; each end learns of it at its own time.
    Reset = "reset",
    /// A link is slow for a while.
    DelaySpike = "delay-spike",
    /// A request is delivered, its answer is lost with the connection.
    LostAnswer = "lost-answer",
    /// A client process dies and comes back as a new session.
    ClientCrash = "client-crash",
    /// A client process stands still.
    ClientPause = "client-pause",
    /// All of a client's connections are reset again and again.
    RetryStorm = "retry-storm",
}

/// One thing that a fault did. The narrower, the better: what a touch does not name, it excuses.
///
/// A damaged or not durable file of a log names the log (an index too, with its segment's base offset); another file
/// names its `path` and no log; a whole log directory names neither; a client's fault names the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touch {
    /// What kind of fault.
    pub fault: FaultKind,
    /// When.
    pub when: Moment,
    /// On which node, if on one.
    pub node: Option<NodeId>,
    /// In which log directory, if in one.
    pub log_dir: Option<LogDirId>,
    /// In which log, if in one.
    pub log: Option<LogRef>,
    /// From which offset of that log on, if known: the first offset whose bytes were damaged, lost or not made durable.
    pub from_offset: Option<i64>,
    /// The file's path below the log directory, if it was one file.
    pub path: Option<String>,
    /// On which client, if on one.
    pub client: Option<u16>,
}

impl Touch {
    /// A touch without a scope yet.
    #[must_use]
    pub fn new(fault: FaultKind, when: Moment) -> Touch {
        Touch { fault, when, node: None, log_dir: None, log: None, from_offset: None, path: None, client: None }
    }

    /// On a node.
    #[must_use]
    pub fn on(self, node: NodeId) -> Touch {
        Touch { node: Some(node), ..self }
    }

    /// In a log directory.
    #[must_use]
    pub fn in_dir(self, log_dir: LogDirId) -> Touch {
        Touch { log_dir: Some(log_dir), ..self }
    }

    /// In a log, from an offset on.
    #[must_use]
    pub fn in_log(self, log: LogRef, from_offset: Option<i64>) -> Touch {
        Touch { node: Some(log.node), log: Some(log), from_offset, ..self }
    }

    /// In one file.
    #[must_use]
    pub fn in_file(self, path: impl Into<String>) -> Touch {
        Touch { path: Some(path.into()), ..self }
    }

    /// Whether a scope lies in what was touched.
    fn reaches(&self, scope: &Scope) -> bool {
        let apart = |mine: Option<i32>, other: Option<i32>| mine.is_some() && other.is_some() && mine != other;
        let number = |node: Option<NodeId>| node.map(|node| node.0);
        let dir = |log_dir: Option<LogDirId>| log_dir.map(|log_dir| i32::from(log_dir.0));
        if self.when < scope.since || apart(number(self.node), number(scope.node)) {
            return false;
        }
        if self.client.is_some() || scope.client.is_some() {
            return self.client == scope.client;
        }
        if apart(dir(self.log_dir), dir(scope.log_dir)) {
            return false;
        }
        match (&self.log, &self.path) {
            (_, Some(path)) if scope.path.is_some() => {
                scope.path.as_deref().is_some_and(|other| same_file(path, other))
            }
            // An index that is damaged leaves the log's own bytes alone.
            (Some(_), Some(path)) if path.ends_with("index") => false,
            (Some(log), _) => {
                scope.log.as_ref() == Some(log) && self.from_offset.is_none_or(|from| reaches_up_to(scope, from))
            }
            (None, Some(_)) => false,
            (None, None) => true,
        }
    }

    /// On a client.
    #[must_use]
    pub fn on_client(self, client: u16) -> Touch {
        Touch { client: Some(client), ..self }
    }
}

fn reaches_up_to(scope: &Scope, from: i64) -> bool {
    scope.offsets.is_none_or(|(_, to)| from < to)
}

/// Faults that change bytes that stood.
pub(crate) const CHANGED_BYTES: &[FaultKind] = &[FaultKind::BitRot, FaultKind::MisdirectedWrite];
/// Those, and faults that take what a sync had claimed.
pub(crate) const DAMAGE: &[FaultKind] =
    &[FaultKind::BitRot, FaultKind::MisdirectedWrite, FaultKind::LyingSync, FaultKind::FailedSync];
/// Those, and what takes everything: all that can make a disk break what it promised.
pub(crate) const BROKEN_PROMISES: &[FaultKind] = &[
    FaultKind::BitRot,
    FaultKind::MisdirectedWrite,
    FaultKind::LyingSync,
    FaultKind::FailedSync,
    FaultKind::WipedDisk,
];

/// A file that was written under a temporary name is the one that it became.
fn same_file(path: &str, other: &str) -> bool {
    final_name(path) == final_name(other)
}

/// The name of a file, or the one that it is written for.
pub(crate) fn final_name(path: &str) -> &str {
    path.strip_suffix(".tmp").or_else(|| path.strip_suffix(PART)).unwrap_or(path)
}

/// What a run's faults did.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    touches: Vec<Touch>,
    counts: BTreeMap<FaultKind, Counts>,
}

/// How often a fault was asked for, and how often it did something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    /// Steps of the plan that the World carried out.
    pub injected: u64,
    /// Effects: bytes lost, syncs failed, frames delayed, processes killed.
    pub effects: u64,
}

impl Ledger {
    /// A step asked for a fault.
    pub fn inject(&mut self, fault: FaultKind) {
        self.counts.entry(fault).or_default().injected += 1;
    }

    /// A fault did something that a property may have to know.
    pub fn touch(&mut self, touch: Touch) {
        self.counts.entry(touch.fault).or_default().effects += 1;
        self.touches.push(touch);
    }

    /// A fault did something that no property needs to know the scope of.
    pub fn count(&mut self, fault: FaultKind) {
        self.counts.entry(fault).or_default().effects += 1;
    }

    /// The first of these faults that touched a scope. A touch that names a log, a file or a client excuses nothing
    /// else; one that names a log directory or a node alone excuses all of it.
    #[must_use]
    pub fn excuse(&self, scope: &Scope, kinds: &[FaultKind]) -> Option<FaultKind> {
        let touch = self.touches.iter().find(|touch| kinds.contains(&touch.fault) && touch.reaches(scope))?;
        Some(touch.fault)
    }

    /// The first of these faults that touched an index of a log.
    #[must_use]
    pub fn index_fault(&self, log: &LogRef, kinds: &[FaultKind]) -> Option<FaultKind> {
        let of_index = |touch: &&Touch| {
            let index = touch.path.as_ref().is_some_and(|path| path.ends_with("index"));
            index && touch.log.as_ref() == Some(log) && kinds.contains(&touch.fault)
        };
        self.touches.iter().find(of_index).map(|touch| touch.fault)
    }

    /// What was touched, in order.
    #[must_use]
    pub fn touches(&self) -> &[Touch] {
        &self.touches
    }

    /// What was counted.
    #[must_use]
    pub fn counts(&self) -> &BTreeMap<FaultKind, Counts> {
        &self.counts
    }
}
