//! The regression corpus: Plans that once failed, each with its story. Stored as Plans, never as seeds: a seed means something in one
//! commit only.
//!
//! `corpus/NAME.json` is the Plan, `corpus/NAME.md` the story: what was seen, what the cause was, what was changed.

use sim::Plan;
use std::io;
use std::path::{Path, PathBuf};

/// One stored trial.
#[derive(Clone, Debug)]
pub struct Case {
    /// The file's name without its ending.
    pub name: String,
    /// The Plan's text.
    pub json: String,
    /// The story.
    pub story: String,
}

/// The corpus folder of this checkout.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// Every case below a folder, by name. A Plan without a story is an error: nobody would know what it guards.
pub fn cases(folder: &Path) -> io::Result<Vec<Case>> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>()?;
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    paths.sort();
    paths.iter().map(|path| case(path)).collect()
}

fn case(path: &Path) -> io::Result<Case> {
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let json = std::fs::read_to_string(path)?;
    let story = std::fs::read_to_string(path.with_extension("md"))?;
    Ok(Case { name, json, story })
}

impl Case {
    /// The Plan.
    pub fn plan(&self) -> Result<Plan, sim::PlanError> {
        Plan::from_json(&self.json)
    }
}
