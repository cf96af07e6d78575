//! Observed facts, the History of the clients, ghost state, and every oracle. Knows nothing of a simulator.
//!
//! The accused does not write the record: a [`Fact`] that crosses a wire or reaches a disk was parsed by whoever
//! observes there, with `wire` alone. The broker's own [`broker_core::Event`]s serve only for what is invisible.

pub mod catalogue;
mod client;
mod cluster;
pub mod court;
pub mod fact;
pub mod ghost;
pub mod hash;
pub mod history;
mod judge;
pub mod ledger;
mod liveness;
pub mod payload;
pub mod property;
mod replica;

pub use catalogue::{catalogue, standard};
pub use court::{Court, MARKERS};
pub use fact::{BatchSeen, Fact, FactKind, FactSet, LogRef, Moment, Outcome, ReadSeen, RecordSeen, Stop, TopicAsked};
pub use ghost::Ghost;
pub use history::History;
pub use ledger::{FaultKind, Ledger, Touch};
pub use payload::{Payload, Uid};
pub use property::{Claim, Cluster, Nodes, Property, PropertyId, Scope, Verdicts, Violation};
