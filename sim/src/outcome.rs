//! What a run came to: verdict, findings, coverage, statistics and the trace hash.

use properties::ledger::Counts;
use properties::property::Attributed;
use properties::{FaultKind, Violation};
use std::collections::BTreeMap;
use std::fmt;

/// The outcome of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Violations, in order. None is a clean run.
    pub violations: Vec<Violation>,
    /// Would-be violations that a fault excuses: property id, fault, how many.
    pub excused: BTreeMap<(&'static str, FaultKind), u64>,
    /// Losses that the configuration permits, each with its cause.
    pub attributed: Vec<Attributed>,
    /// How often each kind of fact and each event of a core was seen, by its stable name.
    pub reached: BTreeMap<&'static str, u64>,
    /// What each kind of fault was asked to do, and did.
    pub ledger: BTreeMap<FaultKind, Counts>,
    /// Ids of the steps whose trigger never fired, or whose target could not be resolved.
    pub unfired: Vec<u32>,
    /// How much happened.
    pub stats: Statistics,
    /// What it went through that most of a campaign's worth depends on.
    pub shares: Shares,
    /// The states in which replicas stated something, and how often.
    pub states: BTreeMap<ReplicaState, u64>,
    /// Whether the guard of a planted bug was passed.
    pub bug_reached: bool,
    /// The run for people, one line an event; empty unless it was asked for.
    pub trace: Vec<String>,
    /// The clients' history, one JSON object a line; empty unless it was asked for.
    pub history: Vec<String>,
}

impl Outcome {
    /// Whether no property was violated.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }

    /// How often an event or a kind of fact was seen.
    #[must_use]
    pub fn count(&self, name: &str) -> u64 {
        self.reached.get(name).copied().unwrap_or(0)
    }
}

/// What a run went through that most of a campaign's worth depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shares {
    /// A broker's process or machine died under it.
    pub crash: Share,
    /// A partition of a topic had a leader after another.
    pub leader_change: Share,
    /// An ISR shrank and grew again.
    pub isr_cycle: Share,
}

/// Whether a Plan made something possible, and whether its run saw it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// It was possible.
    pub enabled: bool,
    /// It happened.
    pub seen: bool,
}

/// A coarse state of a replica: what it is, how many are in sync, whether the quorum is without a leader, and a fault that
/// is in force (one second after its stroke for what is over at once).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplicaState {
    /// Whether it leads its partition, as far as it knows.
    pub leads: bool,
    /// The size of the partition's ISR as its leader stated it last; 0 if nobody did.
    pub isr: u8,
    /// Whether the quorum is electing.
    pub electing: bool,
    /// A fault in force; None if there is none.
    pub fault: Option<FaultKind>,
}

/// How much happened in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Events that the World carried out.
    pub events: u64,
    /// Virtual time at the end, in microseconds.
    pub virtual_us: u64,
    /// Records that producers were asked to send.
    pub sent_records: u64,
    /// Records that were acknowledged.
    pub acked_records: u64,
    /// Produce answers without an error, per partition.
    pub acked_batches: u64,
    /// Records that consumers returned, the final readers included.
    pub read_records: u64,
    /// The rolling hash of everything that happened.
    pub trace_hash: TraceHash,
}

/// The rolling hash of a run: equal for equal Plans, in every process and on every machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceHash(pub u128);

impl fmt::Display for TraceHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}
