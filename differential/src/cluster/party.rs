//! One side of a comparison: a cluster, and what its nodes and topics are called.

use super::act::{Act, Fault, Target};
use super::nodes::Nodes;
use super::settle::{Agreed, MOMENT, Partition};
use crate::ids::Ids;
use crate::observe::observe;
use crate::peer::Reply;
use crate::session::Step;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use wire::messages::CreateTopicsRequest;
use wire::messages::create_topics::CreatableTopic;
use wire::messages::fetch::FetchTopic;
use wire::messages::produce::TopicProduceData;
use wire::{ApiKey, Request, Response, Str, Uuid};

/// Who can carry out a session, act by act, and tell what came of each.
pub trait Side {
    /// Carries out the next act.
    fn carry_out(&mut self, act: &Act) -> io::Result<Value>;
}

/// A cluster in a session.
pub struct Party<'a> {
    pub(super) cluster: &'a mut dyn Nodes,
    pub(super) ids: Ids,
    /// A session's node numbers and the cluster's own.
    pub(super) nodes: BTreeMap<i32, i32>,
    /// Who was taken away, by the session's number, and how.
    pub(super) away: Option<(i32, Fault)>,
    /// The topics that are there.
    pub(super) topics: BTreeSet<Str>,
    pub(super) agreed: Agreed,
    correlation: i32,
}

