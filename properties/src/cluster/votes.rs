//! What voters promise, as their `quorum-state` files say.

use crate::fact::{Fact, FactKind, FactSet};
use crate::judge::{Case, Judge};
use crate::ledger::BROKEN_PROMISES;
use crate::liveness::broken_metadata;
use crate::property::{Claim, Cluster, PropertyId, Scope};
use broker_core::Event;
use std::collections::{BTreeMap, BTreeSet};
use wire::files::{METADATA_TOPIC_ID, QUORUM_STATE};
use wire::metadata::QuorumStateData;
use wire::{LogDirId, NodeId};

/// A fault that broke a voter's memory.
fn unless_broken(scope: &Scope, cluster: &Cluster<'_>) -> Claim {
    let broken = scope.node.and_then(|node| broken_metadata(node, cluster.ledger));
    let broken = broken.or_else(|| cluster.ledger.excuse(scope, BROKEN_PROMISES));
    broken.map_or(Claim::Holds, Claim::Excused)
}

/// Epoch and vote; a vote for nobody is -1.
fn vote(contents: &[u8]) -> Option<(i32, i32)> {
    let (state, _) = QuorumStateData::from_json(std::str::from_utf8(contents).ok()?).ok()?;
    Some((state.leader_epoch, state.voted_id))
}

/// W31. In one epoch a voter's vote is for one candidate, across starts: by what it answers, and by what its file says. Pre-votes are no
/// votes and stand in no file. Source: Raft; KIP-595, KIP-996; bugs C01 C02 C04.
#[derive(Clone, Debug, Default)]
pub(crate) struct VoteOnce {
    votes: BTreeMap<NodeId, (i32, i32)>,
    /// What it answered, by voter and epoch.
    granted: BTreeMap<(NodeId, i32), NodeId>,
}

impl Judge for VoteOnce {
    const ID: PropertyId =
        PropertyId { id: "W31", name: "vote once", sentence: "A voter votes for at most one candidate in an epoch." };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::Started, FactKind::FileReplaced, FactKind::VoteGranted]);

    fn claim(&self, scope: &Scope, cluster: &Cluster<'_>) -> Claim {
        unless_broken(scope, cluster)
    }

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        match fact {
            // What a power loss took of the file was not promised yet; that it was, is W32's to say.
            Fact::Started { node, .. } => {
                let found = case.cluster.nodes.file(*node, LogDirId(0), QUORUM_STATE);
                match found.and_then(|contents| vote(&contents)) {
                    Some(vote) => self.votes.insert(*node, vote),
                    None => self.votes.remove(node),
                };
            }
            Fact::FileReplaced { node, path, contents, .. } if path == QUORUM_STATE => {
                let Some((epoch, voted)) = vote(contents).filter(|&(_, voted)| voted >= 0) else { return };
                let before = self.votes.insert(*node, (epoch, voted));
                let Some((_, before)) = before.filter(|it| it.0 == epoch && it.1 >= 0 && it.1 != voted) else { return };
                case.charge(self, &Scope::node(*node), "twice", || {
                    format!("node {node} voted for {voted} in epoch {epoch}, in which it had voted for {before}")
                });
            }
            Fact::VoteGranted { node, candidate, epoch } => {
                let first = *self.granted.entry((*node, *epoch)).or_insert(*candidate);
                if first != *candidate {
                    case.charge(self, &Scope::node(*node), "granted-twice", || {
                        format!(
                            "node {node} gave its vote of epoch {epoch} to {candidate}, and had given it to {first}"
                        )
                    });
                }
            }
            _ => {}
        }
    }
}

