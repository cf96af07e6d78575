//! Swarm over configuration: brokers, topics and clients by Kafka's own names. A third of the draws keep Kafka's defaults.

use crate::dice::Dice;
use std::collections::BTreeMap;

type Config = BTreeMap<String, String>;

/// One name and the values that the swarm draws from; a draw sets it with the chance of `n` in `of`.
struct Choice {
    name: &'static str,
    values: &'static [&'static str],
    n: u64,
    of: u64,
}

const fn choice(name: &'static str, values: &'static [&'static str], n: u64, of: u64) -> Choice {
    Choice { name, values, n, of }
}

const BROKER: &[Choice] = &[
    choice("log.flush.interval.messages", &["1", "1", "5"], 1, 3),
    choice("log.flush.offset.checkpoint.interval.ms", &["200", "1000", "5000"], 1, 2),
    choice("replica.high.watermark.checkpoint.interval.ms", &["100", "1000"], 1, 2),
    choice("log.index.interval.bytes", &["0", "200", "1000"], 1, 2),
    choice("message.max.bytes", &["2000", "20000"], 1, 6),
    choice("log.segment.delete.delay.ms", &["0", "500", "3000"], 1, 2),
    choice("auto.create.topics.enable", &["false"], 1, 3),
    choice("num.partitions", &["1", "3"], 1, 3),
    choice("log.message.timestamp.type", &["LogAppendTime"], 1, 6),
    choice("metadata.log.max.record.bytes.between.snapshots", &["300", "1000", "5000"], 1, 2),
    choice("metadata.log.max.snapshot.interval.ms", &["200", "2000"], 1, 4),
    choice("metadata.max.retention.bytes", &["1", "3000", "20000"], 1, 2),
    choice("internal.metadata.log.segment.bytes", &["4000", "20000"], 1, 4),
];

/// What a cluster of brokers has besides.
const CLUSTER: &[Choice] = &[
    choice("replica.lag.time.max.ms", &["300", "1000", "4000", "10000"], 2, 3),
    choice("replica.fetch.wait.max.ms", &["10", "50", "200"], 1, 2),
    choice("replica.fetch.backoff.ms", &["10", "100"], 1, 2),
    choice("replica.fetch.max.bytes", &["1", "2000", "20000"], 1, 6),
    choice("controller.quorum.election.timeout.ms", &["150", "400", "1000"], 1, 2),
    choice("controller.quorum.election.backoff.max.ms", &["50", "300"], 1, 3),
    // Below the half second of a metadata poll without news, elections never end.
    choice("controller.quorum.fetch.timeout.ms", &["600", "800", "2000"], 1, 2),
    choice("controller.quorum.request.timeout.ms", &["300", "1000"], 1, 2),
    choice("broker.heartbeat.interval.ms", &["100", "500"], 1, 2),
    choice("broker.session.timeout.ms", &["600", "2000", "6000"], 2, 3),
    choice("max.incremental.fetch.session.cache.slots", &["0", "2"], 1, 6),
    choice("controller.quorum.fetch.snapshot.max.bytes", &["150", "1000"], 1, 3),
];

/// What a replicated topic has besides.
const REPLICATED: &[Choice] = &[choice("min.insync.replicas", &["1", "2", "3"], 1, 4)];

const TOPIC: &[Choice] = &[
    choice("internal.segment.bytes", &["600", "1500", "4000", "20000"], 2, 3),
    choice("index.interval.bytes", &["0", "200", "1000"], 1, 2),
    choice("flush.messages", &["1", "1", "3"], 1, 3),
    choice("max.message.bytes", &["2000", "20000"], 1, 6),
    choice("message.timestamp.type", &["LogAppendTime"], 1, 6),
    choice("segment.ms", &["1000", "5000"], 1, 6),
    choice("file.delete.delay.ms", &["0", "500", "3000"], 1, 3),
];

const PRODUCER: &[Choice] = &[
    choice("acks", &["all", "all", "all", "1", "0"], 3, 4),
    choice("max.in.flight.requests.per.connection", &["1", "2", "5"], 3, 4),
    choice("linger.ms", &["0", "5", "50"], 1, 2),
    choice("batch.size", &["200", "1000", "4000"], 1, 2),
    choice("compression.type", &["none", "gzip", "snappy", "lz4", "zstd"], 1, 2),
    choice("delivery.timeout.ms", &["1500", "4000", "20000"], 1, 2),
    choice("request.timeout.ms", &["300", "1000"], 1, 2),
    choice("retry.backoff.ms", &["10", "100"], 1, 2),
    choice("metadata.max.age.ms", &["500", "3000"], 1, 4),
    choice("max.block.ms", &["1000"], 1, 4),
];

const CONSUMER: &[Choice] = &[
    choice("fetch.min.bytes", &["1", "1", "500", "5000"], 1, 2),
    choice("fetch.max.wait.ms", &["10", "100", "500"], 1, 2),
    choice("max.partition.fetch.bytes", &["1", "300", "5000"], 1, 2),
    choice("fetch.max.bytes", &["1", "2000", "20000"], 1, 3),
    choice("auto.offset.reset", &["earliest", "latest", "none"], 2, 3),
    choice("request.timeout.ms", &["1000", "3000"], 1, 2),
    choice("metadata.max.age.ms", &["500", "3000"], 1, 4),
];

/// Configuration of all brokers.
pub(crate) fn broker(dice: &mut Dice) -> Config {
    draw(dice, BROKER)
}

/// What several brokers are configured with besides. How often topics are replicated, and how many replicas must have a record, is always
/// drawn: with Kafka's defaults, 1 and 1, there would be nothing to see.
pub(crate) fn cluster(dice: &mut Dice) -> Config {
    let mut config = draw(dice, CLUSTER);
    for (name, values) in
        [("default.replication.factor", &["3", "3", "2", "1"][..]), ("min.insync.replicas", &["1", "2", "2", "2", "3"])]
    {
        config.insert(name.to_owned(), dice.pick(values).to_owned());
    }
    agree(&mut config);
    config
}

/// Kafka refuses followers that wait longer than they may lag, and sessions that do not outlast two heartbeats.
pub(crate) fn agree(config: &mut Config) {
    let number = |config: &Config, name: &str, default: u64| {
        config.get(name).map_or(default, |text| text.parse().unwrap_or(default))
    };
    let lag = number(config, "replica.lag.time.max.ms", 30_000);
    if number(config, "replica.fetch.wait.max.ms", 500) > lag / 2 {
        config.insert("replica.fetch.wait.max.ms".to_owned(), (lag / 4).to_string());
    }
    let session = number(config, "broker.session.timeout.ms", 9_000);
    if number(config, "broker.heartbeat.interval.ms", 2_000) > session / 2 {
        config.insert("broker.heartbeat.interval.ms".to_owned(), (session / 4).to_string());
    }
}

/// Configuration of a replicated topic.
pub(crate) fn replicated_topic(dice: &mut Dice) -> Config {
    let mut config = topic(dice);
    config.extend(draw(dice, REPLICATED));
    config
}

/// Configuration of a topic.
pub(crate) fn topic(dice: &mut Dice) -> Config {
    draw(dice, TOPIC)
}

/// Configuration of a producer.
pub(crate) fn producer(dice: &mut Dice) -> Config {
    consistent(draw(dice, PRODUCER))
}

/// Kafka's client refuses a delivery timeout below linger plus request timeout: the request timeout is lowered to fit.
fn consistent(mut config: Config) -> Config {
    let request: u64 = config.get("request.timeout.ms").and_then(|text| text.parse().ok()).unwrap_or(30_000);
    if config.contains_key("delivery.timeout.ms") && request >= 1_400 {
        config.insert("request.timeout.ms".to_owned(), "1000".to_owned());
    }
    config
}

/// Configuration of a consumer.
pub(crate) fn consumer(dice: &mut Dice) -> Config {
    draw(dice, CONSUMER)
}

fn draw(dice: &mut Dice, choices: &[Choice]) -> Config {
    if dice.chance(1, 3) {
        return Config::new();
    }
    let mut config = Config::new();
    for choice in choices {
        let value = dice.pick(choice.values);
        if dice.chance(choice.n, choice.of) {
            config.insert(choice.name.to_owned(), value.to_owned());
        }
    }
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every name and value that the swarm may draw, one at a time.
    fn singles(choices: &[Choice]) -> impl Iterator<Item = Config> {
        let single = |name: &str, value: &str| Config::from([(name.to_owned(), value.to_owned())]);
        choices.iter().flat_map(move |choice| choice.values.iter().map(move |value| single(choice.name, value)))
    }

    #[test]
    fn a_third_of_the_draws_keep_kafkas_defaults() {
        let mut dice = Dice::new("config", 1);
        let defaults = (0..3_000).filter(|_| broker(&mut dice).is_empty()).count();
        assert!((950..1_100).contains(&defaults), "{defaults} of 3000");
    }

    #[test]
    fn timeouts_of_a_cluster_agree() {
        let mut dice = Dice::new("config", 2);
        let mut defaults = 0;
        for _ in 0..3_000 {
            let config = cluster(&mut dice);
            let number = |name: &str, default: u64| config.get(name).map_or(default, |text| text.parse().unwrap());
            let wait = number("replica.fetch.wait.max.ms", 500);
            assert!(wait <= number("replica.lag.time.max.ms", 30_000), "{config:?}");
            let interval = number("broker.heartbeat.interval.ms", 2_000);
            assert!(2 * interval <= number("broker.session.timeout.ms", 9_000), "{config:?}");
            defaults += usize::from(config.len() == 2);
        }
        assert!((950..1_100).contains(&defaults), "{defaults} of 3000 keep Kafka's timeouts");
    }

    #[test]
    fn whatever_is_drawn_is_accepted() {
        let accepted = |plan: &sim::Plan| sim::World::new(plan, Vec::new()).err().map(|refused| refused.to_string());
        let base = (crate::by_name("steady").unwrap().draw)(1);
        for config in singles(BROKER) {
            let mut plan = base.clone();
            plan.topology.config = config;
            assert_eq!(accepted(&plan), None, "{:?}", plan.topology.config);
        }
        let base = (crate::by_name("cluster-steady").unwrap().draw)(1);
        for config in singles(CLUSTER) {
            let mut plan = base.clone();
            plan.topology.config = config;
            agree(&mut plan.topology.config);
            assert_eq!(accepted(&plan), None, "{:?}", plan.topology.config);
        }
        let base = (crate::by_name("steady").unwrap().draw)(1);
        for (role, choices) in [(sim::Role::Producer, PRODUCER), (sim::Role::Consumer, CONSUMER)] {
            for config in singles(choices) {
                let mut plan = base.clone();
                let clients = plan.topology.clients.iter_mut().filter(|client| client.role == role);
                clients.for_each(|client| client.config = consistent(config.clone()));
                assert_eq!(accepted(&plan), None, "{config:?}");
            }
        }
    }
}
