//! Whether a Plan can be run at all: ids that exist, names that are known, numbers that are sane.
//!
//! A Plan may come from anywhere, so nothing in it is trusted. What is refused here is what the World could not carry out, or only with
//! absurd amounts of time and memory; a topic name that Kafka refuses is not, because that is something to try.

use super::{Action, ClientOp, ClientPlan, Pattern, Plan, PlanError, Role, Step, Survival, When, Who};
use std::collections::BTreeSet;

/// The longest time that a Plan can name: a week.
const MAX_US: u64 = 7 * 24 * 3_600 * 1_000_000;
/// Time enough for the final reader, and for an operator to start what had halted.
const MIN_REST_US: u64 = 30_000_000;
/// How many nodes the World can run.
const MAX_NODES: u16 = 5;
const MAX_LOG_DIRS: u8 = 8;
const MAX_CLIENTS: usize = 256;
const MAX_STEPS: usize = 100_000;
const MAX_EVENTS: u64 = 10_000_000_000;
const MAX_VALUE_BYTES: u32 = 64 << 20;
const MAX_RECORDS: u64 = 10_000_000;
const MAX_BYTES: u64 = 8 << 30;
const MAX_NAME: usize = 1_000;
const MAX_PARTITIONS: i32 = 10_000;
/// Client ids from here on belong to the World's own readers.
pub(crate) const FIRST_READER: u16 = 60_000;

type Checked = Result<(), PlanError>;

impl Plan {
    /// Says what could not be run, where it stands, and what to do.
    pub fn validate(&self) -> Checked {
        ensure(self.format == 1, "format", || format!("{} is unknown", self.format), "this build reads format 1")?;
        within("heal_at_us", self.heal_at_us, 0, MAX_US)?;
        within("rest_within_us", self.rest_within_us, MIN_REST_US, MAX_US)?;
        within("max_events", self.max_events, 1, MAX_EVENTS)?;
        self.check_topology()?;
        self.check_weather()?;
        self.check_steps()
    }

    fn check_topology(&self) -> Checked {
        let topology = &self.topology;
        within("topology.nodes", topology.nodes.into(), 1, MAX_NODES.into())?;
        within("topology.log_dirs", topology.log_dirs.into(), 1, MAX_LOG_DIRS.into())?;
        within("topology.disk_bytes", topology.disk_bytes, 1 << 16, 1 << 40)?;
        within("topology.clients, how many", topology.clients.len() as u64, 0, MAX_CLIENTS as u64)?;
        for (&node, skew_ms) in &topology.skew_ms {
            let known = (1..=i32::from(topology.nodes)).contains(&node);
            let hint = "name nodes of the topology";
            ensure(known, "topology.skew_ms", || format!("node {node} does not exist"), hint)?;
            within("topology.skew_ms", skew_ms.unsigned_abs(), 0, MAX_US / 1_000)?;
        }
        let mut ids = BTreeSet::new();
        for (index, client) in topology.clients.iter().enumerate() {
            let at = format!("topology.clients[{index}].id");
            within(&at, client.id.into(), 0, u64::from(FIRST_READER) - 1)?;
            ensure(ids.insert(client.id), &at, || format!("{} is taken", client.id), "give every client its own id")?;
        }
        Ok(())
    }

    fn check_weather(&self) -> Checked {
        let weather = &self.weather;
        delays("weather.network_us", weather.network_us)?;
        delays("weather.sync_us", weather.sync_us)?;
        delays("weather.read_us", weather.read_us)?;
        let year_9999 = 253_402_300_799_000;
        let sane = (0..=year_9999).contains(&weather.wall_ms);
        ensure(
            sane,
            "weather.wall_ms",
            || format!("{} is no date", weather.wall_ms),
            "use milliseconds since 1970, up to the year 9999",
        )
    }

