//! How properties of this crate are written: a constant identity, constant interests, and one way to charge.

use crate::fact::{Fact, FactSet};
use crate::ledger::FaultKind;
use crate::property::{Claim, Cluster, Property, PropertyId, Scope, Verdicts, Violation};

/// A property whose identity and interests are constants. Everything that is one is a [`Property`].
pub(crate) trait Judge: Clone + 'static {
    /// Who it is.
    const ID: PropertyId;
    /// Which facts it wants.
    const INTERESTS: FactSet;
    /// Faults under which it does not claim to hold where they touched.
    const EXCUSED_BY: &'static [FaultKind] = &[];

    /// Whether it claims to hold in a scope.
    fn claim(&self, scope: &Scope, cluster: &Cluster<'_>) -> Claim {
        cluster.ledger.excuse(scope, Self::EXCUSED_BY).map_or(Claim::Holds, Claim::Excused)
    }

    /// Sees one fact of its interests.
    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>);

    /// The run is over.
    fn finish(&mut self, _case: &mut Case<'_>) {}
}

impl<J: Judge> Property for J {
    fn id(&self) -> PropertyId {
        J::ID
    }

    fn fork(&self) -> Box<dyn Property> {
        Box::new(self.clone())
    }

    fn interests(&self) -> FactSet {
        J::INTERESTS
    }

    fn claim(&self, scope: &Scope, cluster: &Cluster<'_>) -> Claim {
        Judge::claim(self, scope, cluster)
    }

    fn observe(&mut self, fact: &Fact, cluster: &Cluster<'_>, verdicts: &mut Verdicts) {
        Judge::observe(self, fact, &mut Case { cluster, verdicts });
    }

    fn finish(&mut self, cluster: &Cluster<'_>, verdicts: &mut Verdicts) {
        Judge::finish(self, &mut Case { cluster, verdicts });
    }
}

/// What a judge works on: the cluster to look at, and where to put what it found.
pub(crate) struct Case<'a> {
    /// What there is to see.
    pub(crate) cluster: &'a Cluster<'a>,
    /// What was found.
    pub(crate) verdicts: &'a mut Verdicts,
}

impl Case<'_> {
    /// A property does not hold in a scope: a violation, or an excuse if a fault touched the scope, or nothing where it
    /// claims nothing.
    pub(crate) fn charge<J: Judge>(
        &mut self,
        judge: &J,
        scope: &Scope,
        kind: &'static str,
        detail: impl FnOnce() -> String,
    ) {
        match Judge::claim(judge, scope, self.cluster) {
            Claim::NotClaimed => {}
            Claim::Excused(fault) => self.verdicts.excuse(J::ID, fault),
            Claim::Holds => {
                let when = self.cluster.moment;
                self.verdicts.violated(Violation { property: J::ID, kind, when, detail: detail() });
            }
        }
    }
}
