//! What a broker's answers to producers say is so.

use crate::fact::{Fact, FactKind, FactSet, LogRef, Outcome};
use crate::ghost::{Followed, LogGhost, LogId};
use crate::history::Place;
use crate::judge::{Case, Judge};
use crate::ledger::FaultKind;
use crate::payload::Payload;
use crate::property::{Cluster, PropertyId, Scope};
use broker_core::Event;
use std::collections::BTreeMap;

/// An answer without an error to a produce request with acks other than 0, with its log.
struct Success<'a> {
    log: LogId,
    acks: i16,
    base_offset: i64,
    uids: &'a [Payload],
}

impl<'a> Success<'a> {
    fn of(fact: &'a Fact, cluster: &Cluster<'_>) -> Option<Success<'a>> {
        let Fact::ProduceAnswered { node, acks, partition, topic_id, error: 0, base_offset, uids, .. } = fact else {
            return None;
        };
        let log = cluster.ghost.by_id(*node, (*topic_id)?, partition.partition)?;
        (*acks != 0).then_some(Success { log, acks: *acks, base_offset: *base_offset, uids })
    }

    fn end(&self) -> i64 {
        self.base_offset.saturating_add(self.uids.len() as i64)
    }
}

/// W14. A success says that the records stand at the offsets that it names, appended by the incarnation that answers,
/// which has not followed another leader since; with acks=all the high watermark has passed them, and the leader's
/// maximal ISR, as it stated it last, is at least as large as the `min.insync.replicas` that it applies (or has every
/// replica). Source: ORACLES; documentation of `acks` and `min.insync.replicas`; bugs R34 R39.
#[derive(Clone, Debug, Default)]
pub(crate) struct AckSound {
    /// The high watermark of each leader's log when too few replicas were in sync for the last time, while they are.
    too_few_since: BTreeMap<LogRef, i64>,
}

impl Judge for AckSound {
    const ID: PropertyId = PropertyId {
        id: "W14",
        name: "ack soundness",
        sentence: "An acknowledged record stands at its offset, and with acks=all below the high watermark.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::ProduceAnswered, FactKind::Stated]);

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let cluster = case.cluster;
        if let Fact::Stated { node, event: Event::IsrChanged { partition, .. } } = fact {
            return self.note(cluster.ghost.named(*node, partition), cluster);
        }
        let Some(success) = Success::of(fact, cluster) else {
            if let Fact::ProduceAnswered { error: 0, acks, partition, node, .. } = fact
                && *acks != 0
            {
                case.charge(self, &Scope::node(*node), "no-log", || {
                    format!("a success was answered for {partition}, which has no log")
                });
            }
            return;
        };
        let log = cluster.ghost.log(success.log);
        let scope = Scope::range(log, success.base_offset, success.end());
        for (offset, payload) in (success.base_offset..).zip(success.uids) {
            let send = cluster.history.sends().get(payload.uid);
            if send.is_some_and(|send| !send.stands_in(log, log.home, offset)) {
                case.charge(self, &scope, "absent", || {
                    format!(
                        "record {} was acknowledged at offset {offset} of {}, and is not there",
                        payload.uid, log.log
                    )
                });
            }
        }
        let incarnation = cluster.ghost.node(log.log.node).map_or(0, |node| node.incarnation);
        if log.batch(success.base_offset).is_some_and(|held| held.incarnation != incarnation) {
            let base = success.base_offset;
            case.charge(self, &scope, "other-incarnation", || {
                format!(
                    "offset {base} of {} was acknowledged by another incarnation than the one that appended it",
                    log.log
                )
            });
        }
        let visible = high_watermark(log, cluster);
        // A topic that is deleted between the append and the answer takes its log along, and no promise is broken.
        if success.acks == -1 && log.present && visible < success.end() {
            case.charge(self, &scope, "above-high-watermark", || {
                let end = success.end();
                format!("acks=all was answered up to offset {end} of {}, whose high watermark is {visible}", log.log)
            });
        }
        self.check_leadership(&success, log, &scope, case);
    }
}

