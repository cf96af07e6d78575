//! Broker configuration by Kafka's own names, parsed and checked as a whole before anything starts.
//!
//! A name that Kafka does not know is an error, and so is a value out of range. What Kafka knows and this broker does not act on is
//! accepted and ignored; the table in `properties` says which.

mod cluster;
mod described;
mod kind;
mod listeners;
mod properties;
mod topic;

pub use listeners::Listener;
pub use topic::{TimestampType, TopicConfig};

pub(crate) use cluster::{ClusterConfig, SnapshotConfig};
pub(crate) use described::{DYNAMIC, HIDDEN};
pub(crate) use kind::Kind;
pub(crate) use properties::PROPERTIES as BROKER_PROPERTIES;
pub(crate) use topic::{TOPIC_PROPERTIES, TopicProperty, validate as validate_topic};

use crate::bugs::Bug;
use kind::parse_boolean;
use std::collections::BTreeMap;
use wire::{NodeId, Planted, Str};

/// What `cluster.id` is when nobody says.
const DEFAULT_CLUSTER_ID: &str = "TribunalTribunalTribun";

/// A broker's configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// `node.id`, 1 if it is not set.
    pub node_id: NodeId,
    /// The cluster id that a fresh disk is formatted with and that a used one must have.
    pub cluster_id: Str,
    /// Where to listen. The driver binds these.
    pub listeners: Vec<Listener>,
    /// What clients are told to connect to, by the name of the listener that they came by.
    pub advertised_listeners: Vec<Listener>,
    /// The bugs that are planted.
    pub planted: Planted<Bug>,
    /// `fetch.max.bytes`, which every fetch looks at.
    pub(crate) fetch_max_bytes: usize,
    /// What the parts that speak with other nodes look at.
    pub(crate) cluster: ClusterConfig,
    /// Topic-level defaults, resolved once.
    pub(crate) topic_defaults: TopicConfig,
    /// What was set explicitly, trimmed.
    set: Set,
}

/// Explicitly set properties with their trimmed values.
type Set = BTreeMap<&'static str, String>;

/// A configuration that was refused; the text says what to change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Neither Kafka nor this broker knows the name.
    #[error(
        "unknown property '{name}': remove it or correct its spelling (broker properties are named as in Kafka 4.3)"
    )]
    UnknownName {
        /// The name.
        name: String,
    },
    /// The value is of the wrong type or out of range.
    #[error("property '{name}' has the value '{value}': it must be {expected}")]
    BadValue {
        /// The property.
        name: String,
        /// Its value.
        value: String,
        /// What would do.
        expected: String,
    },
}

impl Config {
    /// Parses broker properties; what is not named has Kafka 4.3's default.
    pub fn parse(properties: &BTreeMap<String, String>) -> Result<Config, ConfigError> {
        let mut set = BTreeMap::new();
        for (name, value) in properties {
            let property = properties::find(name).ok_or_else(|| ConfigError::UnknownName { name: name.clone() })?;
            property.kind.check(value).map_err(|expected| bad(name, value, expected))?;
            set.insert(property.name, value.trim().to_owned());
        }
        Config::of(set)
    }

    fn of(set: Set) -> Result<Config, ConfigError> {
        let text = |name: &str, default: &str| set.get(name).map_or(default, String::as_str).to_owned();
        let node_id = NodeId(text("node.id", "1").parse().unwrap_or(1));
        let cluster_id = text("cluster.id", DEFAULT_CLUSTER_ID).into();
        let listeners = listeners::parse("listeners", &text("listeners", "PLAINTEXT://:9092"))?;
        let advertised_listeners = match set.get("advertised.listeners") {
            Some(value) => listeners::parse("advertised.listeners", value)?,
            None => listeners.clone(),
        };
        let topic_defaults = TopicConfig::resolve(&set, &BTreeMap::new());
        let mut config = Config {
            node_id,
            cluster_id,
            listeners,
            advertised_listeners,
            planted: Planted::default(),
            fetch_max_bytes: 0,
            cluster: ClusterConfig::default(),
            topic_defaults,
            set,
        };
        config.cluster = ClusterConfig::of(&config)?;
        config.fetch_max_bytes = usize::try_from(config.number("fetch.max.bytes")).unwrap_or(usize::MAX);
        Ok(config)
    }

