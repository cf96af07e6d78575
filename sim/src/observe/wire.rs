//! Reads along on the connections between clients and brokers: what was produced, fetched and asked for, and what was
//! answered.
//!
//! An answer is matched with its request by the correlation id, per connection. What does not parse tells nothing.
//! Topics are named: an id is looked up on the broker's disk, and in what Metadata answers have said. Left out on
//! purpose: connections between brokers, and every API that no fact is about.

use super::Observed;
use super::batch::{see, see_all};
use bytes::Bytes;
use properties::{BatchSeen, Fact, FactKind, FactSet, Payload};
use std::collections::BTreeMap;
use wire::messages::fetch::{FetchRequest, FetchResponse};
use wire::messages::list_offsets::{ListOffsetsRequest, ListOffsetsResponse};
use wire::messages::produce::{ProduceRequest, ProduceResponse};
use wire::messages::{ApiKey, Request, Response};
use wire::records::Batches;
use wire::{NodeId, Str, TopicPartition, Uuid};

/// A connection between a client and a node, as the World numbers it: unique over the run.
pub type Link = u32;

/// Reads along on every client connection of a run and tells what was asked and answered. Frames of a link must come
/// in the order in which the broker receives and sends them.
#[derive(Clone, Debug, Default)]
pub struct WireTap {
    wants: FactSet,
    facts: Vec<Fact>,
    /// Requests that wait for an answer, by link and correlation id.
    asked: BTreeMap<(Link, i32), Asked>,
    /// What Metadata answers said.
    names: BTreeMap<Uuid, Str>,
    /// What fetch sessions (KIP-227) remember: the fetch offsets of their partitions.
    sessions: BTreeMap<(NodeId, i32), Offsets>,
}

/// Fetch offsets, or timestamps asked for, by partition.
type Offsets = BTreeMap<TopicPartition, i64>;

/// A request that waits for its answer.
#[derive(Clone, Debug)]
struct Asked {
    version: i16,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Produce { acks: i16, batches: BTreeMap<TopicPartition, Produced> },
    Fetch { session: i32, last: bool, offsets: Offsets },
    ListOffsets { timestamps: Offsets },
    Metadata,
}

/// A batch that was handed to a broker.
#[derive(Clone, Debug, Default)]
struct Produced {
    /// Of the log that it was for, at that moment: by the time of the answer another topic may have the name, or none.
    topic_id: Option<Uuid>,
    uids: Vec<Payload>,
}

impl What {
    fn api(&self) -> ApiKey {
        match self {
            What::Produce { .. } => ApiKey::Produce,
            What::Fetch { .. } => ApiKey::Fetch,
            What::ListOffsets { .. } => ApiKey::ListOffsets,
            What::Metadata => ApiKey::Metadata,
        }
    }
}

/// Where an answer comes from.
#[derive(Clone, Copy)]
struct From<'a> {
    disk: &'a Observed,
    client: u16,
    correlation: (Link, i32),
}

impl WireTap {
    /// Builds only facts of the kinds that are wanted.
    #[must_use]
    pub fn new(wants: FactSet) -> WireTap {
        WireTap { wants, ..WireTap::default() }
    }

    /// A request is handed to the broker that has this disk.
    pub fn request(&mut self, disk: &Observed, link: Link, client: u16, frame: &Bytes) {
        if !self.reads(frame) {
            return;
        }
        let Ok((header, request)) = Request::decode(frame) else { return };
        let from = From { disk, client, correlation: (link, header.correlation_id) };
        let what = match request {
            Request::Produce(body) => self.produce_asked(from, &body),
            Request::Fetch(body) => Some(self.fetch_asked(from, &body)),
            Request::ListOffsets(body) => Some(What::ListOffsets { timestamps: timestamps(&body) }),
            Request::Metadata(_) => Some(What::Metadata),
            _ => None,
        };
        if let Some(what) = what {
            self.asked.insert(from.correlation, Asked { version: header.api_version, what });
        }
    }

