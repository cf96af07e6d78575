//! Stories of one producer.

mod stage;

use client_core::SendOutcome::{Acked, Failed, Unknown};
use client_core::{Ack, Done, Event, Op, Record, Role};
use stage::produce::{answer, names};
use stage::{Stage, record, send, topic};
use wire::{ApiKey, Request, Str, Uuid};

fn producer(settings: &[(&str, &str)]) -> Stage {
    Stage::new(Role::Producer, settings)
}

fn acked(partition: i32, offset: i64) -> Option<client_core::SendOutcome> {
    Some(Acked(Ack { partition, offset: Some(offset) }))
}

fn content(partitions: &[(i32, &[&str])]) -> Vec<(i32, Vec<String>)> {
    partitions.iter().map(|(index, values)| (*index, values.iter().map(|&value| value.to_owned()).collect())).collect()
}

fn unkeyed(value: &str) -> Op {
    Op::Send { topic: Str::from("t"), partition: None, record: record(value) }
}

#[test]
fn records_linger_go_in_one_batch_and_are_acknowledged_with_their_offsets() {
    let mut stage = producer(&[("linger.ms", "10")]);
    let (a, b) = (stage.op(send(0, "a")), stage.op(send(0, "b")));
    stage.wait(9);
    assert!(stage.asked.is_empty());
    stage.wait(1);
    assert_eq!(stage.take_produce(0, 40), content(&[(0, &["a", "b"])]));
    assert_eq!((stage.sent(a), stage.sent(b)), (acked(0, 40), acked(0, 41)));
}

#[test]
fn a_full_batch_does_not_linger() {
    let mut stage = producer(&[("linger.ms", "1000"), ("batch.size", "100")]);
    stage.op(send(0, &"x".repeat(20)));
    assert!(stage.asked.is_empty());
    stage.op(send(0, &"y".repeat(20)));
    assert_eq!(stage.take_produce(0, 0), content(&[(0, &[&"x".repeat(20)])]));
    assert!(stage.asked.is_empty(), "the second batch still lingers");
}

#[test]
fn what_lingers_goes_along_with_what_is_ready_for_the_same_leader() {
    let mut stage = producer(&[("linger.ms", "100")]);
    stage.op(send(0, "a"));
    stage.wait(60);
    stage.op(send(2, "b"));
    stage.op(send(1, "c"));
    stage.wait(40);
    assert_eq!(stage.take_produce(0, 0), content(&[(0, &["a"]), (2, &["b"])]));
    assert!(stage.asked.is_empty(), "another leader's batch lingers on");
}

#[test]
fn no_more_requests_are_in_flight_than_allowed() {
    let mut stage = producer(&[("linger.ms", "0"), ("max.in.flight.requests.per.connection", "2")]);
    for value in ["a", "b", "c"] {
        stage.op(send(0, value));
    }
    assert_eq!(stage.asked.len(), 2);
    stage.take_produce(0, 0);
    assert_eq!(stage.asked.len(), 2);
}

#[test]
fn a_definite_error_is_retried_after_a_backoff() {
    let mut stage = producer(&[("linger.ms", "0"), ("retry.backoff.ms", "100")]);
    let a = stage.op(send(0, "a"));
    stage.take_produce(19, -1);
    stage.wait(79);
    assert!(stage.asked.is_empty(), "the backoff is at least 80 ms");
    stage.wait(41);
    assert_eq!(stage.take_produce(0, 3), content(&[(0, &["a"])]));
    assert_eq!(stage.sent(a), acked(0, 3));
    assert!(stage.events.contains(&Event::Retrying { partition: stage::tp("t", 0), error: 19, ambiguous: false }));
}

#[test]
fn retries_end() {
    let mut stage = producer(&[("linger.ms", "0"), ("retries", "1")]);
    let a = stage.op(send(0, "a"));
    stage.take_produce(19, -1);
    stage.wait(200);
    stage.take_produce(19, -1);
    assert_eq!(stage.sent(a), Some(Failed { error: 19, partition: Some(0) }));
}

#[test]
fn what_an_error_means_for_a_send() {
    let table = [(87, true), (2, true), (29, true), (44, true), (-1, false), (52, false), (1234, false)];
    for (error, definite) in table {
        let mut stage = producer(&[("linger.ms", "0"), ("retries", "0")]);
        let a = stage.op(send(0, "a"));
        stage.take_produce(error, -1);
        let error = if error == 1234 { -1 } else { error };
        let (failed, unknown) = (Failed { error, partition: Some(0) }, Unknown { error, partition: 0 });
        assert_eq!(stage.sent(a), Some(if definite { failed } else { unknown }), "{error}");
    }
}

