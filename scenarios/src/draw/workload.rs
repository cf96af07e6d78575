//! What clients do: topics, sends of every kind, consumers that poll, seek and start over, and an admin who asks.

use super::config;
use super::script::{MILLI, SECOND, Script, Topic};
use sim::plan::StartAt;
use sim::{ClientOp, Role};

/// Topics, producers, consumers and an admin: the ordinary mix of operations over the script's active time.
pub(crate) fn mixed(script: &mut Script) {
    let admin = script.client(Role::Admin, Default::default());
    let topics = script.dice.range(1, 3);
    for n in 0..topics {
        create_topic(script, admin, &format!("t{n}"), 0);
    }
    let producers = script.dice.range(1, 3);
    for _ in 0..producers {
        let producer = producer(script);
        sends(script, producer);
    }
    let consumers = script.dice.range(1, 2);
    for _ in 0..consumers {
        let consumer = consumer(script);
        reads(script, consumer);
    }
    questions(script, admin);
}

/// Creates a topic with a drawn configuration and remembers it.
pub(crate) fn create_topic(script: &mut Script, admin: u16, name: &str, at_us: u64) {
    let partitions = script.dice.range(1, 3) as i32;
    let replicas = script.replication_factor();
    let asked = if replicas < 0 { script.default_replication_factor() } else { replicas };
    script.topics.push(Topic { name: name.to_owned(), partitions, replicas: asked });
    let op = creation(script, name, partitions, replicas);
    let impatient = script.dice.chance(1, 10);
    if script.is_cluster() && at_us == 0 && !impatient {
        let delay_us = script.dice.pick(&[1, 30, 300]) * MILLI;
        script.op_once_unfenced(delay_us, admin, op);
    } else {
        script.op(at_us, admin, op);
    }
}

/// A topic that is created when the faults that are known are over, on every node.
pub(crate) fn late_topic(script: &mut Script) -> Topic {
    let (admin, at) = (script.clients(Role::Admin)[0], script.ends_at());
    let topic = Topic { name: format!("t{}", script.topics.len()), partitions: 1, replicas: 3 };
    let op = creation(script, &topic.name, topic.partitions, 3);
    script.op(at, admin, op);
    script.topics.push(topic.clone());
    topic
}

fn creation(script: &mut Script, name: &str, partitions: i32, replication_factor: i16) -> ClientOp {
    let replicated = script.is_cluster();
    let configs = if replicated { config::replicated_topic } else { config::topic }(&mut script.dice);
    ClientOp::CreateTopic { name: name.to_owned(), partitions, replication_factor, configs }
}

/// Deletes a topic and mostly creates it again, with other partitions and another configuration, after a short or a long gap.
pub(crate) fn churn(script: &mut Script, admin: u16, name: &str) {
    for _ in 0..script.dice.range(0, 3) {
        let at = script.dice.range(script.active_us / 8, script.active_us);
        script.op(at, admin, ClientOp::DeleteTopic { name: name.to_owned() });
        if script.dice.chance(4, 5) {
            let gap = script.dice.pick(&[0, 1, 30, 700]) * MILLI;
            let partitions = script.dice.range(1, 3) as i32;
            let replicas = script.replication_factor();
            let op = creation(script, name, partitions, replicas);
            script.op(at + gap, admin, op);
        }
    }
}

/// A producer with a drawn configuration.
pub(crate) fn producer(script: &mut Script) -> u16 {
    let mut config = config::producer(&mut script.dice);
    config.extend(script.acks.map(|acks| ("acks".to_owned(), acks.to_owned())));
    script.client(Role::Producer, config)
}

/// A consumer with a drawn configuration.
pub(crate) fn consumer(script: &mut Script) -> u16 {
    let config = config::consumer(&mut script.dice);
    script.client(Role::Consumer, config)
}

/// Several bursts of sends, spread over the active time.
pub(crate) fn sends(script: &mut Script, producer: u16) {
    for _ in 0..script.dice.range(4, 12) {
        let at = script.dice.range(50 * MILLI, script.active_us);
        let op = burst(script);
        script.op(at, producer, op);
        if script.dice.chance(1, 6) {
            let later = script.dice.range(1, 200) * MILLI;
            script.op(at + later, producer, ClientOp::Flush);
        }
    }
}

