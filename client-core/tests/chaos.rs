//! Whatever a cluster does to a client: each operation ends exactly once (the stage holds that), nothing panics, no wake-up lies in the
//! past, and once the cluster is well again the client does its work.

mod stage;

use bytes::Bytes;
use client_core::{Done, NewTopic, Op, Position, Role, SendOutcome};
use proptest::prelude::*;
use stage::{Asked, Stage, fetch, record, topic, tp};
use wire::messages::create_topics::CreatableTopicResult;
use wire::messages::delete_topics::DeletableTopicResult;
use wire::messages::{CreateTopicsResponse, DeleteTopicsResponse};
use wire::{Request, Str, Uuid};

/// What happens next.
#[derive(Clone, Debug)]
enum Turn {
    Ask(u8, u8),
    /// Answers the n-th request that waits with an error, or none.
    Answer(usize, i16),
    /// An answer with arbitrary bytes in it.
    Damage(usize, usize, u8),
    Garbage(Vec<u8>),
    Cut(usize),
    CutAll,
    Up(bool),
    Describes(bool),
    /// Id, leader and leader epoch.
    Topic(u8, u8, i32),
    Wait(u16),
}

fn turn() -> impl Strategy<Value = Turn> {
    let errors = prop_oneof![3 => Just(0i16), 1 => Just(1), 1 => Just(2), 1 => Just(3), 1 => Just(6), 1 => Just(7), 1 => Just(10),
        1 => Just(19), 1 => Just(20), 1 => Just(41), 1 => Just(56), 1 => Just(87), 1 => Just(100), 1 => any::<i16>()];
    prop_oneof![
        8 => (any::<u8>(), any::<u8>()).prop_map(|(what, how)| Turn::Ask(what, how)),
        8 => (0usize..3, errors).prop_map(|(nth, error)| Turn::Answer(if nth < 2 { 0 } else { 1 }, error)),
        2 => (0usize..2, 0usize..200, any::<u8>()).prop_map(|(nth, at, byte)| Turn::Damage(nth, at, byte)),
        1 => proptest::collection::vec(any::<u8>(), 0..40).prop_map(Turn::Garbage),
        2 => (0usize..3).prop_map(Turn::Cut),
        1 => Just(Turn::CutAll),
        1 => any::<bool>().prop_map(Turn::Up),
        1 => any::<bool>().prop_map(Turn::Describes),
        2 => (0u8..4, 0u8..3, 0i32..4).prop_map(|(id, leader, epoch)| Turn::Topic(id, leader, epoch)),
        6 => (0u16..3000).prop_map(Turn::Wait),
    ]
}

fn position(how: u8) -> Position {
    [Position::Earliest, Position::Latest, Position::Reset, Position::At(i64::from(how))][usize::from(how % 4)]
}

fn request(role: Role, what: u8, how: u8) -> Op {
    let partition = tp("t", i32::from(how % 4));
    match role {
        Role::Producer if what.is_multiple_of(8) => Op::Flush,
        Role::Producer => Op::Send {
            topic: Str::from(if what % 8 == 1 { "u" } else { "t" }),
            partition: (how < 128).then_some(partition.partition),
            record: record(&"v".repeat(usize::from(what))),
        },
        Role::Consumer => match what % 6 {
            0 => Op::Assign(vec![(partition, position(how)), (tp("u", 0), Position::Earliest)]),
            1 => Op::Seek(partition, position(how)),
            2 => Op::ListOffsets(vec![(partition, i64::from(how))]),
            _ => Op::Poll { max_records: u32::from(how), timeout_ms: u64::from(how) * 10 },
        },
        Role::Admin => match what % 4 {
            0 => Op::CreateTopics(vec![NewTopic { name: Str::from("new"), partitions: 1, ..NewTopic::default() }]),
            1 => Op::DeleteTopics(vec![Str::from("t"), Str::from("new")]),
            2 => Op::DescribeTopics(vec![Str::from("t")]),
            _ => Op::ListOffsets(vec![(partition, -1)]),
        },
    }
}

