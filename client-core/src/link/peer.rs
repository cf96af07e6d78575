//! One broker as a client sees it: its address, its connection if there is one, and what is in flight there.

use super::versions::Versions;
use super::{Answer, Settings};
use crate::Client;
use crate::backoff::Backoff;
use crate::draw::Draw;
use bytes::Bytes;
use std::collections::VecDeque;
use wire::messages::{ApiVersionsRequest, ApiVersionsResponse};
use wire::{ApiKey, ConnId, Endpoint, ErrorCode, Instant, Io, Output, Request, RequestHeader, Response, Str};

/// A broker.
#[derive(Clone, Debug)]
pub(super) struct Peer<T> {
    pub(super) endpoint: Endpoint,
    pub(super) state: State,
    pub(super) in_flight: VecDeque<InFlight<T>>,
    /// Failures in a row, for the backoff; a negotiated connection ends the row.
    pub(super) failures: u32,
    /// Metadata does not name it any more.
    pub(super) forgotten: bool,
    /// Somebody waits for it to be dialled.
    pub(super) wanted: bool,
}

/// Where a connection stands.
#[derive(Clone, Debug)]
pub(super) enum State {
    /// There is none, and it is not dialled before then.
    Down { until: Instant },
    /// ApiVersions was sent.
    Negotiating { conn: ConnId, ask: Ask },
    /// Requests may be sent.
    Up { conn: ConnId, versions: Versions },
}

/// An ApiVersions request that is in flight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    correlation: i32,
    version: i16,
    deadline: Instant,
}

/// A request that waits for its answer.
#[derive(Clone, Debug)]
pub(super) struct InFlight<T> {
    pub(super) api: ApiKey,
    pub(super) version: i16,
    pub(super) correlation: i32,
    pub(super) deadline: Instant,
    pub(super) token: T,
}

/// The peer's bytes are not an answer to what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Nonsense;

impl<T> Peer<T> {
    pub(super) fn new(endpoint: Endpoint) -> Peer<T> {
        let state = State::Down { until: Instant::default() };
        Peer { endpoint, state, in_flight: VecDeque::new(), failures: 0, forgotten: false, wanted: false }
    }

    pub(super) fn conn(&self) -> Option<ConnId> {
        match self.state {
            State::Down { .. } => None,
            State::Negotiating { conn, .. } | State::Up { conn, .. } => Some(conn),
        }
    }

    pub(super) fn is_on(&self, conn: ConnId) -> bool {
        self.conn() == Some(conn)
    }

    pub(super) fn is_up(&self) -> bool {
        matches!(self.state, State::Up { .. })
    }

    pub(super) fn is_negotiating(&self) -> bool {
        matches!(self.state, State::Negotiating { .. })
    }

    pub(super) fn may_dial(&self, now: Instant) -> bool {
        matches!(self.state, State::Down { until } if until <= now)
    }

    /// Asks which versions the broker knows; the connection is good for nothing else before that.
    pub(super) fn negotiate(&mut self, conn: ConnId, correlation: i32, settings: &Settings, io: &mut Io<'_, Client>) {
        let deadline = io.now.mono + settings.setup_timeout;
        let ask = Ask { correlation, version: ApiKey::ApiVersions.versions().max, deadline };
        self.ask(conn, ask, &settings.client_id, io);
    }

    fn ask(&mut self, conn: ConnId, ask: Ask, client_id: &Str, io: &mut Io<'_, Client>) {
        let request = Request::from(ApiVersionsRequest {
            client_software_name: Str::from_static("tribunal"),
            client_software_version: Str::from_static(env!("CARGO_PKG_VERSION")),
        });
        let header = RequestHeader::new(ApiKey::ApiVersions, ask.version, ask.correlation, Some(client_id.clone()));
        if let Ok(frame) = request.encode(&header) {
            io.push(Output::Send(conn, frame));
        }
        self.state = State::Negotiating { conn, ask };
    }

    /// An answer came: to ApiVersions, which is handled here, or to the oldest request in flight.
    pub(super) fn frame(
        &mut self,
        conn: ConnId,
        bytes: &Bytes,
        settings: &Settings,
        io: &mut Io<'_, Client>,
    ) -> Result<Option<Answer<T>>, Nonsense> {
        if let State::Negotiating { ask, .. } = self.state {
            return self.negotiated(conn, ask, bytes, settings, io).map(|()| None);
        }
        let one = self.in_flight.front().ok_or(Nonsense)?;
        let response = decode(one.api, one.version, one.correlation, bytes)?;
        let one = self.in_flight.pop_front().ok_or(Nonsense)?;
        Ok(Some(Answer { token: one.token, response: Some(response) }))
    }

    /// A broker that does not know the version answers UNSUPPORTED_VERSION and names what it knows (KIP-511).
    fn negotiated(
        &mut self,
        conn: ConnId,
        ask: Ask,
        bytes: &Bytes,
        settings: &Settings,
        io: &mut Io<'_, Client>,
    ) -> Result<(), Nonsense> {
        let response = decode(ApiKey::ApiVersions, ask.version, ask.correlation, bytes)?;
        let Response::ApiVersions(ApiVersionsResponse { error_code, api_keys, .. }) = response else {
            return Err(Nonsense);
        };
        match ErrorCode::from_code(error_code) {
            ErrorCode::None => {
                self.state = State::Up { conn, versions: Versions::new(api_keys) };
                self.failures = 0;
                Ok(())
            }
            ErrorCode::UnsupportedVersion if ask.version > 0 => {
                let theirs = Versions::new(api_keys).of(ApiKey::ApiVersions);
                let version = theirs.filter(|&version| version < ask.version).unwrap_or(0);
                self.ask(conn, Ask { version, ..ask }, &settings.client_id, io);
                Ok(())
            }
            _ => Err(Nonsense),
        }
    }

    /// The connection ended; the next is dialled after a backoff.
    pub(super) fn down(&mut self, now: Instant, backoff: Backoff, draw: Draw) -> VecDeque<InFlight<T>> {
        self.failures = self.failures.saturating_add(1);
        self.state = State::Down { until: now + backoff.after(self.failures, draw) };
        std::mem::take(&mut self.in_flight)
    }

    /// The connection if something that was asked there should have been answered by now.
    pub(super) fn late(&self, now: Instant) -> Option<ConnId> {
        self.conn().filter(|_| self.answer_due() <= now)
    }

    fn answer_due(&self) -> Instant {
        match &self.state {
            State::Down { .. } => Instant::NEVER,
            State::Negotiating { ask, .. } => ask.deadline,
            State::Up { .. } => self.in_flight.front().map_or(Instant::NEVER, |one| one.deadline),
        }
    }

    /// When something is due here.
    pub(super) fn deadline(&self) -> Instant {
        match self.state {
            State::Down { until } if self.wanted => until,
            _ => self.answer_due(),
        }
    }
}

fn decode(api: ApiKey, version: i16, correlation: i32, bytes: &Bytes) -> Result<Response, Nonsense> {
    match Response::decode(api, version, bytes) {
        Ok((answered, response)) if answered == correlation => Ok(response),
        _ => Err(Nonsense),
    }
}
