//! Clocks: jumps of the wall clock, and drift of both.

use crate::story::{ADMIN, NODE, Story, lines, millis};
use properties::{Claim, Cluster, Fact, FactKind, FactSet, Property, PropertyId, Scope, Verdicts, Violation};
use sim::{Action, ClientOp, World};
use std::collections::BTreeMap;

/// Reports the timestamp of every appended record of `orders` as its finding.
#[derive(Clone)]
struct Timestamps;

impl Property for Timestamps {
    fn id(&self) -> PropertyId {
        PropertyId { id: "T02", name: "timestamps", sentence: "For people who want to know." }
    }
    fn fork(&self) -> Box<dyn Property> {
        Box::new(self.clone())
    }
    fn interests(&self) -> FactSet {
        FactSet::of(&[FactKind::Appended])
    }
    fn claim(&self, _: &Scope, _: &Cluster<'_>) -> Claim {
        Claim::Holds
    }
    fn observe(&mut self, fact: &Fact, cluster: &Cluster<'_>, verdicts: &mut Verdicts) {
        if let Fact::Appended { log, batch, .. } = fact
            && log.partition.topic == "orders"
        {
            let detail = batch.max_timestamp.to_string();
            verdicts.violations.push(Violation { property: self.id(), kind: "seen", when: cluster.moment, detail });
        }
    }
    fn finish(&mut self, _: &Cluster<'_>, _: &mut Verdicts) {}
}

#[test]
fn a_jump_of_the_brokers_clock_shows_in_log_append_times() {
    let configs = BTreeMap::from([("message.timestamp.type".to_owned(), "LogAppendTime".to_owned())]);
    let create = ClientOp::CreateTopic { name: "orders".to_owned(), partitions: 1, replication_factor: 1, configs };
    let story = Story::quiet().does(100, &ADMIN, create).sends(1_000, 1, 0).sends(3_000, 1, 0);
    let story = story.at(2_000, &NODE, Action::ClockJump { by_ms: -3_600_000 });
    let mut world = World::new(&story.plan, vec![Box::new(Timestamps)]).unwrap();
    while world.advance().is_some() {}
    let stamps: Vec<i64> = world.violations().iter().map(|seen| seen.detail.parse().unwrap()).collect();
    assert!(stamps.len() >= 2, "{stamps:?}");
    let step = stamps[1] - stamps[0];
    assert!((-3_600_000..-3_590_000).contains(&step), "an hour back and two seconds on: {step}");
}

#[test]
fn a_slow_clock_makes_a_broker_wait_longer() {
    let waited_ms = |ppm| {
        let outcome = Story::with_topic().at(500, &NODE, Action::ClockDrift { ppm }).reads(1_000, 10).play();
        let fetches = lines(&outcome, "broker 1 <- client 2 Fetch");
        let times: Vec<u64> = fetches.lines().take(2).map(|line| millis(line).unwrap()).collect();
        times[1] - times[0]
    };
    // An empty fetch is answered after fetch.max.wait.ms, 500, of the broker's clock; the rest is the network.
    for (ppm, least) in [(-200_000, 625), (0, 500), (200_000, 416)] {
        assert!((least..least + 5).contains(&waited_ms(ppm)), "{ppm} ppm: {} ms", waited_ms(ppm));
    }
}

#[test]
fn a_skewed_clock_is_wrong_from_the_beginning_on_its_node_alone() {
    let configs = BTreeMap::from([("message.timestamp.type".to_owned(), "LogAppendTime".to_owned())]);
    let create = ClientOp::CreateTopic { name: "orders".to_owned(), partitions: 1, replication_factor: 1, configs };
    let stamp = |skew_ms: i64| {
        let mut story = Story::quiet().does(100, &ADMIN, create.clone()).sends(1_000, 1, 0);
        story.plan.topology.skew_ms = BTreeMap::from([(1, skew_ms)]);
        let mut world = World::new(&story.plan, vec![Box::new(Timestamps)]).unwrap();
        while world.advance().is_some() {}
        let stamp: i64 = world.violations()[0].detail.parse().unwrap();
        let skews = world.outcome().ledger.get(&properties::FaultKind::ClockSkew).map_or(0, |counts| counts.effects);
        (stamp, skews)
    };
    let ((right, none), (wrong, one)) = (stamp(0), stamp(-7_200_000));
    assert_eq!((none, one), (0, 1));
    assert!((-7_200_100..-7_199_900).contains(&(wrong - right)), "{right} {wrong}");
}
