//! What a client knows of the cluster, and when it asks again: when a role is stuck without it (with exponential backoff, KIP-580), and
//! when it is older than `metadata.max.age.ms`.
//!
//! A partition's older leader epoch never replaces a newer one (KIP-320) unless the topic's id changed: then it is another topic
//! (KAFKA-12257). Left out on purpose: racks, authorized operations, forgetting topics after `metadata.max.idle.ms`.

use crate::backoff::Backoff;
use crate::draw::{Draw, Purpose};
use crate::link::Links;
use crate::token::Token;
use crate::{Client, Config, Event};
use std::collections::BTreeMap;
use std::time::Duration;
use wire::messages::metadata::{MetadataRequestTopic, MetadataResponsePartition, MetadataResponseTopic};
use wire::messages::{MetadataRequest, MetadataResponse};
use wire::{Endpoint, ErrorCode, Instant, Io, NodeId, Request, Str, Uuid};

/// The cluster as it was last described.
#[derive(Clone, Debug)]
pub(crate) struct Metadata {
    topics: BTreeMap<Str, Topic>,
    controller: Option<NodeId>,
    refresh: Refresh,
    backoff: Backoff,
    max_age: Duration,
    draw: Draw,
}

/// A topic.
#[derive(Clone, Debug)]
pub(crate) struct Topic {
    pub(crate) error: ErrorCode,
    /// Zero if the broker is too old to say.
    pub(crate) id: Uuid,
    /// By index.
    pub(crate) partitions: Vec<Leader>,
}

/// Who leads a partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Leader {
    pub(crate) node: Option<NodeId>,
    pub(crate) epoch: i32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Refresh {
    wanted: bool,
    in_flight: bool,
    not_before: Instant,
    /// When the last answer came.
    last: Option<Instant>,
    /// Refreshes in a row that did not help.
    fruitless: u32,
    count: u64,
}

impl Metadata {
    pub(crate) fn new(config: &Config, draw: Draw) -> Metadata {
        Metadata {
            topics: BTreeMap::new(),
            controller: None,
            refresh: Refresh::default(),
            backoff: Backoff { first: config.retry_backoff, max: config.retry_backoff_max },
            max_age: config.metadata_max_age,
            draw: draw.of(Purpose::Metadata),
        }
    }

    /// Whether the cluster was ever described.
    pub(crate) fn is_known(&self) -> bool {
        self.refresh.last.is_some()
    }

    pub(crate) fn controller(&self) -> Option<NodeId> {
        self.controller
    }

    /// A topic as it was last described, unless that was an error.
    pub(crate) fn topic(&self, name: &str) -> Option<&Topic> {
        self.topics.get(name).filter(|topic| topic.error == ErrorCode::None)
    }

    /// Why a topic was not described; None if it was, or if nobody asked.
    pub(crate) fn error(&self, name: &str) -> Option<ErrorCode> {
        self.topics.get(name).map(|topic| topic.error).filter(|error| error.is_error())
    }

    /// A partition's leader and its epoch, if it has one.
    pub(crate) fn leader(&self, topic: &str, partition: i32) -> Option<(NodeId, i32)> {
        let leader = self.topic(topic)?.partitions.get(usize::try_from(partition).ok()?)?;
        Some((leader.node?, leader.epoch))
    }

    /// Somebody is stuck on this topic: ask again as soon as the backoff allows; at once if nobody has asked for it yet.
    pub(crate) fn want(&mut self, topic: &str) {
        self.refresh.wanted = true;
        if !self.topics.contains_key(topic) && self.refresh.fruitless == 0 {
            self.refresh.not_before = Instant::default();
        }
    }

    /// Somebody needs to know the nodes.
    pub(crate) fn want_nodes(&mut self) {
        self.refresh.wanted = true;
    }

    /// An answer named a leader. Whether it was news: an older epoch tells nothing.
    pub(crate) fn learn(&mut self, topic: &str, partition: i32, leader: Leader) -> bool {
        let topic = self.topics.get_mut(topic);
        let known = topic.and_then(|topic| topic.partitions.get_mut(usize::try_from(partition).ok()?));
        known.filter(|known| known.epoch < leader.epoch).map(|known| *known = leader).is_some()
    }

