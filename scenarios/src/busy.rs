//! `bench_busy`: what speed is measured on. Three nodes with Kafka's default intervals, two minutes of steady traffic, and faults all along.
//! It is no scenario of campaigns: what it draws is made to be alike from seed to seed, not to find anything.

use crate::draw::fault;
use crate::draw::script::{MILLI, SECOND, Script, Topic};
use properties::FaultKind;
use sim::plan::StartAt;
use sim::{ClientOp, Plan, Role};
use std::collections::BTreeMap;

/// How long clients and faults are active, in microseconds of virtual time.
pub const ACTIVE_US: u64 = 120 * SECOND;

/// What each run must have come to before its speed means anything: acknowledged batches and effective faults.
pub const AT_LEAST: (u64, u64) = (500, 6);

const PARTITIONS: i32 = 3;
/// When the cluster surely serves: the topic is created then, records are sent and faults strike soon after.
const SERVES_US: u64 = 5 * SECOND;
const BEGINS_US: u64 = 8 * SECOND;
/// How often each producer sends a record to each partition.
const EVERY_US: u64 = 750 * MILLI;

const FAULTS: &[FaultKind] = &[
    FaultKind::Kill,
    FaultKind::PowerLoss,
    FaultKind::CleanRestart,
    FaultKind::Pause,
    FaultKind::Split,
    FaultKind::OneWaySplit,
    FaultKind::ControllersCut,
    FaultKind::Reset,
    FaultKind::LostAnswer,
    FaultKind::DelaySpike,
    FaultKind::SlowSync,
];

/// The Plan of a seed.
#[must_use]
pub fn plan(seed: u64) -> Plan {
    let mut script = Script::plain_cluster("bench_busy", seed, ACTIVE_US);
    let topic = topic(&mut script);
    for _ in 0..2 {
        producer(&mut script, &topic);
    }
    consumer(&mut script, &topic);
    let mut at = 10 * SECOND;
    while at < ACTIVE_US - 5 * SECOND {
        let kind = script.dice.pick(FAULTS);
        fault::inject(&mut script, kind, at);
        at += script.dice.range(6, 10) * SECOND;
    }
    script.finish()
}

fn topic(script: &mut Script) -> String {
    let name = "busy".to_owned();
    let admin = script.client(Role::Admin, BTreeMap::new());
    let op = ClientOp::CreateTopic {
        name: name.clone(),
        partitions: PARTITIONS,
        replication_factor: -1,
        configs: BTreeMap::new(),
    };
    script.topics.push(Topic { name: name.clone(), partitions: PARTITIONS, replicas: 3 });
    script.op(SERVES_US, admin, op);
    name
}

/// Records to each partition in turn.
fn producer(script: &mut Script, topic: &str) {
    let producer = script.client(Role::Producer, BTreeMap::new());
    for partition in 0..PARTITIONS {
        let op = ClientOp::Send {
            topic: topic.to_owned(),
            partition: Some(partition),
            key: None,
            size: 200,
            count: u32::try_from((ACTIVE_US - BEGINS_US) / EVERY_US).unwrap_or(1),
            every_us: EVERY_US,
        };
        script.op(BEGINS_US + 250 * MILLI * partition as u64, producer, op);
    }
}

fn consumer(script: &mut Script, topic: &str) {
    let consumer = script.client(Role::Consumer, BTreeMap::new());
    let partitions = (0..PARTITIONS).map(|partition| (topic.to_owned(), partition)).collect();
    script.op(BEGINS_US, consumer, ClientOp::Assign { partitions, start: StartAt::Earliest });
    let every_us = 300 * MILLI;
    let count = u32::try_from((ACTIVE_US - BEGINS_US) / every_us).unwrap_or(1);
    script.op(BEGINS_US + 50 * MILLI, consumer, ClientOp::Poll { max_records: 500, count, every_us });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plan_can_be_run_and_keeps_kafkas_intervals() {
        for seed in 0..20 {
            let plan = plan(seed);
            assert!(sim::World::new(&plan, Vec::new()).is_ok(), "seed {seed}");
            assert_eq!(plan.topology.nodes, 3);
            let names: Vec<&str> = plan.topology.config.keys().map(String::as_str).collect();
            assert_eq!(names, ["default.replication.factor", "min.insync.replicas"]);
            assert!(plan.topology.clients.iter().all(|client| client.config.is_empty()));
            let faults = plan.steps.iter().filter(|step| step.action.fault().is_some()).count();
            assert!(faults >= 10, "seed {seed} has {faults} faults");
        }
    }
}
