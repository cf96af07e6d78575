//! What is known of a node besides its logs.

use crate::fact::{Moment, Stop};
use crate::property::Nodes;
use std::collections::BTreeMap;
use wire::files::CLEAN_SHUTDOWN;
use wire::{LogDirId, NodeId};

/// One node.
#[derive(Clone, Debug, Default)]
pub struct NodeGhost {
    /// Counts its incarnations from 1; 0 before the first.
    pub incarnation: u32,
    /// When the present incarnation, or the last, began.
    pub started: Moment,
    /// When the last one ended.
    pub stopped: Moment,
    /// Whether an incarnation runs, `open` included.
    pub running: bool,
    /// Whether `open` has returned without an error.
    pub opened: bool,
    /// How the last incarnation ended.
    pub last_stop: Option<Stop>,
    /// Whether the disk held the clean-shutdown marker when the present incarnation began: it is the last thing that a
    /// shutdown writes, and a process that dies then has shut down cleanly.
    pub found_marker: bool,
    /// Whether the present incarnation has registered.
    pub registered: bool,
    /// How the last incarnation ended that had registered: one that had not has led and followed nothing.
    pub last_registered_stop: Option<Stop>,
    /// Log directories on which a write or a sync failed in this incarnation, with the moment of the first failure.
    pub failed_dirs: BTreeMap<LogDirId, Moment>,
    /// The same for reads, which need not take a directory offline.
    pub failed_reads: BTreeMap<LogDirId, Moment>,
    /// Whether the broker's defaults ask for a sync after every record.
    pub flushes_each: bool,
    /// Whether a topic may come into being because a client asked for its metadata.
    pub auto_creates: bool,
    /// Whether the broker's defaults let any replica lead.
    pub unclean_elections: bool,
    /// The broker's default for `min.insync.replicas`.
    pub min_isr: i32,
}

impl NodeGhost {
    pub(crate) fn start(&mut self, node: NodeId, incarnation: u32, moment: Moment, nodes: &dyn Nodes) {
        self.incarnation = incarnation;
        self.started = moment;
        self.running = true;
        self.opened = false;
        self.registered = false;
        self.found_marker = nodes.file(node, LogDirId(0), CLEAN_SHUTDOWN).is_some();
        self.failed_dirs.clear();
        self.failed_reads.clear();
        self.flushes_each = nodes.config(node, "log.flush.interval.messages").is_some_and(|value| value == "1");
        self.auto_creates = nodes.config(node, "auto.create.topics.enable").is_none_or(|value| value != "false");
        self.unclean_elections =
            nodes.config(node, "unclean.leader.election.enable").is_some_and(|value| value == "true");
        self.min_isr = nodes.config(node, "min.insync.replicas").and_then(|value| value.parse().ok()).unwrap_or(1);
    }

    pub(crate) fn stop(&mut self, how: Stop, moment: Moment) {
        self.running = false;
        self.opened = false;
        self.stopped = moment;
        self.last_stop = Some(how);
        if self.registered {
            self.last_registered_stop = Some(how);
        }
    }

    pub(crate) fn disk_failed(&mut self, log_dir: LogDirId, write: bool, moment: Moment) {
        let failed = if write { &mut self.failed_dirs } else { &mut self.failed_reads };
        failed.entry(log_dir).or_insert(moment);
    }

    /// Whether a log directory failed in an earlier step than this moment's.
    #[must_use]
    pub fn failed_before(&self, log_dir: LogDirId, moment: Moment) -> bool {
        self.failed_dirs.get(&log_dir).is_some_and(|failed| failed.seq < moment.seq)
    }
}
