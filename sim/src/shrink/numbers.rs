//! Making the numbers of a Plan smaller: counts, sizes, times and durations, wherever they stand in it.
//!
//! It works on the Plan's JSON, so that a new action needs no code here. Names and ids are left alone.

use super::Search;
use crate::plan::Plan;
use serde_json::Value;

/// Where a number stands: keys and indexes from the top.
type Path = Vec<Key>;

#[derive(Clone, Debug)]
enum Key {
    Name(String),
    Index(usize),
}

/// Numbers under these names say who or which, not how much.
const NAMES: [&str; 8] = ["id", "node", "client", "key", "partition", "partitions", "api_key", "log_dir"];

impl<F: FnMut(&Plan) -> bool> Search<F> {
    /// Tries to make each number smaller: as far as it goes, then by halves.
    pub(super) fn numbers(&mut self) {
        let Ok(tree) = serde_json::to_value(&self.best) else { return };
        let mut paths = Vec::new();
        // Not `rest_within_us`: below what clients are configured to wait, it is a failure of its own.
        for part in ["steps", "heal_at_us"] {
            if let Some(value) = tree.get(part) {
                collect(value, &mut vec![Key::Name(part.to_owned())], &mut paths);
            }
        }
        for path in &paths {
            self.number(path);
        }
    }

    fn number(&mut self, path: &Path) {
        for smaller in [|_| 0, |_| 1, |n: u64| n / 1_000_000 * 1_000_000, |n| n / 1_000 * 1_000] {
            if self.tries(path, smaller) == Some(true) {
                return;
            }
        }
        while self.tries(path, |n| n / 2) == Some(true) {}
    }

    /// None if there is nothing to try.
    fn tries(&mut self, path: &Path, smaller: impl Fn(u64) -> u64) -> Option<bool> {
        let mut tree = serde_json::to_value(&self.best).ok()?;
        let place = path.iter().try_fold(&mut tree, |value, key| match key {
            Key::Name(name) => value.get_mut(name),
            Key::Index(index) => value.get_mut(index),
        })?;
        let old = place.as_u64()?;
        let new = smaller(old);
        if new >= old {
            return None;
        }
        *place = Value::from(new);
        let candidate = serde_json::from_value(tree).ok()?;
        Some(self.accepts(candidate))
    }
}

/// The paths of all numbers below a value that say how much.
fn collect(value: &Value, path: &mut Path, paths: &mut Vec<Path>) {
    match value {
        Value::Number(_) => paths.push(path.clone()),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| enter(Key::Index(index), item, path, paths));
        }
        Value::Object(entries) => {
            let wanted = entries.iter().filter(|(name, _)| !NAMES.contains(&name.as_str()) && *name != "who");
            wanted.for_each(|(name, item)| enter(Key::Name(name.clone()), item, path, paths));
        }
        _ => {}
    }
}

fn enter(key: Key, value: &Value, path: &mut Path, paths: &mut Vec<Path>) {
    path.push(key);
    collect(value, path, paths);
    path.pop();
}
