//! Campaigns: many seeds of some scenarios on several threads, bounded by seeds or by wall time, with one tally at the end.
//!
//! What a campaign found does not depend on how many jobs ran it: each seed is a run of its own. Which seeds fit into a wall-time budget
//! does, and the tally says which ran.

mod clock;
mod judge;
mod tally;
mod trial;
mod watchdog;

pub use clock::{peak_rss_bytes, thread_cpu};
pub use judge::{HarnessFault, judge};
pub use tally::{Failure, ScenarioTally, ShareCount, ShareCounts, Tally};
pub use trial::{PANIC, Recheck, Trial, attempt, guarded, smaller};
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

/// One thread: takes the next seed of the next scenario until there is none, or the budget is spent.
fn work(
    options: &Options,
    started: Instant,
    next: &AtomicU64,
    slot: &watchdog::Slot,
    results: &mpsc::Sender<(usize, Trial)>,
) {
    while options.budget.is_none_or(|budget| started.elapsed() < budget) {
        let ticket = next.fetch_add(1, Ordering::Relaxed);
        let index = (ticket % options.scenarios.len() as u64) as usize;
        let nth = ticket / options.scenarios.len() as u64;
        let seed = options.seeds.start.saturating_add(nth);
        if seed >= options.seeds.end {
            return;
        }
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
