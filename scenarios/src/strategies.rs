//! proptest as a front door: strategies that draw Plans. A user's own property test runs a cluster in ten lines; see
//! `scenarios/tests/plans.rs`.

use crate::{Scenario, all};
use proptest::prelude::{Strategy, any};
use proptest::sample::{select, subsequence};
use sim::Plan;

/// Plans of one scenario.
pub fn plans_of(scenario: &'static Scenario) -> impl Strategy<Value = Plan> {
    any::<u64>().prop_map(move |seed| (scenario.draw)(seed))
}

/// Plans of every scenario.
pub fn plans() -> impl Strategy<Value = Plan> {
    (select(all()), any::<u64>()).prop_map(|(scenario, seed)| (scenario.draw)(seed))
}

/// Plans of which some steps are missing: whatever is left is a trial too. Shrinking leaves out more.
pub fn thinned(plans: impl Strategy<Value = Plan>) -> impl Strategy<Value = Plan> {
    plans.prop_flat_map(|plan| {
        let count = plan.steps.len();
        subsequence(plan.steps.clone(), 0..=count).prop_map(move |steps| Plan { steps, ..plan.clone() })
    })
}
