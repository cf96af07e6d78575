//! Topic-level configuration: one table of name, type, default and the broker properties that it falls back on. CreateTopics validates
//! with it, logs are built from it, DescribeConfigs prints it.

use super::Set;
use super::kind::Kind::{self, AnyOf, Boolean, Double, Int, List, Long, OneOf};
use super::kind::{items, parse_boolean};
use std::collections::BTreeMap;
use wire::Str;

const MIN: i64 = i64::MIN;
const MAX: i64 = i64::MAX;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;

/// One topic property. A synonym is a broker property and the factor that turns its value into this one's unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TopicProperty {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) default: Option<&'static str>,
    pub(crate) synonyms: &'static [(&'static str, i64)],
}

const fn topic(
    name: &'static str,
    kind: Kind,
    default: Option<&'static str>,
    synonyms: &'static [(&'static str, i64)],
) -> TopicProperty {
    TopicProperty { name, kind, default, synonyms }
}

/// All of them, by name.
pub(crate) const TOPIC_PROPERTIES: &[TopicProperty] = &[
    topic("cleanup.policy", AnyOf(&["compact", "delete"]), Some("delete"), &[("log.cleanup.policy", 1)]),
    topic("compression.gzip.level", Int(-1, 9), Some("-1"), &[("compression.gzip.level", 1)]),
    topic("compression.lz4.level", Int(1, 17), Some("9"), &[("compression.lz4.level", 1)]),
    topic(
        "compression.type",
        OneOf(&["gzip", "lz4", "producer", "snappy", "uncompressed", "zstd"]),
        Some("producer"),
        &[("compression.type", 1)],
    ),
    topic("compression.zstd.level", Int(-131072, 22), Some("3"), &[("compression.zstd.level", 1)]),
    topic("delete.retention.ms", Long(0, MAX), Some("86400000"), &[("log.cleaner.delete.retention.ms", 1)]),
    topic("file.delete.delay.ms", Long(0, MAX), Some("60000"), &[("log.segment.delete.delay.ms", 1)]),
    topic("flush.messages", Long(1, MAX), Some("9223372036854775807"), &[("log.flush.interval.messages", 1)]),
    topic(
        "flush.ms",
        Long(0, MAX),
        Some("9223372036854775807"),
        &[("log.flush.interval.ms", 1), ("log.flush.scheduler.interval.ms", 1)],
    ),
    topic("follower.replication.throttled.replicas", List, Some(""), &[]),
    topic("index.interval.bytes", Int(0, MAX), Some("4096"), &[("log.index.interval.bytes", 1)]),
    topic("internal.segment.bytes", Int(MIN, MAX), None, &[("internal.segment.bytes", 1)]),
    topic("leader.replication.throttled.replicas", List, Some(""), &[]),
    topic("local.retention.bytes", Long(-2, MAX), Some("-2"), &[("log.local.retention.bytes", 1)]),
    topic("local.retention.ms", Long(-2, MAX), Some("-2"), &[("log.local.retention.ms", 1)]),
    topic(
        "max.compaction.lag.ms",
        Long(1, MAX),
        Some("9223372036854775807"),
        &[("log.cleaner.max.compaction.lag.ms", 1)],
    ),
    topic("max.message.bytes", Int(0, MAX), Some("1048588"), &[("message.max.bytes", 1)]),
    topic(
        "message.timestamp.after.max.ms",
        Long(0, MAX),
        Some("3600000"),
        &[("log.message.timestamp.after.max.ms", 1)],
    ),
    topic(
        "message.timestamp.before.max.ms",
        Long(0, MAX),
        Some("9223372036854775807"),
        &[("log.message.timestamp.before.max.ms", 1)],
    ),
    topic(
        "message.timestamp.type",
        OneOf(&["CreateTime", "LogAppendTime"]),
        Some("CreateTime"),
        &[("log.message.timestamp.type", 1)],
    ),
    topic("min.cleanable.dirty.ratio", Double(0.0, 1.0), Some("0.5"), &[("log.cleaner.min.cleanable.ratio", 1)]),
    topic("min.compaction.lag.ms", Long(0, MAX), Some("0"), &[("log.cleaner.min.compaction.lag.ms", 1)]),
    topic("min.insync.replicas", Int(1, MAX), Some("1"), &[("min.insync.replicas", 1)]),
    topic("preallocate", Boolean, Some("false"), &[("log.preallocate", 1)]),
    topic("remote.log.copy.disable", Boolean, Some("false"), &[]),
    topic("remote.log.delete.on.disable", Boolean, Some("false"), &[]),
    topic("remote.storage.enable", Boolean, Some("false"), &[]),
    topic("retention.bytes", Long(MIN, MAX), Some("-1"), &[("log.retention.bytes", 1)]),
    topic(
        "retention.ms",
        Long(-1, MAX),
        Some("604800000"),
        &[("log.retention.ms", 1), ("log.retention.minutes", MINUTE_MS), ("log.retention.hours", HOUR_MS)],
    ),
    topic("segment.bytes", Int(1048576, MAX), Some("1073741824"), &[("log.segment.bytes", 1)]),
    topic("segment.index.bytes", Int(4, MAX), Some("10485760"), &[("log.index.size.max.bytes", 1)]),
    topic(
        "segment.jitter.ms",
        Long(0, MAX),
        Some("0"),
        &[("log.roll.jitter.ms", 1), ("log.roll.jitter.hours", HOUR_MS)],
    ),
    topic("segment.ms", Long(1, MAX), Some("604800000"), &[("log.roll.ms", 1), ("log.roll.hours", HOUR_MS)]),
    topic("unclean.leader.election.enable", Boolean, Some("false"), &[("unclean.leader.election.enable", 1)]),
];