    /// The same configuration with a bug planted.
    #[must_use]
    pub fn with_bug(mut self, bug: Bug) -> Config {
        self.planted = self.planted.with(bug);
        self
    }

    /// A broker property's value in force: what was set, or Kafka's default; None for an unknown name or a null default.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<String> {
        let property = properties::find(name)?;
        self.set.get(name).cloned().or_else(|| property.default.map(str::to_owned))
    }

    /// The configuration of a topic with these overrides; overrides that do not parse have been refused before.
    pub(crate) fn topic(&self, overrides: &BTreeMap<Str, Str>) -> TopicConfig {
        if overrides.is_empty() { self.topic_defaults.clone() } else { TopicConfig::resolve(&self.set, overrides) }
    }

    /// What a topic property is where the topic does not override it.
    pub(crate) fn topic_default(&self, property: &TopicProperty) -> Option<String> {
        property.inherited(&self.set)
    }

    /// The properties that were set although this broker does not act on them: worth a warning to whoever started it.
    pub fn ignored(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.set.keys().copied().filter(|name| properties::find(name).is_some_and(|property| !property.used))
    }

    /// Whether the property was set explicitly.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.set.contains_key(name)
    }

    /// The value of an integer property; 0 if it has none.
    pub fn number(&self, name: &str) -> i64 {
        self.value(name).and_then(|value| value.parse().ok()).unwrap_or_default()
    }

    /// The value of a boolean property.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.value(name).as_deref().and_then(parse_boolean).unwrap_or_default()
    }

    /// The listener that the controller quorum uses, and that clients do not get advertised.
    pub(crate) fn is_controller_listener(&self, name: &str) -> bool {
        self.set.get("controller.listener.names").is_some_and(|names| kind::items(names).any(|item| item == name))
    }
}

/// Kafka's default of a broker property.
pub(crate) fn default_of(name: &str) -> Option<&'static str> {
    properties::find(name)?.default
}

fn bad(name: &str, value: &str, expected: String) -> ConfigError {
    ConfigError::BadValue { name: name.to_owned(), value: value.to_owned(), expected }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::parse(&pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn the_table_is_sorted_and_its_defaults_are_valid() {
        assert!(BROKER_PROPERTIES.is_sorted_by(|a, b| a.name < b.name));
        for property in BROKER_PROPERTIES {
            let unchecked = property.name == "controller.quorum.voters" || property.name == "authorizer.class.name";
            let valid = property.default.is_none_or(|value| property.kind.check(value).is_ok());
            assert!(valid || unchecked, "{}", property.name);
        }
    }

    #[test]
    fn kafkas_defaults_hold_where_nothing_is_said() {
        let config = parse(&[]).unwrap();
        assert_eq!(config.node_id, NodeId(1));
        assert_eq!(config.value("message.max.bytes").as_deref(), Some("1048588"));
        assert_eq!(config.value("broker.rack"), None);
        assert_eq!(config.topic_defaults.flush_messages, i64::MAX);
        assert_eq!(config.listeners[0].endpoint.port, 9092);
    }

    #[test]
    fn what_kafka_knows_and_we_do_not_use_is_accepted() {
        let config = parse(&[("num.io.threads", "16"), ("num.partitions", "2")]).unwrap();
        assert_eq!(config.ignored().collect::<Vec<_>>(), ["num.io.threads"]);
        assert_eq!(config.value("num.io.threads").as_deref(), Some("16"));
    }

    #[test]
    fn wrong_names_and_values_say_what_to_do() {
        let unknown = parse(&[("mesage.max.bytes", "1")]).unwrap_err().to_string();
        assert!(unknown.contains("'mesage.max.bytes'") && unknown.contains("spelling"), "{unknown}");
        let value = parse(&[("num.partitions", "0")]).unwrap_err().to_string();
        assert_eq!(value, "property 'num.partitions' has the value '0': it must be an integer of at least 1");
        let listener = parse(&[("listeners", "9092")]).unwrap_err().to_string();
        assert!(listener.contains("'listeners'") && listener.contains("NAME://host:port"), "{listener}");
    }
}
