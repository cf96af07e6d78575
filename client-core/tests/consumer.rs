//! Stories of one consumer.

mod stage;

use client_core::{Done, Event, Op, Position, Role};
use stage::fetch::{
    Polled, aborted, answer, batch, data, emptied, error, fetch_request, fetched, marker, transactional,
};
use stage::{Stage, topic, tp};
use wire::{ApiKey, Str, Uuid};

fn consumer(settings: &[(&str, &str)]) -> Stage {
    Stage::new(Role::Consumer, settings)
}

/// A consumer that reads partition 0 from an offset, with a poll that waits.
fn reading(offset: i64, settings: &[(&str, &str)]) -> (Stage, wire::OpId) {
    let mut stage = consumer(settings);
    stage.op(Op::Assign(vec![(tp("t", 0), Position::At(offset))]));
    let poll = stage.poll(100);
    (stage, poll)
}

fn records(list: &[(i64, &str)]) -> Option<Polled> {
    Some((list.iter().map(|&(offset, value)| (0, offset, value.to_owned())).collect(), Vec::new()))
}

fn told(error: i16) -> Option<Polled> {
    Some((Vec::new(), vec![(0, error)]))
}

#[test]
fn records_come_in_order_and_the_position_follows() {
    let (mut stage, first) = reading(5, &[]);
    assert_eq!(stage.take_fetch(vec![data(0, &[batch(5, &["a", "b"]), batch(7, &["c"])])])[&0].fetch_offset, 5);
    assert_eq!(stage.polled(first), records(&[(5, "a"), (6, "b"), (7, "c")]));
    let second = stage.poll(100);
    assert_eq!(stage.polled(second), None);
    assert_eq!(stage.take_fetch(vec![data(0, &[batch(8, &["d"])])])[&0].fetch_offset, 8);
    assert_eq!(stage.polled(second), records(&[(8, "d")]));
}

#[test]
fn a_poll_takes_no_more_than_it_asked_for() {
    let (mut stage, _) = reading(0, &[]);
    stage.take_fetch(vec![data(0, &[batch(0, &["a"])])]);
    let polls = [stage.poll(2), stage.poll(2)];
    stage.take_fetch(vec![data(0, &[batch(1, &["b", "c", "d"])])]);
    assert_eq!(stage.polled(polls[0]), records(&[(1, "b"), (2, "c")]));
    assert_eq!(stage.polled(polls[1]), records(&[(3, "d")]));
}

#[test]
fn a_poll_waits_for_its_time_and_then_returns_nothing() {
    let (mut stage, poll) = reading(0, &[]);
    stage.wait(999);
    assert_eq!(stage.polled(poll), None);
    stage.wait(1);
    assert_eq!(stage.polled(poll), records(&[]));
}

#[test]
fn an_empty_answer_arms_the_next_long_poll() {
    let (mut stage, poll) =
        reading(0, &[("fetch.max.wait.ms", "100"), ("fetch.min.bytes", "7"), ("fetch.max.bytes", "999")]);
    for _ in 0..5 {
        let asked = stage.request();
        let request = fetch_request(&asked);
        assert_eq!((request.max_wait_ms, request.min_bytes, request.max_bytes), (100, 7, 999));
        assert_eq!((request.session_id, request.session_epoch), (0, -1));
        stage.wait(100);
        let response = answer(&asked, vec![data(0, &[])]);
        stage.answer(&asked, response);
    }
    stage.take_fetch(vec![data(0, &[batch(0, &["a"])])]);
    assert_eq!(stage.polled(poll), records(&[(0, "a")]));
}

#[test]
fn without_a_poll_nothing_is_fetched_but_once_ahead() {
    let mut stage = consumer(&[]);
    stage.op(Op::Assign(vec![(tp("t", 0), Position::At(0))]));
    stage.wait(5000);
    assert!(stage.asked.is_empty());
    stage.poll(10);
    stage.take_fetch(vec![data(0, &[batch(0, &["a"])])]);
    assert_eq!(stage.asked.len(), 1, "one fetch ahead of the next poll");
    stage.take_fetch(vec![data(0, &[])]);
    assert!(stage.asked.is_empty());
}

