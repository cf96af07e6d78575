//! A hand from outside: frames that nobody of the cast would send, nodes taken down and up when somebody says so. For comparisons with
//! another cluster, which go on when both have come to rest.
//!
//! What the hand sends is carried by the network as a client's frames are; the judges do not see it.

use super::World;
use super::build::CLIENT_PORT;
use super::leaders::METADATA;
use super::net::NOBODY;
use super::queue::{ActorId, LinkId};
use crate::plan::{Action, Step, When, Who};
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use wire::{ConnId, Input, Instant, NodeId, Side};

/// The hand's place in the network; no machine has it.
pub(super) const HAND: ActorId = NOBODY - 1;

/// A time that does not come.
const NEVER_US: u64 = u64::MAX / 1_000;

/// What the hand holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Hand {
    lines: BTreeMap<u32, Line>,
    dialled: u32,
    steps: u32,
}

/// One of its connections.
#[derive(Clone, Debug)]
struct Line {
    link: LinkId,
    answers: VecDeque<Bytes>,
    closed: bool,
}

/// What became of a connection of the hand's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// A frame has arrived.
    Frame(Bytes),
    /// Nothing has arrived yet.
    Nothing,
    /// The other end has closed it, or refused it.
    Closed,
}

impl World {
    /// Opens a connection to a node's listener for clients.
    pub fn dial_by_hand(&mut self, node: NodeId) -> u32 {
        self.hand.dialled += 1;
        let n = self.hand.dialled;
        let to = self.cast.node(node).unwrap_or(NOBODY);
        let conn = ConnId { side: Side::Dialled, n };
        let link = self.net.dial((HAND, conn), to, CLIENT_PORT, self.now, &mut self.queue);
        self.hand.lines.insert(n, Line { link, answers: VecDeque::new(), closed: false });
        n
    }

    /// Sends a frame on a connection of the hand's.
    pub fn send_by_hand(&mut self, conn: u32, frame: Bytes) {
        if let Some(line) = self.hand.lines.get(&conn) {
            self.net.send(line.link, 0, frame, self.now, &mut self.queue);
        }
    }

    /// What has come on a connection of the hand's.
    pub fn take_by_hand(&mut self, conn: u32) -> Held {
        let Some(line) = self.hand.lines.get_mut(&conn) else { return Held::Closed };
        match line.answers.pop_front() {
            Some(frame) => Held::Frame(frame),
            None if line.closed => Held::Closed,
            None => Held::Nothing,
        }
    }

    /// Kills a node; it stays down until [`World::start_by_hand`].
    pub fn kill_by_hand(&mut self, node: NodeId) {
        self.act_by_hand(node, Action::Kill { down_us: NEVER_US });
    }

    /// Shuts a node down in a controlled way; it stays down until [`World::start_by_hand`].
    pub fn shut_down_by_hand(&mut self, node: NodeId) {
        self.act_by_hand(node, Action::CleanRestart { down_us: NEVER_US });
    }

    /// Makes a node stand still until [`World::resume_by_hand`].
    pub fn pause_by_hand(&mut self, node: NodeId) {
        self.act_by_hand(node, Action::Pause { for_us: NEVER_US });
    }

    fn act_by_hand(&mut self, node: NodeId, action: Action) {
        self.hand.steps += 1;
        let id = u32::MAX - self.hand.steps;
        self.apply(&Step { id, when: When::At(0), who: Who::Node(node.0), action });
    }

    /// Lets a node go on that stands still.
    pub fn resume_by_hand(&mut self, node: NodeId) {
        let Some(actor) = self.cast.node(node) else { return };
        if let Some(incarnation) = self.cast.machine(actor).map(|machine| machine.incarnation) {
            self.resume(actor, incarnation);
        }
    }

    /// Starts a node that is down.
    pub fn start_by_hand(&mut self, node: NodeId) {
        if let Some(actor) = self.cast.node(node) {
            self.plan_start(actor, self.now);
        }
    }

    /// Whether a node's process runs.
    #[must_use]
    pub fn lives(&self, node: NodeId) -> bool {
        self.cast.node(node).is_some_and(|actor| self.cast.lives(actor))
    }

    /// The node that is the active controller, if there is one.
    #[must_use]
    pub fn active_controller(&self) -> Option<NodeId> {
        let actor = self.leads(|log| log.topic_id == METADATA)?;
        self.cast.broker(actor).map(|seat| seat.id)
    }

    /// What time it is.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Something has reached the hand.
    pub(super) fn feed_hand(&mut self, input: Input<Infallible>) {
        match input {
            Input::Frame(conn, frame) => {
                let Some(line) = self.hand.lines.get_mut(&conn.n) else { return };
                line.answers.push_back(frame);
                let link = line.link;
                self.net.next(link, 0, self.now, &mut self.queue);
            }
            Input::Closed(conn) => {
                if let Some(line) = self.hand.lines.get_mut(&conn.n) {
                    line.closed = true;
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::fixture::plan;
    use wire::{ApiKey, Request, RequestHeader};

    fn run_for(world: &mut World, ms: u64) {
        let until = world.after(ms * 1_000);
        while world.advance().is_some_and(|moment| moment.at < until) {}
    }

    fn three() -> World {
        let mut plan = plan(3);
        (plan.heal_at_us, plan.max_events) = (600_000_000, 1_000_000);
        let mut world = World::new(&plan, Vec::new()).unwrap();
        run_for(&mut world, 10_000);
        world
    }

    fn hello() -> Bytes {
        let header = RequestHeader::new(ApiKey::ApiVersions, 0, 7, None);
        Request::ApiVersions(Default::default()).encode(&header).unwrap()
    }

    #[test]
    fn a_node_answers_the_hand_and_hangs_up_when_it_dies() {
        let mut world = three();
        let conn = world.dial_by_hand(NodeId(2));
        for _ in 0..2 {
            world.send_by_hand(conn, hello());
            assert_eq!(world.take_by_hand(conn), Held::Nothing);
            run_for(&mut world, 10);
            assert!(matches!(world.take_by_hand(conn), Held::Frame(frame) if frame[..4] == [0, 0, 0, 7]));
        }
        world.kill_by_hand(NodeId(2));
        run_for(&mut world, 10);
        assert_eq!(world.take_by_hand(conn), Held::Closed);
        let refused = world.dial_by_hand(NodeId(2));
        run_for(&mut world, 10);
        assert_eq!(world.take_by_hand(refused), Held::Closed);
    }

    #[test]
    fn the_hand_takes_nodes_down_and_up() {
        let mut world = three();
        let controller = world.active_controller().unwrap();
        world.kill_by_hand(controller);
        run_for(&mut world, 60_000);
        let next = world.active_controller().unwrap();
        assert!(next != controller && !world.lives(controller));
        world.start_by_hand(controller);
        run_for(&mut world, 10_000);
        assert!(world.lives(controller));

        world.pause_by_hand(next);
        let conn = world.dial_by_hand(next);
        world.send_by_hand(conn, hello());
        run_for(&mut world, 1_000);
        assert_eq!(world.take_by_hand(conn), Held::Nothing, "it stands still");
        world.resume_by_hand(next);
        run_for(&mut world, 1_000);
        assert!(matches!(world.take_by_hand(conn), Held::Frame(_)));

        world.shut_down_by_hand(next);
        run_for(&mut world, 60_000);
        assert!(!world.lives(next));
        world.start_by_hand(next);
        run_for(&mut world, 10_000);
        assert!(world.lives(next));
    }
}
