//! The end of a run, when faults have stopped: applications finish, and a fresh producer and a fresh reader see whether the cluster
//! works. Then it is at rest; or it is not within the Plan's bound, and then the disks must show why it could not be, or it is a violation.

use super::World;
use super::cast::ClientSeat;
use super::leaders::METADATA;
use super::queue::{ActorId, What};
use super::trace::Mark;
use super::{build, micros};
use crate::plan::{Action, ClientOp, FIRST_READER, Role, StartAt, Step, When};
use broker_core::LogView;
use properties::{Fact, FactKind, PropertyId};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use wire::{Instant, TopicPartition, Uuid};

/// How often the World looks whether all is at rest, in microseconds; no multiple of anything that a broker does now and then.
pub(super) const CHECK_US: u64 = 97_001;
/// A reader that polls so often in a row without getting anything has stopped making progress.
const EMPTY_POLLS: u32 = 15;
/// One that lived through the faults may first have to learn that its connection is dead: a machine that lost its power
/// says nothing, and `request.timeout.ms` is 30 seconds.
const PATIENCE: Duration = Duration::from_secs(45);
/// How often such a one polls, in microseconds: where some of its partitions are gone, polls bring an error at once.
const READ_ON_US: u64 = 20_000;
/// An idle controller writes a record now and then, and for a moment its followers are behind: only what is pending at each of so many looks
/// keeps the rest away, and it is judged at a look that finds nothing else, if there is one before so many.
const LATE_LOOKS: u32 = 10;
const MOST_LATE_LOOKS: u32 = 50;

/// How far the end has come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rest {
    phase: Phase,
    deadline: Instant,
    /// How much metadata somebody knew to be committed when faults stopped.
    committed: i64,
}

#[derive(Clone, Debug, Default)]
enum Phase {
    /// The Plan's steps are being carried out.
    #[default]
    Running,
    /// Applications finish what they began.
    Draining { flushed: bool },
    /// A fresh producer writes to every live partition.
    Probing(ActorId),
    /// A fresh reader reads every live partition up to its end, and the old ones read on.
    Reading(ActorId, BTreeMap<TopicPartition, i64>),
    /// The bound has passed: what was pending at every look since, and how often the World has looked.
    Late(BTreeSet<String>, u32),
}

impl Rest {
    /// Whether faults have stopped.
    pub(crate) fn has_healed(&self) -> bool {
        !matches!(self.phase, Phase::Running)
    }
}

impl World {
    /// Liveness is due from now on.
    pub(super) fn await_rest(&mut self) {
        let last = self.plan.steps.iter().filter_map(|step| last_of(&step.when, &step.action)).max().unwrap_or(0);
        let bound = self.plan.heal_at_us.max(last).saturating_add(self.plan.rest_within_us);
        let mut committed = 0;
        self.each_log(|_, log| {
            if log.topic_id == METADATA {
                committed = committed.max(log.high_watermark);
            }
        });
        self.rest = Rest { phase: Phase::Draining { flushed: false }, deadline: micros(bound), committed };
        self.judge(&Fact::Healed {});
        self.queue.push(self.after(CHECK_US), u64::MAX, What::Check);
    }

    /// Is everything at rest? If not, what comes next, or why can it not be?
    pub(super) fn check(&mut self) {
        let phase = std::mem::take(&mut self.rest.phase);
        let next = match phase {
            Phase::Running => Phase::Running,
            Phase::Draining { flushed } => self.drained(flushed),
            Phase::Probing(prober) if self.is_idle(prober) => self.read_everything(),
            Phase::Reading(reader, goals) if !self.have_read_on() => Phase::Reading(reader, goals),
            Phase::Reading(reader, goals) if self.has_read(reader, &goals) && self.is_still() => return self.rests(),
            Phase::Reading(reader, ref goals) if !self.has_read(reader, goals) && self.is_stuck(reader) => {
                if self.was_told(reader, goals) {
                    return self.rests();
                }
                self.is_too_late()
            }
            Phase::Late(lasting, looks) => return self.look_again(lasting, looks),
            waiting => waiting,
        };
        let next = if self.is_late(&next) { self.is_too_late() } else { next };
        self.wait_in(next);
    }

    fn wait_in(&mut self, phase: Phase) {
        self.rest.phase = phase;
        self.queue.push(self.after(CHECK_US), u64::MAX, What::Check);
    }

    fn is_too_late(&self) -> Phase {
        Phase::Late(self.pending().into_iter().collect(), 0)
    }

