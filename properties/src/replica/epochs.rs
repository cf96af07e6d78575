//! Epochs: what a log knows of leader epochs, and what a node knows of the quorum's.

use crate::cluster::unless_metadata_broke;
use crate::fact::{Fact, FactKind, FactSet};
use crate::ghost::{LogGhost, METADATA_TOPIC_ID, PartitionGhost};
use crate::judge::{Case, Judge};
use crate::ledger::{BROKEN_PROMISES, DAMAGE, FaultKind};
use crate::liveness::broken_metadata;
use crate::property::{Claim, PropertyId, Scope};
use broker_core::Event;
use broker_core::view::LogView;
use std::collections::BTreeMap;
use wire::files::QUORUM_STATE;
use wire::metadata::QuorumStateData;
use wire::{LogDirId, NodeId};

/// W21. A log's epoch cache ascends in epoch and offset, has an entry for each epoch of its batches (where that epoch
/// started, or its first batch is), and has others only for epochs that a replica led from that offset on (an epoch
/// may have no batch). A quorum that forgot what it had committed gives an epoch out twice, so damage to any voter's
/// metadata excuses where an epoch starts; damage to the node's own excuses what the cache is, and neither excuses what a
/// cut leaves. Checked after recovery and at rest; when a leader says where its epoch starts, for that (it starts once),
/// and when a follower has cut, for what would start behind the cut (KAFKA-10706). Source: KIP-101; bugs D09 R05 R28 R40.
#[derive(Clone, Debug, Default)]
pub(crate) struct EpochCache;

impl Judge for EpochCache {
    const ID: PropertyId = PropertyId {
        id: "W21",
        name: "epoch cache",
        sentence: "The epoch cache is what the log's batches, and the epochs that the replica led, come to.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Opened, FactKind::AtRest, FactKind::Stated]);
    const EXCUSED_BY: &'static [FaultKind] = DAMAGE;

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let cluster = case.cluster;
        if let Fact::Stated { node, event } = fact {
            return self.check_stated(*node, event, case);
        }
        for &node in cluster.nodes.ids() {
            let Some(view) = cluster.nodes.view(node) else { continue };
            view.each_log(|shown| {
                let log = cluster.ghost.by_id(node, shown.topic_id, shown.partition).map(|log| cluster.ghost.log(log));
                if let Some(log) = log.filter(|log| log.present && shown.online) {
                    self.check(log, &shown, case);
                }
            });
        }
    }
}

impl EpochCache {
    fn check(&self, log: &LogGhost, shown: &LogView<'_>, case: &mut Case<'_>) {
        let partition = case.cluster.ghost.partition(log.home);
        if let Some(wrong) = wrong_entry(log, partition, shown.log_start_offset, shown.epochs) {
            self.accuse(log, shown, wrong, case);
        }
    }

    fn check_stated(&self, node: NodeId, event: &Event, case: &mut Case<'_>) {
        let (Event::LeaderElected { partition, .. } | Event::Diverged { partition, .. }) = event else { return };
        let (topic_id, index) = (partition.topic_id, partition.partition);
        let shown = case.cluster.nodes.view(node).and_then(|view| view.log(topic_id, index));
        let readable = |shown: &LogView<'_>| shown.online && shown.corrupt_from.is_none();
        let Some((log, shown)) = case.cluster.ghost.named(node, partition).zip(shown.filter(readable)) else { return };
        if let Some(wrong) = misstated(event, shown.epochs).filter(|_| log.present && !log.is_metadata()) {
            self.accuse(log, &shown, wrong, case);
        }
    }

