//! What a campaign counted: per scenario and in all.

use super::pairs::Pairs;
use super::trial::{Recheck, Trial};
use crate::Scenario;
use properties::ledger::Counts;
use properties::{FaultKind, Violation};
use sim::{Plan, ReplicaState, Share, Shares, Step, When};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A seed that violated a property.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Its scenario.
    pub scenario: &'static str,
    /// Its seed.
    pub seed: u64,
    /// The Plan; kept for the first failures only.
    pub plan: Option<Plan>,
    /// The first violation.
    pub violation: Violation,
}

/// One scenario's part.
#[derive(Clone, Debug, Default)]
pub struct ScenarioTally {
    /// Its name.
    pub name: &'static str,
    /// Seeds that ran.
    pub seeds: u64,
    /// Kinds of facts and events, and in how many seeds each was seen at least once.
    pub reached: BTreeMap<&'static str, u64>,
    /// What its faults did.
    pub ledger: BTreeMap<FaultKind, Counts>,
    /// Seeds in which a property was excused: property, fault.
    pub excused_seeds: BTreeMap<(&'static str, FaultKind), u64>,
    /// What its seeds went through.
    pub shares: ShareCounts,
    /// Faults at their time that its Plans asked for.
    pub timed: u64,
    /// Those of them that struck nobody: whoever was meant did not exist.
    pub missed: u64,
    /// Seeds with several nodes.
    pub clusters: u64,
    /// Of those, in how many a property was excused, by whatever fault.
    pub excused_clusters: BTreeMap<&'static str, u64>,
}

/// In how many seeds there was what most of a campaign's worth depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShareCounts {
    /// A broker died under load.
    pub crash: ShareCount,
    /// A partition changed its leader.
    pub leader_change: ShareCount,
    /// An ISR shrank and grew again.
    pub isr_cycle: ShareCount,
}

/// Seeds in which something was possible, and in which it happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShareCount {
    /// All seeds.
    pub seeds: u64,
    /// Those whose Plan made it possible.
    pub enabled: u64,
    /// Those in which it happened.
    pub seen: u64,
    /// Those of which both is true.
    pub seen_enabled: u64,
}

impl ShareCount {
    fn count(&mut self, share: Share) {
        self.seeds += 1;
        self.enabled += u64::from(share.enabled);
        self.seen += u64::from(share.seen);
        self.seen_enabled += u64::from(share.enabled && share.seen);
    }

    fn add(&mut self, other: ShareCount) {
        self.seeds += other.seeds;
        self.enabled += other.enabled;
        self.seen += other.seen;
        self.seen_enabled += other.seen_enabled;
    }

    /// Of the seeds in which it was possible, the share in which it happened; 0 if there was none.
    #[must_use]
    pub fn of_enabled(&self) -> f64 {
        ratio(self.seen_enabled, self.enabled)
    }

