//! What all three roles stand on: the configuration, the connections, the metadata, and the next wake-up.

use crate::backoff::Backoff;
use crate::client::{Role, Timer};
use crate::config::Config;
use crate::draw::{Draw, Purpose};
use crate::link::Links;
use crate::metadata::{Leader, Metadata};
use crate::token::Token;
use crate::{Client, Event};
use wire::{Endpoint, Instant, Io, NodeId, Str, TopicPartition};

/// The common ground of the roles.
#[derive(Clone, Debug)]
pub(crate) struct Core {
    pub(crate) config: Config,
    pub(crate) links: Links<Token>,
    pub(crate) metadata: Metadata,
    pub(crate) draw: Draw,
    retries: u64,
}

impl Core {
    pub(crate) fn new(role: Role, config: Config, seed: u64) -> Core {
        let draw = Draw::seeded(seed);
        let max_in_flight = match role {
            Role::Producer => usize::try_from(config.max_in_flight).unwrap_or(usize::MAX),
            // Kafka's consumer and admin have a fixed limit that nobody reaches.
            Role::Consumer | Role::Admin => 100,
        };
        let links = Links::new(&config, max_in_flight, draw);
        let metadata = Metadata::new(&config, draw);
        Core { config, links, metadata, draw, retries: 0 }
    }

    /// An error names who leads since a newer epoch, and perhaps where to find it: no metadata is waited for (KIP-951).
    pub(crate) fn hinted(&mut self, partition: &TopicPartition, (node, epoch): (NodeId, i32), io: &mut Io<'_, Client>) {
        let leader = Leader { node: Some(node), epoch };
        // The bootstrap servers have ids below zero, and so has nobody.
        if node.0 >= 0 && self.links.knows(node) && self.metadata.learn(&partition.topic, partition.partition, leader) {
            io.event(Event::LeaderHinted { partition: partition.clone() });
        }
    }

    /// An answer says where some nodes are.
    pub(crate) fn meet(&mut self, nodes: impl Iterator<Item = (i32, Str, i32)>) {
        for (node, host, port) in nodes.filter(|(node, ..)| *node >= 0) {
            if let Ok(port) = u16::try_from(port) {
                self.links.meet(NodeId(node), Endpoint { host, port });
            }
        }
    }

    /// When to try again after the n-th failure in a row.
    pub(crate) fn retry_at(&mut self, now: Instant, failures: u32) -> Instant {
        self.retries += 1;
        let backoff = Backoff { first: self.config.retry_backoff, max: self.config.retry_backoff_max };
        now + backoff.after(failures, self.draw.of(Purpose::Retry).at(self.retries))
    }
}

/// Collects the earliest of what is due. What is due already was tried in this input and waits for something else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wake {
    now: Instant,
    soonest: Option<(Instant, Timer)>,
}

impl Wake {
    pub(crate) fn new(now: Instant) -> Wake {
        Wake { now, soonest: None }
    }

    pub(crate) fn at(&mut self, when: Instant, why: Timer) {
        let sooner = self.soonest.is_none_or(|(soonest, _)| when < soonest);
        if sooner && when > self.now && when != Instant::NEVER {
            self.soonest = Some((when, why));
        }
    }

    pub(crate) fn soonest(self) -> Option<(Instant, Timer)> {
        self.soonest
    }
}
