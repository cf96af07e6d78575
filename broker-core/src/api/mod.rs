//! The APIs that clients use, beside Produce and Fetch: one file each. What is not in [`SERVED`] is not advertised and not answered.

mod api_versions;
mod describe_cluster;
mod describe_configs;
mod describe_topic_partitions;
mod list_offsets;
mod metadata;
mod offset_for_leader_epoch;
mod topics;

use crate::broker::Broker;
use crate::connections::Reply;
use crate::controller::Caller;
use bytes::Bytes;
use wire::{ApiKey, ConnId, Io, Request, RequestError};

/// What is served on client listeners.
pub(crate) const SERVED: &[ApiKey] = &[
    ApiKey::Produce,
    ApiKey::Fetch,
    ApiKey::ListOffsets,
    ApiKey::Metadata,
    ApiKey::ApiVersions,
    ApiKey::CreateTopics,
    ApiKey::DeleteTopics,
    ApiKey::OffsetForLeaderEpoch,
    ApiKey::DescribeConfigs,
    ApiKey::DescribeCluster,
    ApiKey::DescribeTopicPartitions,
];

/// What a client may do with a topic, and with the cluster: everything, since nobody is refused anything. Bits are those of Kafka's
/// `AclOperation`.
const TOPIC_OPERATIONS: i32 = 0b1101_1111_1000;
const CLUSTER_OPERATIONS: i32 = 0b1_1111_1010_0000;

impl Broker {
    /// A frame of a connection that is served.
    pub(crate) fn request(&mut self, conn: ConnId, frame: &Bytes, io: &mut Io<'_, Broker>) {
        match Request::decode(frame) {
            Ok((header, request)) => self.dispatch(Reply::new(conn, request.api(), &header), request, io),
            Err(RequestError::UnknownVersion(header, ApiKey::ApiVersions)) => {
                let reply = Reply { version: 0, ..Reply::new(conn, ApiKey::ApiVersions, &header) };
                self.refuse_api_versions(reply, io);
            }
            Err(error) => {
                tracing::debug!(?conn, %error, "a request is not understood");
                self.connections.close(conn, io);
            }
        }
    }

    fn dispatch(&mut self, reply: Reply, request: Request, io: &mut Io<'_, Broker>) {
        tracing::trace!(conn = ?reply.conn, api = reply.api.name(), version = reply.version, "request");
        if self.is_controllers(reply.conn) {
            return self.dispatch_between_nodes(reply, request, io);
        }
        if !reply.api.advertised().contains(reply.version) {
            return self.connections.close(reply.conn, io);
        }
        let response = match request {
            Request::Produce(request) => return self.produce(reply, request, io),
            Request::Fetch(request) => return self.fetch(reply, request, io),
            // Pumped at the end of the input: by the controller that this node may be, or to it.
            Request::CreateTopics(_) | Request::DeleteTopics(_) => return self.forward(reply, request),
            Request::Metadata(request) => match self.metadata(reply, request, io) {
                Some(response) => response.into(),
                None => return self.connections.close(reply.conn, io),
            },
            Request::ApiVersions(request) => self.api_versions(reply, &request).into(),
            Request::ListOffsets(request) => self.list_offsets(reply, request, io).into(),
            Request::OffsetForLeaderEpoch(request) => self.offset_for_leader_epoch(request).into(),
            Request::DescribeConfigs(request) => self.describe_configs(&request).into(),
            Request::DescribeCluster(request) => self.describe_cluster(reply, &request).into(),
            Request::DescribeTopicPartitions(request) => self.describe_topic_partitions(&request).into(),
            _ => return self.connections.close(reply.conn, io),
        };
        self.connections.answer(reply, &response, io);
    }

    /// What other nodes ask on the controllers' listener.
    fn dispatch_between_nodes(&mut self, reply: Reply, request: Request, io: &mut Io<'_, Broker>) {
        match request {
            Request::Vote(request) => self.vote_asked(reply, &request, io),
            Request::BeginQuorumEpoch(request) => self.epoch_begun(reply, &request, io),
            Request::EndQuorumEpoch(request) => self.epoch_ended(reply, &request, io),
            Request::Fetch(request) => self.quorum_fetch(reply, &request, io),
            Request::FetchSnapshot(request) => self.snapshot_asked(reply, &request, io),
            Request::Envelope(request) => self.unwrap_envelope(reply, &request, io),
            Request::BrokerRegistration(_) | Request::BrokerHeartbeat(_) | Request::AlterPartition(_) => {
                self.control(Caller::Remote(reply), request, io);
            }
            Request::ApiVersions(request) => {
                let response = self.api_versions(reply, &request);
                self.connections.answer(reply, &response.into(), io);
            }
            _ => self.connections.close(reply.conn, io),
        }
    }
}
