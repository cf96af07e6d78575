//! Several nodes: who is meant by a role, and faults between nodes. Faults are looked at before liveness is due, and start
//! after six seconds: by then there is a controller, the brokers serve, and the topic has a leader.

use crate::story::{ADMIN, NODE, Story, lines, tells};
use properties::FaultKind;
use sim::{Action, ClientOp, Held, Outcome, RunOptions, Who, World};
use std::collections::BTreeMap;
use wire::messages::fetch::{FetchPartition, FetchRequest, FetchTopic, ReplicaState};
use wire::messages::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use wire::records::{BatchBuilder, Compression};
use wire::{ErrorCode, NodeId, Request, RequestHeader, Response, Uuid};

/// Three nodes and a topic.
fn three() -> Story {
    Story::with_topic().of_nodes(3)
}

/// Plays a story until faults stop.
fn play(story: &Story) -> Outcome {
    let options = RunOptions { record: true, ..RunOptions::default() };
    let mut world = World::with_options(&story.plan, Vec::new(), &options).unwrap();
    world.run_until(|facts| facts.count("Healed") > 0);
    world.outcome()
}

#[test]
fn every_node_opens_and_knows_the_voters() {
    let world = World::new(&three().plan, Vec::new()).unwrap();
    let voters = "1@node-1:9093,2@node-2:9093,3@node-3:9093";
    for &node in world.nodes().ids() {
        assert_eq!(world.nodes().config(node, "controller.quorum.voters").as_deref(), Some(voters));
    }
    let alone = World::new(&Story::quiet().plan, Vec::new()).unwrap();
    assert_eq!(alone.nodes().config(alone.nodes().ids()[0], "controller.quorum.voters").as_deref(), Some(""));
    let outcome = play(&three());
    for node in 1..=3 {
        assert!(tells(&outcome, &[&format!("broker {node} is open")]), "{}", lines(&outcome, "broker"));
    }
}

#[test]
fn a_leader_whose_election_takes_long_to_save_still_leads() {
    let mut story = three()
        .configured("controller.quorum.election.timeout.ms", "5000")
        .configured("controller.quorum.request.timeout.ms", "5000");
    story.plan.weather.sync_us = (600_000, 600_000);
    let outcome = play(&story);
    assert!(outcome.count("BrokerUnfenced") > 0, "{}", lines(&outcome, "broker"));
}

#[test]
fn who_shut_down_in_a_controlled_way_is_registered_again_at_once() {
    let registrations = |end: Action| {
        // A session lasts nine seconds.
        let mut story = three().at(6_000, &Who::Node(3), end);
        story.plan.heal_at_us = 9_000_000;
        let outcome = play(&story);
        outcome.trace.iter().filter(|line| line.contains("broker 3 Registered")).count()
    };
    assert_eq!(registrations(Action::CleanRestart { down_us: 1_000 }), 2);
    assert_eq!(registrations(Action::Kill { down_us: 1_000 }), 1, "it waits until the session of its predecessor ends");
}

#[test]
fn what_a_role_resolved_to_is_told_and_changes_the_hash() {
    let leader = Who::Leader("orders".to_owned(), 0);
    let story = three().at(6_000, &leader, Action::Kill { down_us: 1_000 });
    let outcome = play(&story);
    assert!(tells(&outcome, &["(the leader of orders-0) !! kill"]), "{}", lines(&outcome, "!!"));
    assert!(outcome.unfired.is_empty());
    let nobody = three().at(6_000, &Who::Leader("payments".to_owned(), 0), Action::Kill { down_us: 1_000 });
    assert_eq!(play(&nobody).unfired, [nobody.plan.steps.last().unwrap().id]);
    assert_ne!(play(&nobody).stats.trace_hash, outcome.stats.trace_hash);
}

#[test]
fn a_fault_of_one_node_leaves_the_others_alone() {
    let outcome = play(&three().at(2_000, &NODE, Action::Kill { down_us: 1_000_000 }));
    assert!(tells(&outcome, &["broker 1 is killed"]) && !tells(&outcome, &["broker 2 is killed"]));
    assert!(outcome.shares.crash.enabled && outcome.shares.crash.seen);
    assert!(!play(&three()).shares.crash.enabled);
}

