//! One poll's records of one partition follow one another without a gap and never go back.

use crate::fact::{Fact, FactKind, FactSet, ReadSeen};
use crate::history::Place;
use crate::judge::{Case, Judge};
use crate::property::{PropertyId, Scope};

/// J08. Between two consecutive records of a poll from one partition the log holds no other. No fault excuses it: a
/// corrupt batch is reported, never skipped. Source: Jepsen's `int-poll-skip`.
#[derive(Clone, Debug, Default)]
pub(crate) struct PollSkips;

impl Judge for PollSkips {
    const ID: PropertyId = PropertyId {
        id: "J08",
        name: "int-poll-skip",
        sentence: "Within one poll no record of a partition is skipped.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::PollCompleted]);

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let Fact::PollCompleted { client, records, .. } = fact else { return };
        for (read, before, after) in neighbours(records, case.cluster.history.reads().iter().map(|read| read.place)) {
            let next = before.offset.saturating_add(1);
            if after.offset > next && case.cluster.ghost.face(after.home).is_some_and(|log| log.batch(next).is_some()) {
                case.charge(self, &Scope::client(*client), "skipped", || {
                    let (from, to) = (before.offset, after.offset);
                    format!("client {client} read offset {to} of {} right after offset {from}", read.partition)
                });
            }
        }
    }
}

/// J09. Within one poll a partition's offsets rise. Source: Jepsen's `int-nonmonotonic-poll`.
#[derive(Clone, Debug, Default)]
pub(crate) struct PollGoesBack;

impl Judge for PollGoesBack {
    const ID: PropertyId = PropertyId {
        id: "J09",
        name: "int-nonmonotonic-poll",
        sentence: "Within one poll a partition's records come in the order of the log, each once.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::PollCompleted]);

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let Fact::PollCompleted { client, records, .. } = fact else { return };
        for (read, before, after) in neighbours(records, case.cluster.history.reads().iter().map(|read| read.place)) {
            if after.offset <= before.offset {
                case.charge(self, &Scope::client(*client), "went-back", || {
                    let (from, to) = (before.offset, after.offset);
                    format!("client {client} read offset {to} of {} right after offset {from}", read.partition)
                });
            }
        }
    }
}

/// Consecutive records of one partition that stand in the same partition, in the same generation of it: a poll may go on in a
/// topic that was deleted and created again, or behind a loss.
fn neighbours(
    records: &[ReadSeen],
    places: impl Iterator<Item = Option<Place>> + Clone,
) -> impl Iterator<Item = (&ReadSeen, Place, Place)> {
    let pairs = places.clone().zip(places.skip(1));
    records.windows(2).zip(pairs).filter_map(|(reads, places)| {
        let (Some(before), Some(after)) = places else { return None };
        let together = before.home == after.home && before.generation == after.generation;
        (together && reads[0].partition == reads[1].partition).then_some((&reads[1], before, after))
    })
}
