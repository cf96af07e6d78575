//! The kinds of values in a configuration, and how their text is read.

use std::time::Duration;
use wire::{Endpoint, Str};

/// `acks`: what a produce request waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Acks {
    /// Nothing: there is no answer.
    None,
    /// The leader's append.
    Leader,
    /// The in-sync replicas.
    #[default]
    All,
}

impl Acks {
    pub(super) fn parse(value: &str) -> Option<Acks> {
        match value {
            "0" => Some(Acks::None),
            "1" => Some(Acks::Leader),
            "-1" | "all" => Some(Acks::All),
            _ => None,
        }
    }

    /// The number in a produce request.
    #[must_use]
    pub fn number(self) -> i16 {
        match self {
            Acks::None => 0,
            Acks::Leader => 1,
            Acks::All => -1,
        }
    }
}

/// `auto.offset.reset`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OffsetReset {
    /// To the log's start.
    Earliest,
    /// To the log's end.
    #[default]
    Latest,
    /// Nowhere: the application is told.
    None,
}

impl OffsetReset {
    pub(super) fn parse(value: &str) -> Option<OffsetReset> {
        match value {
            "earliest" => Some(OffsetReset::Earliest),
            "latest" => Some(OffsetReset::Latest),
            "none" => Some(OffsetReset::None),
            _ => None,
        }
    }
}

/// `isolation.level`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// Everything below the high watermark.
    #[default]
    ReadUncommitted,
    /// Only committed transactions, below the last stable offset.
    ReadCommitted,
}

impl Isolation {
    pub(super) fn parse(value: &str) -> Option<Isolation> {
        match value {
            "read_uncommitted" => Some(Isolation::ReadUncommitted),
            "read_committed" => Some(Isolation::ReadCommitted),
            _ => None,
        }
    }

    /// The number in a request.
    #[must_use]
    pub fn number(self) -> i8 {
        match self {
            Isolation::ReadUncommitted => 0,
            Isolation::ReadCommitted => 1,
        }
    }
}

/// Milliseconds up to what Kafka's `int` holds.
pub(super) fn millis(value: &str) -> Option<Duration> {
    at_least::<0>(value).map(|ms: u32| Duration::from_millis(u64::from(ms)))
}

/// A number from `LEAST` up to what Kafka's `int` holds.
pub(super) fn at_least<const LEAST: i32>(value: &str) -> Option<u32> {
    value.parse::<i32>().ok().filter(|&n| n >= LEAST).map(i32::unsigned_abs)
}

pub(super) fn bool_text(value: &str) -> Option<bool> {
    value.parse().ok()
}

#[expect(clippy::unnecessary_wraps, reason = "one shape for every parser in the table")]
pub(super) fn text(value: &str) -> Option<Str> {
    Some(Str::from(value))
}

/// `host:port, [v6]:port`; an empty list is an empty list.
pub(super) fn bootstrap(value: &str) -> Option<Vec<Endpoint>> {
    value.split(',').map(str::trim).filter(|one| !one.is_empty()).map(endpoint).collect()
}

fn endpoint(text: &str) -> Option<Endpoint> {
    let (host, port) = text.rsplit_once(':')?;
    let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    let port = port.parse().ok().filter(|&p: &u16| p > 0)?;
    (!host.is_empty()).then(|| Endpoint { host: Str::from(host), port })
}
