//! What makes a campaign worthless although no property was violated: it was not deterministic, a fault was inert, or it did not reach
//! what it exists to reach. Scenarios below their stated number of seeds are not judged for the last two.

use super::tally::{ScenarioTally, Tally};
use super::trial::Recheck;
use crate::catalogue::by_name;
use std::collections::BTreeMap;
use std::fmt;

/// The harness failed: exit code 3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HarnessFault {
    /// The same Plan gave two hashes.
    NotDeterministic {
        /// The scenario.
        scenario: &'static str,
        /// The seed.
        seed: u64,
        /// What differed.
        recheck: Recheck,
    },
    /// A generator drew a Plan that the World refuses.
    Refused {
        /// The scenario.
        scenario: &'static str,
        /// The first such seed.
        seed: u64,
        /// Why.
        why: String,
        /// In how many seeds.
        seeds: usize,
    },
    /// A fault of the scenario's menu did nothing in the whole campaign.
    Inert {
        /// The scenario.
        scenario: &'static str,
        /// The fault's name.
        fault: &'static str,
        /// How often it was asked for.
        injected: u64,
    },
    /// An event that the scenario exists to reach did not happen.
    Missed {
        /// The scenario.
        scenario: &'static str,
        /// The event's name.
        event: &'static str,
        /// In how many seeds it could have.
        seeds: u64,
    },
    /// Most of what a scenario throws hits nobody: whoever was meant (a leader, a controller) did not exist.
    Idle {
        /// The scenario.
        scenario: &'static str,
        /// How many of a hundred faults.
        percent: u64,
    },
    /// A property was excused in so many clusters that its silence means little.
    OverExcused {
        /// Which.
        property: &'static str,
        /// In how many of a hundred seeds with several nodes.
        percent: u64,
    },
}

/// A property may be excused in a fifth of the seeds with several nodes. With one node faults of its disk are what it is about.
const EXCUSED_AT_MOST: f64 = 0.2;

/// Of fewer seeds with several nodes no share is judged.
const CLUSTERS_AT_LEAST: u64 = 100;

/// So many of a scenario's timed faults may hit nobody: elections back to back leave nobody in office for a while.
const MISSED_AT_MOST: f64 = 0.33;

impl fmt::Display for HarnessFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HarnessFault::NotDeterministic { scenario, seed, recheck } => {
                write!(f, "{scenario} seed {seed} is not deterministic: ")?;
                match recheck {
                    Recheck::Same => write!(f, "(same)"),
                    Recheck::Differs { how, first, second } => write!(f, "{first}, and run {how} {second}"),
                }
            }
            HarnessFault::Refused { scenario, seed, why, seeds } => {
                write!(f, "{scenario} seed {seed} (of {seeds}) draws a Plan that is refused: {why}")
            }
            HarnessFault::Inert { scenario, fault, injected } => {
                write!(f, "{scenario}: the fault {fault} did nothing (asked for {injected} times)")
            }
            HarnessFault::Missed { scenario, event, seeds } => {
                write!(f, "{scenario}: {event} was not reached in {seeds} seeds")
            }
            HarnessFault::Idle { scenario, percent } => {
                write!(f, "{scenario}: {percent} % of its faults met nobody (a leader that did not exist, for one)")
            }
            HarnessFault::OverExcused { property, percent } => {
                write!(f, "{property} was excused in {percent} % of the seeds with several nodes")
            }
        }
    }
}

/// Everything that is wrong with a campaign itself.
#[must_use]
pub fn judge(tally: &Tally) -> Vec<HarnessFault> {
    let mut faults = Vec::new();
    for &(scenario, seed, recheck) in &tally.mismatches {
        faults.push(HarnessFault::NotDeterministic { scenario, seed, recheck });
    }
    faults.extend(refused(tally));
    tally.scenarios.iter().for_each(|scenario| judge_scenario(scenario, &mut faults));
    faults.extend(over_excused(tally));
    faults
}

