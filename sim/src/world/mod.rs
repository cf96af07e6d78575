//! The World: what executes a Plan. Virtual time, network, disks, clocks, processes, and the court that judges them.
//!
//! One event at a time: pop, handle, observe, judge. Time jumps from one to the next. Everything that decides is drawn by key, so a World is a
//! pure function of its Plan, and a fork of it runs on to the same end.
//!
//! - [`queue`], [`clock`], [`net`]: what is still to happen, when, and what lies between two machines;
//! - [`cast`], [`build`], [`app`]: who takes part, and what the applications want;
//! - [`drive`], [`process`], [`tasks`]: feeds inputs, carries out outputs, lets processes live and die, plays the applications;
//! - [`steps`], [`faults`], [`connections`], [`leaders`]: when a step of the Plan is due, whom it concerns, what it does;
//! - [`witness`], [`facts`], [`shares`], [`trace`], [`lines`], [`events`]: what is seen, counted, hashed and told;
//! - [`hand`]: who sends frames and stops nodes from outside, for comparisons with other clusters;
//! - [`heal`], [`rest`]: stops faults, waits for rest, reads everything back, and says what kept it from resting.

mod app;
mod build;
mod cast;
mod clock;
mod connections;
mod drive;
mod events;
mod facts;
mod faults;
#[cfg(test)]
mod fixture;
mod hand;
mod heal;
mod leaders;
mod lines;
mod net;
mod process;
mod queue;
mod rest;
mod shares;
mod states;
mod steps;
mod tasks;
mod trace;
mod witness;

pub use facts::Facts;
pub use hand::Held;

use crate::Draw;
use crate::observe::{BatchParser, WireTap};
use crate::outcome::{Outcome, Statistics};
use crate::plan::{Plan, PlanError, Step};
use broker_core::Broker;
use cast::Cast;
use client_core::Client;
use faults::Lasting;
use hand::Hand;
use net::Network;
use properties::catalogue::L14;
use properties::{Court, FactKind, FactSet, Moment, Nodes, Property, PropertyId, Violation};
use queue::{Queue, What};
use rest::Rest;
use shares::Watch;
use steps::Trigger;
use trace::Trace;
use wire::{Instant, Output};

/// The judges of a run.
pub type Properties = Vec<Box<dyn Property>>;

/// What is no part of a Plan, and changes nothing of what happens in its run (but for planted bugs, which are there to do so).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunOptions {
    /// Whether to keep the trace and the history for people.
    pub record: bool,
    /// Planted bugs by the catalogue's ids, as `D01`; refused without the feature `bugs`.
    pub bugs: Vec<String>,
}

/// Every property that there is, fresh.
#[must_use]
pub fn every_property() -> Properties {
    properties::catalogue::standard()
}

/// More events than this at one instant are a livelock.
const MAX_AT_ONCE: u32 = 10_000;

/// A whole cluster with its disks, network, clocks, clients and judges, in virtual time.
pub struct World {
    plan: Plan,
    draw: Draw,
    now: Instant,
    /// Counts events.
    seq: u64,
    /// Events at this instant.
    at_once: u32,
    over: bool,
    queue: Queue,
    net: Network,
    cast: Cast,
    tap: WireTap,
    court: Court,
    /// Kinds of facts that are counted; others are built for people only, if at all.
    counted: FactSet,
    facts: Facts,
    trace: Trace,
    triggers: Vec<Trigger>,
    lasting: Vec<Lasting>,
    unfired: Vec<u32>,
    rest: Rest,
    stats: Statistics,
    watch: Watch,
    hand: Hand,
    broker_out: Vec<Output<Broker>>,
    client_out: Vec<Output<Client>>,
}

impl World {
    /// A World at time zero. A hostile Plan is refused here.
    pub fn new(plan: &Plan, properties: Properties) -> Result<World, PlanError> {
        World::with_options(plan, properties, &RunOptions::default())
    }

    /// As [`World::new`], with options that are no part of the Plan.
    pub fn with_options(plan: &Plan, properties: Properties, options: &RunOptions) -> Result<World, PlanError> {
        plan.validate()?;
        let draw = Draw::seeded(plan.seed);
        let nobody_judges = properties.is_empty();
        let court = Court::new(properties);
        let counted = counted(plan, |kind| nobody_judges || court.wants(kind));
        let built = if options.record { FactSet::of(FactKind::ALL) } else { counted };
        let network_ns = (plan.weather.network_us.0 * 1_000, plan.weather.network_us.1 * 1_000);
        let parser = BatchParser::default();
        let mut world = World {
            plan: plan.clone(),
            draw,
            now: Instant(0),
            seq: 0,
            at_once: 0,
            over: false,
            queue: Queue::default(),
            net: Network::new(draw.of("network"), network_ns),
            cast: build::cast(plan, draw, (built, &parser), options)?,
            tap: WireTap::new(built, parser),
            court,
            counted,
            facts: Facts::default(),
            trace: Trace::new(options.record),
            triggers: Vec::new(),
            lasting: Vec::new(),
            unfired: Vec::new(),
            rest: Rest::default(),
            stats: Statistics::default(),
            watch: Watch::default(),
            hand: Hand::default(),
            broker_out: Vec::new(),
            client_out: Vec::new(),
        };
        world.set_up();
        Ok(world)
    }

