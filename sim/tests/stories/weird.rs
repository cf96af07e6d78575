//! Benign weirdness: what looks wrong in Kafka and is not. Each story makes sure that it happened, and that no judge calls it a violation.
//! What a configuration permits to be lost is attributed with its cause; everything else is not even that. What takes transactions,
//! groups or retention to happen comes with them.

use crate::story::{ADMIN, CONSUMER, NODE, PRODUCER, Story, tells};
use sim::plan::Survival;
use sim::{Action, ClientOp, Outcome, Role, RunOptions, StartAt, When, Who};

const PRODUCE: i16 = 0;
const SECOND: u64 = 1_000_000;

/// Plays a story under every property: nobody complains, and exactly these causes are named.
fn benign(story: &Story, causes: &[&str]) -> Outcome {
    let outcome = sim::run_with(&story.plan, &RunOptions { record: true, ..RunOptions::default() }).unwrap();
    assert!(outcome.is_clean(), "{:?}", outcome.violations);
    let mut named: Vec<&str> = outcome.attributed.iter().map(|loss| loss.cause).collect();
    named.sort_unstable();
    named.dedup();
    assert_eq!(named, causes);
    outcome
}

fn orders() -> Who {
    Who::Leader("orders".to_owned(), 0)
}

fn orders_follower() -> Who {
    Who::Follower("orders".to_owned(), 0, 0)
}

/// Three nodes that all have `orders`, and traffic from six seconds on.
fn cluster(config: &[(&str, &str)]) -> Story {
    let mut story = Story::quiet().of_nodes(3);
    let create = ClientOp::CreateTopic {
        name: "orders".to_owned(),
        partitions: 1,
        replication_factor: 3,
        configs: Default::default(),
    };
    for (name, value) in [("broker.session.timeout.ms", "2000"), ("broker.heartbeat.interval.ms", "400")] {
        story = story.configured(name, value);
    }
    let all = config.iter().fold(story, |story, (name, value)| story.configured(name, value));
    all.does(100, &ADMIN, create).sends(6_000, 40, 100).reads(6_000, 40)
}

/// Another producer, with another client's id.
fn second_producer(mut story: Story) -> (Story, Who) {
    let mut client = story.plan.topology.clients[0].clone();
    (client.id, client.role) = (4, Role::Producer);
    story.plan.topology.clients.push(client);
    (story, Who::Client(4))
}

fn sends_to(partition: i32) -> ClientOp {
    ClientOp::Send {
        topic: "orders".to_owned(),
        partition: Some(partition),
        key: None,
        size: 100,
        count: 30,
        every_us: 20_000,
    }
}

#[test]
fn other_writers_stand_between_two_records_of_one() {
    let (story, other) = second_producer(Story::with_topic());
    let story = story.does(1_000, &PRODUCER, sends_to(0)).does(1_005, &other, sends_to(0)).reads(1_000, 20);
    let outcome = benign(&story, &[]);
    assert_eq!(outcome.stats.acked_records, 61);
}

#[test]
fn two_writers_meet_in_one_order_here_and_in_the_other_there() {
    let mut story = Story::quiet();
    let create = ClientOp::CreateTopic {
        name: "orders".to_owned(),
        partitions: 2,
        replication_factor: 1,
        configs: Default::default(),
    };
    story = story.does(100, &ADMIN, create);
    let (story, other) = second_producer(story);
    let story = story.does(1_000, &PRODUCER, sends_to(0)).does(1_000, &PRODUCER, sends_to(1));
    let story = story.does(1_000, &other, sends_to(1)).does(1_000, &other, sends_to(0)).reads(1_000, 20);
    assert!(benign(&story, &[]).stats.acked_records >= 120);
}

#[test]
fn polls_find_nothing() {
    let outcome = benign(&Story::with_topic().reads(1_000, 20), &[]);
    assert!(tells(&outcome, &["client 2"]) && outcome.stats.sent_records <= 1);
}

#[test]
fn a_retry_that_hits_a_duplicate_without_idempotence() {
    let lost = Action::LoseAnswer { api_key: PRODUCE, nth: 1 };
    let story = Story::with_topic().at(900, &NODE, lost).sends(1_000, 3, 200).reads(1_000, 20);
    let story =
        story.client_configured(1, "enable.idempotence", "false").client_configured(1, "request.timeout.ms", "500");
    assert!(benign(&story, &[]).count("DuplicateAppended") > 0);
}

#[test]
fn a_send_that_timed_out_is_read_all_the_same() {
    let wall = Action::Partition { from: Some(PRODUCER), for_us: 6 * SECOND, one_way: true };
    let story = Story::with_topic().at(1_900, &NODE, wall).sends(2_000, 1, 0).reads(1_000, 20);
    let story = story
        .client_configured(1, "delivery.timeout.ms", "1500")
        .client_configured(1, "request.timeout.ms", "1000")
        .client_configured(1, "linger.ms", "0");
    benign(&story, &[]);
}

#[test]
fn a_producer_that_died_is_started_again_and_sends_on() {
    let story = Story::with_traffic().at(2_000, &PRODUCER, Action::ClientCrash { down_us: SECOND / 5 });
    let outcome = benign(&story.sends(4_000, 5, 100), &[]);
    assert!(tells(&outcome, &["client 1"]) && outcome.stats.acked_records > 5);
}

