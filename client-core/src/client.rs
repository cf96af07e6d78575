//! The Client: one of three roles behind the border of every state machine.

use crate::{Config, Done, Event, Op};
use wire::{Input, Instant, Io, Node};

/// What a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Sends records.
    Producer,
    /// Reads assigned partitions.
    Consumer,
    /// Creates, deletes and describes topics.
    Admin,
}

/// Why a client wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// A connection: its answer is late, or it may be dialled again.
    Connection,
    /// Metadata is too old, or may be asked for again.
    Metadata,
    /// A batch has waited for company long enough, may be tried again, or expires.
    Batch,
    /// A poll's time is over, or a partition may be tried again.
    Consumer,
    /// A call may be tried again, or its time is over.
    Call,
}

/// A Kafka producer, consumer or admin.
#[derive(Clone, Debug)]
pub struct Client {
    role: Role,
    config: Config,
    #[expect(dead_code)]
    seed: u64,
    wake: Option<(Instant, Timer)>,
}

impl Client {
    /// A client that has done nothing yet; it dials when its first [`Op`] comes. Every draw of it follows from the seed.
    #[must_use]
    pub fn open(role: Role, config: Config, seed: u64) -> Client {
        Client { role, config, seed, wake: None }
    }

    /// What it is.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// What it was configured with, planted bugs included.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }
}

impl Node for Client {
    type Op = Op;
    type Done = Done;
    type Event = Event;
    type Timer = Timer;
    type Disk = ();

    fn handle(&mut self, input: Input<Op>, io: &mut Io<'_, Client>) {
        let Input::Op(id, _) = input else { return };
        io.push(wire::Output::Done(id, Done::Refused("not built yet")));
    }

    fn next_timeout(&self) -> Option<(Instant, Timer)> {
        self.wake
    }
}
