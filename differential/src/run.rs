//! Runs a session against two brokers and tells where they differ.

use crate::compare::{Difference, differences};
use crate::expected::Expected;
use crate::ids::Ids;
use crate::observe::observe;
use crate::peer::{Peer, Reply};
use crate::session::{Session, Step, Tweak};
use bytes::Bytes;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;
use wire::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use wire::messages::metadata::MetadataRequestTopic;
use wire::messages::{ListOffsetsRequest, MetadataRequest};
use wire::{ApiKey, Request, Response, Str};

/// An unlisted difference, and what led to it.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The session.
    pub seed: u64,
    /// The step's place in it.
    pub step: usize,
    /// The API.
    pub api: ApiKey,
    /// Its version, and how the frame was spoilt.
    pub how: (i16, Tweak),
    /// The request as JSON.
    pub request: String,
    /// The frame, with symbols for topic ids.
    pub frame: Bytes,
    /// What differs and is not listed.
    pub differences: Vec<Difference>,
}

/// What sessions came to.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Requests that were compared, by API.
    pub requests: BTreeMap<&'static str, u64>,
    /// Error codes that Kafka answered, and how often; -2 stands for a closed connection.
    pub errors: BTreeMap<i64, u64>,
    /// How often each listed difference was met, by its place in the list.
    pub listed: BTreeMap<usize, u64>,
}

/// One side of a comparison.
struct Party<'a> {
    peer: &'a mut dyn Peer,
    ids: Ids,
    correlation: i32,
}

/// A version whose Metadata tells topic ids by name, and of a ListOffsets.
const METADATA: i16 = 12;
const LIST_OFFSETS: i16 = 5;

/// How often a broker is asked whether it has carried out what it promised.
const SETTLING: u32 = 10_000;

/// The same for a topic that may be created in passing, or not.
const PASSING: u32 = 100;

/// Runs a session up to its first unlisted difference: what follows one would only follow from it.
pub fn run(
    session: &Session,
    kafka: &mut dyn Peer,
    ours: &mut dyn Peer,
    expected: &[Expected],
    tally: &mut Tally,
) -> io::Result<Option<Finding>> {
    let mut kafka = Party { peer: kafka, ids: Ids::default(), correlation: 0 };
    let mut ours = Party { peer: ours, ids: Ids::default(), correlation: 0 };
    let mut found = None;
    for (place, step) in session.steps.iter().enumerate() {
        let failed = |who| move |error| io::Error::other(format!("step {place}, {who}: {error}: {step:?}"));
        let said = kafka.ask(step).map_err(failed("Kafka"))?;
        let differences = differences(&said, &ours.ask(step).map_err(failed("ours"))?);
        *tally.requests.entry(step.api().name()).or_default() += 1;
        count_errors(&said, &mut tally.errors);
        let request = step.request.to_json(step.version);
        let asked = format!("{:?} {request}", step.tweak);
        let differences = unlisted(differences, step.api().name(), &asked, expected, tally);
        if !differences.is_empty() {
            let (seed, api, how) = (session.seed, step.api(), (step.version, step.tweak));
            let frame = step.frame(0).unwrap_or_default();
            found = Some(Finding { seed, step: place, api, how, request, frame, differences });
            break;
        }
    }
    if let Some(finding) = &found {
        // Its topics go, so that the session can be run again.
        let rest = &session.steps[finding.step..];
        for step in rest.iter().filter(|step| step.api() == ApiKey::DeleteTopics && step.tweak == Tweak::None) {
            kafka.ask(step)?;
            ours.ask(step)?;
        }
    }
    kafka.peer.hang_up();
    ours.peer.hang_up();
    Ok(found)
}

pub(crate) fn unlisted(
    differences: Vec<Difference>,
    api: &str,
    request: &str,
    expected: &[Expected],
    tally: &mut Tally,
) -> Vec<Difference> {
    let is_new = |difference: &Difference| match expected.iter().position(|e| e.matches(api, request, difference)) {
        Some(place) => {
            *tally.listed.entry(place).or_default() += 1;
            false
        }
        None => true,
    };
    differences.into_iter().filter(is_new).collect()
}

pub(crate) fn count_errors(said: &Value, errors: &mut BTreeMap<i64, u64>) {
    match said {
        Value::String(text) if text == "closed" => *errors.entry(-2).or_default() += 1,
        Value::Array(elements) => elements.iter().for_each(|element| count_errors(element, errors)),
        Value::Object(members) => {
            if let Some(code) = members.get("errorCode").and_then(Value::as_i64) {
                *errors.entry(code).or_default() += 1;
            }
            members.values().for_each(|member| count_errors(member, errors));
        }
        _ => {}
    }
}