/// Somebody writes to a partition around a time: what happens to its leader then happens to what only the leader has.
pub(crate) fn busy(script: &mut Script, (topic, partition): (String, i32), at_us: u64) {
    let producers = script.clients(Role::Producer);
    let producer = script.dice.pick(&producers);
    let (count, every_us) = (script.dice.range(3, 12) as u32, script.dice.pick(&[MILLI, 10 * MILLI, 60 * MILLI]));
    let at_us = at_us.saturating_sub(script.dice.range(0, 100) * MILLI);
    let op = ClientOp::Send { topic, partition: Some(partition), key: None, size: 100, count, every_us };
    script.op(at_us, producer, op);
}

/// A topic comes into being shortly before a time, and gets its first records then.
pub(crate) fn newborn(script: &mut Script, at_us: u64) {
    let admin = script.clients(Role::Admin)[0];
    let name = format!("t{}", script.topics.len());
    create_topic(script, admin, &name, at_us.saturating_sub(SECOND / 2).max(1));
    busy(script, (name, 0), at_us);
}

fn burst(script: &mut Script) -> ClientOp {
    let topic = script.dice.pick(&script.topics);
    let dice = &mut script.dice;
    ClientOp::Send {
        partition: dice.chance(1, 3).then(|| dice.range(0, topic.partitions as u64 - 1) as i32),
        key: dice.chance(1, 2).then(|| dice.range(0, 9) as u32),
        topic: topic.name,
        size: dice.pick(&[64, 100, 100, 300, 1_200, 6_000]),
        count: dice.range(1, 20) as u32,
        every_us: dice.pick(&[0, 0, 100, 5_000, 50_000]),
    }
}

/// An assignment, polls over the active time, and now and then a seek or a new assignment.
pub(crate) fn reads(script: &mut Script, consumer: u16) {
    let partitions: Vec<(String, i32)> =
        script.topics.iter().flat_map(|topic| (0..topic.partitions).map(|p| (topic.name.clone(), p))).collect();
    let start = script.dice.pick(&[StartAt::Earliest, StartAt::Earliest, StartAt::Latest, StartAt::Offset(0)]);
    script.op(100 * MILLI, consumer, ClientOp::Assign { partitions: partitions.clone(), start });
    polls(script, consumer);
    for _ in 0..script.dice.range(0, 3) {
        let at = script.dice.range(SECOND, script.active_us);
        let (topic, partition) = script.dice.pick(&partitions);
        let offset = script.dice.range(0, 60) as i64;
        let to = script.dice.pick(&[StartAt::Earliest, StartAt::Latest, StartAt::Offset(offset)]);
        script.op(at, consumer, ClientOp::Seek { topic, partition, to });
    }
}

fn polls(script: &mut Script, consumer: u16) {
    let every_us = script.dice.pick(&[20 * MILLI, 100 * MILLI, 300 * MILLI]);
    let max_records = script.dice.pick(&[4, 4, 100, 500]);
    let count = (script.active_us / every_us).min(400) as u32;
    script.op(150 * MILLI, consumer, ClientOp::Poll { max_records, count, every_us });
}

/// Descriptions and offsets, asked at any time.
pub(crate) fn questions(script: &mut Script, admin: u16) {
    for _ in 0..script.dice.range(0, 5) {
        let at = script.dice.range(SECOND / 2, script.active_us);
        let topic = script.dice.pick(&script.topics);
        let op = if script.dice.chance(1, 3) {
            ClientOp::DescribeTopic { name: topic.name }
        } else {
            let partition = script.dice.range(0, topic.partitions as u64 - 1) as i32;
            let timestamp = script.dice.pick(&[-1, -2, 1_700_000_001_000]);
            ClientOp::ListOffsets { topic: topic.name, partition, timestamp }
        };
        script.op(at, admin, op);
    }
}
