//! The benchmark of planted bugs: the proof that a clean campaign's silence means something.
//!
//! *Found* means: the blind default scenarios, none of which knows a bug, run with the bug switched on; a property that the catalogue
//! lists for the bug fires (or the loss is attributed to the stated cause); and the same Plan is clean with the bug off. A find by an
//! assertion alone stands in a column of its own, and a bug whose guard was never passed is *not reached*, not missed.

use crate::Scenario;
use crate::campaign::{guarded, thread_cpu};
use sim::{Outcome, Plan, RunOptions};
use std::time::Duration;

/// A row of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id, as `D01`.
    pub id: &'static str,
    /// The report that it comes from.
    pub source: &'static str,
    /// What goes wrong.
    pub mechanism: &'static str,
    /// The properties that may find it, separated by spaces.
    pub oracles: &'static str,
    /// `violation`, or `attributed: ` and the cause.
    pub verdict: &'static str,
}

const CATALOGUE: &str = include_str!("../bugs.tsv");

/// The whole catalogue, planted here or not.
pub fn catalogue() -> impl Iterator<Item = Entry> {
    CATALOGUE.lines().skip(1).filter_map(entry)
}

/// The row of an id.
#[must_use]
pub fn by_id(id: &str) -> Option<Entry> {
    catalogue().find(|entry| entry.id == id)
}

fn entry(line: &'static str) -> Option<Entry> {
    let mut cells = line.split('\t');
    Some(Entry {
        id: cells.next()?,
        source: cells.next()?,
        mechanism: cells.next()?,
        oracles: cells.next()?,
        verdict: cells.next()?,
    })
}

impl Entry {
    fn lists(&self, property: &str) -> bool {
        self.oracles.split([' ', '(', ')']).any(|oracle| oracle == property)
    }

    /// The cause that a permitted loss must be attributed to.
    fn cause(&self) -> Option<&'static str> {
        self.verdict.strip_prefix("attributed: ")
    }
}

/// How the search for one bug ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// By a property that the catalogue lists.
    Found,
    /// By a property that it does not list.
    FoundByOther,
    /// By a panic alone.
    FoundByAssertion,
    /// The guard was passed, nothing fired.
    Missed,
    /// The guard was never passed.
    NotReached,
}

impl Verdict {
    /// The word for tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Found => "found",
            Verdict::FoundByOther => "found by another property",
            Verdict::FoundByAssertion => "found by an assertion",
            Verdict::Missed => "missed",
            Verdict::NotReached => "not reached",
        }
    }
}

/// One search.
#[derive(Clone, Debug)]
pub struct Search {
    /// The bug.
    pub entry: Entry,
    /// How it ended.
    pub verdict: Verdict,
    /// The scenario and the seed that found it.
    pub by: Option<(&'static str, u64)>,
    /// The property that fired, and how.
    pub property: Option<(&'static str, &'static str)>,
    /// The Plan that found it.
    pub plan: Option<Plan>,
    /// Runs until then, over all scenarios.
    pub seeds: u64,
    /// CPU spent on search and judging.
    pub cpu: Duration,
    /// Runs in which the guard was passed.
    pub reached: u64,
}

/// Searches one bug from a seed base, scenarios taking turns, until it is found by a listed property or the CPU is spent.
#[must_use]
pub fn search(entry: Entry, scenarios: &[&'static Scenario], base: u64, budget: Duration) -> Search {
    let began = thread_cpu();
    let mut search = Search {
        entry,
        verdict: Verdict::NotReached,
        by: None,
        property: None,
        plan: None,
        seeds: 0,
        cpu: Duration::ZERO,
        reached: 0,
    };
    while search.verdict != Verdict::Found && thread_cpu().saturating_sub(began) < budget {
        let scenario = scenarios[(search.seeds % scenarios.len() as u64) as usize];
        let seed = base + search.seeds / scenarios.len() as u64;
        search.try_seed(scenario, seed);
        search.seeds += 1;
    }
    search.cpu = thread_cpu().saturating_sub(began);
    search
}

impl Search {
    fn try_seed(&mut self, scenario: &'static Scenario, seed: u64) {
        let plan = (scenario.draw)(seed);
        let options = RunOptions { bugs: vec![self.entry.id.to_owned()], ..RunOptions::default() };
        let Ok(outcome) = guarded(&plan, &options) else { return };
        if !outcome.bug_reached && outcome.is_clean() {
            return;
        }
        self.reached += 1;
        let (verdict, property) = self.judge(&outcome);
        if verdict < self.verdict && is_clean_without(&plan, self.entry) {
            self.verdict = verdict;
            self.property = property;
            if property.is_some() {
                self.by = Some((scenario.name, seed));
                self.plan = Some(plan);
            }
        }
    }

    fn judge(&self, outcome: &Outcome) -> (Verdict, Option<(&'static str, &'static str)>) {
        let fired = || outcome.violations.iter().map(|violation| (violation.property.id, violation.kind));
        let attributed = outcome.attributed.iter().find(|loss| Some(loss.cause) == self.entry.cause());
        if let Some(loss) = attributed {
            (Verdict::Found, Some((loss.property, "attributed")))
        } else if let Some(listed) = fired().find(|(id, _)| self.entry.lists(id)) {
            (Verdict::Found, Some(listed))
        } else if let Some(other) = fired().find(|(id, _)| *id != "panic") {
            (Verdict::FoundByOther, Some(other))
        } else if let Some(panic) = fired().next() {
            (Verdict::FoundByAssertion, Some(panic))
        } else {
            (Verdict::Missed, None)
        }
    }
}

/// With the bug off, the Plan must violate nothing, nor be attributed the bug's cause.
fn is_clean_without(plan: &Plan, entry: Entry) -> bool {
    let clean = |outcome: &Outcome| {
        outcome.is_clean() && !outcome.attributed.iter().any(|loss| Some(loss.cause) == entry.cause())
    };
    guarded(plan, &RunOptions::default()).as_ref().is_ok_and(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_parses_and_every_planted_bug_stands_in_it() {
        assert!(catalogue().count() > 150);
        for id in sim::planted_ids() {
            assert!(by_id(id).is_some(), "{id} is planted but not in the catalogue");
        }
    }

    #[test]
    fn oracles_are_matched_by_whole_id() {
        let entry = by_id("K29").unwrap();
        assert!(entry.lists("J03"), "an id with a remark in brackets counts");
        assert!(!entry.lists("J0"));
        assert_eq!(entry.cause(), Some("acks=1"));
    }
}
