//! CreateTopics and DeleteTopics: the controller decides, and the answer goes out when its records are committed.

use super::describe_configs::creation_configs;
use crate::broker::Broker;
use crate::connections::Reply;
use crate::controller::create::{self, Creation};
use crate::controller::delete;
use crate::controller::{Answer, Caller};
use std::collections::BTreeMap;
use wire::messages::create_topics::{CreatableTopic, CreateTopicsRequest, CreateTopicsResponse};
use wire::messages::delete_topics::{
    DeletableTopicResult, DeleteTopicState, DeleteTopicsRequest, DeleteTopicsResponse,
};
use wire::{ErrorCode, Io, Str, Uuid};

impl Broker {
    pub(crate) fn create_topics(&mut self, reply: Reply, request: &CreateTopicsRequest, io: &mut Io<'_, Broker>) {
        let creation = self.decide_creation(&request.topics);
        let mut response = CreateTopicsResponse { topics: creation.results, ..CreateTopicsResponse::default() };
        for result in response.topics.iter_mut().filter(|result| result.error_code == 0) {
            let asked = request.topics.iter().find(|topic| topic.name == result.name);
            let pair = |(name, value): (&Str, &Option<Str>)| Some((name.clone(), value.clone()?));
            let configs =
                asked.into_iter().flat_map(|topic| topic.configs.iter().map(|entry| (&entry.name, &entry.value)));
            let overrides: BTreeMap<Str, Str> = configs.filter_map(pair).collect();
            result.configs =
                Some(creation_configs(&self.config, &self.controller.committed().broker_defaults(), &overrides));
        }
        let records = if request.validate_only { Vec::new() } else { creation.records };
        self.propose(records, Some(Answer { caller: Caller::Remote(reply), response: Box::new(response.into()) }), io);
    }

    /// Decides what creating these topics comes to, against the latest image.
    pub(super) fn decide_creation(&mut self, topics: &[CreatableTopic]) -> Creation {
        let (image, keyed, drawn) = (self.controller.latest(), self.keyed, &mut self.topic_ids_drawn);
        let topic_id = || {
            *drawn += 1;
            keyed.uuid("topic", *drawn)
        };
        let directory = |broker: i32| match image.brokers.get(&broker).map(|broker| broker.log_dirs.as_slice()) {
            Some(&[only]) => only,
            _ => Uuid::ZERO, // Unassigned: the broker chooses among its directories.
        };
        create::create_topics(image, &self.config, topics, topic_id, directory)
    }

    pub(crate) fn delete_topics(&mut self, reply: Reply, request: DeleteTopicsRequest, io: &mut Io<'_, Broker>) {
        let by_name =
            request.topic_names.into_iter().map(|name| DeleteTopicState { name: Some(name), topic_id: Uuid::ZERO });
        let topics: Vec<DeleteTopicState> = by_name.chain(request.topics).collect();
        if !self.config.flag("delete.topic.enable") {
            let response = disabled(reply.version, topics);
            return self.connections.answer(reply, &response.into(), io);
        }
        let deletion = delete::delete_topics(self.controller.latest(), &topics);
        let response = DeleteTopicsResponse { responses: deletion.results, ..DeleteTopicsResponse::default() };
        self.propose(
            deletion.records,
            Some(Answer { caller: Caller::Remote(reply), response: Box::new(response.into()) }),
            io,
        );
    }
}

fn disabled(version: i16, topics: Vec<DeleteTopicState>) -> DeleteTopicsResponse {
    let error = if version < 3 { ErrorCode::InvalidRequest } else { ErrorCode::TopicDeletionDisabled };
    let refuse = |topic: DeleteTopicState| DeletableTopicResult {
        name: topic.name,
        topic_id: topic.topic_id,
        error_code: error.code(),
        error_message: None,
    };
    let responses = topics.into_iter().map(refuse).collect();
    DeleteTopicsResponse { responses, ..DeleteTopicsResponse::default() }
}
