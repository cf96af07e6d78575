//! The court: ledger, properties and verdicts of one run, with one way in for facts.

use crate::fact::{Fact, FactKind, FactSet, Moment};
use crate::ghost::Ghost;
use crate::history::History;
use crate::ledger::Ledger;
use crate::property::{Cluster, Nodes, Property, Verdicts, Violation};

/// Every judge of a run, and what they found so far.
pub struct Court {
    ledger: Ledger,
    ghost: Ghost,
    history: History,
    properties: Vec<Box<dyn Property>>,
    /// For each kind of fact, the indexes of the properties that want it.
    wanted: Vec<Vec<usize>>,
    verdicts: Verdicts,
}

impl Court {
    /// A court of these properties.
    #[must_use]
    pub fn new(properties: Vec<Box<dyn Property>>) -> Court {
        let wanted = FactKind::ALL.iter().map(|&kind| interested(&properties, kind)).collect();
        Court {
            ledger: Ledger::default(),
            ghost: Ghost::default(),
            history: History::default(),
            properties,
            wanted,
            verdicts: Verdicts::default(),
        }
    }

    /// Whether anybody wants facts of a kind; an observer need not build others. A court without properties wants none.
    #[must_use]
    pub fn wants(&self, kind: FactKind) -> bool {
        !self.wanted[kind as usize].is_empty() || (!self.properties.is_empty() && KEPT.has(kind))
    }

    /// Takes a fact into the ghost state and the history, then shows it to those who want it.
    pub fn observe(&mut self, fact: &Fact, moment: Moment, nodes: &dyn Nodes) {
        self.ghost.observe(fact, moment, &self.ledger, nodes);
        self.history.observe(fact, moment, &self.ghost);
        let (ledger, ghost, history) = (&self.ledger, &self.ghost, &self.history);
        let cluster = Cluster { moment, ledger, ghost, history, nodes };
        for &index in &self.wanted[fact.kind() as usize] {
            self.properties[index].observe(fact, &cluster, &mut self.verdicts);
        }
    }

    /// What the fact at hand shows only beside what was observed before it; one of [`MARKERS`].
    #[must_use]
    pub fn marker(&self) -> Option<&'static str> {
        self.history.repeated().then_some(DUPLICATE_APPENDED)
    }

    /// A finding of who runs the trial and not of a property: `L14`, `panic` and `hang` are reported this way.
    pub fn accuse(&mut self, violation: Violation) {
        self.verdicts.violated(violation);
    }

    /// The run is over.
    pub fn finish(&mut self, moment: Moment, nodes: &dyn Nodes) {
        let (ledger, ghost, history) = (&self.ledger, &self.ghost, &self.history);
        let cluster = Cluster { moment, ledger, ghost, history, nodes };
        for property in &mut self.properties {
            property.finish(&cluster, &mut self.verdicts);
        }
    }

    /// A copy with all state, for a forked World.
    #[must_use]
    pub fn fork(&self) -> Court {
        Court {
            ledger: self.ledger.clone(),
            ghost: self.ghost.clone(),
            history: self.history.clone(),
            properties: self.properties.iter().map(|property| property.fork()).collect(),
            wanted: self.wanted.clone(),
            verdicts: self.verdicts.clone(),
        }
    }

    /// What faults did; the World writes it.
    pub fn ledger_mut(&mut self) -> &mut Ledger {
        &mut self.ledger
    }

    /// What faults did.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The ghost state.
    #[must_use]
    pub fn ghost(&self) -> &Ghost {
        &self.ghost
    }

    /// The clients' history.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// What was found.
    #[must_use]
    pub fn verdicts(&self) -> &Verdicts {
        &self.verdicts
    }
}

/// A record was appended to a log in which it stood already.
const DUPLICATE_APPENDED: &str = "DuplicateAppended";

/// Names of what the court sees although no single fact says it: for triggers and coverage, beside the kinds of facts.
pub const MARKERS: &[&str] = &[DUPLICATE_APPENDED];

/// What the ghost state and the history are made of.
const KEPT: FactSet = FactSet::of(&[
    FactKind::Started,
    FactKind::Opened,
    FactKind::Stopped,
    FactKind::Survived,
    FactKind::Recovered,
    FactKind::Appended,
    FactKind::AppendFailed,
    FactKind::Truncated,
    FactKind::SegmentCreated,
    FactKind::LogRemoved,
    FactKind::LogDurable,
    FactKind::DiskFailed,
    FactKind::FileReplaced,
    FactKind::ProduceReceived,
    FactKind::FollowerFetched,
    FactKind::ProduceAnswered,
    FactKind::Stated,
    FactKind::ClientStated,
    FactKind::SendInvoked,
    FactKind::SendCompleted,
    FactKind::PollCompleted,
    FactKind::Repositioned,
    FactKind::AdminInvoked,
    FactKind::AdminCompleted,
    FactKind::ClientLife,
    FactKind::Healed,
]);

fn interested(properties: &[Box<dyn Property>], kind: FactKind) -> Vec<usize> {
    (0..properties.len()).filter(|&index| properties[index].interests().has(kind)).collect()
}
