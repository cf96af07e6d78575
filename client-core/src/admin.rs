//! The admin's calls: create, delete and describe topics.
//!
//! A call is tried again until `default.api.timeout.ms`. Creating and deleting are not idempotent, so after an attempt whose answer was lost
//! only success is certain: a topic that "exists already" may have been created by that very attempt. Such an end has the code -1, unknown;
//! Kafka's own admin reports TOPIC_ALREADY_EXISTS there. The same goes for a broker's REQUEST_TIMED_OUT and unexpected errors. Left out
//! on purpose: configurations, partitions, groups, and everything else that no scenario calls yet.

use crate::client::Timer;
use crate::core::{Core, Wake};
use crate::draw::Purpose;
use crate::op::TopicDescription;
use crate::token::Token;
use crate::{Client, Done, NewTopic};
use std::collections::BTreeMap;
use wire::messages::create_topics::{CreatableTopic, CreatableTopicConfig};
use wire::messages::delete_topics::DeleteTopicState;
use wire::messages::metadata::{MetadataRequestTopic, MetadataResponseTopic};
use wire::messages::{CreateTopicsRequest, DeleteTopicsRequest, MetadataRequest, MetadataResponse};
use wire::{ApiKey, ErrorCode, Instant, Io, NodeId, OpId, Output, Request, Response, Str, Uuid};

/// The code of an end that nobody knows.
const UNKNOWN: i16 = -1;

/// The calls that have not ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calls {
    open: BTreeMap<OpId, Call>,
}

#[derive(Clone, Debug)]
struct Call {
    what: What,
    /// In the order of the call.
    topics: Vec<Progress>,
    deadline: Instant,
    not_before: Instant,
    in_flight: bool,
    failures: u32,
    tries: u64,
}

#[derive(Clone, Debug)]
enum What {
    Create(Vec<NewTopic>),
    Delete,
    Describe,
}

/// How far a call has come with one topic.
#[derive(Clone, Debug)]
struct Progress {
    name: Str,
    /// Code and id, once it has ended.
    end: Option<(i16, Uuid)>,
    /// An attempt may have been carried out.
    ambiguous: bool,
    /// The last definite error.
    error: i16,
}

impl Calls {
    pub(crate) fn create(&mut self, op: OpId, topics: Vec<NewTopic>, core: &Core, io: &mut Io<'_, Client>) {
        let names = topics.iter().map(|topic| topic.name.clone()).collect();
        self.begin(op, What::Create(topics), names, core, io);
    }

    pub(crate) fn delete(&mut self, op: OpId, names: Vec<Str>, core: &Core, io: &mut Io<'_, Client>) {
        self.begin(op, What::Delete, names, core, io);
    }

    pub(crate) fn describe(&mut self, op: OpId, names: Vec<Str>, core: &Core, io: &mut Io<'_, Client>) {
        self.begin(op, What::Describe, names, core, io);
    }

    fn begin(&mut self, op: OpId, what: What, names: Vec<Str>, core: &Core, io: &mut Io<'_, Client>) {
        let error = ErrorCode::BrokerNotAvailable.code();
        let topics = names.into_iter().map(|name| Progress { name, end: None, ambiguous: false, error }).collect();
        let deadline = io.now.mono + core.config.default_api_timeout;
        let call =
            Call { what, topics, deadline, not_before: Instant::default(), in_flight: false, failures: 0, tries: 0 };
        if call.topics.is_empty() {
            return call.finish(op, io);
        }
        self.open.insert(op, call);
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.open.is_empty()
    }

    /// Does everything that is due.
    pub(crate) fn pump(&mut self, core: &mut Core, io: &mut Io<'_, Client>) {
        let now = io.now.mono;
        while let Some((&op, _)) = self.open.iter().find(|(_, call)| call.deadline <= now) {
            if let Some(call) = self.open.remove(&op) {
                call.out_of_time(op, io);
            }
        }
        let due: Vec<OpId> =
            self.open.iter().filter(|(_, call)| !call.in_flight && call.not_before <= now).map(|(&op, _)| op).collect();
        for op in due {
            self.send(op, core, io);
        }
    }

