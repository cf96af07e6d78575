//! What brokers ask the active controller, this node's own broker among them: registration, heartbeats, ISR changes; and what clients ask
//! it through other brokers.

use super::membership::{self, Policy};
use super::{Answer, Caller, isr, registration};
use crate::broker::Broker;
use crate::bugs::Bug;
use crate::connections::Reply;
use crate::event::Event;
use crate::log::{Log, LogKey};
use crate::quorum::METADATA;
use wire::messages::alter_partition::{PartitionData, PartitionDataResponse, TopicDataResponse};
use wire::messages::{
    AlterPartitionRequest, AlterPartitionResponse, BrokerHeartbeatRequest, BrokerHeartbeatResponse,
    BrokerRegistrationRequest, BrokerRegistrationResponse, EnvelopeRequest,
};
use wire::metadata::MetadataRecord;
use wire::{ErrorCode, Io, Request, Response, Uuid};

impl Broker {
    /// A request for the active controller. Whoever is not it says so.
    pub(crate) fn control(&mut self, caller: Caller, request: Request, io: &mut Io<'_, Broker>) {
        match request {
            Request::BrokerRegistration(request) => self.register_broker(caller, request, io),
            Request::BrokerHeartbeat(request) => self.broker_beats(caller, &request, io),
            Request::AlterPartition(request) => self.alter_partition(caller, &request, io),
            _ => {}
        }
    }

    /// Answers at once.
    fn reply_to(&mut self, caller: Caller, response: Response, io: &mut Io<'_, Broker>) {
        self.answered(Answer { caller, response: Box::new(response) }, io);
    }