    /// Of all seeds, the share in which it happened.
    #[must_use]
    pub fn of_all(&self) -> f64 {
        ratio(self.seen, self.seeds)
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

impl ShareCounts {
    fn count(&mut self, shares: Shares) {
        self.crash.count(shares.crash);
        self.leader_change.count(shares.leader_change);
        self.isr_cycle.count(shares.isr_cycle);
    }

    /// Each with its name.
    #[must_use]
    pub fn named(&self) -> [(&'static str, ShareCount); 3] {
        [("crash", self.crash), ("leader_change", self.leader_change), ("isr_cycle", self.isr_cycle)]
    }
}

/// The whole campaign.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Per scenario, in order.
    pub scenarios: Vec<ScenarioTally>,
    /// Seeds that violated a property, by scenario and seed; plans of the first ones.
    pub failures: Vec<Failure>,
    /// Reruns that gave another hash: scenario, seed, what.
    pub mismatches: Vec<(&'static str, u64, Recheck)>,
    /// How many seeds were run again.
    pub rechecked: u64,
    /// Plans that the World refused: scenario, seed, why.
    pub refused: Vec<(&'static str, u64, String)>,
    /// Events carried out.
    pub events: u64,
    /// Virtual time, in microseconds.
    pub virtual_us: u64,
    /// Records that were acknowledged.
    pub acked_records: u64,
    /// Losses that the configurations permit, by cause.
    pub attributed: BTreeMap<&'static str, u64>,
    /// States of replicas, and in how many seeds each was seen.
    pub states: BTreeMap<ReplicaState, u64>,
    /// Which pairs of fault kinds were on together, and off together.
    pub pairs: Pairs,
    /// CPU time of the runs alone.
    pub cpu: Duration,
    /// Wall time of the campaign.
    pub wall: Duration,
    /// The process's greatest resident memory.
    pub peak_rss_bytes: u64,
    /// Simulated microseconds per CPU-second of each seed.
    pub speeds: Vec<u64>,
    /// The slowest seed: CPU, scenario, seed.
    pub slowest: Option<(Duration, &'static str, u64)>,
}

/// Plans are kept for so many failures.
const KEPT_PLANS: usize = 20;

impl Tally {
    pub(crate) fn new(scenarios: &[&'static Scenario]) -> Tally {
        let empty = |scenario: &&'static Scenario| ScenarioTally { name: scenario.name, ..ScenarioTally::default() };
        Tally { scenarios: scenarios.iter().map(empty).collect(), ..Tally::default() }
    }

    /// Seeds that ran.
    #[must_use]
    pub fn seeds(&self) -> u64 {
        self.scenarios.iter().map(|scenario| scenario.seeds).sum()
    }

    /// What all faults did.
    #[must_use]
    pub fn ledger(&self) -> BTreeMap<FaultKind, Counts> {
        let mut all = BTreeMap::<FaultKind, Counts>::new();
        for (&kind, counts) in self.scenarios.iter().flat_map(|scenario| &scenario.ledger) {
            add(all.entry(kind).or_default(), *counts);
        }
        all
    }

    /// What the seeds of all scenarios went through.
    #[must_use]
    pub fn shares(&self) -> ShareCounts {
        let mut all = ShareCounts::default();
        for shares in self.scenarios.iter().map(|scenario| scenario.shares) {
            all.crash.add(shares.crash);
            all.leader_change.add(shares.leader_change);
            all.isr_cycle.add(shares.isr_cycle);
        }
        all
    }

    /// In how many seeds a property was excused, by property and fault.
    #[must_use]
    pub fn excused(&self) -> BTreeMap<(&'static str, FaultKind), u64> {
        let mut all = BTreeMap::new();
        for (&key, &seeds) in self.scenarios.iter().flat_map(|scenario| &scenario.excused_seeds) {
            *all.entry(key).or_default() += seeds;
        }
        all
    }

    /// Seeds with several nodes.
    #[must_use]
    pub fn clusters(&self) -> u64 {
        self.scenarios.iter().map(|scenario| scenario.clusters).sum()
    }

    /// The share of the seeds with several nodes in which each property was excused.
    #[must_use]
    pub fn excused_shares(&self) -> BTreeMap<&'static str, f64> {
        let mut seeds = BTreeMap::<&'static str, u64>::new();
        for (&property, &count) in self.scenarios.iter().flat_map(|scenario| &scenario.excused_clusters) {
            *seeds.entry(property).or_default() += count;
        }
        seeds.into_iter().map(|(property, seeds)| (property, ratio(seeds, self.clusters()))).collect()
    }

    /// Simulated seconds per CPU-second: over the whole campaign, and at the median seed.
    #[must_use]
    pub fn speed(&self) -> (f64, f64) {
        let cpu = self.cpu.as_secs_f64().max(1e-9);
        let mut speeds = self.speeds.clone();
        speeds.sort_unstable();
        let median = speeds.get(speeds.len() / 2).copied().unwrap_or(0);
        (self.virtual_us as f64 / 1e6 / cpu, median as f64 / 1e6)
    }

    pub(crate) fn add(&mut self, index: usize, trial: Trial) {
        let name = self.scenarios[index].name;
        self.scenarios[index].add(&trial);
        self.cost(name, &trial);
        self.pairs.count(&trial.plan);
        for &state in trial.outcome.states.keys() {
            *self.states.entry(state).or_default() += 1;
        }
        if let Some(recheck) = trial.recheck {
            self.rechecked += 1;
            if recheck != Recheck::Same {
                self.mismatches.push((name, trial.seed, recheck));
            }
        }
        for loss in &trial.outcome.attributed {
            *self.attributed.entry(loss.cause).or_default() += 1;
        }
        if let Some(why) = trial.refused {
            self.refused.push((name, trial.seed, why));
        } else if let Some(violation) = trial.outcome.violations.first() {
            let plan = (self.failures.len() < KEPT_PLANS).then_some(trial.plan);
            self.failures.push(Failure { scenario: name, seed: trial.seed, plan, violation: violation.clone() });
        }
    }

    fn cost(&mut self, name: &'static str, trial: &Trial) {
        let stats = &trial.outcome.stats;
        self.events += stats.events;
        self.virtual_us += stats.virtual_us;
        self.acked_records += stats.acked_records;
        self.cpu += trial.cpu;
        let cpu_us = u64::try_from(trial.cpu.as_micros()).unwrap_or(u64::MAX).max(1);
        self.speeds.push(stats.virtual_us.saturating_mul(1_000_000) / cpu_us);
        if self.slowest.is_none_or(|(slowest, ..)| trial.cpu > slowest) {
            self.slowest = Some((trial.cpu, name, trial.seed));
        }
    }
}

impl ScenarioTally {
    fn add(&mut self, trial: &Trial) {
        self.seeds += 1;
        self.shares.count(trial.outcome.shares);
        for &name in trial.outcome.reached.keys() {
            *self.reached.entry(name).or_default() += 1;
        }
        for (&kind, &counts) in &trial.outcome.ledger {
            add(self.ledger.entry(kind).or_default(), counts);
        }
        for &key in trial.outcome.excused.keys() {
            *self.excused_seeds.entry(key).or_default() += 1;
        }
        for step in trial.plan.steps.iter().filter(|step| is_timed_fault(step)) {
            self.timed += 1;
            self.missed += u64::from(trial.outcome.unfired.contains(&step.id));
        }
        if trial.plan.topology.nodes > 1 {
            self.clusters += 1;
            let properties: BTreeSet<_> = trial.outcome.excused.keys().map(|&(property, _)| property).collect();
            properties.into_iter().for_each(|property| *self.excused_clusters.entry(property).or_default() += 1);
        }
    }
}

fn is_timed_fault(step: &Step) -> bool {
    step.action.fault().is_some() && matches!(step.when, When::At(_))
}

fn add(to: &mut Counts, counts: Counts) {
    to.injected += counts.injected;
    to.effects += counts.effects;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_of_those_that_could_and_of_all() {
        let mut count = ShareCount::default();
        for (enabled, seen) in [(true, true), (true, false), (false, false), (false, true)] {
            count.count(Share { enabled, seen });
        }
        assert_eq!((count.of_enabled(), count.of_all()), (0.5, 0.5));
        assert_eq!((ShareCount::default().of_enabled(), ShareCount::default().of_all()), (0.0, 0.0));
    }
}
