//! Connections to brokers: dialled when somebody wants one, negotiated with ApiVersions, closed when an answer is late.
//!
//! All three roles stand on this: it matches answers to requests, limits how many are in flight, and says what is lost when a connection
//! ends. A request that was sent and not answered may or may not have been carried out; only its owner knows what that means. Nodes of
//! the bootstrap list have ids below zero until metadata names the real ones, and serve again when none of those can be reached
//! (KIP-899). Left out on purpose: TLS, SASL, closing idle connections.

mod peer;
mod versions;

use crate::backoff::Backoff;
use crate::config::Config;
use crate::draw::{Draw, Purpose};
use crate::{Client, Event};
use bytes::Bytes;
use peer::{InFlight, Peer, State};
use std::collections::BTreeMap;
use std::time::Duration;
use wire::{ApiKey, ConnId, Endpoint, Instant, Io, NodeId, Output, Request, RequestHeader, Response, Side, Str};

/// After so many failures in a row a node counts as out of reach.
const OUT_OF_REACH: u32 = 3;

/// All connections of a client. `T` is what the owner of a request gets back with its answer.
#[derive(Clone, Debug)]
pub(crate) struct Links<T> {
    peers: BTreeMap<NodeId, Peer<T>>,
    settings: Settings,
    draw: Draw,
    dialled: u32,
    correlation: i32,
}

#[derive(Clone, Debug)]
struct Settings {
    client_id: Str,
    request_timeout: Duration,
    setup_timeout: Duration,
    reconnect: Backoff,
    max_in_flight: usize,
}

/// How a request ended.
#[derive(Clone, Debug)]
pub(crate) struct Answer<T> {
    /// What its owner wanted to have back.
    pub(crate) token: T,
    /// None if the connection ended first: nobody knows whether the request was carried out.
    pub(crate) response: Option<Response>,
}

/// The API, or the version that both sides know, cannot say the request. Nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unsaid;

impl<T> Links<T> {
    pub(crate) fn new(config: &Config, max_in_flight: usize, draw: Draw) -> Links<T> {
        let settings = Settings {
            client_id: config.client_id.clone(),
            request_timeout: config.request_timeout,
            setup_timeout: config.connection_setup_timeout.min(config.request_timeout),
            reconnect: Backoff { first: config.reconnect_backoff, max: config.reconnect_backoff_max },
            max_in_flight,
        };
        let bootstrap = (1..).map(|n: i32| NodeId(-n)).zip(config.bootstrap_servers.iter().cloned());
        let peers = bootstrap.map(|(node, endpoint)| (node, Peer::new(endpoint))).collect();
        Links { peers, settings, draw: draw.of(Purpose::Reconnect), dialled: 0, correlation: 0 }
    }

    /// Nobody waits for a node any more, until somebody asks for it again.
    pub(crate) fn begin(&mut self) {
        self.peers.values_mut().for_each(|peer| peer.wanted = false);
    }

    pub(crate) fn knows(&self, node: NodeId) -> bool {
        self.peers.contains_key(&node)
    }

    /// Whether a node is connected and has room for one more request. If not, sees to it that it will be connected, as soon as the backoff
    /// allows.
    pub(crate) fn ready(&mut self, node: NodeId, io: &mut Io<'_, Client>) -> bool {
        let Some(peer) = self.peers.get_mut(&node) else { return false };
        peer.wanted = true;
        if peer.may_dial(io.now.mono) {
            self.dialled = self.dialled.wrapping_add(1);
            self.correlation = self.correlation.wrapping_add(1);
            let conn = ConnId { side: Side::Dialled, n: self.dialled };
            io.push(Output::Dial(conn, peer.endpoint.clone()));
            peer.negotiate(conn, self.correlation, &self.settings, io);
        }
        peer.is_up() && peer.in_flight.len() < self.settings.max_in_flight
    }

    /// A ready node that can be asked anything: the connected one with the fewest requests in flight. If none is connected, sees to it that
    /// one will be.
    pub(crate) fn any_ready(&mut self, draw: Draw, io: &mut Io<'_, Client>) -> Option<NodeId> {
        let up = self.peers.iter().filter(|(_, peer)| peer.is_up() && !peer.forgotten);
        if let Some((&node, _)) = up.min_by_key(|(_, peer)| peer.in_flight.len()) {
            return self.ready(node, io).then_some(node);
        }
        if !self.peers.values().any(Peer::is_negotiating) {
            self.dial_any(draw, io);
        }
        None
    }

    fn dial_any(&mut self, draw: Draw, io: &mut Io<'_, Client>) {
        let bootstrap = self.named().all(|(_, peer)| peer.failures >= OUT_OF_REACH);
        let candidates: Vec<NodeId> = self.peers.keys().copied().filter(|node| bootstrap || node.0 >= 0).collect();
        let now = io.now.mono;
        let may_dial = |node: &NodeId| self.peers.get(node).is_some_and(|peer| peer.may_dial(now));
        let open: Vec<NodeId> = candidates.iter().copied().filter(may_dial).collect();
        let nth = usize::try_from(draw.below(open.len() as u64)).unwrap_or(0);
        match open.get(nth) {
            Some(&node) => _ = self.ready(node, io),
            None => candidates.iter().for_each(|&node| _ = self.ready(node, io)),
        }
    }