    fn policy(&self) -> Policy<'_> {
        Policy { unclean: self.config.flag("unclean.leader.election.enable"), bugs: &self.config.planted }
    }

    /// This node's broker cannot use these logs any more. Left out on purpose, until log directories fail one by one: telling a controller
    /// that is another node.
    pub(crate) fn give_back(&mut self, keys: &[LogKey], io: &mut Io<'_, Broker>) {
        if self.quorum.leads() {
            let (image, node) = (self.controller.latest(), self.config.node_id.0);
            let records = membership::without_logs(image, node, keys, self.policy());
            self.propose(records, None, io);
        }
    }

    fn register_broker(&mut self, caller: Caller, request: BrokerRegistrationRequest, io: &mut Io<'_, Broker>) {
        if let Err(error) = self.may_register(&caller, &request, io) {
            let response = BrokerRegistrationResponse { error_code: error.code(), ..Default::default() };
            return self.reply_to(caller, response.into(), io);
        }
        let end = self.logs.get(METADATA).map_or(0, Log::log_end_offset);
        self.sessions.touch(request.broker_id, io.now.mono);
        let (broker_epoch, records) = registration::register(self.controller.latest(), request, end, self.policy());
        let response = BrokerRegistrationResponse { broker_epoch, ..BrokerRegistrationResponse::default() };
        self.propose(records, Some(Answer { caller, response: Box::new(response.into()) }), io);
    }

    /// An incarnation that still has a session is not replaced by another. This node's own predecessor is certainly gone.
    fn may_register(
        &self,
        caller: &Caller,
        request: &BrokerRegistrationRequest,
        io: &Io<'_, Broker>,
    ) -> Result<(), ErrorCode> {
        if !self.quorum.leads() {
            return Err(ErrorCode::NotController);
        }
        if !self.is_our_cluster(Some(request.cluster_id.as_str())) {
            return Err(ErrorCode::InconsistentClusterId);
        }
        let known = self.controller.latest().brokers.get(&request.broker_id);
        let other = known.is_some_and(|known| !known.fenced && known.incarnation_id != request.incarnation_id);
        let alive = self.sessions.is_alive(request.broker_id, io.now.mono, self.config.cluster.session_timeout);
        let twice = other && alive && matches!(caller, Caller::Remote(_)) && !self.config.planted.has(Bug::C30);
        if twice { Err(ErrorCode::DuplicateBrokerRegistration) } else { Ok(()) }
    }

    fn broker_beats(&mut self, caller: Caller, request: &BrokerHeartbeatRequest, io: &mut Io<'_, Broker>) {
        if let Err(error) = self.check_broker_epoch(request.broker_id, request.broker_epoch) {
            let response = BrokerHeartbeatResponse { error_code: error.code(), ..Default::default() };
            return self.reply_to(caller, response.into(), io);
        }
        self.sessions.touch(request.broker_id, io.now.mono);
        let broker = request.broker_id;
        let fenced = self.controller.latest().brokers.get(&broker).is_some_and(|known| known.fenced);
        let (records, response) = registration::beat(self.controller.latest(), request, self.policy());
        if fenced && !response.is_fenced {
            io.event(Event::BrokerUnfenced { broker });
        }
        self.propose(records, Some(Answer { caller, response: Box::new(response.into()) }), io);
    }

    fn check_broker_epoch(&self, broker: i32, epoch: i64) -> Result<(), ErrorCode> {
        if !self.quorum.leads() {
            return Err(ErrorCode::NotController);
        }
        match self.controller.latest().brokers.get(&broker) {
            Some(known) if known.broker_epoch == epoch => Ok(()),
            Some(_) => Err(ErrorCode::StaleBrokerEpoch),
            None => Err(ErrorCode::BrokerIdNotRegistered),
        }
    }

    /// Fences whom nobody has heard from.
    pub(crate) fn fence_silent(&mut self, io: &mut Io<'_, Broker>) {
        let timeout = self.config.cluster.session_timeout;
        while let Some(broker) = self.sessions.expired(io.now.mono, timeout).filter(|_| self.quorum.leads()) {
            self.sessions.forget(broker);
            let image = self.controller.latest();
            let Some(known) = image.brokers.get(&broker).filter(|known| !known.fenced) else { continue };
            let records = membership::fence(image, broker, known.broker_epoch, self.policy());
            io.event(Event::BrokerFenced { broker });
            self.propose(records, None, io);
        }
    }

    fn alter_partition(&mut self, caller: Caller, request: &AlterPartitionRequest, io: &mut Io<'_, Broker>) {
        if let Err(error) = self.check_broker_epoch(request.broker_id, request.broker_epoch) {
            let response = AlterPartitionResponse { error_code: error.code(), ..Default::default() };
            return self.reply_to(caller, response.into(), io);
        }
        let mut records = Vec::new();
        let mut image = self.controller.latest().clone();
        let mut topics = Vec::new();
        for topic in &request.topics {
            let id = topic.topic_id;
            let partitions = topic.partitions.iter().map(|asked| {
                let decided = self.decide_isr(&image, request.broker_id, id, asked);
                if let Ok(Some(record)) = &decided {
                    let record: MetadataRecord = record.clone().into();
                    crate::replicated::Fold::apply(&mut image, 0, &record);
                    records.push(record);
                }
                altered(&image, id, asked.partition_index, decided.err())
            });
            topics.push(TopicDataResponse { topic_id: id, partitions: partitions.collect() });
        }
        let response = AlterPartitionResponse { topics, ..AlterPartitionResponse::default() };
        self.propose(records, Some(Answer { caller, response: Box::new(response.into()) }), io);
    }

    fn decide_isr(
        &self,
        image: &super::Image,
        broker_id: i32,
        topic_id: Uuid,
        asked: &PartitionData,
    ) -> Result<Option<wire::metadata::PartitionChangeRecord>, ErrorCode> {
        isr::check(image, broker_id, topic_id, asked, &self.config.planted)?;
        let members = asked.new_isr_with_epochs.iter().map(|member| member.broker_id).collect();
        Ok(membership::new_isr(image, (topic_id, asked.partition_index), members, self.policy()))
    }

    /// A client's request that came through another broker.
    pub(crate) fn unwrap_envelope(&mut self, reply: Reply, request: &EnvelopeRequest, io: &mut Io<'_, Broker>) {
        let Ok((header, inner)) = Request::decode(&request.request_data) else {
            return self.connections.close(reply.conn, io);
        };
        let envelope = Some(reply.correlation_id);
        let reply = Reply { envelope, ..Reply::new(reply.conn, inner.api(), &header) };
        if !self.quorum.leads() {
            return self.connections.refuse_envelope(reply, ErrorCode::NotController, io);
        }
        match inner {
            Request::CreateTopics(request) => self.create_topics(reply, &request, io),
            Request::DeleteTopics(request) => self.delete_topics(reply, request, io),
            _ => self.connections.close(reply.conn, io),
        }
    }
}

/// A partition of an answer: its state after the change, or why there is none.
fn altered(
    image: &super::Image,
    topic_id: Uuid,
    partition_index: i32,
    error: Option<ErrorCode>,
) -> PartitionDataResponse {
    let failed = |error: ErrorCode| PartitionDataResponse {
        partition_index,
        error_code: error.code(),
        ..PartitionDataResponse::default()
    };
    let partition = image.topics.get(&topic_id).and_then(|topic| topic.partitions.get(&partition_index));
    match (error, partition) {
        (Some(error), _) => failed(error),
        (None, None) => failed(ErrorCode::UnknownTopicOrPartition),
        (None, Some(partition)) => PartitionDataResponse {
            partition_index,
            leader_id: partition.leader,
            leader_epoch: partition.leader_epoch,
            isr: partition.isr.clone(),
            leader_recovery_state: partition.leader_recovery_state,
            partition_epoch: partition.partition_epoch,
            ..PartitionDataResponse::default()
        },
    }
}