impl AckSound {
    fn note(&mut self, log: Option<&LogGhost>, cluster: &Cluster<'_>) {
        let Some(log) = log else { return };
        match maximal_isr(log, cluster) {
            Some((in_sync, least)) if in_sync < least => {
                self.too_few_since.entry(log.log.clone()).or_insert(log.high_watermark);
            }
            _ => {
                self.too_few_since.remove(&log.log);
            }
        }
    }

    fn check_leadership(&self, success: &Success<'_>, log: &LogGhost, scope: &Scope, case: &mut Case<'_>) {
        let partition = case.cluster.ghost.partition(log.home);
        let appended_in = log.batch(success.base_offset).map(|held| held.leader_epoch);
        // What was due before may be answered late: its request waits for other partitions, too.
        if let Some((epoch, followed)) = appended_in.zip(partition.followed_in(log.log.node))
            && followed.epoch > epoch
            && !was_due(success, log, &followed, case.cluster)
        {
            case.charge(self, scope, "followed-since", || {
                let (base, followed) = (success.base_offset, followed.epoch);
                format!("offset {base} of {}, appended in epoch {epoch}, was acknowledged after its leader had followed in epoch {followed}", log.log)
            });
        }
        let committed = self.too_few_since.get(&log.log).copied().unwrap_or(i64::MAX);
        if let Some((in_sync, least)) = maximal_isr(log, case.cluster).filter(|(in_sync, least)| in_sync < least)
            && success.acks == -1
            && committed < success.end()
        {
            case.charge(self, scope, "too-few-in-sync", || {
                format!("acks=all of {} was answered with {in_sync} replicas in sync, of at least {least}", log.log)
            });
        }
    }
}

/// Whether a success could have been answered when its leader still led: with acks=1 as soon as it is appended, or synced where that is
/// promised, with acks=all when it is committed.
fn was_due(success: &Success<'_>, log: &LogGhost, followed: &Followed, cluster: &Cluster<'_>) -> bool {
    let synced = || followed.durable >= success.end() || !cluster.ghost.promises_sync(log);
    followed.high_watermark >= success.end() || (success.acks == 1 && synced())
}

/// How many replicas a leader takes for in sync at most, and how many it must have.
fn maximal_isr(log: &LogGhost, cluster: &Cluster<'_>) -> Option<(usize, usize)> {
    let LogRef { node, topic_id, partition } = &log.log;
    let stated = cluster.ghost.leader_isr(*node, *topic_id, partition.partition)?;
    let Event::IsrChanged { maximal_isr, min_isr, .. } = stated else { return None };
    let replicas = cluster.ghost.state_of(log.home)?.replicas.len();
    Some((maximal_isr.len(), replicas.min(usize::try_from(*min_isr).unwrap_or(0))))
}

/// What the leader stated, or shows now.
fn high_watermark(log: &LogGhost, cluster: &Cluster<'_>) -> i64 {
    let view = cluster.nodes.view(log.log.node);
    let shown = view
        .and_then(|view| view.log(log.log.topic_id, log.log.partition.partition))
        .map_or(0, |log| log.high_watermark);
    shown.max(log.high_watermark)
}

/// W15. A record whose send failed, which a client reports only if every attempt's error was definite, stands in no log
/// and is read by nobody, before and after. UNKNOWN_TOPIC_OR_PARTITION may come after the append, in Kafka as well
/// (DelayedProduce): the topic was deleted while the request waited. Then the log has gone with the record, and that
/// somebody read it before says nothing about the broker. Source: ORACLES (Jepsen's table of definite errors, made testable).
#[derive(Clone, Debug, Default)]
pub(crate) struct RefusalSound;

impl Judge for RefusalSound {
    const ID: PropertyId = PropertyId {
        id: "W15",
        name: "negative-ack soundness",
        sentence: "A record whose send definitely failed never becomes visible.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::SendCompleted, FactKind::Appended, FactKind::PollCompleted]);

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        match fact {
            Fact::SendCompleted { payload, outcome: Outcome::Failed(_), .. } => self.check(payload, "stands", case),
            Fact::Appended { batch, .. } => {
                let payloads = batch.records.iter().filter_map(|record| record.payload.as_ref());
                payloads.for_each(|payload| self.check(payload, "appended", case));
            }
            Fact::PollCompleted { records, .. } => {
                let payloads = records.iter().filter_map(|read| read.record.payload.as_ref());
                payloads.for_each(|payload| self.check(payload, "read", case));
            }
            _ => {}
        }
    }
}

