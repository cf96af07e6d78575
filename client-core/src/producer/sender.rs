//! From batches to produce requests, and what their answers mean.

use super::batch::Batch;
use super::gather::sticky;
use super::queue::PartitionQueue;
use super::verdict::is_definite;
use super::{Producer, Sent, acked, fail, tp};
use crate::config::Acks;
use crate::core::Core;
use crate::token::Token;
use crate::{Bug, Client, Event};
use wire::messages::produce::{PartitionProduceData, PartitionProduceResponse, TopicProduceData};
use wire::messages::{ProduceRequest, ProduceResponse};
use wire::{ErrorClass, ErrorCode, Instant, Io, NodeId, Request, Response, Str, Uuid};

impl Producer {
    /// Sends what is ready to the leaders that can take it.
    pub(super) fn drain(&mut self, core: &mut Core, io: &mut Io<'_, Client>) {
        while let Some(node) = self.next_leader(core, io) {
            if !self.send_to(node, core, io) {
                break;
            }
        }
    }

    /// A leader that has a batch to be sent now, and that can be sent to.
    fn next_leader(&self, core: &mut Core, io: &mut Io<'_, Client>) -> Option<NodeId> {
        for (name, queue) in &self.topics {
            for (index, partition) in (0..).zip(&queue.partitions) {
                if self.ready_at(name, index, partition, core) > io.now.mono {
                    continue;
                }
                match core.metadata.leader(name, index).filter(|(node, _)| core.links.knows(*node)) {
                    Some((node, _)) if core.links.ready(node, io) => return Some(node),
                    Some(_) => {}
                    None => core.metadata.want(name),
                }
            }
        }
        None
    }

    /// When a partition's first batch is to be sent: at once if it is full or somebody waits, else when it has lingered; after a failure
    /// when the backoff is over, unless another leader was elected meanwhile (KIP-951).
    pub(super) fn ready_at(&self, name: &Str, index: i32, partition: &PartitionQueue, core: &Core) -> Instant {
        let Some(first) = partition.batches.front() else { return Instant::NEVER };
        if core.config.max_in_flight == 1 && !partition.in_flight.is_empty() {
            return Instant::NEVER;
        }
        if first.attempts > 0 {
            let epoch = core.metadata.leader(name, index).map_or(-1, |(_, epoch)| epoch);
            return if epoch > first.epoch { first.created } else { first.not_before };
        }
        let batch_size = usize::try_from(core.config.batch_size).unwrap_or(usize::MAX);
        let somebody_waits = self.closing || self.starved || !self.flushes.is_empty();
        if somebody_waits || partition.batches.len() > 1 || first.is_full(batch_size) {
            return first.created;
        }
        first.created + core.config.linger
    }

    /// Sends one request with the oldest batches for a leader, one of each partition, as many as `max.request.size` takes. What only
    /// lingers goes along, as in Kafka.
    fn send_to(&mut self, node: NodeId, core: &mut Core, io: &mut Io<'_, Client>) -> bool {
        let mut taken = self.take_batches(node, core, io.now.mono);
        let mut request = ProduceRequest { acks: core.config.acks.number(), ..ProduceRequest::default() };
        request.timeout_ms = i32::try_from(core.config.request_timeout.as_millis()).unwrap_or(i32::MAX);
        let mut sent = Vec::with_capacity(taken.len());
        for (name, index, batch) in &mut taken {
            let topic_id = core.metadata.topic(name).map_or(Uuid::ZERO, |topic| topic.id);
            if request.topic_data.last().is_none_or(|topic| topic.name != *name) {
                request.topic_data.push(TopicProduceData { name: name.clone(), topic_id, partition_data: Vec::new() });
            }
            if let Some(topic) = request.topic_data.last_mut() {
                topic.partition_data.push(PartitionProduceData { index: *index, records: Some(batch.seal()) });
            }
            sent.push(Sent { partition: tp(name, *index), topic_id, batch: batch.id() });
        }
        let token = (core.config.acks != Acks::None).then_some(Token::Produce(sent));
        let said = core.links.send(node, &Request::from(request), token, io);
        let any = !taken.is_empty();
        for (name, index, batch) in taken {
            match said {
                Ok(()) => self.sent(&name, index, batch, core, io),
                Err(_) => self.unsaid(batch, index, io),
            }
        }
        any
    }

