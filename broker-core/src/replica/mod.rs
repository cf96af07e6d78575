//! What a broker knows of the partitions that it hosts, beside their logs: who leads, epochs, the high watermark, who waits.
//!
//! - [`leader`]: what a leader knows of its followers; [`isr`]: what it asks the controller for;
//! - [`follower`]: fetching from leaders, with a [`session`] for each; [`truncation`]: where logs part.

mod follower;
mod isr;
pub(crate) mod leader;
mod session;
pub(crate) mod truncation;

use crate::event::Partition;
use crate::log::{Log, LogKey};
use leader::Leading;
use session::FetchSession;
use std::collections::BTreeMap;
use wire::{ConnId, ErrorCode, Instant, Uuid};

/// What a broker is to a partition.
#[derive(Clone, Debug)]
pub(crate) enum Role {
    /// It leads.
    Leader(Leading),
    /// Another leads, or nobody. It is not fetched from before then.
    Follower { not_before: Instant },
}

/// A partition that this broker hosts.
#[derive(Clone, Debug)]
pub(crate) struct Replica {
    pub(crate) partition: Partition,
    pub(crate) role: Role,
    /// Who leads; -1 if nobody does.
    pub(crate) leader: i32,
    pub(crate) leader_epoch: i32,
    pub(crate) partition_epoch: i32,
    pub(crate) replicas: Vec<i32>,
    pub(crate) high_watermark: i64,
    /// Connections whose parked request looks at this partition.
    pub(crate) waiting: Vec<ConnId>,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Replicas {
    replicas: BTreeMap<LogKey, Replica>,
    /// With each leader that this broker follows.
    sessions: BTreeMap<i32, FetchSession>,
}

impl Replicas {
    pub(crate) fn get(&self, key: LogKey) -> Option<&Replica> {
        self.replicas.get(&key)
    }

    pub(crate) fn get_mut(&mut self, key: LogKey) -> Option<&mut Replica> {
        self.replicas.get_mut(&key)
    }

    pub(crate) fn remove(&mut self, key: LogKey) -> Option<Replica> {
        self.replicas.remove(&key)
    }

    /// The partition's state; a new one does not lead.
    pub(crate) fn host(&mut self, partition: Partition, high_watermark: i64) -> &mut Replica {
        let key = (partition.topic_id, partition.partition);
        self.replicas.entry(key).or_insert_with(|| Replica {
            partition,
            role: Role::Follower { not_before: Instant::default() },
            leader: -1,
            leader_epoch: -1,
            partition_epoch: -1,
            replicas: Vec::new(),
            high_watermark,
            waiting: Vec::new(),
        })
    }

    /// The hosted partitions of a topic.
    pub(crate) fn of_topic(&self, topic_id: Uuid) -> Vec<LogKey> {
        self.replicas.range((topic_id, i32::MIN)..=(topic_id, i32::MAX)).map(|(&key, _)| key).collect()
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = LogKey> + '_ {
        self.replicas.keys().copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (LogKey, &Replica)> {
        self.replicas.iter().map(|(&key, replica)| (key, replica))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (LogKey, &mut Replica)> {
        self.replicas.iter_mut().map(|(&key, replica)| (key, replica))
    }
}

impl Replica {
    pub(crate) fn leads(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }

    pub(crate) fn leading(&self) -> Option<&Leading> {
        match &self.role {
            Role::Leader(leading) => Some(leading),
            Role::Follower { .. } => None,
        }
    }

    pub(crate) fn leading_mut(&mut self) -> Option<&mut Leading> {
        match &mut self.role {
            Role::Leader(leading) => Some(leading),
            Role::Follower { .. } => None,
        }
    }

    /// Whether a client or follower that believes in `current_leader_epoch` (-1: none) may be served here (KIP-320).
    pub(crate) fn check_epoch(&self, current_leader_epoch: i32) -> Result<(), ErrorCode> {
        check_leader_epoch(self.leads(), self.leader_epoch, current_leader_epoch)
    }

    /// The same for a consumer that may also read from a follower (KIP-392).
    pub(crate) fn check_epoch_alone(&self, current_leader_epoch: i32) -> Result<(), ErrorCode> {
        check_leader_epoch(true, self.leader_epoch, current_leader_epoch)
    }

    /// Nobody on this connection waits any more.
    pub(crate) fn forget(&mut self, conn: ConnId) {
        self.waiting.retain(|&waiting| waiting != conn);
    }

    pub(crate) fn wait(&mut self, conn: ConnId) {
        if !self.waiting.contains(&conn) {
            self.waiting.push(conn);
        }
    }
}

fn check_leader_epoch(leads: bool, leader_epoch: i32, current_leader_epoch: i32) -> Result<(), ErrorCode> {
    match current_leader_epoch {
        // -1 alone means that the client does not know.
        epoch if epoch != -1 && epoch < leader_epoch => Err(ErrorCode::FencedLeaderEpoch),
        epoch if epoch > leader_epoch => Err(ErrorCode::UnknownLeaderEpoch),
        _ if !leads => Err(ErrorCode::NotLeaderOrFollower),
        _ => Ok(()),
    }
}

/// What a replica may count of its own log. A topic that syncs every message counts only what is synced: what a consumer has seen, no crash
/// takes back.
pub(crate) fn own_end(log: &Log, counts_unsynced: bool) -> i64 {
    counted(log.log_end_offset(), log.recovery_point(), log.config().flush_messages, counts_unsynced)
}

fn counted(log_end_offset: i64, recovery_point: i64, flush_messages: i64, counts_unsynced: bool) -> i64 {
    if flush_messages > 1 || counts_unsynced { log_end_offset } else { recovery_point.min(log_end_offset) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_counts_its_end_or_what_it_has_synced() {
        let table =
            [((10, 4, i64::MAX, false), 10), ((10, 4, 1, false), 4), ((10, 12, 1, false), 10), ((10, 4, 1, true), 10)];
        for ((end, synced, flush_messages, counts_unsynced), expected) in table {
            assert_eq!(counted(end, synced, flush_messages, counts_unsynced), expected);
        }
    }

    #[test]
    fn a_client_of_another_epoch_is_fenced_or_told_to_wait() {
        let table = [
            (true, 5, -1, None),
            (true, 5, 5, None),
            (true, 5, 4, Some(ErrorCode::FencedLeaderEpoch)),
            (true, 5, 6, Some(ErrorCode::UnknownLeaderEpoch)),
            (false, 5, -1, Some(ErrorCode::NotLeaderOrFollower)),
            (false, 5, 4, Some(ErrorCode::FencedLeaderEpoch)),
        ];
        for (leads, ours, theirs, error) in table {
            assert_eq!(check_leader_epoch(leads, ours, theirs).err(), error, "{ours} {theirs}");
        }
    }
}
