//! The Clients: a Kafka producer, consumer and admin as state machines behind `wire::Node`.
//!
//! What an application asks is an [`Op`]; how it ended is a [`Done`]. Configuration goes by Kafka's own names.

mod admin;
mod backoff;
pub mod bugs;
pub mod client;
pub mod config;
mod consumer;
mod core;
mod draw;
pub mod event;
mod link;
mod metadata;
mod offsets;
pub mod op;
mod producer;
mod token;

pub use bugs::Bug;
pub use client::{Client, Role, Timer};
pub use config::{Config, ConfigError};
pub use event::Event;
pub use op::{Ack, Done, NewTopic, Op, PollError, Position, Record, SendOutcome, TopicDescription};
