//! The table of planted bugs: for the terminal and as JSON.

use scenarios::planted::{Search, Verdict};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

/// One bug over all seed bases.
struct Row<'a> {
    searches: Vec<&'a Search>,
}

impl Row<'_> {
    fn found(&self) -> usize {
        self.searches.iter().filter(|search| search.verdict == Verdict::Found).count()
    }

    /// Four bases in five; with fewer bases, all of them.
    fn is_found(&self) -> bool {
        self.found() * 5 >= self.searches.len() * 4
    }

    fn verdict(&self) -> &'static str {
        if self.is_found() {
            return Verdict::Found.name();
        }
        let best = self.searches.iter().map(|search| search.verdict).filter(|&verdict| verdict != Verdict::Found).min();
        best.unwrap_or(Verdict::Missed).name()
    }

    fn best(&self) -> &Search {
        let cost = |search: &&&Search| (search.verdict, search.cpu);
        self.searches.iter().min_by_key(cost).copied().unwrap_or(self.searches[0])
    }

    /// CPU and seeds at a percentile of the bases.
    fn at(&self, percentile: usize) -> (Duration, u64) {
        let mut costs: Vec<(Duration, u64)> = self.searches.iter().map(|search| (search.cpu, search.seeds)).collect();
        costs.sort_unstable();
        costs[(costs.len() - 1) * percentile / 100]
    }
}

fn rows(searches: &[Search]) -> BTreeMap<&'static str, Row<'_>> {
    let mut rows = BTreeMap::new();
    for search in searches {
        rows.entry(search.entry.id).or_insert(Row { searches: Vec::new() }).searches.push(search);
    }
    rows
}

/// Whether every bug was found.
#[must_use]
pub fn all_found(searches: &[Search]) -> bool {
    rows(searches).values().all(Row::is_found)
}

/// The table.
#[must_use]
pub fn text(searches: &[Search]) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{:<5} {:<24} {:<22} {:<24} {:>7} {:>9} {:>9}",
        "bug", "verdict", "property", "by", "seeds", "cpu s", "p90 cpu s"
    );
    for (id, row) in rows(searches) {
        let best = row.best();
        let property = best.property.map(|(id, kind)| format!("{id} {kind}")).unwrap_or_default();
        let by = best.by.map(|(scenario, seed)| format!("{scenario} {seed}")).unwrap_or_default();
        let (cpu, seeds) = row.at(50);
        let _ = writeln!(
            out,
            "{id:<5} {:<24} {property:<22} {by:<24} {seeds:>7} {:>9.2} {:>9.2}",
            row.verdict(),
            cpu.as_secs_f64(),
            row.at(90).0.as_secs_f64()
        );
    }
    let rows = rows(searches);
    let found = rows.values().filter(|row| row.is_found()).count();
    let _ = writeln!(out, "{found} of {} found", rows.len());
    out
}

/// The table for programs.
#[must_use]
pub fn json(searches: &[Search]) -> Value {
    rows(searches).iter().map(|(id, row)| json_row(id, row)).collect()
}

fn json_row(id: &str, row: &Row<'_>) -> Value {
    let best = row.best();
    let (cpu, seeds) = row.at(50);
    json!({
        "id": id,
        "verdict": row.verdict(),
        "found": row.is_found(),
        "by": best.by.map(|(scenario, seed)| json!({"scenario": scenario, "seed": seed})),
        "property": best.property.map(|(id, _)| id),
        "seeds": seeds,
        "cpu_s": cpu.as_secs_f64(),
        "cpu_s_p90": row.at(90).0.as_secs_f64(),
        "bases": row.searches.len(),
        "found_in": row.found(),
        "reached": row.searches.iter().map(|search| search.reached).sum::<u64>(),
        "source": best.entry.source,
    })
}
