//! A Plan: everything that one run depends on, as data. The same Plan gives the same trace hash in every process.
//!
//! Plans are stored as JSON. They outlive commits; seeds do not. Times are microseconds of virtual time since the run began.

mod action;
mod error;
mod json;
mod validate;

pub use action::{Action, ClientOp, StartAt, Survival};
pub use error::PlanError;
pub(crate) use validate::FIRST_READER;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One trial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The format's version; this code writes and reads 1.
    pub format: u32,
    /// Seeds every keyed draw of the run.
    pub seed: u64,
    /// The scenario that drew it; for people.
    #[serde(default)]
    pub scenario: String,
    /// Nodes and clients.
    pub topology: Topology,
    /// What the world is like where no fault is on.
    #[serde(default)]
    pub weather: Weather,
    /// Client operations and faults.
    pub steps: Vec<Step>,
    /// When faults stop and liveness is due. Node faults planned for later are not carried out.
    pub heal_at_us: u64,
    /// What is healed then.
    #[serde(default, skip_serializing_if = "Heal::is_all")]
    pub heal: Heal,
    /// How long after healing everything must be at rest; L-properties are judged then.
    #[serde(default = "default_rest_us")]
    pub rest_within_us: u64,
    /// The run's budget of events; more is a violation of L14.
    #[serde(default = "default_events")]
    pub max_events: u64,
}

fn default_rest_us() -> u64 {
    60_000_000
}

fn default_events() -> u64 {
    3_000_000
}

/// What is healed when faults stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Heal {
    /// Every node starts again, and every wall falls.
    #[default]
    All,
    /// A majority of the nodes, with whoever may lead the partitions among them if there is such a majority. A node outside of it that is
    /// down, paused or cut off when faults stop stays so.
    Core,
}

impl Heal {
    fn is_all(&self) -> bool {
        *self == Heal::All
    }
}

/// Who takes part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topology {
    /// How many nodes; all are brokers and controllers. Node ids count from 1.
    pub nodes: u16,
    /// Log directories per node.
    #[serde(default = "one")]
    pub log_dirs: u8,
    /// Bytes per log directory; writes beyond fail with ENOSPC.
    #[serde(default = "default_capacity")]
    pub disk_bytes: u64,
    /// How wrong each node's wall clock is at the beginning, in milliseconds, by node id; who is not named is right.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub skew_ms: BTreeMap<i32, i64>,
    /// Broker configuration of all nodes, by Kafka's names. What is not named has Kafka's default.
    #[serde(default)]
    pub config: BTreeMap<String, String>,
    /// The clients, by id; ids are unique.
    pub clients: Vec<ClientPlan>,
}

fn one() -> u8 {
    1
}

fn default_capacity() -> u64 {
    1 << 30
}

/// One client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientPlan {
    /// Its id: `producer` in uids, `client-<id>` as Kafka's `client.id`.
    pub id: u16,
    /// What it is.
    pub role: Role,
    /// Client configuration by Kafka's names.
    #[serde(default)]
    pub config: BTreeMap<String, String>,
}

/// What a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Sends records.
    Producer,
    /// Reads assigned partitions.
    Consumer,
    /// Creates, deletes and describes topics.
    Admin,
}

/// The world's ordinary behaviour. Delays are drawn by key, uniformly from the range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Weather {
    /// One-way delay of a frame, in microseconds: least and most.
    pub network_us: (u64, u64),
    /// Duration of a sync, in microseconds: least and most.
    pub sync_us: (u64, u64),
    /// Duration of a cold read, in microseconds: least and most.
    pub read_us: (u64, u64),
    /// Wall clock at the beginning, in milliseconds since the epoch.
    pub wall_ms: i64,
}

impl Default for Weather {
    fn default() -> Weather {
        Weather { network_us: (50, 500), sync_us: (200, 5_000), read_us: (100, 2_000), wall_ms: 1_700_000_000_000 }
    }
}

/// One thing that happens to a trial from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Stable under shrinking; keyed draws of the step's effects go by it.
    pub id: u32,
    /// When.
    pub when: When,
    /// To whom.
    pub who: Who,
    /// What.
    pub action: Action,
}

/// When a step is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// At a virtual time, in microseconds.
    At(u64),
    /// After the n-th match of a pattern (counted from 1), so many microseconds later. One that never fires is in the ledger.
    After(Pattern, u32, u64),
}

/// What a trigger waits for: a kind of fact or the name of an event, on a node if it says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    /// A name from `tribunal list`: of a kind of fact (`Appended`), of a broker's event (`SegmentRolled`) or of a client's (`Retrying`).
    pub event: String,
    /// Only on this node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<i32>,
}

/// Whom a step concerns. What it resolved to goes into the trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// A node by id.
    Node(i32),
    /// The node that leads a partition at that moment.
    Leader(String, i32),
    /// The n-th of the other replicas, in ascending order.
    Follower(String, i32, u8),
    /// The node that is the active controller.
    ActiveController,
    /// A client by id.
    Client(u16),
}