/// Properties that were excused too often, if there were enough seeds to tell.
fn over_excused(tally: &Tally) -> impl Iterator<Item = HarnessFault> {
    let judged = tally.clusters() >= CLUSTERS_AT_LEAST;
    let shares = if judged { tally.excused_shares() } else { BTreeMap::new() };
    shares.into_iter().filter(|&(_, share)| share > EXCUSED_AT_MOST).map(|(property, share)| {
        let percent = (share * 100.0).round() as u64;
        HarnessFault::OverExcused { property, percent }
    })
}

/// The first refusal of each scenario, and how many there were.
fn refused(tally: &Tally) -> impl Iterator<Item = HarnessFault> {
    tally.scenarios.iter().filter_map(|scenario| {
        let mut of_scenario = tally.refused.iter().filter(|(name, ..)| *name == scenario.name);
        let &(scenario, seed, ref why) = of_scenario.next()?;
        Some(HarnessFault::Refused { scenario, seed, why: why.clone(), seeds: 1 + of_scenario.count() })
    })
}

impl ScenarioTally {
    /// Whether it ran enough seeds to be judged for reach and inert faults.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        by_name(self.name).is_some_and(|scenario| self.seeds >= scenario.judged_after)
    }
}

fn judge_scenario(tally: &ScenarioTally, faults: &mut Vec<HarnessFault>) {
    let Some(scenario) = by_name(tally.name).filter(|_| tally.is_judged()) else { return };
    for kind in scenario.faults {
        let counts = tally.ledger.get(kind).copied().unwrap_or_default();
        if counts.effects == 0 {
            faults.push(HarnessFault::Inert { scenario: tally.name, fault: kind.name(), injected: counts.injected });
        }
    }
    let missed = tally.missed as f64 / tally.timed.max(1) as f64;
    if missed > MISSED_AT_MOST {
        let percent = (missed * 100.0).round() as u64;
        faults.push(HarnessFault::Idle { scenario: tally.name, percent });
    }
    for event in scenario.must_reach {
        if !tally.reached.contains_key(event) {
            faults.push(HarnessFault::Missed { scenario: tally.name, event, seeds: tally.seeds });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excused(seeds: u64) -> Tally {
        let of_property = BTreeMap::from([("W02", seeds)]);
        let scenario = ScenarioTally {
            name: "steady",
            seeds: 1_000,
            clusters: 1_000,
            excused_clusters: of_property,
            ..Default::default()
        };
        Tally { scenarios: vec![scenario], ..Tally::default() }
    }

    #[test]
    fn a_scenario_whose_faults_meet_nobody_fails_the_campaign() {
        let idle = |missed| {
            let reached = by_name("cluster-steady").unwrap().must_reach.iter().map(|&event| (event, 1)).collect();
            let worked = properties::ledger::Counts { injected: 1, effects: 1 };
            let ledger = by_name("cluster-steady").unwrap().faults.iter().map(|&kind| (kind, worked)).collect();
            let tally = ScenarioTally {
                name: "cluster-steady",
                seeds: 1_000,
                timed: 100,
                missed,
                reached,
                ledger,
                ..Default::default()
            };
            let mut faults = Vec::new();
            judge_scenario(&tally, &mut faults);
            faults
        };
        assert_eq!(idle(20), []);
        assert_eq!(idle(40), [HarnessFault::Idle { scenario: "cluster-steady", percent: 40 }]);
    }

    #[test]
    fn a_property_that_is_excused_in_more_than_a_fifth_of_the_clusters_fails_the_campaign() {
        assert_eq!(over_excused(&excused(200)).count(), 0);
        let found: Vec<HarnessFault> = over_excused(&excused(300)).collect();
        assert_eq!(found, [HarnessFault::OverExcused { property: "W02", percent: 30 }]);
        let mut few = excused(300);
        few.scenarios[0].clusters = 99;
        assert_eq!(over_excused(&few).count(), 0, "too few seeds to tell");
    }
}
