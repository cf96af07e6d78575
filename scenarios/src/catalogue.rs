//! Every scenario by name, with what a campaign of it must reach before its silence means anything.

use crate::scenario;
use properties::FaultKind;
use sim::Plan;

/// A scenario: a function from a seed to a Plan, and the terms on which it is judged.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Its name on the command line.
    pub name: &'static str,
    /// One line for `tribunal list`.
    pub about: &'static str,
    /// How many seeds it gets for each turn of a campaign that is bounded by time.
    pub turns: u64,
    /// Fewer seeds than this are not judged for reach and inert faults.
    pub judged_after: u64,
    /// Names of events and kinds of facts that a judged campaign must have seen.
    pub must_reach: &'static [&'static str],
    /// The fault kinds that its swarm may switch on; each must have had an effect in a judged campaign.
    pub faults: &'static [FaultKind],
    /// Draws the Plan.
    pub draw: fn(u64) -> Plan,
}

/// All scenarios, in the order in which campaigns take turns.
#[must_use]
pub fn all() -> &'static [Scenario] {
    scenario::ALL
}

/// The scenario of that name.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Scenario> {
    all().iter().find(|scenario| scenario.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those of three nodes.
    fn cluster() -> impl Iterator<Item = &'static Scenario> {
        all().iter().filter(|scenario| (scenario.draw)(0).topology.nodes > 1)
    }

    #[test]
    fn names_are_unique_and_a_seed_is_one_plan() {
        for scenario in all().iter() {
            assert_eq!(all().iter().filter(|other| other.name == scenario.name).count(), 1, "{}", scenario.name);
            assert_eq!((scenario.draw)(7), (scenario.draw)(7), "{}", scenario.name);
            assert_ne!((scenario.draw)(7), (scenario.draw)(8), "{}", scenario.name);
        }
    }

    #[test]
    fn every_fault_kind_has_a_scenario() {
        for kind in FaultKind::ALL {
            assert!(all().iter().any(|scenario| scenario.faults.contains(kind)), "nobody draws {}", kind.name());
        }
    }

    #[test]
    fn plans_use_only_the_faults_that_their_scenario_names() {
        for scenario in all().iter() {
            for seed in 0..50 {
                for kind in (scenario.draw)(seed).steps.iter().filter_map(|step| step.action.fault()) {
                    assert!(scenario.faults.contains(&kind), "{} draws {}", scenario.name, kind.name());
                }
            }
        }
    }

    #[test]
    fn every_plan_of_a_cluster_can_be_run_and_survives_its_json() {
        for scenario in cluster() {
            for seed in 0..50 {
                let plan = (scenario.draw)(seed);
                let refused = sim::World::new(&plan, Vec::new()).err();
                assert_eq!(refused.map(|refused| refused.to_string()), None, "{} seed {seed}", scenario.name);
                assert_eq!(Plan::from_json(&plan.to_json()).unwrap(), plan);
                assert_eq!(plan.topology.nodes, 3);
            }
        }
    }

    #[test]
    fn every_fault_of_a_scenario_is_drawn_sooner_or_later() {
        for scenario in cluster() {
            let mut missing: Vec<FaultKind> = scenario.faults.to_vec();
            for plan in (0..scenario.judged_after).map(scenario.draw) {
                missing.retain(|kind| !plan.steps.iter().any(|step| step.action.fault() == Some(*kind)));
                missing.retain(|kind| *kind != FaultKind::ClockSkew || plan.topology.skew_ms.is_empty());
            }
            assert_eq!(missing, [], "{}", scenario.name);
        }
    }

    #[test]
    fn what_must_be_reached_has_a_name() {
        let known: Vec<&str> = sim::event_names().collect();
        for event in all().iter().flat_map(|scenario| scenario.must_reach) {
            assert!(known.contains(event), "{event}");
        }
    }

    #[test]
    fn only_a_weak_configuration_elects_uncleanly() {
        for scenario in cluster() {
            let plan = (scenario.draw)(3);
            let unclean = plan.topology.config.contains_key("unclean.leader.election.enable");
            assert_eq!(unclean, scenario.name == "weak-config", "{}", scenario.name);
        }
    }
}
