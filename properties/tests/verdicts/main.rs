//! For every property a good history in which it is silent, and bad ones in which it speaks.

mod bench;
mod client;
mod durability;
mod exceptions;
mod group;
mod liveness;
mod quorum;
mod replica;
mod replication;
mod shown;
mod snapshots;
mod weird;
