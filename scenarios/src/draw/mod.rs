//! The parts that scenarios draw from: configuration, workload, faults in time, and the script that gathers steps.

pub(crate) mod config;
pub(crate) mod fault;
pub(crate) mod script;
pub(crate) mod workload;