#[test]
fn each_leader_is_fetched_from_with_its_epoch() {
    let mut stage = consumer(&[]);
    stage.topics.insert("t".to_owned(), stage::Topic { id: Uuid(1), partitions: vec![(0, 3), (1, 4), (0, 5)] });
    stage.op(Op::Assign((0..3).map(|index| (tp("t", index), Position::At(0))).collect()));
    let poll = stage.poll(10);
    let (zero, one) = (stage.request(), stage.request());
    let epochs =
        |asked: &stage::Asked| fetched(asked).iter().map(|(&p, one)| (p, one.current_leader_epoch)).collect::<Vec<_>>();
    assert_eq!((zero.node, epochs(&zero)), (0, vec![(0, 3), (2, 5)]));
    assert_eq!((one.node, epochs(&one)), (1, vec![(1, 4)]));
    let response = answer(&one, vec![data(1, &[batch(0, &["a"])])]);
    stage.answer(&one, response);
    assert_eq!(stage.polled(poll), Some((vec![(1, 0, "a".to_owned())], vec![])));
}

#[test]
fn a_seek_drops_what_was_buffered_and_what_is_in_flight() {
    let (mut stage, first) = reading(0, &[]);
    stage.take_fetch(vec![data(0, &[batch(0, &["a"])])]);
    assert_eq!(stage.polled(first), records(&[(0, "a")]));
    let ahead = stage.request();
    stage.op(Op::Seek(tp("t", 0), Position::At(100)));
    let poll = stage.poll(1);
    assert!(stage.asked.is_empty(), "one fetch at a time per leader");
    let response = answer(&ahead, vec![data(0, &[batch(1, &["b"])])]);
    stage.answer(&ahead, response);
    assert_eq!(stage.polled(poll), None);
    assert_eq!(stage.take_fetch(vec![data(0, &[batch(100, &["c", "d"])])])[&0].fetch_offset, 100);
    assert_eq!(stage.polled(poll), records(&[(100, "c")]));
    stage.op(Op::Seek(tp("t", 0), Position::At(7)));
    stage.poll(1);
    assert_eq!(stage.take_fetch(vec![])[&0].fetch_offset, 7, "what was buffered is gone");
}

#[test]
fn an_assignment_replaces_the_one_before() {
    let (mut stage, poll) = reading(0, &[]);
    stage.op(Op::Assign(vec![(tp("t", 2), Position::At(9))]));
    stage.take_fetch(vec![data(0, &[batch(0, &["a"])])]);
    assert_eq!(stage.polled(poll), None);
    let asked = stage.take_fetch(vec![data(2, &[batch(9, &["b"])])]);
    assert_eq!(asked.keys().copied().collect::<Vec<_>>(), [2]);
    assert_eq!(stage.polled(poll), Some((vec![(2, 9, "b".to_owned())], vec![])));
    let refused = stage.op(Op::Seek(tp("t", 0), Position::Earliest));
    assert!(matches!(stage.outcome(refused), Some(Done::Refused(_))));
}

#[test]
fn records_below_the_fetch_offset_are_discarded() {
    let (mut stage, poll) = reading(6, &[]);
    stage.take_fetch(vec![data(0, &[batch(0, &["x", "y"]), batch(4, &["a", "b", "c", "d"])])]);
    assert_eq!(stage.polled(poll), records(&[(6, "c"), (7, "d")]));
    assert!(stage.events.contains(&Event::Discarded { records: 4 }));
}

#[test]
fn control_batches_and_what_compaction_emptied_are_passed() {
    let (mut stage, poll) = reading(0, &[]);
    stage.take_fetch(vec![data(0, &[marker(0, 1, false), emptied(1, 9), batch(10, &["a"]), marker(11, 1, true)])]);
    assert_eq!(stage.polled(poll), records(&[(10, "a")]));
    stage.poll(1);
    assert_eq!(stage.take_fetch(vec![])[&0].fetch_offset, 12);
    let (mut stage, poll) = reading(0, &[]);
    stage.take_fetch(vec![data(0, &[emptied(0, 9)])]);
    assert_eq!(stage.take_fetch(vec![data(0, &[marker(10, 1, true)])])[&0].fetch_offset, 10);
    assert_eq!(stage.polled(poll), None);
    assert_eq!(stage.take_fetch(vec![])[&0].fetch_offset, 11);
}

