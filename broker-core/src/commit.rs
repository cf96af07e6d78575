//! Metadata on its way from a decision to what follows from it: proposed, replicated, committed, published, answered; and who is asked.

use crate::broker::Broker;
use crate::bugs::Bug;
use crate::connections::Reply;
use crate::controller::sessions::Sessions;
use crate::controller::{Answer, Caller};
use crate::lifecycle::Phase;
use crate::peers::{Answered, Ask, Channel};
use crate::quorum::METADATA;
use wire::messages::EnvelopeRequest;
use wire::metadata::MetadataRecord;
use wire::{Instant, Io, Request, RequestHeader, Response};

impl Broker {
    /// The active controller writes records to the metadata log. What they lead to happens when they are committed; so does an answer that
    /// needs none, since it was decided by what is not committed yet.
    pub(crate) fn propose(&mut self, records: Vec<MetadataRecord>, answer: Option<Answer>, io: &mut Io<'_, Broker>) {
        if records.is_empty() {
            let at_once = answer.and_then(|answer| self.controller.defer(answer));
            return at_once.into_iter().for_each(|answer| self.answered(answer, io));
        }
        // A node that has just halted has forgotten what is not committed, and decides nothing any more.
        if !self.quorum.leads() || self.phase == Phase::Halted {
            return answer.into_iter().for_each(|answer| self.unanswered(answer, io));
        }
        match self.quorum.append(&records, &mut self.logs, io, &self.config.planted) {
            Ok(base_offset) => {
                self.controller.propose(base_offset, records, answer);
                self.arm_idle(io);
                self.advance_metadata(io);
                self.wake_quorum_fetches(io);
            }
            Err(error) => self.metadata_failed(&error.to_string(), io),
        }
    }

    /// A leader's high watermark of the metadata log may have moved.
    pub(crate) fn advance_metadata(&mut self, io: &mut Io<'_, Broker>) {
        let Some(event) = self.quorum.advance(&self.logs, &self.config.planted) else { return };
        io.event(event);
        self.metadata_committed(true, io);
        self.wake_quorum_fetches(io);
    }

    /// The high watermark of the metadata log has moved: what it passed is published and answered. The image is published for the first
    /// time when it has caught up with what the leader had committed: less would make strays of logs whose topics it does not know yet.
    pub(crate) fn metadata_committed(&mut self, caught_up: bool, io: &mut Io<'_, Broker>) {
        if !self.quorum.published {
            if !caught_up {
                return;
            }
            self.quorum.published = true;
            let applied = self.controller.committed().next_offset();
            self.publish_loaded(io);
            self.state_applied(applied, io);
            self.image_is_known(io);
        }
        // Published as one step, as Kafka's loader does: what a later batch takes back, as a topic that is deleted, was never there.
        let committed: Vec<_> = std::iter::from_fn(|| self.controller.commit(self.quorum.high_watermark)).collect();
        if let Some(first) = committed.first() {
            self.state_applied(first.base_offset, io);
        }
        let (records, answers): (Vec<_>, Vec<_>) = committed.into_iter().map(|it| (it.records, it.answer)).unzip();
        self.publish(records.iter().flat_map(|records| records.iter()), io);
        for answer in answers.into_iter().flatten() {
            self.answered(answer, io);
        }
        self.snapshot_if_due(io);
    }

    /// What was asked of the active controller is decided and committed.
    pub(crate) fn answered(&mut self, answer: Answer, io: &mut Io<'_, Broker>) {
        match answer.caller {
            Caller::Remote(reply) => self.connections.answer(reply, &answer.response, io),
            Caller::Local(ask) => self.controller_answered(ask, Some(*answer.response), io),
        }
    }

    /// Nobody knows what will become of it: another leader may commit it, or not.
    pub(crate) fn unanswered(&mut self, answer: Answer, io: &mut Io<'_, Broker>) {
        match answer.caller {
            Caller::Remote(reply) => self.connections.close(reply.conn, io),
            Caller::Local(ask) => self.controller_answered(ask, None, io),
        }
    }

    /// A new controller gives every unfenced broker a whole session.
    pub(crate) fn begin_sessions(&mut self, io: &Io<'_, Broker>) {
        let brokers = self.controller.latest().brokers.values();
        let unfenced = brokers.filter(|broker| !broker.fenced).map(|broker| broker.broker_id);
        self.sessions = Sessions::begin(unfenced, io.now.mono);
    }

