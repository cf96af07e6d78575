//! What clients see.

use crate::bench::{Bench, Found, NODE, batch, owned, partition, payload, record};
use properties::{Fact, FaultKind, Outcome, ReadSeen, TopicAsked};
use wire::{Str, TopicPartition};

#[test]
fn an_ordinary_run_is_silent() {
    Bench::new().produce(&[0, 1]).produce(&[2]).produce_cached(&[3, 4, 5]).rest(6).silent();
}

#[test]
fn j01_offsets_that_are_told_hold_the_record() {
    let wrong_ack = Bench::new().append(&[0, 1]).answer(&[0], 0, 0).complete(0, Outcome::Ok, Some(7));
    wrong_ack.violates(&["J01/ack-misplaced"]);
    Bench::new().produce(&[0]).read(vec![record(5, 0)]).violates(&["J01/read-misplaced"]);
}

#[test]
fn j01_an_offset_has_one_value() {
    let bench = Bench::new().produce(&[0]).poll(&[0]).receive(&[1]);
    let twice = bench.write(batch(0, 1, &[1])).read(vec![record(0, 1)]);
    twice.violates(&["J01/two-values", "W02/rewritten", "W49/overlap", "W78/went-back"]);
}

#[test]
fn j02_a_record_is_not_appended_more_often_than_it_came() {
    let retried = Bench::new().append(&[0]).receive(&[0]);
    assert_eq!(retried.court.marker(), None);
    let again = retried.batch(&[0]);
    let retried = retried.write(again);
    assert_eq!(retried.court.marker(), Some("DuplicateAppended"));
    retried.silent();
    let once = Bench::new().append(&[0]);
    let again = once.batch(&[0]);
    once.write(again).violates(&["J02/duplicate"]);
}

#[test]
fn j02_an_idempotent_producers_record_stands_once_even_if_it_came_twice() {
    let mut bench = Bench::new();
    bench.idempotent = true;
    let bench = bench.append(&[0]).receive(&[0]);
    let again = bench.batch(&[0]);
    bench.write(again).violates(&["J02/not-idempotent"]);
}

#[test]
fn j03_and_j04_everything_acknowledged_is_read_in_the_end() {
    Bench::new().produce(&[0, 1, 2]).rest(3).silent();
    Bench::new().produce(&[0, 1, 2]).heal().poll(&[0, 2]).then(Fact::AtRest {}).violates(&[
        "J03/lost",
        "J08/skipped",
        "W78/skipped",
    ]);
    Bench::new().produce(&[0, 1, 2]).rest(2).violates(&["J04/unseen", "L05/stuck"]);
}

#[test]
fn j03_what_rot_made_unreadable_is_excused_from_there_on() {
    let bench = Bench::new().produce(&[0, 1]).produce(&[2]).touch(FaultKind::BitRot, Some(2)).rest(2);
    assert_eq!(bench.found(), Found { excused: owned(&["J04 by bit-rot", "L05 by bit-rot"]), ..Found::default() });
    let below = Bench::new().produce(&[0, 1]).produce(&[2]).touch(FaultKind::BitRot, Some(2)).rest(1);
    assert_eq!(below.found().violated, owned(&["J04/unseen"]));
}

#[test]
fn j04_records_without_acks_are_attributed() {
    let mut bench = Bench::new();
    bench.acks = 0;
    let lost = bench.invoke(&[0]).complete(0, Outcome::Ok, None).rest(0);
    lost.attributes(&["J04: acks=0 and a lost request"]);
    let mut bench = Bench::new();
    bench.acks = 0;
    let refused = bench.receive(&[0]).complete(0, Outcome::Ok, None).rest(0);
    refused.attributes(&["J04: acks=0 and a refused request"]);
}

