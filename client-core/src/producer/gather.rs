//! From sends to batches.

use super::batch::{Batch, Send, size_bound};
use super::partitioner::for_key;
use super::queue::{TopicQueue, Waiting};
use super::{Producer, done};
use crate::core::Core;
use crate::draw::Purpose;
use crate::metadata::Topic;
use crate::{Client, Record, SendOutcome};
use wire::records::HEADER_LEN;
use wire::{ErrorCode, Io, OpId, Str};

/// What fits into a string of Kafka's protocol.
const MAX_TOPIC: usize = i16::MAX as usize;

impl Producer {
    /// An application sends a record.
    pub(crate) fn send(
        &mut self,
        op: OpId,
        (topic, partition): (Str, Option<i32>),
        record: Record,
        core: &Core,
        io: &mut Io<'_, Client>,
    ) {
        if let Some(error) = refusal(&topic, &record, core) {
            return io.push(done(op, SendOutcome::Failed { error: error.code(), partition }));
        }
        self.sends += 1;
        let send = Send { op, ordinal: self.sends };
        let deadline = io.now.mono + core.config.max_block;
        let waiting = Waiting { send, partition, record, deadline };
        self.topics.entry(topic).or_default().waiting.push_back(waiting);
    }

    /// Moves sends into batches, as far as metadata and memory allow.
    pub(super) fn admit(&mut self, core: &mut Core, io: &mut Io<'_, Client>) {
        self.starved = false;
        for (name, queue) in &mut self.topics {
            while let Some(waiting) = queue.waiting.front() {
                match place(name, waiting, core) {
                    Place::Refused(error) => {
                        let (op, partition) = (waiting.send.op, waiting.partition);
                        io.push(done(op, SendOutcome::Failed { error: error.code(), partition }));
                        queue.waiting.pop_front();
                    }
                    Place::Unknown => {
                        core.metadata.want(name);
                        break;
                    }
                    Place::Known => {
                        let bytes = size_bound(&waiting.record) as u64;
                        let full = self.memory.saturating_add(bytes) > u64::from(core.config.buffer_memory);
                        self.starved |= full;
                        let Some(topic) = core.metadata.topic(name).filter(|_| !full) else { break };
                        let Some(waiting) = queue.waiting.pop_front() else { break };
                        self.memory += bytes;
                        append(queue, &waiting, topic, name, core, io);
                    }
                }
            }
        }
    }
}

/// Why a record can never be sent.
fn refusal(topic: &Str, record: &Record, core: &Core) -> Option<ErrorCode> {
    if topic.is_empty() || topic.len() > MAX_TOPIC {
        return Some(ErrorCode::InvalidTopicException);
    }
    let size = HEADER_LEN.saturating_add(size_bound(record));
    let most = core.config.max_request_size.min(core.config.buffer_memory);
    (size as u64 > u64::from(most)).then_some(ErrorCode::MessageTooLarge)
}

/// Whether a send's partition can be told.
enum Place {
    Known,
    Unknown,
    Refused(ErrorCode),
}

fn place(name: &Str, waiting: &Waiting, core: &Core) -> Place {
    match core.metadata.error(name) {
        Some(error @ (ErrorCode::InvalidTopicException | ErrorCode::TopicAuthorizationFailed)) => {
            return Place::Refused(error);
        }
        Some(_) => return Place::Unknown,
        None => {}
    }
    let count = core.metadata.topic(name).map_or(0, |topic| topic.partitions.len());
    match waiting.partition {
        None if count > 0 => Place::Known,
        Some(partition) if usize::try_from(partition).is_ok_and(|index| index < count) => Place::Known,
        Some(..0) => Place::Refused(ErrorCode::UnknownTopicOrPartition),
        _ => Place::Unknown,
    }
}

/// Puts a record into the last batch of its partition, or into a new one.
fn append(queue: &mut TopicQueue, waiting: &Waiting, topic: &Topic, name: &Str, core: &Core, io: &Io<'_, Client>) {
    let config = &core.config;
    let batch_size = usize::try_from(config.batch_size).unwrap_or(usize::MAX);
    let bound = size_bound(&waiting.record);
    let partition = choose(queue, waiting, topic, name, core, bound as u64);
    let batches = &mut queue.partition(usize::try_from(partition).unwrap_or(0)).batches;
    if !batches.back().is_some_and(|batch| batch.has_room(bound, batch_size)) {
        if let Some(full) = batches.back_mut() {
            full.seal();
        }
        batches.push_back(Batch::new(io.now.mono, config.compression));
    }
    if let Some(batch) = batches.back_mut() {
        let timestamp = waiting.record.timestamp.unwrap_or(io.now.wall.0);
        batch.push(waiting.send, &waiting.record, timestamp);
    }
}

/// The partition of a record: its own, its key's, or the sticky one.
fn choose(queue: &mut TopicQueue, waiting: &Waiting, topic: &Topic, name: &Str, core: &Core, bytes: u64) -> i32 {
    if let Some(partition) = waiting.partition {
        return partition;
    }
    if let (Some(key), false) = (&waiting.record.key, core.config.partitioner_ignore_keys) {
        return for_key(key, topic.partitions.len());
    }
    let partition = sticky(queue, topic, name, core);
    queue.sticky.count(bytes, u64::from(core.config.batch_size));
    partition
}

/// The topic's sticky partition.
pub(super) fn sticky(queue: &mut TopicQueue, topic: &Topic, name: &Str, core: &Core) -> i32 {
    let led = (0..).zip(&topic.partitions).filter(|(_, leader)| leader.node.is_some()).map(|(index, _)| index);
    let draw = name.as_bytes().iter().fold(core.draw.of(Purpose::Sticky), |draw, &byte| draw.at(u64::from(byte)));
    queue.sticky.choose(topic.partitions.len(), &led, draw)
}
