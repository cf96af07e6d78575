//! Connections that this node opens to others, and what it waits for on them.
//!
//! One connection for each node and purpose, one request in flight on each: a long poll holds up nothing but the next long poll. Nodes of
//! one cluster speak the highest versions that this code knows. Left out on purpose, until versions are mixed: ApiVersions between nodes.

use crate::broker::Broker;
use crate::connections::Reply;
use crate::log::LogKey;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::time::Duration;
use wire::{ApiKey, ConnId, Endpoint, Instant, Io, Output, Request, RequestHeader, Response, Side, Str};

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Channel {
    /// Votes, and the beginning and end of quorum epochs.
    Quorum,
    /// The long poll for metadata, or the download of its snapshot.
    QuorumFetch,
    /// What a broker asks of the active controller for itself.
    Controller,
    /// What clients ask of the active controller through this node.
    Forward,
    /// The long poll of a follower.
    Replica,
}

/// What an answer is needed for.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    /// A vote in an epoch.
    Vote { epoch: i32, pre_vote: bool },
    /// That somebody was told who leads, or leads no more.
    QuorumEpoch,
    /// Metadata, in an epoch.
    QuorumFetch { epoch: i32 },
    /// Bytes of a snapshot of the metadata, in an epoch.
    FetchSnapshot { epoch: i32 },
    /// This broker's registration.
    Register,
    /// A sign of life.
    Heartbeat,
    /// Changes of ISRs, with the partitions that they are about.
    AlterPartition(Vec<LogKey>),
    /// An answer for a client.
    Forward(Reply),
    /// Records of partitions, as they were asked for: where, and in which leader epoch.
    ReplicaFetch(Vec<(LogKey, i64, i32)>),
}

/// A request that waits for its answer.
#[derive(Clone, Debug)]
struct InFlight {
    api: ApiKey,
    version: i16,
    correlation_id: i32,
    deadline: Instant,
    ask: Ask,
}

#[derive(Clone, Debug, Default)]
struct Peer {
    conn: Option<ConnId>,
    in_flight: Option<InFlight>,
    /// After a failure it is not dialled again before then.
    not_before: Instant,
}

/// How a request to another node ended.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    pub(crate) node: i32,
    pub(crate) ask: Ask,
    /// None if the connection ended first: nobody knows whether the request was carried out.
    pub(crate) response: Option<Response>,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peers {
    peers: BTreeMap<(i32, Channel), Peer>,
    dialled: u32,
    correlation_id: i32,
}

impl Peers {
    /// Whether a request may be sent: nothing is in flight there, and no failure is too fresh.
    pub(crate) fn is_free(&self, node: i32, channel: Channel, now: Instant) -> bool {
        self.peers.get(&(node, channel)).is_none_or(|peer| peer.in_flight.is_none() && peer.not_before <= now)
    }

    /// Whether an answer is waited for.
    pub(crate) fn is_busy(&self, node: i32, channel: Channel) -> bool {
        self.peers.get(&(node, channel)).is_some_and(|peer| peer.in_flight.is_some())
    }

    /// When a request may be sent at the earliest; never, as long as an answer is waited for, which is an input of its own.
    pub(crate) fn not_before(&self, node: i32, channel: Channel) -> Instant {
        match self.peers.get(&(node, channel)) {
            Some(peer) if peer.in_flight.is_some() => Instant::NEVER,
            peer => peer.map_or(Instant::default(), |peer| peer.not_before),
        }
    }