#[test]
fn after_one_ambiguous_attempt_a_send_stays_unknown() {
    let mut stage = producer(&[("linger.ms", "0"), ("retries", "1")]);
    let a = stage.op(send(0, "a"));
    let (asked, _) = stage.produce();
    stage.cut(asked.conn);
    stage.wait(1000);
    stage.take_produce(19, -1);
    assert_eq!(stage.sent(a), Some(Unknown { error: 19, partition: 0 }));
}

#[test]
fn a_lost_answer_is_retried_with_the_same_bytes_at_the_same_partition() {
    let mut stage = producer(&[("linger.ms", "0")]);
    let a = stage.op(unkeyed("a"));
    let (first, _) = stage.produce();
    stage.topics.insert("t".to_owned(), topic(1, &[0; 9]));
    stage.cut(first.conn);
    stage.wait(1000);
    let (second, _) = stage.produce();
    assert_eq!(first.request, second.request);
    let response = answer(&second, 0, 0);
    stage.answer(&second, response);
    assert!(matches!(stage.sent(a), Some(Acked(_))));
}

#[test]
fn a_late_answer_closes_the_connection_and_is_ambiguous() {
    let mut stage = producer(&[("linger.ms", "0"), ("request.timeout.ms", "500"), ("delivery.timeout.ms", "600")]);
    let a = stage.op(send(0, "a"));
    let (asked, _) = stage.produce();
    stage.wait(499);
    assert!(stage.is_open(asked.conn));
    stage.wait(1);
    assert!(!stage.is_open(asked.conn));
    stage.wait(100);
    assert_eq!(stage.sent(a), Some(Unknown { error: -1, partition: 0 }));
}

#[test]
fn an_expired_send_is_unknown_in_flight_and_a_later_answer_is_ignored() {
    let mut stage = producer(&[("linger.ms", "0"), ("delivery.timeout.ms", "30000")]);
    let a = stage.op(send(0, "a"));
    let (asked, _) = stage.produce();
    stage.wait(29_999);
    assert_eq!(stage.sent(a), None);
    stage.client = stage.client.clone();
    let response = answer(&asked, 0, 7);
    stage.wait(1);
    assert_eq!(stage.sent(a), Some(Unknown { error: -1, partition: 0 }));
    stage.answer(&asked, response);
    assert_eq!(stage.sent(a), Some(Unknown { error: -1, partition: 0 }));
    assert!(stage.events.contains(&Event::DeliveryTimedOut { partition: stage::tp("t", 0) }));
}

#[test]
fn an_expired_send_whose_every_attempt_was_refused_has_failed() {
    let mut stage = producer(&[("linger.ms", "0"), ("request.timeout.ms", "500"), ("delivery.timeout.ms", "500")]);
    let a = stage.op(send(0, "a"));
    stage.take_produce(19, -1);
    stage.up.clear();
    stage.cut_all();
    stage.wait(500);
    assert_eq!(stage.sent(a), Some(Failed { error: -1, partition: Some(0) }));
}

#[test]
fn without_a_broker_a_send_fails_after_max_block() {
    let mut stage = producer(&[("max.block.ms", "2000")]);
    stage.up.clear();
    let a = stage.op(send(0, "a"));
    stage.wait(1999);
    assert_eq!(stage.sent(a), None);
    stage.wait(1);
    assert_eq!(stage.sent(a), Some(Failed { error: -1, partition: Some(0) }));
    let pauses: Vec<_> = stage.dials.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    assert!(pauses.iter().all(|&pause| (40_000..=1_000_000).contains(&pause)), "{pauses:?}");
    assert!(pauses.len() < 9, "the pauses grow: {pauses:?}");
}

#[test]
fn an_unknown_topic_is_waited_for() {
    let mut stage = producer(&[("linger.ms", "0"), ("max.block.ms", "2000")]);
    let new = |value: &str| Op::Send { topic: Str::from("new"), partition: None, record: record(value) };
    let a = stage.op(new("a"));
    stage.wait(300);
    stage.topics.insert("new".to_owned(), topic(2, &[1]));
    let b = stage.op(new("b"));
    stage.wait(1500);
    assert!(stage.metadata_requests.iter().all(|request| request.allow_auto_topic_creation));
    assert_eq!(stage.take_produce(0, 0), content(&[(0, &["a", "b"])]));
    assert_eq!((stage.sent(a), stage.sent(b)), (acked(0, 0), acked(0, 1)));
    let c = stage.op(Op::Send { topic: Str::from("never"), partition: Some(4), record: record("c") });
    stage.wait(2000);
    assert_eq!(stage.sent(c), Some(Failed { error: 3, partition: Some(4) }));
}

