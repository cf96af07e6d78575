//! A Plan in the making: topology, workload and steps in the order in which they were drawn.

use super::config;
use crate::dice::Dice;
use sim::{Action, ClientOp, ClientPlan, Heal, Pattern, Plan, Role, Step, Topology, Weather, When, Who};
use std::collections::BTreeMap;

/// A second of virtual time.
pub(crate) const SECOND: u64 = 1_000_000;
/// A millisecond of virtual time.
pub(crate) const MILLI: u64 = 1_000;

/// A topic that the script creates.
#[derive(Clone, Debug)]
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) partitions: i32,
    pub(crate) replicas: i16,
}

/// What the generators write into.
pub(crate) struct Script {
    pub(crate) dice: Dice,
    pub(crate) topics: Vec<Topic>,
    /// How long clients and faults are active.
    pub(crate) active_us: u64,
    /// `acks` of all producers, if it is not drawn.
    pub(crate) acks: Option<&'static str>,
    /// How many replicas a topic of a cluster may have; -1 is the brokers' default.
    pub(crate) replication_factors: &'static [i16],
    /// The one node whose disk may lose what it had promised; None if any may. The atlas: nine seeds in ten stay inside what replication
    /// survives, and the tenth is not restricted.
    pub(crate) victim: Option<Who>,
    /// How long everybody has to start before anything else happens.
    settle_us: u64,
    plan: Plan,
}

impl Script {
    /// An empty trial of one node. A third of the seeds keep Kafka's defaults for brokers, topics and clients.
    pub(crate) fn new(scenario: &str, seed: u64) -> Script {
        let mut dice = Dice::new(scenario, seed);
        let active_us = dice.range(4, 16) * SECOND;
        let topology = Topology {
            nodes: 1,
            log_dirs: 1,
            disk_bytes: 64 << 20,
            skew_ms: BTreeMap::new(),
            config: config::broker(&mut dice),
            clients: Vec::new(),
        };
        let plan = Plan {
            format: 1,
            seed: dice.any(),
            scenario: scenario.to_owned(),
            topology,
            weather: weather(&mut dice),
            steps: Vec::new(),
            heal_at_us: active_us,
            heal: Heal::All,
            // Longer than a client may wait with Kafka's defaults: max.block.ms and then delivery.timeout.ms.
            rest_within_us: 240 * SECOND,
            max_events: 1_000_000,
        };
        let replication_factors = &[3, 3, 3, 3, 2, 1, -1];
        Script {
            dice,
            topics: Vec::new(),
            active_us,
            acks: None,
            replication_factors,
            victim: None,
            settle_us: 0,
            plan,
        }
    }

    /// An empty trial of three nodes. Timeouts of seconds need longer to matter than what one node does.
    pub(crate) fn cluster(scenario: &str, seed: u64) -> Script {
        let mut script = Script::new(scenario, seed);
        script.active_us = script.dice.range(8, 24) * SECOND;
        // Most clusters come up in peace: until there is a controller and topics have leaders, a blow at one of them hits nobody.
        script.settle_us = script.dice.pick(&[3, 3, 3, 3, 0]) * SECOND;
        script.plan.heal_at_us = script.settle_us + script.active_us;
        script.plan.max_events = 4_000_000;
        script.plan.topology.nodes = 3;
        let settings = config::cluster(&mut script.dice);
        script.plan.topology.config.extend(settings);
        let victim = Who::Node(script.dice.range(1, 3) as i32);
        script.victim = script.dice.chance(9, 10).then_some(victim);
        script
    }

    /// Three nodes for so long, with Kafka's defaults but for replication: 3 replicas, 2 of which must have a record.
    pub(crate) fn plain_cluster(scenario: &str, seed: u64, active_us: u64) -> Script {
        let mut script = Script::cluster(scenario, seed);
        (script.active_us, script.settle_us, script.victim) = (active_us, 0, None);
        script.plan.heal_at_us = active_us;
        script.plan.weather = Weather::default();
        script.plan.topology.config.clear();
        script.configure("default.replication.factor", "3");
        script.configure("min.insync.replicas", "2");
        script
    }

    /// How long a broker may be silent before it is fenced, in microseconds.
    pub(crate) fn session_us(&self) -> u64 {
        self.number("broker.session.timeout.ms", 9_000) * MILLI
    }

    /// What all brokers are configured with, or Kafka's default.
    fn number(&self, name: &str, default: u64) -> u64 {
        self.plan.topology.config.get(name).and_then(|text| text.parse().ok()).unwrap_or(default)
    }

    /// Faults do not stop before this.
    pub(crate) fn lasts_until(&mut self, us: u64) {
        self.plan.heal_at_us = self.plan.heal_at_us.max(self.settle_us + us);
    }

    /// When faults stop, as far as is known.
    pub(crate) fn ends_at(&self) -> u64 {
        self.plan.heal_at_us - self.settle_us
    }

