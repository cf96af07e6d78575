//! Drives a `wire::Node` on tokio: sockets, files, syncs.
//!
//! - [`driver`]: the event loop, the same for brokers and clients, generic over network and storage;
//! - [`network`]: the [`Network`] trait and TCP;
//! - [`storage`]: what a driver needs of a disk beyond `wire::Disk`;
//! - [`disk`]: real files in Kafka's layout;
//! - [`mod@serve`]: a broker on them.
//!
//! Left out on purpose: everything that Kafka's protocol means (the cores know it) and everything that can be simulated better
//! without a runtime (`sim` does).
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

pub mod disk;
pub mod driver;
pub mod network;
pub mod serve;
pub mod storage;

mod connection;

pub use disk::RealDisk;
pub use driver::{Clock, Driver, Handle, Told};
pub use network::{Network, Tcp};
pub use serve::{ServeError, Serving, serve};
pub use storage::{NoStorage, Storage};