    fn check_steps(&self) -> Checked {
        within("steps, how many", self.steps.len() as u64, 0, MAX_STEPS as u64)?;
        let mut ids = BTreeSet::new();
        let mut load = Load::default();
        for (index, step) in self.steps.iter().enumerate() {
            let at = format!("steps[{index}] (id {})", step.id);
            ensure(ids.insert(step.id), &at, || "its id is taken".into(), "give every step its own id")?;
            Site { plan: self, at }.check(step)?;
            load.add(&step.action);
        }
        within("steps, records sent in all", load.records, 0, MAX_RECORDS)?;
        within("steps, bytes sent in all", load.bytes, 0, MAX_BYTES)
    }

    fn client(&self, id: u16) -> Option<&ClientPlan> {
        self.topology.clients.iter().find(|client| client.id == id)
    }
}

/// What the sends of a Plan come to.
#[derive(Default)]
struct Load {
    records: u64,
    bytes: u64,
}

impl Load {
    fn add(&mut self, action: &Action) {
        if let Action::Do(ClientOp::Send { size, count, .. }) = action {
            self.records = self.records.saturating_add(u64::from(*count));
            self.bytes = self.bytes.saturating_add(u64::from(*count) * u64::from(*size));
        }
    }
}

/// One step under examination.
struct Site<'a> {
    plan: &'a Plan,
    at: String,
}

