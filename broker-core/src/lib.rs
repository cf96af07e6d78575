//! The Broker: a Kafka broker (and KRaft controller) as a state machine behind `wire::Node`.
//!
//! It does no IO, reads no clock, starts no thread and iterates no unordered map. Folders follow protocol roles.

mod api;
pub mod broker;
pub mod bugs;
mod commit;
pub mod config;
mod connections;
mod controller;
pub mod event;
mod fetch;
mod keyed;
mod lifecycle;
pub mod log;
mod parked;
mod peers;
mod produce;
mod publish;
mod quorum;
mod replica;
mod replicated;
mod serving;
pub mod timer;
pub mod view;

pub use broker::{Broker, OpenError};
pub use bugs::Bug;
pub use config::{Config, ConfigError, Listener, TopicConfig};
pub use event::Event;
pub use timer::Timer;
pub use view::{LogView, View};
