//! Our broker in this process: a disk in memory, virtual time, one thread. A wait costs nothing.

use crate::peer::{Peer, Reply, probe, wants_silence};
use broker_core::{Broker, Config};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::time::Duration;
use wire::{ConnId, Disk, Input, Instant, Io, Node, Now, Output, RamDisk, Reason, Side, Timestamp};

/// Where its wall clock begins: after everything that was generated or recorded.
const WALL_MS: i64 = 1_900_000_000_000;

/// How long it may leave a request unanswered.
const PATIENCE: Duration = Duration::from_secs(120);

/// A broker at the border, driven by hand.
pub struct Core {
    broker: Broker,
    disk: RamDisk,
    now: Instant,
    outputs: Vec<Output<Broker>>,
    lines: BTreeMap<ConnId, Line>,
    /// The connections of [`Peer`], by its numbers.
    open: BTreeMap<u32, ConnId>,
    accepted: u32,
    listener: wire::Peer,
    halted: Option<Reason>,
}

/// One connection.
#[derive(Default)]
struct Line {
    /// Sent to the broker and not delivered yet.
    waiting: VecDeque<Bytes>,
    /// Whether the broker has yet to ask for the next frame.
    muted: bool,
    /// What it answered.
    answers: VecDeque<Bytes>,
    closed: bool,
}

impl Core {
    /// A broker with a configuration by Kafka's names, on an empty disk.
    pub fn new(properties: &[(&str, &str)]) -> io::Result<Core> {
        let properties = properties.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        let config = Config::parse(&properties).map_err(io::Error::other)?;
        let listener = config.listeners.first().map(|listener| listener.name.clone()).unwrap_or_default();
        let (mut disk, mut outputs) = (RamDisk::new(1), Vec::new());
        let mut io = Io::new(at(Instant::default()), &mut disk as &mut dyn Disk, &mut outputs);
        let broker = Broker::open(config, 1, &mut io).map_err(io::Error::other)?;
        let mut core = Core {
            broker,
            disk,
            now: Instant::default(),
            outputs,
            lines: BTreeMap::new(),
            open: BTreeMap::new(),
            accepted: 0,
            listener: wire::Peer { listener, remote: "127.0.0.1:40000".into() },
            halted: None,
        };
        core.obey()?;
        // Registered, unfenced, elected.
        core.advance(Duration::from_secs(5))?;
        Ok(core)
    }

    /// Opens a connection.
    pub fn connect(&mut self) -> io::Result<ConnId> {
        self.accepted += 1;
        let conn = ConnId { side: Side::Accepted, n: self.accepted };
        self.lines.insert(conn, Line::default());
        self.input(Input::Accepted(conn, self.listener.clone()))?;
        Ok(conn)
    }

    /// Sends a frame, behind those that wait already.
    pub fn send(&mut self, conn: ConnId, frame: Bytes) -> io::Result<()> {
        if let Some(line) = self.lines.get_mut(&conn) {
            line.waiting.push_back(frame);
        }
        self.deliver(conn)
    }

    /// The next answer on a connection, if it is there.
    pub fn take(&mut self, conn: ConnId) -> Option<Bytes> {
        self.lines.get_mut(&conn)?.answers.pop_front()
    }

    /// Whether the broker has closed a connection.
    #[must_use]
    pub fn is_closed(&self, conn: ConnId) -> bool {
        self.lines.get(&conn).is_none_or(|line| line.closed)
    }

    /// The client closes a connection.
    pub fn close(&mut self, conn: ConnId) -> io::Result<()> {
        match self.lines.remove(&conn) {
            Some(line) if !line.closed => self.input(Input::Closed(conn)),
            _ => Ok(()),
        }
    }

    /// Lets time pass.
    pub fn advance(&mut self, by: Duration) -> io::Result<()> {
        let until = self.now + by;
        while self.next_timeout(until)? {}
        self.now = until;
        Ok(())
    }