    fn send(&mut self, op: OpId, core: &mut Core, io: &mut Io<'_, Client>) {
        let Some(call) = self.open.get_mut(&op) else { return };
        if !core.metadata.is_known() {
            return core.metadata.want_nodes();
        }
        let Some(node) = call.node(core, io) else { return };
        let request = call.request(node, core);
        call.tries += 1;
        match core.links.send(node, &request, Some(Token::Call(op)), io) {
            Ok(()) => call.in_flight = true,
            Err(_) => {
                call.topics.iter_mut().for_each(|topic| topic.error = ErrorCode::UnsupportedVersion.code());
                if let Some(call) = self.open.remove(&op) {
                    call.out_of_time(op, io);
                }
            }
        }
    }

    /// A request was answered, or lost with its connection.
    pub(crate) fn answered(&mut self, op: OpId, response: Option<Response>, core: &mut Core, io: &mut Io<'_, Client>) {
        let Some(call) = self.open.get_mut(&op) else { return };
        call.in_flight = false;
        match (&call.what, response) {
            (What::Describe, Some(Response::Metadata(response))) => {
                if let Some(call) = self.open.remove(&op) {
                    io.push(Output::Done(op, Done::Described(call.described(&response))));
                }
                return;
            }
            (What::Create(_), Some(Response::CreateTopics(response))) => {
                response.topics.iter().for_each(|one| call.told(&one.name, one.error_code, one.topic_id));
            }
            (What::Delete, Some(Response::DeleteTopics(response))) => {
                let named = response.responses.iter().filter_map(|one| Some((one.name.as_ref()?, one)));
                named.for_each(|(name, one)| call.told(name, one.error_code, one.topic_id));
            }
            _ => call.lost(),
        }
        if call.topics.iter().all(|topic| topic.end.is_some()) {
            if let Some(call) = self.open.remove(&op) {
                call.finish(op, io);
            }
            return;
        }
        call.failures += 1;
        call.not_before = core.retry_at(io.now.mono, call.failures);
        core.metadata.want_nodes();
    }

    pub(crate) fn wake(&self, wake: &mut Wake) {
        for call in self.open.values() {
            wake.at(call.deadline, Timer::Call);
            if !call.in_flight {
                wake.at(call.not_before, Timer::Call);
            }
        }
    }
}

impl Call {
    /// Whom to ask: the controller if it is known; in KRaft any broker forwards to it.
    fn node(&self, core: &mut Core, io: &mut Io<'_, Client>) -> Option<NodeId> {
        match core.metadata.controller() {
            Some(node) if !matches!(self.what, What::Describe) && core.links.knows(node) && self.failures == 0 => {
                core.links.ready(node, io).then_some(node)
            }
            _ => core.links.any_ready(core.draw.of(Purpose::AnyNode).at(self.tries), io),
        }
    }

    fn request(&self, node: NodeId, core: &Core) -> Request {
        let timeout_ms = i32::try_from(core.config.request_timeout.as_millis()).unwrap_or(i32::MAX);
        let open: Vec<Str> =
            self.topics.iter().filter(|topic| topic.end.is_none()).map(|topic| topic.name.clone()).collect();
        match &self.what {
            What::Create(topics) => {
                let wanted = topics.iter().zip(&self.topics).filter(|(_, progress)| progress.end.is_none());
                let topics = wanted.map(|(topic, _)| creatable(topic)).collect();
                CreateTopicsRequest { topics, timeout_ms, validate_only: false }.into()
            }
            What::Delete if core.links.version(node, ApiKey::DeleteTopics).is_some_and(|version| version >= 6) => {
                let topics =
                    open.into_iter().map(|name| DeleteTopicState { name: Some(name), topic_id: Uuid::ZERO }).collect();
                DeleteTopicsRequest { topics, timeout_ms, ..DeleteTopicsRequest::default() }.into()
            }
            What::Delete => {
                DeleteTopicsRequest { topic_names: open, timeout_ms, ..DeleteTopicsRequest::default() }.into()
            }
            What::Describe => {
                let name = |name| MetadataRequestTopic { topic_id: Uuid::ZERO, name: Some(name) };
                let topics = Some(open.into_iter().map(name).collect());
                MetadataRequest { topics, allow_auto_topic_creation: false, ..MetadataRequest::default() }.into()
            }
        }
    }