    /// Sends a request where [`Peers::is_free`]; dials first if need be.
    pub(crate) fn send(
        &mut self,
        to: (i32, Channel, &Endpoint),
        request: &Request,
        ask: Ask,
        timeout: Duration,
        io: &mut Io<'_, Broker>,
    ) {
        let (node, channel, endpoint) = to;
        let peer = self.peers.entry((node, channel)).or_default();
        if peer.in_flight.is_some() {
            return;
        }
        self.correlation_id = self.correlation_id.wrapping_add(1);
        let (api, correlation_id) = (request.api(), self.correlation_id);
        let version = api.versions().max;
        let header = RequestHeader::new(api, version, correlation_id, Some(Str::from_static("broker")));
        let Ok(frame) = request.encode(&header) else { return };
        let conn = peer.conn.unwrap_or_else(|| {
            self.dialled += 1;
            let conn = ConnId { side: Side::Dialled, n: self.dialled };
            io.push(Output::Dial(conn, endpoint.clone()));
            conn
        });
        peer.conn = Some(conn);
        let deadline = io.now.mono + timeout;
        peer.in_flight = Some(InFlight { api, version, correlation_id, deadline, ask });
        io.push(Output::Send(conn, frame));
    }

    fn find(&self, conn: ConnId) -> Option<(i32, Channel)> {
        self.peers.iter().find(|(_, peer)| peer.conn == Some(conn)).map(|(&key, _)| key)
    }

    /// A frame came: the answer to what is in flight, or nonsense, which ends the connection.
    pub(crate) fn frame(
        &mut self,
        conn: ConnId,
        frame: &Bytes,
        backoff: Duration,
        io: &mut Io<'_, Broker>,
    ) -> Option<Answered> {
        let key = self.find(conn)?;
        let peer = self.peers.get_mut(&key)?;
        let decoded = peer.in_flight.as_ref().and_then(|waits| {
            let (correlation_id, response) = Response::decode(waits.api, waits.version, frame).ok()?;
            (correlation_id == waits.correlation_id).then_some(response)
        });
        let Some(response) = decoded else {
            io.push(Output::Close(conn));
            return self.closed(conn, backoff, io.now.mono);
        };
        io.push(Output::Next(conn));
        let waits = peer.in_flight.take()?;
        Some(Answered { node: key.0, ask: waits.ask, response: Some(response) })
    }

    /// The connection has ended, and with it what was in flight.
    pub(crate) fn closed(&mut self, conn: ConnId, backoff: Duration, now: Instant) -> Option<Answered> {
        let key = self.find(conn)?;
        let peer = self.peers.get_mut(&key)?;
        peer.conn = None;
        peer.not_before = now + backoff;
        let waits = peer.in_flight.take()?;
        Some(Answered { node: key.0, ask: waits.ask, response: None })
    }

    /// Closes a connection whose answer is late; one at a time.
    pub(crate) fn expire(&mut self, backoff: Duration, io: &mut Io<'_, Broker>) -> Option<Answered> {
        let now = io.now.mono;
        let late = |peer: &&Peer| peer.in_flight.as_ref().is_some_and(|waits| waits.deadline <= now);
        let conn = self.peers.values().find(late)?.conn?;
        io.push(Output::Close(conn));
        self.closed(conn, backoff, now)
    }

    /// Gives up what was asked of a node for a purpose: nobody wants to know any more.
    pub(crate) fn abandon(&mut self, channel: Channel, io: &mut Io<'_, Broker>) {
        for (_, peer) in self.peers.iter_mut().filter(|((_, of), peer)| *of == channel && peer.in_flight.is_some()) {
            peer.in_flight = None;
            if let Some(conn) = peer.conn.take() {
                io.push(Output::Close(conn));
            }
        }
    }

    /// Nothing is sent for a purpose before then.
    pub(crate) fn rest(&mut self, channel: Channel, until: Instant) {
        for (_, peer) in self.peers.iter_mut().filter(|((_, of), _)| *of == channel) {
            peer.not_before = peer.not_before.max(until);
        }
    }

    /// Closes everything.
    pub(crate) fn close(&mut self, io: &mut Io<'_, Broker>) {
        for peer in std::mem::take(&mut self.peers).into_values() {
            peer.conn.into_iter().for_each(|conn| io.push(Output::Close(conn)));
        }
    }

    /// When the next answer is late.
    pub(crate) fn next_deadline(&self) -> Instant {
        let deadlines = self.peers.values().filter_map(|peer| peer.in_flight.as_ref());
        deadlines.map(|waits| waits.deadline).min().unwrap_or(Instant::NEVER)
    }
}
