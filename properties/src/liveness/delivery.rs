//! Producers are answered and consumers reach the end.

use super::{running_replicas, unreachable};
use crate::fact::{Fact, FactKind, FactSet, Outcome};
use crate::history::{Consumer, Reading, Send};
use crate::judge::{Case, Judge};
use crate::ledger::{CHANGED_BYTES, FaultKind};
use crate::property::{Claim, Cluster, PropertyId, Scope};
use std::time::Duration;
use wire::{Instant, NodeId, TopicPartition};

/// L03. At rest every broker runs, every send of a client that lives has ended, and sends with acks other than 0 that
/// were invoked after faults stopped have succeeded if their log was there, unless their error was the record's own
/// fault. What was sent with records for a damaged log is as late as those. In a cluster a minority may be left down when faults stop, and then a partition that cannot have enough
/// replicas in sync may refuse. Name in TLA+: EventuallyWriteIsAcceptedOrRejected.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProduceAnswered;

/// Errors that the record or its request deserves, whatever the state of the cluster: CORRUPT_MESSAGE,
/// MESSAGE_TOO_LARGE, INVALID_TOPIC_EXCEPTION, RECORD_LIST_TOO_LARGE, INVALID_REQUIRED_ACKS, INVALID_TIMESTAMP,
/// UNSUPPORTED_VERSION, INVALID_RECORD.
const DESERVED: &[i16] = &[2, 10, 17, 18, 21, 32, 35, 87];

impl Judge for ProduceAnswered {
    const ID: PropertyId = PropertyId {
        id: "L03",
        name: "EventuallyWriteIsAcceptedOrRejected",
        sentence: "After healing every pending produce is answered, and new ones with acks=all succeed.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::AtRest]);

    fn claim(&self, scope: &Scope, cluster: &Cluster<'_>) -> Claim {
        unreachable(scope, cluster)
    }

    fn observe(&mut self, _: &Fact, case: &mut Case<'_>) {
        let cluster = case.cluster;
        for &node in cluster.nodes.ids() {
            if cluster.nodes.view(node).is_none() && ought_to_run(node, cluster) {
                case.charge(self, &Scope::node(node), "down", || format!("node {node} does not run at rest"));
            }
        }
        for send in cluster.history.sends().iter() {
            self.check(send, case);
        }
    }
}

impl ProduceAnswered {
    fn check(&self, send: &Send, case: &mut Case<'_>) {
        let healed = case.cluster.ghost.healed().is_some_and(|healed| send.invoked > healed);
        let kind = match send.ended() {
            None if !send.orphaned => "pending",
            Some(Outcome::Failed(error)) if healed && !DESERVED.contains(error) => "refused",
            Some(Outcome::Unknown(error)) if healed && !send.orphaned && !DESERVED.contains(error) => "timed-out",
            _ => return,
        };
        let Some(scope) = scope(send, case.cluster) else { return };
        if kind != "pending" && lacks_replicas(&scope, case.cluster) {
            return;
        }
        if let Some(fault) = damaged_companion(&scope, case.cluster).filter(|_| kind == "timed-out") {
            return case.verdicts.excuse(Self::ID, fault);
        }
        case.charge(self, &scope, kind, || {
            let (uid, topic, outcome) = (send.payload.uid, &send.payload.topic, send.ended());
            format!("record {uid} to {topic}, sent at {} ms, ended as {outcome:?}", send.invoked.at.as_millis())
        });
    }
}

/// Whether a node that does not run is one that should: the only one, one of a majority, or one that fell after faults
/// had stopped.
fn ought_to_run(node: NodeId, cluster: &Cluster<'_>) -> bool {
    let ids = cluster.nodes.ids();
    let running = ids.iter().filter(|&&other| cluster.nodes.view(other).is_some()).count();
    let fell = cluster.ghost.node(node).zip(cluster.ghost.healed()).is_some_and(|(it, healed)| it.stopped > healed);
    running <= ids.len() / 2 || fell
}

/// A request is answered when all of its partitions are: one that a damaged log keeps waiting is late for the others, too.
fn damaged_companion(scope: &Scope, cluster: &Cluster<'_>) -> Option<FaultKind> {
    let home = cluster.ghost.get(scope.log.as_ref()?)?.home;
    let leader = cluster.ghost.partition(home).leader?.node;
    cluster.ghost.logs_of(leader).find_map(|log| cluster.ledger.excuse(&Scope::log(log), CHANGED_BYTES))
}

/// Whether too few replicas run for the ISR that acks=all needs.
fn lacks_replicas(scope: &Scope, cluster: &Cluster<'_>) -> bool {
    let log = scope.log.as_ref().and_then(|log| cluster.ghost.get(log));
    let state = log.and_then(|log| cluster.ghost.state_of(log.home));
    state.is_some_and(|state| (running_replicas(state, cluster) as i32) < cluster.ghost.min_isr(state))
}

/// The log that a send is about; None if its topic is not there, so that there is nothing to claim.
fn scope(send: &Send, cluster: &Cluster<'_>) -> Option<Scope> {
    let partition = send.payload.partition.or(send.routed).unwrap_or(0);
    let topic = &send.payload.topic;
    if cluster.ghost.topics().deletion_asked(topic) && send.ended().is_some() {
        return None;
    }
    cluster.ghost.current(topic, partition).map(Scope::log)
}

/// L05. At rest each final reader has read every partition that it was assigned to its log's end, or was told an error.
/// Final readers are clients that came after faults had stopped. A consumer that lived through the faults and had read
/// something reads on to the end, too (Bufstream's stuck consumers); it is not judged where its log lost something or may
/// have been deleted, because it may rightly have been put elsewhere then.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReachesEnd;

impl Judge for ReachesEnd {
    const ID: PropertyId = PropertyId {
        id: "L05",
        name: "consumers reach the end",
        sentence: "After healing every assigned consumer reaches the end or is told an error.",
    };
    const INTERESTS: FactSet = FactSet::of(&[FactKind::AtRest]);

