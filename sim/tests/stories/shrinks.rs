//! Planted failures: what the shrinker leaves is what the failure needs.

use crate::story::{NODE, PRODUCER, Story};
use properties::{Claim, Cluster, Fact, FactKind, FactSet, Moment, Property, PropertyId, Scope, Verdicts, Violation};
use sim::shrink::shrink_with;
use sim::{Action, ClientOp, Plan, World};

/// A long story with much that does not matter.
fn busy() -> Plan {
    let mut story =
        Story::with_traffic().configured("message.max.bytes", "4096").client_configured(1, "linger.ms", "0");
    for i in 0..40 {
        story = story.at(1_000 + i * 130, &NODE, Action::Pause { for_us: 20_000 + i });
        story = story.at(1_050 + i * 170, &PRODUCER, Action::Reset { with: None });
        story = story.at(1_070 + i * 190, &NODE, Action::Kill { down_us: 300_000 });
    }
    story.seeded(77).plan
}

fn kills(plan: &Plan) -> usize {
    plan.steps.iter().filter(|step| matches!(step.action, Action::Kill { .. })).count()
}

#[test]
fn what_a_failure_does_not_need_goes() {
    let plan = busy();
    // Two kills and a send of at least three records.
    let sends = |plan: &Plan| {
        plan.steps.iter().any(|step| matches!(&step.action, Action::Do(ClientOp::Send { count, .. }) if *count >= 3))
    };
    let shrunk = shrink_with(&plan, 2_000, |plan| kills(plan) >= 2 && sends(plan));
    assert_eq!((shrunk.steps_before, shrunk.steps_after), (plan.steps.len(), 3));
    assert_eq!(shrunk.plan.topology.clients.len(), 1, "only the producer is needed");
    assert!(shrunk.plan.topology.config.is_empty() && shrunk.plan.topology.clients[0].config.is_empty());
    let count = shrunk.plan.steps.iter().find_map(|step| match &step.action {
        Action::Do(ClientOp::Send { count, size, .. }) => Some((*count, *size)),
        _ => None,
    });
    assert_eq!(count, Some((5, 0)), "by halves: 20, 10, 5");
    assert_eq!(shrunk.plan.seed, 0);
    assert!(shrunk.runs < 400, "{}", shrunk.runs);
}

#[test]
fn the_budget_of_runs_is_kept() {
    for budget in [0, 1, 7] {
        let shrunk = shrink_with(&busy(), budget, |plan| kills(plan) >= 2);
        assert!(shrunk.runs <= budget);
        assert!(kills(&shrunk.plan) >= 2);
    }
}

/// A planted judge: it does not bear that a broker is stopped a third time.
#[derive(Clone, Default)]
struct Squeamish {
    stops: u32,
}

impl Property for Squeamish {
    fn id(&self) -> PropertyId {
        PropertyId { id: "T01", name: "squeamish", sentence: "No broker stops a third time." }
    }
    fn fork(&self) -> Box<dyn Property> {
        Box::new(self.clone())
    }
    fn interests(&self) -> FactSet {
        FactSet::of(&[FactKind::Stopped])
    }
    fn claim(&self, _: &Scope, _: &Cluster<'_>) -> Claim {
        Claim::Holds
    }
    fn observe(&mut self, fact: &Fact, cluster: &Cluster<'_>, verdicts: &mut Verdicts) {
        self.stops += u32::from(matches!(fact, Fact::Stopped { .. }));
        if self.stops == 3 {
            let when: Moment = cluster.moment;
            let violation =
                Violation { property: self.id(), kind: "third", when, detail: "stopped a third time".into() };
            verdicts.violations.push(violation);
        }
    }
    fn finish(&mut self, _: &Cluster<'_>, _: &mut Verdicts) {}
}

fn is_violated(plan: &Plan) -> bool {
    let mut world = World::new(plan, vec![Box::new(Squeamish::default())]).unwrap();
    while world.violations().is_empty() && world.advance().is_some() {}
    world.violations().iter().any(|violation| violation.property.id == "T01")
}

#[test]
fn a_violation_of_a_run_shrinks_to_what_it_takes() {
    let plan = busy();
    assert!(is_violated(&plan));
    let shrunk = shrink_with(&plan, 400, is_violated);
    assert_eq!(shrunk.steps_after, 3, "{}", shrunk.plan.to_json());
    assert_eq!(kills(&shrunk.plan), 3);
    assert!(shrunk.plan.topology.clients.is_empty());
}
