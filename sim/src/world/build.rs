//! Builds the cast of a Plan: configurations through the cores' own parsers, disks, clocks.

use super::app::App;
use super::cast::{Actor, BrokerSeat, Cast, ClientSeat, Machine, Seat};
use super::clock::Clock;
use crate::disk::SimDisk;
use crate::observe::{BatchParser, Observed};
use crate::plan::{Plan, PlanError, Role};
use crate::{Draw, RunOptions};
use properties::FactSet;
use std::collections::BTreeMap;
use wire::{Instant, NodeId};

type Settings = BTreeMap<String, String>;

/// Names of a broker's configuration that follow from the topology.
const WORLDS_OWN: [&str; 8] = [
    "node.id",
    "broker.id",
    "process.roles",
    "listeners",
    "advertised.listeners",
    "controller.listener.names",
    "controller.quorum.voters",
    "log.dirs",
];
/// Where clients and followers go.
pub(super) const CLIENT_PORT: u16 = 9092;
/// Where quorum and controller requests go.
pub(super) const CONTROLLER_PORT: u16 = 9093;

/// Everybody of a Plan, none of them started.
pub(super) fn cast(
    plan: &Plan,
    draw: Draw,
    seen: (FactSet, &BatchParser),
    options: &RunOptions,
) -> Result<Cast, PlanError> {
    let bugs = Bugs::parse(&options.bugs)?;
    let nodes: Vec<NodeId> = (1..=i32::from(plan.topology.nodes)).map(NodeId).collect();
    let mut actors = Vec::new();
    for &node in &nodes {
        actors.push(broker(plan, node, draw, seen, &bugs)?);
    }
    for (index, client) in plan.topology.clients.iter().enumerate() {
        let at = format!("topology.clients[{index}].config");
        actors.push(
            self::client(plan, client.id, client.role, &client.config, draw, &bugs)
                .map_err(|what| configured(&at, what))?,
        );
    }
    Ok(Cast { actors, nodes })
}

fn configured(at: &str, what: String) -> PlanError {
    PlanError::new(at, what, "use Kafka's names and values")
}

/// Planted bugs, by core.
#[derive(Clone, Debug, Default)]
pub(super) struct Bugs {
    broker: Vec<broker_core::Bug>,
    client: Vec<client_core::Bug>,
}

impl Bugs {
    pub(super) fn parse(ids: &[String]) -> Result<Bugs, PlanError> {
        let mut bugs = Bugs::default();
        for id in ids {
            if cfg!(not(feature = "bugs")) {
                return Err(PlanError::new(
                    "bug",
                    format!("{id} is not in this build"),
                    "build with the feature `bugs`",
                ));
            }
            match (broker_core::Bug::from_id(id), client_core::Bug::from_id(id)) {
                (None, None) => {
                    return Err(PlanError::new("bug", format!("{id} is unknown"), "see `tribunal bugs` for the ids"));
                }
                (broker, client) => {
                    bugs.broker.extend(broker);
                    bugs.client.extend(client);
                }
            }
        }
        Ok(bugs)
    }
}

