//! The Broker: routes an input to a part, runs due timers, and checks the invariants of the parts that it touched.

use crate::config::Config;
use crate::event::Event;
use crate::timer::Timer;
use crate::view::View;
use std::convert::Infallible;
use wire::{Disk, Input, Instant, Io, Node, Str};

/// One node: broker and controller in one.
#[derive(Clone)]
pub struct Broker {
    config: Config,
}

/// Why a broker could not be opened on its disk. The text says what an operator can do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The disk failed while it was read or written.
    #[error("cannot use log directory: {0}; check the device, or remove the directory from log.dirs")]
    Disk(#[from] wire::DiskError),
    /// What the disk holds cannot be opened by this configuration.
    #[error("{0}")]
    Refused(Str),
}

impl Broker {
    /// Recovers what survived on the disk, takes a new quorum epoch and registers. `seed` is that of this node and incarnation.
    pub fn open(config: Config, seed: u64, io: &mut Io<'_, Broker>) -> Result<Broker, OpenError> {
        let _ = (seed, io.now);
        Ok(Broker { config })
    }

    /// Read-only look-ups.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View { logs: self }
    }

    /// What it was opened with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }
}

impl Node for Broker {
    type Op = Infallible;
    type Done = Infallible;
    type Event = Event;
    type Timer = Timer;
    type Disk = dyn Disk;

    fn handle(&mut self, _input: Input<Infallible>, _io: &mut Io<'_, Broker>) {}

    fn next_timeout(&self) -> Option<(Instant, Timer)> {
        None
    }
}

impl crate::view::Logs for Broker {
    fn log(&self, _: wire::Uuid, _: i32) -> Option<crate::LogView<'_>> {
        None
    }
    fn each_log<'a>(&'a self, _: &mut dyn FnMut(crate::LogView<'a>)) {}
    fn broker_epoch(&self) -> Option<i64> {
        None
    }
    fn quorum_epoch(&self) -> i32 {
        0
    }
    fn bug_reached(&self) -> bool {
        self.config.planted.was_reached()
    }
}
