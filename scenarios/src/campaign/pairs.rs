//! Which pairs of fault kinds a campaign had on together, and off together: a swarm that always couples two kinds, or never lets them meet,
//! hides what only one of them, or only both, bring out.

use properties::FaultKind;
use sim::Plan;
use std::collections::BTreeSet;

/// Counts pairs of fault kinds over Plans.
#[derive(Clone, Debug, Default)]
pub struct Pairs {
    on: BTreeSet<(FaultKind, FaultKind)>,
    off: BTreeSet<(FaultKind, FaultKind)>,
}

impl Pairs {
    /// A Plan that runs.
    pub(super) fn count(&mut self, plan: &Plan) {
        let kinds = kinds(plan);
        for (first, second) in all() {
            match (kinds.contains(&first), kinds.contains(&second)) {
                (true, true) => self.on.insert((first, second)),
                (false, false) => self.off.insert((first, second)),
                _ => false,
            };
        }
    }

    /// How many pairs there are.
    #[must_use]
    pub fn total() -> usize {
        all().count()
    }

    /// How many were on together, and how many off together, in at least one seed.
    #[must_use]
    pub fn seen(&self) -> (usize, usize) {
        (self.on.len(), self.off.len())
    }

    /// Those that were never on together.
    pub fn never_on(&self) -> impl Iterator<Item = (FaultKind, FaultKind)> {
        all().filter(|pair| !self.on.contains(pair))
    }
}

/// The kinds that a Plan's steps and clocks have.
fn kinds(plan: &Plan) -> BTreeSet<FaultKind> {
    let skewed = (!plan.topology.skew_ms.is_empty()).then_some(FaultKind::ClockSkew);
    plan.steps.iter().filter_map(|step| step.action.fault()).chain(skewed).collect()
}

fn all() -> impl Iterator<Item = (FaultKind, FaultKind)> {
    let behind = |n: usize| FaultKind::ALL.iter().skip(n + 1);
    FaultKind::ALL.iter().enumerate().flat_map(move |(n, first)| behind(n).map(|second| (*first, *second)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pair_is_counted_once_and_needs_a_plan_with_both() {
        let kinds = FaultKind::ALL.len();
        assert_eq!(Pairs::total(), kinds * (kinds - 1) / 2);
        let mut pairs = Pairs::default();
        let mut plan = (crate::by_name("cluster-swarm").unwrap().draw)(1);
        plan.topology.skew_ms.clear();
        let faults: BTreeSet<FaultKind> = plan.steps.iter().filter_map(|step| step.action.fault()).collect();
        pairs.count(&plan);
        let (on, off) = (faults.len(), kinds - faults.len());
        assert_eq!(pairs.seen(), (on * (on - 1) / 2, off * (off - 1) / 2));
        plan.steps.clear();
        pairs.count(&plan);
        assert_eq!(pairs.seen().1, Pairs::total());
        assert_eq!(pairs.never_on().count(), Pairs::total() - pairs.seen().0);
    }
}
