//! A fixture that makes a Plan read like a story: one broker, a producer (1), a consumer (2), an admin (3), and a topic `orders`.

use sim::{
    Action, ClientOp, ClientPlan, Heal, Outcome, Plan, Role, RunOptions, StartAt, Step, Topology, Weather, When, Who,
    World,
};
use std::collections::BTreeMap;

pub(crate) const NODE: Who = Who::Node(1);
pub(crate) const PRODUCER: Who = Who::Client(1);
pub(crate) const CONSUMER: Who = Who::Client(2);
pub(crate) const ADMIN: Who = Who::Client(3);

#[derive(Clone)]
pub(crate) struct Story {
    pub(crate) plan: Plan,
}

fn client(id: u16, role: Role) -> ClientPlan {
    ClientPlan { id, role, config: BTreeMap::new() }
}

impl Story {
    /// Nobody does anything; faults stop after 20 seconds.
    pub(crate) fn quiet() -> Story {
        let clients = vec![client(1, Role::Producer), client(2, Role::Consumer), client(3, Role::Admin)];
        let topology = Topology {
            nodes: 1,
            log_dirs: 1,
            disk_bytes: 1 << 30,
            skew_ms: BTreeMap::new(),
            config: BTreeMap::new(),
            clients,
        };
        Story {
            plan: Plan {
                format: 1,
                seed: 1,
                scenario: "story".to_owned(),
                topology,
                weather: Weather::default(),
                steps: Vec::new(),
                heal_at_us: 20_000_000,
                heal: Heal::All,
                rest_within_us: 60_000_000,
                max_events: 1_000_000,
            },
        }
    }

    /// The admin creates `orders` with one partition after 100 ms.
    pub(crate) fn with_topic() -> Story {
        Story::quiet().does(
            100,
            &ADMIN,
            ClientOp::CreateTopic {
                name: "orders".to_owned(),
                partitions: 1,
                replication_factor: 1,
                configs: BTreeMap::new(),
            },
        )
    }

    /// And the producer sends 20 records from 1 s on, one every 100 ms; the consumer reads from 1 s on, for ten seconds.
    pub(crate) fn with_traffic() -> Story {
        Story::with_topic().sends(1_000, 20, 100).reads(1_000, 20)
    }

    pub(crate) fn sends(self, at_ms: u64, count: u32, every_ms: u64) -> Story {
        self.does(at_ms, &PRODUCER, send(count, every_ms))
    }

    pub(crate) fn reads(self, at_ms: u64, polls: u32) -> Story {
        let partitions = vec![("orders".to_owned(), 0)];
        let assigned = self.does(at_ms, &CONSUMER, ClientOp::Assign { partitions, start: StartAt::Earliest });
        assigned.does(at_ms + 1, &CONSUMER, ClientOp::Poll { max_records: 100, count: polls, every_us: 500_000 })
    }

    pub(crate) fn does(self, at_ms: u64, who: &Who, op: ClientOp) -> Story {
        self.at(at_ms, who, Action::Do(op))
    }

    /// Something happens to somebody after so many milliseconds.
    pub(crate) fn at(self, at_ms: u64, who: &Who, action: Action) -> Story {
        self.when(When::At(at_ms * 1_000), who, action)
    }

    pub(crate) fn when(mut self, when: When, who: &Who, action: Action) -> Story {
        let id = self.plan.steps.len() as u32;
        self.plan.steps.push(Step { id, when, who: who.clone(), action });
        self
    }

    pub(crate) fn configured(mut self, name: &str, value: &str) -> Story {
        self.plan.topology.config.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn client_configured(mut self, id: u16, name: &str, value: &str) -> Story {
        let client = self.plan.topology.clients.iter_mut().find(|client| client.id == id).unwrap();
        client.config.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The same with so many nodes.
    pub(crate) fn of_nodes(mut self, nodes: u16) -> Story {
        self.plan.topology.nodes = nodes;
        self
    }

    pub(crate) fn seeded(mut self, seed: u64) -> Story {
        self.plan.seed = seed;
        self
    }

    /// The whole story, judged by nobody, with every fact counted and a trace.
    pub(crate) fn play(&self) -> Outcome {
        let options = RunOptions { record: true, ..RunOptions::default() };
        let mut world = World::with_options(&self.plan, Vec::new(), &options).unwrap();
        while world.advance().is_some() {}
        world.outcome()
    }
}

pub(crate) fn send(count: u32, every_ms: u64) -> ClientOp {
    ClientOp::Send {
        topic: "orders".to_owned(),
        partition: Some(0),
        key: None,
        size: 100,
        count,
        every_us: every_ms * 1_000,
    }
}

/// Whether a line of the trace has all these words.
pub(crate) fn tells(outcome: &Outcome, words: &[&str]) -> bool {
    outcome.trace.iter().any(|line| words.iter().all(|word| line.contains(word)))
}

/// The lines of the trace that have this text.
pub(crate) fn lines(outcome: &Outcome, text: &str) -> String {
    let lines: Vec<&str> = outcome.trace.iter().map(String::as_str).filter(|line| line.contains(text)).collect();
    lines.join("\n")
}

/// The millisecond at which the first line stands that has all these words.
pub(crate) fn at_ms(outcome: &Outcome, words: &[&str]) -> Option<u64> {
    let line = outcome.trace.iter().find(|line| words.iter().all(|word| line.contains(word)))?;
    millis(line)
}

/// The time of a line.
pub(crate) fn millis(line: &str) -> Option<u64> {
    let (seconds, rest) = line.trim_start_matches('[').trim_start().split_once('.')?;
    Some(seconds.parse::<u64>().ok()? * 1_000 + rest[..3].parse::<u64>().ok()?)
}
