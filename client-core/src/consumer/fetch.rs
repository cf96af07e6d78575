//! Long polls: one fetch in flight per leader, for all its partitions that have nothing buffered.

use super::Consumer;
use super::buffer::Buffer;
use super::position::{Assigned, FetchPosition, Place};
use crate::config::OffsetReset;
use crate::core::Core;
use crate::token::Token;
use crate::{Bug, Client, PollError, Position};
use std::collections::BTreeMap;
use wire::messages::fetch::{FetchPartition, FetchTopic, PartitionData};
use wire::messages::{FetchRequest, FetchResponse};
use wire::{ErrorClass, ErrorCode, Io, NodeId, Request, Response, TopicPartition, Uuid};

/// A fetch in flight.
#[derive(Clone, Debug)]
pub(crate) struct Fetching {
    node: NodeId,
    asked: Vec<Asked>,
}

#[derive(Clone, Debug)]
struct Asked {
    partition: TopicPartition,
    topic_id: Uuid,
    generation: u64,
    position: FetchPosition,
}

impl Consumer {
    /// Asks the leaders for more, as long as a poll waits or has just been answered.
    pub(super) fn fetch(&mut self, core: &mut Core, io: &mut Io<'_, Client>) {
        if self.polls.is_empty() && !std::mem::take(&mut self.prefetch) {
            return;
        }
        let mut by_leader: BTreeMap<NodeId, Vec<(TopicPartition, FetchPosition)>> = BTreeMap::new();
        for (partition, assigned) in &self.partitions {
            let Some(position) = assigned.wants(io.now.mono) else { continue };
            let leader = core.metadata.leader(&partition.topic, partition.partition);
            match leader.filter(|(node, _)| core.links.knows(*node)) {
                Some((node, _)) if self.fetching.contains(&node) => {}
                Some((node, _)) if core.links.ready(node, io) => {
                    by_leader.entry(node).or_default().push((partition.clone(), position));
                }
                Some(_) => {}
                None => core.metadata.want(&partition.topic),
            }
        }
        for (node, partitions) in by_leader {
            self.fetch_from(node, partitions, core, io);
        }
    }

    fn fetch_from(
        &mut self,
        node: NodeId,
        partitions: Vec<(TopicPartition, FetchPosition)>,
        core: &mut Core,
        io: &mut Io<'_, Client>,
    ) {
        let mut request = request(core);
        let mut asked = Vec::with_capacity(partitions.len());
        for (partition, position) in partitions {
            let Some(assigned) = self.partitions.get_mut(&partition) else { continue };
            let id = core.metadata.topic(&partition.topic).map_or(Uuid::ZERO, |topic| topic.id);
            assigned.topic_id = id;
            let one = FetchPartition {
                partition: partition.partition,
                current_leader_epoch: position.leader_epoch,
                fetch_offset: position.offset,
                partition_max_bytes: int(core.config.max_partition_fetch_bytes),
                ..FetchPartition::default()
            };
            match request.topics.last_mut().filter(|topic| topic.topic == partition.topic) {
                Some(topic) => topic.partitions.push(one),
                None => {
                    request.topics.push(FetchTopic {
                        topic: partition.topic.clone(),
                        topic_id: id,
                        partitions: vec![one],
                    });
                }
            }
            asked.push(Asked { partition, topic_id: id, generation: assigned.generation, position });
        }
        let token = Token::Fetch(Fetching { node, asked });
        match core.links.send(node, &Request::from(request), Some(token), io) {
            Ok(()) => _ = self.fetching.insert(node),
            Err(_) => self.unsaid(),
        }
    }

    /// The broker's versions cannot say the request: nothing can be read there, and the application must know.
    fn unsaid(&mut self) {
        for assigned in self.partitions.values_mut().filter(|assigned| matches!(assigned.place, Place::At(_))) {
            assigned.error = Some(PollError::Code(ErrorCode::UnsupportedVersion.code()));
        }
    }

