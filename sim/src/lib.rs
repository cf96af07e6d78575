//! The deterministic simulation: a Plan in, an Outcome out. Pure and single-threaded.
//!
//! - [`disk`]: the simulated disk, with every disk fault;
//! - [`draw`]: keyed randomness;
//! - [`observe`]: who turns disk calls and frames into Facts;
//! - [`plan`]: everything that one run depends on, as data;
//! - [`world`]: what executes a Plan: virtual time, network, disks, clocks, processes;
//! - [`outcome`]: what a run came to;
//! - [`mod@shrink`]: the same failure, smaller.
//!
//! Left out on purpose: threads, campaigns and panics (`scenarios` has them), and every picture (`reports`).

pub mod disk;
pub mod draw;
pub mod names;
pub mod observe;
pub mod outcome;
pub mod plan;
pub mod shrink;
pub mod world;

pub use disk::SimDisk;
pub use draw::Draw;
pub use names::{event_names, planted_ids};
pub use outcome::{Outcome, ReplicaState, Share, Shares, Statistics, TraceHash};
pub use plan::{
    Action, ClientOp, ClientPlan, Heal, Pattern, Plan, PlanError, Role, StartAt, Step, Survival, Topology, Weather,
    When, Who,
};
pub use shrink::{ShrinkOptions, Shrunk, shrink};
pub use world::{Facts, Properties, RunOptions, World, every_property};

/// Runs a Plan under every property. A pure function: the same Plan gives the same Outcome, trace hash included.
pub fn run(plan: &Plan) -> Result<Outcome, PlanError> {
    run_with(plan, &RunOptions::default())
}

/// Runs a Plan under every property, with options that are no part of it.
pub fn run_with(plan: &Plan, options: &RunOptions) -> Result<Outcome, PlanError> {
    let mut world = World::with_options(plan, world::every_property(), options)?;
    while world.advance().is_some() {}
    Ok(world.outcome())
}
