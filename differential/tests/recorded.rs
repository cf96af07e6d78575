//! What real clients once sent to a real Kafka 4.3, sent to the core: it answers with the same error codes.
//!
//! Left out: APIs that the core does not advertise (they are counted), codes that are a matter of timing or leadership, internal
//! topics, which only Kafka's group and transaction coordinators make, what another client left in the same Kafka, and fetches that go
//! on with a session: the core keeps none, so that a client would not send them.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, clippy::unwrap_used)]

use bytes::Bytes;
use differential::core::Core;
use flate2::read::GzDecoder;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::time::Duration;
use wire::codec::Versions;
use wire::messages::ApiVersionsRequest;
use wire::{ApiKey, ConnId, Request, RequestHeader, Response, Uuid};

/// Errors of a moment: leaders and coordinators that move or load, epochs, brokers that start.
const TIMING: [i64; 11] = [5, 6, 14, 15, 16, 41, 51, 74, 75, 77, 101];

/// The topic of kcat's session, which the Kafka of Java's still had.
const LEFT_BY_KCAT: &str = "\"kc\" ";

/// One line of a recording.
struct Line {
    us: u64,
    conn: u32,
    event: Event,
}

enum Event {
    Request(Bytes),
    Answer(Bytes),
    ClosedByClient,
    ClosedByKafka,
}

