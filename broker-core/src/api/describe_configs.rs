//! DescribeConfigs: topics and this broker, with sources and synonyms. Dynamic broker configuration and loggers are not built.

use crate::broker::Broker;
use crate::config::{BROKER_PROPERTIES, Config, DYNAMIC, HIDDEN, Kind, TOPIC_PROPERTIES, TopicProperty};
use crate::controller::{BROKER_RESOURCE, TOPIC_RESOURCE, names};
use std::collections::{BTreeMap, BTreeSet};
use wire::messages::DescribeConfigsResponse;
use wire::messages::create_topics::CreatableTopicConfigs;
use wire::messages::describe_configs::{
    DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResourceResult, DescribeConfigsResult,
    DescribeConfigsSynonym,
};
use wire::{ErrorCode, Str};

const CLIENT_METRICS_RESOURCE: i8 = 16;
/// Topics, brokers, their loggers, client metrics, groups: what Kafka describes.
const RESOURCE_TYPES: [i8; 5] = [TOPIC_RESOURCE, BROKER_RESOURCE, 8, CLIENT_METRICS_RESOURCE, 32];

/// Where a value comes from, in Kafka's numbers.
const TOPIC_CONFIG: i8 = 1;
const DYNAMIC_DEFAULT_BROKER_CONFIG: i8 = 3;
const STATIC_BROKER_CONFIG: i8 = 4;
const DEFAULT_CONFIG: i8 = 5;

/// How many resources of a request may have been named in it before: Kafka describes each again, so that a small request could ask for
/// more than there is memory.
const MAX_REPEATS: usize = 100;

/// What a request has named, and how often it named something again.
#[derive(Default)]
struct Repeats {
    named: BTreeSet<(i8, Str)>,
    count: usize,
}

impl Repeats {
    fn are_too_many(&mut self, resource: &DescribeConfigsResource) -> bool {
        // "1", "01" and "+1" are one broker.
        let name = match (resource.resource_type, resource.resource_name.parse::<i32>()) {
            (BROKER_RESOURCE, Ok(id)) => Str::from(id.to_string()),
            _ => resource.resource_name.clone(),
        };
        let again = !self.named.insert((resource.resource_type, name));
        self.count += usize::from(again);
        again && self.count > MAX_REPEATS
    }
}

/// What the metadata sets of a resource.
type Configs = BTreeMap<Str, Str>;

type Refusal = (ErrorCode, Option<String>);

impl Broker {
    pub(super) fn describe_configs(&self, request: &DescribeConfigsRequest) -> DescribeConfigsResponse {
        let unheard_of = request.resources.iter().any(|resource| !RESOURCE_TYPES.contains(&resource.resource_type));
        let mut repeats = Repeats::default();
        let describe = |resource: &DescribeConfigsResource| {
            let described = match resource.resource_type {
                // Kafka refuses a request as a whole for a type that it has no name for.
                _ if unheard_of => Err((ErrorCode::InvalidRequest, None)),
                _ if repeats.are_too_many(resource) => {
                    let message = format!("Resources are named again more than {MAX_REPEATS} times");
                    Err((ErrorCode::InvalidRequest, Some(message)))
                }
                TOPIC_RESOURCE => self.describe_topic_config(&resource.resource_name),
                BROKER_RESOURCE => self.describe_broker_config(&resource.resource_name),
                // Subscriptions to client metrics (KIP-714) cannot be made, so each is empty.
                CLIENT_METRICS_RESOURCE if !resource.resource_name.is_empty() => Ok(Vec::new()),
                other => Err((ErrorCode::InvalidRequest, Some(format!("Unsupported resource type: {other}")))),
            };
            let result = DescribeConfigsResult {
                error_message: None,
                resource_type: resource.resource_type,
                resource_name: resource.resource_name.clone(),
                ..DescribeConfigsResult::default()
            };
            match described {
                Ok(configs) => {
                    DescribeConfigsResult { configs: selected(configs, resource, request.include_synonyms), ..result }
                }
                Err((error, message)) => {
                    DescribeConfigsResult { error_code: error.code(), error_message: message.map(Str::from), ..result }
                }
            }
        };
        let results = request.resources.iter().map(describe).collect();
        DescribeConfigsResponse { results, ..DescribeConfigsResponse::default() }
    }

    fn describe_topic_config(&self, topic: &Str) -> Result<Vec<DescribeConfigsResourceResult>, Refusal> {
        names::check(topic).map_err(|message| (ErrorCode::InvalidTopicException, Some(message)))?;
        let image = self.controller.committed();
        if !image.topic_ids.contains_key(topic) {
            return Err((ErrorCode::UnknownTopicOrPartition, None));
        }
        Ok(topic_entries(&self.config, &image.broker_defaults(), &image.topic_config(topic)))
    }

    fn describe_broker_config(&self, broker: &Str) -> Result<Vec<DescribeConfigsResourceResult>, Refusal> {
        let defaults = self.controller.committed().broker_defaults();
        let shown =
            |name: &str| !HIDDEN.contains(&name) && !name.starts_with("internal.") && !name.starts_with("unstable.");
        let properties = BROKER_PROPERTIES.iter().filter(|property| shown(property.name));
        if broker.is_empty() {
            let set = properties.filter(|property| defaults.contains_key(property.name));
            return Ok(set.map(|property| default_entry(&defaults, property.name, property.kind)).collect());
        }
        if broker.parse() != Ok(self.config.node_id.0) {
            let id = self.config.node_id;
            let message = format!("Unexpected broker id, expected {id} or empty string, but received {broker}");
            return Err((ErrorCode::InvalidRequest, Some(message)));
        }
        Ok(properties.map(|property| broker_entry(&self.config, &defaults, property.name, property.kind)).collect())
    }
}

