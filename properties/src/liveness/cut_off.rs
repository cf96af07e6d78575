//! The second half of L01, while a partition lasts: a leader of the quorum that no majority fetches from has been cut off, and is to resign
//! within twice its fetch timeout (check-quorum, KAFKA-15489).
//!
//! It is seen to lead still by what it writes in its epoch: an idle controller writes now and then. One write that is late is none yet, and of a
//! process that stood still nothing is claimed: it does several things when it goes on, before it looks at its clock. A clock may be slow by a
//! fifth.

use crate::fact::{Fact, Moment};
use crate::ledger::FaultKind;
use crate::property::Cluster;
use broker_core::Event;
use std::collections::BTreeMap;
use std::time::Duration;
use wire::files::METADATA_TOPIC_ID;
use wire::{Instant, NodeId};

/// Leaders of the quorum, and who fetches from them.
#[derive(Clone, Debug, Default)]
pub(super) struct CutOff {
    leading: BTreeMap<NodeId, Leading>,
}

#[derive(Clone, Debug)]
struct Leading {
    epoch: i32,
    since: Instant,
    heard: BTreeMap<NodeId, Instant>,
    /// Its first write that was late.
    late: Option<Instant>,
}

impl CutOff {
    /// Takes a fact; the leader that goes on although it is cut off, with how long nobody has fetched from it.
    pub(super) fn observe(&mut self, fact: &Fact, cluster: &Cluster<'_>) -> Option<(NodeId, Duration)> {
        match fact {
            Fact::Stated { node, event } => self.stated(*node, event, cluster.moment),
            Fact::Started { node, .. } => drop(self.leading.remove(node)),
            Fact::FollowerFetched {
                node, replica, topic_id: Some(METADATA_TOPIC_ID), current_leader_epoch, ..
            }
            | Fact::SnapshotAsked { node, replica, current_leader_epoch } => {
                let leading = self.leading.get_mut(node).filter(|it| it.epoch == *current_leader_epoch);
                leading.into_iter().for_each(|it| _ = it.heard.insert(*replica, cluster.moment.at));
            }
            Fact::Appended { log, batch, .. } if log.topic_id == METADATA_TOPIC_ID => {
                return self.writes(log.node, batch.leader_epoch, cluster);
            }
            _ => {}
        }
        None
    }

    fn stated(&mut self, node: NodeId, event: &Event, now: Moment) {
        match event {
            Event::LeaderElected { partition, leader_epoch, .. } if partition.topic_id == METADATA_TOPIC_ID => {
                let leading = Leading { epoch: *leader_epoch, since: now.at, heard: BTreeMap::new(), late: None };
                self.leading.insert(node, leading);
            }
            Event::Resigned { .. } => drop(self.leading.remove(&node)),
            _ => {}
        }
    }

    fn writes(&mut self, node: NodeId, epoch: i32, cluster: &Cluster<'_>) -> Option<(NodeId, Duration)> {
        let leading = self.leading.get_mut(&node).filter(|it| it.epoch == epoch)?;
        let timeout = timeout(node, cluster)?;
        let now = cluster.moment.at;
        let silent = now.since(leading.heard_by(cluster.ghost.voters().len() / 2));
        if silent <= timeout * 5 / 2 {
            leading.late = None;
            return None;
        }
        let late = *leading.late.get_or_insert(now);
        (now.since(late) > timeout && !stood_still(node, leading.since, cluster)).then_some((node, silent))
    }
}

/// Whether a process has stood still since it leads: it does several things when it goes on, each of them late.
fn stood_still(node: NodeId, since: Instant, cluster: &Cluster<'_>) -> bool {
    let pauses = cluster.ledger.touches().iter().filter(|touch| touch.fault == FaultKind::Pause);
    pauses.into_iter().any(|touch| touch.node == Some(node) && touch.when.at >= since)
}

impl Leading {
    /// When so many followers had fetched last.
    fn heard_by(&self, followers: usize) -> Instant {
        let mut heard: Vec<Instant> = self.heard.values().copied().collect();
        heard.sort_unstable_by(|one, other| other.cmp(one));
        match followers.checked_sub(1) {
            Some(last) => heard.get(last).copied().unwrap_or(self.since),
            // One voter is its own majority.
            None => Instant::NEVER,
        }
    }
}

fn timeout(node: NodeId, cluster: &Cluster<'_>) -> Option<Duration> {
    let text = cluster.nodes.config(node, "controller.quorum.fetch.timeout.ms")?;
    text.parse().ok().map(Duration::from_millis)
}
