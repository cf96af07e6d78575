//! The second judge of the codec: every frame that a real Kafka 4.3 exchanged with eight clients and with its own kind,
//! of an API that is implemented here, decodes to what Kafka's own classes saw in it and encodes back to the same
//! bytes.

#![allow(clippy::unwrap_used)]

use bytes::Bytes;
use flate2::read::GzDecoder;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read;
use wire::{ApiKey, ErrorCode, Request, RequestError, Response};

macro_rules! recordings {
    ($($name:literal),*) => {
        [$(($name, include_bytes!(concat!("fixtures/frames/", $name, ".txt.gz")).as_slice(),
            include_bytes!(concat!("fixtures/frames/", $name, ".json.gz")).as_slice())),*]
    };
}

fn unzip(gz: &[u8]) -> String {
    let mut text = String::new();
    GzDecoder::new(gz).read_to_string(&mut text).expect("a fixture is gzipped text");
    text
}

fn unhex(text: &str) -> Bytes {
    let digits = text.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect::<Vec<u8>>().into()
}

/// A recorded frame and what Kafka says of it.
struct Recorded {
    bytes: Bytes,
    said: Value,
}

/// The frames of a recording; lines without one say that a connection ended.
fn frames(hex: &[u8], json: &[u8]) -> Vec<Recorded> {
    let (hex, json) = (unzip(hex), unzip(json));
    assert_eq!(hex.lines().count(), json.lines().count());
    let lines = hex.lines().zip(json.lines());
    lines
        .filter_map(|(hex, json)| {
            let bytes = unhex(hex.split_whitespace().nth(4)?);
            Some(Recorded { bytes, said: serde_json::from_str(json).unwrap() })
        })
        .collect()
}

/// `LIST_OFFSETS` as `ListOffsets`.
fn api(said: &Value) -> Option<ApiKey> {
    let said = said["api"].as_str()?.replace('_', "");
    ApiKey::ALL.iter().copied().find(|api| api.name().eq_ignore_ascii_case(&said))
}

fn check_request(frame: &Recorded) {
    let said = &frame.said;
    let (header, request) = Request::decode(&frame.bytes).unwrap_or_else(|error| panic!("{error}: {said}"));
    assert_eq!(Value::from(header.correlation_id), said["correlation_id"]);
    assert_eq!(Value::from(header.client_id.as_deref()), said["client_id"]);
    let described: Value = serde_json::from_str(&request.to_json(header.api_version)).unwrap();
    assert_eq!(described, said["body"], "{said}");
    assert_eq!(request.encode(&header).unwrap(), frame.bytes, "{said}");
}

fn check_response(frame: &Recorded, api: ApiKey, version: i16) {
    let said = &frame.said;
    let (correlation_id, response) =
        Response::decode(api, version, &frame.bytes).unwrap_or_else(|error| panic!("{error}: {said}"));
    assert_eq!(Value::from(correlation_id), said["correlation_id"]);
    let described: Value = serde_json::from_str(&response.to_json(version)).unwrap();
    assert_eq!(described, said["body"], "{said}");
    assert_eq!(response.encode(version, correlation_id).unwrap(), frame.bytes, "{said}");
}

/// franz-go asks with ApiVersions v5, which Kafka 4.3 does not know: it reads the header, and answers with a v0 body
/// and error 35.
fn check_refused(frame: &Recorded) {
    let refused = Request::decode(&frame.bytes);
    let Err(RequestError::UnknownVersion(header, ApiKey::ApiVersions)) = refused else { panic!("{refused:?}") };
    assert_eq!(Value::from(header.correlation_id), frame.said["correlation_id"]);
    assert_eq!(Value::from(header.client_id.as_deref()), frame.said["client_id"]);
}

/// Its answer, as a client reads it that asked in a version of which it knows nothing more.
fn check_refusal(frame: &Recorded) {
    let (correlation_id, response) = Response::decode(ApiKey::ApiVersions, 4, &frame.bytes).unwrap();
    let Response::ApiVersions(body) = &response else { panic!("{response:?}") };
    assert_eq!(Value::from(correlation_id), frame.said["correlation_id"]);
    assert_eq!(body.error_code, ErrorCode::UnsupportedVersion.code());
    assert_eq!(response.encode(0, correlation_id).unwrap(), frame.bytes);
}

/// Checks a frame; None if its API is not spoken here.
fn check(frame: &Recorded) -> Option<ApiKey> {
    let version = frame.said["version"].as_i64().unwrap() as i16;
    let api = api(&frame.said)?;
    match frame.said["dir"].as_str() {
        Some("request") if frame.said.get("unparsed").is_some() => check_refused(frame),
        Some("request") => check_request(frame),
        _ if !api.versions().contains(version) => check_refusal(frame),
        _ => check_response(frame, api, version),
    }
    Some(api)
}

/// What three nodes said to one another. AddPartitionsToTxn and WriteTxnMarkers belong to transactions, which are not built yet.
#[test]
fn every_api_between_nodes_is_among_the_recorded_frames() {
    let [(_, hex, json)] = recordings!["cluster"];
    let (mut spoken, mut not_spoken) = (BTreeMap::new(), BTreeMap::new());
    let between_nodes = |frame: &&Recorded| !frame.said["listener"].as_str().unwrap().starts_with("client");
    for frame in frames(hex, json).iter().filter(between_nodes) {
        match check(frame) {
            Some(api) => *spoken.entry(api.name()).or_insert(0) += 1,
            None => *not_spoken.entry(frame.said["api"].as_str().unwrap().to_owned()).or_insert(0) += 1,
        }
    }
    let expected = [
        ("AllocateProducerIds", 6),
        ("AlterPartition", 400),
        ("ApiVersions", 319),
        ("BeginQuorumEpoch", 20),
        ("BrokerHeartbeat", 743),
        ("BrokerRegistration", 66),
        ("ControllerRegistration", 36),
        ("CreateTopics", 4),
        ("EndQuorumEpoch", 24),
        ("Envelope", 30),
        ("Fetch", 5863),
        ("UpdateRaftVoter", 20),
        ("Vote", 56),
    ];
    assert_eq!(spoken, BTreeMap::from(expected));
    let transactions = [("ADD_PARTITIONS_TO_TXN", 64), ("WRITE_TXN_MARKERS", 26)];
    assert_eq!(not_spoken, transactions.map(|(api, count)| (api.to_owned(), count)).into());
}

#[test]
fn recorded_frames_decode_to_what_kafka_saw_and_encode_to_the_same_bytes() {
    let recordings =
        recordings!["aiokafka", "cluster", "confluent", "franz-go", "java", "kafka-python", "kafkajs", "kcat"];
    let (mut checked, mut unknown) = (BTreeMap::new(), BTreeMap::new());
    for (name, hex, json) in recordings {
        for frame in frames(hex, json) {
            match check(&frame) {
                Some(_) => *checked.entry(name).or_insert(0) += 1,
                None => *unknown.entry(frame.said["api"].to_string()).or_insert(0) += 1,
            }
        }
    }
    let (sum, left_out) = (checked.values().sum::<i32>(), unknown.values().sum::<i32>());
    println!("{sum} frames checked: {checked:?}\n{left_out} of other APIs: {unknown:?}");
    assert_eq!((sum, left_out), (9795, 466));
}
