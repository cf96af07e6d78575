//! What the parts that speak with other nodes read from the configuration, resolved once.

use super::kind::items;
use super::{Config, ConfigError, bad};
use std::collections::BTreeMap;
use std::time::Duration;
use wire::{Endpoint, Str};

/// Voters, timeouts and limits of the cluster.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClusterConfig {
    /// The voters of the metadata quorum, by id; this node alone where none are named (its endpoint is never dialled then).
    pub(crate) voters: BTreeMap<i32, Endpoint>,
    pub(crate) election_timeout: Duration,
    pub(crate) fetch_timeout: Duration,
    pub(crate) request_timeout: Duration,
    pub(crate) retry_backoff: Duration,
    pub(crate) heartbeat_interval: Duration,
    pub(crate) session_timeout: Duration,
    pub(crate) replica_lag: Duration,
    pub(crate) replica_fetch_wait_ms: i32,
    pub(crate) replica_fetch_backoff: Duration,
    pub(crate) replica_fetch_max_bytes: i32,
    pub(crate) replica_socket_timeout: Duration,
    /// Where brokers reach one another; the first listener if it is not set.
    pub(crate) inter_broker_listener: Option<Str>,
    /// How many fetch sessions a broker keeps (`max.incremental.fetch.session.cache.slots`).
    pub(crate) fetch_sessions: usize,
    pub(crate) snapshots: SnapshotConfig,
}

/// When a snapshot of the metadata is due, and how many are kept.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SnapshotConfig {
    /// After so many bytes of the metadata log.
    pub(crate) max_bytes: u64,
    /// After so much time, if anything was written; never for that reason if it is zero.
    pub(crate) max_interval: Duration,
    /// The log and its snapshots may have so many bytes; -1 for any number.
    pub(crate) retention_bytes: i64,
    /// Older snapshots are dispensable; -1 for never.
    pub(crate) retention_ms: i64,
    /// How much of a snapshot is asked for at once.
    pub(crate) fetch_max_bytes: i32,
}

impl ClusterConfig {
    /// Whether this node is the whole cluster.
    pub(crate) fn is_alone(&self) -> bool {
        self.voters.len() == 1
    }

    pub(super) fn of(config: &Config) -> Result<ClusterConfig, ConfigError> {
        let ms = |name: &str| Duration::from_millis(u64::try_from(config.number(name)).unwrap_or(0));
        let int = |name: &str| i32::try_from(config.number(name)).unwrap_or(i32::MAX);
        let mut voters = voters(&config.value("controller.quorum.voters").unwrap_or_default())?;
        if voters.is_empty() {
            voters.insert(config.node_id.0, Endpoint { host: "".into(), port: 0 });
        }
        Ok(ClusterConfig {
            voters,
            election_timeout: ms("controller.quorum.election.timeout.ms"),
            fetch_timeout: ms("controller.quorum.fetch.timeout.ms"),
            request_timeout: ms("controller.quorum.request.timeout.ms"),
            retry_backoff: ms("controller.quorum.retry.backoff.ms"),
            heartbeat_interval: ms("broker.heartbeat.interval.ms"),
            session_timeout: ms("broker.session.timeout.ms"),
            replica_lag: ms("replica.lag.time.max.ms"),
            replica_fetch_wait_ms: int("replica.fetch.wait.max.ms"),
            replica_fetch_backoff: ms("replica.fetch.backoff.ms"),
            replica_fetch_max_bytes: int("replica.fetch.max.bytes"),
            replica_socket_timeout: ms("replica.socket.timeout.ms"),
            inter_broker_listener: config.value("inter.broker.listener.name").map(Str::from),
            fetch_sessions: usize::try_from(config.number("max.incremental.fetch.session.cache.slots")).unwrap_or(0),
            snapshots: SnapshotConfig {
                max_bytes: config.number("metadata.log.max.record.bytes.between.snapshots").unsigned_abs(),
                max_interval: ms("metadata.log.max.snapshot.interval.ms"),
                retention_bytes: config.number("metadata.max.retention.bytes"),
                retention_ms: config.number("metadata.max.retention.ms"),
                fetch_max_bytes: int("controller.quorum.fetch.snapshot.max.bytes"),
            },
        })
    }
}

fn voters(value: &str) -> Result<BTreeMap<i32, Endpoint>, ConfigError> {
    let expected = || bad("controller.quorum.voters", value, "a list of id@host:port with distinct ids".to_owned());
    let mut voters = BTreeMap::new();
    for item in items(value) {
        let (id, endpoint) = voter(item).ok_or_else(expected)?;
        if voters.insert(id, endpoint).is_some() {
            return Err(expected());
        }
    }
    Ok(voters)
}

fn voter(item: &str) -> Option<(i32, Endpoint)> {
    let (id, address) = item.split_once('@')?;
    let (host, port) = address.rsplit_once(':')?;
    Some((id.parse().ok()?, Endpoint { host: host.into(), port: port.parse().ok()? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn voters_are_split_into_id_host_and_port() {
        let parsed = voters("1@a:9093, 2@10.0.0.2:9094").unwrap();
        assert_eq!(parsed[&2], Endpoint { host: "10.0.0.2".into(), port: 9094 });
        for wrong in ["1", "1@a", "x@a:1", "1@a:70000", "1@a:1,1@b:2"] {
            assert!(voters(wrong).is_err(), "{wrong}");
        }
    }
}