/// W32. What a voter has told others it has written down: when it grants a vote its file names the candidate in that epoch, or an epoch
/// beyond, in which it can vote for nobody else there; a candidate that leads had a majority of such votes; and an incarnation finds at
/// least the epoch that an earlier one acknowledged by a fetch. Source: KIP-595; bugs C01 C02.
#[derive(Clone, Debug, Default)]
pub(crate) struct PersistBeforeSend {
    /// What a node's file says: epoch and vote.
    written: BTreeMap<NodeId, (i32, i32)>,
    /// Who ever voted and had written it down, by epoch and candidate.
    voters: BTreeMap<(i32, i32), BTreeSet<NodeId>>,
    /// The greatest epoch that a node has acknowledged.
    acknowledged: BTreeMap<NodeId, i32>,
}

impl Judge for PersistBeforeSend {
    const ID: PropertyId = PropertyId {
        id: "W32",
        name: "persist before send",
        sentence: "A voter tells of a vote or an epoch only what it has written down.",
    };
    const INTERESTS: FactSet = FactSet::of(&[
        FactKind::Started,
        FactKind::FileReplaced,
        FactKind::VoteGranted,
        FactKind::FollowerFetched,
        FactKind::Stated,
    ]);

    fn claim(&self, scope: &Scope, cluster: &Cluster<'_>) -> Claim {
        unless_broken(scope, cluster)
    }

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        match fact {
            Fact::Started { node, .. } => self.started(*node, case),
            Fact::FileReplaced { node, path, contents, .. } if path == QUORUM_STATE => {
                if let Some(vote) = vote(contents) {
                    self.voters.entry(vote).or_default().insert(*node);
                    self.written.insert(*node, vote);
                }
            }
            Fact::VoteGranted { node, candidate, epoch } => self.granted(*node, (*epoch, candidate.0), case),
            Fact::FollowerFetched { replica, topic_id: Some(METADATA_TOPIC_ID), current_leader_epoch, .. } => {
                let greatest = self.acknowledged.entry(*replica).or_default();
                *greatest = (*greatest).max(*current_leader_epoch);
            }
            Fact::Stated { node, event: Event::LeaderElected { partition, leader_epoch, .. } }
                if partition.topic_id == METADATA_TOPIC_ID =>
            {
                self.elected(*node, *leader_epoch, case);
            }
            _ => {}
        }
    }
}

impl PersistBeforeSend {
    fn granted(&mut self, node: NodeId, granted: (i32, i32), case: &mut Case<'_>) {
        let written = self.written.get(&node).copied().unwrap_or((-1, -1));
        if written == granted || written.0 > granted.0 {
            self.voters.entry(granted).or_default().insert(node);
            return;
        }
        case.charge(self, &Scope::node(node), "granted-unrecorded", || {
            let ((epoch, candidate), (known, voted)) = (granted, written);
            format!("node {node} gave its vote of epoch {epoch} to {candidate}; its file says epoch {known} and vote {voted}")
        });
    }

    fn started(&mut self, node: NodeId, case: &mut Case<'_>) {
        let found = case.cluster.nodes.file(node, LogDirId(0), QUORUM_STATE).and_then(|contents| vote(&contents));
        match found {
            Some(found) => self.written.insert(node, found),
            None => self.written.remove(&node),
        };
        let Some(&acknowledged) = self.acknowledged.get(&node) else { return };
        let epoch = found.map_or(-1, |(epoch, _)| epoch);
        if epoch < acknowledged {
            case.charge(self, &Scope::node(node), "forgotten", || {
                format!("node {node} starts with epoch {epoch} in its file, and had acknowledged epoch {acknowledged}")
            });
        }
    }

    fn elected(&self, node: NodeId, epoch: i32, case: &mut Case<'_>) {
        let voters = case.cluster.ghost.voters().len();
        let wrote = self.voters.get(&(epoch, node.0)).map_or(0, BTreeSet::len);
        if voters > 1 && wrote <= voters / 2 {
            case.charge(self, &Scope::node(node), "unrecorded", || {
                format!(
                    "node {node} leads the quorum in epoch {epoch}, and {wrote} of {voters} voters wrote down that vote"
                )
            });
        }
    }
}