#[test]
fn a_position_beyond_the_end_is_reset_as_the_policy_says() {
    let seek = ClientOp::Seek { topic: "orders".to_owned(), partition: 0, to: StartAt::Offset(10_000) };
    let story = Story::with_traffic().does(4_000, &CONSUMER, seek);
    let outcome = benign(&story.client_configured(2, "auto.offset.reset", "earliest"), &[]);
    assert!(outcome.count("PositionReset") > 0);
}

#[test]
fn a_topic_of_the_same_name_begins_at_zero_again() {
    let delete = ClientOp::DeleteTopic { name: "orders".to_owned() };
    let create = ClientOp::CreateTopic {
        name: "orders".to_owned(),
        partitions: 1,
        replication_factor: 1,
        configs: Default::default(),
    };
    let story = Story::with_traffic().does(4_000, &ADMIN, delete).does(5_000, &ADMIN, create).sends(6_000, 3, 100);
    let outcome = benign(&story, &[]);
    assert!(outcome.count("LogDeleted") > 0 && outcome.count("LogCreated") > 1);
}

#[test]
fn a_clock_that_goes_back_makes_timestamps_go_back() {
    let jump = Action::ClockJump { by_ms: -3_600_000 };
    benign(&Story::with_traffic().at(1_500, &PRODUCER, jump.clone()).at(1_700, &NODE, jump), &[]);
}

#[test]
fn an_isr_shrinks_and_grows() {
    let pause = Action::Pause { for_us: 5 * SECOND };
    let story = cluster(&[("replica.lag.time.max.ms", "1000"), ("replica.fetch.wait.max.ms", "200")]);
    let outcome = benign(&story.at(7_000, &orders_follower(), pause), &[]);
    assert!(outcome.shares.isr_cycle.seen);
}

#[test]
fn a_new_leaders_high_watermark_lags_for_a_moment() {
    let outcome = benign(&cluster(&[]).at(8_000, &orders(), Action::Kill { down_us: 4 * SECOND }), &[]);
    assert!(outcome.shares.leader_change.seen);
}

#[test]
fn a_leader_that_was_cut_off_cuts_its_log_when_it_is_back() {
    let wall = Action::Split { with: Vec::new(), for_us: 6 * SECOND, one_way: false };
    let story = cluster(&[("min.insync.replicas", "2")]).at(8_000, &orders(), wall);
    assert!(benign(&story, &[]).shares.leader_change.seen);
}

#[test]
fn nobody_knows_of_a_request_with_acks_0_that_got_lost() {
    let reset = |at_ms| (at_ms, Action::Reset { with: Some(PRODUCER) });
    let story = Story::with_topic().sends(1_000, 60, 10).reads(1_000, 20).client_configured(1, "acks", "0");
    let story = [reset(1_105), reset(1_205), reset(1_305), reset(1_405)]
        .into_iter()
        .fold(story, |story, (at_ms, action)| story.at(at_ms, &NODE, action));
    benign(&story, &["acks=0 and a lost request"]);
}

#[test]
fn what_acks_1_acknowledged_goes_with_its_leader() {
    let split = Action::Split { with: Vec::new(), for_us: 6 * SECOND, one_way: false };
    // The producer stays on the leader's side of the wall.
    let story = cluster(&[("min.insync.replicas", "1")]).client_configured(1, "acks", "1");
    let story = story.at(8_000, &orders_follower(), split.clone());
    let story = story.at(8_000, &Who::Follower("orders".to_owned(), 0, 1), split);
    let outcome =
        benign(&story.at(9_000, &orders(), Action::Kill { down_us: 8 * SECOND }), &["acks=1 and another leader"]);
    assert!(outcome.shares.leader_change.seen);
}

#[test]
fn a_power_loss_of_everybody_takes_what_nobody_had_synced() {
    let survival = Survival { writes_permille: 0, entries_permille: 1_000, torn: false };
    let nodes = [1, 2, 3].map(Who::Node);
    let story = nodes.iter().fold(cluster(&[]), |story, node| {
        story.at(9_000, node, Action::PowerLoss { survival: survival.clone(), down_us: SECOND })
    });
    benign(&story, &["power loss without flush"]);
}

#[test]
fn an_unclean_election_loses_what_it_may() {
    let config = [
        ("unclean.leader.election.enable", "true"),
        ("min.insync.replicas", "1"),
        ("replica.lag.time.max.ms", "600"),
        ("replica.fetch.wait.max.ms", "100"),
    ];
    let pause = Action::Pause { for_us: 3 * SECOND };
    let story = cluster(&config).at(7_000, &orders_follower(), pause.clone());
    let story = story.at(7_000, &Who::Follower("orders".to_owned(), 0, 1), pause);
    let story = story.at(9_500, &orders(), Action::Kill { down_us: 10 * SECOND });
    benign(&story, &["unclean leader election"]);
}

#[test]
fn a_disk_that_was_replaced_is_empty() {
    let wipe = Action::WipeDisk { log_dir: 0, down_us: SECOND };
    let story = Story::with_topic().sends(1_000, 10, 50).reads(1_000, 20);
    benign(&story.when(When::At(3 * SECOND), &NODE, wipe), &["wiped disk"]);
}