    fn take_batches(&mut self, node: NodeId, core: &Core, now: Instant) -> Vec<(Str, i32, Batch)> {
        let mut candidates = Vec::new();
        for (name, queue) in &self.topics {
            for (index, partition) in (0..).zip(&queue.partitions) {
                let Some(first) = partition.batches.front() else { continue };
                let retries_later = first.attempts > 0 && self.ready_at(name, index, partition, core) > now;
                let muted = core.config.max_in_flight == 1 && !partition.in_flight.is_empty();
                let here = core.metadata.leader(name, index).is_some_and(|(leader, _)| leader == node);
                if here && !retries_later && !muted {
                    candidates.push((first.id(), first.size(), name.clone(), index));
                }
            }
        }
        candidates.sort_unstable();
        let mut room = usize::try_from(core.config.max_request_size).unwrap_or(usize::MAX);
        let mut chosen: Vec<(Str, i32)> = Vec::with_capacity(candidates.len());
        for (_, size, name, index) in candidates {
            if size <= room || chosen.is_empty() {
                room = room.saturating_sub(size);
                chosen.push((name, index));
            }
        }
        chosen.sort_unstable();
        chosen.into_iter().filter_map(|(name, index)| self.pop(name, index)).collect()
    }

    fn pop(&mut self, name: Str, index: i32) -> Option<(Str, i32, Batch)> {
        let batch = self.partition(&name, index)?.batches.pop_front()?;
        Some((name, index, batch))
    }

    fn partition(&mut self, name: &Str, index: i32) -> Option<&mut PartitionQueue> {
        self.topics.get_mut(name)?.partitions.get_mut(usize::try_from(index).ok()?)
    }

    /// A batch is on its way. With acks=0 that is all that will ever be known of it.
    fn sent(&mut self, name: &Str, index: i32, mut batch: Batch, core: &Core, io: &mut Io<'_, Client>) {
        batch.attempts += 1;
        batch.epoch = core.metadata.leader(name, index).map_or(-1, |(_, epoch)| epoch);
        let records = u32::try_from(batch.sends.len()).unwrap_or(u32::MAX);
        io.event(Event::BatchSent { partition: tp(name, index), records, attempt: batch.attempts });
        if core.config.acks == Acks::None {
            self.memory = self.memory.saturating_sub(batch.memory);
            acked(&batch, index, None, io);
        } else if let Some(partition) = self.partition(name, index) {
            partition.in_flight.push(batch);
        }
    }

    /// The broker's versions cannot say the request.
    fn unsaid(&mut self, mut batch: Batch, index: i32, io: &mut Io<'_, Client>) {
        batch.error = ErrorCode::UnsupportedVersion.code();
        self.memory = self.memory.saturating_sub(batch.memory);
        fail(&batch, index, io);
    }

    /// A request was answered, or lost with its connection.
    pub(crate) fn answered(
        &mut self,
        sent: Vec<Sent>,
        response: Option<Response>,
        core: &mut Core,
        io: &mut Io<'_, Client>,
    ) {
        let Some(Response::Produce(response)) = response else {
            for one in sent {
                core.metadata.want(&one.partition.topic);
                self.failed(&one, Error::Lost, core, io);
            }
            return;
        };
        core.meet(response.node_endpoints.iter().map(|at| (at.node_id, at.host.clone(), at.port)));
        for one in sent {
            match find(&response, &one) {
                Some(answer) => self.told(&one, answer, core, io),
                None => self.failed(&one, Error::Lost, core, io),
            }
        }
    }

