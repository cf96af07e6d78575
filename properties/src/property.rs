//! What a judge is: a named property of facts and of the client-visible History, with its claims and excuses.

use crate::fact::{Fact, FactSet, LogRef, Moment};
use crate::ghost::{Ghost, LogGhost};
use crate::history::History;
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
    /// In which log directory.
    pub log_dir: Option<LogDirId>,
    /// In which log.
    pub log: Option<LogRef>,
    /// About which offsets, end exclusive.
    pub offsets: Option<(i64, i64)>,
    /// About which file, by its path below the log directory.
    pub path: Option<String>,
    /// About which client.
    pub client: Option<u16>,
    /// Since when.
    pub since: Moment,
}

impl Scope {
    /// A node as a whole.
    #[must_use]
    pub fn node(node: NodeId) -> Scope {
        Scope { node: Some(node), ..Scope::default() }
    }

    /// A range of a log, end exclusive.
    #[must_use]
    pub fn range(log: &LogGhost, from: i64, to: i64) -> Scope {
        let (node, log_dir) = (Some(log.log.node), log.log_dir);
        Scope { node, log_dir, log: Some(log.log.clone()), offsets: Some((from, to)), ..Scope::default() }
    }

    /// All of a log.
    #[must_use]
    pub fn log(log: &LogGhost) -> Scope {
        Scope { offsets: None, ..Scope::range(log, 0, 0) }
    }

    /// One file of a node.
    #[must_use]
    pub fn file(node: NodeId, log_dir: LogDirId, path: &str) -> Scope {
        Scope { log_dir: Some(log_dir), path: Some(path.to_owned()), ..Scope::node(node) }
    }

    /// A client.
    #[must_use]
    pub fn client(client: u16) -> Scope {
        Scope { client: Some(client), ..Scope::default() }
    }

    /// The same, for faults since a moment only.
    #[must_use]
    pub fn since(self, since: Moment) -> Scope {
        Scope { since, ..self }
    }
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
    /// A short stable word for the way in which it was violated, the same before and after shrinking: `lost`,
    /// `reordered`.
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

/// How many violations of one property and kind are kept; one is enough to fail, a few tell the story.
const KEPT: usize = 10;

impl Verdicts {
    /// Adds a violation, unless there are plenty of its property and kind.
    pub fn violated(&mut self, violation: Violation) {
        let same = |other: &&Violation| other.property.id == violation.property.id && other.kind == violation.kind;
        if self.violations.iter().filter(same).count() < KEPT {
            self.violations.push(violation);
        }
    }

    /// Counts a would-be violation that a fault excuses.
    pub fn excuse(&mut self, property: PropertyId, fault: FaultKind) {
        *self.excused.entry((property.id, fault)).or_default() += 1;
    }

    /// Adds a loss that the configuration permits.
    pub fn attribute(&mut self, property: PropertyId, cause: &'static str, detail: String) {
        self.attributed.push(Attributed { property: property.id, cause, detail });
    }
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
    /// What must be so: the state beside the brokers, this fact included.
    pub ghost: &'a Ghost,
    /// What the clients did and were told, this fact included.
    pub history: &'a History,
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