    fn claim(&self, scope: &Scope, cluster: &Cluster<'_>) -> Claim {
        unreachable(scope, cluster)
    }

    fn observe(&mut self, _: &Fact, case: &mut Case<'_>) {
        let cluster = case.cluster;
        let Some(healed) = cluster.ghost.healed() else { return };
        for ((client, _), consumer) in cluster.history.consumers().living_since(healed) {
            for (partition, reading) in &consumer.assigned {
                self.check(*client, partition, reading, case);
            }
        }
        let reads_on = |consumer: &Consumer| reads_on(consumer, cluster.moment.at);
        for ((client, _), consumer) in cluster.history.consumers().living_before(healed).filter(|(_, it)| reads_on(it))
        {
            let begun =
                consumer.assigned.iter().filter(|(at, reading)| reading.last_offset.is_some() && lasts(at, cluster));
            for (partition, reading) in begun {
                self.check(*client, partition, reading, case);
            }
        }
    }
}

/// An application whose last poll ended longer ago has stopped asking.
const ASKS_WITHIN: Duration = Duration::from_secs(10);

impl ReachesEnd {
    fn check(&self, client: u16, partition: &TopicPartition, reading: &Reading, case: &mut Case<'_>) {
        let Some(log) = case.cluster.ghost.current(&partition.topic, partition.partition) else { return };
        let next = reading.last_offset.map_or(0, |last| last.saturating_add(1));
        let partition_ghost = case.cluster.ghost.partition(log.home);
        // What too few replicas have is not to be read yet; L04 says whether that may be so.
        let end = if partition_ghost.logs.len() > 1 { partition_ghost.committed_end().min(log.end) } else { log.end };
        if next >= end || reading.error.is_some() || case.cluster.nodes.view(log.log.node).is_none() {
            return;
        }
        case.charge(self, &Scope::range(log, next, end), "stuck", || {
            format!("client {client} stands at offset {next} of {partition}, whose end is {end}, and was told no error")
        });
    }
}

/// Whether an application still asks for records, and gets them: one that is told of a partition that it cannot read gets
/// nothing else until it does something about that, as with Java's client.
fn reads_on(consumer: &Consumer, now: Instant) -> bool {
    let told = consumer.assigned.values().any(|reading| reading.error.is_some());
    consumer.polled_at.at + ASKS_WITHIN >= now && !told
}

/// Whether a partition's log never lost anything, nor may be a later one of that name.
fn lasts(at: &TopicPartition, cluster: &Cluster<'_>) -> bool {
    let log = cluster.ghost.current(&at.topic, at.partition);
    log.is_some_and(|log| cluster.ghost.partition(log.home).generation == 0)
        && !cluster.ghost.topics().deletion_asked(&at.topic)
}