    /// A fetch was answered, or lost with its connection.
    pub(crate) fn answered(
        &mut self,
        fetching: Fetching,
        response: Option<Response>,
        core: &mut Core,
        io: &mut Io<'_, Client>,
    ) {
        // K26 (Bufstream's stuck consumers): a fetch that is lost stays in flight for ever.
        if response.is_some() || !core.config.bugs.has(Bug::K26) {
            self.fetching.remove(&fetching.node);
        }
        let Some(Response::Fetch(mut response)) = response else {
            fetching.asked.iter().for_each(|asked| core.metadata.want(&asked.partition.topic));
            return;
        };
        core.meet(response.node_endpoints.iter().map(|at| (at.node_id, at.host.clone(), at.port)));
        for asked in fetching.asked {
            let Some(assigned) = self.partitions.get_mut(&asked.partition) else { continue };
            if assigned.generation != asked.generation || assigned.place != Place::At(asked.position) {
                continue;
            }
            match (response.error_code, find(&mut response, &asked)) {
                (0, None) => {}
                (0, Some(data)) if data.error_code == 0 => assigned.received(data, core),
                (0, Some(data)) => self.failed(&asked, &data, core, io),
                (code, _) => {
                    let data = PartitionData { error_code: code, ..PartitionData::default() };
                    self.failed(&asked, &data, core, io);
                }
            }
        }
    }

    /// What the application cannot help is tried again after a backoff; the rest it is told.
    fn failed(&mut self, asked: &Asked, data: &PartitionData, core: &mut Core, io: &mut Io<'_, Client>) {
        let Some(assigned) = self.partitions.get_mut(&asked.partition) else { return };
        let error = ErrorCode::from_code(data.error_code);
        assigned.failures += 1;
        assigned.not_before = core.retry_at(io.now.mono, assigned.failures);
        let named = &data.current_leader;
        core.hinted(&asked.partition, (NodeId(named.leader_id), named.leader_epoch), io);
        match (error, error.class()) {
            (ErrorCode::OffsetOutOfRange, _) if core.config.auto_offset_reset != OffsetReset::None => {
                self.generations += 1;
                assigned.move_to(self.generations, Position::Reset, core.config.auto_offset_reset, error);
            }
            // A broker that says CORRUPT_MESSAGE found its own log damaged: asking again finds the same.
            (ErrorCode::CorruptMessage, _) => assigned.error = Some(PollError::Code(error.code())),
            (_, ErrorClass::Refresh) => core.metadata.want(&asked.partition.topic),
            (_, ErrorClass::Retry) | (ErrorCode::UnknownServerError, _) => {}
            (_, ErrorClass::Fatal) => assigned.error = Some(PollError::Code(error.code())),
        }
    }
}

impl Assigned {
    fn received(&mut self, data: PartitionData, core: &Core) {
        self.failures = 0;
        let (Some(bytes), Place::At(position)) = (data.records, self.place) else { return };
        if !bytes.is_empty() {
            let aborted = data.aborted_transactions.unwrap_or_default();
            self.buffer = Some(Buffer::new(position, bytes, aborted, &core.config));
        }
    }
}

fn request(core: &Core) -> FetchRequest {
    FetchRequest {
        max_wait_ms: i32::try_from(core.config.fetch_max_wait.as_millis()).unwrap_or(i32::MAX),
        min_bytes: int(core.config.fetch_min_bytes),
        max_bytes: int(core.config.fetch_max_bytes),
        isolation_level: core.config.isolation.number(),
        ..FetchRequest::default()
    }
}

fn int(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// Takes a partition's data out of an answer.
fn find(response: &mut FetchResponse, asked: &Asked) -> Option<PartitionData> {
    let by_id = |id: Uuid| id != Uuid::ZERO && id == asked.topic_id;
    let mut topics =
        response.responses.iter_mut().filter(|topic| topic.topic == asked.partition.topic || by_id(topic.topic_id));
    let data = topics
        .find_map(|topic| topic.partitions.iter_mut().find(|one| one.partition_index == asked.partition.partition))?;
    Some(std::mem::take(data))
}
