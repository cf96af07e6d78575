//! When a step of the Plan is due, and whom it concerns.

use super::World;
use super::leaders::METADATA;
use super::micros;
use super::queue::{ActorId, What};
use super::trace::Mark;
use crate::plan::{Plan, When, Who};
use wire::NodeId;

/// A step that waits for something to happen.
#[derive(Clone, Debug)]
pub(crate) struct Trigger {
    step: u32,
    index: u32,
    event: String,
    node: Option<NodeId>,
    /// How many matches are still to come; 0 when it has fired.
    left: u32,
    delay_us: u64,
}

impl Trigger {
    /// Whether it has not fired yet.
    pub(crate) fn waits(&self) -> bool {
        self.left > 0
    }

    /// The step's id.
    pub(crate) fn step(&self) -> u32 {
        self.step
    }
}

/// Whether a step of a Plan waits for an event of this name.
pub(super) fn waits_for(plan: &Plan, name: &str) -> bool {
    plan.steps.iter().any(|step| matches!(&step.when, When::After(pattern, ..) if pattern.event == name))
}

impl World {
    /// Puts a step where it waits for its time or for its event.
    pub(super) fn plan_step(&mut self, index: u32) {
        let Some(step) = self.plan.steps.get(index as usize) else { return };
        match &step.when {
            When::At(at_us) => {
                let tie = self.draw.of("step").at(step.id.into()).bits();
                self.queue.push(micros(*at_us), tie, What::Step(index));
            }
            When::After(pattern, nth, delay_us) => self.triggers.push(Trigger {
                step: step.id,
                index,
                event: pattern.event.clone(),
                node: pattern.node.map(NodeId),
                left: *nth,
                delay_us: *delay_us,
            }),
        }
    }

    /// Something happened; the steps that waited for it are due.
    pub(super) fn trip(&mut self, name: &str, node: Option<NodeId>) {
        for index in 0..self.triggers.len() {
            let trigger = &mut self.triggers[index];
            let matches = trigger.waits() && trigger.event == name && (trigger.node.is_none() || trigger.node == node);
            if !matches {
                continue;
            }
            trigger.left -= 1;
            if trigger.left == 0 {
                let (at, what) = (trigger.delay_us, What::Step(trigger.index));
                let tie = self.draw.of("step").at(trigger.step.into()).bits();
                self.queue.push(self.after(at), tie, what);
            }
        }
    }

    /// A step is due: finds out whom it concerns, and does it.
    pub(super) fn carry_out(&mut self, index: u32) {
        let Some(step) = self.plan.steps.get(index as usize).cloned() else { return };
        if step.action.fault().is_some() && self.rest.has_healed() {
            return;
        }
        self.trace.add(self.now, Mark::Step, 0, step.id.into());
        let Some(actor) = self.target(&step.who) else {
            self.unfired.push(step.id);
            return;
        };
        self.trace.add(self.now, Mark::Target, actor, step.id.into());
        self.act(actor, &step);
    }

    /// Whom a target means at this moment.
    pub(super) fn target(&self, who: &Who) -> Option<ActorId> {
        match who {
            Who::Node(node) => self.cast.node(NodeId(*node)),
            Who::Client(id) => self.cast.client_by_id(*id),
            Who::ActiveController => self.leads(|log| log.topic_id == METADATA),
            Who::Leader(topic, partition) => self.leads(|log| is_of(log, topic, *partition)),
            Who::Follower(topic, partition, nth) => self.follower(topic, *partition, (*nth).into()),
        }
    }

    /// The n-th of the brokers that live and host a partition, its leader left out.
    fn follower(&self, topic: &str, partition: i32, nth: usize) -> Option<ActorId> {
        let leader = self.leads(|log| is_of(log, topic, partition));
        let hosts = self.hosts(|log| is_of(log, topic, partition));
        hosts.into_iter().filter(|&host| Some(host) != leader).nth(nth)
    }

    /// Whom somebody means who is not the step's own target; None if nobody is meant, an error if nobody can be found.
    pub(super) fn other(&mut self, step: u32, who: Option<&Who>) -> Result<Option<ActorId>, Unresolved> {
        let Some(who) = who else { return Ok(None) };
        let Some(actor) = self.target(who) else {
            self.unfired.push(step);
            return Err(Unresolved);
        };
        if is_role(who) {
            self.trace.add(self.now, Mark::Target, actor, step.into());
        }
        Ok(Some(actor))
    }
}

/// Nobody is what a step asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unresolved;

/// Whether it depends on the moment who is meant.
pub(super) fn is_role(who: &Who) -> bool {
    matches!(who, Who::Leader(..) | Who::Follower(..) | Who::ActiveController)
}

fn is_of(log: &broker_core::LogView<'_>, topic: &str, partition: i32) -> bool {
    log.topic.as_str() == topic && log.partition == partition
}
