//! Everything that can be named from outside: planted bugs, events, kinds of facts.

use properties::FactKind;

/// The ids of all bugs that can be planted, in the order of the cores.
#[must_use]
pub fn planted_ids() -> Vec<&'static str> {
    let broker = broker_core::Bug::ALL.iter().map(|bug| bug.id());
    broker.chain(client_core::Bug::ALL.iter().map(|bug| bug.id())).collect()
}

/// Every name that a trigger, a `must_reach` or a report can use: kinds of facts, what the court sees in several of them, then
/// events of brokers, then of clients.
pub fn event_names() -> impl Iterator<Item = &'static str> {
    let facts = FactKind::ALL.iter().map(|kind| kind.name());
    let facts = facts.chain(properties::MARKERS.iter().copied());
    facts.chain(broker_core::Event::NAMES.iter().copied()).chain(client_core::Event::NAMES.iter().copied())
}
