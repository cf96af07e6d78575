//! The deterministic simulation: a Plan in, an Outcome out. Pure and single-threaded.

pub mod draw;
pub mod plan;

pub use draw::Draw;
pub use plan::{Action, ClientOp, ClientPlan, Pattern, Plan, Role, Step, Topology, Weather, When, Who};
