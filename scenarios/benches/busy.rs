//! `bench_busy`: the speed of a busy cluster, with everything judged. Speed is printed, not asserted; that the runs were worth measuring is.

use scenarios::busy;
use scenarios::campaign::{peak_rss_bytes, thread_cpu};
use sim::Outcome;

const SEEDS: u64 = 40;

/// One seed, and what it cost.
struct Run {
    seed: u64,
    cpu_s: f64,
    outcome: Outcome,
}

impl Run {
    fn of(seed: u64) -> Run {
        let plan = busy::plan(seed);
        let before = thread_cpu();
        let outcome = sim::run(&plan).expect("the Plan can be run");
        let cpu_s = thread_cpu().saturating_sub(before).as_secs_f64().max(1e-9);
        let run = Run { seed, cpu_s, outcome };
        run.check();
        run
    }

    /// A fault counts once for each step that asked for it, if it did something.
    fn effective_faults(&self) -> u64 {
        self.outcome.ledger.values().map(|counts| counts.injected.min(counts.effects)).sum()
    }

    fn virtual_s(&self) -> f64 {
        self.outcome.stats.virtual_us as f64 / 1e6
    }

    fn check(&self) {
        let (batches, faults) = busy::AT_LEAST;
        let stats = &self.outcome.stats;
        assert!(self.outcome.is_clean(), "seed {}: {:?}", self.seed, self.outcome.violations);
        assert!(stats.virtual_us >= busy::ACTIVE_US, "seed {} ended early", self.seed);
        assert!(stats.acked_batches >= batches, "seed {}: {} batches", self.seed, stats.acked_batches);
        assert!(self.effective_faults() >= faults, "seed {}: {} faults", self.seed, self.effective_faults());
    }
}

fn main() {
    let mut runs: Vec<Run> = (0..SEEDS).map(Run::of).collect();
    runs.sort_by(|a, b| a.cpu_s.total_cmp(&b.cpu_s));
    let sum = |of: fn(&Run) -> f64| runs.iter().map(of).sum::<f64>();
    let cpu_s = sum(|run| run.cpu_s);
    let events = sum(|run| run.outcome.stats.events as f64);
    let (median, slowest) = (&runs[runs.len() / 2], &runs[runs.len() - 1]);
    println!("bench_busy: 3 nodes, {} virtual seconds, {SEEDS} seeds, all properties", busy::ACTIVE_US / 1_000_000);
    println!("  simulated seconds per CPU-second, median seed: {:.0} (goal 2000)", median.virtual_s() / median.cpu_s);
    println!("  simulated seconds per CPU-second, all: {:.0}", sum(Run::virtual_s) / cpu_s);
    println!("  events per CPU-second: {:.0} ({:.2} us each)", events / cpu_s, cpu_s * 1e6 / events);
    println!("  events per simulated second: {:.0}", events / sum(Run::virtual_s));
    println!("  effective faults per CPU-second: {:.0}", sum(|run| run.effective_faults() as f64) / cpu_s);
    println!("  memory of the job at most: {} MB (goal 64)", peak_rss_bytes() >> 20);
    println!("  slowest seed over the median: {:.1} (goal 20), seed {}", slowest.cpu_s / median.cpu_s, slowest.seed);
    let fewest = |of: fn(&Run) -> u64| runs.iter().map(of).min().unwrap_or(0);
    let (batches, faults) = (fewest(|run| run.outcome.stats.acked_batches), fewest(Run::effective_faults));
    println!("  acknowledged batches and effective faults, at least: {batches} and {faults}");
}
