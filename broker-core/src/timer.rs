//! The broker's timers: a table with one slot per reason to wake up.

use wire::Instant;

/// Why a broker wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Timer {
    /// The oldest parked request has waited as long as it may.
    Parked,
    /// The metadata log has been idle for `metadata.max.idle.interval.ms`: a NoOp record is due.
    MetadataIdle,
    /// High watermarks are to be checkpointed (`replica.high.watermark.checkpoint.interval.ms`).
    HighWatermarkCheckpoint,
    /// Recovery points are to be checkpointed (`log.flush.offset.checkpoint.interval.ms`).
    RecoveryPointCheckpoint,
    /// Logs with `flush.ms` are to be flushed.
    Flush,
    /// Files of deleted logs and segments are to be removed (`file.delete.delay.ms`).
    FileDelete,
    /// A role in the metadata quorum has lasted as long as it may without news.
    Quorum,
    /// An answer of another node is late.
    Peers,
    /// There is something to say to another node, which could not be said before.
    Pump,
    /// A broker's session with this controller ends.
    Session,
    /// ISRs are to be looked at (half of `replica.lag.time.max.ms`).
    IsrCheck,
}

impl Timer {
    const COUNT: usize = 11;
    const ALL: [Timer; Timer::COUNT] = [
        Timer::Parked,
        Timer::MetadataIdle,
        Timer::HighWatermarkCheckpoint,
        Timer::RecoveryPointCheckpoint,
        Timer::Flush,
        Timer::FileDelete,
        Timer::Quorum,
        Timer::Peers,
        Timer::Pump,
        Timer::Session,
        Timer::IsrCheck,
    ];
}

/// When each timer is due. The next one is cached, because a driver asks after every input.
#[derive(Clone, Debug)]
pub(crate) struct Timers {
    due: [Instant; Timer::COUNT],
    next: Option<(Instant, Timer)>,
}

impl Default for Timers {
    fn default() -> Timers {
        Timers { due: [Instant::NEVER; Timer::COUNT], next: None }
    }
}

impl Timers {
    /// Arms a timer, in place of what it was armed for.
    pub(crate) fn arm(&mut self, timer: Timer, at: Instant) {
        let before = std::mem::replace(&mut self.due[timer as usize], at);
        if before == at {
            return;
        }
        match self.next {
            Some((_, next)) if next == timer => self.refresh(),
            Some((next, _)) if next <= at => {}
            _ => self.refresh(),
        }
    }

    /// Takes a timer that is due, disarming it.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Timer> {
        let (_, timer) = self.next.filter(|&(at, _)| at <= now)?;
        self.arm(timer, Instant::NEVER);
        Some(timer)
    }

    /// The earliest.
    pub(crate) fn next(&self) -> Option<(Instant, Timer)> {
        self.next
    }

    fn refresh(&mut self) {
        let due = Timer::ALL.iter().map(|&timer| (self.due[timer as usize], timer));
        self.next = due.filter(|&(at, _)| at != Instant::NEVER).min();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_timer_is_next_and_is_taken_once() {
        let mut timers = Timers::default();
        assert_eq!(timers.next(), None);
        timers.arm(Timer::Flush, Instant(30));
        timers.arm(Timer::Parked, Instant(10));
        timers.arm(Timer::FileDelete, Instant(40));
        assert_eq!(timers.next(), Some((Instant(10), Timer::Parked)));
        assert_eq!(timers.take_due(Instant(9)), None);
        assert_eq!(timers.take_due(Instant(10)), Some(Timer::Parked));
        assert_eq!(timers.next(), Some((Instant(30), Timer::Flush)));
        timers.arm(Timer::Flush, Instant::NEVER);
        assert_eq!(timers.next(), Some((Instant(40), Timer::FileDelete)));
        timers.arm(Timer::FileDelete, Instant::NEVER);
        assert_eq!(timers.next(), None);
    }
}