    fn look_again(&mut self, mut lasting: BTreeSet<String>, looks: u32) {
        let pending: BTreeSet<String> = self.pending().into_iter().collect();
        lasting.retain(|what| pending.contains(what));
        if looks >= MOST_LATE_LOOKS || (looks >= LATE_LOOKS && pending == lasting) {
            return self.cannot_rest(&lasting);
        }
        self.wait_in(Phase::Late(lasting, looks + 1));
    }

    /// Whether the bound has passed. Readers that get something are let read on, however late it is; those that do not are stuck soon. When
    /// they are through, followers may take as long again as a reader to catch up.
    fn is_late(&self, next: &Phase) -> bool {
        let late_by = self.now.since(self.rest.deadline);
        match next {
            _ if self.now < self.rest.deadline => false,
            Phase::Reading(reader, goals) => {
                late_by >= PATIENCE && self.has_read(*reader, goals) && self.have_read_on()
            }
            _ => true,
        }
    }

    fn drained(&mut self, flushed: bool) -> Phase {
        let all_live = self.cast.ids().all(|actor| self.cast.lives(actor) || self.cast.is_frozen(actor));
        let later =
            |step: &Step| step.action.fault().is_none() && matches!(step.when, When::At(at) if micros(at) > self.now);
        let waiting = self.plan.steps.iter().any(later);
        if !all_live || waiting || !self.is_led() {
            return Phase::Draining { flushed };
        }
        if !flushed {
            self.flush();
            return Phase::Draining { flushed: true };
        }
        let idle = self.cast.client_ids().all(|actor| self.is_idle(actor));
        if idle { self.probe() } else { Phase::Draining { flushed } }
    }

    fn flush(&mut self) {
        for actor in self.cast.client_ids() {
            if self.cast.client(actor).is_some_and(|seat| seat.role == client_core::Role::Producer) {
                self.take_on(actor, &ClientOp::Flush);
            }
        }
    }

    fn is_idle(&self, actor: ActorId) -> bool {
        self.cast.client(actor).is_some_and(|seat| seat.app.is_idle())
    }

    /// Every partition that can be used, where it is led, with the end of what can be read. One node need not have begun to lead.
    fn live_partitions(&self) -> BTreeMap<TopicPartition, i64> {
        let alone = self.cast.nodes.len() == 1;
        let mut live = BTreeMap::<TopicPartition, (Rank, i64)>::new();
        self.each_log(|_, log| {
            let rank = rank(&log);
            if log.topic_id == METADATA || !log.online || !(alone || log.leads) {
                return;
            }
            let end = log.corrupt_from.map_or(log.high_watermark, |corrupt| corrupt.min(log.high_watermark));
            let at = TopicPartition { topic: log.topic.clone(), partition: log.partition };
            if live.get(&at).is_none_or(|(other, _)| *other <= rank) {
                live.insert(at, (rank, end));
            }
        });
        live.into_iter().map(|(at, (_, end))| (at, end)).collect()
    }

    /// A new producer writes one record to every live partition, with acks=all.
    fn probe(&mut self) -> Phase {
        let partitions = self.live_partitions();
        let Some(prober) = self.join(FIRST_READER + 1, Role::Producer, &[("acks", "all")]) else {
            return Phase::Draining { flushed: true };
        };
        for TopicPartition { topic, partition } in partitions.into_keys() {
            let topic = topic.to_string();
            let send = ClientOp::Send { topic, partition: Some(partition), key: None, size: 0, count: 1, every_us: 0 };
            self.take_on(prober, &send);
        }
        Phase::Probing(prober)
    }

    /// A new reader reads every live partition from its start.
    fn read_everything(&mut self) -> Phase {
        let goals = self.live_partitions();
        let Some(reader) = self.join(FIRST_READER, Role::Consumer, &[("auto.offset.reset", "earliest")]) else {
            return Phase::Reading(0, BTreeMap::new());
        };
        self.read_on();
        let partitions = goals.keys().map(|at| (at.topic.to_string(), at.partition)).collect();
        self.take_on(reader, &ClientOp::Assign { partitions, start: StartAt::Earliest });
        self.take_on(reader, &ClientOp::Poll { max_records: 10_000, count: u32::MAX, every_us: 0 });
        Phase::Reading(reader, goals)
    }

