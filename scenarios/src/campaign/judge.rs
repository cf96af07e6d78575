//! What makes a campaign worthless although no property was violated: it was not deterministic, a fault was inert, or it did not reach
//! what it exists to reach. Scenarios below their stated number of seeds are not judged for the last two.

use super::tally::{ScenarioTally, Tally};
use super::trial::Recheck;
use crate::catalogue::by_name;
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
}

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
    faults
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
    for event in scenario.must_reach {
        if !tally.reached.contains_key(event) {
            faults.push(HarnessFault::Missed { scenario: tally.name, event, seeds: tally.seeds });
        }
    }
}
