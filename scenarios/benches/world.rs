//! The whole machine: events and simulated seconds per CPU-second, and memory per job, beside the budget. Numbers are printed, not asserted.

use scenarios::all;
use scenarios::campaign::{peak_rss_bytes, thread_cpu};
use std::time::Duration;

const SEEDS: u64 = 40;

struct Cost {
    cpu: Duration,
    events: u64,
    virtual_us: u64,
    acked: u64,
}

fn cost(scenario: &scenarios::Scenario) -> Cost {
    let mut cost = Cost { cpu: Duration::ZERO, events: 0, virtual_us: 0, acked: 0 };
    for seed in 0..SEEDS {
        let plan = (scenario.draw)(seed);
        let before = thread_cpu();
        let Ok(outcome) = sim::run(&plan) else { continue };
        cost.cpu += thread_cpu().saturating_sub(before);
        cost.events += outcome.stats.events;
        cost.virtual_us += outcome.stats.virtual_us;
        cost.acked += outcome.stats.acked_records;
    }
    cost
}

fn main() {
    println!(
        "{:<14} {:>14} {:>12} {:>16} {:>12}",
        "scenario", "events/CPU-s", "us/event", "sim s/CPU-s", "acked/CPU-s"
    );
    for scenario in all() {
        let cost = cost(scenario);
        let cpu = cost.cpu.as_secs_f64().max(1e-9);
        let per_event = cpu * 1e6 / (cost.events.max(1) as f64);
        let (events, simulated) = (cost.events as f64 / cpu, cost.virtual_us as f64 / 1e6 / cpu);
        let acked = cost.acked as f64 / cpu;
        println!("{:<14} {events:>14.0} {per_event:>12.2} {simulated:>16.0} {acked:>12.0}", scenario.name);
    }
    println!("memory of one job at most: {} MB (budget 64 MB)", peak_rss_bytes() >> 20);
    println!("budget: 2.5 us per event (codec 0.5, handler 0.8, World 0.3, oracles 0.6, slack 0.3)");
}
