//! What was seen so far, by name: for triggers, coverage, and tests that run until something happens.

use properties::{FactKind, Moment};
use std::collections::BTreeMap;

/// Counts of everything that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    now: Moment,
    kinds: [u64; FactKind::ALL.len()],
    events: BTreeMap<&'static str, u64>,
}

impl Default for Facts {
    fn default() -> Facts {
        Facts { now: Moment::default(), kinds: [0; FactKind::ALL.len()], events: BTreeMap::new() }
    }
}

impl Facts {
    /// Now.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.now
    }

    /// How often a kind of fact, or an event of a core, was seen.
    #[must_use]
    pub fn count(&self, name: &str) -> u64 {
        let kind = FactKind::ALL.iter().find(|kind| kind.name() == name);
        kind.map_or_else(|| self.events.get(name).copied().unwrap_or(0), |&kind| self.kinds[kind as usize])
    }

    /// Everything that was seen at least once.
    #[must_use]
    pub fn all(&self) -> BTreeMap<&'static str, u64> {
        let kinds = FactKind::ALL.iter().map(|&kind| (kind.name(), self.kinds[kind as usize]));
        kinds.filter(|&(_, count)| count > 0).chain(self.events.iter().map(|(&name, &count)| (name, count))).collect()
    }

    pub(crate) fn set_now(&mut self, now: Moment) {
        self.now = now;
    }

    pub(crate) fn saw(&mut self, kind: FactKind) {
        self.kinds[kind as usize] += 1;
    }

    pub(crate) fn saw_event(&mut self, name: &'static str) {
        *self.events.entry(name).or_default() += 1;
    }
}
