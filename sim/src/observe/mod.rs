//! Who turns disk calls and frames into Facts: the accused does not write the record.
//!
//! - [`batch`]: record batches as an observer sees them;
//! - [`disk`]: a disk that watches what its broker does to it;
//! - [`image`]: who may lead which partition, as a metadata log says;
//! - [`log`]: what an observer knows of one log;
//! - [`touch`]: what a fault did, in the ledger's words;
//! - [`wire`]: reads along on the connections of clients and of followers.
//!
//! Left out on purpose: judging (properties do), and everything that `broker-core` says of itself (the World passes
//! it on).

mod batch;
pub mod disk;
pub mod image;
mod log;
#[cfg(test)]
mod tests;
mod touch;
pub mod wire;

pub use batch::BatchParser;
pub use disk::Observed;
pub use wire::{Asker, Link, WireTap};