    fn told(&mut self, sent: &Sent, answer: &PartitionProduceResponse, core: &mut Core, io: &mut Io<'_, Client>) {
        let error = ErrorCode::from_code(answer.error_code);
        if error != ErrorCode::None {
            let named = &answer.current_leader;
            core.hinted(&sent.partition, (NodeId(named.leader_id), named.leader_epoch), io);
            return self.failed(sent, Error::Answered(error), core, io);
        }
        let index = sent.partition.partition;
        let Some(partition) = self.partition(&sent.partition.topic, index) else { return };
        let Some(batch) = partition.answered(sent.batch) else { return };
        if core.config.bugs.has(Bug::Z02) {
            partition.in_flight.push(batch.clone());
        }
        self.memory = self.memory.saturating_sub(batch.memory);
        acked(&batch, index, Some(answer.base_offset).filter(|&base| base >= 0), io);
    }

    /// An attempt failed: the batch is split, tried again, or given up.
    fn failed(&mut self, sent: &Sent, error: Error, core: &mut Core, io: &mut Io<'_, Client>) {
        let (name, index) = (&sent.partition.topic, sent.partition.partition);
        let Some(mut batch) = self.partition(name, index).and_then(|partition| partition.answered(sent.batch)) else {
            return;
        };
        let ambiguous = error.is_ambiguous(core);
        batch.error = error.code();
        batch.ambiguous |= ambiguous;
        if error.class() == ErrorClass::Refresh {
            core.metadata.want(name);
        }
        if error == Error::Answered(ErrorCode::MessageTooLarge) && batch.sends.len() > 1 {
            return self.split(sent, batch, core, io);
        }
        if error.class() == ErrorClass::Fatal || batch.attempts > core.config.retries {
            self.memory = self.memory.saturating_sub(batch.memory);
            return fail(&batch, index, io);
        }
        batch.not_before = core.retry_at(io.now.mono, batch.attempts);
        io.event(Event::Retrying { partition: sent.partition.clone(), error: batch.error, ambiguous });
        let index = if core.config.bugs.has(Bug::K04) { self.choose_anew(name, index, core) } else { index };
        if let Some(queue) = self.topics.get_mut(name) {
            queue.partition(usize::try_from(index).unwrap_or(0)).put_back(batch);
        }
    }

    /// Too large as one, perhaps not as two (KIP-126). Half goes back first, then the other half.
    fn split(&mut self, sent: &Sent, batch: Batch, core: &Core, io: &mut Io<'_, Client>) {
        let index = sent.partition.partition;
        match batch.split(core.config.compression) {
            Ok((head, tail)) => {
                let error = ErrorCode::MessageTooLarge.code();
                io.event(Event::Retrying { partition: sent.partition.clone(), error, ambiguous: false });
                let Some(partition) = self.partition(&sent.partition.topic, index) else { return };
                partition.put_back(head);
                partition.put_back(tail);
            }
            Err(batch) => {
                self.memory = self.memory.saturating_sub(batch.memory);
                fail(&batch, index, io);
            }
        }
    }

    /// K04's other partition.
    fn choose_anew(&mut self, name: &Str, index: i32, core: &Core) -> i32 {
        let (Some(queue), Some(topic)) = (self.topics.get_mut(name), core.metadata.topic(name)) else { return index };
        queue.sticky.leave();
        sticky(queue, topic, name, core)
    }
}

/// How an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Error {
    /// With its connection, or by an answer that leaves the batch out.
    Lost,
    Answered(ErrorCode),
}

impl Error {
    fn code(self) -> i16 {
        match self {
            Error::Lost => -1,
            Error::Answered(error) => error.code(),
        }
    }

    fn class(self) -> ErrorClass {
        match self {
            Error::Lost => ErrorClass::Refresh,
            Error::Answered(error) => error.class(),
        }
    }

    fn is_ambiguous(self, core: &Core) -> bool {
        match self {
            Error::Lost => true,
            Error::Answered(error) => !is_definite(error, &core.config.bugs),
        }
    }
}

fn find<'a>(response: &'a ProduceResponse, sent: &Sent) -> Option<&'a PartitionProduceResponse> {
    let by_id = |id: Uuid| id != Uuid::ZERO && id == sent.topic_id;
    let mut topics =
        response.responses.iter().filter(|topic| topic.name == sent.partition.topic || by_id(topic.topic_id));
    topics.find_map(|topic| topic.partition_responses.iter().find(|one| one.index == sent.partition.partition))
}
