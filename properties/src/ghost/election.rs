//! Leaders: what becomes committed, what an election must not lose, and what it may.
//!
//! W13's premise is followed here. `E` is who must hold what was acknowledged: ISR and ELR, or the last known leader
//! where both are empty (of the quorum: all voters, so that a majority that lacks a record contradicts the record's
//! majority). Where at some instant no member of `E` was an intact holder, what only they held may be lost, and that is
//! written down as a doubt; a replica that the broker itself robbed of something counts as its holder still.

use super::image::{Change, PartitionState};
use super::partition::{Doubt, Fetched, Followed, Led, PartitionId, sure};
use super::{Cause, Ghost, How, LogGhost, LogId, Loss};
use crate::fact::Fact;
use crate::ledger::{CHANGED_BYTES, FaultKind, Ledger};
use crate::property::Scope;
use broker_core::Event;
use broker_core::event::Partition;
use wire::{NodeId, Uuid};

/// Cause of the loss of what only its leader had acknowledged.
pub const EARLY_ACK: &str = "acks=1 and another leader";
/// Cause of a loss by an election that the configuration allows.
pub const UNCLEAN: &str = "unclean leader election";
/// Cause where no single fault on a replica is the reason.
const NO_HOLDER: &str = "no eligible replica held it";

/// An election, as the elected replica stated it, beside what was committed then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Election {
    /// Of what.
    pub partition: PartitionId,
    /// The elected replica's log.
    pub log: LogId,
    /// In which epoch it leads.
    pub epoch: i32,
    /// How far its log is the committed one.
    pub held: i64,
    /// The end of what was committed.
    pub committed: i64,
    /// The ranges that it lacks, and that nothing explains.
    pub missing: Vec<(i64, i64)>,
    /// Whether it was chosen from those that had to hold everything.
    pub clean: bool,
}

impl Ghost {
    pub(super) fn stated(&mut self, node: NodeId, event: &Event, ledger: &Ledger) {
        match event {
            Event::HighWatermarkAdvanced { partition, to } => self.advanced(node, partition, *to),
            Event::LeaderElected { partition, leader_epoch, start_offset } => {
                self.elected(node, partition, *leader_epoch, *start_offset, ledger);
            }
            Event::BecameFollower { partition, leader_epoch, .. } => {
                if let Some(id) = self.by_id(node, partition.topic_id, partition.partition) {
                    let LogGhost { high_watermark, durable, .. } = *self.log(id);
                    self.partition_mut(id).followed(node, Followed { epoch: *leader_epoch, high_watermark, durable });
                }
            }
            Event::IsrChanged { partition, .. } => {
                self.leader_isr.insert((node, partition.topic_id, partition.partition), event.clone());
            }
            Event::Registered { broker_epoch } => {
                let incarnation = self.incarnation(node);
                self.registrations.insert((node, *broker_epoch), incarnation);
                self.nodes.entry(node).or_default().registered = true;
            }
            _ => {}
        }
    }

    fn advanced(&mut self, node: NodeId, partition: &Partition, to: i64) {
        let Some(id) = self.by_id(node, partition.topic_id, partition.partition) else { return };
        let log = self.log_mut(id);
        log.high_watermark = log.high_watermark.max(to);
        let end = log.end;
        let (partition, log) = self.partition_and_log(id);
        let epoch = log.elections.last().map_or(-1, |&(epoch, _)| epoch);
        partition.highest_ever = partition.highest_ever.max(to);
        if partition.commits_in(epoch) {
            partition.commit(log, to);
        }
        if !self.log(id).is_metadata() {
            return;
        }
        let committed = to.min(end);
        self.partition_mut(id).acknowledge(0, committed);
        if !self.is_replicated(id) {
            let log = self.log_mut(id);
            log.claimed = log.claimed.max(committed);
        }
        self.metadata.commit(&self.logs[id.0 as usize], to);
        let changes = std::mem::take(self.metadata.changes_mut());
        changes.iter().for_each(|change| self.changed(change));
        *self.metadata.changes_mut() = changes;
    }

