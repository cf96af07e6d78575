//! What a judge is: a named property of facts and of the client-visible History, with its claims and excuses.

use crate::fact::{Fact, FactSet, LogRef, Moment};
use crate::ledger::{FaultKind, Ledger};
use broker_core::View;
use bytes::Bytes;
use wire::{LogDirId, NodeId};

/// A property's stable id and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PropertyId {
    /// The catalogue's id, as `W13`.
    pub id: &'static str,
    /// The name that TLA+, Jepsen or the catalogue gives it.
    pub name: &'static str,
    /// The sentence that a report prints.
    pub sentence: &'static str,
}

/// Where a property would speak.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// On which node.
    pub node: Option<NodeId>,
    /// In which log.
    pub log: Option<LogRef>,
    /// About which offsets, end exclusive.
    pub offsets: Option<(i64, i64)>,
    /// Since when.
    pub since: Moment,
}

/// Whether a property claims to hold in a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// A violation here is a violation.
    Holds,
    /// The configuration does not promise it; nothing is counted.
    NotClaimed,
    /// A fault touched the scope; counted, and shown.
    Excused(FaultKind),
}

/// A property was violated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which property.
    pub property: PropertyId,
    /// A short stable word for the way in which it was violated, the same before and after shrinking: `lost`, `reordered`.
    pub kind: &'static str,
    /// When it was seen.
    pub when: Moment,
    /// One sentence with the values: who, which offset, what was expected.
    pub detail: String,
}

/// Where properties put what they found.
#[derive(Clone, Debug, Default)]
pub struct Verdicts {
    /// Violations, in order.
    pub violations: Vec<Violation>,
    /// Excused would-be violations: property id, fault, how many.
    pub excused: std::collections::BTreeMap<(&'static str, FaultKind), u64>,
    /// Losses that the configuration permits, each with its cause: a finding, not an excuse.
    pub attributed: Vec<Attributed>,
}

/// A loss that the configuration permits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributed {
    /// Which property would have fired.
    pub property: &'static str,
    /// The cause in Kafka's words, stable, as `power loss without flush`.
    pub cause: &'static str,
    /// What was lost.
    pub detail: String,
}

/// What an observer can look at besides the fact at hand.
pub struct Cluster<'a> {
    /// Now.
    pub moment: Moment,
    /// What faults did.
    pub ledger: &'a Ledger,
    /// The nodes.
    pub nodes: &'a dyn Nodes,
}

/// Read-only access to nodes and to what their disks show (page cache, not durable state).
pub trait Nodes {
    /// Every node of the topology.
    fn ids(&self) -> &[NodeId];
    /// The running broker of a node.
    fn view(&self, node: NodeId) -> Option<View<'_>>;
    /// The value of a broker configuration of a node, by Kafka's name, defaults included.
    fn config(&self, node: NodeId, name: &str) -> Option<String>;
    /// The files below a log directory: paths and lengths, sorted. Empty for a wiped one.
    fn files(&self, node: NodeId, log_dir: LogDirId) -> Vec<(String, u64)>;
    /// The contents of a file as the page cache shows it.
    fn file(&self, node: NodeId, log_dir: LogDirId, path: &str) -> Option<Bytes>;
    /// The configuration of a topic by name, as it was created by a client of the run; only what was set explicitly.
    fn topic_config(&self, topic: &str, name: &str) -> Option<String>;
}

/// A judge.
pub trait Property {
    /// Who it is.
    fn id(&self) -> PropertyId;
    /// A copy with its state, for a forked World.
    fn fork(&self) -> Box<dyn Property>;
    /// Which facts it wants; the World dispatches by table.
    fn interests(&self) -> FactSet;
    /// Whether it claims to hold in a scope, given what faults did.
    fn claim(&self, scope: &Scope, cluster: &Cluster<'_>) -> Claim;
    /// Sees one fact of its interests.
    fn observe(&mut self, fact: &Fact, cluster: &Cluster<'_>, verdicts: &mut Verdicts);
    /// The run is over.
    fn finish(&mut self, cluster: &Cluster<'_>, verdicts: &mut Verdicts);
}
