//! The table of all implemented APIs.

use crate::codec::{Context, DecodeError, Describe, EncodeError, Message, Reader, Value, Versions, Writer};
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
    ($($api:ident = $key:literal: $request:ident, $response:ident, advertised $advertised:literal, listeners [$($listener:ident)*];)*) => {
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

            /// The versions that a Kafka 4.3 names in its ApiVersions response. Produce names 0 to 2, which it refuses, because
            /// librdkafka needs to see them (KAFKA-18659); an unstable last version is not named.
            #[must_use]
            pub fn advertised(self) -> Versions {
                match self { $(ApiKey::$api => const { Versions::parse($advertised) }),* }
            }

            /// Whom it is served by.
            #[must_use]
            pub fn listeners(self) -> &'static [Listener] {
                match self { $(ApiKey::$api => &[$(Listener::$listener),*]),* }
            }
        }

        /// A request of any implemented API.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Request {$(
            #[allow(missing_docs)]
            $api($request),
        )*}

        impl Request {
            /// Its API.
            #[must_use]
            pub fn api(&self) -> ApiKey {
                match self { $(Request::$api(_) => ApiKey::$api),* }
            }

            pub(super) fn read(api: ApiKey, reader: &mut Reader<'_>, context: Context) -> Result<Request, DecodeError> {
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
            #[allow(missing_docs)]
            $api($response),
        )*}

        impl Response {
            /// Its API.
            #[must_use]
            pub fn api(&self) -> ApiKey {
                match self { $(Response::$api(_) => ApiKey::$api),* }
            }

            pub(super) fn read(api: ApiKey, reader: &mut Reader<'_>, context: Context) -> Result<Response, DecodeError> {
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
}

apis! {
    Produce = 0: ProduceRequest, ProduceResponse, advertised "0-13", listeners [Broker];
    Fetch = 1: FetchRequest, FetchResponse, advertised "4-18", listeners [Broker Controller];
    ListOffsets = 2: ListOffsetsRequest, ListOffsetsResponse, advertised "1-11", listeners [Broker];
    Metadata = 3: MetadataRequest, MetadataResponse, advertised "0-13", listeners [Broker];
    FindCoordinator = 10: FindCoordinatorRequest, FindCoordinatorResponse, advertised "0-6", listeners [Broker];
    ApiVersions = 18: ApiVersionsRequest, ApiVersionsResponse, advertised "0-4", listeners [Broker Controller];
    CreateTopics = 19: CreateTopicsRequest, CreateTopicsResponse, advertised "2-7", listeners [Broker Controller];
    DeleteTopics = 20: DeleteTopicsRequest, DeleteTopicsResponse, advertised "1-6", listeners [Broker Controller];
    DeleteRecords = 21: DeleteRecordsRequest, DeleteRecordsResponse, advertised "0-2", listeners [Broker];
    InitProducerId = 22: InitProducerIdRequest, InitProducerIdResponse, advertised "0-5", listeners [Broker];
    OffsetForLeaderEpoch = 23: OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, advertised "2-4", listeners [Broker];
    DescribeConfigs = 32: DescribeConfigsRequest, DescribeConfigsResponse, advertised "1-4", listeners [Broker Controller];
    AlterConfigs = 33: AlterConfigsRequest, AlterConfigsResponse, advertised "0-2", listeners [Broker Controller];
    DescribeLogDirs = 35: DescribeLogDirsRequest, DescribeLogDirsResponse, advertised "1-5", listeners [Broker];
    CreatePartitions = 37: CreatePartitionsRequest, CreatePartitionsResponse, advertised "0-3", listeners [Broker Controller];
    ElectLeaders = 43: ElectLeadersRequest, ElectLeadersResponse, advertised "0-2", listeners [Broker Controller];
    IncrementalAlterConfigs = 44: IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, advertised "0-1", listeners [Broker Controller];
    AlterPartitionReassignments = 45: AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, advertised "0-1", listeners [Broker Controller];
    ListPartitionReassignments = 46: ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse, advertised "0", listeners [Broker Controller];
    Vote = 52: VoteRequest, VoteResponse, advertised "0-2", listeners [Controller];
    BeginQuorumEpoch = 53: BeginQuorumEpochRequest, BeginQuorumEpochResponse, advertised "0-1", listeners [Controller];
    EndQuorumEpoch = 54: EndQuorumEpochRequest, EndQuorumEpochResponse, advertised "0-1", listeners [Controller];
    DescribeQuorum = 55: DescribeQuorumRequest, DescribeQuorumResponse, advertised "0-2", listeners [Broker Controller];
    AlterPartition = 56: AlterPartitionRequest, AlterPartitionResponse, advertised "2-3", listeners [Controller];
    UpdateFeatures = 57: UpdateFeaturesRequest, UpdateFeaturesResponse, advertised "0-2", listeners [Broker Controller];
    Envelope = 58: EnvelopeRequest, EnvelopeResponse, advertised "0", listeners [Controller];
    FetchSnapshot = 59: FetchSnapshotRequest, FetchSnapshotResponse, advertised "0-1", listeners [Controller];
    DescribeCluster = 60: DescribeClusterRequest, DescribeClusterResponse, advertised "0-2", listeners [Broker Controller];
    BrokerRegistration = 62: BrokerRegistrationRequest, BrokerRegistrationResponse, advertised "0-4", listeners [Controller];
    BrokerHeartbeat = 63: BrokerHeartbeatRequest, BrokerHeartbeatResponse, advertised "0-2", listeners [Controller];
    UnregisterBroker = 64: UnregisterBrokerRequest, UnregisterBrokerResponse, advertised "0", listeners [Broker Controller];
    AllocateProducerIds = 67: AllocateProducerIdsRequest, AllocateProducerIdsResponse, advertised "0", listeners [Controller];
    ControllerRegistration = 70: ControllerRegistrationRequest, ControllerRegistrationResponse, advertised "0", listeners [Controller];
    AssignReplicasToDirs = 73: AssignReplicasToDirsRequest, AssignReplicasToDirsResponse, advertised "0", listeners [Controller];
    DescribeTopicPartitions = 75: DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse, advertised "0", listeners [Broker];
    AddRaftVoter = 80: AddRaftVoterRequest, AddRaftVoterResponse, advertised "0-1", listeners [Broker Controller];
    RemoveRaftVoter = 81: RemoveRaftVoterRequest, RemoveRaftVoterResponse, advertised "0", listeners [Broker Controller];
    UpdateRaftVoter = 82: UpdateRaftVoterRequest, UpdateRaftVoterResponse, advertised "0", listeners [Controller];
}
