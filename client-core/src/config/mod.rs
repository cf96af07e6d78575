//! Client configuration by Kafka's own names, with the defaults of Kafka 4.x.
//!
//! One table serves all three roles; a name that another role reads is accepted and ignored, as Kafka does it. Left out on purpose:
//! security, quotas, telemetry, groups, interceptors and serializers. What is not in the table is an error that names it.

mod error;
mod value;

pub use error::ConfigError;
pub use value::{Acks, Isolation, OffsetReset};

use crate::Bug;
use std::collections::BTreeMap;
use std::time::Duration;
use value::{at_least, bool_text, bootstrap, millis, text};
use wire::records::Compression;
use wire::{Endpoint, Planted, Str};

macro_rules! settings {
    ($($(#[$doc:meta])* $name:literal $field:ident : $ty:ty = $default:expr, $parse:expr, $expected:literal;)*) => {
        /// What a client is configured with.
        #[derive(Clone, Debug)]
        pub struct Config {
            $($(#[$doc])* pub $field: $ty,)*
            /// Planted bugs that are switched on; never part of a Plan.
            pub bugs: Planted<Bug>,
        }

        impl Default for Config {
            fn default() -> Config {
                Config { $($field: $default,)* bugs: Planted::default() }
            }
        }

        impl Config {
            /// Every name that [`Config::parse`] knows.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// Sets one name; `None` if there is no such name, `Some(Err(what was expected))` for a wrong value.
            fn set(&mut self, name: &str, value: &str) -> Option<Result<(), &'static str>> {
                match name {
                    $($name => Some($parse(value).map(|parsed| self.$field = parsed).ok_or($expected)),)*
                    _ => None,
                }
            }
        }
    };
}

settings! {
    /// Where to find the cluster at first; at least one.
    "bootstrap.servers" bootstrap_servers: Vec<Endpoint> = Vec::new(), bootstrap, "a list of host:port";
    /// Sent with every request.
    "client.id" client_id: Str = Str::from_static(""), text, "a text";
    /// After how long a request without an answer is given up, with its connection.
    "request.timeout.ms" request_timeout: Duration = ms(30_000), millis, "milliseconds from 0";
    /// How long a call of the admin, or a look-up of offsets, may take with all retries.
    "default.api.timeout.ms" default_api_timeout: Duration = ms(60_000), millis, "milliseconds from 0";
    /// How long a dialled connection may take until its versions are known.
    "socket.connection.setup.timeout.ms" connection_setup_timeout: Duration = ms(10_000), millis, "milliseconds from 0";
    /// How often a failed request is repeated.
    "retries" retries: u32 = i32::MAX.unsigned_abs(), at_least::<0>, "a number from 0";
    /// The first pause before a repetition; it doubles with each.
    "retry.backoff.ms" retry_backoff: Duration = ms(100), millis, "milliseconds from 0";
    /// The longest pause before a repetition.
    "retry.backoff.max.ms" retry_backoff_max: Duration = ms(1_000), millis, "milliseconds from 0";
    /// The first pause before a new connection; it doubles with each failure.
    "reconnect.backoff.ms" reconnect_backoff: Duration = ms(50), millis, "milliseconds from 0";
    /// The longest pause before a new connection.
    "reconnect.backoff.max.ms" reconnect_backoff_max: Duration = ms(1_000), millis, "milliseconds from 0";
    /// How old metadata may become.
    "metadata.max.age.ms" metadata_max_age: Duration = ms(300_000), millis, "milliseconds from 0";

    /// What the producer waits for.
    "acks" acks: Acks = Acks::All, Acks::parse, "0, 1, -1 or all";
    /// How long a batch waits for more records. 5 since Kafka 4.0 (KIP-1030).
    "linger.ms" linger: Duration = ms(5), millis, "milliseconds from 0";
    /// The size at which a batch is full; 0 sends every record on its own.
    "batch.size" batch_size: u32 = 16_384, at_least::<0>, "bytes from 0";
    /// How many requests may wait for their answers on one connection. Above 1, a retry may overtake (idempotence is what prevents that).
    "max.in.flight.requests.per.connection" max_in_flight: u32 = 5, at_least::<1>, "a number from 1";
    /// After how long a record is given up, counted from its batch's creation.
    "delivery.timeout.ms" delivery_timeout: Duration = ms(120_000), millis, "milliseconds from 0";
    /// The largest produce request, and so the largest record.
    "max.request.size" max_request_size: u32 = 1_048_576, at_least::<0>, "bytes from 0";
    /// How batches are compressed.
    "compression.type" compression: Compression = Compression::None, Compression::from_name, "none, gzip, snappy, lz4 or zstd";
    /// Kafka's default is true. The idempotent producer comes with the delivery semantics, so here the default is false, and true is refused:
    /// a client must not promise what it does not do.
    "enable.idempotence" enable_idempotence: bool = false, not_yet, "false (the idempotent producer is not built yet)";
    /// Chooses partitions as if no record had a key.
    "partitioner.ignore.keys" partitioner_ignore_keys: bool = false, bool_text, "true or false";
    /// How many bytes of records may wait in the producer.
    "buffer.memory" buffer_memory: u32 = 33_554_432, at_least::<0>, "bytes from 0";
    /// How long a send waits for metadata or memory.
    "max.block.ms" max_block: Duration = ms(60_000), millis, "milliseconds from 0";

    /// The broker answers a fetch when so many bytes are there.
    "fetch.min.bytes" fetch_min_bytes: u32 = 1, at_least::<0>, "bytes from 0";
    /// The most that one fetch may bring, unless its first batch alone is larger.
    "fetch.max.bytes" fetch_max_bytes: u32 = 52_428_800, at_least::<0>, "bytes from 0";
    /// The broker answers a fetch after so long even if there is too little.
    "fetch.max.wait.ms" fetch_max_wait: Duration = ms(500), millis, "milliseconds from 0";
    /// The most that one fetch may bring of a partition, unless its first batch alone is larger.
    "max.partition.fetch.bytes" max_partition_fetch_bytes: u32 = 1_048_576, at_least::<0>, "bytes from 0";
    /// Where to go if there is no position, or one that the log does not have.
    "auto.offset.reset" auto_offset_reset: OffsetReset = OffsetReset::Latest, OffsetReset::parse, "earliest, latest or none";
    /// Whether the CRC of every batch is checked.
    "check.crcs" check_crcs: bool = true, bool_text, "true or false";
    /// Whether records of open and aborted transactions are returned. `read_committed` reads up to the last stable offset and leaves out what
    /// the broker lists as aborted.
    "isolation.level" isolation: Isolation = Isolation::ReadUncommitted, Isolation::parse, "read_uncommitted or read_committed";
    /// Whether a consumer's metadata request may create a topic.
    "allow.auto.create.topics" allow_auto_create_topics: bool = true, bool_text, "true or false";
}

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn not_yet(value: &str) -> Option<bool> {
    bool_text(value).filter(|&on| !on)
}

impl Config {
    /// Reads a configuration by Kafka's names; what is not named has its default.
    ///
    /// # Errors
    /// All unknown names together; else the first value that does not fit, or a combination that Kafka refuses.
    pub fn parse(settings: &BTreeMap<String, String>) -> Result<Config, ConfigError> {
        let mut config = Config::default();
        let mut unknown = Vec::new();
        let mut wrong = None;
        for (name, value) in settings {
            match config.set(name, value) {
                None => unknown.push(name.clone()),
                Some(Ok(())) => {}
                Some(Err(expected)) => wrong = wrong.or(Some(ConfigError::invalid(name, value, expected))),
            }
        }
        if !unknown.is_empty() {
            return Err(ConfigError::Unknown { names: unknown });
        }
        wrong.map_or(Ok(()), Err)?;
        config.settle(settings.contains_key("delivery.timeout.ms"))
    }

    /// What depends on several settings: `delivery.timeout.ms` must leave room for one attempt; its default is raised to that (KIP-91).
    fn settle(mut self, delivery_is_explicit: bool) -> Result<Config, ConfigError> {
        if self.bootstrap_servers.is_empty() {
            return Err(ConfigError::NoBootstrap);
        }
        let one_attempt = self.linger.saturating_add(self.request_timeout);
        if self.delivery_timeout < one_attempt {
            if delivery_is_explicit {
                return Err(ConfigError::DeliveryTooShort);
            }
            self.delivery_timeout = one_attempt;
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(settings: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let with_bootstrap = [("bootstrap.servers", "one:9092")].into_iter().chain(settings.iter().copied());
        Config::parse(&with_bootstrap.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    #[test]
    fn defaults_are_those_of_kafka_4() {
        let config = parse(&[]).unwrap();
        assert_eq!(config.acks, Acks::All);
        assert_eq!(config.linger, ms(5));
        assert_eq!(config.batch_size, 16_384);
        assert_eq!(config.max_in_flight, 5);
        assert_eq!(config.retries, 2_147_483_647);
        assert_eq!(config.auto_offset_reset, OffsetReset::Latest);
        assert!(!config.enable_idempotence);
    }

    #[test]
    fn values_are_read_by_kafkas_names() {
        let config =
            parse(&[("acks", "-1"), ("compression.type", "zstd"), ("auto.offset.reset", "none"), ("retries", "7")])
                .unwrap();
        assert_eq!(
            (config.acks, config.compression, config.auto_offset_reset, config.retries),
            (Acks::All, Compression::Zstd, OffsetReset::None, 7)
        );
    }

    #[test]
    fn errors_say_what_to_do() {
        let table = [
            (&[("acks", "2")][..], "acks is 2; expected 0, 1, -1 or all"),
            (&[("no.such", "1"), ("other", "2")], "unknown client configuration: no.such, other"),
            (
                &[("enable.idempotence", "true")],
                "enable.idempotence is true; expected false (the idempotent producer is not built yet)",
            ),
            (&[("bootstrap.servers", "")], "bootstrap.servers is missing"),
            (&[("bootstrap.servers", "host")], "bootstrap.servers is host; expected a list of host:port"),
            (&[("delivery.timeout.ms", "1000")], "delivery.timeout.ms must be at least linger.ms + request.timeout.ms"),
            (&[("linger.ms", "-1")], "linger.ms is -1; expected milliseconds from 0"),
            (
                &[("max.in.flight.requests.per.connection", "0")],
                "max.in.flight.requests.per.connection is 0; expected a number from 1",
            ),
        ];
        for (settings, message) in table {
            assert_eq!(parse(settings).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn a_default_delivery_timeout_gives_way_to_a_long_request_timeout() {
        let config = parse(&[("request.timeout.ms", "200000")]).unwrap();
        assert_eq!(config.delivery_timeout, ms(200_005));
    }

    #[test]
    fn bootstrap_takes_several_servers_and_ipv6() {
        let config = parse(&[("bootstrap.servers", "a:1, [::1]:2")]).unwrap();
        let hosts: Vec<_> = config.bootstrap_servers.iter().map(|e| (e.host.as_str(), e.port)).collect();
        assert_eq!(hosts, [("a", 1), ("::1", 2)]);
    }
}
