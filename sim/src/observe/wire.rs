//! Watches the frames between clients and brokers.

use bytes::Bytes;
use properties::{Fact, FactSet};
use wire::NodeId;

/// A connection between a client and a node, as the World numbers it: unique over the run.
pub type Link = u32;

/// Reads along on every client connection of a run and tells what was asked and answered. Frames of a link must come in the order in which
/// the broker receives and sends them. What does not parse tells nothing.
#[derive(Clone, Debug, Default)]
pub struct WireTap {
    wants: FactSet,
    facts: Vec<Fact>,
}

impl WireTap {
    /// Builds only facts of the kinds that are wanted.
    #[must_use]
    pub fn new(wants: FactSet) -> WireTap {
        WireTap { wants, facts: Vec::new() }
    }

    /// A request is handed to a node's broker.
    pub fn request(&mut self, _node: NodeId, _link: Link, _client: u16, _frame: &Bytes) {}

    /// An answer left a node's broker.
    pub fn response(&mut self, _node: NodeId, _link: Link, _client: u16, _frame: &Bytes) {
        let _ = self.wants;
    }

    /// The link is closed; answers that have not come will not.
    pub fn closed(&mut self, _link: Link) {}

    /// What was learned since the last call, in order.
    pub fn take_facts(&mut self) -> Vec<Fact> {
        std::mem::take(&mut self.facts)
    }
}
