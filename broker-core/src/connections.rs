//! Connections that peers opened, and how their requests are answered.
//!
//! A connection has one request in hand at a time: the next frame comes only after [`Output::Next`], which goes out with the answer.

use crate::broker::Broker;
use bytes::Bytes;
use std::collections::BTreeMap;
use wire::codec::EncodeError;
use wire::messages::EnvelopeResponse;
use wire::{ApiKey, ConnId, ErrorCode, Io, Output, Peer, RequestHeader, Response, Str};

/// Whom to answer, and in which version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) conn: ConnId,
    pub(crate) api: ApiKey,
    pub(crate) version: i16,
    pub(crate) correlation_id: i32,
    /// The answer travels in an envelope (KIP-590), which has a correlation id of its own.
    pub(crate) envelope: Option<i32>,
}

impl Reply {
    pub(crate) fn new(conn: ConnId, api: ApiKey, header: &RequestHeader) -> Reply {
        Reply { conn, api, version: header.api_version, correlation_id: header.correlation_id, envelope: None }
    }
}

/// One connection.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    /// The listener that it came by.
    pub(crate) listener: Str,
    /// A frame that came before the broker was ready to serve.
    pub(crate) early: Option<Bytes>,
    /// Z03: a Produce request that waits for its successor.
    #[cfg(feature = "bugs")]
    pub(crate) held: Option<Bytes>,
    /// Z03: the answer to a successor that was served first, once it is to be held back.
    #[cfg(feature = "bugs")]
    pub(crate) stash: Option<Option<Bytes>>,
}

/// All connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connections {
    open: BTreeMap<ConnId, Connection>,
}

impl Connections {
    pub(crate) fn accept(&mut self, conn: ConnId, peer: Peer) {
        let connection = Connection {
            listener: peer.listener,
            early: None,
            #[cfg(feature = "bugs")]
            held: None,
            #[cfg(feature = "bugs")]
            stash: None,
        };
        self.open.insert(conn, connection);
    }

    pub(crate) fn get(&self, conn: ConnId) -> Option<&Connection> {
        self.open.get(&conn)
    }

    pub(crate) fn get_mut(&mut self, conn: ConnId) -> Option<&mut Connection> {
        self.open.get_mut(&conn)
    }

    /// The peer closed it.
    pub(crate) fn closed(&mut self, conn: ConnId) {
        self.open.remove(&conn);
    }

    /// Closes it: what the peer sent cannot be answered.
    pub(crate) fn close(&mut self, conn: ConnId, io: &mut Io<'_, Broker>) {
        if self.open.remove(&conn).is_some() {
            io.push(Output::Close(conn));
        }
    }

    /// Sends an answer and asks for the next request; does nothing if the connection is gone.
    pub(crate) fn answer(&mut self, reply: Reply, response: &Response, io: &mut Io<'_, Broker>) {
        if !self.open.contains_key(&reply.conn) {
            return;
        }
        match encode(reply, response) {
            Ok(frame) => {
                #[cfg(feature = "bugs")]
                if let Some(stash) = self.open.get_mut(&reply.conn).and_then(|connection| connection.stash.as_mut()) {
                    *stash = Some(frame);
                    return;
                }
                io.push(Output::Send(reply.conn, frame));
                io.push(Output::Next(reply.conn));
            }
            Err(error) => {
                tracing::error!(api = reply.api.name(), version = reply.version, %error, "an answer cannot be written");
                self.close(reply.conn, io);
            }
        }
    }

    /// An envelope that is not opened here.
    pub(crate) fn refuse_envelope(&mut self, reply: Reply, error: ErrorCode, io: &mut Io<'_, Broker>) {
        let response = EnvelopeResponse { error_code: error.code(), ..EnvelopeResponse::default() };
        let correlation_id = reply.envelope.unwrap_or(reply.correlation_id);
        let plain = Reply { api: ApiKey::Envelope, version: 0, correlation_id, envelope: None, ..reply };
        self.answer(plain, &response.into(), io);
    }

    /// Asks for the next request of a connection whose last one has no answer.
    pub(crate) fn next(conn: ConnId, io: &mut Io<'_, Broker>) {
        io.push(Output::Next(conn));
    }

    /// Takes the frames that came too early, in the order of connections.
    pub(crate) fn take_early(&mut self) -> Vec<(ConnId, Bytes)> {
        self.open.iter_mut().filter_map(|(&conn, connection)| Some((conn, connection.early.take()?))).collect()
    }

    /// Z03: takes the Produce requests that wait for a successor.
    #[cfg(feature = "bugs")]
    pub(crate) fn take_held(&mut self) -> Vec<(ConnId, Bytes)> {
        self.open.iter_mut().filter_map(|(&conn, connection)| Some((conn, connection.held.take()?))).collect()
    }

    /// All open connections.
    pub(crate) fn ids(&self) -> impl Iterator<Item = ConnId> + '_ {
        self.open.keys().copied()
    }
}

/// An answer as it goes out, in its envelope if it came in one.
fn encode(reply: Reply, response: &Response) -> Result<Bytes, EncodeError> {
    let frame = response.encode(reply.version, reply.correlation_id)?;
    let Some(correlation_id) = reply.envelope else { return Ok(frame) };
    let envelope = EnvelopeResponse { response_data: Some(frame), error_code: 0 };
    Response::from(envelope).encode(0, correlation_id)
}