#[test]
fn an_impossible_send_fails_at_once() {
    let mut stage = producer(&[("max.request.size", "200")]);
    let large = stage.op(send(0, &"x".repeat(200)));
    let nameless = stage.op(Op::Send { topic: Str::default(), partition: None, record: record("a") });
    let negative = stage.op(send(-5, "a"));
    assert_eq!(stage.sent(large), Some(Failed { error: 10, partition: Some(0) }));
    assert_eq!(stage.sent(nameless), Some(Failed { error: 17, partition: None }));
    assert_eq!(stage.sent(negative), Some(Failed { error: 3, partition: Some(-5) }));
}

#[test]
fn with_one_request_in_flight_a_retry_keeps_the_order() {
    let mut stage = producer(&[("linger.ms", "0"), ("max.in.flight.requests.per.connection", "1")]);
    stage.op(send(0, "a"));
    stage.op(send(0, "b"));
    stage.take_produce(19, -1);
    assert!(stage.asked.is_empty(), "the backoff of the first holds back the second");
    stage.wait(1000);
    assert_eq!(stage.take_produce(0, 0), content(&[(0, &["a"])]));
    assert_eq!(stage.take_produce(0, 1), content(&[(0, &["b"])]));
}

#[test]
fn with_more_in_flight_a_retry_may_come_behind_as_with_kafka() {
    let mut stage = producer(&[("linger.ms", "0")]);
    stage.op(send(0, "a"));
    stage.op(send(0, "b"));
    stage.take_produce(19, -1);
    assert_eq!(stage.take_produce(0, 0), content(&[(0, &["b"])]));
    stage.wait(1000);
    assert_eq!(stage.take_produce(0, 1), content(&[(0, &["a"])]));
}

#[test]
fn several_lost_batches_are_retried_in_their_order() {
    let mut stage = producer(&[("linger.ms", "0")]);
    for value in ["a", "b", "c"] {
        stage.op(send(0, value));
    }
    let (asked, _) = stage.produce();
    stage.cut(asked.conn);
    stage.wait(2000);
    let retried: Vec<_> = (0..3).map(|n| stage.take_produce(0, n)).collect();
    assert_eq!(retried, [content(&[(0, &["a"])]), content(&[(0, &["b"])]), content(&[(0, &["c"])])]);
}

#[test]
fn a_batch_that_is_too_large_is_split_until_it_fits() {
    let mut stage = producer(&[("linger.ms", "10"), ("compression.type", "gzip")]);
    let ops: Vec<_> = ["a", "b", "c", "d", "e"].iter().map(|value| stage.op(send(0, value))).collect();
    stage.wait(10);
    assert_eq!(stage.take_produce(10, -1), content(&[(0, &["a", "b", "c", "d", "e"])]));
    assert_eq!(stage.take_produce(0, 0), content(&[(0, &["a", "b"])]));
    assert_eq!(stage.take_produce(10, -1), content(&[(0, &["c", "d", "e"])]));
    assert_eq!(stage.take_produce(10, -1), content(&[(0, &["c"])]));
    assert_eq!(stage.take_produce(0, 2), content(&[(0, &["d", "e"])]));
    let outcomes: Vec<_> = ops.iter().map(|&op| stage.sent(op)).collect();
    let too_large = Some(Failed { error: 10, partition: Some(0) });
    assert_eq!(outcomes, [acked(0, 0), acked(0, 1), too_large, acked(0, 2), acked(0, 3)]);
}

#[test]
fn with_acks_0_a_send_ends_when_it_is_handed_over() {
    let mut stage = producer(&[("linger.ms", "0"), ("acks", "0"), ("max.in.flight.requests.per.connection", "1")]);
    let ops = [stage.op(send(0, "a")), stage.op(send(0, "b"))];
    for op in ops {
        assert_eq!(stage.sent(op), Some(Acked(Ack { partition: 0, offset: None })));
    }
    let (asked, _) = stage.produce();
    let Request::Produce(request) = &asked.request else { panic!() };
    assert_eq!(request.acks, 0);
}

#[test]
fn a_flush_ends_lingering_and_waits_for_what_was_sent_before() {
    let mut stage = producer(&[("linger.ms", "1000")]);
    let a = stage.op(send(0, "a"));
    let flush = stage.op(Op::Flush);
    let (asked, _) = stage.produce();
    assert_eq!(stage.outcome(flush), None);
    let response = answer(&asked, 0, 0);
    stage.answer(&asked, response);
    assert_eq!((stage.sent(a), stage.outcome(flush)), (acked(0, 0), Some(&Done::Ok)));
    stage.op(send(0, "b"));
    assert!(stage.asked.is_empty(), "lingering is back");
    let empty = producer(&[]).op(Op::Flush);
    assert_eq!(empty.0, 1);
}

