//! Who takes part: machines with their clocks and connections, and the process that runs on each.

use super::app::App;
use super::clock::Clock;
use super::queue::{ActorId, LinkId, What};
use crate::observe::Observed;
use broker_core::{Broker, View};
use bytes::Bytes;
use client_core::Client;
use properties::Nodes;
use std::collections::BTreeMap;
use std::ops::Range;
use wire::{ConnId, Endpoint, File, Instant, LogDirId, Node, NodeId};

/// One machine and its process.
#[derive(Clone)]
pub(crate) struct Actor {
    pub(crate) machine: Machine,
    pub(crate) seat: Seat,
}

/// What runs on a machine.
#[derive(Clone)]
pub(crate) enum Seat {
    Broker(Box<BrokerSeat>),
    Client(Box<ClientSeat>),
}

/// What every machine has.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(crate) clock: Clock,
    /// Counts the incarnations of its process, from 1.
    pub(crate) incarnation: u32,
    /// How many pauses hold it; it stands still while there is one.
    pub(crate) pauses: u32,
    /// Whether it stays as it is although faults have stopped.
    pub(crate) frozen: bool,
    /// Whether its power is off.
    pub(crate) dark: bool,
    /// What was due while it stood still, in order.
    pub(crate) waiting: Vec<What>,
    /// The connections that its process knows.
    pub(crate) conns: BTreeMap<ConnId, (LinkId, u8)>,
    pub(crate) accepted: u32,
    /// When its newest wake-up is due, by the World's time.
    pub(crate) wake_at: Option<Instant>,
    pub(crate) wake_generation: u32,
    /// Counts planned starts; only the newest counts.
    pub(crate) starts: u32,
}

impl Machine {
    pub(crate) fn new(clock: Clock) -> Machine {
        Machine {
            clock,
            incarnation: 0,
            pauses: 0,
            frozen: false,
            dark: false,
            waiting: Vec::new(),
            conns: BTreeMap::new(),
            accepted: 0,
            wake_at: None,
            wake_generation: 0,
            starts: 0,
        }
    }
}

/// A node of the cluster.
#[derive(Clone)]
pub(crate) struct BrokerSeat {
    pub(crate) id: NodeId,
    pub(crate) config: broker_core::Config,
    pub(crate) broker: Option<Broker>,
    pub(crate) disk: Observed,
    /// Cold reads that have not ended.
    pub(crate) reads: BTreeMap<u64, (File, Range<u64>)>,
    /// APIs, and how many requests of each are still to come until one's answer is lost.
    pub(crate) losing: Vec<(i16, u32)>,
    /// A death that waits inside the disk.
    pub(crate) death: Option<Death>,
    /// A controlled shutdown is under way; afterwards the process starts again, so many microseconds later.
    pub(crate) restart_us: Option<u64>,
    /// Whether a planted bug's guard was passed in an incarnation that is over.
    pub(crate) bug_reached: bool,
}

/// How a node dies whose disk dies under it.
#[derive(Clone, Debug)]
pub(crate) struct Death {
    /// What survives of a machine's death; None is the death of the process.
    pub(crate) survival: Option<crate::plan::Survival>,
    pub(crate) down_us: u64,
    pub(crate) step: u32,
}

/// A client of the plan, or a reader of the World's.
#[derive(Clone)]
pub(crate) struct ClientSeat {
    pub(crate) id: u16,
    pub(crate) config: client_core::Config,
    pub(crate) role: client_core::Role,
    pub(crate) client: Option<Client>,
    pub(crate) app: App,
    pub(crate) bug_reached: bool,
}

/// Everybody.
#[derive(Clone)]
pub(crate) struct Cast {
    pub(crate) actors: Vec<Actor>,
    pub(crate) nodes: Vec<NodeId>,
}

impl Cast {
    pub(crate) fn broker(&self, actor: ActorId) -> Option<&BrokerSeat> {
        match &self.actors.get(usize::from(actor))?.seat {
            Seat::Broker(seat) => Some(seat),
            Seat::Client(_) => None,
        }
    }

    pub(crate) fn broker_mut(&mut self, actor: ActorId) -> Option<&mut BrokerSeat> {
        match &mut self.actors.get_mut(usize::from(actor))?.seat {
            Seat::Broker(seat) => Some(seat),
            Seat::Client(_) => None,
        }
    }

    pub(crate) fn client(&self, actor: ActorId) -> Option<&ClientSeat> {
        match &self.actors.get(usize::from(actor))?.seat {
            Seat::Client(seat) => Some(seat),
            Seat::Broker(_) => None,
        }
    }