    /// The nodes that metadata named.
    fn named(&self) -> impl Iterator<Item = (&NodeId, &Peer<T>)> {
        self.peers.iter().filter(|(node, peer)| node.0 >= 0 && !peer.forgotten)
    }

    /// The version that is spoken with a connected node; None if the node and we have none in common.
    pub(crate) fn version(&self, node: NodeId, api: ApiKey) -> Option<i16> {
        match &self.peers.get(&node)?.state {
            State::Up { versions, .. } => versions.of(api),
            _ => None,
        }
    }

    /// Sends a request to a node that was found [`ready`](Links::ready). `token` comes back with the answer; None is a request that is not
    /// answered (a produce request with acks=0).
    pub(crate) fn send(
        &mut self,
        node: NodeId,
        request: &Request,
        token: Option<T>,
        io: &mut Io<'_, Client>,
    ) -> Result<(), Unsaid> {
        let api = request.api();
        let version = self.version(node, api).ok_or(Unsaid)?;
        let peer = self.peers.get_mut(&node).ok_or(Unsaid)?;
        let conn = peer.conn().ok_or(Unsaid)?;
        self.correlation = self.correlation.wrapping_add(1);
        let correlation = self.correlation;
        let header = RequestHeader::new(api, version, correlation, Some(self.settings.client_id.clone()));
        io.push(Output::Send(conn, request.encode(&header).map_err(|_| Unsaid)?));
        if let Some(token) = token {
            let deadline = io.now.mono + self.settings.request_timeout;
            peer.in_flight.push_back(InFlight { api, version, correlation, deadline, token });
        }
        Ok(())
    }

    /// A frame came. Its answer, or everything that was in flight if the frame makes no sense.
    pub(crate) fn frame(&mut self, conn: ConnId, bytes: &Bytes, io: &mut Io<'_, Client>) -> Vec<Answer<T>> {
        let Some(peer) = self.peers.values_mut().find(|peer| peer.is_on(conn)) else { return Vec::new() };
        match peer.frame(conn, bytes, &self.settings, io) {
            Ok(answer) => {
                io.push(Output::Next(conn));
                answer.into_iter().collect()
            }
            Err(_) => {
                io.push(Output::Close(conn));
                self.lost(conn, io)
            }
        }
    }

    /// A connection ended: what was in flight on it is lost.
    pub(crate) fn lost(&mut self, conn: ConnId, io: &mut Io<'_, Client>) -> Vec<Answer<T>> {
        let Some((&node, peer)) = self.peers.iter_mut().find(|(_, peer)| peer.is_on(conn)) else { return Vec::new() };
        io.event(Event::Disconnected);
        let in_flight = peer.down(io.now.mono, self.settings.reconnect, self.draw.at(u64::from(conn.n)));
        if peer.forgotten {
            self.peers.remove(&node);
        }
        in_flight.into_iter().map(|one| Answer { token: one.token, response: None }).collect()
    }

    /// Closes connections whose oldest answer is late, as Kafka's clients do: what else is in flight there is lost too.
    pub(crate) fn expire(&mut self, io: &mut Io<'_, Client>) -> Vec<Answer<T>> {
        let now = io.now.mono;
        self.close_where(|peer| peer.late(now), io)
    }

    /// Closes everything.
    pub(crate) fn close(&mut self, io: &mut Io<'_, Client>) -> Vec<Answer<T>> {
        self.close_where(Peer::conn, io)
    }

    fn close_where(&mut self, which: impl Fn(&Peer<T>) -> Option<ConnId>, io: &mut Io<'_, Client>) -> Vec<Answer<T>> {
        let mut answers = Vec::new();
        while let Some(conn) = self.peers.values().find_map(&which) {
            io.push(Output::Close(conn));
            answers.append(&mut self.lost(conn, io));
        }
        answers
    }

    /// Metadata says who is there. A node that moved is dialled at its new address once its connection ends, one that is gone is
    /// forgotten then, and the bootstrap servers are left.
    pub(crate) fn set_nodes(&mut self, nodes: Vec<(NodeId, Endpoint)>, io: &mut Io<'_, Client>) {
        if nodes.is_empty() {
            return;
        }
        self.peers.iter_mut().for_each(|(node, peer)| peer.forgotten = node.0 >= 0);
        for (node, endpoint) in nodes {
            let peer = self.peers.entry(node).or_insert_with(|| Peer::new(endpoint.clone()));
            peer.endpoint = endpoint;
            peer.forgotten = false;
        }
        self.peers.retain(|_, peer| !peer.forgotten || peer.conn().is_some());
        for peer in self.peers.iter_mut().filter(|(node, _)| node.0 < 0).map(|(_, peer)| peer) {
            if let (Some(conn), true) = (peer.conn(), peer.in_flight.is_empty()) {
                io.push(Output::Close(conn));
                peer.state = State::Down { until: io.now.mono };
            }
        }
    }

    /// A node is met before metadata names it.
    pub(crate) fn meet(&mut self, node: NodeId, endpoint: Endpoint) {
        self.peers.entry(node).or_insert_with(|| Peer::new(endpoint));
    }

    /// The next instant at which something is due here: an answer is late, or a node that somebody waits for may be dialled.
    pub(crate) fn deadline(&self) -> Instant {
        self.peers.values().map(Peer::deadline).min().unwrap_or(Instant::NEVER)
    }
}