fn recording(name: &str) -> Vec<Line> {
    let path = format!("{}/../wire/tests/fixtures/frames/{name}.txt.gz", env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    text.lines().map(line).collect()
}

fn line(text: &str) -> Line {
    let parts: Vec<&str> = text.split(' ').collect();
    let byte = |at: usize| u8::from_str_radix(&parts[4][at..at + 2], 16).unwrap();
    let frame = || (0..parts[4].len()).step_by(2).map(byte).collect();
    let event = match parts[3] {
        ">" => Event::Request(frame()),
        "<" => Event::Answer(frame()),
        "x" => Event::ClosedByClient,
        _ => Event::ClosedByKafka,
    };
    Line { us: parts[0].parse().unwrap(), conn: parts[2].parse().unwrap(), event }
}

/// A recording on its way through the core.
struct Replay {
    core: Core,
    /// What the core advertises.
    apis: BTreeMap<i16, Versions>,
    conns: BTreeMap<u32, ConnId>,
    /// Requests that the core was given, by connection and correlation id.
    asked: BTreeMap<(u32, i32), (ApiKey, i16)>,
    /// The core's answers.
    answers: BTreeMap<(u32, i32), Bytes>,
    /// Recorded topic ids and the core's.
    ids: BTreeMap<Uuid, Uuid>,
    compared: usize,
    skipped: BTreeMap<i16, usize>,
    /// Fetches that go on with a session.
    in_session: usize,
    differences: Vec<String>,
}

impl Replay {
    fn new() -> Replay {
        let listeners = "PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9193";
        let mut core = Core::new(&[("node.id", "1"), ("listeners", listeners)]).unwrap();
        let apis = advertised(&mut core);
        Replay {
            core,
            apis,
            conns: BTreeMap::new(),
            asked: BTreeMap::new(),
            answers: BTreeMap::new(),
            ids: BTreeMap::new(),
            compared: 0,
            skipped: BTreeMap::new(),
            in_session: 0,
            differences: vec![],
        }
    }

    fn play(&mut self, lines: Vec<Line>) {
        let mut us = lines[0].us;
        for line in lines {
            self.core.advance(Duration::from_micros(line.us.saturating_sub(us))).unwrap();
            us = line.us;
            match line.event {
                Event::Request(frame) => self.ask(line.conn, &frame),
                Event::Answer(frame) => self.judge(line.conn, &frame),
                Event::ClosedByClient => {
                    if let Some(conn) = self.conns.remove(&line.conn) {
                        self.core.close(conn).unwrap();
                    }
                }
                Event::ClosedByKafka => {}
            }
        }
    }

    fn ask(&mut self, conn: u32, frame: &Bytes) {
        let key = i16::from_be_bytes([frame[0], frame[1]]);
        let version = i16::from_be_bytes([frame[2], frame[3]]);
        let asks_versions = key == ApiKey::ApiVersions as i16;
        if !asks_versions && !self.apis.get(&key).is_some_and(|versions| versions.contains(version)) {
            *self.skipped.entry(key).or_default() += 1;
            return;
        }
        if matches!(Request::decode(frame), Ok((_, Request::Fetch(fetch))) if fetch.session_epoch > 0) {
            self.in_session += 1;
            return;
        }
        let correlation = i32::from_be_bytes([frame[4], frame[5], frame[6], frame[7]]);
        let version = if asks_versions && !ApiKey::ApiVersions.versions().contains(version) { 0 } else { version };
        self.asked.insert((conn, correlation), (ApiKey::from_key(key).unwrap(), version));
        let number = *self.conns.entry(conn).or_insert_with(|| self.core.connect().unwrap());
        self.core.send(number, translated(frame, &self.ids)).unwrap();
    }

    /// Compares a recorded answer with the core's, if it was asked at all.
    fn judge(&mut self, conn: u32, recorded: &Bytes) {
        let correlation = i32::from_be_bytes([recorded[0], recorded[1], recorded[2], recorded[3]]);
        let Some((api, version)) = self.asked.remove(&(conn, correlation)) else { return };
        let Some(answer) = self.answer(conn, correlation) else {
            self.differences.push(format!("{} v{version}: no answer", api.name()));
            return;
        };
        let tree = |frame: &Bytes| -> Value {
            let (_, response) = Response::decode(api, version, frame).unwrap();
            serde_json::from_str(&response.to_json(version)).unwrap()
        };
        let (recorded, ours) = (tree(recorded), tree(&answer));
        self.learn(&recorded, &ours);
        let mut recorded = codes(&recorded);
        let ours = codes(&ours);
        recorded.retain(|place, _| !place.contains("__") && !place.contains(LEFT_BY_KCAT));
        self.compared += 1;
        for (place, code) in recorded {
            let said = self.in_our_terms(&place, &ours);
            if said != Some(code) && !TIMING.contains(&code) && said.is_none_or(|said| !TIMING.contains(&said)) {
                self.differences.push(format!("{} v{version} {place}: Kafka {code}, ours {said:?}", api.name()));
            }
        }
    }

    /// What our answer says at a place, whose topic we may know by another id.
    fn in_our_terms(&self, place: &str, ours: &BTreeMap<String, i64>) -> Option<i64> {
        let translated = self
            .ids
            .iter()
            .fold(place.to_owned(), |place, (recorded, own)| place.replace(&recorded.to_string(), &own.to_string()));
        ours.get(&translated).copied()
    }

    /// The core's answer; a fetch may still be waiting for its time.
    fn answer(&mut self, conn: u32, correlation: i32) -> Option<Bytes> {
        let number = *self.conns.get(&conn)?;
        for _ in 0..100 {
            while let Some(answer) = self.core.take(number) {
                let id = i32::from_be_bytes([answer[0], answer[1], answer[2], answer[3]]);
                self.answers.insert((conn, id), answer);
            }
            if let Some(answer) = self.answers.remove(&(conn, correlation)) {
                return Some(answer);
            }
            self.core.advance(Duration::from_millis(10)).unwrap();
        }
        None
    }

    /// A topic that both answers name is the same topic, whatever its ids.
    fn learn(&mut self, recorded: &Value, ours: &Value) {
        let (theirs, ours) = (topic_ids(recorded), topic_ids(ours));
        for (name, id) in theirs {
            if let Some(&own) = ours.get(&name) {
                self.ids.insert(id, own);
            }
        }
    }
}

fn advertised(core: &mut Core) -> BTreeMap<i16, Versions> {
    let conn = core.connect().unwrap();
    let header = RequestHeader::new(ApiKey::ApiVersions, 3, 1, None);
    let ask = ApiVersionsRequest { client_software_name: "test".into(), client_software_version: "1".into() };
    core.send(conn, Request::from(ask).encode(&header).unwrap()).unwrap();
    let answer = core.take(conn).unwrap();
    let (_, Response::ApiVersions(answer)) = Response::decode(ApiKey::ApiVersions, 3, &answer).unwrap() else {
        panic!("another response")
    };
    answer.api_keys.iter().map(|api| (api.api_key, Versions { min: api.min_version, max: api.max_version })).collect()
}

fn translated(frame: &Bytes, ids: &BTreeMap<Uuid, Uuid>) -> Bytes {
    let mut bytes = frame.to_vec();
    for (recorded, own) in ids {
        let wanted = recorded.0.to_be_bytes();
        let places: Vec<usize> =
            frame.windows(16).enumerate().filter(|(_, w)| *w == wanted).map(|(at, _)| at).collect();
        places.iter().for_each(|&at| bytes[at..at + 16].copy_from_slice(&own.0.to_be_bytes()));
    }
    bytes.into()
}

fn topic_ids(tree: &Value) -> BTreeMap<String, Uuid> {
    let topics = ["topics", "responses"].iter().filter_map(|name| tree[name].as_array()).flatten();
    let id = |topic: &Value| Some((topic["name"].as_str()?.to_owned(), topic["topicId"].as_str()?.parse().ok()?));
    topics.filter_map(id).filter(|(_, id)| *id != Uuid::ZERO).collect()
}

/// Every error code with its place, by the names, ids and numbers above it.
fn codes(tree: &Value) -> BTreeMap<String, i64> {
    let mut found = BTreeMap::new();
    collect("", tree, &mut found);
    found
}

fn collect(place: &str, tree: &Value, found: &mut BTreeMap<String, i64>) {
    match tree {
        Value::Array(elements) => elements.iter().for_each(|element| collect(place, element, found)),
        Value::Object(members) => {
            let keys = ["name", "topic", "topicId", "resourceName", "partitionIndex", "partition", "index"];
            let known: Vec<String> = keys.iter().filter_map(|key| members.get(*key)).map(Value::to_string).collect();
            let place = format!("{place}/{}", known.join(" "));
            if let Some(code) = members.get("errorCode").and_then(Value::as_i64) {
                found.insert(place.clone(), code);
            }
            members.values().for_each(|member| collect(&place, member, found));
        }
        _ => {}
    }
}

#[test]
fn recorded_clients_get_the_same_error_codes() {
    let clients = ["kcat", "confluent", "kafka-python", "aiokafka", "kafkajs", "franz-go", "java"];
    let (mut said, mut skipped) = (vec![], BTreeSet::new());
    for client in clients {
        let mut replay = Replay::new();
        replay.play(recording(client));
        assert!(replay.compared > 10, "{client}: {} compared", replay.compared);
        said.extend(replay.differences.iter().map(|difference| format!("{client}: {difference}")));
        skipped.extend(replay.skipped.into_keys());
    }
    assert!(said.is_empty(), "{}", said.join("\n"));
    // Groups, transactions, and what changes or describes a cluster: later parts.
    let later = [8, 9, 10, 11, 12, 13, 14, 15, 16, 21, 22, 24, 26, 28, 35, 37, 42, 44, 47, 55, 61, 65, 66, 68, 69];
    assert_eq!(skipped, BTreeSet::from(later));
}