impl Party<'_> {
    /// Sends a step and tells the reaction; waits until a change of topics has reached every part of the broker.
    fn ask(&mut self, step: &Step) -> io::Result<Value> {
        if step.api() == ApiKey::Produce {
            // Batches that are stamped by the broker get stamps of their own.
            self.peer.pause()?;
        }
        self.correlation += 1;
        let frame = step.frame(self.correlation).map_err(|error| io::Error::other(format!("{error}: {step:?}")))?;
        let reply = self.peer.ask(step.conn, &self.ids.outgoing(&frame))?;
        let version = match step.tweak {
            Tweak::Version(version) if step.api().versions().contains(version) => version,
            _ => step.version,
        };
        if let Reply::Answer(frame) = &reply
            && let Ok((_, response)) = Response::decode(step.api(), version, frame)
        {
            self.settle(&step.request, &response)?;
        }
        Ok(observe(step, version, &reply, &self.ids))
    }

    /// Kafka answers when its controller has decided; its broker learns of it a moment later.
    fn settle(&mut self, request: &Request, response: &Response) -> io::Result<()> {
        match (request, response) {
            (_, Response::Fetch(response)) if response.session_id != 0 => {
                self.ids.learn_session(response.session_id);
                Ok(())
            }
            (Request::CreateTopics(request), Response::CreateTopics(response)) if !request.validate_only => {
                let created = response.topics.iter().filter(|topic| topic.error_code == 0);
                created.map(|topic| topic.name.clone()).try_for_each(|name| self.settle_created(&name))
            }
            (_, Response::DeleteTopics(response)) => {
                let deleted = response.responses.iter().filter(|topic| topic.error_code == 0);
                deleted.filter_map(|topic| topic.name.clone()).try_for_each(|name| self.settle_deleted(&name))
            }
            // A topic that was created by asking for it.
            (Request::Metadata(request), Response::Metadata(response)) if request.allow_auto_topic_creation => {
                let created = response.topics.iter().filter(|topic| matches!(topic.error_code, 3 | 5));
                created.filter_map(|topic| topic.name.clone()).try_for_each(|name| self.settle_passing(&name))
            }
            _ => Ok(()),
        }
    }

    fn settle_created(&mut self, name: &Str) -> io::Result<()> {
        for _ in 0..SETTLING {
            if let Some(partitions) = self.partitions(name)?
                && self.are_led(name, &partitions)?
            {
                return Ok(());
            }
            self.peer.pause()?;
        }
        Err(io::Error::other(format!("topic {name} was created and never led")))
    }

    fn settle_passing(&mut self, name: &Str) -> io::Result<()> {
        for _ in 0..PASSING {
            match self.partitions(name)? {
                Some(_) => return self.settle_created(name),
                None => self.peer.pause()?,
            }
        }
        Ok(())
    }

    fn settle_deleted(&mut self, name: &Str) -> io::Result<()> {
        for _ in 0..SETTLING {
            // Metadata forgets a topic before its leader does.
            if self.partitions(name)?.is_none() && !self.are_led(name, &[0])? {
                return Ok(());
            }
            self.peer.pause()?;
        }
        Err(io::Error::other(format!("topic {name} was deleted and never went")))
    }

    /// The partitions of a topic if it exists; its id is learned.
    fn partitions(&mut self, name: &Str) -> io::Result<Option<Vec<i32>>> {
        let topic = MetadataRequestTopic { name: Some(name.clone()), ..MetadataRequestTopic::default() };
        let topics = Some(vec![topic]);
        let request = MetadataRequest { topics, allow_auto_topic_creation: false, ..MetadataRequest::default() };
        let Response::Metadata(response) = self.ask_plainly(METADATA, request)? else { return Ok(None) };
        let Some(topic) = response.topics.first().filter(|topic| topic.error_code == 0) else { return Ok(None) };
        self.ids.learn(name, topic.topic_id);
        Ok(Some(topic.partitions.iter().map(|partition| partition.partition_index).collect()))
    }

    fn are_led(&mut self, name: &Str, partitions: &[i32]) -> io::Result<bool> {
        let of = |&partition_index: &i32| ListOffsetsPartition { partition_index, timestamp: -1, ..Default::default() };
        let topic = ListOffsetsTopic { name: name.clone(), partitions: partitions.iter().map(of).collect() };
        let request = ListOffsetsRequest { replica_id: -1, topics: vec![topic], ..ListOffsetsRequest::default() };
        let Response::ListOffsets(response) = self.ask_plainly(LIST_OFFSETS, request)? else { return Ok(false) };
        Ok(response.topics.iter().flat_map(|topic| &topic.partitions).all(|partition| partition.error_code == 0))
    }

    fn ask_plainly(&mut self, version: i16, request: impl Into<Request>) -> io::Result<Response> {
        let step = Step { conn: u32::MAX, ..Step::new(version, request) };
        self.correlation += 1;
        let frame = step.frame(self.correlation).map_err(io::Error::other)?;
        let Reply::Answer(answer) = self.peer.ask(step.conn, &frame)? else {
            return Err(io::Error::other(format!("no answer to a plain {}", step.api().name())));
        };
        Response::decode(step.api(), version, &answer).map(|(_, response)| response).map_err(io::Error::other)
    }
}
