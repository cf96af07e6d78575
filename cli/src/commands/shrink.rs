//! `tribunal shrink`: the same failure, smaller.

use super::{Ended, read_plan, refused, show, write};
use crate::arguments;
use scenarios::campaign::{guarded, smaller};
use sim::RunOptions;
use std::path::PathBuf;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A Plan that fails
    #[arg(value_name = "PLAN.json")]
    plan: PathBuf,
    /// Where the smaller Plan goes [default: standard output]
    #[arg(short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// At most so many runs
    #[arg(long, value_name = "N", default_value_t = 600)]
    runs: u32,
    /// Plants a bug (needs the feature `bugs`)
    #[arg(long, value_name = "ID", value_parser = arguments::bug)]
    bug: Option<String>,
}

pub(crate) fn execute(arguments: &Arguments) -> Ended {
    let plan = read_plan(&arguments.plan)?;
    let bugs: Vec<String> = arguments.bug.iter().cloned().collect();
    let outcome = guarded(&plan, &RunOptions { bugs: bugs.clone(), ..RunOptions::default() }).map_err(refused)?;
    let Some(violation) = outcome.violations.first() else {
        return Err(refused(format!("{} violates nothing: there is nothing to shrink", arguments.plan.display())));
    };
    let shrunk = smaller(&plan, violation, &bugs, arguments.runs);
    let (before, after) = (shrunk.steps_before, shrunk.steps_after);
    eprintln!("{} {}: {before} steps became {after} in {} runs", violation.property.id, violation.kind, shrunk.runs);
    match &arguments.output {
        Some(path) => write(path, &shrunk.plan.to_json())?,
        None => show(&format!("{}\n", shrunk.plan.to_json())),
    }
    Ok(1)
}
