//! `tribunal bugs`: plants each documented bug and says what found it.

use super::{Ended, Failed, refused, show, write, write_folder};
use crate::arguments;
use rayon::prelude::*;
use reports::failure::Dossier;
use scenarios::campaign::{guarded, smaller};
use scenarios::planted::{self, Entry, Search};
use sim::RunOptions;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Bugs by the catalogue's ids, as D01; all that are planted, if none is named
    #[arg(value_name = "ID", value_parser = arguments::bug)]
    ids: Vec<String>,
    /// CPU time per bug and seed base
    #[arg(long, value_name = "60s", default_value = "60s", value_parser = arguments::duration)]
    budget: Duration,
    /// Disjoint seed bases; the table to publish takes five
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=100))]
    bases: u64,
    /// Where a folder per found bug goes, with the shrunk Plan
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Writes the table as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Seeds between two bases.
const BASE_STRIDE: u64 = 1_000_000;
/// Runs that a find's shrinking may take.
const SHRINK_RUNS: u32 = 400;

pub(crate) fn execute(arguments: &Arguments) -> Ended {
    if !cfg!(feature = "bugs") {
        return Err(refused(
            "this binary was built without planted bugs: run `cargo run --release --features bugs -- bugs`",
        ));
    }
    let ids =
        if arguments.ids.is_empty() { sim::planted_ids() } else { arguments.ids.iter().map(String::as_str).collect() };
    let entries = ids.into_iter().filter_map(planted::by_id);
    let work: Vec<(Entry, u64)> =
        entries.flat_map(|entry| (0..arguments.bases).map(move |base| (entry, base))).collect();
    let searches = searched(&work, arguments.budget);
    show(&reports::planted::text(&searches));
    if let Some(path) = &arguments.json {
        write(path, &format!("{:#}\n", reports::planted::json(&searches)))?;
    }
    if let Some(out) = &arguments.out {
        searches.iter().try_for_each(|search| explain(search, out))?;
    }
    Ok(u8::from(!reports::planted::all_found(&searches)))
}

/// Searches on all cores; the result has the order of the work.
fn searched(work: &[(Entry, u64)], budget: Duration) -> Vec<Search> {
    let all: Vec<_> = scenarios::all().iter().collect();
    let search = |(entry, base): &(Entry, u64)| planted::search(*entry, &all, (base + 1) * BASE_STRIDE, budget);
    work.par_iter().with_max_len(1).map(search).collect()
}

/// Shrinks a find and writes its folder.
fn explain(search: &Search, out: &Path) -> Result<(), Failed> {
    let (Some(plan), Some((scenario, seed))) = (&search.plan, search.by) else { return Ok(()) };
    let bugs = vec![search.entry.id.to_owned()];
    let options = RunOptions { record: true, bugs: bugs.clone() };
    let outcome = guarded(plan, &options).map_err(refused)?;
    let listed = |violation: &&properties::Violation| Some(violation.property.id) == search.property.map(|(id, _)| id);
    let Some(violation) = outcome.violations.iter().find(listed) else { return Ok(()) };
    let shrunk = smaller(plan, violation, &bugs, SHRINK_RUNS);
    let outcome = guarded(&shrunk.plan, &options).map_err(refused)?;
    let folder = out.join(format!("{}-{scenario}-{seed}", search.entry.id));
    let command = format!("tribunal replay {} --bug {}", folder.join("shrunk.json").display(), search.entry.id);
    write_folder(&folder, &Dossier { plan, shrunk: Some(&shrunk), outcome: &outcome, command: &command })?;
    show(&format!("{} ({} steps, from {}): {command}\n", search.entry.id, shrunk.steps_after, shrunk.steps_before));
    Ok(())
}