    /// A broker told how it went with a topic.
    fn told(&mut self, name: &Str, code: i16, id: Uuid) {
        for topic in self.topics.iter_mut().filter(|topic| topic.end.is_none() && topic.name == *name) {
            match ErrorCode::from_code(code) {
                ErrorCode::None => topic.end = Some((0, id)),
                _ if topic.ambiguous => topic.end = Some((UNKNOWN, Uuid::ZERO)),
                error @ (ErrorCode::NotController | ErrorCode::ThrottlingQuotaExceeded) => topic.error = error.code(),
                ErrorCode::RequestTimedOut | ErrorCode::UnknownServerError | ErrorCode::NetworkException => {
                    topic.end = Some((UNKNOWN, Uuid::ZERO));
                }
                error => topic.end = Some((error.code(), id)),
            }
        }
    }

    /// The answer was lost: what was asked for may have been done.
    fn lost(&mut self) {
        self.topics.iter_mut().filter(|topic| topic.end.is_none()).for_each(|topic| topic.ambiguous = true);
    }

    fn out_of_time(mut self, op: OpId, io: &mut Io<'_, Client>) {
        if matches!(self.what, What::Describe) {
            return io.push(Output::Done(op, Done::Unknown { error: UNKNOWN }));
        }
        for topic in self.topics.iter_mut().filter(|topic| topic.end.is_none()) {
            let code = if topic.ambiguous || self.in_flight { UNKNOWN } else { topic.error };
            topic.end = Some((code, Uuid::ZERO));
        }
        self.finish(op, io);
    }

    fn finish(self, op: OpId, io: &mut Io<'_, Client>) {
        let end = |topic: Progress| {
            let (code, id) = topic.end.unwrap_or((UNKNOWN, Uuid::ZERO));
            (topic.name, code, id)
        };
        io.push(Output::Done(
            op,
            match self.what {
                What::Describe => Done::Described(Vec::new()),
                What::Create(_) | What::Delete => Done::Topics(self.topics.into_iter().map(end).collect()),
            },
        ));
    }

    fn described(self, response: &MetadataResponse) -> Vec<TopicDescription> {
        let find = |name: &Str| response.topics.iter().find(|topic| topic.name.as_ref() == Some(name));
        self.topics.into_iter().map(|topic| description(find(&topic.name), topic.name)).collect()
    }
}

fn description(topic: Option<&MetadataResponseTopic>, name: Str) -> TopicDescription {
    let unknown = ErrorCode::UnknownTopicOrPartition.code();
    let Some(topic) = topic else {
        return TopicDescription { name, error: unknown, topic_id: Uuid::ZERO, partitions: Vec::new() };
    };
    let partitions =
        topic.partitions.iter().map(|one| (one.partition_index, one.leader_id, one.leader_epoch)).collect();
    TopicDescription { name, error: topic.error_code, topic_id: topic.topic_id, partitions }
}

fn creatable(topic: &NewTopic) -> CreatableTopic {
    let config = |(name, value): &(Str, Str)| CreatableTopicConfig { name: name.clone(), value: Some(value.clone()) };
    CreatableTopic {
        name: topic.name.clone(),
        num_partitions: topic.partitions,
        replication_factor: topic.replication_factor,
        assignments: Vec::new(),
        configs: topic.configs.iter().map(config).collect(),
    }
}
