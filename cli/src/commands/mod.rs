//! One module per command: its arguments, and `execute`.

pub(crate) mod bugs;
pub(crate) mod list;
pub(crate) mod replay;
pub(crate) mod run;
pub(crate) mod shrink;

use reports::failure::{Dossier, files};
use sim::Plan;
use std::io::Write;
use std::path::Path;

/// A command that could not do its work: what to print, and the exit code.
pub(crate) struct Failed {
    pub(crate) code: u8,
    pub(crate) message: String,
}

/// Exit code 2: what was given is wrong, and what to do about it.
pub(crate) fn refused(message: impl Into<String>) -> Failed {
    Failed { code: 2, message: message.into() }
}

/// How a command ended.
pub(crate) type Ended = Result<u8, Failed>;

/// Reads a Plan.
pub(crate) fn read_plan(path: &Path) -> Result<Plan, Failed> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| refused(format!("cannot read {shown}: {error}")))?;
    let plan = Plan::from_json(&text).and_then(|plan| plan.validate().map(|()| plan));
    plan.map_err(|error| refused(format!("{shown}: {error}")))
}

/// Prints to standard output. A reader that went away (`| head`) is no failure of ours.
pub(crate) fn show(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Writes a file, with its folder.
pub(crate) fn write(path: &Path, contents: &str) -> Result<(), Failed> {
    let create = || -> std::io::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, contents)
    };
    create().map_err(|error| refused(format!("cannot write {}: {error}", path.display())))
}

/// Writes a failure folder.
pub(crate) fn write_folder(folder: &Path, dossier: &Dossier<'_>) -> Result<(), Failed> {
    files(dossier).iter().try_for_each(|(name, contents)| write(&folder.join(name), contents))
}
