//! Who turns disk calls and frames into Facts: the accused does not write the record.
//!
//! - [`disk`]: a disk that watches what its broker does to it;
//! - [`wire`]: reads along on the connections of clients.
//!
//! Left out on purpose: judging (properties do), and everything that `broker-core` says of itself (the World passes it on).

pub mod disk;
pub mod wire;

pub use disk::Observed;
pub use wire::{Link, WireTap};