#[test]
fn a_corrupt_batch_is_an_error_and_never_stepped_over() {
    let (mut stage, first) = reading(0, &[]);
    let mut damaged = batch(1, &["b"]);
    *damaged.last_mut().unwrap() ^= 1;
    let fetch = vec![data(0, &[batch(0, &["a"]), damaged, batch(2, &["c"])])];
    stage.take_fetch(fetch.clone());
    assert_eq!(stage.polled(first), records(&[(0, "a")]));
    for _ in 0..3 {
        let poll = stage.poll(100);
        while stage.polled(poll).is_none() {
            assert_eq!(stage.take_fetch(fetch.clone())[&0].fetch_offset, 1);
        }
        assert_eq!(stage.polled(poll), told(2));
    }
    stage.op(Op::Seek(tp("t", 0), Position::At(2)));
    let poll = stage.poll(100);
    while stage.polled(poll).is_none() {
        stage.take_fetch(vec![data(0, &[batch(2, &["c"])])]);
    }
    assert_eq!(stage.polled(poll), records(&[(2, "c")]));
}

#[test]
fn crcs_are_not_checked_where_the_configuration_says_so() {
    let (mut stage, poll) = reading(0, &[("check.crcs", "false")]);
    let mut damaged = batch(0, &["a"]);
    damaged[17] ^= 1;
    stage.take_fetch(vec![data(0, &[damaged])]);
    assert_eq!(stage.polled(poll), records(&[(0, "a")]));
}

#[test]
fn garbage_instead_of_batches_is_an_error_too() {
    let (mut stage, poll) = reading(0, &[]);
    stage.take_fetch(vec![data(0, &[vec![0xff; 100]])]);
    assert_eq!(stage.polled(poll), told(2));
}

#[test]
fn positions_are_looked_up() {
    let table = [
        (Position::Earliest, "latest", -2),
        (Position::Latest, "earliest", -1),
        (Position::Reset, "earliest", -2),
        (Position::Reset, "latest", -1),
    ];
    for (position, policy, timestamp) in table {
        let mut stage = consumer(&[("auto.offset.reset", policy)]);
        stage.op(Op::Assign(vec![(tp("t", 0), position)]));
        stage.poll(1);
        assert_eq!(stage.take_lookup(0, 33), [(0, timestamp)], "{position:?} {policy}");
        assert_eq!(stage.take_fetch(vec![])[&0].fetch_offset, 33);
        assert!(stage.events.contains(&Event::PositionReset { partition: tp("t", 0), to: 33 }));
    }
}

#[test]
fn a_lookup_is_tried_again() {
    let mut stage = consumer(&[]);
    stage.op(Op::Assign(vec![(tp("t", 0), Position::Earliest)]));
    stage.poll(1);
    stage.take_lookup(78, -1);
    stage.wait(200);
    let asked = stage.request();
    stage.cut(asked.conn);
    stage.wait(700);
    stage.take_lookup(0, 5);
    assert_eq!(stage.take_fetch(vec![])[&0].fetch_offset, 5);
}

#[test]
fn a_seek_during_a_lookup_wins() {
    let mut stage = consumer(&[]);
    stage.op(Op::Assign(vec![(tp("t", 0), Position::Latest)]));
    stage.poll(1);
    stage.op(Op::Seek(tp("t", 0), Position::At(3)));
    let lookup = stage.asked.pop_front().unwrap();
    stage.asked.push_back(lookup);
    let fetch = stage.asked.pop_front().unwrap();
    assert_eq!(fetched(&fetch)[&0].fetch_offset, 3);
    stage.take_lookup(0, 50);
    let response = answer(&fetch, vec![]);
    stage.answer(&fetch, response);
    assert_eq!(stage.take_fetch(vec![])[&0].fetch_offset, 3);
}

#[test]
fn an_offset_out_of_range_is_reset_by_policy() {
    let (mut stage, poll) = reading(50, &[("auto.offset.reset", "earliest")]);
    stage.take_fetch(vec![error(0, 1)]);
    assert_eq!(stage.take_lookup(0, 10), [(0, -2)]);
    stage.wait(200);
    assert_eq!(stage.take_fetch(vec![data(0, &[batch(10, &["a"])])])[&0].fetch_offset, 10);
    assert_eq!(stage.polled(poll), records(&[(10, "a")]));
}