    /// Jumps to the next timeout if there is one up to an instant.
    fn next_timeout(&mut self, until: Instant) -> io::Result<bool> {
        let Some((due, _)) = self.broker.next_timeout().filter(|(due, _)| *due <= until) else { return Ok(false) };
        self.now = self.now.max(due);
        self.input(Input::Timeout)?;
        Ok(true)
    }

    fn deliver(&mut self, conn: ConnId) -> io::Result<()> {
        let Some(line) = self.lines.get_mut(&conn).filter(|line| !line.muted && !line.closed) else { return Ok(()) };
        let Some(frame) = line.waiting.pop_front() else { return Ok(()) };
        line.muted = true;
        self.input(Input::Frame(conn, frame))
    }

    fn input(&mut self, input: Input<<Broker as Node>::Op>) -> io::Result<()> {
        if let Some(reason) = &self.halted {
            return Err(io::Error::other(format!("our broker halted: {reason:?}")));
        }
        let mut io = Io::new(at(self.now), &mut self.disk as &mut dyn Disk, &mut self.outputs);
        self.broker.handle(input, &mut io);
        self.obey()
    }

    /// Carries out what the broker asked for, and what it asks for then.
    fn obey(&mut self) -> io::Result<()> {
        let mut unmuted = BTreeSet::new();
        for output in std::mem::take(&mut self.outputs) {
            match output {
                Output::Send(conn, frame) => self.line(conn, |line| line.answers.push_back(frame)),
                Output::Next(conn) => {
                    self.line(conn, |line| line.muted = false);
                    unmuted.insert(conn);
                }
                Output::Close(conn) => self.line(conn, |line| line.closed = true),
                Output::Sync(id, _) => self.input(Input::Synced(id, Ok(())))?,
                Output::Read(id, file, range) => {
                    let read = self.disk.read(file, range);
                    self.input(Input::Read(id, read))?;
                }
                Output::Halt(reason) => self.halted = Some(reason),
                Output::Dial(conn, _) => self.input(Input::Closed(conn))?,
                Output::Done(_, done) => match done {},
                Output::Event(_) => {}
            }
        }
        unmuted.into_iter().try_for_each(|conn| self.deliver(conn))
    }

    fn line(&mut self, conn: ConnId, change: impl FnOnce(&mut Line)) {
        if let Some(line) = self.lines.get_mut(&conn) {
            change(line);
        }
    }

    /// Waits for an answer or the end of a connection.
    fn reaction(&mut self, conn: ConnId) -> io::Result<Reply> {
        let until = self.now + PATIENCE;
        loop {
            if let Some(answer) = self.take(conn) {
                return Ok(Reply::Answer(answer));
            }
            if self.is_closed(conn) {
                return Ok(Reply::Closed);
            }
            if !self.next_timeout(until)? {
                return Ok(Reply::Stuck);
            }
        }
    }
}

fn at(mono: Instant) -> Now {
    Now { mono, wall: Timestamp(WALL_MS + i64::try_from(mono.as_millis()).unwrap_or(i64::MAX - WALL_MS)) }
}

impl Peer for Core {
    fn ask(&mut self, conn: u32, frame: &Bytes) -> io::Result<Reply> {
        let number = match self.open.get(&conn) {
            Some(&number) => number,
            None => {
                let number = self.connect()?;
                self.open.insert(conn, number);
                number
            }
        };
        let silent = wants_silence(frame);
        self.send(number, frame.clone())?;
        if silent {
            self.send(number, probe())?;
        }
        Ok(match self.reaction(number)? {
            Reply::Answer(_) if silent => Reply::Silence,
            Reply::Closed => {
                self.open.remove(&conn);
                self.lines.remove(&number);
                Reply::Closed
            }
            reaction => reaction,
        })
    }

    fn pause(&mut self) -> io::Result<()> {
        self.advance(Duration::from_millis(2))
    }

    fn hang_up(&mut self) {
        for (_, conn) in std::mem::take(&mut self.open) {
            // A broker that halted hears no more.
            let _ = self.close(conn);
        }
    }
}