#[test]
fn a_key_decides_and_murmur2_is_kafkas() {
    let keyed = |key: &'static str| Op::Send {
        topic: Str::from("t"),
        partition: None,
        record: Record { key: Some(key.into()), ..record("v") },
    };
    // toPositive(murmur2("foobar")) = 1357151166, of "21" 1173551340, of "abc" 479470107.
    for (key, partition) in [("foobar", 1_357_151_166 % 3), ("21", 1_173_551_340 % 3), ("abc", 479_470_107 % 3)] {
        let mut stage = producer(&[("linger.ms", "0")]);
        stage.op(keyed(key));
        assert_eq!(stage.take_produce(0, 0), content(&[(partition, &["v"])]), "{key}");
    }
}

#[test]
fn records_without_a_key_stick_to_a_partition_for_a_batch() {
    let mut stage = producer(&[("linger.ms", "5"), ("batch.size", "300")]);
    stage.topics.insert("t".to_owned(), topic(1, &[0, -1, 0, 0, 0]));
    (0..100).for_each(|n| _ = stage.op(unkeyed(&format!("{n:020}"))));
    stage.wait(10);
    let mut sizes = Vec::new();
    let mut used = std::collections::BTreeSet::new();
    while !stage.asked.is_empty() {
        for (partition, values) in stage.take_produce(0, 0) {
            sizes.push(values.len());
            used.insert(partition);
        }
    }
    assert_eq!(sizes.iter().sum::<usize>(), 100);
    assert!(sizes.iter().filter(|&&size| size > 4).count() > 5, "batches are filled: {sizes:?}");
    assert_eq!(used.into_iter().collect::<Vec<_>>(), [0, 2, 3, 4], "all that have a leader, and no other");
}

#[test]
fn a_new_leader_is_tried_without_waiting() {
    let mut stage = producer(&[("linger.ms", "0"), ("retry.backoff.ms", "1000"), ("retry.backoff.max.ms", "1000")]);
    stage.op(send(0, "a"));
    let (asked, _) = stage.produce();
    assert_eq!(asked.node, 0);
    stage.topics.insert("t".to_owned(), stage::Topic { id: Uuid(1), partitions: vec![(1, 5)] });
    stage.wait(1200);
    let response = answer(&asked, 6, -1);
    stage.answer(&asked, response);
    let (again, _) = stage.produce();
    assert_eq!(again.node, 1);
}

#[test]
fn without_a_new_leader_the_backoff_holds() {
    let mut stage = producer(&[("linger.ms", "0"), ("retry.backoff.ms", "1000"), ("retry.backoff.max.ms", "1000")]);
    let a = stage.op(send(0, "a"));
    stage.take_produce(6, -1);
    stage.wait(799);
    assert!(stage.asked.is_empty());
    stage.wait(401);
    stage.take_produce(0, 1);
    assert_eq!(stage.sent(a), acked(0, 1));
}

#[test]
fn memory_that_is_used_up_holds_sends_back() {
    let mut stage = producer(&[("linger.ms", "1000"), ("buffer.memory", "300"), ("max.block.ms", "5000")]);
    let ops: Vec<_> = (0..4).map(|_| stage.op(send(0, &"x".repeat(100)))).collect();
    let first = stage.take_produce(0, 0);
    assert_eq!(first[0].1.len(), 2, "nothing lingers while a send waits for memory");
    assert_eq!(stage.sent(ops[1]), acked(0, 1));
    stage.wait(1000);
    assert_eq!(stage.take_produce(0, 2)[0].1.len(), 2);
    assert_eq!(stage.sent(ops[3]), acked(0, 3));
}