#[test]
fn whoever_misses_a_log_directory_when_faults_stop_is_restarted() {
    let restarts = |nodes: u16| {
        let leader = Who::Leader("orders".to_owned(), 0);
        let mut story = Story::with_topic().of_nodes(nodes).sends(6_500, 30, 100);
        story = story.at(6_000, &leader, Action::FailWrite { nth: 1, log_dir: 1 });
        (story.plan.topology.log_dirs, story.plan.heal_at_us) = (2, 10_000_000);
        let options = RunOptions { record: true, ..RunOptions::default() };
        let mut world = World::with_options(&story.plan, Vec::new(), &options).unwrap();
        while world.advance().is_some_and(|moment| moment.at.as_millis() < 20_000) {}
        let outcome = world.outcome();
        assert!(outcome.count("LogDirFailed") > 0);
        outcome.trace.iter().filter(|line| line.contains("has shut down")).count()
    };
    assert_eq!(restarts(1), 0, "one that is alone goes on without");
    assert_eq!(restarts(3), 1);
}

/// Three nodes, and a topic that all of them have.
fn replicated() -> Story {
    let configs = BTreeMap::new();
    let op = ClientOp::CreateTopic { name: "orders".to_owned(), partitions: 1, replication_factor: 3, configs };
    Story::quiet().does(100, &ADMIN, op).of_nodes(3).sends(6_000, 60, 100)
}

#[test]
fn a_follower_has_one_session_with_its_leader_and_another_with_the_next() {
    let quiet = play(&replicated());
    assert!(quiet.count("FollowerFetched") > 60, "{}", quiet.count("FollowerFetched"));
    assert_eq!(quiet.count("FetchSessionOpened"), 2, "one for each follower");
    let leader = Who::Leader("orders".to_owned(), 0);
    let moved = play(&replicated().at(8_000, &leader, Action::Kill { down_us: 500_000 }));
    assert!(moved.count("FetchSessionOpened") > 2);
    let without = play(&replicated().configured("max.incremental.fetch.session.cache.slots", "0"));
    assert_eq!((without.count("FetchSessionOpened"), without.count("FetchSessionRefused")), (0, 0));
    assert_eq!(without.count("FollowerFetched"), quiet.count("FollowerFetched"), "they fetch all the same");
}

#[test]
fn a_node_that_was_away_for_long_comes_back_by_a_snapshot_and_one_that_starts_again_opens_with_its_own() {
    let story = three()
        .configured("metadata.log.max.record.bytes.between.snapshots", "300")
        .configured("metadata.max.retention.bytes", "1")
        .configured("controller.quorum.fetch.snapshot.max.bytes", "200")
        .at(6_000, &Who::Node(3), Action::Kill { down_us: 8_000_000 })
        .at(16_000, &Who::Node(2), Action::Kill { down_us: 1_000 });
    let options = RunOptions { record: true, ..RunOptions::default() };
    let mut world = World::with_options(&story.plan, properties::standard(), &options).unwrap();
    while world.advance().is_some() {}
    let outcome = world.outcome();
    assert_eq!(outcome.violations, []);
    for event in ["SnapshotWritten", "LogStartRaised", "SnapshotFetched", "SnapshotLoaded"] {
        assert!(outcome.count(event) > 0, "{event}");
    }
    assert!(tells(&outcome, &["broker 3", "SnapshotFetched"]), "{}", lines(&outcome, "Snapshot"));
    assert!(tells(&outcome, &["broker 2", "SnapshotLoaded"]), "{}", lines(&outcome, "Snapshot"));
    assert!(outcome.count("SnapshotAsked") > 3, "piece by piece");
}

