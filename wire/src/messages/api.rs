//! The table of all implemented APIs.

use crate::codec::{Context, DecodeError, Describe, EncodeError, Message, Reader, Shape, Value, Versions, Writer};
use crate::messages::*;

/// Whom an API is served by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Listener {
    /// Nodes with the broker role, on the client and inter-broker listeners.
    Broker,
    /// Nodes with the controller role, on the controller listener.
    Controller,
}

macro_rules! apis {
    ($(
        $api:ident = $key:literal: $request:ident, $response:ident,
            $($listener:ident)+ $(, advertised $advertised:literal)?;
    )*) => {
        /// An API that this project implements.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(i16)]
        pub enum ApiKey {$(
            #[doc = concat!("[`", stringify!($request), "`], key ", stringify!($key), ".")]
            $api = $key,
        )*}

        impl ApiKey {
            /// All of them, by key.
            pub const ALL: &'static [ApiKey] = &[$(ApiKey::$api),*];

            /// The API of a key.
            #[must_use]
            pub fn from_key(key: i16) -> Option<ApiKey> {
                match key {
                    $($key => Some(ApiKey::$api),)*
                    _ => None,
                }
            }

            /// Kafka's name, as `ListOffsets`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(ApiKey::$api => stringify!($api)),* }
            }

            /// The versions that are decoded and encoded.
            #[must_use]
            pub fn versions(self) -> Versions {
                match self { $(ApiKey::$api => <$request as Message>::VERSIONS),* }
            }

            /// The versions with compact lengths and tagged fields.
            #[must_use]
            pub fn flexible(self) -> Versions {
                match self { $(ApiKey::$api => <$request as Message>::FLEXIBLE),* }
            }

            /// The versions that a Kafka 4.3 names in its ApiVersions response. Produce names 0 to 2, which it refuses,
            /// because librdkafka needs to see them (KAFKA-18659); an unstable last version is not named.
            #[must_use]
            pub fn advertised(self) -> Versions {
                match self { $(ApiKey::$api => apis!(@advertised $request $($advertised)?)),* }
            }

            /// The layouts of its request and its response.
            #[must_use]
            pub fn shapes(self) -> (Shape, Shape) {
                match self { $(ApiKey::$api => (<$request as Value>::SHAPE, <$response as Value>::SHAPE)),* }
            }

            /// Whom it is served by.
            #[must_use]
            pub fn listeners(self) -> &'static [Listener] {
                match self { $(ApiKey::$api => &[$(Listener::$listener),+]),* }
            }
        }

        /// A request of any implemented API.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Request {$(
            #[doc = concat!("A ", stringify!($api), " request.")]
            $api($request),
        )*}

        impl Request {
            /// Its API.
            #[must_use]
            pub fn api(&self) -> ApiKey {
                match self { $(Request::$api(_) => ApiKey::$api),* }
            }

            pub(super) fn read(
                api: ApiKey,
                reader: &mut Reader<'_>,
                context: Context,
            ) -> Result<Request, DecodeError> {
                match api { $(ApiKey::$api => Value::read(reader, context).map(Request::$api)),* }
            }

            pub(super) fn write(&self, writer: &mut Writer, context: Context) -> Result<(), EncodeError> {
                match self { $(Request::$api(body) => body.write(writer, context)),* }
            }

            pub(super) fn describe(&self, out: &mut Describe, context: Context) {
                match self { $(Request::$api(body) => body.describe(out, context)),* }
            }
        }

        /// A response of any implemented API.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Response {$(
            #[doc = concat!("A ", stringify!($api), " response.")]
            $api($response),
        )*}

        impl Response {
            /// Its API.
            #[must_use]
            pub fn api(&self) -> ApiKey {
                match self { $(Response::$api(_) => ApiKey::$api),* }
            }

            pub(super) fn read(
                api: ApiKey,
                reader: &mut Reader<'_>,
                context: Context,
            ) -> Result<Response, DecodeError> {
                match api { $(ApiKey::$api => Value::read(reader, context).map(Response::$api)),* }
            }

            pub(super) fn write(&self, writer: &mut Writer, context: Context) -> Result<(), EncodeError> {
                match self { $(Response::$api(body) => body.write(writer, context)),* }
            }

            pub(super) fn describe(&self, out: &mut Describe, context: Context) {
                match self { $(Response::$api(body) => body.describe(out, context)),* }
            }
        }

        $(impl From<$request> for Request {
            fn from(body: $request) -> Request {
                Request::$api(body)
            }
        }

        impl From<$response> for Response {
            fn from(body: $response) -> Response {
                Response::$api(body)
            }
        })*

        #[cfg(test)]
        mod tests {
            use super::*;

            #[test]
            fn a_request_and_its_response_agree_with_the_table_of_apis() {
                $(
                    assert_eq!(($request::KEY, $response::KEY), ($key, $key), stringify!($api));
                    assert_eq!($request::VERSIONS, $response::VERSIONS, stringify!($api));
                    assert_eq!($request::FLEXIBLE, $response::FLEXIBLE, stringify!($api));
                )*
            }
        }
    };
    (@advertised $request:ident) => { <$request as Message>::VERSIONS };
    (@advertised $request:ident $advertised:literal) => { const { Versions::parse($advertised) } };
}

