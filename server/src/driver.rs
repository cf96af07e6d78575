//! The event loop: one task owns the node; everything else reaches it through one queue.
//!
//! It knows no Kafka: it cuts frames, keeps time, carries out [`Output`]s and feeds [`Input`]s. Broker and clients run on it alike, and
//! so do tokio's network with real files and turmoil's with the simulated disk. Left out: idle connections are not reaped.

use crate::connection::{Order, read_frames, write_frames};
use crate::network::Network;
use crate::storage::{Ended, Storage, Sync};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use wire::{ConnId, Endpoint, Input, Instant, Io, Node, Now, OpId, Output, Peer, Reason, Side, Str, Timestamp};

/// Kafka's default of `socket.request.max.bytes`.
pub const SOCKET_REQUEST_MAX_BYTES: u32 = 100 << 20;

/// How many frames may wait for the node before connections are read no further.
const INBOX: usize = 1024;

/// How long a halted node's last answers may take to be written.
const DRAIN: Duration = Duration::from_secs(5);

/// The clocks of one incarnation.
pub struct Clock {
    origin: tokio::time::Instant,
    wall: Box<dyn Fn() -> Timestamp + Send>,
}

impl Clock {
    /// The runtime's monotonic clock from now on, and a wall clock.
    pub fn new(wall: impl Fn() -> Timestamp + Send + 'static) -> Clock {
        Clock { origin: tokio::time::Instant::now(), wall: Box::new(wall) }
    }

    /// The machine's clocks.
    #[must_use]
    pub fn real() -> Clock {
        let since_epoch = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Clock::new(move || Timestamp(i64::try_from(since_epoch().as_millis()).unwrap_or(i64::MAX)))
    }

    /// What they show.
    #[must_use]
    pub fn now(&self) -> Now {
        Now { mono: Instant::default() + self.origin.elapsed(), wall: (self.wall)() }
    }

    fn when(&self, at: Instant) -> Option<tokio::time::Instant> {
        self.origin.checked_add(at.since(Instant::default()))
    }
}

/// What a node tells the application that runs it.
pub enum Told<N: Node + ?Sized> {
    /// An operation ended.
    Done(OpId, N::Done),
    /// A fact of the inside.
    Event(N::Event),
}

/// Asks things of a running node.
pub struct Handle<Op> {
    inbox: mpsc::Sender<Happening<Op>>,
}

impl<Op> Clone for Handle<Op> {
    fn clone(&self) -> Self {
        Handle { inbox: self.inbox.clone() }
    }
}

impl<Op> Handle<Op> {
    /// Asks for an operation; false if the node is over.
    pub async fn op(&self, id: OpId, op: Op) -> bool {
        self.inbox.send(Happening::Input(Input::Op(id, op))).await.is_ok()
    }

    /// Asks for a controlled shutdown; false if the node is over.
    pub async fn shutdown(&self) -> bool {
        self.inbox.send(Happening::Input(Input::Shutdown)).await.is_ok()
    }
}

/// What reaches the loop.
enum Happening<Op> {
    /// Something for the node as it is; from a connection only while that is open.
    Input(Input<Op>),
    /// A listener has a connection.
    Accepted(Peer, Attach<Op>),
    /// The disk has done something slow.
    Disk(Ended),
}

/// Starts the tasks of a stream whose type the loop does not know.
type Attach<Op> = Box<dyn FnOnce(&mut Sockets<Op>, ConnId) + Send>;

/// The open connections, and every task beside the loop.
struct Sockets<Op> {
    /// The longest frame that is accepted from who dialled this node.
    max_bytes: u32,
    inbox: mpsc::Sender<Happening<Op>>,
    writers: BTreeMap<ConnId, mpsc::UnboundedSender<Order>>,
    accepted: u32,
    tasks: JoinSet<()>,
    /// Writers have a set of their own: a halting node waits for them.
    writing: JoinSet<()>,
}

/// Drives one incarnation of a node.
pub struct Driver<N: Node, W, S> {
    node: N,
    network: Arc<W>,
    storage: S,
    clock: Clock,
    inbox: mpsc::Receiver<Happening<N::Op>>,
    sockets: Sockets<N::Op>,
    outputs: Vec<Output<N>>,
}

