//! Which brokers the active controller has heard from. Kept by the active controller alone, and begun anew with each epoch: a broker that is
//! unfenced then has as long as any other.

use std::collections::BTreeMap;
use std::time::Duration;
use wire::Instant;

/// Signs of life.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sessions {
    heard: BTreeMap<i32, Instant>,
}

impl Sessions {
    /// A new epoch of the controller.
    pub(crate) fn begin(unfenced: impl Iterator<Item = i32>, now: Instant) -> Sessions {
        Sessions { heard: unfenced.map(|broker| (broker, now)).collect() }
    }

    pub(crate) fn touch(&mut self, broker: i32, now: Instant) {
        self.heard.insert(broker, now);
    }

    pub(crate) fn forget(&mut self, broker: i32) {
        self.heard.remove(&broker);
    }

    /// Whether a broker was heard from within its session timeout.
    pub(crate) fn is_alive(&self, broker: i32, now: Instant, timeout: Duration) -> bool {
        self.heard.get(&broker).is_some_and(|&heard| now < heard + timeout)
    }

    /// A broker whose session has ended.
    pub(crate) fn expired(&self, now: Instant, timeout: Duration) -> Option<i32> {
        self.heard.iter().find(|&(_, &heard)| heard + timeout <= now).map(|(&broker, _)| broker)
    }

    /// When the next session ends.
    pub(crate) fn next(&self, timeout: Duration) -> Instant {
        self.heard.values().min().map_or(Instant::NEVER, |&heard| heard + timeout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_lasts_as_long_as_it_is_renewed() {
        let timeout = Duration::from_nanos(10);
        let mut sessions = Sessions::begin([1, 2].into_iter(), Instant(0));
        sessions.touch(2, Instant(5));
        assert_eq!((sessions.next(timeout), sessions.expired(Instant(9), timeout)), (Instant(10), None));
        assert_eq!(sessions.expired(Instant(10), timeout), Some(1));
        sessions.forget(1);
        assert!(sessions.is_alive(2, Instant(14), timeout) && !sessions.is_alive(2, Instant(15), timeout));
    }
}