    /// The consumers of the Plan go on from where they are.
    fn read_on(&mut self) {
        let now = self.now;
        for actor in self.cast.client_ids() {
            let Some(seat) = self.cast.client_mut(actor) else { continue };
            if seat.id < FIRST_READER && seat.app.assignment.is_some() {
                seat.app.got_at = now;
                self.take_on(actor, &ClientOp::Poll { max_records: 10_000, count: u32::MAX, every_us: READ_ON_US });
            }
        }
    }

    /// Whether every consumer of the Plan is at the end of what it has begun to read, or gets nothing any more.
    fn have_read_on(&self) -> bool {
        let ends = self.live_partitions();
        let mut seats = self.cast.client_ids().filter_map(|actor| self.cast.client(actor));
        seats.all(|seat| {
            let behind = |(at, end): (&TopicPartition, &i64)| seat.app.read_to.get(at).is_some_and(|read| read < end);
            seat.id >= FIRST_READER || self.now.since(seat.app.got_at) >= PATIENCE || !ends.iter().any(behind)
        })
    }

    /// A client of the World's own joins the cast.
    fn join(&mut self, id: u16, role: Role, settings: &[(&str, &str)]) -> Option<ActorId> {
        let actor = build::own_client(&self.plan, id, role, settings, self.draw)?;
        self.cast.actors.push(actor);
        let place = (self.cast.actors.len() - 1) as ActorId;
        self.plan_start(place, self.now);
        Some(place)
    }

    /// Whether every broker that runs was unfenced.
    fn all_serve(&self) -> bool {
        let mut brokers = self.cast.broker_ids().filter(|&actor| !self.cast.is_frozen(actor));
        brokers.all(|actor| {
            self.cast.broker(actor).and_then(|seat| seat.broker.as_ref()).is_none_or(|broker| broker.view().serves())
        })
    }

    /// Whether every replica that is up with its leader is in sync, too: that takes its next fetch, and the controller.
    fn is_in_sync(&self) -> bool {
        let mut lacking: BTreeMap<(Uuid, i32), usize> = BTreeMap::new();
        let leaders = self.leaders();
        leaders.iter().filter(|((topic_id, _), _)| *topic_id != METADATA).for_each(|(&key, leader)| {
            lacking.insert(key, leader.in_sync);
        });
        let mut whole = true;
        self.each_log(|_, log| {
            let Some(left) = lacking.get_mut(&(log.topic_id, log.partition)).filter(|_| log.online) else { return };
            whole &= *left > 0 || log.corrupt_from.is_some();
            *left = left.saturating_sub(1);
        });
        whole
    }

    /// Whether nothing waits to be committed and every follower is where its leader is, but in log directories that failed: there nothing
    /// ever is. An idle controller writes a record now and then, so this is not so at every instant.
    fn is_still(&self) -> bool {
        let leaders = self.leaders();
        let alone = self.cast.nodes.len() == 1;
        let mut still = self.is_led() && (alone || (self.is_in_sync() && self.all_serve()));
        self.each_log(|actor, log| {
            still &= match leaders.get(&(log.topic_id, log.partition)) {
                _ if !log.online => true,
                Some(leader) if leader.actor != actor => leader.is_level_with(&log) && self.has_heard(&log),
                // Without a leader nothing can be committed.
                None if !alone => true,
                _ => log.high_watermark >= log.log_end_offset,
            };
        });
        still
    }

    /// Whether a node knows the metadata that was committed when faults stopped: what was slow by then may still be under way.
    fn has_heard(&self, log: &LogView<'_>) -> bool {
        log.topic_id != METADATA || log.corrupt_from.is_some() || log.high_watermark >= self.rest.committed
    }

    fn has_read(&self, reader: ActorId, goals: &BTreeMap<TopicPartition, i64>) -> bool {
        self.unread(reader, goals).next().is_none()
    }