impl<N, W, S> Driver<N, W, S>
where
    N: Node,
    N::Op: Send + 'static,
    W: Network,
    S: Storage<N::Disk>,
{
    /// Makes a driver. `open` makes the node, with the disk that it is lent, and may already ask for things.
    pub fn new<E>(
        network: Arc<W>,
        mut storage: S,
        clock: Clock,
        open: impl FnOnce(&mut Io<'_, N>) -> Result<N, E>,
    ) -> Result<(Self, Handle<N::Op>), E> {
        let (sender, inbox) = mpsc::channel(INBOX);
        let mut outputs = Vec::new();
        let node = open(&mut Io::new(clock.now(), storage.lend(), &mut outputs))?;
        let handle = Handle { inbox: sender.clone() };
        let sockets = Sockets {
            max_bytes: SOCKET_REQUEST_MAX_BYTES,
            inbox: sender,
            writers: BTreeMap::new(),
            accepted: 0,
            tasks: JoinSet::new(),
            writing: JoinSet::new(),
        };
        Ok((Driver { node, network, storage, clock, inbox, sockets, outputs }, handle))
    }

    /// Limits the length of a request, Kafka's `socket.request.max.bytes`. Answers may be as long as requests are by default: a follower's
    /// may hold many partitions.
    pub fn limit_frames(&mut self, max_bytes: u32) {
        self.sockets.max_bytes = max_bytes;
    }

    /// Accepts connections from a bound port as the listener of that name.
    pub fn listen(&mut self, name: Str, mut listener: W::Listener) {
        let (network, inbox) = (self.network.clone(), self.sockets.inbox.clone());
        self.sockets.tasks.spawn(async move {
            loop {
                let (stream, remote) = match network.accept(&mut listener).await {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        // Out of file descriptors, most likely: some must close first.
                        tracing::warn!(%error, listener = %name, "accept failed");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                };
                let attach = Box::new(move |sockets: &mut Sockets<N::Op>, conn| sockets.attach(conn, stream));
                let peer = Peer { listener: name.clone(), remote };
                if inbox.send(Happening::Accepted(peer, attach)).await.is_err() {
                    return;
                }
            }
        });
    }

    /// Runs the node until it halts. `told` gets what it tells its application.
    pub async fn run(mut self, mut told: impl FnMut(Told<N>)) -> Reason {
        loop {
            if let Some(reason) = self.obey(&mut told) {
                drop(self.inbox);
                self.sockets.drain().await;
                return reason;
            }
            let input = self.next_input().await;
            let mut io = Io::new(self.clock.now(), self.storage.lend(), &mut self.outputs);
            self.node.handle(input, &mut io);
        }
    }

    /// Waits for what happens next.
    async fn next_input(&mut self) -> Input<N::Op> {
        loop {
            let deadline = self.node.next_timeout().and_then(|(at, _)| self.clock.when(at));
            let due = tokio::time::sleep_until(deadline.unwrap_or_else(far_away));
            let happening = tokio::select! {
                Some(happening) = self.inbox.recv() => happening,
                () = due => return Input::Timeout,
                Some(_) = self.sockets.tasks.join_next(), if !self.sockets.tasks.is_empty() => continue,
                Some(_) = self.sockets.writing.join_next(), if !self.sockets.writing.is_empty() => continue,
            };
            match happening {
                Happening::Input(input) => {
                    if self.sockets.admits(&input) {
                        return input;
                    }
                }
                Happening::Accepted(peer, attach) => return Input::Accepted(self.sockets.accept(attach), peer),
                Happening::Disk(ended) => return ended.input(&mut self.storage),
            }
        }
    }

    /// Carries out what the node asked for. Some if it is over.
    fn obey(&mut self, told: &mut impl FnMut(Told<N>)) -> Option<Reason> {
        let mut outputs = std::mem::take(&mut self.outputs);
        for output in outputs.drain(..) {
            match output {
                Output::Dial(conn, endpoint) => self.dial(conn, endpoint),
                Output::Send(conn, frame) => self.sockets.order(conn, Order::Send(frame)),
                Output::Next(conn) => self.sockets.order(conn, Order::Next),
                Output::Close(conn) => self.sockets.close(conn),
                Output::Sync(id, target) => self.sync(Sync { id, target }),
                Output::Read(id, file, range) => {
                    let work = self.storage.cold_read(id, file, range);
                    self.sockets.aside(async move { Ended::Read(id, work.await) });
                }
                Output::Done(id, done) => told(Told::Done(id, done)),
                Output::Event(event) => told(Told::Event(event)),
                Output::Halt(reason) => return Some(reason),
            }
        }
        self.outputs = outputs;
        None
    }

    fn sync(&mut self, sync: Sync) {
        let work = self.storage.sync(sync);
        self.sockets.aside(async move { Ended::Sync(sync, work.await) });
    }

    fn dial(&mut self, conn: ConnId, endpoint: Endpoint) {
        let network = self.network.clone();
        self.sockets.connect(conn, async move { network.connect(&endpoint).await });
    }
}

fn far_away() -> tokio::time::Instant {
    tokio::time::Instant::now() + Duration::from_secs(86_400)
}

impl<Op: Send + 'static> Sockets<Op> {
    /// Numbers an accepted connection and starts its tasks.
    fn accept(&mut self, attach: Attach<Op>) -> ConnId {
        self.accepted = self.accepted.wrapping_add(1);
        let conn = ConnId { side: Side::Accepted, n: self.accepted };
        attach(self, conn);
        conn
    }

    fn attach<T>(&mut self, conn: ConnId, stream: T)
    where
        T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
    {
        self.connect(conn, std::future::ready(Ok(stream)));
    }

    /// Starts a connection's tasks; orders may be queued before it stands.
    fn connect<T>(&mut self, conn: ConnId, stream: impl Future<Output = std::io::Result<T>> + Send + 'static)
    where
        T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
    {
        let (orders, order) = mpsc::unbounded_channel();
        self.writers.insert(conn, orders);
        let inbox = self.inbox.clone();
        let max_bytes = if conn.side == Side::Accepted { self.max_bytes } else { SOCKET_REQUEST_MAX_BYTES };
        self.writing.spawn(async move {
            if let Ok(stream) = stream.await {
                converse(conn, stream, max_bytes, order, &inbox).await;
            }
            let _ = inbox.send(Happening::Input(Input::Closed(conn))).await;
        });
    }

    fn order(&mut self, conn: ConnId, order: Order) {
        if let Some(writer) = self.writers.get(&conn) {
            let _ = writer.send(order);
        }
    }

    fn close(&mut self, conn: ConnId) {
        self.order(conn, Order::Close);
        self.writers.remove(&conn);
    }

    /// Whether the node may still hear this: a connection that either side closed is silent.
    fn admits(&mut self, input: &Input<Op>) -> bool {
        match input {
            Input::Frame(conn, _) => self.writers.contains_key(conn),
            Input::Closed(conn) => self.writers.remove(conn).is_some(),
            _ => true,
        }
    }

    /// Does slow work beside the loop.
    fn aside(&mut self, work: impl Future<Output = Ended> + Send + 'static) {
        let inbox = self.inbox.clone();
        self.tasks.spawn(async move {
            let _ = inbox.send(Happening::Disk(work.await)).await;
        });
    }

    /// Lets what was queued be written, for a while.
    async fn drain(mut self) {
        self.writers.clear();
        self.tasks.shutdown().await;
        let _ = tokio::time::timeout(DRAIN, async { while self.writing.join_next().await.is_some() {} }).await;
    }
}

/// One connection until either side ends it: whoever ends first ends the other, but what was ordered before a close is written.
async fn converse<T, Op: Send>(
    conn: ConnId,
    stream: T,
    max_bytes: u32,
    orders: mpsc::UnboundedReceiver<Order>,
    inbox: &mpsc::Sender<Happening<Op>>,
) where
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite,
{
    let (read, write) = tokio::io::split(stream);
    let (go, next) = mpsc::unbounded_channel();
    let deliver = |frame: Bytes| async move { inbox.send(Happening::Input(Input::Frame(conn, frame))).await.is_ok() };
    tokio::select! {
        () = read_frames(read, max_bytes, next, deliver) => {}
        () = write_frames(write, orders, go) => {}
    }
}
