//! The watchdog: a `handle` that does not return is noticed from outside the simulation, on CPU time, and the seed is named.

use super::clock::{task_cpu, this_task};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// A seed that does not end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hang {
    /// Its scenario.
    pub scenario: &'static str,
    /// Its seed.
    pub seed: u64,
    /// How much CPU it had when it was given up.
    pub cpu: Duration,
}

/// What one thread is at.
#[derive(Default)]
pub(crate) struct Slot(Mutex<Option<Running>>);

#[derive(Clone)]
struct Running {
    task: String,
    scenario: &'static str,
    seed: u64,
    cpu_at_start: Duration,
}

impl Slot {
    pub(crate) fn begin(&self, scenario: &'static str, seed: u64) {
        let task = this_task();
        let cpu_at_start = task_cpu(&task);
        self.set(Some(Running { task, scenario, seed, cpu_at_start }));
    }

    pub(crate) fn end(&self) {
        self.set(None);
    }

    fn set(&self, running: Option<Running>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = running;
    }

    fn hang(&self, limit: Duration) -> Option<Hang> {
        let running = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let cpu = task_cpu(&running.task).saturating_sub(running.cpu_at_start);
        (cpu > limit).then_some(Hang { scenario: running.scenario, seed: running.seed, cpu })
    }
}

/// All threads of a campaign.
pub(crate) struct Board {
    slots: Vec<Slot>,
    over: Mutex<bool>,
    bell: Condvar,
    reported: AtomicBool,
}

impl Board {
    pub(crate) fn new(jobs: usize) -> Board {
        let slots = std::iter::repeat_with(Slot::default).take(jobs).collect();
        Board { slots, over: Mutex::new(false), bell: Condvar::new(), reported: AtomicBool::new(false) }
    }

    pub(crate) fn slot(&self, index: usize) -> &Slot {
        &self.slots[index]
    }

    /// Looks around twice a second until dismissed.
    pub(crate) fn watch(&self, limit: Duration, watch: &dyn super::Watch) {
        let mut over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        while !*over {
            if let Some(hang) = self.slots.iter().find_map(|slot| slot.hang(limit))
                && !self.reported.swap(true, Ordering::Relaxed)
            {
                watch.hang(&hang);
            }
            let waited = self.bell.wait_timeout(over, Duration::from_millis(500));
            over = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    pub(crate) fn dismiss(&self) {
        *self.over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.bell.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::thread_cpu;

    #[test]
    fn a_seed_that_burns_too_much_cpu_is_named_and_one_that_ended_is_not() {
        let slot = Slot::default();
        slot.begin("steady", 17);
        let began = thread_cpu();
        while thread_cpu().saturating_sub(began) < Duration::from_millis(5) {
            std::hint::spin_loop();
        }
        let hang = slot.hang(Duration::from_millis(4)).unwrap();
        assert_eq!((hang.scenario, hang.seed), ("steady", 17));
        assert_eq!(slot.hang(Duration::from_secs(3_600)), None);
        slot.end();
        assert_eq!(slot.hang(Duration::ZERO), None);
    }
}