fn selected(
    configs: Vec<DescribeConfigsResourceResult>,
    resource: &DescribeConfigsResource,
    include_synonyms: bool,
) -> Vec<DescribeConfigsResourceResult> {
    let keys = resource.configuration_keys.as_ref().filter(|keys| !keys.is_empty());
    let wanted = |config: &DescribeConfigsResourceResult| keys.is_none_or(|keys| keys.contains(&config.name));
    let mut configs: Vec<_> = configs.into_iter().filter(wanted).collect();
    if !include_synonyms {
        configs.iter_mut().for_each(|config| config.synonyms.clear());
    }
    configs
}

/// Every topic property with its value, its source and, most specific first, where else it could come from.
fn topic_entries(config: &Config, defaults: &Configs, overrides: &Configs) -> Vec<DescribeConfigsResourceResult> {
    let shown = TOPIC_PROPERTIES.iter().filter(|property| !property.name.starts_with("internal."));
    shown.map(|property| topic_entry(config, defaults, property, overrides.get(property.name))).collect()
}

fn topic_entry(
    config: &Config,
    defaults: &Configs,
    property: &TopicProperty,
    own: Option<&Str>,
) -> DescribeConfigsResourceResult {
    let dynamic = property.synonyms.iter().find_map(|&(name, _)| dynamic(defaults, name));
    let inherited = dynamic.as_ref().and_then(|synonym| synonym.value.clone());
    let value = own.cloned().or(inherited).or_else(|| config.topic_default(property).map(Str::from));
    let mut inherited = Vec::from_iter(dynamic);
    let set = property.synonyms.iter().filter(|(name, _)| config.is_set(name));
    inherited.extend(set.map(|&(name, _)| synonym(config, name, STATIC_BROKER_CONFIG)));
    inherited.extend(property.synonyms.iter().filter_map(|&(name, _)| default_synonym(name)));
    // Kafka forgets what stands before the property that the topic's falls back on first.
    let first = property.synonyms.first().map_or("", |synonym| synonym.0);
    let inherited = inherited.into_iter().skip_while(|synonym| synonym.name != first);
    let name = Str::from_static(property.name);
    let own = own.map(|_| DescribeConfigsSynonym { name, value: value.clone(), source: TOPIC_CONFIG });
    let synonyms = own.into_iter().chain(inherited).collect();
    entry(property.name, value, property.kind, synonyms, false)
}

fn broker_entry(config: &Config, defaults: &Configs, name: &'static str, kind: Kind) -> DescribeConfigsResourceResult {
    let dynamic = dynamic(defaults, name);
    // Kafka's older name for the node's id has its value.
    if name == "broker.id" && !config.is_set(name) && config.is_set("node.id") {
        let own =
            DescribeConfigsSynonym { name: Str::from_static(name), ..synonym(config, "node.id", STATIC_BROKER_CONFIG) };
        let value = own.value.clone();
        return entry(
            name,
            value,
            kind,
            Vec::from_iter([Some(own), default_synonym(name)].into_iter().flatten()),
            true,
        );
    }
    let inherited = dynamic.as_ref().and_then(|synonym| synonym.value.clone());
    let value = inherited.or_else(|| config.value(name).filter(|_| kind != Kind::Password).map(Str::from));
    let mut synonyms = Vec::from_iter(dynamic);
    if config.is_set(name) {
        synonyms.push(synonym(config, name, STATIC_BROKER_CONFIG));
    }
    synonyms.extend(default_synonym(name));
    entry(name, value, kind, synonyms, !DYNAMIC.contains(&name))
}

fn default_synonym(name: &'static str) -> Option<DescribeConfigsSynonym> {
    let value = Some(Str::from_static(crate::config::default_of(name)?));
    Some(DescribeConfigsSynonym { name: Str::from_static(name), value, source: DEFAULT_CONFIG })
}

/// A property that the metadata set for all brokers, and nothing else of it.
fn default_entry(defaults: &Configs, name: &'static str, kind: Kind) -> DescribeConfigsResourceResult {
    let synonyms = Vec::from_iter(dynamic(defaults, name));
    entry(name, defaults.get(name).cloned(), kind, synonyms, false)
}

fn dynamic(defaults: &Configs, name: &'static str) -> Option<DescribeConfigsSynonym> {
    let value = Some(defaults.get(name)?.clone());
    Some(DescribeConfigsSynonym { name: Str::from_static(name), value, source: DYNAMIC_DEFAULT_BROKER_CONFIG })
}

fn synonym(config: &Config, name: &'static str, source: i8) -> DescribeConfigsSynonym {
    DescribeConfigsSynonym { name: Str::from_static(name), value: config.value(name).map(Str::from), source }
}

fn entry(
    name: &'static str,
    value: Option<Str>,
    kind: Kind,
    synonyms: Vec<DescribeConfigsSynonym>,
    read_only: bool,
) -> DescribeConfigsResourceResult {
    DescribeConfigsResourceResult {
        name: Str::from_static(name),
        value,
        read_only,
        config_source: synonyms.first().map_or(DEFAULT_CONFIG, |synonym| synonym.source),
        is_sensitive: kind == Kind::Password,
        synonyms,
        config_type: kind.wire_type(),
        documentation: None,
    }
}

/// What CreateTopics says of a new topic's configuration (KIP-525).
pub(super) fn creation_configs(config: &Config, defaults: &Configs, overrides: &Configs) -> Vec<CreatableTopicConfigs> {
    let described = topic_entries(config, defaults, overrides).into_iter();
    let shown = described.map(|entry| CreatableTopicConfigs {
        name: entry.name,
        value: entry.value,
        read_only: false,
        config_source: entry.config_source,
        is_sensitive: false,
    });
    shown.collect()
}