fn broker(
    plan: &Plan,
    id: NodeId,
    draw: Draw,
    (wants, parser): (FactSet, &BatchParser),
    bugs: &Bugs,
) -> Result<Actor, PlanError> {
    let at = "topology.config";
    if let Some(name) = plan.topology.config.keys().find(|name| WORLDS_OWN.contains(&name.as_str())) {
        return Err(PlanError::new(at, format!("{name} follows from the topology"), "leave it out"));
    }
    let mut settings = plan.topology.config.clone();
    settings.extend(owned(&[
        ("node.id", id.to_string()),
        ("process.roles", "broker,controller".to_owned()),
        ("listeners", format!("PLAINTEXT://{}:{CLIENT_PORT},CONTROLLER://{}:{CONTROLLER_PORT}", host(id), host(id))),
        ("advertised.listeners", format!("PLAINTEXT://{}:{CLIENT_PORT}", host(id))),
        ("controller.listener.names", "CONTROLLER".to_owned()),
    ]));
    settings.extend(voters(plan.topology.nodes).map(|voters| ("controller.quorum.voters".to_owned(), voters)));
    let mut config =
        broker_core::config::Config::parse(&settings).map_err(|error| configured(at, error.to_string()))?;
    for &bug in &bugs.broker {
        config = config.with_bug(bug);
    }
    let own = draw.of("node").at(id.0.unsigned_abs().into());
    let disk = SimDisk::new(own.of("disk"), plan.topology.log_dirs, plan.topology.disk_bytes);
    let seat = BrokerSeat {
        id,
        config,
        broker: None,
        disk: Observed::new(id, disk, wants, parser.clone()),
        reads: BTreeMap::new(),
        losing: Vec::new(),
        death: None,
        restart_us: None,
        bug_reached: false,
    };
    let mut machine = machine(plan, own);
    machine.clock.jump(skew_ms(plan, id));
    Ok(Actor { machine, seat: Seat::Broker(Box::new(seat)) })
}

/// A client's actor; the error is the parser's.
fn client(plan: &Plan, id: u16, role: Role, config: &Settings, draw: Draw, bugs: &Bugs) -> Result<Actor, String> {
    if config.contains_key("bootstrap.servers") {
        return Err("bootstrap.servers follows from the topology: leave it out".to_owned());
    }
    let mut settings = config.clone();
    let nodes = (1..=i32::from(plan.topology.nodes)).map(|id| format!("{}:{CLIENT_PORT}", host(NodeId(id))));
    settings.insert("bootstrap.servers".to_owned(), nodes.collect::<Vec<_>>().join(","));
    settings.entry("client.id".to_owned()).or_insert_with(|| format!("client-{id}"));
    let mut config = client_core::Config::parse(&settings).map_err(|error| error.to_string())?;
    for &bug in &bugs.client {
        config.bugs = config.bugs.with(bug);
    }
    let role = match role {
        Role::Producer => client_core::Role::Producer,
        Role::Consumer => client_core::Role::Consumer,
        Role::Admin => client_core::Role::Admin,
    };
    let seat = ClientSeat { id, config, role, client: None, app: App::default(), bug_reached: false };
    Ok(Actor { machine: machine(plan, draw.of("client").at(id.into())), seat: Seat::Client(Box::new(seat)) })
}

/// A client of the World's own; its configuration has no planted bugs and is known to parse.
pub(super) fn own_client(plan: &Plan, id: u16, role: Role, settings: &[(&str, &str)], draw: Draw) -> Option<Actor> {
    let settings =
        owned(&settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect::<Vec<_>>()).collect();
    client(plan, id, role, &settings, draw, &Bugs::default()).ok()
}

fn machine(plan: &Plan, draw: Draw) -> Machine {
    const SECOND: u64 = 1_000_000_000;
    let booted = Instant(draw.of("boot").range((SECOND, 1_000 * SECOND)));
    Machine::new(Clock::new(booted, plan.weather.wall_ms))
}

/// How wrong a node's wall clock is at the beginning.
pub(super) fn skew_ms(plan: &Plan, id: NodeId) -> i64 {
    plan.topology.skew_ms.get(&id.0).copied().unwrap_or(0)
}

/// All nodes vote. One that is alone needs nobody's vote.
fn voters(nodes: u16) -> Option<String> {
    let voter = |id: i32| format!("{id}@{}:{CONTROLLER_PORT}", host(NodeId(id)));
    (nodes > 1).then(|| (1..=i32::from(nodes)).map(voter).collect::<Vec<_>>().join(","))
}

fn host(id: NodeId) -> String {
    format!("node-{id}")
}

fn owned(settings: &[(&str, String)]) -> impl Iterator<Item = (String, String)> {
    settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect::<Vec<_>>().into_iter()
}