impl RefusalSound {
    fn check(&self, payload: &Payload, kind: &'static str, case: &mut Case<'_>) {
        let cluster = case.cluster;
        let Some(send) = cluster.history.sends().get(payload.uid) else { return };
        let Some(Outcome::Failed(error)) = send.ended() else { return };
        let stands = |place: &&Place| send.holders(**place, cluster.ghost).next().is_some();
        let Some(place) = send.places().filter(stands).last().copied() else { return };
        case.charge(self, &Scope::default(), kind, || {
            let log = &cluster.ghost.partition(place.home).partition;
            format!("record {} failed with error {error}, and stands at offset {} of {log}", payload.uid, place.offset)
        });
    }
}

/// W43. Where the configuration promises a sync before the acknowledgement (`flush.messages=1`; the metadata log
/// always, KIP-595), what is acknowledged (of the metadata log: committed) can no longer be lost with the power. A
/// lying sync, and a write that went elsewhere, excuse what they left out. Where
/// there are several replicas, a follower's fetch says what it holds, so there a follower syncs before it fetches (of a
/// quorum with several voters, W35 has the majority). So does a sync that failed in an earlier
/// incarnation: its pages read well and are never durable (fsyncgate), and a process that starts again cannot know them
/// from others. The incarnation that was told of the failure has no excuse. Source: ORACLES; bugs D24, D01.
#[derive(Clone, Debug, Default)]
pub(crate) struct DurableBeforeAck;

impl Judge for DurableBeforeAck {
    const ID: PropertyId = PropertyId {
        id: "W43",
        name: "durable before ack",
        sentence: "Where a sync is promised, nothing is acknowledged or committed before it is durable.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::ProduceAnswered, FactKind::Stated, FactKind::FollowerFetched]);
    const EXCUSED_BY: &'static [FaultKind] = &[FaultKind::LyingSync, FaultKind::MisdirectedWrite];

    fn observe(&mut self, fact: &Fact, case: &mut Case<'_>) {
        let cluster = case.cluster;
        if let Some(success) = Success::of(fact, cluster) {
            let log = cluster.ghost.log(success.log);
            if log.present && log.durable < success.end() && cluster.ghost.promises_sync(log) {
                self.accuse(log, success.end(), "ack-before-durable", case);
            }
        }
        if let Fact::Stated { node, event: Event::HighWatermarkAdvanced { partition, to } } = fact
            && let Some(log) = cluster.ghost.named(*node, partition)
            && log.is_metadata()
            && log.durable < *to
            && cluster.ghost.voters().len() <= 1
        {
            self.accuse(log, *to, "commit-before-durable", case);
        }
        if let Fact::FollowerFetched { replica, topic_id: Some(topic_id), partition, fetch_offset, .. } = fact
            && let Some(id) = cluster.ghost.by_id(*replica, *topic_id, partition.partition)
        {
            let log = cluster.ghost.log(id);
            // A frame may come late, after its sender has cut what it said that it holds.
            if log.most_durable < *fetch_offset && cluster.ghost.promises_sync(log) {
                self.accuse(log, *fetch_offset, "fetch-before-durable", case);
            }
        }
    }
}

impl DurableBeforeAck {
    fn accuse(&self, log: &LogGhost, to: i64, kind: &'static str, case: &mut Case<'_>) {
        let scope = Scope::range(log, log.durable, to);
        let (ledger, failed) = (case.cluster.ledger, &[FaultKind::FailedSync]);
        // A fetch may have been sent before its sender was told.
        let told = kind != "fetch-before-durable"
            && case.cluster.ghost.node(log.log.node).is_some_and(|node| {
                let offline = log.log_dir.is_some_and(|log_dir| node.failed_dirs.contains_key(&log_dir));
                offline && ledger.excuse(&scope.clone().since(node.started), failed).is_some()
            });
        let inherited = ledger.excuse(&scope, failed).filter(|_| !told);
        if let Some(fault) = inherited {
            return case.verdicts.excuse(Self::ID, fault);
        }
        case.charge(self, &scope, kind, || {
            format!("{} was acknowledged up to offset {to}, and is durable up to {}", log.log, log.durable)
        });
    }
}
