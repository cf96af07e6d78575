//! Metadata: brokers, topics by name or id, and automatic creation.

use crate::broker::Broker;
use crate::connections::Reply;
use crate::controller::{Image, NO_LEADER, PartitionImage, names};
use std::collections::BTreeSet;
use wire::messages::create_topics::CreatableTopic;
use wire::messages::metadata::{
    MetadataRequest, MetadataRequestTopic, MetadataResponse, MetadataResponseBroker, MetadataResponsePartition,
    MetadataResponseTopic,
};
use wire::{ErrorCode, Io, Str, Uuid};

impl Broker {
    /// None if the request breaks a rule of its version.
    pub(super) fn metadata(
        &mut self,
        reply: Reply,
        request: MetadataRequest,
        io: &mut Io<'_, Broker>,
    ) -> Option<MetadataResponse> {
        let (of_topics, of_cluster) =
            (request.include_topic_authorized_operations, request.include_cluster_authorized_operations);
        let auto_create = request.allow_auto_topic_creation && self.config.flag("auto.create.topics.enable");
        let mut topics = match request.topics {
            // Version 0 has no null: there an empty list asks for all.
            Some(topics) if !(reply.version == 0 && topics.is_empty()) => {
                self.named_topics(reply, topics, auto_create, io)?
            }
            _ => self.controller.committed().topic_ids.keys().map(|name| self.topic_metadata(name)).collect(),
        };
        for topic in topics.iter_mut().filter(|topic| of_topics && topic.name.is_some()) {
            topic.topic_authorized_operations = super::TOPIC_OPERATIONS;
        }
        let image = self.controller.committed();
        let ids = image.brokers.values().filter(|broker| !broker.fenced).map(|broker| broker.broker_id);
        let brokers = ids.filter_map(|node_id| {
            let at = self.endpoint_of(node_id, reply.conn)?;
            let rack = image.brokers.get(&node_id)?.rack.clone();
            Some(MetadataResponseBroker { node_id, host: at.host, port: i32::from(at.port), rack })
        });
        Some(MetadataResponse {
            brokers: brokers.collect(),
            cluster_id: Some(self.config.cluster_id.clone()),
            controller_id: self.config.node_id.0,
            topics,
            cluster_authorized_operations: if of_cluster { super::CLUSTER_OPERATIONS } else { i32::MIN },
            ..MetadataResponse::default()
        })
    }

    fn named_topics(
        &mut self,
        reply: Reply,
        topics: Vec<MetadataRequestTopic>,
        auto_create: bool,
        io: &mut Io<'_, Broker>,
    ) -> Option<Vec<MetadataResponseTopic>> {
        let by_id = topics.iter().any(|topic| topic.topic_id != Uuid::ZERO);
        if reply.version < 12 && (by_id || topics.iter().any(|topic| topic.name.is_none())) {
            return None;
        }
        let mut answers = Vec::with_capacity(topics.len());
        let mut missing = BTreeSet::new();
        let mut seen = BTreeSet::new();
        for topic in topics {
            if !seen.insert((topic.topic_id, topic.name.clone())) {
                continue;
            }
            let image = self.controller.committed();
            match topic.name {
                // As soon as one topic is named by its id, names are not looked at.
                _ if by_id && topic.topic_id == Uuid::ZERO => {}
                _ if by_id => answers.push(match image.topics.get(&topic.topic_id) {
                    Some(known) => self.topic_metadata(&known.name),
                    None => failed(ErrorCode::UnknownTopicId, None, topic.topic_id),
                }),
                None => answers.push(failed(ErrorCode::InvalidTopicException, None, Uuid::ZERO)),
                Some(name) if image.topic_ids.contains_key(&name) => answers.push(self.topic_metadata(&name)),
                Some(name) if names::check(&name).is_err() => {
                    answers.push(failed(ErrorCode::InvalidTopicException, Some(name), Uuid::ZERO));
                }
                Some(name) => {
                    answers.push(failed(ErrorCode::UnknownTopicOrPartition, Some(name.clone()), Uuid::ZERO));
                    missing.insert(name);
                }
            }
        }
        if auto_create && !missing.is_empty() {
            self.auto_create(missing, io);
        }
        Some(answers)
    }

    /// The answer goes out at once; the client asks again. Left out on purpose, until it is built: asking the controller for it through
    /// another broker.
    fn auto_create(&mut self, names: BTreeSet<Str>, io: &mut Io<'_, Broker>) {
        let topic =
            |name| CreatableTopic { name, num_partitions: -1, replication_factor: -1, ..CreatableTopic::default() };
        let topics: Vec<CreatableTopic> = names.into_iter().map(topic).collect();
        if self.quorum.leads() {
            let creation = self.decide_creation(&topics);
            self.propose(creation.records, None, io);
        }
    }

    fn topic_metadata(&self, name: &Str) -> MetadataResponseTopic {
        let Some(topic) = self.controller.committed().topic(name) else {
            return failed(ErrorCode::UnknownTopicOrPartition, Some(name.clone()), Uuid::ZERO);
        };
        MetadataResponseTopic {
            error_code: 0,
            name: Some(name.clone()),
            topic_id: topic.id,
            is_internal: names::is_internal(name),
            partitions: topic
                .partitions
                .iter()
                .map(|(&index, partition)| partition_metadata(self.controller.committed(), index, partition))
                .collect(),
            ..MetadataResponseTopic::default()
        }
    }
}

fn partition_metadata(image: &Image, partition_index: i32, partition: &PartitionImage) -> MetadataResponsePartition {
    let leaderless = partition.leader == NO_LEADER;
    MetadataResponsePartition {
        error_code: if leaderless { ErrorCode::LeaderNotAvailable.code() } else { 0 },
        partition_index,
        leader_id: partition.leader,
        leader_epoch: partition.leader_epoch,
        replica_nodes: partition.replicas.clone(),
        isr_nodes: partition.isr.clone(),
        offline_replicas: offline_replicas(image, partition),
    }
}

/// The replicas that cannot be reached. A lone one without a leader is in a log directory that is offline, whatever its broker is.
pub(super) fn offline_replicas(image: &Image, partition: &PartitionImage) -> Vec<i32> {
    let fenced = |replica: &i32| image.brokers.get(replica).is_none_or(|broker| broker.fenced);
    let lost = partition.leader == NO_LEADER && partition.replicas.len() == 1;
    partition.replicas.iter().copied().filter(|replica| lost || fenced(replica)).collect()
}

fn failed(error: ErrorCode, name: Option<Str>, topic_id: Uuid) -> MetadataResponseTopic {
    let is_internal = name.as_ref().is_some_and(|name| names::is_internal(name));
    MetadataResponseTopic { error_code: error.code(), name, topic_id, is_internal, ..MetadataResponseTopic::default() }
}