#[test]
fn j08_and_j09_a_poll_neither_skips_nor_goes_back() {
    let bench = || Bench::new().produce(&[0, 1]).produce(&[2, 3]);
    bench().poll(&[0, 1, 2, 3]).silent();
    bench().poll(&[0, 1, 3]).violates(&["J08/skipped", "W78/skipped"]);
    bench().poll(&[1, 0]).violates(&["J09/went-back", "W78/went-back"]);
    bench().poll(&[1, 1]).violates(&["J09/went-back", "W78/went-back"]);
}

#[test]
fn j08_what_a_client_passes_over_openly_is_no_gap() {
    let read = Bench::new().produce(&[0, 1]).produce(&[2]).poll(&[0]).resets(2).poll(&[2]);
    read.resets(0).poll(&[0, 1]).silent();
}

#[test]
fn j14_and_jx1_pipelined_batches_keep_their_order() {
    let mut pipelined = Bench::new();
    pipelined.max_in_flight = 5;
    let bench = pipelined.invoke(&[0, 1]).append(&[1]).append(&[0]).ack(&[1]).ack(&[0]);
    bench.violates(&["J14/reordered"]);
}

#[test]
fn j14_with_several_in_flight_a_retry_may_overtake() {
    let mut pipelined = Bench::new();
    pipelined.max_in_flight = 5;
    let retried = pipelined.invoke(&[0, 1]).then(Fact::ClientStated { client: 1, name: "Retrying" });
    retried.append(&[1]).append(&[0]).ack(&[1]).ack(&[0]).silent();
}

#[test]
fn j14_with_one_in_flight_not_even_a_retry_may() {
    let retried = Bench::new().invoke(&[0, 1]).then(Fact::ClientStated { client: 1, name: "Retrying" });
    retried.append(&[1]).append(&[0]).ack(&[1]).ack(&[0]).violates(&["J14/reordered"]);
}

#[test]
fn j14_a_late_copy_of_a_repeated_record_is_no_reordering() {
    let retried = Bench::new().append(&[0]).ack(&[0]).append(&[1]).ack(&[1]).receive(&[0]);
    let late = retried.batch(&[0]);
    retried.write(late).commit(3).rest(3).silent();
}

#[test]
fn jx1_what_was_acknowledged_before_stands_before() {
    let mut pipelined = Bench::new();
    pipelined.max_in_flight = 5;
    let bench = pipelined.append(&[0, 1]).ack(&[0, 1]).receive(&[2]).write(batch(0, 1, &[2]));
    let found = bench.ack(&[2]).found();
    assert!(found.violated.contains(&"JX1/reordered".to_owned()), "{found:?}");
}

#[test]
fn j27_and_jx8_what_is_read_was_sent() {
    let garbage = properties::RecordSeen { payload: None, ..record(0, 0) };
    Bench::new().produce(&[0]).read(vec![garbage]).violates(&["J27/garbage"]);
    Bench::new().produce(&[0]).read(vec![record(0, 9)]).violates(&["J27/never-sent"]);
    let other_key = properties::RecordSeen { hash: 1, ..record(0, 0) };
    Bench::new().produce(&[0]).read(vec![other_key]).violates(&["JX8/changed"]);
    let other_time = properties::RecordSeen { timestamp: 1, ..record(0, 0) };
    Bench::new().produce(&[0]).read(vec![other_time]).violates(&["JX8/timestamp"]);
}

#[test]
fn j30_an_acknowledgement_names_an_offset_unless_acks_is_0() {
    Bench::new().append(&[0]).answer(&[0], 0, 0).complete(0, Outcome::Ok, None).violates(&["J30/missing"]);
    let mut bench = Bench::new();
    bench.acks = 0;
    bench.append(&[0]).complete(0, Outcome::Ok, None).silent();
}

