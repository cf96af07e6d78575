//! What a reaction says, as a tree in which two brokers that do the same say the same.
//!
//! Ids, addresses and the brokers' own times are replaced by words; texts for people are left out; the order of topics, partitions and
//! the like is not compared, since Kafka's is that of its hash maps. What a Fetch carries is shown batch by batch.

use crate::ids::Ids;
use crate::peer::Reply;
use crate::session::Step;
use bytes::Bytes;
use serde_json::{Map, Value, json};
use wire::messages::FetchResponse;
use wire::records::{Batches, hash128, header};
use wire::{ApiKey, Response};

/// Texts for people, and measurements.
const IGNORED: [&str; 6] =
    ["errorMessage", "batchIndexErrorMessage", "documentation", "throttleTimeMs", "host", "port"];

/// Millisecond fields; beyond [`RECENT`] they show a broker's clock.
const TIMES: [&str; 3] = ["timestamp", "logAppendTimeMs", "maxTimestamp"];

/// Generated records are older than this, brokers' clocks are not.
const RECENT: i64 = 1_720_000_000_000;

/// What elements of an array are known by, in this order.
const KEYS: [&str; 14] = [
    "name",
    "topic",
    "topicId",
    "resourceName",
    "resourceType",
    "apiKey",
    "nodeId",
    "brokerId",
    "partitionIndex",
    "partition",
    "index",
    "baseOffset",
    "errorCode",
    "value",
];

/// The tree of a reaction to a step. Ids that the answer tells are learned.
#[must_use]
pub fn observe(step: &Step, version: i16, reply: &Reply, ids: &Ids) -> Value {
    match reply {
        Reply::Silence => json!("no answer"),
        Reply::Closed => json!("closed"),
        Reply::Stuck => json!("stuck"),
        Reply::Answer(frame) => answer(step.api(), version, frame, ids),
    }
}

fn answer(api: ApiKey, version: i16, frame: &Bytes, ids: &Ids) -> Value {
    let (_, response) = match Response::decode(api, version, frame) {
        Ok(decoded) => decoded,
        Err(error) => return json!({"undecodable": error.to_string(), "bytes": frame.len()}),
    };
    let mut tree = serde_json::from_str(&response.to_json(version)).unwrap_or(Value::Null);
    if let Response::Fetch(fetch) = &response {
        show_batches(&mut tree, fetch);
    }
    ids.incoming(&mut tree);
    normalise(&mut tree);
    tree
}

/// Puts batches where Kafka's own conventions show a size alone.
fn show_batches(tree: &mut Value, response: &FetchResponse) {
    for (t, topic) in response.responses.iter().enumerate() {
        for (p, partition) in topic.partitions.iter().enumerate() {
            let shown = partition.records.clone().map_or(Value::Null, |records| batches(&records));
            if let Some(Value::Object(members)) = tree.pointer_mut(&format!("/responses/{t}/partitions/{p}")) {
                members.insert("batches".into(), shown);
            }
        }
    }
}

fn batches(records: &Bytes) -> Value {
    let mut batches = Batches::new(records.clone());
    let mut shown: Vec<Value> = batches.by_ref().map(|batch| show_batch(&batch.bytes)).collect();
    let rest = records.slice(batches.position()..);
    if !rest.is_empty() {
        shown.push(json!({"partial": rest.len(), "of": hash128(&without_clock(&rest)).to_string()}));
    }
    shown.into()
}

/// A batch: all its bytes as a hash, but without what a broker's clock left in it.
fn show_batch(bytes: &Bytes) -> Value {
    let Some(header) = header::BatchHeader::parse(bytes) else { return json!({"bytes": bytes.len()}) };
    let bytes = without_clock(bytes);
    json!({"baseOffset": header.base_offset, "lastOffset": header.last_offset(), "leaderEpoch": header.partition_leader_epoch,
        "bytes": bytes.len(), "of": hash128(&bytes).to_string()})
}

/// The bytes of a batch, or of its beginning, with a time of append of zero.
fn without_clock(bytes: &Bytes) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if header::BatchHeader::parse(&bytes).is_some_and(|header| header.attributes.is_log_append_time()) {
        header::set_log_append_time(&mut bytes, 0);
    }
    bytes
}

fn normalise(value: &mut Value) {
    match value {
        Value::Array(elements) => {
            merge_topics(elements);
            elements.iter_mut().for_each(normalise);
            elements.sort_by_cached_key(sort_key);
        }
        Value::Object(members) => normalise_members(members),
        _ => {}
    }
}

/// Kafka lists the partitions of a Fetch that failed early behind all others, so that a topic may stand twice.
fn merge_topics(elements: &mut Vec<Value>) {
    let mut merged: Vec<Value> = Vec::new();
    for mut element in std::mem::take(elements) {
        let same = |known: &&mut Value| {
            element.get("partitions").is_some()
                && ["topic", "topicId"].iter().all(|key| known.get(key) == element.get(key))
                && element.get("name").is_none()
        };
        let known = merged.iter_mut().find(same).and_then(|known| known["partitions"].as_array_mut());
        match (known, element.get_mut("partitions").and_then(Value::as_array_mut)) {
            (Some(known), Some(partitions)) => known.append(partitions),
            _ => merged.push(element),
        }
    }
    *elements = merged;
}

fn normalise_members(members: &mut Map<String, Value>) {
    members.retain(|name, _| !IGNORED.contains(&name.as_str()));
    for (name, value) in members {
        match name.as_str() {
            "clusterId" if value.is_string() => *value = json!("the cluster"),
            "sessionId" if *value != json!(0) => *value = json!("a session"),
            "finalizedFeaturesEpoch" if *value != json!(-1) => *value = json!("an epoch"),
            time if TIMES.contains(&time) && value.as_i64().is_some_and(|ms| ms > RECENT) => *value = json!("now"),
            "batches" => {}
            _ => normalise(value),
        }
    }
}

/// Elements that are known by something are sorted by it, and by everything else after that; plain values by themselves.
fn sort_key(element: &Value) -> String {
    let known_by = |key: &&str| match element.get(key) {
        Some(Value::Number(number)) => Some(format!("{number:>20}")),
        Some(Value::String(text)) => Some(text.clone()),
        _ => None,
    };
    let keys: Vec<String> = KEYS.iter().filter_map(known_by).collect();
    format!("{}\n{element}", keys.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::messages::{MetadataResponse, metadata::MetadataResponseTopic};

    #[test]
    fn brokers_that_differ_in_ids_addresses_and_order_alone_say_the_same() {
        let topic = |name: &str, id| MetadataResponseTopic {
            name: Some(name.into()),
            topic_id: wire::Uuid(id),
            ..MetadataResponseTopic::default()
        };
        let say = |cluster: &str, topics: Vec<MetadataResponseTopic>| {
            let mut ids = Ids::default();
            topics.iter().for_each(|topic| ids.learn(topic.name.as_deref().unwrap_or_default(), topic.topic_id));
            let said = MetadataResponse { cluster_id: Some(cluster.into()), topics, ..MetadataResponse::default() };
            let frame = Response::from(said).encode(12, 1).unwrap();
            answer(ApiKey::Metadata, 12, &frame, &ids)
        };
        let one = say("a", vec![topic("x", 1), topic("y", 2)]);
        assert_eq!(one, say("b", vec![topic("y", 7), topic("x", 8)]));
        assert_ne!(one, say("a", vec![topic("x", 1), topic("z", 2)]));
    }
}