impl<'a> Party<'a> {
    /// A cluster at the beginning of a session; its active controller is node 1.
    pub fn new(cluster: &'a mut dyn Nodes) -> io::Result<Party<'a>> {
        let mut party = Party {
            cluster,
            ids: Ids::default(),
            nodes: BTreeMap::new(),
            away: None,
            topics: BTreeSet::new(),
            agreed: Agreed::default(),
            correlation: 0,
        };
        let controller = party.await_controller()?;
        let others = (1..=3).filter(|node| *node != controller);
        party.nodes = (1..).zip(std::iter::once(controller).chain(others)).collect();
        party.ids = Ids::with_nodes(party.nodes.iter().map(|(&number, &own)| (own, number)).collect());
        party.settle()?;
        Ok(party)
    }

    fn await_controller(&mut self) -> io::Result<i32> {
        for _ in 0..600 {
            if let Ok(Some(controller)) = self.cluster.controller() {
                return Ok(controller);
            }
            self.cluster.pause(MOMENT)?;
        }
        Err(io::Error::other("there is no active controller"))
    }

    /// The nodes that are there, by the session's numbers.
    pub(super) fn live(&self) -> Vec<i32> {
        let away = self.away.map(|(node, _)| node);
        self.nodes.keys().copied().filter(|node| Some(*node) != away).collect()
    }

    fn resolve(&self, target: &Target) -> Option<i32> {
        let of = |topic: &str, partition| self.agreed.partitions.get(&(topic.to_owned(), partition));
        match target {
            Target::Node(node) => Some(*node),
            Target::Leader(topic, partition) => of(topic, *partition)?.led_by(),
            Target::Other(topic, partition, nth) => others(of(topic, *partition)?, &self.live()).into_iter().nth(*nth),
        }
    }

    fn ask(&mut self, target: &Target, step: &Step) -> io::Result<Value> {
        let Some(node) = self.resolve(target).filter(|node| self.live().contains(node)) else {
            return Ok(json!("nobody"));
        };
        if step.api() == ApiKey::Fetch {
            // Followers hear later than clients how far records are safe.
            self.level(node, &step.request)?;
        }
        let step = self.in_own_numbers(step);
        let reply = self.send(node, &step)?;
        let observed = observe(&step, step.version, &reply, &self.ids);
        if matches!(&step.request, Request::Produce(produce) if produce.acks != -1) {
            // Nobody has waited for the followers yet.
            self.level(node, &step.request)?;
        }
        if let Reply::Answer(frame) = &reply
            && let Ok((_, response)) = Response::decode(step.api(), step.version, frame)
        {
            self.follow(&step.request, &response)?;
        }
        Ok(observed)
    }

    /// Sends a step to a node of the session.
    pub(super) fn send(&mut self, node: i32, step: &Step) -> io::Result<Reply> {
        let own = *self.nodes.get(&node).ok_or_else(|| io::Error::other(format!("there is no node {node}")))?;
        self.correlation += 1;
        let frame = step.frame(self.correlation).map_err(io::Error::other)?;
        self.cluster.ask(own, step.conn, &self.ids.outgoing(&frame))
    }

    /// Assignments name nodes.
    fn in_own_numbers(&self, step: &Step) -> Step {
        let mut step = step.clone();
        if let Request::CreateTopics(CreateTopicsRequest { topics, .. }) = &mut step.request {
            let ids = topics.iter_mut().flat_map(|topic: &mut CreatableTopic| &mut topic.assignments);
            ids.flat_map(|assignment| &mut assignment.broker_ids)
                .for_each(|id| *id = *self.nodes.get(id).unwrap_or(id));
        }
        step
    }

    /// What was created and deleted is waited for.
    fn follow(&mut self, request: &Request, response: &Response) -> io::Result<()> {
        match (request, response) {
            (Request::CreateTopics(request), Response::CreateTopics(response)) if !request.validate_only => {
                let created = response.topics.iter().filter(|topic| topic.error_code == 0);
                self.topics.extend(created.map(|topic| topic.name.clone()));
                self.settle().map(|_| ())
            }
            (_, Response::DeleteTopics(response)) => {
                let deleted = response.responses.iter().filter(|topic| topic.error_code == 0);
                deleted.filter_map(|topic| topic.name.clone()).try_for_each(|name| {
                    self.topics.remove(&name);
                    self.await_absence(&name)
                })
            }
            _ => Ok(()),
        }
    }

    /// Waits until the partitions that a request names are as far as they will get at the node that is asked.
    fn level(&mut self, node: i32, request: &Request) -> io::Result<()> {
        let named = self.named(request);
        named.iter().try_for_each(|name| self.await_level(node, name))
    }

    fn named<'r>(&self, request: &'r Request) -> Vec<(String, i32)> {
        let asked: Vec<(&Str, Uuid, i32)> = match request {
            Request::Fetch(fetch) => {
                let of = |topic: &'r FetchTopic| {
                    topic.partitions.iter().map(|p| (&topic.topic, topic.topic_id, p.partition))
                };
                fetch.topics.iter().flat_map(of).collect()
            }
            Request::Produce(produce) => {
                let of = |topic: &'r TopicProduceData| {
                    topic.partition_data.iter().map(|p| (&topic.name, topic.topic_id, p.index))
                };
                produce.topic_data.iter().flat_map(of).collect()
            }
            _ => Vec::new(),
        };
        let is_asked = |(name, partition): &&(String, i32)| {
            let names = |topic: &Str, id| topic == name.as_str() || self.ids.names(id, name);
            asked.iter().any(|&(topic, id, index)| index == *partition && names(topic, id))
        };
        self.agreed.partitions.keys().filter(is_asked).cloned().collect()
    }

    fn strike(&mut self, target: &Target, fault: Fault) -> io::Result<Value> {
        let Some(node) = self.resolve(target) else { return Ok(json!("nobody")) };
        let own = self.nodes.get(&node).copied().unwrap_or_default();
        self.cluster.strike(own, fault)?;
        self.away = Some((node, fault));
        Ok(json!(node))
    }

    fn recover(&mut self) -> io::Result<Value> {
        let Some((node, fault)) = self.away.take() else { return Ok(json!("nobody")) };
        let own = self.nodes.get(&node).copied().unwrap_or_default();
        self.cluster.recover(own, fault)?;
        Ok(json!(node))
    }
}

/// The nodes that are there and do not lead a partition: its replicas first.
fn others(partition: &Partition, live: &[i32]) -> Vec<i32> {
    let replicas = partition.replicas.iter().filter(|node| live.contains(node));
    let rest = live.iter().filter(|node| !partition.replicas.contains(node));
    replicas.chain(rest).copied().filter(|node| *node != partition.leader).collect()
}

impl Side for Party<'_> {
    fn carry_out(&mut self, act: &Act) -> io::Result<Value> {
        match act {
            Act::Ask(target, step) => self.ask(target, step),
            Act::Strike(target, fault) => self.strike(target, *fault),
            Act::Recover => self.recover(),
            Act::Settle => self.settle(),
        }
    }
}
