//! What three brokers and their disks show, beside the facts of a story.

use crate::bench::DIR;
use broker_core::View;
use broker_core::view::{LogView, Logs};
use bytes::Bytes;
use properties::{BatchSeen, Nodes};
use std::collections::BTreeMap;
use wire::{LogDirId, NodeId, Str, Uuid};

/// A replica's log as its broker and its disk have it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Replica {
    pub(crate) batches: Vec<BatchSeen>,
    pub(crate) high_watermark: i64,
    pub(crate) leads: bool,
    pub(crate) epoch: i32,
    /// Where it begins.
    pub(crate) start: i64,
    pub(crate) epochs: Vec<(i32, i64)>,
    /// Where it is kept corrupt from.
    pub(crate) corrupt_from: Option<i64>,
    /// Epochs that it led, and where they started.
    pub(crate) led: Vec<(i32, i64)>,
    pub(crate) topic: Str,
    pub(crate) id: Uuid,
}

impl Replica {
    pub(crate) fn end(&self) -> i64 {
        self.batches.last().map_or(self.start, |batch| batch.last_offset + 1)
    }

    pub(crate) fn refresh(&mut self) {
        let of_batches = self.batches.iter().map(|batch| (batch.leader_epoch, batch.base_offset));
        let mut all: Vec<(i32, i64)> = self.led.iter().copied().chain(of_batches).collect();
        all.sort_unstable();
        all.dedup_by_key(|entry| entry.0);
        self.epochs.clear();
        let end = self.end();
        for (epoch, start) in all.into_iter().filter(|&(_, start)| start <= end) {
            self.epochs.retain(|&(_, other)| other < start);
            self.epochs.push((epoch, start));
        }
    }

    fn view(&self) -> LogView<'_> {
        LogView {
            topic: &self.topic,
            topic_id: self.id,
            partition: 0,
            log_dir: DIR,
            online: true,
            log_start_offset: self.start,
            log_end_offset: self.end(),
            high_watermark: self.high_watermark,
            last_stable_offset: self.high_watermark,
            recovery_point: 0,
            leads: self.leads,
            in_sync: usize::from(self.leads),
            leader_epoch: self.epoch,
            epochs: &self.epochs,
            corrupt_from: self.corrupt_from,
        }
    }
}

/// A broker.
#[derive(Clone, Debug, Default)]
pub(crate) struct Broker {
    pub(crate) up: bool,
    pub(crate) incarnation: u32,
    pub(crate) topic: Replica,
    pub(crate) quorum: Replica,
    pub(crate) files: BTreeMap<String, Bytes>,
}

impl Logs for Broker {
    fn log(&self, topic_id: Uuid, _: i32) -> Option<LogView<'_>> {
        [&self.topic, &self.quorum].into_iter().find(|log| log.id == topic_id).map(Replica::view)
    }
    fn each_log<'a>(&'a self, visit: &mut dyn FnMut(LogView<'a>)) {
        visit(self.topic.view());
        visit(self.quorum.view());
    }
    fn broker_epoch(&self) -> Option<i64> {
        None
    }
    fn quorum_epoch(&self) -> i32 {
        self.quorum.epoch
    }
    fn serves(&self) -> bool {
        true
    }
    fn bug_reached(&self) -> bool {
        false
    }
}

/// What brokers and disks show.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shown {
    pub(crate) brokers: BTreeMap<NodeId, Broker>,
    pub(crate) config: BTreeMap<String, String>,
}

pub(crate) const IDS: [NodeId; 3] = [NodeId(1), NodeId(2), NodeId(3)];

impl Nodes for Shown {
    fn ids(&self) -> &[NodeId] {
        &IDS
    }
    fn view(&self, node: NodeId) -> Option<View<'_>> {
        self.brokers.get(&node).filter(|broker| broker.up).map(|broker| View::new(broker))
    }
    fn config(&self, _: NodeId, name: &str) -> Option<String> {
        self.config.get(name).cloned()
    }
    fn files(&self, node: NodeId, _: LogDirId) -> Vec<(String, u64)> {
        let files = self.brokers.get(&node).into_iter().flat_map(|broker| &broker.files);
        files.map(|(path, contents)| (path.clone(), contents.len() as u64)).collect()
    }
    fn file(&self, node: NodeId, _: LogDirId, path: &str) -> Option<Bytes> {
        self.brokers.get(&node)?.files.get(path).cloned()
    }
}
