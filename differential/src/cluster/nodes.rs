//! A cluster of three nodes under comparison.

use super::act::Fault;
use crate::peer::Reply;
use bytes::Bytes;
use std::io;
use std::time::Duration;

/// Three nodes, by their own ids 1 to 3.
pub trait Nodes {
    /// Sends a frame to a node, on one of a few connections, and waits for the reaction; an error if it cannot be reached.
    fn ask(&mut self, node: i32, conn: u32, frame: &Bytes) -> io::Result<Reply>;

    /// Takes a node away.
    fn strike(&mut self, node: i32, fault: Fault) -> io::Result<()>;

    /// Brings a node back that was taken away so.
    fn recover(&mut self, node: i32, fault: Fault) -> io::Result<()>;

    /// The active controller, if there is one.
    fn controller(&mut self) -> io::Result<Option<i32>>;

    /// Lets time pass.
    fn pause(&mut self, time: Duration) -> io::Result<()>;
}
