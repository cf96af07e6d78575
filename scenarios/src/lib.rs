//! What is tried: generators of Plans from seeds, the campaigns that run them on all cores, the regression corpus, proptest strategies,
//! and the benchmark of planted bugs.
//!
//! A *scenario* is a function from a seed to a [`sim::Plan`]; nothing in it may know a planted bug. Threads, clocks and files are allowed
//! here: a campaign lives in the real world, its runs do not.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

pub mod busy;
pub mod campaign;
pub mod catalogue;
pub mod corpus;
mod dice;
mod draw;
pub mod planted;
mod scenario;
pub mod strategies;

pub use catalogue::{Scenario, all, by_name};