apis! {
    Produce = 0: ProduceRequest, ProduceResponse, Broker, advertised "0-13";
    Fetch = 1: FetchRequest, FetchResponse, Broker Controller;
    ListOffsets = 2: ListOffsetsRequest, ListOffsetsResponse, Broker;
    Metadata = 3: MetadataRequest, MetadataResponse, Broker;
    FindCoordinator = 10: FindCoordinatorRequest, FindCoordinatorResponse, Broker;
    ApiVersions = 18: ApiVersionsRequest, ApiVersionsResponse, Broker Controller;
    CreateTopics = 19: CreateTopicsRequest, CreateTopicsResponse, Broker Controller;
    DeleteTopics = 20: DeleteTopicsRequest, DeleteTopicsResponse, Broker Controller;
    DeleteRecords = 21: DeleteRecordsRequest, DeleteRecordsResponse, Broker;
    InitProducerId = 22: InitProducerIdRequest, InitProducerIdResponse, Broker, advertised "0-5";
    OffsetForLeaderEpoch = 23: OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, Broker;
    DescribeConfigs = 32: DescribeConfigsRequest, DescribeConfigsResponse, Broker Controller;
    AlterConfigs = 33: AlterConfigsRequest, AlterConfigsResponse, Broker Controller;
    DescribeLogDirs = 35: DescribeLogDirsRequest, DescribeLogDirsResponse, Broker;
    CreatePartitions = 37: CreatePartitionsRequest, CreatePartitionsResponse, Broker Controller;
    ElectLeaders = 43: ElectLeadersRequest, ElectLeadersResponse, Broker Controller;
    IncrementalAlterConfigs = 44: IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, Broker Controller;
    AlterPartitionReassignments = 45:
        AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, Broker Controller;
    ListPartitionReassignments = 46:
        ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse, Broker Controller;
    Vote = 52: VoteRequest, VoteResponse, Controller;
    BeginQuorumEpoch = 53: BeginQuorumEpochRequest, BeginQuorumEpochResponse, Controller;
    EndQuorumEpoch = 54: EndQuorumEpochRequest, EndQuorumEpochResponse, Controller;
    DescribeQuorum = 55: DescribeQuorumRequest, DescribeQuorumResponse, Broker Controller;
    AlterPartition = 56: AlterPartitionRequest, AlterPartitionResponse, Controller;
    UpdateFeatures = 57: UpdateFeaturesRequest, UpdateFeaturesResponse, Broker Controller;
    Envelope = 58: EnvelopeRequest, EnvelopeResponse, Controller;
    FetchSnapshot = 59: FetchSnapshotRequest, FetchSnapshotResponse, Controller;
    DescribeCluster = 60: DescribeClusterRequest, DescribeClusterResponse, Broker Controller;
    BrokerRegistration = 62: BrokerRegistrationRequest, BrokerRegistrationResponse, Controller;
    BrokerHeartbeat = 63: BrokerHeartbeatRequest, BrokerHeartbeatResponse, Controller;
    UnregisterBroker = 64: UnregisterBrokerRequest, UnregisterBrokerResponse, Broker Controller;
    AllocateProducerIds = 67: AllocateProducerIdsRequest, AllocateProducerIdsResponse, Controller;
    ControllerRegistration = 70: ControllerRegistrationRequest, ControllerRegistrationResponse, Controller;
    AssignReplicasToDirs = 73: AssignReplicasToDirsRequest, AssignReplicasToDirsResponse, Controller;
    DescribeTopicPartitions = 75: DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse, Broker;
    AddRaftVoter = 80: AddRaftVoterRequest, AddRaftVoterResponse, Broker Controller;
    RemoveRaftVoter = 81: RemoveRaftVoterRequest, RemoveRaftVoterResponse, Broker Controller;
    UpdateRaftVoter = 82: UpdateRaftVoterRequest, UpdateRaftVoterResponse, Controller;
}
