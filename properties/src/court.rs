//! The court: ledger, properties and verdicts of one run, with one way in for facts.

use crate::fact::{Fact, FactKind, Moment};
use crate::ledger::Ledger;
use crate::property::{Cluster, Nodes, Property, Verdicts, Violation};

/// Every judge of a run, and what they found so far.
pub struct Court {
    ledger: Ledger,
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
        Court { ledger: Ledger::default(), properties, wanted, verdicts: Verdicts::default() }
    }

    /// Whether anybody wants facts of a kind; an observer need not build others.
    #[must_use]
    pub fn wants(&self, kind: FactKind) -> bool {
        !self.wanted[kind as usize].is_empty()
    }

    /// Shows a fact to those who want it.
    pub fn observe(&mut self, fact: &Fact, moment: Moment, nodes: &dyn Nodes) {
        let cluster = Cluster { moment, ledger: &self.ledger, nodes };
        for &index in &self.wanted[fact.kind() as usize] {
            self.properties[index].observe(fact, &cluster, &mut self.verdicts);
        }
    }

    /// A finding of who runs the trial and not of a property: `L14`, `panic` and `hang` are reported this way.
    pub fn accuse(&mut self, violation: Violation) {
        self.verdicts.violations.push(violation);
    }

    /// The run is over.
    pub fn finish(&mut self, moment: Moment, nodes: &dyn Nodes) {
        let cluster = Cluster { moment, ledger: &self.ledger, nodes };
        for property in &mut self.properties {
            property.finish(&cluster, &mut self.verdicts);
        }
    }

    /// A copy with all state, for a forked World.
    #[must_use]
    pub fn fork(&self) -> Court {
        Court {
            ledger: self.ledger.clone(),
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

    /// What was found, for what the World itself must say (a livelock, a run that does not come to rest).
    pub fn verdicts_mut(&mut self) -> &mut Verdicts {
        &mut self.verdicts
    }

    /// What was found.
    #[must_use]
    pub fn verdicts(&self) -> &Verdicts {
        &self.verdicts
    }
}

fn interested(properties: &[Box<dyn Property>], kind: FactKind) -> Vec<usize> {
    let wants = |(index, property): (usize, &Box<dyn Property>)| property.interests().has(kind).then_some(index);
    properties.iter().enumerate().filter_map(wants).collect()
}
