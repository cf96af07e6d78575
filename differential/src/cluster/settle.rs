//! Rest: every node that is there says the same, nobody else counts as in sync, and what was written is as safe as it will get.

use super::party::Party;
use crate::observe::observe;
use crate::peer::Reply;
use crate::session::Step;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::Duration;
use wire::messages::describe_topic_partitions::TopicRequest;
use wire::messages::fetch::{FetchPartition, FetchTopic};
use wire::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use wire::messages::metadata::MetadataRequestTopic;
use wire::messages::{
    DescribeTopicPartitionsRequest, FetchRequest, ListOffsetsRequest, MetadataRequest, MetadataResponse,
};
use wire::{Request, Response, Str};

/// Between two looks.
pub(super) const MOMENT: Duration = Duration::from_millis(100);

/// After so many looks a cluster will not come to rest any more. Nodes start in seconds, on a busy machine in a minute.
const LOOKS: u32 = 3_000;

/// So many looks in a row must show the same.
const STEADY: u32 = 3;

/// So many looks may pass until what was written is safe everywhere; where too few replicas are in sync it never is.
const LEVELLING: u32 = 15;

const METADATA: i16 = 12;
const LIST_OFFSETS: i16 = 5;
const FETCH: i16 = 11;
const LATEST: i64 = -1;
/// Replica ids: of a consumer, and of who looks at a log's end.
const CONSUMER: i32 = -1;
const DEBUGGER: i32 = -2;

/// What all nodes that are there agree on, in the session's numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Agreed {
    brokers: BTreeSet<i32>,
    pub(super) partitions: BTreeMap<(String, i32), Partition>,
}

/// A partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Partition {
    /// -1 if there is none.
    pub(super) leader: i32,
    epoch: i32,
    pub(super) replicas: Vec<i32>,
    isr: BTreeSet<i32>,
}

impl Partition {
    pub(super) fn led_by(&self) -> Option<i32> {
        Some(self.leader).filter(|leader| *leader > 0)
    }

    /// Whether a leader has everybody in sync that is there. Who has no leader waits for one that is away.
    fn is_at_rest(&self, live: &[i32]) -> bool {
        let there: BTreeSet<i32> = self.replicas.iter().copied().filter(|node| live.contains(node)).collect();
        self.leader < 0 || (there.contains(&self.leader) && self.isr == there)
    }
}