impl Site<'_> {
    fn check(&self, step: &Step) -> Checked {
        self.when(&step.when)?;
        self.who(&step.who)?;
        self.fits(step)?;
        self.action(&step.action)?;
        match (&step.action, &step.who) {
            (Action::Do(op), Who::Client(id)) => self.op(op, *id),
            _ => Ok(()),
        }
    }

    fn within(&self, field: &str, value: u64, least: u64, most: u64) -> Checked {
        within(&format!("{}.{field}", self.at), value, least, most)
    }

    fn time(&self, field: &str, value: u64) -> Checked {
        self.within(field, value, 0, MAX_US)
    }

    fn when(&self, when: &When) -> Checked {
        match when {
            When::At(at) => self.time("when.at", *at),
            When::After(pattern, nth, delay) => {
                self.within("when.after, which match", (*nth).into(), 1, u32::MAX.into())?;
                self.time("when.after, delay", *delay)?;
                self.pattern(pattern)
            }
        }
    }

    fn pattern(&self, pattern: &Pattern) -> Checked {
        let name = pattern.event.as_str();
        let at = format!("{}.when.after.event", self.at);
        ensure(is_event(name), &at, || format!("'{}' is no event", clip(name)), "see the events of `tribunal list`")?;
        pattern.node.map_or(Ok(()), |node| self.node(node))
    }

    fn node(&self, node: i32) -> Checked {
        let known = node >= 1 && node <= i32::from(self.plan.topology.nodes);
        let hint = format!("nodes count from 1 to {}", self.plan.topology.nodes);
        ensure(known, &self.at, || format!("node {node} does not exist"), &hint)
    }

    fn who(&self, who: &Who) -> Checked {
        match who {
            Who::Node(node) => self.node(*node),
            Who::Client(id) => {
                let hint = "name a client of topology.clients";
                ensure(self.plan.client(*id).is_some(), &self.at, || format!("client {id} does not exist"), hint)
            }
            Who::Leader(topic, partition) | Who::Follower(topic, partition, _) => self.partition(topic, *partition),
            Who::ActiveController => Ok(()),
        }
    }

    fn node_of_a_side(&self, who: &Who) -> Checked {
        let client = matches!(who, Who::Client(_));
        ensure(!client, &self.at, || "a client is on no side".into(), "name nodes in `with`")?;
        self.who(who)
    }

    fn partition(&self, topic: &str, partition: i32) -> Checked {
        self.name("topic", topic)?;
        let sane = (0..=MAX_PARTITIONS).contains(&partition);
        ensure(sane, &self.at, || format!("partition {partition} cannot exist"), "partitions count from 0 to 10000")
    }

    fn name(&self, field: &str, name: &str) -> Checked {
        self.within(&format!("{field}, length"), name.len() as u64, 0, MAX_NAME as u64)
    }

    fn log_dir(&self, log_dir: u8) -> Checked {
        self.within("action.log_dir", log_dir.into(), 0, u64::from(self.plan.topology.log_dirs) - 1)
    }

    /// Whether the action is one that its target can suffer or do.
    fn fits(&self, step: &Step) -> Checked {
        let client = matches!(step.who, Who::Client(_));
        match step.action {
            Action::Partition { .. } | Action::Reset { .. } | Action::Delay { .. } => Ok(()),
            Action::Do(_) | Action::ClientCrash { .. } | Action::ClientPause { .. } | Action::RetryStorm { .. } => {
                ensure(client, &self.at, || "only a client can do or suffer this".into(), "make `who` a client")
            }
            _ => ensure(!client, &self.at, || "a client cannot suffer this".into(), "make `who` a node"),
        }
    }

    fn action(&self, action: &Action) -> Checked {
        match action {
            Action::Do(_) => Ok(()),
            Action::Kill { down_us } | Action::CleanRestart { down_us } | Action::ClientCrash { down_us } => {
                self.time("action.down_us", *down_us)
            }
            Action::PowerLoss { survival, down_us } => self.dies(Some(survival), *down_us),
            Action::DieAtCall { calls, survival, down_us } => {
                self.within("action.calls", (*calls).into(), 1, u32::MAX.into())?;
                self.dies(survival.as_ref(), *down_us)
            }
            Action::Pause { for_us } | Action::ClientPause { for_us } | Action::LyingSync { for_us } => {
                self.time("action.for_us", *for_us)
            }
            Action::ClockJump { by_ms } => self.within("action.by_ms", by_ms.unsigned_abs(), 0, MAX_US / 1_000),
            Action::ClockDrift { ppm } => self.within("action.ppm", ppm.unsigned_abs().into(), 0, 200_000),
            Action::SlowSync { for_us, delay_us } | Action::Delay { for_us, delay_us, .. } => {
                self.time("action.for_us", *for_us)?;
                delays(&format!("{}.action.delay_us", self.at), *delay_us)?;
                action.with().map_or(Ok(()), |who| self.who(who))
            }
            _ => self.disk_or_network(action),
        }
    }

    fn disk_or_network(&self, action: &Action) -> Checked {
        match action {
            Action::FailSync { nth, log_dir }
            | Action::FailWrite { nth, log_dir }
            | Action::FailRead { nth, log_dir } => {
                self.within("action.nth", (*nth).into(), 1, u32::MAX.into())?;
                self.log_dir(*log_dir)
            }
            Action::DiskFull { for_us, log_dir } => {
                self.time("action.for_us", *for_us)?;
                self.log_dir(*log_dir)
            }
            Action::WipeDisk { log_dir, down_us } => {
                self.time("action.down_us", *down_us)?;
                self.log_dir(*log_dir)
            }
            Action::BitRot { ending, log_dir, permille } => {
                self.name("action.ending", ending)?;
                self.within("action.permille", (*permille).into(), 0, 1_000)?;
                self.log_dir(*log_dir)
            }
            Action::Misdirect { ending, log_dir } => {
                self.name("action.ending", ending)?;
                self.log_dir(*log_dir)
            }
            Action::Partition { from: other, for_us, .. } => {
                self.time("action.for_us", *for_us)?;
                other.as_ref().map_or(Ok(()), |who| self.who(who))
            }
            Action::Split { with, for_us, .. } => {
                self.time("action.for_us", *for_us)?;
                with.iter().try_for_each(|who| self.node_of_a_side(who))
            }
            Action::Ring { for_us, .. } | Action::CutControllers { for_us, .. } => self.time("action.for_us", *for_us),
            Action::Reset { with } => with.as_ref().map_or(Ok(()), |who| self.who(who)),
            Action::LoseAnswer { nth, .. } => self.within("action.nth", (*nth).into(), 1, u32::MAX.into()),
            Action::RetryStorm { for_us, every_us } => {
                self.time("action.for_us", *for_us)?;
                self.within("action.every_us", *every_us, 1_000, MAX_US)
            }
            _ => Ok(()),
        }
    }

    fn dies(&self, survival: Option<&Survival>, down_us: u64) -> Checked {
        self.time("action.down_us", down_us)?;
        let Some(survival) = survival else { return Ok(()) };
        self.within("action.survival.writes_permille", survival.writes_permille.into(), 0, 1_000)?;
        self.within("action.survival.entries_permille", survival.entries_permille.into(), 0, 1_000)
    }

    fn op(&self, op: &ClientOp, client: u16) -> Checked {
        let Some(plan) = self.plan.client(client) else { return Ok(()) };
        let able = match op {
            ClientOp::Send { .. } | ClientOp::Flush => plan.role == Role::Producer,
            ClientOp::Assign { .. } | ClientOp::Seek { .. } | ClientOp::Poll { .. } => plan.role == Role::Consumer,
            ClientOp::ListOffsets { .. } => plan.role != Role::Producer,
            ClientOp::CreateTopic { .. } | ClientOp::DeleteTopic { .. } | ClientOp::DescribeTopic { .. } => {
                plan.role == Role::Admin
            }
        };
        ensure(
            able,
            &self.at,
            || format!("client {client} has not the role for this"),
            "give the step to a client of the right role",
        )?;
        self.op_numbers(op)
    }

    fn op_numbers(&self, op: &ClientOp) -> Checked {
        match op {
            ClientOp::Send { topic, size, count, every_us, .. } => {
                self.name("action.do.send.topic", topic)?;
                self.within("action.do.send.size", (*size).into(), 0, MAX_VALUE_BYTES.into())?;
                self.paced("action.do.send", *count, *every_us)
            }
            ClientOp::Poll { max_records, count, every_us } => {
                self.within("action.do.poll.max_records", (*max_records).into(), 1, 1 << 20)?;
                self.paced("action.do.poll", *count, *every_us)
            }
            ClientOp::Assign { partitions, .. } => {
                self.within(
                    "action.do.assign.partitions, how many",
                    partitions.len() as u64,
                    0,
                    MAX_PARTITIONS as u64,
                )?;
                partitions.iter().try_for_each(|(topic, partition)| self.partition(topic, *partition))
            }
            ClientOp::Seek { topic, partition, .. } => self.partition(topic, *partition),
            ClientOp::CreateTopic { name, partitions, configs, replication_factor } => {
                self.name("action.do.create-topic.name", name)?;
                self.within(
                    "action.do.create-topic.partitions",
                    partitions.unsigned_abs().into(),
                    0,
                    MAX_PARTITIONS as u64,
                )?;
                let factor = (*replication_factor).max(0).unsigned_abs();
                let nodes = self.plan.topology.nodes;
                self.within("action.do.create-topic.replication_factor", factor.into(), 0, nodes.into())?;
                configs.iter().try_for_each(|(name, value)| self.name(name, value))
            }
            ClientOp::DeleteTopic { name } | ClientOp::DescribeTopic { name } => self.name("action.do, name", name),
            ClientOp::ListOffsets { topic, .. } => self.name("action.do.list-offsets.topic", topic),
            ClientOp::Flush => Ok(()),
        }
    }

    /// A series of operations must end within the longest time.
    fn paced(&self, field: &str, count: u32, every_us: u64) -> Checked {
        self.time(&format!("{field}, count times every_us"), u64::from(count).saturating_mul(every_us))
    }
}

/// Whether a name is one of a kind of fact or of a core's event.
fn is_event(name: &str) -> bool {
    crate::names::event_names().any(|known| known == name)
}

fn ensure(holds: bool, at: &str, what: impl FnOnce() -> String, hint: &str) -> Checked {
    if holds { Ok(()) } else { Err(PlanError::new(at, what(), hint)) }
}

fn within(at: &str, value: u64, least: u64, most: u64) -> Checked {
    ensure(
        (least..=most).contains(&value),
        at,
        || format!("{value} is out of range"),
        &format!("use {least} to {most}"),
    )
}

fn delays(at: &str, (least, most): (u64, u64)) -> Checked {
    ensure(least <= most, at, || format!("the least, {least}, is above the most, {most}"), "swap them")?;
    within(at, most, 0, MAX_US)
}

/// The beginning of a text that may be long.
fn clip(text: &str) -> String {
    text.chars().take(60).collect()
}
