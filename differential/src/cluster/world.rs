//! Our cluster in the simulator: virtual time, a network with delays, disks that take their time. A wait costs nothing.

use super::act::Fault;
use super::nodes::Nodes;
use crate::peer::{Reply, probe, wants_silence};
use bytes::Bytes;
use sim::{Heal, Held, Plan, Topology, Weather, World};
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;
use wire::NodeId;

/// How long a node may leave a request unanswered.
const PATIENCE: Duration = Duration::from_secs(120);

/// Long after everything that a session does.
const DAY_US: u64 = 24 * 3_600 * 1_000_000;

/// The configuration of every node, as `cluster.properties` gives it to the real ones.
const PROPERTIES: &str = include_str!("../../cluster.properties");

/// Three nodes of ours.
pub struct Ours {
    world: World,
    conns: BTreeMap<(i32, u32), u32>,
}

impl Ours {
    /// A fresh cluster, in which everything that chance decides follows from a seed.
    pub fn new(seed: u64) -> io::Result<Ours> {
        let config = PROPERTIES.lines().filter_map(|line| line.split_once('='));
        let topology = Topology {
            nodes: 3,
            log_dirs: 1,
            disk_bytes: 1 << 30,
            skew_ms: BTreeMap::new(),
            config: config.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            clients: Vec::new(),
        };
        let plan = Plan {
            format: 1,
            seed,
            scenario: "differential".into(),
            topology,
            // After everything that was generated.
            weather: Weather { wall_ms: 1_900_000_000_000, ..Weather::default() },
            steps: Vec::new(),
            heal_at_us: DAY_US,
            heal: Heal::All,
            rest_within_us: DAY_US,
            max_events: 1_000_000_000,
        };
        let world = World::new(&plan, Vec::new()).map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Ours { world, conns: BTreeMap::new() })
    }

    /// The connection, opened if need be, or again if the node has closed it.
    fn conn(&mut self, node: i32, conn: u32) -> u32 {
        let world = &mut self.world;
        *self.conns.entry((node, conn)).or_insert_with(|| world.dial_by_hand(NodeId(node)))
    }

    /// Lets time pass until something comes on a connection.
    fn reaction(&mut self, conn: u32) -> Reply {
        let until = self.world.now() + PATIENCE;
        loop {
            match self.world.take_by_hand(conn) {
                Held::Frame(frame) => return Reply::Answer(frame),
                Held::Closed => return Reply::Closed,
                Held::Nothing if self.world.now() > until || self.world.advance().is_none() => return Reply::Stuck,
                Held::Nothing => {}
            }
        }
    }
}

impl Nodes for Ours {
    fn ask(&mut self, node: i32, conn: u32, frame: &Bytes) -> io::Result<Reply> {
        let silent = wants_silence(frame);
        let own = self.conn(node, conn);
        self.world.send_by_hand(own, frame.clone());
        if silent {
            self.world.send_by_hand(own, probe());
        }
        Ok(match self.reaction(own) {
            Reply::Answer(_) if silent => Reply::Silence,
            Reply::Closed => {
                self.conns.remove(&(node, conn));
                Reply::Closed
            }
            reaction => reaction,
        })
    }

    fn strike(&mut self, node: i32, fault: Fault) -> io::Result<()> {
        let id = NodeId(node);
        match fault {
            Fault::Kill => self.world.kill_by_hand(id),
            Fault::Pause => self.world.pause_by_hand(id),
            Fault::Shutdown => {
                self.world.shut_down_by_hand(id);
                while self.world.lives(id) && self.world.advance().is_some() {}
            }
        }
        if fault != Fault::Pause {
            self.conns.retain(|&(at, _), _| at != node);
        }
        Ok(())
    }

    fn recover(&mut self, node: i32, fault: Fault) -> io::Result<()> {
        if fault == Fault::Pause {
            self.world.resume_by_hand(NodeId(node));
        } else {
            self.world.start_by_hand(NodeId(node));
        }
        Ok(())
    }

    fn controller(&mut self) -> io::Result<Option<i32>> {
        Ok(self.world.active_controller().map(|node| node.0))
    }

    fn pause(&mut self, time: Duration) -> io::Result<()> {
        let until = self.world.now() + time;
        while self.world.now() < until && self.world.advance().is_some() {}
        Ok(())
    }
}
