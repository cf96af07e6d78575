//! Whom a session is run against: a trait, and a broker behind TCP.

use bytes::Bytes;
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use wire::messages::{ApiVersionsRequest, ProduceRequest};
use wire::{ApiKey, Request, RequestHeader};

/// How a broker reacted to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It answered.
    Answer(Bytes),
    /// It went on without an answer, as to acks=0.
    Silence,
    /// It closed the connection.
    Closed,
    /// It neither answered nor closed, and handles nothing more on this connection.
    Stuck,
}

/// A broker under comparison.
pub trait Peer {
    /// Sends a frame on one of the session's connections, opened if need be, and waits for the reaction.
    fn ask(&mut self, conn: u32, frame: &Bytes) -> io::Result<Reply>;

    /// Lets a moment pass, in which the broker may carry out what it promised.
    fn pause(&mut self) -> io::Result<()>;

    /// Closes every connection: the session is over.
    fn hang_up(&mut self);
}

/// Whether the request wants no answer: a Produce with acks=0 that can be read.
#[must_use]
pub fn wants_silence(frame: &Bytes) -> bool {
    matches!(Request::decode(frame), Ok((_, Request::Produce(ProduceRequest { acks: 0, .. }))))
}

/// A request that any broker answers, to find out whether it went on.
#[must_use]
pub fn probe() -> Bytes {
    let header = RequestHeader::new(ApiKey::ApiVersions, 0, PROBE, None);
    Request::from(ApiVersionsRequest::default()).encode(&header).unwrap_or_default()
}

const PROBE: i32 = i32::MAX;

/// After so long without a sign of life a connection counts as stuck: one node that works answers in milliseconds.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// A broker behind TCP: Kafka, or ours in its server.
pub struct Remote {
    address: String,
    patience: Duration,
    streams: BTreeMap<u32, TcpStream>,
}

impl Remote {
    /// A broker at `host:port`, and how long it may leave a request unanswered.
    #[must_use]
    pub fn new(address: &str, patience: Duration) -> Remote {
        Remote { address: address.to_owned(), patience, streams: BTreeMap::new() }
    }

    fn stream(&mut self, conn: u32) -> io::Result<&mut TcpStream> {
        let slot = self.streams.entry(conn);
        Ok(match slot {
            std::collections::btree_map::Entry::Occupied(open) => open.into_mut(),
            std::collections::btree_map::Entry::Vacant(free) => {
                let stream = TcpStream::connect(&self.address)?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(self.patience))?;
                free.insert(stream)
            }
        })
    }

    /// Writes a frame; None if the peer has closed.
    fn write(&mut self, conn: u32, frame: &Bytes) -> io::Result<Option<()>> {
        let mut bytes = Vec::with_capacity(frame.len() + 4);
        bytes.extend(u32::try_from(frame.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(frame);
        none_if_closed(self.stream(conn)?.write_all(&bytes))
    }

    /// Reads a frame; None if the peer has closed.
    fn read(&mut self, conn: u32) -> io::Result<Option<Bytes>> {
        let stream = self.stream(conn)?;
        let mut length = [0; 4];
        if none_if_closed(stream.read_exact(&mut length))?.is_none() {
            return Ok(None);
        }
        let length = u64::from(u32::from_be_bytes(length));
        let mut frame = Vec::new();
        let read = none_if_closed(stream.take(length).read_to_end(&mut frame))?;
        Ok(read.filter(|&read| read as u64 == length).map(|_| frame.into()))
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

fn none_if_closed<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e) if [BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof].contains(&e.kind()) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Peer for Remote {
    fn ask(&mut self, conn: u32, frame: &Bytes) -> io::Result<Reply> {
        let silent = wants_silence(frame);
        let mut written = self.write(conn, frame)?;
        if silent && written.is_some() {
            written = self.write(conn, &probe())?;
        }
        let answer = match written {
            Some(()) => self.read(conn),
            None => Ok(None),
        };
        if answer.as_ref().is_err_and(is_timeout) {
            self.streams.remove(&conn);
            return Ok(Reply::Stuck);
        }
        Ok(match answer? {
            Some(_) if silent => Reply::Silence,
            Some(answer) => Reply::Answer(answer),
            None => {
                self.streams.remove(&conn);
                Reply::Closed
            }
        })
    }

    fn pause(&mut self) -> io::Result<()> {
        std::thread::sleep(Duration::from_millis(2));
        Ok(())
    }

    fn hang_up(&mut self) {
        self.streams.clear();
    }
}
