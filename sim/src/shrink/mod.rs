//! The same failure, smaller: delta debugging over the steps of a Plan, then its topology, its numbers, its configuration, and the seed last.
//!
//! What counts is the *same property and kind*; a Plan that fails otherwise is another failure. Every attempt is a whole run, so the
//! search has a budget of runs. It is greedy and deterministic: the same Plan and budget give the same result.

mod numbers;
mod parts;

use crate::plan::{Plan, PlanError};
use crate::world::{RunOptions, World, every_property};
use properties::Violation;

/// How far a shrinker may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShrinkOptions {
    /// At most this many runs.
    pub max_runs: u32,
    /// Bugs that are planted in every run.
    pub bugs: Vec<String>,
}

impl Default for ShrinkOptions {
    fn default() -> ShrinkOptions {
        ShrinkOptions { max_runs: 600, bugs: Vec::new() }
    }
}

/// What a shrinker came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shrunk {
    /// The smallest Plan found that still fails.
    pub plan: Plan,
    /// How many runs it took.
    pub runs: u32,
    /// Steps of the Plan that was given.
    pub steps_before: usize,
    /// Steps of the Plan that was found.
    pub steps_after: usize,
}

/// Shrinks a Plan that violates a property, keeping property and kind. Refused if the Plan or the options are.
pub fn shrink(plan: &Plan, violation: &Violation, options: &ShrinkOptions) -> Result<Shrunk, PlanError> {
    let run_options = RunOptions { bugs: options.bugs.clone(), ..RunOptions::default() };
    World::with_options(plan, Vec::new(), &run_options)?;
    let wanted = (violation.property.id, violation.kind);
    Ok(shrink_with(plan, options.max_runs, |candidate| violates(candidate, wanted, &run_options)))
}

/// Shrinks a Plan for which `fails` holds; it is asked at most `max_runs` times, and never about an invalid Plan.
pub fn shrink_with(plan: &Plan, max_runs: u32, fails: impl FnMut(&Plan) -> bool) -> Shrunk {
    let mut search = Search { best: plan.clone(), runs: 0, max_runs, fails };
    while search.round() && search.runs < max_runs {}
    search.seeds();
    let (steps_before, steps_after) = (plan.steps.len(), search.best.steps.len());
    Shrunk { plan: search.best, runs: search.runs, steps_before, steps_after }
}

/// Whether a run comes to the wanted violation; it is not run any further than that.
fn violates(plan: &Plan, wanted: (&str, &str), options: &RunOptions) -> bool {
    let Ok(mut world) = World::with_options(plan, every_property(), options) else { return false };
    let hit = |violation: &Violation| (violation.property.id, violation.kind) == wanted;
    loop {
        let over = world.advance().is_none();
        if world.violations().iter().any(hit) {
            return true;
        }
        if over {
            return false;
        }
    }
}

/// A search under way.
struct Search<F> {
    best: Plan,
    runs: u32,
    max_runs: u32,
    fails: F,
}

impl<F: FnMut(&Plan) -> bool> Search<F> {
    /// One pass over everything; whether anything became smaller.
    fn round(&mut self) -> bool {
        let before = self.best.clone();
        self.steps();
        self.clients();
        self.nodes();
        self.numbers();
        self.config();
        self.best != before
    }

    /// Takes a candidate if it is new, valid, affordable, and still fails.
    fn accepts(&mut self, candidate: Plan) -> bool {
        if candidate == self.best || self.runs >= self.max_runs || candidate.validate().is_err() {
            return false;
        }
        self.runs += 1;
        let fails = (self.fails)(&candidate);
        if fails {
            self.best = candidate;
        }
        fails
    }
}