    /// The controller committed a change: who must hold what is acknowledged may be others now.
    fn changed(&mut self, change: &Change) {
        let Change::Partition { id: (topic_id, index), before: Some(before), after } = change else { return };
        let Some(&id) = self.partition_ids.get(&(*topic_id, *index)) else { return };
        if after.leader_epoch > before.leader_epoch && after.leader().is_some() {
            let clean = after.leader().is_some_and(|leader| before.eligible().any(|other| other == leader));
            let last_known = !clean && after.leader().is_some_and(|leader| before.last_known_elr == [leader.0]);
            let allowed = !clean && !last_known && self.allows_unclean(after);
            // One change can empty ISR and ELR and elect the last known leader: in between nobody else had to hold anything.
            let nobody = PartitionState { isr: Vec::new(), elr: Vec::new(), ..PartitionState::clone(before) };
            let premise = if last_known { &nobody } else { before };
            let doubt = if allowed { self.all_in_doubt(id, UNCLEAN) } else { self.in_doubt(id, Some(premise), true) };
            self.partitions[id.0 as usize].chosen = Some((after.leader_epoch, doubt, clean));
        }
        let doubt = self.in_doubt(id, Some(after), false);
        let partition = &mut self.partitions[id.0 as usize];
        // What the choice of a leader costs is settled when it leads.
        if let Some(doubt) = doubt.filter(|_| partition.chosen.is_none_or(|(epoch, ..)| epoch < after.leader_epoch)) {
            partition.doubt = Some(doubt.join(partition.doubt));
        }
    }

    fn allows_unclean(&self, state: &PartitionState) -> bool {
        match self.metadata.image().setting(&state.topic, "unclean.leader.election.enable") {
            Some(value) => value == "true",
            None => self.nodes.values().any(|node| node.unclean_elections),
        }
    }

    fn all_in_doubt(&self, id: PartitionId, cause: &'static str) -> Option<Doubt> {
        let to = self.partition(id).high_watermark;
        Some(Doubt { from: 0, to, cause })
    }

    /// What of the committed prefix no replica that must hold it holds intact. `wary` counts what a machine without
    /// power had not synced as gone.
    fn in_doubt(&self, id: PartitionId, state: Option<&PartitionState>, wary: bool) -> Option<Doubt> {
        let partition = self.partition(id);
        let best = if partition.is_metadata() {
            self.best_of_voters(id, wary)
        } else {
            let eligible: Vec<NodeId> = match state {
                Some(state) => state.eligible().collect(),
                None => partition.logs.iter().map(|&log| self.log(log).log.node).collect(),
            };
            eligible.into_iter().map(|node| self.intact(id, node, wary)).max().unwrap_or(0)
        };
        let cause = partition.last_cause.unwrap_or(NO_HOLDER);
        let to = partition.committed_end();
        (best < to).then_some(Doubt { from: best, to, cause })
    }

    /// The end of what can be on no majority of voters' blind side: a leader is elected by a majority, and cannot be
    /// without a record that fewer than a majority lack.
    fn best_of_voters(&self, id: PartitionId, wary: bool) -> i64 {
        let mut held: Vec<i64> = self.voters.iter().map(|&node| self.intact(id, node, wary)).collect();
        held.sort_unstable_by(|one, other| other.cmp(one));
        let majority = held.len() / 2 + 1;
        held.get(held.len().saturating_sub(majority)).copied().unwrap_or(0)
    }

    /// How much of the committed prefix a replica holds, or would hold if its broker had not dropped it.
    fn intact(&self, id: PartitionId, node: NodeId, wary: bool) -> i64 {
        let partition = self.partition(id);
        let of_node = |log: &&LogId| self.log(**log).log.node == node;
        let Some(&log) = partition.logs.iter().find(of_node) else { return 0 };
        let log = self.log(log);
        let held = partition.held_by(log);
        let held = if wary { sure(log, self.node(node), held) } else { held };
        held.max(log.robbed_of)
    }

