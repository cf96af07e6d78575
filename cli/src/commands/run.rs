//! `tribunal run`: a campaign, its summary, and a folder per kind of failure.

use super::{Ended, Failed, refused, show, write, write_folder};
use crate::arguments;
use crate::progress::Bar;
use reports::campaign as report;
use reports::failure::Dossier;
use scenarios::Scenario;
use scenarios::campaign::{self, Failure, Options, guarded, smaller};
use sim::RunOptions;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Scenarios to run, as `tribunal list` names them; all, if none is named
    #[arg(value_name = "SCENARIO", value_parser = arguments::scenario)]
    scenarios: Vec<String>,
    /// Seeds of each scenario: A..B (B not included) or one number
    #[arg(long, value_name = "A..B", value_parser = arguments::seeds)]
    seeds: Option<Range<u64>>,
    /// No new seed begins after so much wall time [default: 30s, or none with --seeds]
    #[arg(long, value_name = "60s", value_parser = arguments::duration)]
    budget: Option<Duration>,
    /// Threads [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Where failure folders go
    #[arg(long, value_name = "DIR", default_value = "failures")]
    out: PathBuf,
    /// Writes the summary as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Writes the summary as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// Without seeds and budget a campaign takes so long.
const DEFAULT_BUDGET: Duration = Duration::from_secs(28);
/// Runs that a failure's shrinking may take.
const SHRINK_RUNS: u32 = 400;

pub(crate) fn execute(arguments: &Arguments) -> Ended {
    let options = options(arguments);
    let seeds = options.seeds.end.saturating_sub(options.seeds.start);
    let bar = Bar::new(seeds.saturating_mul(options.scenarios.len() as u64), options.budget);
    let tally = campaign::run(&options, &bar);
    bar.clear();
    let faults = campaign::judge(&tally);
    show(&report::text(&tally, &faults));
    if let Some(path) = &arguments.json {
        write(path, &format!("{:#}\n", report::json(&tally, &faults)))?;
    }
    if let Some(path) = &arguments.junit {
        write(path, &report::junit(&tally, &faults))?;
    }
    for (failure, _) in report::by_property(&tally) {
        explain(failure, &arguments.out)?;
    }
    Ok(report::exit_code(&tally, &faults))
}

fn options(arguments: &Arguments) -> Options {
    let named: Vec<&'static Scenario> =
        arguments.scenarios.iter().filter_map(|name| scenarios::by_name(name)).collect();
    let scenarios = if named.is_empty() { scenarios::all().iter().collect() } else { named };
    let mut options = Options::new(scenarios);
    options.budget = arguments.budget.or(arguments.seeds.is_none().then_some(DEFAULT_BUDGET));
    options.seeds = arguments.seeds.clone().unwrap_or(options.seeds);
    options.jobs = arguments.jobs.map_or(options.jobs, usize::from);
    options
}

/// Shrinks a failure, runs it once more with a recording, and writes its folder.
fn explain(failure: &Failure, out: &Path) -> Result<(), Failed> {
    let Some(plan) = &failure.plan else { return Ok(()) };
    let shrunk = smaller(plan, &failure.violation, &[], SHRINK_RUNS);
    let options = RunOptions { record: true, ..RunOptions::default() };
    let outcome = guarded(&shrunk.plan, &options).map_err(refused)?;
    let folder = out.join(format!("{}-{}-{}", failure.violation.property.id, failure.scenario, failure.seed));
    let command = format!("tribunal replay {}", folder.join("shrunk.json").display());
    let dossier = Dossier { plan, shrunk: Some(&shrunk), outcome: &outcome, command: &command };
    write_folder(&folder, &dossier)?;
    let (folder, after, before) = (folder.display(), shrunk.steps_after, shrunk.steps_before);
    show(&format!("{folder} ({after} steps, from {before}): {command}\n"));
    Ok(())
}