    /// Everybody starts, and every step of the Plan waits for its time.
    fn set_up(&mut self) {
        for actor in self.cast.ids() {
            self.plan_start(actor, Instant(0));
        }
        self.count_skews();
        for index in 0..self.plan.steps.len() {
            self.plan_step(index as u32);
        }
        self.queue.push(micros(self.plan.heal_at_us), u64::MAX, What::Heal);
    }

    /// Carries out one event: pop, handle, observe, judge. None when the run is over.
    pub fn advance(&mut self) -> Option<Moment> {
        while !self.over {
            let Some((at, what)) = self.queue.pop() else {
                self.conclude();
                break;
            };
            self.at_once = if at == self.now { self.at_once } else { 0 };
            self.now = at;
            if self.happens(what) {
                self.count_event();
                return Some(self.moment());
            }
        }
        None
    }

    fn count_event(&mut self) {
        self.seq += 1;
        self.at_once += 1;
        self.facts.set_now(self.moment());
        if self.at_once > MAX_AT_ONCE {
            self.livelock("at-once", format!("more than {MAX_AT_ONCE} events at one instant"));
        } else if self.seq > self.plan.max_events {
            self.livelock("budget", format!("more than the {} events that the Plan allows", self.plan.max_events));
        }
    }

    fn livelock(&mut self, kind: &'static str, detail: String) {
        self.accuse(L14, kind, detail);
        self.over = true;
    }

    fn accuse(&mut self, property: PropertyId, kind: &'static str, detail: String) {
        let when = self.moment();
        let before = self.violations().len();
        self.court.accuse(Violation { property, kind, when, detail });
        self.tell_violations(before);
    }

    /// Carries out a step now, whatever its `when` says: for story tests.
    pub fn apply(&mut self, step: &Step) {
        self.plan.steps.push(step.clone());
        self.carry_out((self.plan.steps.len() - 1) as u32);
    }

    /// Advances until `done` holds or the run is over.
    pub fn run_until(&mut self, mut done: impl FnMut(&Facts) -> bool) -> &Facts {
        while !done(&self.facts) && self.advance().is_some() {}
        &self.facts
    }

    /// What was seen so far.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// What was violated so far.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.court.verdicts().violations
    }

    /// The nodes and what their disks show, to look at.
    #[must_use]
    pub fn nodes(&self) -> &dyn Nodes {
        &self.cast
    }

    /// The whole World again, judges included. Both run on to equal hashes.
    #[must_use]
    pub fn fork(&self) -> World {
        World {
            plan: self.plan.clone(),
            queue: self.queue.clone(),
            net: self.net.clone(),
            cast: self.cast.clone(),
            tap: self.tap.clone(),
            court: self.court.fork(),
            facts: self.facts.clone(),
            trace: self.trace.clone(),
            triggers: self.triggers.clone(),
            lasting: self.lasting.clone(),
            unfired: self.unfired.clone(),
            rest: self.rest.clone(),
            watch: self.watch.clone(),
            hand: self.hand.clone(),
            broker_out: Vec::new(),
            client_out: Vec::new(),
            ..*self
        }
    }

    /// What the run came to.
    #[must_use]
    pub fn outcome(self) -> Outcome {
        let never = self.triggers.iter().filter(|trigger| trigger.waits()).map(Trigger::step);
        let mut unfired: Vec<u32> = self.unfired.iter().copied().chain(never).collect();
        unfired.sort_unstable();
        let stats = Statistics {
            events: self.seq,
            virtual_us: self.now.0 / 1_000,
            trace_hash: self.trace.hash(),
            ..self.stats
        };
        let verdicts = self.court.verdicts().clone();
        let (shares, states) = (self.watch.shares(&self.plan), self.watch.states.seen().clone());
        let (reached, ledger, bug_reached) =
            (self.facts.all(), self.court.ledger().counts().clone(), self.cast.bug_reached());
        let (trace, history) = self.trace.into_lines();
        Outcome {
            violations: verdicts.violations,
            excused: verdicts.excused,
            attributed: verdicts.attributed,
            reached,
            ledger,
            unfired,
            stats,
            shares,
            states,
            bug_reached,
            trace,
            history,
        }
    }

    fn moment(&self) -> Moment {
        Moment { at: self.now, seq: self.seq }
    }

    fn after(&self, delay_us: u64) -> Instant {
        Instant(self.now.0.saturating_add(delay_us.saturating_mul(1_000)))
    }
}

fn micros(us: u64) -> Instant {
    Instant(us.saturating_mul(1_000))
}

/// What the judges and the triggers of a Plan want to see; without judges, everything.
fn counted(plan: &Plan, judged: impl Fn(FactKind) -> bool) -> FactSet {
    let wanted = |kind: &FactKind| judged(*kind) || steps::waits_for(plan, kind.name());
    FactSet::of(&FactKind::ALL.iter().copied().filter(wanted).collect::<Vec<_>>())
}
