//! The World: what executes a Plan.

mod facts;

pub use facts::Facts;

use crate::outcome::Outcome;
use crate::plan::{Plan, PlanError, Step};
use properties::{Moment, Property, Violation};

/// The judges of a run.
pub type Properties = Vec<Box<dyn Property>>;

/// What is no part of a Plan, and changes nothing of what happens in its run (but for planted bugs, which are there to do so).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunOptions {
    /// Whether to keep the trace and the history for people.
    pub record: bool,
    /// Planted bugs by the catalogue's ids, as `D01`; refused without the feature `bugs`.
    pub bugs: Vec<String>,
}

/// Every property that there is, fresh.
#[must_use]
pub fn every_property() -> Properties {
    Vec::new()
}

/// A whole cluster with its disks, network, clocks, clients and judges, in virtual time.
pub struct World {
    plan: Plan,
    facts: Facts,
}

impl World {
    /// A World at time zero. A hostile Plan is refused here.
    pub fn new(plan: &Plan, properties: Properties) -> Result<World, PlanError> {
        World::with_options(plan, properties, &RunOptions::default())
    }

    /// As [`World::new`], with options that are no part of the Plan.
    pub fn with_options(plan: &Plan, _properties: Properties, _options: &RunOptions) -> Result<World, PlanError> {
        plan.validate()?;
        Ok(World { plan: plan.clone(), facts: Facts::default() })
    }

    /// Carries out one event: pop, handle, observe, judge. None when the run is over.
    pub fn advance(&mut self) -> Option<Moment> {
        None
    }

    /// Carries out a step now, whatever its `when` says: for story tests.
    pub fn apply(&mut self, step: &Step) {
        self.plan.steps.push(step.clone());
    }

    /// Advances until `done` holds or the run is over.
    pub fn run_until(&mut self, mut done: impl FnMut(&Facts) -> bool) -> &Facts {
        while !done(&self.facts) && self.advance().is_some() {}
        &self.facts
    }

    /// What was seen so far.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// What was violated so far.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &[]
    }

    /// The whole World again, judges included. Both run on to equal hashes.
    #[must_use]
    pub fn fork(&self) -> World {
        World { plan: self.plan.clone(), facts: self.facts.clone() }
    }

    /// What the run came to.
    #[must_use]
    pub fn outcome(self) -> Outcome {
        Outcome::default()
    }
}