    fn accuse(&self, log: &LogGhost, shown: &LogView<'_>, (kind, epoch, offset): Wrong, case: &mut Case<'_>) {
        let folder = format!("{}/leader-epoch-checkpoint", log.log.partition);
        let file = Scope { path: Some(folder), ..Scope::log(log) };
        let metadata = || match kind {
            "beyond-cut" => Claim::Holds,
            "not-noted" => unless_metadata_broke(case.cluster),
            _ => broken_metadata(log.log.node, case.cluster.ledger).map_or(Claim::Holds, Claim::Excused),
        };
        let excuse = case.cluster.ledger.excuse(&file, Self::EXCUSED_BY);
        if let Claim::Excused(fault) = excuse.map_or_else(metadata, Claim::Excused) {
            return case.verdicts.excuse(Self::ID, fault);
        }
        case.charge(self, &Scope::range(log, offset, offset.saturating_add(1)), kind, || {
            format!(
                "the epoch cache of {} is {:?}; wrong about epoch {epoch} from offset {offset} on",
                log.log, shown.epochs
            )
        });
    }
}

/// What is wrong with an entry of the cache, its epoch and its offset.
type Wrong = (&'static str, i32, i64);

/// What a cache says otherwise than its broker has just stated.
fn misstated(event: &Event, cache: &[(i32, i64)]) -> Option<Wrong> {
    match *event {
        Event::LeaderElected { leader_epoch, start_offset, .. } => {
            // Within the same input another epoch may have begun, and taken the place of one without a batch.
            let noted = |entry: &(i32, i64)| *entry == (leader_epoch, start_offset) || entry.0 > leader_epoch;
            (!cache.iter().any(noted)).then_some(("not-noted", leader_epoch, start_offset))
        }
        Event::Diverged { end_offset, .. } => {
            let beyond = cache.iter().find(|&&(_, start)| start >= end_offset);
            beyond.map(|&(epoch, start)| ("beyond-cut", epoch, start))
        }
        _ => None,
    }
}

fn wrong_entry(log: &LogGhost, partition: &PartitionGhost, start: i64, cache: &[(i32, i64)]) -> Option<Wrong> {
    let unordered = cache.windows(2).find(|pair| pair[0].0 >= pair[1].0 || pair[0].1 >= pair[1].1);
    if let Some(pair) = unordered {
        return Some(("unordered", pair[1].0, pair[1].1));
    }
    // A node that stated no election of this log, as one whose log came from elsewhere, is believed.
    let led = |entry: &(i32, i64)| {
        // The epoch that a log begins in began before it does.
        let continues = entry.1 == start && log.batch(start - 1).is_some_and(|held| held.leader_epoch <= entry.0);
        continues || log.elections.is_empty() || log.elections.contains(entry) || partition.was_led(entry.0, entry.1)
    };
    let mut of_batches: BTreeMap<i32, i64> = BTreeMap::new();
    for held in log.batches.iter().filter(|held| held.valid && held.last_offset >= start) {
        of_batches.entry(held.leader_epoch).or_insert(held.base_offset);
    }
    let missing = of_batches.iter().find(|&(&epoch, &base)| {
        !cache.iter().any(|&entry| entry.0 == epoch && (entry.1 == base || (entry.1 < base && led(&entry))))
    });
    if let Some((&epoch, &base)) = missing {
        return Some(("missing", epoch, base));
    }
    let stray = cache.iter().find(|entry| !of_batches.contains_key(&entry.0) && !led(entry));
    stray.map(|&(epoch, offset)| ("stray", epoch, offset))
}

/// W33. A node never goes back behind a quorum epoch that it has acted in: what its `quorum-state` says never
/// decreases, an incarnation finds there at least the epoch that it was leader in before, and is leader in a greater
/// one than any incarnation before it (with one voter every start is an election, KIP-595). Damage to the file or to
/// its directory excuses it: a wiped voter must come back with another directory id (KIP-853), which is not built.
/// Source: ORACLES; bug C03.
#[derive(Clone, Debug, Default)]
pub(crate) struct QuorumEpoch {
    nodes: BTreeMap<NodeId, Quorum>,
}

/// A node's quorum epochs.
#[derive(Clone, Debug, Default)]
struct Quorum {
    incarnation: u32,
    /// The greatest epoch that this incarnation's file had.
    written: i32,
    /// The greatest epoch that the node was leader in.
    led: i32,
    /// Which incarnation that was.
    led_by: u32,
}

impl Judge for QuorumEpoch {
    const ID: PropertyId = PropertyId {
        id: "W33",
        name: "MonotonicEpoch",
        sentence: "A node's quorum epoch never decreases, and no start takes an epoch that an earlier one led in.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Started, FactKind::FileReplaced, FactKind::Stated]);
    const EXCUSED_BY: &'static [FaultKind] = BROKEN_PROMISES;

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        match fact {
            Fact::Started { node, incarnation } => {
                let found = case.cluster.nodes.file(*node, LogDirId(0), QUORUM_STATE).and_then(|text| epoch(&text));
                let quorum = self.nodes.entry(*node).or_default();
                let led = quorum.led;
                (quorum.incarnation, quorum.written) = (*incarnation, found.unwrap_or(-1));
                let kept = found.unwrap_or(-1);
                self.charge_if(kept < led && led > 0, *node, "forgotten", (kept, led), case);
            }
            Fact::FileReplaced { node, path, contents, .. } if path == QUORUM_STATE => {
                let Some(epoch) = epoch(contents) else { return };
                let quorum = self.nodes.entry(*node).or_default();
                let before = quorum.written;
                quorum.written = before.max(epoch);
                self.charge_if(epoch < before, *node, "decreased", (epoch, before), case);
            }
            Fact::Stated { node, event: Event::LeaderElected { partition, leader_epoch, .. } }
                if partition.topic_id == METADATA_TOPIC_ID =>
            {
                let quorum = self.nodes.entry(*node).or_default();
                let (led, again) = (quorum.led, quorum.led_by != quorum.incarnation);
                let earlier = quorum.led_by > 0 && (*leader_epoch < led || (again && *leader_epoch == led));
                (quorum.led, quorum.led_by) = (led.max(*leader_epoch), quorum.incarnation);
                self.charge_if(earlier, *node, "repeated", (*leader_epoch, led), case);
            }
            _ => {}
        }
    }
}

impl QuorumEpoch {
    fn charge_if(
        &self,
        wrong: bool,
        node: NodeId,
        kind: &'static str,
        (epoch, before): (i32, i32),
        case: &mut Case<'_>,
    ) {
        if !wrong {
            return;
        }
        match broken_metadata(node, case.cluster.ledger) {
            Some(fault) => case.verdicts.excuse(Self::ID, fault),
            None => case.charge(self, &Scope::file(node, LogDirId(0), QUORUM_STATE), kind, || {
                format!("node {node} is at quorum epoch {epoch} after epoch {before}: {kind}")
            }),
        }
    }
}

fn epoch(text: &[u8]) -> Option<i32> {
    let text = std::str::from_utf8(text).ok()?;
    QuorumStateData::from_json(text).ok().map(|(state, _)| state.leader_epoch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use broker_core::event::Partition;
    use wire::Uuid;

    #[test]
    fn an_epoch_is_where_its_leader_says_unless_another_has_begun_in_the_same_input() {
        let partition = Partition { topic_id: Uuid(9), topic: "t".into(), partition: 0 };
        let elected = |leader_epoch, start_offset| Event::LeaderElected {
            partition: partition.clone(),
            leader_epoch,
            start_offset,
        };
        let table = [
            (elected(2, 3), &[(1, 0), (2, 3)][..], None),
            (elected(2, 3), &[(1, 0), (4, 3)], None),
            (elected(2, 5), &[(1, 0), (2, 3)], Some(("not-noted", 2, 5))),
            (elected(2, 3), &[(1, 0)], Some(("not-noted", 2, 3))),
        ];
        for (event, cache, expected) in table {
            assert_eq!(misstated(&event, cache), expected, "{event:?} {cache:?}");
        }
    }
}