/// Answers a request as a broker would that says this error of everything.
fn answer(stage: &mut Stage, asked: &Asked, error: i16) {
    match &asked.request {
        Request::Produce(_) => {
            let response = stage::produce::answer(asked, error, 5);
            stage.answer(asked, response);
        }
        Request::Fetch(_) => {
            let data = |(index, one): (i32, wire::messages::fetch::FetchPartition)| match error {
                0 => fetch::data(index, &[fetch::batch(one.fetch_offset, &["a", "b"])]),
                error => fetch::error(index, error),
            };
            let partitions = fetch::fetched(asked).into_iter().map(data).collect();
            stage.answer(asked, fetch::answer(asked, partitions));
        }
        Request::ListOffsets(_) => {
            stage.asked.push_front(asked.clone());
            stage.take_lookup(error, 3);
        }
        Request::OffsetForLeaderEpoch(_) => {
            stage.asked.push_front(asked.clone());
            stage.take_check(error, (0, 4));
        }
        Request::CreateTopics(request) => {
            let result =
                |name: &Str| CreatableTopicResult { name: name.clone(), error_code: error, ..Default::default() };
            let topics = request.topics.iter().map(|topic| result(&topic.name)).collect();
            stage.answer(asked, CreateTopicsResponse { topics, ..Default::default() });
        }
        Request::DeleteTopics(request) => {
            let result = |name: &Option<Str>| DeletableTopicResult {
                name: name.clone(),
                error_code: error,
                ..Default::default()
            };
            let responses = request.topics.iter().map(|topic| result(&topic.name)).collect();
            stage.answer(asked, DeleteTopicsResponse { responses, ..Default::default() });
        }
        Request::Metadata(request) => {
            let mut response = stage.describe(request);
            response.topics.iter_mut().for_each(|topic| topic.error_code = error);
            stage.answer(asked, response);
        }
        other => panic!("{other:?}"),
    }
}

fn play(stage: &mut Stage, role: Role, turn: &Turn) {
    match turn {
        Turn::Ask(what, how) => _ = stage.op(request(role, *what, *how)),
        Turn::Answer(nth, error) => {
            if let Some(asked) = stage.asked.remove(*nth) {
                answer(stage, &asked, *error);
            }
        }
        Turn::Damage(nth, at, byte) => {
            let Some(asked) = stage.asked.remove(*nth) else { return };
            let mut frame = vec![*byte; *at];
            let head = asked.header.correlation_id.to_be_bytes();
            frame.splice(..frame.len().min(4), head);
            stage.frame(asked.conn, Bytes::from(frame));
        }
        Turn::Garbage(bytes) => {
            if let Some(&conn) = stage.conns().first() {
                stage.frame(conn, Bytes::from(bytes.clone()));
            }
        }
        Turn::Cut(nth) => {
            if let Some(&conn) = stage.conns().get(*nth) {
                stage.cut(conn);
            }
        }
        Turn::CutAll => stage.cut_all(),
        Turn::Up(up) => stage.up = if *up { vec![0, 1] } else { vec![1] },
        Turn::Describes(describes) => stage.describes = *describes,
        Turn::Topic(id, leader, epoch) => {
            let leaders = [0, 1, if *leader == 2 { -1 } else { i32::from(*leader) }];
            let mut topic = topic(u128::from(*id), &leaders);
            topic.partitions.iter_mut().for_each(|partition| partition.1 = *epoch);
            stage.topics.insert("t".to_owned(), topic);
        }
        Turn::Wait(ms) => stage.wait(u64::from(*ms)),
    }
}

/// From now on the cluster is well.
fn heal(stage: &mut Stage) {
    stage.up = vec![0, 1];
    stage.describes = true;
    stage.topics.insert("t".to_owned(), topic(77, &[0, 1, 0, 1]));
    stage.topics.insert("u".to_owned(), topic(78, &[1]));
    stage.cut_all();
    serve(stage, 400);
}