    /// The ids of all nodes.
    pub(crate) fn nodes(&self) -> Vec<i32> {
        (1..=i32::from(self.plan.topology.nodes)).collect()
    }

    /// Whether there are several nodes.
    pub(crate) fn is_cluster(&self) -> bool {
        self.plan.topology.nodes > 1
    }

    /// A partition of a topic that the script creates.
    pub(crate) fn partition(&mut self) -> (String, i32) {
        let topic = self.dice.pick(&self.topics);
        let partition = self.dice.range(0, topic.partitions as u64 - 1) as i32;
        (topic.name, partition)
    }

    /// How many replicas a new topic has; -1 is the brokers' default. A cluster's first topic has several.
    pub(crate) fn replication_factor(&mut self) -> i16 {
        match (self.is_cluster(), self.topics.is_empty()) {
            (false, _) => 1,
            (true, true) => {
                let several: Vec<i16> = self.replication_factors.iter().copied().filter(|&factor| factor > 1).collect();
                self.dice.pick(&several)
            }
            (true, false) => self.dice.pick(self.replication_factors),
        }
    }

    /// The brokers' default.
    pub(crate) fn default_replication_factor(&self) -> i16 {
        self.number("default.replication.factor", 1) as i16
    }

    /// Sets a configuration of all brokers, whatever was drawn.
    pub(crate) fn configure(&mut self, name: &str, value: &str) {
        self.plan.topology.config.insert(name.to_owned(), value.to_owned());
        config::agree(&mut self.plan.topology.config);
    }

    /// Sets the wall clocks of some nodes wrong from the beginning.
    pub(crate) fn skew(&mut self) {
        for node in self.nodes() {
            let skew_ms = self.dice.pick(&[0, -86_400_000, -5_000, -300, 300, 5_000, 86_400_000]);
            if skew_ms != 0 {
                self.plan.topology.skew_ms.insert(node, skew_ms);
            }
        }
    }

    /// Adds a client and returns its id.
    pub(crate) fn client(&mut self, role: Role, config: BTreeMap<String, String>) -> u16 {
        let id = self.plan.topology.clients.len() as u16 + 1;
        self.plan.topology.clients.push(ClientPlan { id, role, config });
        id
    }

    /// The ids of all clients of a role.
    pub(crate) fn clients(&self, role: Role) -> Vec<u16> {
        self.plan.topology.clients.iter().filter(|client| client.role == role).map(|client| client.id).collect()
    }

    /// One of the clients of a role.
    pub(crate) fn any_client(&mut self, role: Role) -> u16 {
        let clients = self.clients(role);
        self.dice.pick(&clients)
    }

    /// Gives every node so many log directories.
    pub(crate) fn log_dirs(&mut self, log_dirs: u8) {
        self.plan.topology.log_dirs = log_dirs;
    }

    /// How many log directories a node has.
    pub(crate) fn log_dir_count(&self) -> u8 {
        self.plan.topology.log_dirs
    }

    /// A step at a time, counted from when everybody has started.
    pub(crate) fn at(&mut self, at_us: u64, who: Who, action: Action) {
        self.step(When::At(self.settle_us + at_us), who, action);
    }

    /// A client's operation as soon as every broker may lead: before that, a topic of several replicas is refused, or has few in sync.
    pub(crate) fn op_once_unfenced(&mut self, delay_us: u64, client: u16, op: ClientOp) {
        let brokers = u32::from(self.plan.topology.nodes);
        self.after("BrokerUnfenced", brokers, delay_us, Who::Client(client), Action::Do(op));
    }

    /// A step after the n-th match of an event on the node.
    pub(crate) fn after(&mut self, event: &str, nth: u32, delay_us: u64, who: Who, action: Action) {
        let pattern = Pattern { event: event.to_owned(), node: None };
        self.step(When::After(pattern, nth, delay_us), who, action);
    }

    /// A client's operation at a time.
    pub(crate) fn op(&mut self, at_us: u64, client: u16, op: ClientOp) {
        self.at(at_us, Who::Client(client), Action::Do(op));
    }

    fn step(&mut self, when: When, who: Who, action: Action) {
        let id = self.plan.steps.len() as u32 + 1;
        self.plan.steps.push(Step { id, when, who, action });
    }

    /// The Plan.
    pub(crate) fn finish(self) -> Plan {
        self.plan
    }
}

fn weather(dice: &mut Dice) -> Weather {
    let network_most = dice.pick(&[200, 500, 2_000, 20_000]);
    let sync_most = dice.pick(&[300, 2_000, 10_000, 50_000]);
    let read_most = dice.pick(&[500, 2_000, 20_000, 200_000]);
    let (network_us, sync_us, read_us) = ((50, network_most), (100, sync_most), (100, read_most));
    Weather { network_us, sync_us, read_us, ..Weather::default() }
}
