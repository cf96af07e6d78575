//! The story that was recorded of a real Kafka 4.3 of three combined nodes (`wire/tests/fixtures/frames/cluster`), told again after a
//! scripted beginning: the same kills and pauses around `orders-0` lead to the same epochs, losses, divergence, truncation and ISR.
//!
//! 1. Thirty records are there; the leader is killed. Its successor leads epoch 1 from offset 30, and takes 200 records at once.
//! 2. The followers stand still, the leader takes 20 records with acks=1 and is killed. Nothing is lost: the followers' parked
//!    fetches had been answered into their sockets. Epoch 2 starts at 250.
//! 3. Ten records more. Again with three batches of five: the first survives in the same way, the other two are lost, as acks=1 permits.
//!    Epoch 3 starts at 265. The old leader comes back with 275, is told of a diverging epoch 2 that ends at 265, cuts its log, and
//!    returns to the ISR.
//! 4. All are killed at once, start again, and shut down in order.

use crate::story::{PRODUCER, Story, at_ms, lines, tells};
use sim::plan::ClientPlan;
use sim::{Action, ClientOp, Outcome, Role, RunOptions, Who, World, every_property};
use std::collections::BTreeMap;

/// A producer with acks=1; the other one waits for all.
const HASTY: Who = Who::Client(4);
/// When each part begins, in milliseconds.
const KILLED: u64 = 10_000;
const IN_FLIGHT: u64 = 40_000;
const LOST: u64 = 75_000;
const ALL_KILLED: u64 = 110_000;
const SHUT_DOWN: u64 = 135_000;

fn leader() -> Who {
    Who::Leader("orders".to_owned(), 0)
}

/// One batch of records.
fn batch(count: u32) -> ClientOp {
    ClientOp::Send { topic: "orders".to_owned(), partition: Some(0), key: None, size: 48, count, every_us: 0 }
}

fn kill(down_ms: u64) -> Action {
    Action::Kill { down_us: down_ms * 1_000 }
}

/// Both followers stand still, and before they go on the leader dies.
fn stopped(story: Story, at_ms: u64) -> Story {
    let follower = |nth| Who::Follower("orders".to_owned(), 0, nth);
    let pause = Action::Pause { for_us: 3_000_000 };
    let paused = story.at(at_ms, &follower(0), pause.clone()).at(at_ms, &follower(1), pause);
    paused.at(at_ms + 2_000, &leader(), kill(20_000))
}

fn recorded() -> Story {
    let mut story = Story::quiet().of_nodes(3);
    let config = BTreeMap::from([("acks".to_owned(), "1".to_owned())]);
    story.plan.topology.clients.push(ClientPlan { id: 4, role: Role::Producer, config });
    (story.plan.heal_at_us, story.plan.rest_within_us) = (160_000_000, 120_000_000);
    let create = ClientOp::CreateTopic {
        name: "orders".to_owned(),
        partitions: 3,
        replication_factor: 3,
        configs: BTreeMap::new(),
    };
    story = story.does(5_000, &crate::story::ADMIN, create).does(7_000, &PRODUCER, batch(29));
    // The hasty one sends after each election, and so knows the leader when it matters.
    story = story.does(8_000, &HASTY, batch(1));
    story = story.at(KILLED, &leader(), kill(15_000)).does(KILLED + 12_000, &PRODUCER, batch(199));
    story = story.does(KILLED + 13_000, &HASTY, batch(1));
    story = stopped(story, IN_FLIGHT).does(IN_FLIGHT + 5, &HASTY, batch(20));
    story = story.does(LOST - 5_000, &PRODUCER, batch(9)).does(LOST - 4_000, &HASTY, batch(1));
    for nth in 0..3 {
        story = story.does(LOST + 5 + 20 * nth, &HASTY, batch(5));
    }
    story = stopped(story, LOST).does(LOST + 18_000, &PRODUCER, batch(3));
    for node in 1..=3 {
        story = story.at(ALL_KILLED, &Who::Node(node), kill(2_000));
        let restart = Action::CleanRestart { down_us: 500_000 };
        story = story.at(SHUT_DOWN + 5_000 * (node as u64 - 1), &Who::Node(node), restart);
    }
    story
}

fn play(story: &Story) -> Outcome {
    let options = RunOptions { record: true, ..RunOptions::default() };
    let mut world = World::with_options(&story.plan, every_property(), &options).unwrap();
    while world.advance().is_some() {}
    world.outcome()
}

#[test]
fn the_recorded_story_ends_in_the_same_way() {
    let outcome = play(&recorded());
    let orders = lines(&outcome, "orders-0");
    assert_eq!(outcome.violations, [], "{orders}");
    assert_eq!(outcome.unfired, [0; 0]);
    for (epoch, start) in [(0, 0), (1, 30), (2, 250), (3, 265)] {
        assert!(tells(&outcome, &[&format!("LeaderElected orders-0 epoch {epoch} from {start}")]), "{epoch}: {orders}");
    }
    // The old leader finds what nobody else has.
    let diverging = "Fetch orders-0 from 275: diverging epoch 2, end offset 265";
    assert!(tells(&outcome, &["a follower", diverging]), "{orders}");
    assert!(tells(&outcome, &["cuts orders-0 to 265"]), "{orders}");
    let cuts = outcome.trace.iter().filter(|line| line.contains("cuts orders-0")).count();
    assert_eq!(cuts, 1, "{orders}");
    let cut = at_ms(&outcome, &["cuts orders-0 to 265"]).unwrap();
    let back = outcome.trace.iter().find(|line| whole_isr_of(line, 3) && millis(line) > cut).unwrap();
    assert!(millis(back) < ALL_KILLED, "{back}");
    // Two batches of five are lost, and the run knows why.
    let lost: Vec<&str> = outcome.attributed.iter().map(|lost| lost.cause).collect();
    assert_eq!(lost, ["acks=1 and another leader"], "{:?}", outcome.attributed);
    assert!(outcome.attributed[0].detail.contains("265"), "{:?}", outcome.attributed);
    // The last three are the World's own, one to each partition when faults have stopped.
    assert_eq!(outcome.stats.acked_records, 30 + 200 + 20 + 10 + 15 + 3 + 3);
    assert!(tells(&outcome, &["offsets 0 to 267"]), "{orders}");
}

/// Whether a line says that all three are in the ISR in a leader epoch.
fn whole_isr_of(line: &str, epoch: i32) -> bool {
    let isr = line.split_once("IsrChanged orders-0 ISR [").and_then(|(_, rest)| rest.split_once(']'));
    let whole = |isr: &str| (1..=3).all(|node| isr.contains(&node.to_string()));
    isr.is_some_and(|(isr, rest)| whole(isr) && rest.contains(&format!("leader epoch {epoch}")))
}

fn millis(line: &str) -> u64 {
    crate::story::millis(line).unwrap_or_default()
}
