//! Stories: Worlds that are scripted by hand. Each fault of processes, clocks, network and clients shows its effect; runs are pure
//! functions of their Plans; hostile Plans are refused; planted failures shrink.

#![allow(clippy::unwrap_used)]

mod story;

mod basics;
mod clients;
mod clocks;
mod clusters;
mod determinism;
mod ends;
mod networks;
mod plans;
mod processes;
mod shrinks;
mod weird;