    pub(crate) fn client_mut(&mut self, actor: ActorId) -> Option<&mut ClientSeat> {
        match &mut self.actors.get_mut(usize::from(actor))?.seat {
            Seat::Client(seat) => Some(seat),
            Seat::Broker(_) => None,
        }
    }

    pub(crate) fn machine(&self, actor: ActorId) -> Option<&Machine> {
        self.actors.get(usize::from(actor)).map(|actor| &actor.machine)
    }

    pub(crate) fn machine_mut(&mut self, actor: ActorId) -> Option<&mut Machine> {
        self.actors.get_mut(usize::from(actor)).map(|actor| &mut actor.machine)
    }

    /// Everybody's place.
    pub(crate) fn ids(&self) -> std::ops::Range<ActorId> {
        0..self.actors.len() as ActorId
    }

    pub(crate) fn broker_ids(&self) -> std::ops::Range<ActorId> {
        0..self.nodes.len() as ActorId
    }

    pub(crate) fn client_ids(&self) -> std::ops::Range<ActorId> {
        self.nodes.len() as ActorId..self.actors.len() as ActorId
    }

    /// The actor of a client of the plan.
    pub(crate) fn client_by_id(&self, id: u16) -> Option<ActorId> {
        self.client_ids().find(|&actor| self.client(actor).is_some_and(|seat| seat.id == id))
    }

    /// The actor of a node.
    pub(crate) fn node(&self, id: NodeId) -> Option<ActorId> {
        self.nodes.iter().position(|&node| node == id).map(|index| index as ActorId)
    }

    /// Which node has an address.
    pub(crate) fn resolve(&self, endpoint: &Endpoint) -> Option<ActorId> {
        let listens = |seat: &BrokerSeat| seat.config.listeners.iter().any(|listener| listener.endpoint == *endpoint);
        self.broker_ids().find(|&actor| self.broker(actor).is_some_and(listens))
    }

    /// Whether an actor stays as it is although faults have stopped.
    pub(crate) fn is_frozen(&self, actor: ActorId) -> bool {
        self.machine(actor).is_some_and(|machine| machine.frozen)
    }

    /// Whether an actor's process runs.
    pub(crate) fn lives(&self, actor: ActorId) -> bool {
        self.actors.get(usize::from(actor)).is_some_and(|actor| match &actor.seat {
            Seat::Broker(seat) => seat.broker.is_some(),
            Seat::Client(seat) => seat.client.is_some(),
        })
    }

    /// When an actor's process wants to be woken, by its own clock.
    pub(crate) fn next_timeout(&self, actor: ActorId) -> Option<Instant> {
        let local = match &self.actors.get(usize::from(actor))?.seat {
            Seat::Broker(seat) => seat.broker.as_ref()?.next_timeout()?.0,
            Seat::Client(seat) => seat.client.as_ref()?.next_timeout()?.0,
        };
        (local != Instant::NEVER).then_some(local)
    }

    /// How people call an actor.
    pub(crate) fn name(&self, actor: ActorId) -> String {
        match self.actors.get(usize::from(actor)).map(|actor| &actor.seat) {
            Some(Seat::Broker(seat)) => format!("broker {}", seat.id),
            Some(Seat::Client(seat)) if seat.id >= crate::plan::FIRST_READER => "reader".to_owned(),
            Some(Seat::Client(seat)) => format!("client {}", seat.id),
            None => "nobody".to_owned(),
        }
    }

    /// Whether a planted bug's guard was passed anywhere.
    pub(crate) fn bug_reached(&self) -> bool {
        self.actors.iter().any(|actor| match &actor.seat {
            Seat::Broker(seat) => {
                seat.bug_reached || seat.broker.as_ref().is_some_and(|broker| broker.view().bug_reached())
            }
            Seat::Client(seat) => {
                seat.bug_reached || seat.client.as_ref().is_some_and(|client| client.config().bugs.was_reached())
            }
        })
    }
}

impl Nodes for Cast {
    fn ids(&self) -> &[NodeId] {
        &self.nodes
    }

    fn view(&self, node: NodeId) -> Option<View<'_>> {
        self.broker(self.node(node)?)?.broker.as_ref().map(Broker::view)
    }

    fn config(&self, node: NodeId, name: &str) -> Option<String> {
        self.broker(self.node(node)?)?.config.value(name)
    }

    fn files(&self, node: NodeId, log_dir: LogDirId) -> Vec<(String, u64)> {
        let seat = self.node(node).and_then(|actor| self.broker(actor));
        seat.map_or_else(Vec::new, |seat| seat.disk.disk().files(log_dir))
    }

    fn file(&self, node: NodeId, log_dir: LogDirId, path: &str) -> Option<Bytes> {
        self.broker(self.node(node)?)?.disk.disk().contents(log_dir, path)
    }
}
