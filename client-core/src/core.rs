//! What all three roles stand on: the configuration, the connections, the metadata, and the next wake-up.

use crate::backoff::Backoff;
use crate::client::{Role, Timer};
use crate::config::Config;
use crate::draw::{Draw, Purpose};
use crate::link::Links;
use crate::metadata::Metadata;
use crate::token::Token;
use wire::Instant;

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
