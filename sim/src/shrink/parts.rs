//! Leaving out parts of a Plan: steps, clients, configuration entries; and other seeds.

use super::Search;
use crate::plan::{Action, ClientOp, Plan, Topology, Weather, Who};
use std::collections::BTreeMap;

impl<F: FnMut(&Plan) -> bool> Search<F> {
    /// ddmin (Zeller and Hildebrandt 2002) over the steps: chunks of half the Plan, then of a quarter, down to single steps.
    pub(super) fn steps(&mut self) {
        let mut chunk = self.best.steps.len().div_ceil(2);
        while chunk > 0 {
            let removed = self.without_chunks(chunk);
            chunk = if chunk == 1 && !removed { 0 } else { (chunk / 2).max(1) };
            if self.runs >= self.max_runs {
                return;
            }
        }
    }

    /// Tries to leave out each chunk, from the end, where the consequences are; whether one could be left out.
    fn without_chunks(&mut self, chunk: usize) -> bool {
        let mut removed = false;
        let mut end = self.best.steps.len();
        while end > 0 {
            let start = end.saturating_sub(chunk);
            let mut candidate = self.best.clone();
            candidate.steps.drain(start..end);
            removed |= self.accepts(candidate);
            end = start;
        }
        removed
    }

    /// Tries to leave out each client with all its steps.
    pub(super) fn clients(&mut self) {
        for id in self.best.topology.clients.iter().map(|client| client.id).collect::<Vec<_>>() {
            let mut candidate = self.best.clone();
            candidate.topology.clients.retain(|client| client.id != id);
            candidate.steps.retain(|step| step.who != Who::Client(id));
            self.accepts(candidate);
        }
    }

    /// Tries fewer nodes, down to one; topics get at most as many replicas.
    pub(super) fn nodes(&mut self) {
        for nodes in 1..self.best.topology.nodes {
            if self.accepts(of_nodes(&self.best, nodes)) {
                return;
            }
        }
    }

    /// Tries to leave out each configuration entry, and to take the default weather.
    pub(super) fn config(&mut self) {
        for name in self.best.topology.config.keys().cloned().collect::<Vec<_>>() {
            let mut candidate = self.best.clone();
            candidate.topology.config.remove(&name);
            self.accepts(candidate);
        }
        for index in 0..self.best.topology.clients.len() {
            for name in self.best.topology.clients[index].config.keys().cloned().collect::<Vec<_>>() {
                let mut candidate = self.best.clone();
                candidate.topology.clients[index].config.remove(&name);
                self.accepts(candidate);
            }
        }
        let topology = Topology { skew_ms: BTreeMap::new(), ..self.best.topology.clone() };
        self.accepts(Plan { topology, ..self.best.clone() });
        let weather = Weather { wall_ms: self.best.weather.wall_ms, ..Weather::default() };
        self.accepts(Plan { weather, ..self.best.clone() });
    }

    /// Tries a few small seeds, and takes the first that fails.
    pub(super) fn seeds(&mut self) {
        let mut seeds = 0..self.best.seed.min(4);
        let _ = seeds.any(|seed| self.accepts(Plan { seed, ..self.best.clone() }));
    }
}

/// A Plan with so many nodes. It is not valid if a step names another one.
fn of_nodes(plan: &Plan, nodes: u16) -> Plan {
    let mut fewer = plan.clone();
    fewer.topology.nodes = nodes;
    fewer.topology.skew_ms.retain(|&node, _| node <= i32::from(nodes));
    for step in &mut fewer.steps {
        if let Action::Do(ClientOp::CreateTopic { replication_factor, .. }) = &mut step.action {
            *replication_factor = (*replication_factor).min(nodes.cast_signed());
        }
    }
    fewer
}
