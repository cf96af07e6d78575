//! A small Plan for tests of the World's parts.

use crate::plan::{Heal, Plan, Topology, Weather};
use std::collections::BTreeMap;

/// So many nodes, and nobody who wants anything of them.
pub(super) fn plan(nodes: u16) -> Plan {
    let topology = Topology {
        nodes,
        log_dirs: 1,
        disk_bytes: 1 << 26,
        skew_ms: BTreeMap::new(),
        config: BTreeMap::new(),
        clients: Vec::new(),
    };
    Plan {
        format: 1,
        seed: 1,
        scenario: String::new(),
        topology,
        weather: Weather::default(),
        steps: Vec::new(),
        heal_at_us: 0,
        heal: Heal::All,
        rest_within_us: 30_000_000,
        max_events: 100_000,
    }
}
