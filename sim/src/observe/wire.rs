//! Reads along on the connections to brokers: what clients produced, fetched and asked for, what followers fetched, and
//! what was answered.
//!
//! An answer is matched with its request by the correlation id, per connection. What does not parse tells nothing.
//! Topics are named: an id is looked up on the broker's disk, and in what Metadata answers have said. Left out on
//! purpose: every API that no fact is about; between brokers that is all but Fetch, FetchSnapshot, AlterPartition and Vote.

use super::Observed;
use super::batch::BatchParser;
use bytes::Bytes;
use properties::{BatchSeen, Fact, FactKind, FactSet, Payload};
use std::collections::BTreeMap;
use wire::files::METADATA_TOPIC_ID;
use wire::messages::alter_partition::{AlterPartitionRequest, AlterPartitionResponse};
use wire::messages::fetch::{FetchRequest, FetchResponse, PartitionData};
use wire::messages::list_offsets::{ListOffsetsRequest, ListOffsetsResponse};
use wire::messages::produce::{ProduceRequest, ProduceResponse};
use wire::messages::{ApiKey, FetchSnapshotRequest, Request, Response, VoteRequest};
use wire::records::Batches;
use wire::{NodeId, Str, TopicPartition, Uuid};

/// A connection to a node, as the World numbers it: unique over the run.
pub type Link = u32;

/// Who asks a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// A client.
    Client(u16),
    /// Another broker, or the same one.
    Broker(NodeId),
}

/// Reads along on every connection of a run and tells what was asked and answered. Frames of a link must come
/// in the order in which the broker receives and sends them.
#[derive(Clone, Debug, Default)]
pub struct WireTap {
    wants: FactSet,
    parser: BatchParser,
    facts: Vec<Fact>,
    /// Requests that wait for an answer, by link and correlation id.
    asked: BTreeMap<(Link, i32), Asked>,
    /// What Metadata answers said.
    names: BTreeMap<Uuid, Str>,
    sessions: BTreeMap<(NodeId, i32), Session>,
}

/// What a fetch session (KIP-227) remembers: the epoch that its next request has, and what its last one asked for.
#[derive(Clone, Debug)]
struct Session {
    next: i32,
    wanted: Wanted,
}

/// Timestamps asked for, by partition.
type Offsets = BTreeMap<TopicPartition, i64>;
/// A partition as a fetch names it: by its topic's id, or by its name. Whether anybody knows the id by then is another matter.
type Named = (Uuid, Str, i32);
/// What a fetch asks for.
type Wanted = BTreeMap<Named, Place>;

/// From where a reader of a partition wants to read on.
#[derive(Clone, Copy, Debug)]
struct Place {
    topic_id: Option<Uuid>,
    fetch_offset: i64,
    current_leader_epoch: i32,
    last_fetched_epoch: i32,
}

/// A request that waits for its answer.
#[derive(Clone, Debug)]
struct Asked {
    version: i16,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Produce {
        acks: i16,
        batches: BTreeMap<TopicPartition, Produced>,
    },
    Fetch {
        session: i32,
        epoch: i32,
        wanted: Wanted,
    },
    ListOffsets {
        timestamps: Offsets,
    },
    Metadata,
    AlterPartition,
    /// No pre-vote: who asks, and in which epoch.
    Vote(NodeId, i32),
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
            What::AlterPartition => ApiKey::AlterPartition,
            What::Vote(..) => ApiKey::Vote,
        }
    }
}

/// Where an answer comes from.
#[derive(Clone, Copy)]
struct From<'a> {
    disk: &'a Observed,
    asker: Asker,
    correlation: (Link, i32),
}

impl From<'_> {
    fn client(&self) -> Option<u16> {
        match self.asker {
            Asker::Client(client) => Some(client),
            Asker::Broker(_) => None,
        }
    }
}

impl WireTap {
    /// Builds only facts of the kinds that are wanted.
    #[must_use]
    pub fn new(wants: FactSet, parser: BatchParser) -> WireTap {
        WireTap { wants, parser, ..WireTap::default() }
    }

