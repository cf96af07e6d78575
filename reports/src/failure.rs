//! A failure folder: everything that someone needs who finds it in an artifact store, without the campaign that made it.

use crate::{page, story};
use sim::{Outcome, Plan, Shrunk};

/// What is known of a failure.
pub struct Dossier<'a> {
    /// The Plan that failed.
    pub plan: &'a Plan,
    /// The same failure, smaller, if it was shrunk.
    pub shrunk: Option<&'a Shrunk>,
    /// The recorded run of the smallest Plan.
    pub outcome: &'a Outcome,
    /// The exact command that runs it again.
    pub command: &'a str,
}

/// The files of the folder: names and contents.
#[must_use]
pub fn files(dossier: &Dossier<'_>) -> Vec<(&'static str, String)> {
    let smallest = dossier.shrunk.map_or(dossier.plan, |shrunk| &shrunk.plan);
    let mut files = vec![
        ("plan.json", dossier.plan.to_json()),
        ("history.jsonl", lines(&dossier.outcome.history)),
        ("trace.txt", lines(&dossier.outcome.trace)),
        ("story.txt", story::text(smallest, dossier.outcome)),
        ("report.html", page::html(smallest, dossier.outcome, dossier.command)),
        ("command.txt", format!("{}\n", dossier.command)),
    ];
    if let Some(shrunk) = dossier.shrunk {
        files.push(("shrunk.json", shrunk.plan.to_json()));
    }
    files
}

fn lines(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}
