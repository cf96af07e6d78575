//! `tribunal replay`: one run, printed as a story; its last line is `trace <hash>`.

use super::{Ended, Failed, read_plan, refused, show};
use crate::{arguments, trace};
use scenarios::campaign::guarded;
use sim::{Plan, RunOptions};
use std::path::PathBuf;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A stored Plan
    #[arg(value_name = "PLAN.json", required_unless_present = "scenario", conflicts_with = "scenario")]
    plan: Option<PathBuf>,
    /// Draws the Plan from a scenario instead
    #[arg(long, value_name = "S", requires = "seed", value_parser = arguments::scenario)]
    scenario: Option<String>,
    /// The seed to draw it from
    #[arg(long, value_name = "N", requires = "scenario")]
    seed: Option<u64>,
    /// Prints everything that happens, with virtual time and node
    #[arg(long)]
    trace: bool,
    /// Plants a bug (needs the feature `bugs`)
    #[arg(long, value_name = "ID", value_parser = arguments::bug)]
    bug: Option<String>,
}

pub(crate) fn execute(arguments: &Arguments) -> Ended {
    let plan = plan(arguments)?;
    if arguments.trace {
        trace::install();
    }
    let options = RunOptions { record: true, bugs: arguments.bug.iter().cloned().collect() };
    let outcome = guarded(&plan, &options).map_err(refused)?;
    show(&reports::story::text(&plan, &outcome));
    show(&format!("trace {}\n", outcome.stats.trace_hash));
    Ok(u8::from(!outcome.is_clean()))
}

fn plan(arguments: &Arguments) -> Result<Plan, Failed> {
    if let Some(path) = &arguments.plan {
        return read_plan(path);
    }
    let scenario = arguments.scenario.as_deref().and_then(scenarios::by_name);
    match (scenario, arguments.seed) {
        (Some(scenario), Some(seed)) => Ok((scenario.draw)(seed)),
        _ => Err(refused("give a PLAN.json, or --scenario and --seed")),
    }
}