impl Party<'_> {
    /// Waits for rest, and tells what is there then.
    pub(super) fn settle(&mut self) -> io::Result<Value> {
        let settled = self.await_rest()?;
        let names: Vec<(String, i32)> = self.agreed.partitions.keys().cloned().collect();
        for name in names {
            if let Some(leader) = self.agreed.partitions.get(&name).and_then(Partition::led_by) {
                self.await_level(leader, &name)?;
            }
        }
        self.describe(settled)
    }

    fn await_rest(&mut self) -> io::Result<bool> {
        let mut steady = 0;
        for _ in 0..LOOKS {
            let live = self.live();
            match self.look()? {
                Some(seen) if seen.is_at_rest(&live) => {
                    steady = if seen == self.agreed { steady + 1 } else { 1 };
                    self.agreed = seen;
                    if steady >= STEADY {
                        return Ok(true);
                    }
                }
                _ => steady = 0,
            }
            self.cluster.pause(MOMENT)?;
        }
        if let Some(seen) = self.look()? {
            self.agreed = seen;
        }
        Ok(false)
    }

    /// What everybody who is there says; None if they do not say the same, or somebody does not answer.
    fn look(&mut self) -> io::Result<Option<Agreed>> {
        let mut seen = None;
        for node in self.live() {
            let Some(said) = self.metadata(node)? else { return Ok(None) };
            if seen.get_or_insert_with(|| said.clone()) != &said {
                return Ok(None);
            }
        }
        Ok(seen)
    }

    fn metadata(&mut self, node: i32) -> io::Result<Option<Agreed>> {
        let named = |name: &Str| MetadataRequestTopic { name: Some(name.clone()), ..Default::default() };
        let request = metadata_of(self.topics.iter().map(named).collect());
        let Some(Response::Metadata(said)) = self.plain(node, METADATA, request) else { return Ok(None) };
        for topic in said.topics.iter().filter(|topic| topic.error_code == 0) {
            self.ids.learn(topic.name.as_deref().unwrap_or_default(), topic.topic_id);
        }
        Ok(self.agreed_of(&said))
    }

    fn agreed_of(&self, said: &MetadataResponse) -> Option<Agreed> {
        let number = |own: &i32| self.nodes.iter().find(|(_, known)| *known == own).map_or(*own, |(number, _)| *number);
        let mut agreed =
            Agreed { brokers: said.brokers.iter().map(|b| number(&b.node_id)).collect(), ..Agreed::default() };
        for topic in &said.topics {
            if topic.error_code != 0 {
                return None;
            }
            for partition in &topic.partitions {
                let name = (topic.name.as_deref().unwrap_or_default().to_owned(), partition.partition_index);
                let seen = Partition {
                    leader: number(&partition.leader_id),
                    epoch: partition.leader_epoch,
                    replicas: partition.replica_nodes.iter().map(number).collect(),
                    isr: partition.isr_nodes.iter().map(number).collect(),
                };
                agreed.partitions.insert(name, seen);
            }
        }
        Some(agreed)
    }

    /// Metadata and eligible leaders as the first node that is there tells them.
    fn describe(&mut self, settled: bool) -> io::Result<Value> {
        let node = self.live().first().copied().unwrap_or_default();
        let named = |name: &Str| MetadataRequestTopic { name: Some(name.clone()), ..Default::default() };
        let metadata = metadata_of(self.topics.iter().map(named).collect());
        let topics = self.topics.iter().map(|name| TopicRequest { name: name.clone() }).collect();
        let partitions = DescribeTopicPartitionsRequest { topics, ..Default::default() };
        let mut told = vec![json!(settled)];
        for step in [Step::new(METADATA, metadata), Step::new(0, partitions)] {
            let reply = self.send(node, &step)?;
            told.push(observe(&step, step.version, &reply, &self.ids));
        }
        Ok(json!({"settled": told[0], "metadata": told[1], "partitions": told[2]}))
    }

    /// Waits until a partition's records are safe and a node knows it. Where they cannot become safe, for as long as it might take.
    pub(super) fn await_level(&mut self, node: i32, name: &(String, i32)) -> io::Result<()> {
        let Some(partition) = self.agreed.partitions.get(name).cloned() else { return Ok(()) };
        let Some(leader) = partition.led_by() else { return Ok(()) };
        for _ in 0..LEVELLING {
            let safe = self.latest(leader, name, CONSUMER);
            let known =
                if node == leader || !partition.replicas.contains(&node) { safe } else { self.watermark(node, name) };
            if safe.is_some() && safe == self.latest(leader, name, DEBUGGER) && known == safe {
                return Ok(());
            }
            self.cluster.pause(MOMENT)?;
        }
        Ok(())
    }

    fn latest(&mut self, node: i32, (topic, partition): &(String, i32), replica_id: i32) -> Option<i64> {
        let asked = ListOffsetsPartition { partition_index: *partition, timestamp: LATEST, current_leader_epoch: -1 };
        let topics = vec![ListOffsetsTopic { name: topic.as_str().into(), partitions: vec![asked] }];
        let request = ListOffsetsRequest { replica_id, topics, ..Default::default() };
        let Some(Response::ListOffsets(said)) = self.plain(node, LIST_OFFSETS, request) else { return None };
        let found = said.topics.first()?.partitions.first()?;
        (found.error_code == 0).then_some(found.offset)
    }

    /// The high watermark that a follower knows; None if it does not tell consumers.
    fn watermark(&mut self, node: i32, (topic, partition): &(String, i32)) -> Option<i64> {
        let asked = FetchPartition { partition: *partition, partition_max_bytes: 1, ..Default::default() };
        let topics = vec![FetchTopic { topic: topic.as_str().into(), partitions: vec![asked], ..Default::default() }];
        let request = FetchRequest { max_bytes: 1, topics, ..Default::default() };
        let Some(Response::Fetch(said)) = self.plain(node, FETCH, request) else { return None };
        let found = said.responses.first()?.partitions.first()?;
        (found.error_code == 0).then_some(found.high_watermark)
    }

    pub(super) fn await_absence(&mut self, name: &Str) -> io::Result<()> {
        for _ in 0..LOOKS {
            if self.live().into_iter().all(|node| self.is_absent(node, name)) {
                return self.settle().map(|_| ());
            }
            self.cluster.pause(MOMENT)?;
        }
        Err(io::Error::other(format!("topic {name} was deleted and never went")))
    }

    fn is_absent(&mut self, node: i32, name: &Str) -> bool {
        let topic = MetadataRequestTopic { name: Some(name.clone()), ..Default::default() };
        let said = self.plain(node, METADATA, metadata_of(vec![topic]));
        matches!(said, Some(Response::Metadata(said)) if said.topics.iter().all(|topic| topic.error_code == 3))
    }

    /// The answer to a request that is there for its own sake; None if there is none.
    fn plain(&mut self, node: i32, version: i16, request: impl Into<Request>) -> Option<Response> {
        let step = Step { conn: u32::MAX, ..Step::new(version, request) };
        let Ok(Reply::Answer(answer)) = self.send(node, &step) else { return None };
        Response::decode(step.api(), version, &answer).ok().map(|(_, response)| response)
    }
}

impl Agreed {
    fn is_at_rest(&self, live: &[i32]) -> bool {
        self.brokers.iter().eq(live) && self.partitions.values().all(|partition| partition.is_at_rest(live))
    }
}

fn metadata_of(topics: Vec<MetadataRequestTopic>) -> MetadataRequest {
    MetadataRequest { topics: Some(topics), allow_auto_topic_creation: false, ..MetadataRequest::default() }
}