    /// A replica lost a range of its log; the partition may have lost it or not.
    pub(super) fn lost_on_replica(&mut self, id: LogId, (from, to): (i64, i64), how: How, cause: Cause) {
        let pid = self.partition_of(id);
        let committed = self.partition(pid).committed_gone(self.log(id), from, to);
        let log = self.log_mut(id);
        match cause {
            Cause::Unexplained if committed > 0 => log.robbed_of = log.robbed_of.max(from + committed),
            Cause::Unexplained => {}
            Cause::Permitted(_) | Cause::Deleted => log.robbed_of = log.robbed_of.min(from),
        }
        if let Cause::Permitted(cause) = cause
            && committed > 0
        {
            self.partitions[pid.0 as usize].last_cause = Some(cause);
            self.log_mut(id).damaged = true;
        }
        let state = self.state_of(pid).cloned();
        let doubt = (committed > 0).then(|| self.in_doubt(pid, state.as_ref(), false)).flatten();
        let partition = &mut self.partitions[pid.0 as usize];
        if let Some(doubt) = doubt {
            partition.doubt = Some(doubt.join(partition.doubt));
        }
        self.losses.push(Loss { log: id, from, to, acked: 0, committed, how, cause });
    }

    fn elected(&mut self, node: NodeId, partition: &Partition, epoch: i32, start_offset: i64, ledger: &Ledger) {
        let Some(id) = self.by_id(node, partition.topic_id, partition.partition) else { return };
        self.log_mut(id).elections.push((epoch, start_offset));
        if self.is_replicated(id) {
            self.elected_among_others(id, epoch, ledger);
        }
        let incarnation = self.incarnation(node);
        self.partition_mut(id).led(Led { node, incarnation, epoch, start_offset });
    }

    fn elected_among_others(&mut self, id: LogId, epoch: i32, ledger: &Ledger) {
        let pid = self.partition_of(id);
        let (partition, log) = (self.partition(pid), self.log(id));
        // A broker may learn in one input that it leads and that the topic is gone: its disk is seen first.
        let removed = !log.present && self.topics.deletion_asked(&log.log.partition.topic);
        // Who comes late has lost nothing for anybody.
        if removed || partition.leader.is_some_and(|led| led.epoch > epoch) {
            return;
        }
        let (held, committed) = (partition.held_by(log), partition.committed_end());
        let chosen = partition.chosen.filter(|&(chosen, ..)| chosen == epoch);
        let now = match chosen {
            Some((_, doubt, _)) => doubt,
            None => self.in_doubt(pid, self.state_of(pid), true),
        };
        let doubt = now.map_or(partition.doubt, |now| Some(now.join(partition.doubt)));
        let rotten = rot(self, id, (held, committed), ledger).map(|cause| Doubt { from: held, to: committed, cause });
        let doubt = rotten.map_or(doubt, |rotten| Some(rotten.join(doubt)));
        let (missing, permitted) = split((held, committed), doubt);
        let clean = chosen.is_none_or(|(.., clean)| clean);
        let early = partition.early_held_by(log);
        self.lose_by_election(id, &missing, permitted);
        self.election = Some(Election { partition: pid, log: id, epoch, held, committed, missing, clean });
        self.lose_early(id, early, committed);
        let partition = self.partition_mut(id);
        // Several may have been chosen at once; who comes first settles nothing for those after it.
        partition.chosen = partition.chosen.filter(|&(chosen, ..)| chosen > epoch);
        if !clean {
            partition.unclean = Some(epoch);
        }
    }

    fn lose_by_election(&mut self, id: LogId, missing: &[(i64, i64)], permitted: Option<Doubt>) {
        let unexplained = missing.iter().map(|&range| (range, Cause::Unexplained));
        let permitted = permitted.map(|doubt| ((doubt.from, doubt.to), Cause::Permitted(doubt.cause)));
        let ranges: Vec<_> = unexplained.chain(permitted).collect();
        let Some(to) = ranges.iter().map(|&((from, _), _)| from).min() else { return };
        for (range, cause) in ranges {
            self.lose_globally(id, range, cause);
        }
        self.rebase(self.partition_of(id), to);
    }

    /// What was acknowledged before it was committed, and what the new leader does not have of it.
    fn lose_early(&mut self, id: LogId, (end, held): (i64, i64), committed: i64) {
        let partition = self.partition(self.partition_of(id));
        let from = held.max(committed);
        if from < end && partition.acked_in(from, end) > 0 {
            self.lose_globally(id, (from, end), Cause::Permitted(EARLY_ACK));
            self.rebase(self.partition_of(id), from);
        }
    }