    /// This node is not the active controller any more.
    pub(crate) fn leads_no_more(&mut self, io: &mut Io<'_, Broker>) {
        self.sessions = Sessions::default();
        if self.config.planted.has(Bug::C07) {
            let own = self.logs.get(METADATA).and_then(|log| log.epochs().last()).map_or(0, |&(_, start)| start);
            self.quorum.high_watermark = self.quorum.high_watermark.min(own);
            let _ = self.logs.truncate(METADATA, own, io, &self.config.planted);
        }
        if let Err(error) = self.reload_uncommitted(io) {
            self.metadata_failed(&error.to_string(), io);
        }
    }

    /// Asks the active controller, which may be this node; when to try again if it cannot be asked now.
    pub(crate) fn ask_controller(
        &mut self,
        request: Request,
        ask: Ask,
        io: &mut Io<'_, Broker>,
    ) -> Result<(), Instant> {
        if self.quorum.leads() {
            self.control(Caller::Local(ask), request, io);
            return Ok(());
        }
        self.send_to_controller(Channel::Controller, &request, ask, io)
    }

    fn send_to_controller(
        &mut self,
        channel: Channel,
        request: &Request,
        ask: Ask,
        io: &mut Io<'_, Broker>,
    ) -> Result<(), Instant> {
        let leader = self.quorum.leader().filter(|&leader| leader != self.config.node_id.0).ok_or(Instant::NEVER)?;
        let endpoint = self.config.cluster.voters.get(&leader).ok_or(Instant::NEVER)?;
        if !self.peers.is_free(leader, channel, io.now.mono) {
            return Err(self.peers.not_before(leader, channel));
        }
        let timeout = self.config.cluster.request_timeout;
        self.peers.send((leader, channel, endpoint), request, ask, timeout, io);
        Ok(())
    }

    /// A client asks this broker for what only the active controller decides.
    pub(crate) fn forward(&mut self, reply: Reply, request: Request) {
        self.forwards.push_back((reply, request));
    }

    /// Forwards the oldest client's request that waits.
    pub(crate) fn pump_forwards(&mut self, io: &mut Io<'_, Broker>) -> Instant {
        while let Some((reply, request)) = self.forwards.pop_front() {
            if self.connections.get(reply.conn).is_none() {
                continue;
            }
            if self.quorum.leads() {
                self.dispatch_to_controller(reply, request, io);
                continue;
            }
            let header = RequestHeader::new(reply.api, reply.version, reply.correlation_id, None);
            let Ok(request_data) = request.encode(&header) else { continue };
            let envelope = EnvelopeRequest { request_data, ..EnvelopeRequest::default() };
            if let Err(retry) = self.send_to_controller(Channel::Forward, &envelope.into(), Ask::Forward(reply), io) {
                self.forwards.push_front((reply, request));
                return retry;
            }
        }
        Instant::NEVER
    }

    fn dispatch_to_controller(&mut self, reply: Reply, request: Request, io: &mut Io<'_, Broker>) {
        match request {
            Request::CreateTopics(request) => self.create_topics(reply, &request, io),
            Request::DeleteTopics(request) => self.delete_topics(reply, request, io),
            _ => self.connections.close(reply.conn, io),
        }
    }

    fn forward_answered(&mut self, reply: Reply, response: Option<Response>, io: &mut Io<'_, Broker>) {
        let inner = match response {
            Some(Response::Envelope(envelope)) if envelope.error_code == 0 => envelope.response_data,
            _ => None,
        };
        let decoded = inner.and_then(|bytes| Response::decode(reply.api, reply.version, &bytes).ok());
        match decoded {
            Some((_, response)) => self.connections.answer(reply, &response, io),
            // It may have been carried out, or not: the client has to find out.
            None => self.connections.close(reply.conn, io),
        }
    }

    /// Another node answered, or its connection ended.
    pub(crate) fn peer_answered(&mut self, answered: Answered, io: &mut Io<'_, Broker>) {
        let Answered { node, ask, response } = answered;
        match ask {
            Ask::Vote { epoch, pre_vote } => {
                let vote = match &response {
                    Some(Response::Vote(vote)) => Some(vote),
                    _ => None,
                };
                self.vote_answered(node, (epoch, pre_vote), vote, io);
            }
            Ask::QuorumEpoch => self.epoch_told(node, response.as_ref(), io),
            Ask::QuorumFetch { epoch } => self.metadata_fetched(epoch, response, io),
            Ask::FetchSnapshot { epoch } => self.snapshot_fetched(epoch, response, io),
            Ask::Forward(reply) => self.forward_answered(reply, response, io),
            Ask::ReplicaFetch(asked) => self.replica_fetched(node, &asked, response, io),
            ask => self.controller_answered(ask, response, io),
        }
    }
}