    /// Partitions that a reader has not read to the end, with the end.
    fn unread<'a>(
        &'a self,
        reader: ActorId,
        goals: &'a BTreeMap<TopicPartition, i64>,
    ) -> impl Iterator<Item = (&'a TopicPartition, i64)> {
        let read_to = self.cast.client(reader).map(|seat| &seat.app.read_to);
        let read = move |at: &TopicPartition| read_to.and_then(|read_to| read_to.get(at)).copied().unwrap_or(0);
        let start = |at: &TopicPartition| self.log_start(at);
        goals.iter().filter(move |&(at, &end)| read(at) < end && start(at) < end).map(|(at, &end)| (at, end))
    }

    /// Where a partition begins, as its leader says.
    fn log_start(&self, at: &TopicPartition) -> i64 {
        let mut start = (Rank::default(), 0);
        self.each_log(|_, log| {
            if *log.topic == at.topic && log.partition == at.partition && start.0 <= rank(&log) {
                start = (rank(&log), log.log_start_offset);
            }
        });
        start.1
    }

    fn is_stuck(&self, reader: ActorId) -> bool {
        self.cast.client(reader).is_none_or(|seat| seat.app.empty_polls >= EMPTY_POLLS)
    }

    /// Everything was answered and read back, or the bound has passed: liveness is judged.
    fn rests(&mut self) {
        self.trace.add(self.now, Mark::Phase, 0, 2);
        self.judge(&Fact::AtRest {});
        self.conclude();
    }

    /// The bound has passed. The judges say what stood in the way, and what excuses it; if they find nothing, and something is still to be
    /// done, that is a violation too. (Nothing is, where only a node that cannot start keeps the rest away: L03 says whether it ought to run.)
    fn cannot_rest(&mut self, pending: &BTreeSet<String>) {
        let found = |world: &World| {
            let verdicts = world.court.verdicts();
            verdicts.violations.len() as u64 + verdicts.excused.values().sum::<u64>()
        };
        let before = found(self);
        self.rests();
        let judged = self.court.wants(FactKind::AtRest);
        if let (true, Some(property)) = (judged && found(self) == before, unanswered()) {
            let bound_ms = self.plan.rest_within_us / 1_000;
            if !pending.is_empty() {
                let pending = pending.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
                let detail = format!("not at rest {bound_ms} ms after healing; still to be done: {pending}");
                self.accuse(property, "restless", detail);
            }
        }
    }

    /// Whether the reader was told an error of each partition that it has not read to the end: L05 asks for no more.
    fn was_told(&self, reader: ActorId, goals: &BTreeMap<TopicPartition, i64>) -> bool {
        let Some(seat) = self.cast.client(reader) else { return false };
        self.unread(reader, goals).all(|(at, _)| seat.app.told.contains(at))
    }

    /// What clients still wait for, and the cluster with them.
    fn pending(&self) -> Vec<String> {
        let seats = self.cast.client_ids().filter_map(|actor| self.cast.client(actor));
        let of_seat = |seat: &ClientSeat| {
            let (id, pending) = (seat.id, seat.app.pending.values());
            pending.map(|pending| format!("client {id}: {}", pending.what())).collect::<Vec<_>>()
        };
        seats.flat_map(of_seat).chain(self.behind()).collect()
    }

    /// What keeps a cluster from being still.
    fn behind(&self) -> Vec<String> {
        let (leaders, mut behind) = (self.leaders(), Vec::new());
        if self.cast.nodes.len() > 1 && self.leaderless().is_none() {
            behind.push("a controller that every broker follows".to_owned());
        }
        for (topic_id, partition) in self.leaderless().unwrap_or_default() {
            behind.push(format!("a leader for partition {partition} of topic {topic_id}"));
        }
        self.each_log(|actor, log| {
            let leader = leaders.get(&(log.topic_id, log.partition)).filter(|leader| leader.actor != actor);
            if log.online && leader.is_some_and(|leader| !leader.is_level_with(&log) || !self.has_heard(&log)) {
                behind.push(format!("{} behind the leader of {}-{}", self.cast.name(actor), log.topic, log.partition));
            }
        });
        behind
    }

    /// The run is over; the judges say what they have kept to themselves.
    pub(super) fn conclude(&mut self) {
        self.over = true;
        let before = self.violations().len();
        self.court.finish(self.moment(), &self.cast);
        self.tell_violations(before);
    }
}

/// Whose word on a partition counts: a leader's, and of several who believe that they lead, the latest's.
type Rank = (bool, i32);

fn rank(log: &LogView<'_>) -> Rank {
    (log.leads, log.leader_epoch)
}

/// What a run violates that does not come to rest.
fn unanswered() -> Option<PropertyId> {
    properties::catalogue().into_iter().find(|property| property.id == "L03")
}

/// When a client's step ends that is planned for a time, in microseconds.
fn last_of(when: &When, action: &Action) -> Option<u64> {
    let (When::At(at), Action::Do(op)) = (when, action) else { return None };
    let length = match op {
        ClientOp::Send { count, every_us, .. } | ClientOp::Poll { count, every_us, .. } => {
            u64::from(*count).saturating_mul(*every_us)
        }
        _ => 0,
    };
    Some(at.saturating_add(length))
}