#[test]
fn every_codec_is_understood() {
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let mut stage = producer(&[("linger.ms", "5"), ("compression.type", codec)]);
        stage.op(send(0, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
        stage.op(send(0, "b"));
        stage.wait(5);
        let (asked, values) = stage.produce();
        assert_eq!(values[0].1[1], "b");
        let Request::Produce(request) = &asked.request else { panic!() };
        let bytes = request.topic_data[0].partition_data[0].records.clone().unwrap();
        let header = wire::records::BatchHeader::parse(&bytes).unwrap();
        assert_eq!(header.attributes.compression().unwrap().name(), codec);
    }
}

#[test]
fn headers_keys_and_timestamps_are_sent_as_given() {
    let mut stage = producer(&[("linger.ms", "0")]);
    let headers = vec![(Str::from("h"), Some("1".into())), (Str::from("h"), None)];
    let record = Record { key: Some("k".into()), value: None, headers, timestamp: Some(123) };
    stage.op(Op::Send { topic: Str::from("t"), partition: Some(0), record });
    stage.op(send(0, "now"));
    let batch = |stage: &mut Stage| {
        let Request::Produce(request) = stage.request().request else { panic!() };
        let batch = wire::records::Batch::parse(request.topic_data[0].partition_data[0].records.clone().unwrap());
        batch.unwrap().records(1000).unwrap().next().unwrap().unwrap()
    };
    let first = batch(&mut stage);
    assert_eq!((first.key.as_deref(), first.value, first.timestamp), (Some(&b"k"[..]), None, 123));
    let headers: Vec<_> = first.headers.iter().map(|one| (one.key.as_ref(), one.value.as_deref())).collect();
    assert_eq!(headers, [(&b"h"[..], Some(&b"1"[..])), (&b"h"[..], None)]);
    assert_eq!(batch(&mut stage).timestamp, stage::WALL + 1000);
}

#[test]
fn versions_are_negotiated() {
    for (most, by_id) in [(13, true), (9, false), (3, false)] {
        let mut stage = producer(&[("linger.ms", "0")]);
        stage.versions.insert(ApiKey::Produce, most);
        stage.versions.insert(ApiKey::ApiVersions, 2);
        let a = stage.op(send(0, "a"));
        let (asked, _) = stage.produce();
        assert_eq!(asked.header.api_version, most);
        assert_eq!(names(&asked)[0], if by_id { (Str::default(), Uuid(1)) } else { (Str::from("t"), Uuid::ZERO) });
        let response = answer(&asked, 0, 0);
        stage.answer(&asked, response);
        assert_eq!(stage.sent(a), acked(0, 0));
    }
}

#[test]
fn a_broker_without_a_common_version_is_a_definite_error() {
    let mut stage = producer(&[("linger.ms", "0")]);
    stage.versions.insert(ApiKey::Produce, 2);
    let a = stage.op(send(0, "a"));
    assert_eq!(stage.sent(a), Some(Failed { error: 35, partition: Some(0) }));
}

#[test]
fn metadata_is_refreshed_by_age() {
    let mut stage = producer(&[("linger.ms", "0"), ("metadata.max.age.ms", "5000")]);
    stage.op(send(0, "a"));
    stage.take_produce(0, 0);
    let before = stage.metadata_requests.len();
    stage.wait(4900);
    assert_eq!(stage.metadata_requests.len(), before);
    stage.wait(10_100);
    assert_eq!(stage.metadata_requests.len(), before + 3);
}

#[test]
fn a_closed_producer_has_sent_everything() {
    let mut stage = producer(&[("linger.ms", "1000")]);
    let a = stage.op(send(0, "a"));
    let close = stage.op(Op::Close);
    let late = stage.op(send(0, "b"));
    assert!(matches!(stage.outcome(late), Some(Done::Refused(_))));
    assert_eq!(stage.outcome(close), None);
    stage.take_produce(0, 0);
    assert_eq!((stage.sent(a), stage.outcome(close)), (acked(0, 0), Some(&Done::Ok)));
    assert!(stage.conns().is_empty());
    assert!(wire::Node::next_timeout(&stage.client).is_none());
}

#[test]
fn a_shutdown_is_a_close_that_halts() {
    let mut stage = producer(&[("linger.ms", "1000")]);
    stage.op(send(0, "a"));
    stage.input(wire::Input::Shutdown);
    assert_eq!(stage.halted, None);
    stage.take_produce(0, 0);
    assert_eq!(stage.halted, Some(wire::Reason::Shutdown));
}

#[test]
fn other_roles_operations_are_refused() {
    let mut stage = producer(&[]);
    let poll = stage.op(Op::Poll { max_records: 1, timeout_ms: 0 });
    assert!(matches!(stage.outcome(poll), Some(Done::Refused(_))));
    assert!(stage.dials.is_empty(), "nothing is dialled before it is needed");
}

#[test]
fn garbage_closes_the_connection_and_what_was_in_flight_is_ambiguous() {
    let mut stage = producer(&[("linger.ms", "0"), ("retries", "0")]);
    let a = stage.op(send(0, "a"));
    let (asked, _) = stage.produce();
    stage.frame(asked.conn, bytes::Bytes::from_static(b"\0\0\0\x7fgarbage"));
    assert!(!stage.is_open(asked.conn));
    assert_eq!(stage.sent(a), Some(Unknown { error: -1, partition: 0 }));
}
