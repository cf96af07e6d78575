//! The progress bar of a campaign. On a plain pipe it stays silent.

use crate::commands::show;
use indicatif::{ProgressBar, ProgressStyle};
use scenarios::campaign::{Hang, Tally, Watch};
use std::time::Duration;

/// A bar over wall time or seeds, whichever bounds the campaign.
pub(crate) struct Bar {
    bar: ProgressBar,
    by_time: bool,
}

impl Bar {
    /// A bar for a campaign of that many seeds in all, or that much wall time.
    pub(crate) fn new(seeds: u64, budget: Option<Duration>) -> Bar {
        let length = budget.map_or(seeds, |budget| u64::try_from(budget.as_millis()).unwrap_or(u64::MAX));
        let bar = ProgressBar::new(length);
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {msg}") {
            bar.set_style(style);
        }
        Bar { bar, by_time: budget.is_some() }
    }

    /// Takes the bar away.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

impl Watch for Bar {
    fn progress(&self, tally: &Tally, elapsed: Duration) {
        let done = if self.by_time { u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX) } else { tally.seeds() };
        self.bar.set_position(done);
        self.bar.set_message(format!("{} seeds, {} failed", tally.seeds(), tally.failures.len()));
    }

    fn hang(&self, hang: &Hang) -> ! {
        self.clear();
        let cpu = hang.cpu.as_secs();
        let (scenario, seed) = (hang.scenario, hang.seed);
        show(&format!("VIOLATED hang ({scenario} seed {seed}): still running after {cpu} s of CPU\n"));
        show(&format!("  again: tribunal replay --scenario {scenario} --seed {seed}\n"));
        std::process::exit(1);
    }
}