    /// Whether a leader that has a successor wrote what stands in a range of its log, and it is not committed.
    pub(super) fn is_stray(&self, id: LogId, from: i64, to: i64) -> bool {
        let (partition, log) = (self.partition(self.partition_of(id)), self.log(id));
        let succeeded = log.batch(from).is_some_and(|held| partition.has_successor(held.leader_epoch));
        succeeded && partition.held_by(log) < to
    }

    /// It acknowledges it all the same: acks=1 asks nobody else.
    pub(super) fn lose_stray(&mut self, id: LogId, from: i64, to: i64) {
        self.partition_mut(id).lose_stray(from, to, EARLY_ACK);
        let (acked, cause) = (to - from, Cause::Permitted(EARLY_ACK));
        self.losses.push(Loss { log: id, from, to, acked, committed: 0, how: How::Elected, cause });
    }

    fn lose_globally(&mut self, id: LogId, (from, to): (i64, i64), cause: Cause) {
        let partition = self.partition_mut(id);
        let (acked, committed) = (partition.acked_in(from, to), to.saturating_sub(from));
        partition.forget_acked(from, to);
        if let Cause::Permitted(cause) = cause {
            partition.lose(from, to, cause);
        }
        self.losses.push(Loss { log: id, from, to, acked, committed, how: How::Elected, cause });
    }

    fn rebase(&mut self, id: PartitionId, to: i64) {
        let partition = &mut self.partitions[id.0 as usize];
        partition.rebase(to);
        (partition.doubt, partition.chosen) = (None, None);
        for log in partition.logs.clone() {
            let log = self.log_mut(log);
            log.robbed_of = log.robbed_of.min(to);
        }
    }

    pub(super) fn fetched(&mut self, fact: &Fact) {
        let Fact::FollowerFetched {
            node,
            replica,
            topic_id: Some(topic_id),
            partition,
            fetch_offset,
            current_leader_epoch,
            replica_epoch,
            ..
        } = fact
        else {
            return;
        };
        let Some(id) = self.by_id(*node, *topic_id, partition.partition) else { return };
        let led = self.log(id).elections.last().map_or(-1, |&(epoch, _)| epoch);
        // Its leader may not know yet that it leads, and takes the request up when it does.
        let epoch = if *current_leader_epoch == -1 { led } else { *current_leader_epoch };
        if epoch < led {
            return;
        }
        // It may have been sent by an incarnation that is no more.
        let sender = self.registered_in(*replica, *replica_epoch);
        let incarnation = sender.unwrap_or_else(|| self.incarnation(*replica));
        let fetch = Fetched { leader: *node, replica: *replica, incarnation, epoch, offset: *fetch_offset };
        self.partition_mut(id).fetched(fetch);
        self.recovers(*replica, *topic_id, partition.partition);
    }

    /// A replica that lost something is as good as any once it holds everything again.
    fn recovers(&mut self, replica: NodeId, topic_id: Uuid, partition: i32) {
        let Some(id) = self.by_id(replica, topic_id, partition).filter(|&id| self.log(id).damaged) else { return };
        let partition = self.partition(self.partition_of(id));
        if partition.held_by(self.log(id)) >= partition.committed_end() {
            self.log_mut(id).damaged = false;
        }
    }
}

/// The part of a range that is not in doubt, and the part that is.
fn split((from, to): (i64, i64), doubt: Option<Doubt>) -> (Vec<(i64, i64)>, Option<Doubt>) {
    let Some(doubt) = doubt else { return ([(from, to)].into_iter().filter(|(from, to)| from < to).collect(), None) };
    let (low, high) = (doubt.from.clamp(from, from.max(to)), doubt.to.clamp(from, from.max(to)));
    let sure = [(from, low), (high.max(low), to)].into_iter().filter(|(from, to)| from < to).collect();
    (sure, (low < high).then_some(Doubt { from: low, to: high, ..doubt }))
}

/// Bytes that changed under a broker that cannot know.
fn rot(ghost: &Ghost, id: LogId, (from, to): (i64, i64), ledger: &Ledger) -> Option<&'static str> {
    let scope = Scope::range(ghost.log(id), from, to);
    let rotten = ledger.excuse(&scope, CHANGED_BYTES).filter(|_| from < to)?;
    Some(if rotten == FaultKind::BitRot { "bit rot" } else { "misdirected write" })
}
