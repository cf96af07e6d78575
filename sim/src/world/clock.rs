//! The clocks of one machine as a function of the World's time. Integer ratios only.

use wire::{Instant, Now, Timestamp};

const MILLION: i128 = 1_000_000;
const NANOS_PER_MILLI: i128 = 1_000_000;

/// A monotonic and a wall clock that run at the same rate, which may differ from the World's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clock {
    /// World time since which the present rate holds.
    since: Instant,
    /// What the monotonic clock showed then.
    mono: Instant,
    /// The wall clock less the monotonic one, in milliseconds.
    offset_ms: i64,
    /// How much faster than the World's, in parts per million.
    ppm: i32,
}

impl Clock {
    /// A clock that shows `mono` and `wall_ms` at the World's beginning, and keeps the World's time.
    pub(crate) fn new(mono: Instant, wall_ms: i64) -> Clock {
        let offset_ms = wall_ms.saturating_sub_unsigned(mono.as_millis());
        Clock { since: Instant(0), mono, offset_ms, ppm: 0 }
    }

    /// What both show at a time of the World.
    pub(crate) fn read(&self, at: Instant) -> Now {
        let mono = self.mono(at);
        let wall = i128::from(self.offset_ms) + i128::from(mono.0) / NANOS_PER_MILLI;
        Now { mono, wall: Timestamp(clamp_i64(wall)) }
    }

    fn mono(&self, at: Instant) -> Instant {
        let elapsed = at.0.saturating_sub(self.since.0);
        if self.ppm == 0 {
            return Instant(self.mono.0.saturating_add(elapsed));
        }
        let local = i128::from(elapsed) * self.rate() / MILLION;
        Instant(clamp_u64(i128::from(self.mono.0) + local))
    }

    /// The first instant of the World at which the monotonic clock shows `local` or more.
    pub(crate) fn when(&self, local: Instant) -> Instant {
        let left = local.0.saturating_sub(self.mono.0);
        if self.ppm == 0 {
            return Instant(self.since.0.saturating_add(left));
        }
        let elapsed = (i128::from(left) * MILLION + self.rate() - 1) / self.rate();
        Instant(clamp_u64(i128::from(self.since.0) + elapsed))
    }

    /// Both clocks run at another rate from now on.
    pub(crate) fn drift(&mut self, at: Instant, ppm: i32) {
        (self.mono, self.since, self.ppm) = (self.mono(at), at, ppm);
    }

    /// The wall clock jumps.
    pub(crate) fn jump(&mut self, by_ms: i64) {
        self.offset_ms = self.offset_ms.saturating_add(by_ms);
    }

    /// Local nanoseconds per million of the World's. Plans allow 200,000 ppm, so it is positive.
    fn rate(&self) -> i128 {
        (MILLION + i128::from(self.ppm)).max(1)
    }
}

fn clamp_u64(n: i128) -> u64 {
    u64::try_from(n.max(0)).unwrap_or(u64::MAX)
}

fn clamp_i64(n: i128) -> i64 {
    i64::try_from(n).unwrap_or(if n < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_wakes_at_the_first_instant_at_which_its_time_has_come() {
        for ppm in [-200_000, -7, 0, 3, 100_000, 200_000] {
            let mut clock = Clock::new(Instant(17), 1_000);
            clock.drift(Instant(999), ppm);
            for local in [1_016, 1_017, 1_018, 5_000_003, 1 << 50] {
                let at = clock.when(Instant(local));
                assert!(clock.read(at).mono.0 >= local, "{ppm} ppm, {local}");
                assert!(at.0 == 999 || clock.read(Instant(at.0 - 1)).mono.0 < local, "{ppm} ppm, {local}");
            }
        }
    }

    #[test]
    fn rates_change_without_a_step_and_only_the_wall_jumps() {
        let mut clock = Clock::new(Instant(0), 10_000);
        let second = Instant(1_000_000_000);
        clock.drift(Instant(0), 100_000);
        assert_eq!(clock.read(second).mono, Instant(1_100_000_000));
        clock.drift(second, -100_000);
        assert_eq!(clock.read(second).mono, Instant(1_100_000_000));
        assert_eq!(clock.read(Instant(2_000_000_000)).mono, Instant(2_000_000_000));
        clock.jump(-5_000);
        assert_eq!(clock.read(Instant(2_000_000_000)).wall, Timestamp(7_000));
        assert_eq!(clock.read(Instant(2_000_000_000)).mono, Instant(2_000_000_000));
        assert_eq!(clock.when(Instant::NEVER), Instant::NEVER);
    }
}
