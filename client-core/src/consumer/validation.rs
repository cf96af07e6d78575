//! Validation of positions (KIP-320): before a consumer reads on under a new leader, it asks that leader where the epoch ends of which it
//! read last. If that is below its position, the log was cut there, as after an unclean election.
//!
//! With a reset policy the position then goes to where the logs diverge; without one the application is told, and must seek. A position
//! before which nothing was read since it was set has no epoch, and nothing to be validated. An answer about a position that has moved
//! meanwhile, or that belongs to another leader, is dropped.
//!
//! In one thing this is stricter than Kafka's client, which looks at the offset of the answer alone. A leader that knows nothing of the
//! epoch names an older one; if that one ends above the position, as after two unclean elections, other records stand below it, and
//! nobody knows since where. (Where compaction has taken all of an epoch, that is no reason for suspicion: to be told apart when there is
//! compaction.)

use super::Consumer;
use super::position::{Assigned, FetchPosition, Place};
use crate::config::OffsetReset;
use crate::core::Core;
use crate::token::Token;
use crate::{Bug, Client, Event, PollError, Position};
use std::collections::BTreeMap;
use wire::messages::offset_for_leader_epoch::{EpochEndOffset, OffsetForLeaderPartition, OffsetForLeaderTopic};
use wire::messages::{OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse};
use wire::{ApiKey, ErrorCode, Instant, Io, NodeId, Request, Response, TopicPartition};

/// Who asks: a consumer, not a follower.
const CONSUMER: i32 = -1;
/// Before this version the request says nothing of who asks: Kafka's client does not use it.
const LEAST_VERSION: i16 = 3;

/// A position that a leader is asked about.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    partition: TopicPartition,
    generation: u64,
    position: FetchPosition,
}

impl Consumer {
    /// Compares the leaders that are known with those that positions were validated against.
    pub(super) fn notice_leaders(&mut self, core: &Core) {
        for (partition, assigned) in &mut self.partitions {
            if let Some((_, epoch)) = core.metadata.leader(&partition.topic, partition.partition) {
                assigned.follow(epoch, core);
            }
        }
    }

    /// Asks the new leaders.
    pub(super) fn check(&mut self, core: &mut Core, io: &mut Io<'_, Client>) {
        let mut by_leader: BTreeMap<NodeId, Vec<Check>> = BTreeMap::new();
        for (partition, assigned) in &self.partitions {
            let Place::Unvalidated(position) = assigned.place else { continue };
            if assigned.not_before > io.now.mono {
                continue;
            }
            let leader = core.metadata.leader(&partition.topic, partition.partition);
            match leader.filter(|(node, _)| core.links.knows(*node)) {
                Some((node, _)) if core.links.ready(node, io) => by_leader.entry(node).or_default().push(Check {
                    partition: partition.clone(),
                    generation: assigned.generation,
                    position,
                }),
                Some(_) => {}
                None => core.metadata.want(&partition.topic),
            }
        }
        for (node, checks) in by_leader {
            self.ask(node, checks, core, io);
        }
    }

    /// A broker that cannot be asked is believed.
    fn ask(&mut self, node: NodeId, checks: Vec<Check>, core: &mut Core, io: &mut Io<'_, Client>) {
        let version = core.links.version(node, ApiKey::OffsetForLeaderEpoch).unwrap_or(-1);
        let request = Request::from(request(&checks));
        let asks =
            version >= LEAST_VERSION && core.links.send(node, &request, Some(Token::Check(checks.clone())), io).is_ok();
        for check in checks {
            if let Some(assigned) = self.partitions.get_mut(&check.partition) {
                let position = check.position;
                assigned.place = if asks { Place::Validating(position) } else { Place::At(position) };
            }
        }
    }