#[test]
fn an_offset_out_of_range_without_a_policy_is_told_with_every_poll() {
    let (mut stage, poll) = reading(50, &[("auto.offset.reset", "none")]);
    stage.take_fetch(vec![error(0, 1)]);
    assert_eq!(stage.polled(poll), told(1));
    let poll = stage.poll(1);
    stage.wait(200);
    stage.take_fetch(vec![error(0, 1)]);
    assert_eq!(stage.polled(poll), told(1));
    stage.op(Op::Assign(vec![(tp("t", 0), Position::Reset)]));
    for _ in 0..2 {
        let poll = stage.poll(1);
        assert_eq!(stage.polled(poll), told(1), "there is no position at all");
    }
}

#[test]
fn a_fetch_that_went_to_the_wrong_leader_is_repeated_at_the_right_one() {
    for code in [6, 74, 3, 100, 56] {
        let (mut stage, poll) = reading(5, &[]);
        stage.wait(200);
        let asked = stage.request();
        assert_eq!(asked.node, 0);
        stage.topics.insert("t".to_owned(), stage::Topic { id: Uuid(1), partitions: vec![(1, 8)] });
        let response = answer(&asked, vec![error(0, code)]);
        stage.answer(&asked, response);
        stage.wait(200);
        let again = stage.request();
        assert_eq!((again.node, fetched(&again)[&0].fetch_offset, fetched(&again)[&0].current_leader_epoch), (1, 5, 8));
        let response = answer(&again, vec![data(0, &[batch(5, &["a"])])]);
        stage.answer(&again, response);
        assert_eq!(stage.polled(poll), records(&[(5, "a")]), "{code}");
    }
}

#[test]
fn older_metadata_does_not_replace_a_newer_leader() {
    let mut stage = consumer(&[("metadata.max.age.ms", "1000")]);
    stage.topics.insert("t".to_owned(), stage::Topic { id: Uuid(1), partitions: vec![(1, 8)] });
    stage.op(Op::Assign(vec![(tp("t", 0), Position::At(0))]));
    stage.poll(1);
    stage.take_fetch(vec![data(0, &[batch(0, &["a"])])]);
    stage.take_fetch(vec![]);
    let leader_of_next_fetch = |mut stage: Stage, id, leader, epoch| {
        stage.topics.insert("t".to_owned(), stage::Topic { id: Uuid(id), partitions: vec![(leader, epoch)] });
        let before = stage.metadata_requests.len();
        stage.wait(1100);
        assert!(stage.metadata_requests.len() > before);
        stage.op(Op::Seek(tp("t", 0), Position::At(0)));
        stage.poll(1);
        stage.request().node
    };
    assert_eq!(leader_of_next_fetch(stage.clone(), 1, 0, 7), 1);
    assert_eq!(leader_of_next_fetch(stage.clone(), 1, 0, 9), 0);
    assert_eq!(leader_of_next_fetch(stage, 2, 0, 0), 0, "another topic counts its epochs anew");
}

#[test]
fn an_unexpected_error_is_tried_again_and_a_hopeless_one_is_told() {
    let (mut stage, poll) = reading(0, &[]);
    stage.take_fetch(vec![error(0, -1)]);
    assert!(stage.asked.is_empty(), "not without a pause");
    stage.wait(200);
    stage.take_fetch(vec![error(0, 29)]);
    assert_eq!(stage.polled(poll), told(29));
}

#[test]
fn a_topic_that_was_created_anew_is_noticed() {
    for (policy, timestamp) in [("earliest", Some(-2)), ("latest", Some(-1)), ("none", None)] {
        let (mut stage, poll) = reading(5, &[("auto.offset.reset", policy)]);
        let asked = stage.request();
        assert_eq!(fetch_request(&asked).topics[0].topic_id, Uuid(1));
        stage.topics.insert("t".to_owned(), topic(99, &[0]));
        stage.wait(300);
        let response = answer(&asked, vec![error(0, 100)]);
        stage.answer(&asked, response);
        match timestamp {
            Some(timestamp) => {
                assert_eq!(stage.take_lookup(0, 0), [(0, timestamp)]);
                stage.wait(300);
                let again = stage.request();
                assert_eq!(fetch_request(&again).topics[0].topic_id, Uuid(99));
                assert_eq!(fetched(&again)[&0].fetch_offset, 0);
            }
            None => assert_eq!(stage.polled(poll), told(100)),
        }
    }
}

