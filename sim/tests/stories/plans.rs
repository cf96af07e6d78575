//! Plans as data: what is refused, with where and why; and that the JSON keeps its shape.

use crate::story::{ADMIN, CONSUMER, NODE, PRODUCER, Story, send};
use sim::{Action, ClientOp, Pattern, Plan, PlanError, StartAt, Survival, When, Who, World};

fn refusal(plan: &Plan) -> PlanError {
    World::new(plan, Vec::new()).err().unwrap_or_else(|| panic!("accepted: {}", plan.to_json()))
}

fn kill() -> Action {
    Action::Kill { down_us: 1 }
}

fn after(event: &str) -> When {
    When::After(Pattern { event: event.to_owned(), node: None }, 1, 0)
}

/// Each hostile Plan with a word of the place and one of the reason.
fn hostile() -> Vec<(Plan, &'static str, &'static str)> {
    let base = || Story::quiet().plan;
    let one = |who: &Who, action: Action| Story::quiet().at(0, who, action).plan;
    let edit = |change: fn(&mut Plan)| {
        let mut plan = base();
        change(&mut plan);
        plan
    };
    let survival = Survival { writes_permille: 1_001, entries_permille: 0, torn: false };
    vec![
        (edit(|plan| plan.format = 2), "format", "unknown"),
        (edit(|plan| plan.topology.nodes = 0), "topology.nodes", "out of range"),
        (edit(|plan| plan.topology.nodes = 9), "topology.nodes", "out of range"),
        (
            one(
                &ADMIN,
                Action::Do(ClientOp::CreateTopic {
                    name: "t".into(),
                    partitions: 1,
                    replication_factor: 2,
                    configs: Default::default(),
                }),
            ),
            "replication_factor",
            "out of range",
        ),
        (edit(|plan| plan.topology.log_dirs = 0), "log_dirs", "out of range"),
        (edit(|plan| plan.topology.disk_bytes = u64::MAX), "disk_bytes", "out of range"),
        (edit(|plan| plan.topology.clients[1].id = 1), "clients[1].id", "taken"),
        (edit(|plan| plan.topology.clients[1].id = 60_000), "clients[1].id", "out of range"),
        (edit(|plan| plan.weather.network_us = (9, 3)), "network_us", "above the most"),
        (edit(|plan| plan.weather.sync_us = (0, u64::MAX)), "sync_us", "out of range"),
        (edit(|plan| plan.weather.wall_ms = -1), "wall_ms", "no date"),
        (edit(|plan| plan.heal_at_us = u64::MAX), "heal_at_us", "out of range"),
        (edit(|plan| plan.max_events = 0), "max_events", "out of range"),
        (Story::quiet().configured("no.such.name", "1").plan, "topology.config", "no.such.name"),
        (Story::quiet().configured("log.segment.bytes", "many").plan, "topology.config", "log.segment.bytes"),
        (Story::quiet().configured("listeners", "PLAINTEXT://:1").plan, "topology.config", "follows from the topology"),
        (Story::quiet().client_configured(1, "acks", "2").plan, "clients[0].config", "acks"),
        (
            Story::quiet().client_configured(1, "bootstrap.servers", "x:1").plan,
            "clients[0].config",
            "bootstrap.servers",
        ),
        (one(&Who::Node(2), kill()), "steps[0] (id 0)", "node 2 does not exist"),
        (one(&Who::Client(9), Action::ClientCrash { down_us: 1 }), "steps[0]", "client 9 does not exist"),
        (one(&NODE, Action::ClientCrash { down_us: 1 }), "steps[0]", "only a client"),
        (one(&PRODUCER, kill()), "steps[0]", "a client cannot"),
        (one(&NODE, Action::Kill { down_us: u64::MAX }), "down_us", "out of range"),
        (one(&NODE, Action::PowerLoss { survival, down_us: 0 }), "writes_permille", "out of range"),
        (one(&NODE, Action::DieAtCall { calls: 0, survival: None, down_us: 0 }), "calls", "out of range"),
        (one(&NODE, Action::ClockDrift { ppm: i32::MIN }), "ppm", "out of range"),
        (one(&NODE, Action::ClockJump { by_ms: i64::MIN }), "by_ms", "out of range"),
        (one(&NODE, Action::FailSync { nth: 0, log_dir: 0 }), "nth", "out of range"),
        (one(&NODE, Action::FailWrite { nth: 1, log_dir: 1 }), "log_dir", "out of range"),
        (one(&NODE, Action::SlowSync { for_us: 1, delay_us: (2, 1) }), "delay_us", "above the most"),
        (one(&PRODUCER, Action::RetryStorm { for_us: 1, every_us: 0 }), "every_us", "out of range"),
        (
            one(&NODE, Action::Partition { from: Some(Who::Client(8)), for_us: 1, one_way: false }),
            "steps[0]",
            "client 8",
        ),
        (
            one(&NODE, Action::Split { with: vec![PRODUCER], for_us: 1, one_way: false }),
            "steps[0]",
            "a client is on no side",
        ),
        (one(&PRODUCER, Action::Ring { for_us: 1, one_way: false }), "steps[0]", "a client cannot"),
        (one(&NODE, Action::CutControllers { for_us: u64::MAX, one_way: false }), "for_us", "out of range"),
        (
            one(&NODE, Action::Delay { for_us: 1, delay_us: (0, 1), with: Some(Who::Node(4)) }),
            "steps[0]",
            "node 4 does not exist",
        ),
        (edit(|plan| plan.topology.skew_ms = [(2, 1)].into()), "skew_ms", "node 2"),
        (edit(|plan| plan.topology.skew_ms = [(1, i64::MIN)].into()), "skew_ms", "out of range"),
        (one(&Who::Leader("t".into(), -1), kill()), "steps[0]", "partition -1"),
        (one(&CONSUMER, Action::Do(ClientOp::Flush)), "steps[0]", "role"),
        (
            one(&PRODUCER, Action::Do(ClientOp::Seek { topic: "t".into(), partition: 0, to: StartAt::Latest })),
            "steps[0]",
            "role",
        ),
        (one(&PRODUCER, Action::Do(send(u32::MAX, 0))), "records sent", "out of range"),
        (one(&ADMIN, Action::Do(ClientOp::DeleteTopic { name: "x".repeat(5_000) })), "name, length", "out of range"),
        (Story::quiet().when(after("NoSuchEvent"), &NODE, kill()).plan, "when.after.event", "NoSuchEvent"),
        (Story::quiet().when(When::At(u64::MAX), &NODE, kill()).plan, "when.at", "out of range"),
        (
            edit(|plan| plan.steps = vec![Story::quiet().at(0, &NODE, kill()).plan.steps[0].clone(); 2]),
            "steps[1]",
            "taken",
        ),
    ]
}

