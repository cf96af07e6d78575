//! The differential: generated client sessions, run against a real Kafka and against this broker, must get the same answers.
//!
//! - [`generate`] draws a [`session`] from a seed, good requests and bad;
//! - [`peer`] is whom it is run against: [`core`], our broker in this process, or any broker behind TCP;
//! - [`observe`] makes a reaction comparable (with [`ids`]), [`compare`] tells where two of them differ, [`mod@expected`] lists the
//!   differences that are known, with their reasons;
//! - [`run`] puts them together;
//! - [`cluster`] does the same with three nodes, one of which is taken away in mid-session.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

pub mod cluster;
pub mod compare;
pub mod core;
pub mod draw;
pub mod expected;
pub mod generate;
pub mod ids;
pub mod observe;
pub mod peer;
pub mod run;
pub mod session;
