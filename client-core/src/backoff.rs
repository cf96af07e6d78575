//! Exponential backoff with jitter (KIP-580): doubles up to a limit, then varies by a fifth either way.

use crate::draw::Draw;
use std::time::Duration;

/// The two settings of one kind of retry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    pub(crate) first: Duration,
    pub(crate) max: Duration,
}

impl Backoff {
    /// How long to wait after the n-th failure in a row, from 1. Never above the limit; a first pause of 0 means none at all.
    pub(crate) fn after(self, failures: u32, draw: Draw) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        let full = self.first.saturating_mul(1 << doublings).min(self.max);
        let permille = 800 + draw.below(401);
        let micros = u64::try_from(full.as_micros()).unwrap_or(u64::MAX).saturating_mul(permille) / 1000;
        Duration::from_micros(micros).min(self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_stays_within_a_fifth_and_below_the_limit() {
        let backoff = Backoff { first: Duration::from_millis(100), max: Duration::from_millis(1000) };
        for (failures, full_ms) in [(1, 100), (2, 200), (3, 400), (4, 800), (5, 1000), (60, 1000)] {
            for key in 0..50 {
                let pause = backoff.after(failures, Draw::seeded(7).at(key)).as_micros();
                assert!((full_ms * 800..=full_ms * 1200).contains(&pause), "{failures}: {pause}");
                assert!(pause <= 1_000_000);
            }
        }
    }

    #[test]
    fn jitter_differs_between_keys_and_not_between_calls() {
        let backoff = Backoff { first: Duration::from_millis(100), max: Duration::from_millis(1000) };
        let pauses: Vec<_> = (0..20).map(|key| backoff.after(1, Draw::seeded(7).at(key))).collect();
        assert!(pauses.windows(2).any(|pair| pair[0] != pair[1]));
        assert_eq!(pauses[3], backoff.after(1, Draw::seeded(7).at(3)));
    }
}
