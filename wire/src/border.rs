//! The border of a state machine: everything that can happen to a node, and everything that it can ask for.
//!
//! Two closed enums and one method. A driver (the simulator, turmoil's tests, tokio) feeds [`Input`]s and carries out
//! [`Output`]s; a node owns no socket, file, clock or thread. There is no drain rule: outputs go into the caller's buffer.

use crate::disk::{DiskError, File, SyncTarget};
use crate::names::Str;
use crate::time::{Instant, Now};
use bytes::Bytes;
use std::ops::Range;

/// A broker or a client as a pure state machine.
pub trait Node {
    /// What an application asks of it. A broker has none.
    type Op;
    /// How such a request ended.
    type Done;
    /// What happened inside and cannot be observed from outside.
    type Event;
    /// Why it wants to be woken.
    type Timer;
    /// What the driver lends: `dyn Disk` for a broker, `()` for a client.
    type Disk: Lent + ?Sized;

    /// Takes one input. Total: it never fails, never blocks and never panics, whatever the peer sent.
    fn handle(&mut self, input: Input<Self::Op>, io: &mut Io<'_, Self>);

    /// When to send [`Input::Timeout`], and why. Cached and O(1): a driver asks after every input. It may be in the past, which means
    /// now; after the timeout was handled it must lie in the future, or progress was made (L14 watches that).
    fn next_timeout(&self) -> Option<(Instant, Self::Timer)>;
}

/// Everything that can happen to a node.
#[derive(Clone, Debug)]
pub enum Input<Op> {
    /// A peer connected to one of our listeners.
    Accepted(ConnId, Peer),
    /// The dial failed, or the peer closed or reset the connection. Nothing follows it on that connection.
    Closed(ConnId),
    /// One length-delimited Kafka frame, without its four length bytes. The first of a connection comes unasked, each later one
    /// only after [`Output::Next`].
    Frame(ConnId, Bytes),
    /// A sync ended. What it covered is durable, or the log directory has failed.
    Synced(SyncId, Result<(), DiskError>),
    /// A cold read ended.
    Read(ReadId, Result<Bytes, DiskError>),
    /// An application's request to a client.
    Op(OpId, Op),
    /// A controlled shutdown; ends in [`Output::Halt`].
    Shutdown,
    /// [`Node::next_timeout`] has come; a spurious one is a no-op.
    Timeout,
}

/// Everything that a node can ask of the world.
pub enum Output<N: Node + ?Sized> {
    /// Connect. The node chose the id; frames may follow at once, and [`Input::Closed`] says that it failed.
    Dial(ConnId, Endpoint),
    /// Send one frame, without its length bytes.
    Send(ConnId, Bytes),
    /// Deliver the connection's next frame, once every frame sent before has been written.
    Next(ConnId),
    /// Close once what was sent before has been written. No `Closed` answers it.
    Close(ConnId),
    /// Make durable what was applied to the target before this was pushed. Answered by [`Input::Synced`].
    Sync(SyncId, SyncTarget),
    /// Read a range of a file that may be cold. Answered by [`Input::Read`], with fewer bytes if the file ends first.
    Read(ReadId, File, Range<u64>),
    /// An application's request has ended; exactly one per [`Input::Op`].
    Done(OpId, N::Done),
    /// The node is over; nothing follows, and nothing is delivered any more.
    Halt(Reason),
    /// A fact that the outside cannot observe.
    Event(N::Event),
}

/// Why a node halted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A controlled shutdown is complete.
    Shutdown,
    /// No log directory is left, or the metadata directory failed.
    StorageFailed(Str),
    /// The node found its own state impossible to go on with; the text says what an operator can do.
    Fatal(Str),
}

/// What the driver lends for the length of one input.
pub struct Io<'a, N: Node + ?Sized> {
    /// The node's clocks.
    pub now: Now,
    /// The node's disk.
    pub disk: &'a mut N::Disk,
    out: &'a mut Vec<Output<N>>,
}

impl<'a, N: Node + ?Sized> Io<'a, N> {
    /// Lends a disk and a buffer for outputs. Only drivers and tests call it.
    pub fn new(now: Now, disk: &'a mut N::Disk, out: &'a mut Vec<Output<N>>) -> Self {
        Io { now, disk, out }
    }

    /// Queues an output. A sync marks what it covers at this moment; once the disk has died nothing is queued any more.
    pub fn push(&mut self, output: Output<N>) {
        if self.disk.is_gone() {
            return;
        }
        if let Output::Sync(id, target) = &output {
            self.disk.mark(*id, *target);
        }
        self.out.push(output);
    }

    /// Queues an event.
    pub fn event(&mut self, event: N::Event) {
        self.push(Output::Event(event));
    }
}

/// What a lent disk must be able to do for [`Io::push`].
pub trait Lent {
    /// The sync `id` covers what was applied to `target` before now.
    fn mark(&mut self, id: SyncId, target: SyncTarget);
    /// The disk has died with its machine: later calls return [`DiskError::Gone`], and later outputs do not count.
    fn is_gone(&self) -> bool;
}

impl Lent for () {
    fn mark(&mut self, _: SyncId, _: SyncTarget) {}
    fn is_gone(&self) -> bool {
        false
    }
}

/// Who opened a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// This node did; it chose the number.
    Dialled,
    /// The peer did; the driver chose the number.
    Accepted,
}

/// A connection of one node, unique within its incarnation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId {
    /// Who opened it.
    pub side: Side,
    /// Counts connections of that side.
    pub n: u32,
}

/// Who connected, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The listener's name in `listeners`, as `PLAINTEXT` or `CONTROLLER`.
    pub listener: Str,
    /// The remote address, for logs and for `client_host`.
    pub remote: Str,
}

/// Where to dial.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// A host name or an address.
    pub host: Str,
    /// A TCP port.
    pub port: u16,
}

/// Names an application's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpId(pub u64);

/// Names a sync, unique within an incarnation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SyncId(pub u64);

/// Names a cold read, unique within an incarnation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReadId(pub u64);