    /// Asks if it is time to.
    pub(crate) fn pump(&mut self, links: &mut Links<Token>, interest: Interest<'_>, io: &mut Io<'_, Client>) {
        if self.refresh.in_flight || self.due(interest) > io.now.mono {
            return;
        }
        let Some(node) = links.any_ready(self.draw.at(self.refresh.count), io) else { return };
        let name = |topic: &Str| MetadataRequestTopic { topic_id: Uuid::ZERO, name: Some(topic.clone()) };
        let request = Request::from(MetadataRequest {
            topics: Some(interest.topics.iter().map(name).collect()),
            allow_auto_topic_creation: interest.may_create,
            ..MetadataRequest::default()
        });
        self.refresh.count += 1;
        self.refresh.wanted = false;
        match links.send(node, &request, Some(Token::Metadata), io) {
            Ok(()) => self.refresh.in_flight = true,
            Err(_) => self.failed(io.now.mono),
        }
    }

    fn due(&self, interest: Interest<'_>) -> Instant {
        let by_age = match self.refresh.last {
            Some(last) if !interest.topics.is_empty() => last + self.max_age,
            _ => Instant::NEVER,
        };
        let by_need = if self.refresh.wanted { self.refresh.not_before } else { Instant::NEVER };
        by_need.min(by_age.max(self.refresh.not_before))
    }

    /// When to ask next, if nothing happens before.
    pub(crate) fn deadline(&self, interest: Interest<'_>) -> Instant {
        if self.refresh.in_flight { Instant::NEVER } else { self.due(interest) }
    }

    /// The answer was lost, or says nothing.
    pub(crate) fn failed(&mut self, now: Instant) {
        self.refresh.in_flight = false;
        self.refresh.wanted = true;
        self.back_off(now, true);
    }

    fn back_off(&mut self, now: Instant, fruitless: bool) {
        self.refresh.fruitless = if fruitless { self.refresh.fruitless.saturating_add(1) } else { 0 };
        let pause = self.backoff.after(self.refresh.fruitless.max(1), self.draw.at(self.refresh.count));
        self.refresh.not_before = now + pause;
    }

    /// The cluster was described.
    pub(crate) fn update(&mut self, response: MetadataResponse, links: &mut Links<Token>, io: &mut Io<'_, Client>) {
        self.refresh.in_flight = false;
        if response.error_code != 0 {
            return self.failed(io.now.mono);
        }
        let endpoint = |host, port| u16::try_from(port).ok().map(|port| Endpoint { host, port });
        let nodes = response.brokers.into_iter().filter(|broker| broker.node_id >= 0);
        links.set_nodes(nodes.filter_map(|b| Some((NodeId(b.node_id), endpoint(b.host, b.port)?))).collect(), io);
        self.controller = Some(NodeId(response.controller_id)).filter(|&node| links.knows(node));
        let mut whole = true;
        for topic in response.topics {
            whole &= self.update_topic(topic);
        }
        self.refresh.last = Some(io.now.mono);
        self.back_off(io.now.mono, !whole);
        io.event(Event::MetadataRefreshed);
    }

    /// Whether the topic is there with all its leaders.
    fn update_topic(&mut self, response: MetadataResponseTopic) -> bool {
        let Some(name) = response.name else { return false };
        let known = self.topics.get(&name).filter(|known| known.id == response.topic_id && known.id != Uuid::ZERO);
        let mut partitions = vec![Leader { node: None, epoch: -1 }; response.partitions.len()];
        for partition in &response.partitions {
            let index = usize::try_from(partition.partition_index).unwrap_or(usize::MAX);
            let Some(slot) = partitions.get_mut(index) else { continue };
            let before = known.and_then(|known| known.partitions.get(index)).copied();
            *slot = newer(before, leader_of(partition));
        }
        let topic = Topic { error: ErrorCode::from_code(response.error_code), id: response.topic_id, partitions };
        let whole = topic.error == ErrorCode::None && topic.partitions.iter().all(|leader| leader.node.is_some());
        self.topics.insert(name, topic);
        whole
    }

    /// Nobody needs a topic any more.
    pub(crate) fn forget(&mut self, topic: &str) {
        self.topics.remove(topic);
    }
}

/// What a role wants described.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interest<'a> {
    pub(crate) topics: &'a [Str],
    /// Whether asking may create them.
    pub(crate) may_create: bool,
}

fn leader_of(partition: &MetadataResponsePartition) -> Leader {
    Leader { node: Some(NodeId(partition.leader_id)).filter(|node| node.0 >= 0), epoch: partition.leader_epoch }
}

fn newer(before: Option<Leader>, now: Leader) -> Leader {
    before.filter(|before| before.epoch > now.epoch).unwrap_or(now)
}