#[test]
fn a_lost_fetch_is_sent_again() {
    let (mut stage, poll) = reading(0, &[("request.timeout.ms", "400")]);
    let first = stage.request();
    stage.wait(399);
    assert!(stage.is_open(first.conn));
    stage.wait(101);
    assert!(!stage.is_open(first.conn));
    let again = stage.request();
    let response = answer(&again, vec![data(0, &[batch(0, &["a"])])]);
    stage.answer(&again, response);
    assert_eq!(stage.polled(poll), records(&[(0, "a")]));
}

#[test]
fn names_are_used_where_the_broker_knows_no_ids() {
    let mut stage = consumer(&[]);
    stage.versions.insert(ApiKey::Fetch, 11);
    stage.versions.insert(ApiKey::Metadata, 8);
    stage.op(Op::Assign(vec![(tp("t", 0), Position::At(0))]));
    let poll = stage.poll(1);
    let asked = stage.request();
    assert_eq!((asked.header.api_version, fetch_request(&asked).topics[0].topic.clone()), (11, Str::from("t")));
    let response = answer(&asked, vec![data(0, &[batch(0, &["a"])])]);
    stage.answer(&asked, response);
    assert_eq!(stage.polled(poll), records(&[(0, "a")]));
}

#[test]
fn aborted_transactions_are_hidden_from_read_committed_alone() {
    let log = [
        transactional(0, 7, "aborted"),
        transactional(1, 8, "committed"),
        marker(2, 7, true),
        transactional(3, 7, "after"),
        marker(4, 8, false),
    ];
    let fetch = || vec![aborted(data(0, &log), &[(7, 0)])];
    let (mut stage, poll) = reading(0, &[("isolation.level", "read_committed")]);
    assert_eq!(fetch_request(&stage.asked[0]).isolation_level, 1);
    stage.take_fetch(fetch());
    assert_eq!(stage.polled(poll), records(&[(1, "committed"), (3, "after")]));
    let (mut stage, poll) = reading(0, &[]);
    stage.take_fetch(fetch());
    assert_eq!(stage.polled(poll), records(&[(0, "aborted"), (1, "committed"), (3, "after")]));
}

#[test]
fn partitions_take_turns() {
    let mut stage = consumer(&[]);
    stage.op(Op::Assign(vec![(tp("t", 0), Position::At(0)), (tp("t", 2), Position::At(0))]));
    stage.poll(1);
    stage.take_fetch(vec![data(0, &[batch(0, &["a", "b"])]), data(2, &[batch(0, &["c", "d"])])]);
    let polls: Vec<_> = (0..3).map(|_| stage.poll(1)).collect();
    let first: Vec<_> = polls.iter().map(|&poll| stage.polled(poll).unwrap().0[0].0).collect();
    assert_eq!(first, [2, 0, 2]);
}

#[test]
fn an_application_may_look_up_offsets() {
    let mut stage = consumer(&[("default.api.timeout.ms", "3000")]);
    let lookup = stage.op(Op::ListOffsets(vec![(tp("t", 1), -1), (tp("t", 0), 1234)]));
    let asked = [stage.take_lookup(29, -1), stage.take_lookup(0, 7)].concat();
    assert_eq!(asked, [(1, -1), (0, 1234)]);
    let found = Done::Offsets(vec![(tp("t", 1), 29, -1, -1), (tp("t", 0), 0, 7, -1)]);
    assert_eq!(stage.outcome(lookup), Some(&found));
    let hopeless = stage.op(Op::ListOffsets(vec![(tp("gone", 0), -1)]));
    stage.wait(2999);
    assert_eq!(stage.outcome(hopeless), None);
    stage.wait(1);
    assert_eq!(stage.outcome(hopeless), Some(&Done::Offsets(vec![(tp("gone", 0), -1, -1, -1)])));
}

#[test]
fn a_closed_consumer_answers_its_polls() {
    let (mut stage, poll) = reading(0, &[]);
    let close = stage.op(Op::Close);
    assert_eq!(stage.polled(poll), records(&[]));
    assert_eq!(stage.outcome(close), Some(&Done::Ok));
    assert!(stage.conns().is_empty());
}
