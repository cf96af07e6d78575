//! Who leads, and what a leader must have.

use super::unless_metadata_broke;
use crate::fact::{Fact, FactKind, FactSet};
use crate::ghost::{Election, PartitionId};
use crate::judge::{Case, Judge};
use crate::property::{Claim, Cluster, PropertyId, Scope};
use std::collections::BTreeMap;

/// W01. All batches of a partition's leader epoch that were not copied from another replica were appended by one
/// incarnation of one broker, the one that stated that it leads (of the quorum, too). Epochs come from the metadata log,
/// so damage to that excuses it. Source: ORACLES; bugs C03 R02.
#[derive(Clone, Debug, Default)]
pub(crate) struct OneLeaderPerEpoch;

impl Judge for OneLeaderPerEpoch {
    const ID: PropertyId = PropertyId {
        id: "W01",
        name: "one leader per epoch",
        sentence: "In each leader epoch at most one incarnation of one broker appends as the leader.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Appended]);

    fn claim(&self, _: &Scope, cluster: &Cluster<'_>) -> Claim {
        unless_metadata_broke(cluster)
    }

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let Fact::Appended { log, batch, .. } = fact else { return };
        let Some(writing) = case.cluster.ghost.writing().filter(|writing| writing.original) else { return };
        let epoch = batch.leader_epoch;
        if let Some((node, incarnation)) = writing.other_writer {
            case.charge(self, &Scope::node(log.node), "second-writer", || {
                let base = batch.base_offset;
                format!("{log} got offset {base} of epoch {epoch}, in which incarnation {incarnation} of node {node} had led")
            });
        }
        let partition = case.cluster.ghost.get(log).map(|log| case.cluster.ghost.partition(log.home));
        let Some(led) = partition.and_then(|it| it.leader_of(epoch)).filter(|led| led.node != log.node) else { return };
        case.charge(self, &Scope::node(log.node), "not-leader", || {
            let base = batch.base_offset;
            format!("{log} got offset {base} of epoch {epoch}, which no other replica has, and node {} leads", led.node)
        });
    }
}

/// W04. A replica that becomes leader by a clean election (it was of the ISR or the ELR, or the last known leader where
/// both were empty) has the whole committed prefix: everything below the greatest high watermark of any leader before.
/// What a permitted loss has taken is not committed any more (W13 attributes it). Source: ORACLES; TLA+:
/// LeaderCompletenessProperty; bugs R01 R07 R09.
#[derive(Clone, Debug, Default)]
pub(crate) struct LeaderCompleteness;

impl Judge for LeaderCompleteness {
    const ID: PropertyId = PropertyId {
        id: "W04",
        name: "LeaderCompletenessProperty",
        sentence: "A replica that leads by a clean election has everything that was committed.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Stated]);

    fn claim(&self, _: &Scope, cluster: &Cluster<'_>) -> Claim {
        unless_metadata_broke(cluster)
    }

    fn observe(&mut self, _: &Fact, case: &mut Case<'_>) {
        let Some(election) = case.cluster.ghost.election().filter(|it| it.clean && !of_quorum(it, case.cluster)) else {
            return;
        };
        charge_incomplete(self, election, case);
    }
}

/// W36. The same for the quorum: its leader has every record that a majority made durable, whatever a voter lost,
/// unless so many lost it that a majority may be without. Source: KIP-595; TLA+: LeaderHasAllAckedValues; bugs C06 C07
/// C26.
#[derive(Clone, Debug, Default)]
pub(crate) struct QuorumCompleteness;

impl Judge for QuorumCompleteness {
    const ID: PropertyId = PropertyId {
        id: "W36",
        name: "LeaderHasAllAckedValues",
        sentence: "A leader of the quorum has every record that was committed.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Stated]);

    fn claim(&self, _: &Scope, cluster: &Cluster<'_>) -> Claim {
        unless_metadata_broke(cluster)
    }

    fn observe(&mut self, _: &Fact, case: &mut Case<'_>) {
        let Some(election) = case.cluster.ghost.election().filter(|it| of_quorum(it, case.cluster)) else { return };
        charge_incomplete(self, election, case);
    }
}

fn of_quorum(election: &Election, cluster: &Cluster<'_>) -> bool {
    cluster.ghost.partition(election.partition).is_metadata()
}

fn charge_incomplete<J: Judge>(judge: &J, election: &Election, case: &mut Case<'_>) {
    if election.missing.is_empty() {
        return;
    }
    let log = case.cluster.ghost.log(election.log);
    case.charge(judge, &Scope::log(log), "incomplete", || {
        let Election { epoch, held, committed, .. } = election;
        format!("{} leads epoch {epoch} with what was committed up to offset {held}, of {committed}", log.log)
    });
}

/// W12. What a consumer was given at an offset stands there in every later leader's log, unless a permitted loss took it
/// (a new generation); what a leader gives out that an unclean election has deposed binds nobody. Source: ORACLES; TLA+:
/// ConsistentReadProperty; bug R36.
#[derive(Clone, Debug, Default)]
pub(crate) struct RepeatableRead {
    /// Per partition the end of the last batch that was given out, its prefix hash and its generation.
    given: BTreeMap<PartitionId, (i64, u128, u32)>,
}

impl Judge for RepeatableRead {
    const ID: PropertyId = PropertyId {
        id: "W12",
        name: "ConsistentReadProperty",
        sentence: "What a consumer was given at an offset is there in every later leader's log.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::FetchAnswered, FactKind::Stated]);

    fn claim(&self, _: &Scope, cluster: &Cluster<'_>) -> Claim {
        unless_metadata_broke(cluster)
    }

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        match fact {
            Fact::FetchAnswered { client: Some(_), .. } => self.answered(fact, case.cluster),
            Fact::Stated { .. } => self.check(case),
            _ => {}
        }
    }
}

impl RepeatableRead {
    fn answered(&mut self, fact: &Fact, cluster: &Cluster<'_>) {
        let Fact::FetchAnswered { node, topic_id: Some(topic_id), partition, error: 0, batches, .. } = fact else {
            return;
        };
        let (ghost, Some(last)) = (cluster.ghost, batches.last()) else { return };
        let Some(log) = ghost.by_id(*node, *topic_id, partition.partition).map(|id| ghost.log(id)) else { return };
        let end = last.last_offset.saturating_add(1);
        let partition = ghost.partition(log.home);
        let epoch = log.elections.last().map_or(-1, |&(epoch, _)| epoch);
        let Some(prefix) = log.prefix_at(end).filter(|_| partition.commits_in(epoch)) else { return };
        let generation = partition.generation;
        let given = self.given.entry(log.home).or_insert((end, prefix, generation));
        if given.0 < end || given.2 < generation {
            *given = (end, prefix, generation);
        }
    }

    fn check(&self, case: &mut Case<'_>) {
        let ghost = case.cluster.ghost;
        let Some(election) = ghost.election() else { return };
        let Some(&(end, prefix, generation)) = self.given.get(&election.partition) else { return };
        let log = ghost.log(election.log);
        if ghost.partition(election.partition).generation != generation || log.prefix_at(end) == Some(prefix) {
            return;
        }
        case.charge(self, &Scope::range(log, end.saturating_sub(1), end), "withdrawn", || {
            let epoch = election.epoch;
            format!("a consumer was given offsets up to {end} that {} lacks, which leads epoch {epoch}", log.log)
        });
    }
}