/// Answers everything, for so many tenths of a second.
fn serve(stage: &mut Stage, tenths: u32) {
    for _ in 0..tenths {
        for _ in 0..20 {
            let Some(asked) = stage.asked.pop_front() else { break };
            answer(stage, &asked, 0);
        }
        stage.wait(100);
    }
}

const SETTINGS: &[(&str, &str)] = &[
    ("linger.ms", "5"),
    ("batch.size", "500"),
    ("request.timeout.ms", "1000"),
    ("delivery.timeout.ms", "4000"),
    ("max.block.ms", "3000"),
    ("default.api.timeout.ms", "5000"),
    ("buffer.memory", "5000"),
    ("metadata.max.age.ms", "3000"),
    ("auto.offset.reset", "earliest"),
];

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![2 => Just(Role::Producer), 2 => Just(Role::Consumer), 1 => Just(Role::Admin)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_operation_ends_once_and_the_client_recovers(
        role in role(),
        in_flight in 1u8..6,
        acks in prop_oneof![Just("0"), Just("1"), Just("all")],
        turns in proptest::collection::vec(turn(), 1..80),
    ) {
        let in_flight = in_flight.to_string();
        let own = [("max.in.flight.requests.per.connection", in_flight.as_str()), ("acks", acks)];
        let mut stage = Stage::new(role, &[SETTINGS, &own].concat());
        for (n, turn) in turns.iter().enumerate() {
            if n == turns.len() / 2 {
                stage = stage.clone();
            }
            play(&mut stage, role, turn);
        }
        let asked = stage.ops;
        heal(&mut stage);
        for op in 1..=asked {
            prop_assert!(stage.outcome(wire::OpId(op)).is_some(), "operation {op} has not ended");
        }
        works(&mut stage, role)?;
        let close = stage.op(Op::Close);
        serve(&mut stage, 60);
        prop_assert_eq!(stage.outcome(close), Some(&Done::Ok));
        prop_assert!(wire::Node::next_timeout(&stage.client).is_none());
    }

    #[test]
    fn a_fork_goes_on_in_the_same_way(role in role(), turns in proptest::collection::vec(turn(), 1..60), at in 0usize..60) {
        let mut stage = Stage::new(role, SETTINGS);
        let (before, after) = turns.split_at(at.min(turns.len()));
        before.iter().for_each(|turn| play(&mut stage, role, turn));
        let mut fork = stage.clone();
        after.iter().for_each(|turn| play(&mut stage, role, turn));
        after.iter().for_each(|turn| play(&mut fork, role, turn));
        prop_assert_eq!(format!("{:?}", stage.client), format!("{:?}", fork.client));
        prop_assert_eq!((stage.events, stage.dials), (fork.events, fork.dials));
    }
}

/// The client still does what it is for.
fn works(stage: &mut Stage, role: Role) -> Result<(), TestCaseError> {
    match role {
        Role::Producer => {
            let send = stage.op(stage::send(0, "well"));
            serve(stage, 60);
            prop_assert!(matches!(stage.sent(send), Some(SendOutcome::Acked(_))));
        }
        Role::Consumer => {
            stage.op(Op::Assign(vec![(tp("t", 0), Position::Earliest), (tp("t", 3), Position::At(5))]));
            for _ in 0..3 {
                let poll = stage.op(Op::Poll { max_records: 500, timeout_ms: 5000 });
                serve(stage, 60);
                let (records, errors) = stage.polled(poll).expect("the poll has ended");
                prop_assert!(!records.is_empty() && errors.is_empty());
            }
        }
        Role::Admin => {
            let create = stage.op(request(role, 0, 0));
            serve(stage, 10);
            prop_assert_eq!(stage.outcome(create), Some(&Done::Topics(vec![(Str::from("new"), 0, Uuid::ZERO)])));
        }
    }
    Ok(())
}