/// The property of a name.
pub(crate) fn find(name: &str) -> Option<&'static TopicProperty> {
    let index = TOPIC_PROPERTIES.binary_search_by(|property| property.name.cmp(name)).ok()?;
    TOPIC_PROPERTIES.get(index)
}

impl TopicProperty {
    /// What a topic without an override has: the first synonym that is set, or Kafka's default.
    pub(crate) fn inherited(&self, set: &Set) -> Option<String> {
        match self.synonyms.iter().find_map(|&(name, factor)| Some((set.get(name)?, factor))) {
            Some((value, 1)) => Some(value.clone()),
            Some((value, factor)) => value.parse::<i64>().ok().map(|number| number.saturating_mul(factor).to_string()),
            None => self.default.map(str::to_owned),
        }
    }
}

/// Why a topic's configuration was refused; the text is for INVALID_CONFIG's message.
pub(crate) fn validate<'a>(overrides: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> Result<(), String> {
    for (name, value) in overrides {
        let Some(property) = find(name) else { return Err(format!("Unknown topic config name: {name}")) };
        let Some(value) = value else { return Err(format!("Null value not supported for topic configs: {name}")) };
        if let Err(expected) = property.kind.check(value) {
            return Err(format!("Invalid value {value} for configuration {name}: it must be {expected}"));
        }
    }
    Ok(())
}

/// What sets a batch's timestamp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer.
    #[default]
    CreateTime,
    /// The leader, at the append.
    LogAppendTime,
}

/// A topic's configuration as a broker acts on it: overrides over broker properties over defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The fields are the properties of the same names.
pub struct TopicConfig {
    pub segment_bytes: u32,
    pub segment_ms: i64,
    pub segment_index_bytes: u32,
    pub index_interval_bytes: u32,
    pub flush_messages: i64,
    pub flush_ms: i64,
    pub file_delete_delay_ms: i64,
    pub max_message_bytes: u32,
    pub message_timestamp_type: TimestampType,
    pub message_timestamp_before_max_ms: i64,
    pub message_timestamp_after_max_ms: i64,
    pub min_insync_replicas: i32,
    pub unclean_leader_election_enable: bool,
    pub compact: bool,
    pub compression_type: Str,
}

