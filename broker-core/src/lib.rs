//! The Broker: a Kafka broker (and KRaft controller) as a state machine behind `wire::Node`.
//!
//! It does no IO, reads no clock, starts no thread and iterates no unordered map. Folders follow protocol roles.

pub mod bugs;
pub mod event;
pub mod view;

pub use bugs::Bug;
pub use event::Event;
pub use view::{LogView, View};
