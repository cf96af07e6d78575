//! One seed: the run, its cost, and on a sample the proof that it is deterministic. A panic is a violation like any other.

use super::clock::thread_cpu;
use properties::catalogue::PANIC;
use properties::{Moment, Violation};
use sim::{Outcome, Plan, RunOptions, Shrunk, TraceHash, World};
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::time::Duration;

/// A run and what it cost.
#[derive(Debug)]
pub struct Trial {
    /// The seed that the Plan was drawn from.
    pub seed: u64,
    /// The Plan.
    pub plan: Plan,
    /// What it came to.
    pub outcome: Outcome,
    /// CPU time of the run alone.
    pub cpu: Duration,
    /// What running it again showed; None if it was not.
    pub recheck: Option<Recheck>,
    /// The Plan was refused, and why: a defect of the generator.
    pub refused: Option<String>,
}

/// Whether a run gives the same hash again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recheck {
    /// It does, run whole and from a fork.
    Same,
    /// It does not.
    Differs {
        /// `again` or `fork`.
        how: &'static str,
        /// The first hash.
        first: TraceHash,
        /// The other.
        second: TraceHash,
    },
}

/// Runs a Plan, and again if asked to.
#[must_use]
pub fn attempt(plan: Plan, seed: u64, recheck: bool) -> Trial {
    let before = thread_cpu();
    let (outcome, refused) = match guarded(&plan, &RunOptions::default()) {
        Ok(outcome) => (outcome, None),
        Err(why) => (Outcome::default(), Some(why)),
    };
    let cpu = thread_cpu().saturating_sub(before);
    let panicked = outcome.violations.iter().any(|violation| violation.property == PANIC);
    let recheck = (recheck && !panicked && refused.is_none()).then(|| again(&plan, &outcome));
    Trial { seed, plan, outcome, cpu, recheck, refused }
}

/// Runs a Plan; a panic becomes a violation. `Err` if the Plan is refused.
pub fn guarded(plan: &Plan, options: &RunOptions) -> Result<Outcome, String> {
    caught(|| sim::run_with(plan, options)).map_err(|refused| refused.to_string())
}

fn caught<E>(run: impl FnOnce() -> Result<Outcome, E>) -> Result<Outcome, E> {
    install_hook();
    LAST_PANIC.with(|last| last.borrow_mut().take());
    CATCHING.with(|catching| catching.set(true));
    let result = catch_unwind(AssertUnwindSafe(run));
    CATCHING.with(|catching| catching.set(false));
    result.unwrap_or_else(|_| Ok(Outcome { violations: vec![panic_violation()], ..Outcome::default() }))
}

fn panic_violation() -> Violation {
    let detail = LAST_PANIC.with(|last| last.borrow_mut().take()).unwrap_or_default();
    Violation { property: PANIC, kind: "panic", when: Moment::default(), detail }
}

thread_local! {
    static LAST_PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
    static CATCHING: Cell<bool> = const { Cell::new(false) };
}

/// Keeps the message of a caught panic for the report instead of printing it; others print as ever.
fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if CATCHING.with(Cell::get) {
                LAST_PANIC.with(|last| *last.borrow_mut() = Some(info.to_string().replace('\n', " ")));
            } else {
                usual(info);
            }
        }));
    });
}

fn again(plan: &Plan, first: &Outcome) -> Recheck {
    let first = first.stats.trace_hash;
    let hash = |outcome: Result<Outcome, String>| outcome.map(|o| o.stats.trace_hash).unwrap_or_default();
    let whole = hash(guarded(plan, &RunOptions::default()));
    if whole != first {
        return Recheck::Differs { how: "again", first, second: whole };
    }
    match forked(plan) {
        Some(second) if second != first => Recheck::Differs { how: "fork", first, second },
        _ => Recheck::Same,
    }
}

/// The hash of a fork taken in mid-run, after the original was run on to its end: neither may disturb the other.
fn forked(plan: &Plan) -> Option<TraceHash> {
    let mut world = World::new(plan, sim::every_property()).ok()?;
    let half = plan.heal_at_us / 2;
    while world.advance().is_some_and(|moment| moment.at.0 / 1_000 < half) {}
    let fork = world.fork();
    let original = to_the_end(world);
    let second = to_the_end(fork);
    Some(if original == second { second } else { TraceHash(!original.0) })
}

fn to_the_end(mut world: World) -> TraceHash {
    while world.advance().is_some() {}
    world.outcome().stats.trace_hash
}

/// The same failure, smaller: same property, same kind; panics count as what they are. At most `max_runs` runs.
#[must_use]
pub fn smaller(plan: &Plan, violation: &Violation, bugs: &[String], max_runs: u32) -> Shrunk {
    let options = RunOptions { bugs: bugs.to_vec(), ..RunOptions::default() };
    let same = |other: &Violation| other.property.id == violation.property.id && other.kind == violation.kind;
    sim::shrink::shrink_with(plan, max_runs, |candidate| {
        guarded(candidate, &options).is_ok_and(|outcome| outcome.violations.iter().any(same))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_violation_with_its_message_and_the_next_run_is_judged_afresh() {
        let panicked = caught::<String>(|| panic!("offset {} is gone", 7)).unwrap();
        assert_eq!(panicked.violations[0].property, PANIC);
        assert!(panicked.violations[0].detail.contains("offset 7 is gone"), "{}", panicked.violations[0].detail);
        assert!(caught::<String>(|| Ok(Outcome::default())).unwrap().is_clean());
        assert_eq!(caught(|| Err("refused")), Err("refused"));
    }
}
