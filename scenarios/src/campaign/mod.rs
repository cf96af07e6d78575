//! Campaigns: many seeds of some scenarios on several threads, bounded by seeds or by wall time, with one tally at the end.
//!
//! What a campaign found does not depend on how many jobs ran it: each seed is a run of its own. Which seeds fit into a wall-time budget
//! does, and the tally says which ran.

mod clock;
mod judge;
mod pairs;
mod tally;
mod trial;
mod watchdog;

pub use clock::{peak_rss_bytes, thread_cpu};
pub use judge::{HarnessFault, judge};
pub use pairs::Pairs;
pub use tally::{Failure, ScenarioTally, ShareCount, ShareCounts, Tally};
pub use trial::{Recheck, Trial, attempt, guarded, smaller};
pub use watchdog::Hang;

use crate::Scenario;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// What to run.
pub struct Options {
    /// Which scenarios take turns.
    pub scenarios: Vec<&'static Scenario>,
    /// Which seeds of each; the end may lie beyond what the budget allows.
    pub seeds: Range<u64>,
    /// No new seed begins after so much wall time.
    pub budget: Option<Duration>,
    /// Threads.
    pub jobs: usize,
    /// Every n-th seed is run again, whole and from a fork in mid-run, and must give the same hash. 0 is never.
    pub recheck_every: u64,
    /// A seed that takes more CPU than this hangs.
    pub hang_cpu: Duration,
}

impl Options {
    /// These scenarios, from seed 0 on, on all cores.
    #[must_use]
    pub fn new(scenarios: Vec<&'static Scenario>) -> Options {
        let jobs = std::thread::available_parallelism().map_or(1, usize::from);
        Options {
            scenarios,
            seeds: 0..u64::MAX / 1024,
            budget: None,
            jobs,
            recheck_every: 16,
            hang_cpu: Duration::from_secs(60),
        }
    }
}

/// What a campaign says while it runs.
pub trait Watch: Sync {
    /// One more seed is through.
    fn progress(&self, tally: &Tally, elapsed: Duration);
    /// A seed hangs. It cannot be stopped from inside: the watcher reports it and ends the process.
    fn hang(&self, hang: &Hang) -> !;
}

/// Runs a campaign.
#[must_use]
pub fn run(options: &Options, watch: &dyn Watch) -> Tally {
    let started = Instant::now();
    let mut tally = Tally::new(&options.scenarios);
    let next = AtomicU64::new(0);
    let board = watchdog::Board::new(options.jobs);
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for slot in 0..options.jobs {
            let (sender, next, board) = (sender.clone(), &next, &board);
            scope.spawn(move || work(options, started, next, board.slot(slot), &sender));
        }
        drop(sender);
        scope.spawn(|| board.watch(options.hang_cpu, watch));
        for (index, trial) in receiver {
            tally.add(index, trial);
            watch.progress(&tally, started.elapsed());
        }
        board.dismiss();
    });
    tally.wall = started.elapsed();
    tally.peak_rss_bytes = peak_rss_bytes();
    tally
}

/// What a ticket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Turn {
    /// Which scenario, by its place.
    index: usize,
    /// How many of its seeds came before.
    nth: u64,
    /// How many whole rounds came before.
    round: u64,
}

/// In each round every scenario has its turns, one after the other. None if there are no scenarios.
fn turn(scenarios: &[&'static Scenario], ticket: u64) -> Option<Turn> {
    let turns: u64 = scenarios.iter().map(|scenario| scenario.turns).sum();
    let (round, mut left) = (ticket.checked_div(turns)?, ticket % turns);
    for (index, scenario) in scenarios.iter().enumerate() {
        if left < scenario.turns {
            return Some(Turn { index, nth: round * scenario.turns + left, round });
        }
        left -= scenario.turns;
    }
    None
}

/// One thread: takes the next seed of the next scenario until there is none, or the budget is spent.
fn work(
    options: &Options,
    started: Instant,
    next: &AtomicU64,
    slot: &watchdog::Slot,
    results: &mpsc::Sender<(usize, Trial)>,
) {
    while options.budget.is_none_or(|budget| started.elapsed() < budget) {
        let Some(turn) = turn(&options.scenarios, next.fetch_add(1, Ordering::Relaxed)) else { return };
        let Turn { index, nth, round } = turn;
        let seeds = options.seeds.end.saturating_sub(options.seeds.start);
        if round >= seeds {
            return;
        }
        // A scenario with more turns is through before the others.
        if nth >= seeds {
            continue;
        }
        let seed = options.seeds.start.saturating_add(nth);
        let scenario = options.scenarios[index];
        slot.begin(scenario.name, seed);
        let recheck = options.recheck_every > 0 && nth % options.recheck_every == options.recheck_every / 2;
        let trial = attempt((scenario.draw)(seed), seed, recheck);
        slot.end();
        if results.send((index, trial)).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_has_its_turns_and_no_seed_is_run_twice() {
        let of = |name| crate::by_name(name).unwrap();
        let scenarios = [of("steady"), of("cluster-steady")];
        let seeds = |index| {
            let turns = (0..10).filter_map(|ticket| turn(&scenarios, ticket)).filter(|turn| turn.index == index);
            turns.map(|turn| turn.nth).collect::<Vec<_>>()
        };
        assert_eq!((seeds(0), seeds(1)), (vec![0, 1], (0..8).collect()));
        assert_eq!(turn(&[], 3), None);
    }
}