    /// A leader has answered, or was lost.
    pub(crate) fn checked(
        &mut self,
        checks: Vec<Check>,
        response: Option<Response>,
        core: &mut Core,
        io: &mut Io<'_, Client>,
    ) {
        let response = match response {
            Some(Response::OffsetForLeaderEpoch(response)) => Some(response),
            _ => None,
        };
        for check in checks {
            let Some(assigned) = self.partitions.get_mut(&check.partition) else { continue };
            if assigned.generation != check.generation || assigned.place != Place::Validating(check.position) {
                continue;
            }
            let answer = response.as_ref().and_then(|response| find(response, &check.partition));
            match answer.map(|answer| (ErrorCode::from_code(answer.error_code), answer)) {
                Some((ErrorCode::None, answer)) => self.complete(&check, answer, core, io),
                Some((ErrorCode::TopicAuthorizationFailed, answer)) => {
                    assigned.place = Place::None;
                    assigned.error = Some(PollError::Code(answer.error_code));
                }
                _ => {
                    assigned.place = Place::Unvalidated(check.position);
                    assigned.failures += 1;
                    assigned.not_before = core.retry_at(io.now.mono, assigned.failures);
                    core.metadata.want(&check.partition.topic);
                }
            }
        }
    }

    /// The leader has said where the epoch ends in its log.
    fn complete(&mut self, check: &Check, answer: &EpochEndOffset, core: &Core, io: &mut Io<'_, Client>) {
        let Some(assigned) = self.partitions.get_mut(&check.partition) else { return };
        let (partition, position) = (check.partition.clone(), check.position);
        assigned.failures = 0;
        let reaches = answer.end_offset >= position.offset;
        if reaches && answer.leader_epoch == position.offset_epoch {
            assigned.place = Place::At(position);
            return io.event(Event::PositionValidated { partition, leader_epoch: position.leader_epoch });
        }
        let is_known = answer.leader_epoch >= 0 && answer.end_offset >= 0 && !reaches;
        let diverging = is_known.then_some((answer.leader_epoch, answer.end_offset));
        let at = diverging.map(|(_, end_offset)| end_offset);
        io.event(Event::TruncationDetected { partition, position: position.offset, diverging: at });
        match (core.config.auto_offset_reset, diverging) {
            (OffsetReset::None, _) => {
                assigned.place = Place::None;
                assigned.error = Some(PollError::Truncated { position: position.offset, diverging });
            }
            (_, Some((offset_epoch, offset))) => {
                assigned.place = Place::At(FetchPosition { offset, offset_epoch, ..position });
            }
            (policy, None) => {
                self.generations += 1;
                assigned.move_to(self.generations, Position::Reset, policy, ErrorCode::OffsetOutOfRange);
            }
        }
    }
}

impl Assigned {
    /// The leader of an epoch is known. If it is another one than the position was validated against, its log must be asked about what was
    /// read; what lies in the buffer may not be in it.
    fn follow(&mut self, leader_epoch: i32, core: &Core) {
        let (Place::At(position) | Place::Unvalidated(position) | Place::Validating(position)) = self.place else {
            return;
        };
        if position.leader_epoch == leader_epoch {
            return;
        }
        let position = FetchPosition { leader_epoch, ..position };
        let validates = position.offset_epoch >= 0 && leader_epoch >= 0 && !core.config.bugs.has(Bug::K15);
        self.place = if validates { Place::Unvalidated(position) } else { Place::At(position) };
        (self.buffer, self.failures, self.not_before) = (None, 0, Instant::default());
    }
}

fn request(checks: &[Check]) -> OffsetForLeaderEpochRequest {
    let mut request = OffsetForLeaderEpochRequest { replica_id: CONSUMER, topics: Vec::new() };
    for Check { partition: TopicPartition { topic, partition }, position, .. } in checks {
        let one = OffsetForLeaderPartition {
            partition: *partition,
            current_leader_epoch: position.leader_epoch,
            leader_epoch: position.offset_epoch,
        };
        match request.topics.last_mut().filter(|asked| asked.topic == *topic) {
            Some(asked) => asked.partitions.push(one),
            None => request.topics.push(OffsetForLeaderTopic { topic: topic.clone(), partitions: vec![one] }),
        }
    }
    request
}

fn find<'a>(response: &'a OffsetForLeaderEpochResponse, partition: &TopicPartition) -> Option<&'a EpochEndOffset> {
    let topic = response.topics.iter().find(|topic| topic.topic == partition.topic)?;
    topic.partitions.iter().find(|one| one.partition == partition.partition)
}