#[test]
fn jx9_a_record_stays_in_its_partition() {
    let elsewhere = |topic: &str, partition| TopicPartition { topic: Str::from(topic), partition };
    let received = |partition: TopicPartition| Fact::ProduceReceived {
        node: NODE,
        client: 1,
        correlation: (0, 9),
        acks: -1,
        partition,
        batch: Some(batch(0, 0, &[0])),
    };
    Bench::new().append(&[0]).then(received(partition())).silent();
    Bench::new().append(&[0]).then(received(elsewhere("t", 1))).violates(&["JX9/other-partition"]);
    Bench::new().append(&[0]).then(received(elsewhere("u", 0))).violates(&["JX9/other-topic"]);
    let read = ReadSeen { partition: elsewhere("u", 0), record: record(0, 0) };
    let poll = Fact::PollCompleted { client: 2, session: 0, op: 0, records: vec![read], errors: Vec::new() };
    Bench::new().produce(&[0]).then(poll).violates(&["J01/read-misplaced", "JX9/other-topic"]);
}

#[test]
fn w80_a_send_completes_once_and_in_time() {
    let twice = Bench::new().produce(&[0]).complete(0, Outcome::Unknown(-1), None);
    twice.violates(&["W80/twice"]);
    let late = || Bench::new().invoke(&[0]).after_ms(5_000);
    late().complete(0, Outcome::Unknown(-1), None).violates(&["W80/late"]);
    let in_time = Bench::new().invoke(&[0]).after_ms(3_400).complete(0, Outcome::Unknown(-1), None);
    in_time.silent();
    late().rest(0).violates(&["L03/pending", "W80/never"]);
}

#[test]
fn w80_a_client_that_stood_still_is_excused_and_a_dead_one_completes_nothing() {
    let paused = Bench::new().invoke(&[0]).touch_as(|touch| touch.on_client(1), FaultKind::ClientPause).after_ms(9_000);
    let found = paused.complete(0, Outcome::Unknown(-1), None).found();
    assert_eq!(found, Found { excused: owned(&["W80 by client-pause"]), ..Found::default() });
    let other = Bench::new().invoke(&[0]).touch_as(|touch| touch.on_client(7), FaultKind::ClientPause).after_ms(9_000);
    other.complete(0, Outcome::Unknown(-1), None).violates(&["W80/late"]);
    let dead = Bench::new().invoke(&[0]).then(Fact::ClientLife { client: 1, session: 0, alive: false });
    dead.after_ms(9_000).rest(0).silent();
}

#[test]
fn w15_a_refused_record_is_never_visible() {
    Bench::new().receive(&[0]).complete(0, Outcome::Failed(10), None).rest(0).silent();
    Bench::new().append(&[0]).complete(0, Outcome::Failed(10), None).violates(&["W15/stands"]);
    let late = Bench::new().receive(&[0]).complete(0, Outcome::Failed(10), None);
    let appended = late.batch(&[0]);
    late.write(appended).violates(&["W15/appended"]);
    // Unknown is not failed.
    Bench::new().append(&[0]).complete(0, Outcome::Unknown(-1), None).poll(&[0]).silent();
    assert_eq!(payload(0).uid.ordinal, 0);
}

#[test]
fn w15_and_w14_a_topic_may_be_deleted_while_a_request_waits() {
    let removed = |bench: Bench| {
        let (log, topics) = (bench.log(), vec![TopicAsked { name: Str::from("t"), ..TopicAsked::default() }]);
        let mut bench = bench.then(Fact::AdminInvoked { client: 3, op: 99, what: "delete", topics });
        bench.honest = false;
        bench.shown.logs.clear();
        bench.then(Fact::LogRemoved { log })
    };
    removed(Bench::new().append(&[0])).answer(&[0], 3, -1).complete(0, Outcome::Failed(3), None).silent();
    // Somebody may have read it before; Kafka answers so, too.
    removed(Bench::new().append(&[0]).poll(&[0])).complete(0, Outcome::Failed(3), None).silent();
    removed(Bench::new().append(&[0])).answer(&[0], 0, 0).complete(0, Outcome::Ok, Some(0)).silent();
}