impl TopicConfig {
    /// The configuration of a topic with these overrides, which [`validate`] accepted.
    #[must_use]
    pub(crate) fn resolve(set: &Set, overrides: &BTreeMap<Str, Str>) -> TopicConfig {
        let value = |name: &str| match overrides.get(name) {
            Some(value) => Some(value.trim().to_owned()),
            None => find(name).and_then(|property| property.inherited(set)),
        };
        let long = |name: &str| value(name).and_then(|text| text.parse::<i64>().ok()).unwrap_or_default();
        let size = |name: &str| u32::try_from(long(name)).unwrap_or_default();
        let flag = |name: &str| value(name).as_deref().and_then(parse_boolean).unwrap_or_default();
        let internal_segment = value("internal.segment.bytes").and_then(|text| text.parse::<u32>().ok());
        let log_append_time = value("message.timestamp.type").as_deref() == Some("LogAppendTime");
        TopicConfig {
            segment_bytes: internal_segment.unwrap_or_else(|| size("segment.bytes")),
            segment_ms: long("segment.ms"),
            segment_index_bytes: size("segment.index.bytes"),
            index_interval_bytes: size("index.interval.bytes"),
            flush_messages: long("flush.messages"),
            flush_ms: long("flush.ms"),
            file_delete_delay_ms: long("file.delete.delay.ms"),
            max_message_bytes: size("max.message.bytes"),
            message_timestamp_type: if log_append_time {
                TimestampType::LogAppendTime
            } else {
                TimestampType::CreateTime
            },
            message_timestamp_before_max_ms: long("message.timestamp.before.max.ms"),
            message_timestamp_after_max_ms: long("message.timestamp.after.max.ms"),
            min_insync_replicas: i32::try_from(long("min.insync.replicas")).unwrap_or(1),
            unclean_leader_election_enable: flag("unclean.leader.election.enable"),
            compact: value("cleanup.policy").is_some_and(|policy| items(&policy).any(|item| item == "compact")),
            compression_type: value("compression.type").map(Str::from).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    fn config(pairs: &[(&str, &str)]) -> Config {
        Config::parse(&pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()).unwrap()
    }

    #[test]
    fn the_table_is_sorted() {
        assert!(TOPIC_PROPERTIES.is_sorted_by(|a, b| a.name < b.name));
    }

    #[test]
    fn every_default_is_valid_and_every_synonym_is_a_broker_property() {
        for property in TOPIC_PROPERTIES {
            assert!(property.default.is_none_or(|value| property.kind.check(value).is_ok()), "{}", property.name);
            for (synonym, _) in property.synonyms {
                assert!(super::super::properties::find(synonym).is_some(), "{synonym}");
            }
        }
    }

    #[test]
    fn an_override_beats_a_synonym_beats_the_default() {
        let config = config(&[("log.roll.hours", "2"), ("message.max.bytes", "5000")]);
        let overrides = BTreeMap::from([(Str::from("max.message.bytes"), Str::from("99"))]);
        let topic = config.topic(&overrides);
        assert_eq!((topic.segment_ms, topic.max_message_bytes, topic.index_interval_bytes), (7_200_000, 99, 4096));
    }

    #[test]
    fn wrong_overrides_are_named() {
        assert_eq!(validate([("retention.ms", Some("-1"))]), Ok(()));
        assert_eq!(
            validate([("segment.bytes", Some("10"))]).unwrap_err(),
            "Invalid value 10 for configuration segment.bytes: it must be an integer of at least 1048576"
        );
        assert!(validate([("no.such", Some("1"))]).unwrap_err().contains("no.such"));
        assert!(validate([("retention.ms", None)]).is_err());
    }
}