#[test]
fn a_hostile_plan_is_refused_with_where_and_why_and_what_to_do() {
    for (plan, at, what) in hostile() {
        let refusal = refusal(&plan);
        assert!(refusal.at.contains(at), "{refusal} does not stand at {at}");
        assert!(refusal.what.contains(what), "{refusal} does not say {what}");
        assert!(!refusal.hint.is_empty(), "{refusal}");
    }
}

#[test]
fn every_event_that_can_be_listed_can_be_waited_for() {
    for name in sim::names::event_names() {
        Story::quiet().when(after(name), &NODE, kill()).plan.validate().unwrap();
    }
}

#[test]
fn text_that_is_no_plan_says_where_it_goes_wrong() {
    for text in ["", "{", "[]", "{\"format\": 1}", "{\"format\": -1}", "nonsense"] {
        let refusal = Plan::from_json(text).unwrap_err();
        assert!(refusal.at.starts_with("line ") && refusal.hint.contains("plan.json"), "{refusal}");
    }
    let unknown = Story::quiet().plan.to_json().replacen("\"seed\"", "\"sead\"", 1);
    assert!(Plan::from_json(&unknown).unwrap_err().what.contains("sead"));
}

#[test]
fn a_plan_survives_its_json() {
    for (plan, ..) in hostile().into_iter().filter(|(plan, ..)| plan.weather.wall_ms >= 0) {
        assert_eq!(Plan::from_json(&plan.to_json()).unwrap(), plan);
    }
}

#[test]
fn a_planted_bug_needs_the_feature_and_must_exist() {
    let options = |id: &str| sim::RunOptions { bugs: vec![id.to_owned()], ..sim::RunOptions::default() };
    let plan = Story::quiet().plan;
    let error = sim::run_with(&plan, &options("X99")).unwrap_err();
    assert!(error.what.contains("X99"), "{error}");
    if cfg!(not(feature = "bugs")) {
        assert!(sim::run_with(&plan, &options("D01")).unwrap_err().hint.contains("feature"));
    }
}

#[test]
fn faults_between_nodes_have_names_and_defaults() {
    for (text, action) in [
        (r#"{"split": {"for_us": 5}}"#, Action::Split { with: vec![], for_us: 5, one_way: false }),
        (
            r#"{"split": {"with": [{"node": 3}, "active-controller"], "for_us": 5, "one_way": true}}"#,
            Action::Split { with: vec![Who::Node(3), Who::ActiveController], for_us: 5, one_way: true },
        ),
        (r#"{"ring": {"for_us": 5}}"#, Action::Ring { for_us: 5, one_way: false }),
        (r#"{"cut-controllers": {"for_us": 5}}"#, Action::CutControllers { for_us: 5, one_way: false }),
        (r#"{"delay": {"for_us": 5, "delay_us": [1, 2]}}"#, Action::Delay { for_us: 5, delay_us: (1, 2), with: None }),
    ] {
        assert_eq!(serde_json::from_str::<Action>(text).unwrap(), action, "{text}");
    }
}