#[test]
fn each_wall_between_nodes_holds_something_back() {
    let for_us = 1_000_000;
    let walls = [
        (FaultKind::Split, Action::Split { with: Vec::new(), for_us, one_way: false }),
        (FaultKind::OneWaySplit, Action::Split { with: Vec::new(), for_us, one_way: true }),
        (FaultKind::Ring, Action::Ring { for_us, one_way: false }),
        (FaultKind::ControllersCut, Action::CutControllers { for_us, one_way: false }),
    ];
    for (kind, wall) in walls {
        let outcome = play(&three().at(6_000, &Who::Node(1), wall));
        let counts = outcome.ledger[&kind];
        assert_eq!(counts.injected, 1, "{kind:?}");
        assert!(counts.effects > 0, "{kind:?}");
        assert!(outcome.is_clean(), "{:?}", outcome.violations);
    }
}

/// The leader of `orders`: its node, the topic's id, the leader epoch, where its log ends, and its high watermark.
fn leader_of_orders(world: &World) -> (NodeId, Uuid, i32, i64, i64) {
    let mut found = None;
    for &node in world.nodes().ids() {
        let view = world.nodes().view(node).unwrap();
        view.each_log(|log| {
            if log.topic == "orders" && log.leads {
                found = Some((node, log.topic_id, log.leader_epoch, log.log_end_offset, log.high_watermark));
            }
        });
    }
    found.unwrap()
}

/// What a node answers to a request by hand, half a second later.
fn ask_by_hand(world: &mut World, node: NodeId, version: i16, request: impl Into<Request>) -> Response {
    let (conn, request) = (world.dial_by_hand(node), request.into());
    let header = RequestHeader::new(request.api(), version, 1, None);
    world.send_by_hand(conn, request.encode(&header).unwrap());
    let mut from = None;
    while let Some(moment) = world.advance() {
        if moment.at.as_millis() > *from.get_or_insert(moment.at.as_millis()) + 500 {
            break;
        }
    }
    let Held::Frame(frame) = world.take_by_hand(conn) else { panic!("no answer") };
    Response::decode(request.api(), version, &frame).unwrap().1
}

#[test]
fn a_leader_neither_answers_nor_counts_what_an_earlier_incarnation_of_a_follower_asks_for() {
    let configs = BTreeMap::new();
    let op = ClientOp::CreateTopic { name: "orders".to_owned(), partitions: 1, replication_factor: 3, configs };
    let mut story = Story::quiet().does(6_000, &ADMIN, op).of_nodes(3);
    story.plan.heal_at_us = 60_000_000;
    let mut world = World::new(&story.plan, Vec::new()).unwrap();
    let until = |world: &mut World, ms| while world.advance().is_some_and(|moment| moment.at.as_millis() < ms) {};
    until(&mut world, 5_900);
    // One that is to follow stands still before there is anything to fetch: its leader knows its registration and nothing else.
    let follower = NodeId(3);
    world.pause_by_hand(follower);
    until(&mut world, 7_000);
    let (leader, topic_id, current_leader_epoch, ..) = leader_of_orders(&world);
    let records = Some(BatchBuilder::new(Compression::None).record(0, None, Some(b"x")).build());
    let partition_data = vec![PartitionProduceData { index: 0, records }];
    let topic_data = vec![TopicProduceData { name: "orders".into(), partition_data, ..Default::default() }];
    ask_by_hand(&mut world, leader, 12, ProduceRequest { acks: 1, topic_data, ..Default::default() });
    let mut asks = |replica_epoch: i64| {
        let partition =
            FetchPartition { current_leader_epoch, fetch_offset: 1, last_fetched_epoch: -1, ..Default::default() };
        let request = FetchRequest {
            replica_state: ReplicaState { replica_id: follower.0, replica_epoch },
            topics: vec![FetchTopic { topic_id, partitions: vec![partition], ..Default::default() }],
            session_epoch: -1,
            ..Default::default()
        };
        let Response::Fetch(answer) = ask_by_hand(&mut world, leader, 17, request) else { panic!("another answer") };
        let (.., end, high_watermark) = leader_of_orders(&world);
        (ErrorCode::from_code(answer.responses[0].partitions[0].error_code), end, high_watermark)
    };
    assert_eq!(asks(0), (ErrorCode::NotLeaderOrFollower, 1, 0), "others have registered since");
    assert_eq!(asks(-1), (ErrorCode::None, 1, 1), "one that does not say which it is");
    assert_eq!(asks(i64::MAX).0, ErrorCode::None, "one that the leader does not know yet");
}
