//! The differential on three nodes: sessions in which a node is killed, paused or restarted, run against a real cluster and against ours.
//!
//! - [`act`] is a session as data: requests to whoever has a role, faults, and waits until the cluster has come to rest;
//! - [`generate`] draws one from a seed;
//! - [`nodes`] is one of the two clusters: [`kafka`], three real nodes behind TCP, or [`world`], ours in the simulator;
//! - [`party`] carries out acts against a cluster and tells what it said, [`settle`] waits for rest;
//! - [`run`] compares two parties, one of which may be a recording.
//!
//! What timing decides is taken out of a session, so that two clusters can be compared at all: replicas are assigned by hand, the active
//! controller is node 1 of every session whichever node it is, one node is away at a time, and a session goes on when everybody agrees.

pub mod act;
pub mod generate;
pub mod kafka;
pub mod nodes;
pub mod party;
pub mod run;
pub mod settle;
pub mod world;
