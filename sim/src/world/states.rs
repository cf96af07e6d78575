//! Which states of replicas a run was in: a coarse state space, so that a campaign can say what part of it was seen.

use crate::outcome::ReplicaState;
use crate::plan::Action;
use properties::FaultKind;
use std::collections::BTreeMap;
use wire::Instant;

/// A fault that is over at once is in force for so long all the same: its consequences are.
const AFTERMATH_NS: u64 = 1_000_000_000;

/// Counts the states in which events were stated.
#[derive(Clone, Debug, Default)]
pub(super) struct States {
    in_force: Vec<(FaultKind, Instant)>,
    /// Whether the quorum has no leader.
    pub(super) electing: bool,
    seen: BTreeMap<ReplicaState, u64>,
}

impl States {
    /// A fault strikes.
    pub(super) fn strikes(&mut self, action: &Action, now: Instant) {
        let Some(fault) = action.fault() else { return };
        self.in_force.retain(|&(kind, until)| kind != fault && until > now);
        let lasts = action.lasts_us().saturating_mul(1_000).max(AFTERMATH_NS);
        self.in_force.push((fault, Instant(now.0.saturating_add(lasts))));
    }

    /// A replica is in a state, under every fault that is in force, or under none.
    pub(super) fn count(&mut self, leads: bool, isr: usize, now: Instant) {
        self.in_force.retain(|&(_, until)| until > now);
        let isr = u8::try_from(isr).unwrap_or(u8::MAX);
        let state = |fault| ReplicaState { leads, isr, electing: self.electing, fault };
        let under = self.in_force.iter().map(|&(kind, _)| Some(kind));
        let calm = self.in_force.is_empty().then_some(None);
        for state in under.chain(calm).map(state) {
            *self.seen.entry(state).or_default() += 1;
        }
    }

    /// What was seen, and how often.
    pub(super) fn seen(&self) -> &BTreeMap<ReplicaState, u64> {
        &self.seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant(ms * 1_000_000)
    }

    fn faults(states: &States) -> Vec<Option<FaultKind>> {
        states.seen().keys().map(|state| state.fault).collect()
    }

    #[test]
    fn a_state_is_counted_under_every_fault_in_force() {
        let mut states = States::default();
        states.strikes(&Action::Pause { for_us: 3_000_000 }, at(0));
        states.strikes(&Action::Kill { down_us: 1_000 }, at(0));
        states.count(true, 3, at(500));
        assert_eq!(faults(&states), [Some(FaultKind::Kill), Some(FaultKind::Pause)]);
        states.count(true, 3, at(2_000));
        assert_eq!(states.seen().values().copied().collect::<Vec<_>>(), [1, 2], "the death and its aftermath are over");
    }

    #[test]
    fn without_a_fault_it_is_counted_as_calm() {
        let mut states = States::default();
        states.count(false, 2, at(0));
        states.electing = true;
        states.count(false, 2, at(0));
        assert_eq!(faults(&states), [None, None]);
    }
}