    /// An answer left the broker that has this disk.
    pub fn response(&mut self, disk: &Observed, link: Link, client: u16, frame: &Bytes) {
        let Some(correlation_id) = frame.first_chunk().map(|bytes| i32::from_be_bytes(*bytes)) else { return };
        let Some(Asked { version, what }) = self.asked.remove(&(link, correlation_id)) else { return };
        let Ok((_, response)) = Response::decode(what.api(), version, frame) else { return };
        let from = From { disk, client, correlation: (link, correlation_id) };
        match (what, response) {
            (What::Produce { acks, batches }, Response::Produce(body)) => {
                self.produce_answered(from, acks, batches, &body);
            }
            (What::Fetch { session, last, offsets }, Response::Fetch(body)) => {
                self.fetch_answered(from, &offsets, &body);
                self.remember(disk.node(), session, last, body.session_id, offsets);
            }
            (What::ListOffsets { timestamps }, Response::ListOffsets(body)) => {
                self.offset_answered(from, &timestamps, &body);
            }
            (_, Response::Metadata(body)) => {
                let known = body.topics.into_iter().filter(|topic| topic.topic_id != Uuid::ZERO);
                self.names.extend(known.filter_map(|topic| Some((topic.topic_id, topic.name?))));
            }
            _ => {}
        }
    }

    /// The link is closed; answers that have not come will not.
    pub fn closed(&mut self, link: Link) {
        let gone: Vec<_> = self.asked.range((link, i32::MIN)..=(link, i32::MAX)).map(|(&key, _)| key).collect();
        gone.iter().for_each(|key| drop(self.asked.remove(key)));
    }

    /// What was learned since the last call, in order.
    pub fn take_facts(&mut self) -> Vec<Fact> {
        std::mem::take(&mut self.facts)
    }

    /// Whether a request is of an API that somebody wants to know about.
    fn reads(&self, frame: &Bytes) -> bool {
        let wants = |kind| self.wants.has(kind);
        match frame.first_chunk().and_then(|key| ApiKey::from_key(i16::from_be_bytes(*key))) {
            Some(ApiKey::Produce) => wants(FactKind::ProduceReceived) || wants(FactKind::ProduceAnswered),
            Some(ApiKey::Fetch) => wants(FactKind::FetchAnswered),
            Some(ApiKey::ListOffsets) => wants(FactKind::OffsetAnswered),
            Some(ApiKey::Metadata) => true,
            _ => false,
        }
    }

    /// A partition by name or, where the version says so, by id; None if nobody knows the id.
    fn partition(&self, disk: &Observed, name: &Str, id: Uuid, partition: i32) -> Option<TopicPartition> {
        let topic = match id {
            Uuid::ZERO => name.clone(),
            id => disk.topic_name(id).or_else(|| self.names.get(&id).cloned())?,
        };
        Some(TopicPartition { topic, partition })
    }

    fn produce_asked(&mut self, from: From<'_>, body: &ProduceRequest) -> Option<What> {
        let mut batches = BTreeMap::new();
        for topic in &body.topic_data {
            for data in &topic.partition_data {
                let Some(partition) = self.partition(from.disk, &topic.name, topic.topic_id, data.index) else {
                    continue;
                };
                let first = data.records.clone().and_then(|records| Batches::new(records).next());
                let batch = first.as_ref().map(see);
                let topic_id = from.disk.topic_id(&partition.topic, partition.partition);
                let uids = batch.as_ref().map_or_else(Vec::new, payloads);
                batches.insert(partition.clone(), Produced { topic_id, uids });
                if self.wants.has(FactKind::ProduceReceived) {
                    let (node, client, correlation) = (from.disk.node(), from.client, from.correlation);
                    self.facts.push(Fact::ProduceReceived {
                        node,
                        client,
                        correlation,
                        acks: body.acks,
                        partition,
                        batch,
                    });
                }
            }
        }
        (body.acks != 0).then_some(What::Produce { acks: body.acks, batches })
    }