    /// A request is handed to the broker that has this disk.
    pub fn request(&mut self, disk: &Observed, link: Link, asker: Asker, frame: &Bytes) {
        if !self.reads(asker, frame) {
            return;
        }
        let Ok((header, request)) = Request::decode(frame) else { return };
        let from = From { disk, asker, correlation: (link, header.correlation_id) };
        let what = match request {
            Request::Produce(body) => self.produce_asked(from, &body),
            Request::Fetch(body) => Some(self.fetch_asked(from, &body)),
            Request::ListOffsets(body) => Some(What::ListOffsets { timestamps: timestamps(&body) }),
            Request::Metadata(_) => Some(What::Metadata),
            Request::AlterPartition(body) => Some(self.alter_asked(from, &body)),
            Request::Vote(body) => vote_asked(&body),
            Request::FetchSnapshot(body) => self.snapshot_asked(from, &body),
            _ => None,
        };
        if let Some(what) = what {
            self.asked.insert(from.correlation, Asked { version: header.api_version, what });
        }
    }

    /// An answer left the broker that has this disk.
    pub fn response(&mut self, disk: &Observed, link: Link, asker: Asker, frame: &Bytes) {
        let Some(correlation_id) = frame.first_chunk().map(|bytes| i32::from_be_bytes(*bytes)) else { return };
        let Some(Asked { version, what }) = self.asked.remove(&(link, correlation_id)) else { return };
        let Ok((_, response)) = Response::decode(what.api(), version, frame) else { return };
        let from = From { disk, asker, correlation: (link, correlation_id) };
        match (what, response) {
            (What::Produce { acks, batches }, Response::Produce(body)) => {
                self.produce_answered(from, acks, batches, &body);
            }
            (What::Fetch { session, epoch, wanted }, Response::Fetch(body)) => {
                self.follower_answered(from, &body);
                self.fetch_answered(from, &wanted, &body);
                self.remember(disk.node(), (session, epoch), body.session_id, wanted);
            }
            (What::ListOffsets { timestamps }, Response::ListOffsets(body)) => {
                self.offset_answered(from, &timestamps, &body);
            }
            (_, Response::AlterPartition(body)) => self.alter_answered(from, &body),
            (What::Vote(candidate, epoch), Response::Vote(body)) => {
                let answer = body.topics.first().and_then(|topic| topic.partitions.first());
                let granted = answer.is_some_and(|answer| answer.vote_granted && answer.error_code == 0);
                self.facts.extend(granted.then(|| Fact::VoteGranted { node: disk.node(), candidate, epoch }));
            }
            (_, Response::Metadata(body)) => {
                let known = body.topics.into_iter().filter(|topic| topic.topic_id != Uuid::ZERO);
                self.names.extend(known.filter_map(|topic| Some((topic.topic_id, topic.name?))));
            }
            _ => {}
        }
    }

    /// A broker's process is over, and its fetch sessions with it.
    pub fn stopped(&mut self, node: NodeId) {
        self.sessions.retain(|(other, _), _| *other != node);
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
    fn reads(&self, asker: Asker, frame: &Bytes) -> bool {
        let wants = |kind| self.wants.has(kind);
        let follows = matches!(asker, Asker::Broker(_));
        match frame.first_chunk().and_then(|key| ApiKey::from_key(i16::from_be_bytes(*key))) {
            Some(ApiKey::Fetch) if follows => {
                let kinds = [FactKind::FollowerFetched, FactKind::FollowerAnswered, FactKind::FetchAnswered];
                kinds.into_iter().any(wants)
            }
            Some(ApiKey::AlterPartition) => wants(FactKind::AlterPartitionReceived),
            Some(ApiKey::Vote) => wants(FactKind::VoteGranted),
            Some(ApiKey::FetchSnapshot) => wants(FactKind::SnapshotAsked),
            _ if follows => false,
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
            METADATA_TOPIC_ID => Str::from_static("__cluster_metadata"),
            id => disk.topic_name(id).or_else(|| self.names.get(&id).cloned())?,
        };
        Some(TopicPartition { topic, partition })
    }

    fn produce_asked(&mut self, from: From<'_>, body: &ProduceRequest) -> Option<What> {
        let client = from.client()?;
        let mut batches = BTreeMap::new();
        for topic in &body.topic_data {
            for data in &topic.partition_data {
                let Some(partition) = self.partition(from.disk, &topic.name, topic.topic_id, data.index) else {
                    continue;
                };
                let first = data.records.clone().and_then(|records| Batches::new(records).next());
                let batch = first.as_ref().map(|batch| self.parser.see(batch));
                let topic_id = from.disk.topic_id(&partition.topic, partition.partition);
                let uids = batch.as_ref().map_or_else(Vec::new, payloads);
                batches.insert(partition.clone(), Produced { topic_id, uids });
                if self.wants.has(FactKind::ProduceReceived) {
                    let (node, correlation) = (from.disk.node(), from.correlation);
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
        let Some(client) = from.client().filter(|_| self.wants.has(FactKind::ProduceAnswered)) else { return };
        for topic in &body.responses {
            for answer in &topic.partition_responses {
                let Some(partition) = self.partition(from.disk, &topic.name, topic.topic_id, answer.index) else {
                    continue;
                };
                let Produced { topic_id, uids } = batches.remove(&partition).unwrap_or_default();
                self.facts.push(Fact::ProduceAnswered {
                    node: from.disk.node(),
                    client,
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

    fn fetch_asked(&mut self, from: From<'_>, body: &FetchRequest) -> What {
        // Epoch 0 asks for a new session, -1 for none (or the end of one); both name all their partitions.
        let goes_on = body.session_id != 0 && body.session_epoch > 0;
        let session = self.sessions.get(&(from.disk.node(), body.session_id));
        let known = session.filter(|session| goes_on && session.next == body.session_epoch);
        let is_refused = goes_on && known.is_none();
        let mut wanted = known.map(|session| session.wanted.clone()).unwrap_or_default();
        forget(body, &mut wanted);
        want(from, body, &mut wanted);
        if !is_refused {
            self.followed(from, body, &wanted);
        }
        What::Fetch { session: body.session_id, epoch: body.session_epoch, wanted }
    }

    /// Tells of a follower's fetch.
    fn followed(&mut self, from: From<'_>, body: &FetchRequest, wanted: &Wanted) {
        let replica = body.replica_state.replica_id.max(body.replica_id);
        if from.client().is_some() || replica < 0 || !self.wants.has(FactKind::FollowerFetched) {
            return;
        }
        for ((id, name, index), place) in wanted {
            let Some(partition) = self.partition(from.disk, name, *id, *index) else { continue };
            self.facts.push(Fact::FollowerFetched {
                node: from.disk.node(),
                replica: NodeId(replica),
                correlation: from.correlation,
                partition,
                topic_id: place.topic_id,
                fetch_offset: place.fetch_offset,
                current_leader_epoch: place.current_leader_epoch,
                last_fetched_epoch: place.last_fetched_epoch,
                replica_epoch: body.replica_state.replica_epoch,
            });
        }
    }

    /// Tells of a follower that downloads a snapshot.
    fn snapshot_asked(&mut self, from: From<'_>, body: &FetchSnapshotRequest) -> Option<What> {
        let asked = body.topics.first()?.partitions.first()?;
        self.facts.push(Fact::SnapshotAsked {
            node: from.disk.node(),
            replica: NodeId(body.replica_id),
            current_leader_epoch: asked.current_leader_epoch,
        });
        None
    }

    /// A session remembers what its last answered request asked for.
    fn remember(&mut self, node: NodeId, (asked, epoch): (i32, i32), answered: i32, wanted: Wanted) {
        if epoch == -1 || answered != asked {
            self.sessions.remove(&(node, asked));
        }
        if answered != 0 {
            let next = if epoch == i32::MAX { 1 } else { epoch.saturating_add(1) };
            self.sessions.insert((node, answered), Session { next, wanted });
        }
    }

    fn follower_answered(&mut self, from: From<'_>, body: &FetchResponse) {
        if from.client().is_some() || !self.wants.has(FactKind::FollowerAnswered) {
            return;
        }
        let mut failed = Vec::new();
        for topic in &body.responses {
            let refused = topic.partitions.iter().filter(|answer| answer.error_code != 0);
            let named = |answer: &PartitionData| {
                self.partition(from.disk, &topic.topic, topic.topic_id, answer.partition_index)
            };
            failed.extend(refused.filter_map(named));
        }
        let (node, correlation, error) = (from.disk.node(), from.correlation, body.error_code);
        self.facts.push(Fact::FollowerAnswered { node, correlation, error, failed });
    }

    fn fetch_answered(&mut self, from: From<'_>, wanted: &Wanted, body: &FetchResponse) {
        if !self.wants.has(FactKind::FetchAnswered) {
            return;
        }
        for topic in &body.responses {
            for answer in &topic.partitions {
                let Some(partition) = self.partition(from.disk, &topic.topic, topic.topic_id, answer.partition_index)
                else {
                    continue;
                };
                let named = (topic.topic_id, topic.topic.clone(), answer.partition_index);
                let Some(place) = wanted.get(&named) else { continue };
                // By the time of the answer another topic may have the name.
                let on_disk = || from.disk.topic_id(&partition.topic, partition.partition);
                let topic_id = Some(topic.topic_id).filter(|id| *id != Uuid::ZERO).or_else(on_disk);
                self.facts.push(Fact::FetchAnswered {
                    node: from.disk.node(),
                    client: from.client(),
                    topic_id: topic_id.or(place.topic_id.filter(|_| from.client().is_none())),
                    partition,
                    fetch_offset: place.fetch_offset,
                    error: answer.error_code,
                    high_watermark: answer.high_watermark,
                    log_start_offset: answer.log_start_offset,
                    diverging: Some((answer.diverging_epoch.epoch, answer.diverging_epoch.end_offset))
                        .filter(|(epoch, _)| *epoch >= 0),
                    batches: answer.records.clone().map_or_else(Vec::new, |bytes| self.parser.see_all(bytes)),
                });
            }
        }
    }

    fn alter_asked(&mut self, from: From<'_>, body: &AlterPartitionRequest) -> What {
        let (node, leader, correlation) = (from.disk.node(), NodeId(body.broker_id), from.correlation);
        for topic in &body.topics {
            self.facts.extend(topic.partitions.iter().map(|asked| Fact::AlterPartitionReceived {
                node,
                leader,
                correlation,
                topic_id: topic.topic_id,
                partition: asked.partition_index,
                broker_epoch: body.broker_epoch,
                leader_epoch: asked.leader_epoch,
                partition_epoch: asked.partition_epoch,
            }));
        }
        What::AlterPartition
    }

    fn alter_answered(&mut self, from: From<'_>, body: &AlterPartitionResponse) {
        let (node, correlation) = (from.disk.node(), from.correlation);
        for topic in &body.topics {
            self.facts.extend(topic.partitions.iter().map(|answer| Fact::AlterPartitionAnswered {
                node,
                correlation,
                topic_id: topic.topic_id,
                partition: answer.partition_index,
                error: answer.error_code,
            }));
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

/// What a session does not want any more.
fn forget(body: &FetchRequest, wanted: &mut Wanted) {
    for topic in &body.forgotten_topics_data {
        for &index in &topic.partitions {
            wanted.remove(&(topic.topic_id, topic.topic.clone(), index));
        }
    }
}

/// What a fetch names.
fn want(from: From<'_>, body: &FetchRequest, wanted: &mut Wanted) {
    for topic in &body.topics {
        for asked in &topic.partitions {
            let on_disk = || from.disk.topic_id(&topic.topic, asked.partition);
            let place = Place {
                topic_id: Some(topic.topic_id).filter(|id| *id != Uuid::ZERO).or_else(on_disk),
                fetch_offset: asked.fetch_offset,
                current_leader_epoch: asked.current_leader_epoch,
                last_fetched_epoch: asked.last_fetched_epoch,
            };
            wanted.insert((topic.topic_id, topic.topic.clone(), asked.partition), place);
        }
    }
}

/// A request for a vote that counts.
fn vote_asked(body: &VoteRequest) -> Option<What> {
    let asked = body.topics.first()?.partitions.first().filter(|asked| !asked.pre_vote)?;
    Some(What::Vote(NodeId(asked.replica_id), asked.replica_epoch))
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