    fn produce_answered(
        &mut self,
        from: From<'_>,
        acks: i16,
        mut batches: BTreeMap<TopicPartition, Produced>,
        body: &ProduceResponse,
    ) {
        if !self.wants.has(FactKind::ProduceAnswered) {
            return;
        }
        for topic in &body.responses {
            for answer in &topic.partition_responses {
                let Some(partition) = self.partition(from.disk, &topic.name, topic.topic_id, answer.index) else {
                    continue;
                };
                let Produced { topic_id, uids } = batches.remove(&partition).unwrap_or_default();
                self.facts.push(Fact::ProduceAnswered {
                    node: from.disk.node(),
                    client: from.client,
                    correlation: from.correlation,
                    acks,
                    topic_id,
                    error: answer.error_code,
                    base_offset: answer.base_offset,
                    uids,
                    partition,
                });
            }
        }
    }

    fn fetch_asked(&self, from: From<'_>, body: &FetchRequest) -> What {
        // Epoch 0 asks for a new session, -1 for none (or the end of one); both name all their partitions.
        let goes_on = body.session_id != 0 && body.session_epoch > 0;
        let known = self.sessions.get(&(from.disk.node(), body.session_id)).filter(|_| goes_on);
        let mut offsets = known.cloned().unwrap_or_default();
        for topic in &body.forgotten_topics_data {
            for &index in &topic.partitions {
                let forgotten = self.partition(from.disk, &topic.topic, topic.topic_id, index);
                forgotten.and_then(|partition| offsets.remove(&partition));
            }
        }
        for topic in &body.topics {
            for asked in &topic.partitions {
                let partition = self.partition(from.disk, &topic.topic, topic.topic_id, asked.partition);
                offsets.extend(partition.map(|partition| (partition, asked.fetch_offset)));
            }
        }
        What::Fetch { session: body.session_id, last: body.session_epoch == -1, offsets }
    }

    /// A session remembers what its last answered request asked for.
    fn remember(&mut self, node: NodeId, asked: i32, last: bool, answered: i32, offsets: Offsets) {
        if last || answered != asked {
            self.sessions.remove(&(node, asked));
        }
        if answered != 0 {
            self.sessions.insert((node, answered), offsets);
        }
    }

    fn fetch_answered(&mut self, from: From<'_>, offsets: &Offsets, body: &FetchResponse) {
        for topic in &body.responses {
            for answer in &topic.partitions {
                let Some(partition) = self.partition(from.disk, &topic.topic, topic.topic_id, answer.partition_index)
                else {
                    continue;
                };
                let Some(&fetch_offset) = offsets.get(&partition) else { continue };
                self.facts.push(Fact::FetchAnswered {
                    node: from.disk.node(),
                    client: Some(from.client),
                    topic_id: from.disk.topic_id(&partition.topic, partition.partition),
                    partition,
                    fetch_offset,
                    error: answer.error_code,
                    high_watermark: answer.high_watermark,
                    log_start_offset: answer.log_start_offset,
                    batches: answer.records.clone().map_or_else(Vec::new, see_all),
                });
            }
        }
    }

    fn offset_answered(&mut self, from: From<'_>, timestamps: &Offsets, body: &ListOffsetsResponse) {
        for topic in &body.topics {
            for answer in &topic.partitions {
                let partition = TopicPartition { topic: topic.name.clone(), partition: answer.partition_index };
                let Some(&timestamp) = timestamps.get(&partition) else { continue };
                let (node, error, offset) = (from.disk.node(), answer.error_code, answer.offset);
                self.facts.push(Fact::OffsetAnswered { node, partition, timestamp, error, offset });
            }
        }
    }
}

fn payloads(batch: &BatchSeen) -> Vec<Payload> {
    batch.records.iter().filter_map(|record| record.payload.clone()).collect()
}

fn timestamps(body: &ListOffsetsRequest) -> Offsets {
    let each = |topic: &wire::messages::list_offsets::ListOffsetsTopic| {
        let name = topic.name.clone();
        let partitions = topic.partitions.clone().into_iter();
        partitions.map(move |asked| {
            (TopicPartition { topic: name.clone(), partition: asked.partition_index }, asked.timestamp)
        })
    };
    body.topics.iter().flat_map(each).collect()
}
