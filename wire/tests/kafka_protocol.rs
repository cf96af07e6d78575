//! The first judge of the codec: the crate `kafka-protocol`, on every message and version that both know, both ways.

#![allow(clippy::unwrap_used)]

mod generate;

use bytes::{Bytes, BytesMut};
use generate::Entropy;
use kafka_protocol::messages as theirs;
use kafka_protocol::protocol::{Decodable, Encodable, Message as TheirMessage};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::fmt::Debug;
use wire::codec::{Message, Versions, Writer};

/// How many draws of a message of one version are compared.
const DRAWS: u32 = 48;

fn ours_to_bytes<M: Message>(message: &M, version: i16) -> Bytes {
    let mut writer = Writer::default();
    message.encode(&mut writer, version).unwrap();
    writer.into_bytes()
}

fn theirs_to_bytes(message: &impl Encodable, version: i16) -> Bytes {
    let mut buffer = BytesMut::new();
    message.encode(&mut buffer, version).unwrap();
    buffer.freeze()
}

/// What the one wrote, the other reads as the same message and writes as the same bytes.
fn agree<O, T>(drawn: &Bytes, version: i16)
where
    O: Message + Debug,
    T: Encodable + Decodable + PartialEq + Debug,
{
    let ours = O::decode_all(drawn, version).unwrap();
    let theirs = T::decode(&mut drawn.clone(), version).unwrap();
    let (from_us, from_them) = (ours_to_bytes(&ours, version), theirs_to_bytes(&theirs, version));
    assert_eq!(from_us, from_them, "{ours:?} {theirs:?}");
    assert_eq!(O::decode_all(&from_them, version).unwrap(), ours);
    let mut rest = from_us;
    assert_eq!(T::decode(&mut rest, version).unwrap(), theirs);
    assert!(rest.is_empty());
}

/// Compares all versions that both know; says how many there are.
fn judge<O, T>() -> usize
where
    O: Message + Debug,
    T: TheirMessage + Encodable + Decodable + PartialEq + Debug,
{
    let (from, to) = (O::VERSIONS.min.max(T::VERSIONS.min), O::VERSIONS.max.min(T::VERSIONS.max));
    for version in from..=to {
        let mut runner = TestRunner::new(Config { cases: DRAWS, failure_persistence: None, ..Config::default() });
        let drawn = runner.run(&prop::collection::vec(any::<u8>(), 0..400), |entropy| {
            let mut frame = Writer::default();
            generate::value(&O::SHAPE, O::context(version), &mut frame, &mut Entropy(&entropy));
            agree::<O, T>(&frame.into_bytes(), version);
            Ok(())
        });
        drawn.unwrap_or_else(|error| panic!("{} v{version}: {error}", O::NAME));
    }
    (from..=to).count()
}

macro_rules! judge_all {
    ($($module:ident: $($name:ident)*;)*) => {
        /// Each message that both know, with a function that compares it and the versions that only we know.
        const MESSAGES: &[(&str, fn() -> usize, Versions, i16)] = &[$($((
            stringify!($name),
            judge::<wire::$module::$name, theirs::$name>,
            <wire::$module::$name as Message>::VERSIONS,
            <theirs::$name as TheirMessage>::VERSIONS.max,
        ),)*)*];
    };
}

// Without LeaderChangeMessage and VotersRecord: kafka-protocol 0.18 refuses the structs that they nest in v0.
judge_all! {
    messages:
    ProduceRequest ProduceResponse FetchRequest FetchResponse ListOffsetsRequest ListOffsetsResponse MetadataRequest
    MetadataResponse FindCoordinatorRequest FindCoordinatorResponse ApiVersionsRequest ApiVersionsResponse
    CreateTopicsRequest CreateTopicsResponse DeleteTopicsRequest DeleteTopicsResponse DeleteRecordsRequest
    DeleteRecordsResponse InitProducerIdRequest InitProducerIdResponse OffsetForLeaderEpochRequest
    OffsetForLeaderEpochResponse DescribeConfigsRequest DescribeConfigsResponse AlterConfigsRequest
    AlterConfigsResponse DescribeLogDirsRequest DescribeLogDirsResponse CreatePartitionsRequest
    CreatePartitionsResponse ElectLeadersRequest ElectLeadersResponse IncrementalAlterConfigsRequest
    IncrementalAlterConfigsResponse AlterPartitionReassignmentsRequest AlterPartitionReassignmentsResponse
    ListPartitionReassignmentsRequest ListPartitionReassignmentsResponse VoteRequest VoteResponse
    BeginQuorumEpochRequest BeginQuorumEpochResponse EndQuorumEpochRequest EndQuorumEpochResponse
    DescribeQuorumRequest DescribeQuorumResponse AlterPartitionRequest AlterPartitionResponse UpdateFeaturesRequest
    UpdateFeaturesResponse EnvelopeRequest EnvelopeResponse FetchSnapshotRequest FetchSnapshotResponse
    DescribeClusterRequest DescribeClusterResponse BrokerRegistrationRequest BrokerRegistrationResponse
    BrokerHeartbeatRequest BrokerHeartbeatResponse UnregisterBrokerRequest UnregisterBrokerResponse
    AllocateProducerIdsRequest AllocateProducerIdsResponse ControllerRegistrationRequest
    ControllerRegistrationResponse AssignReplicasToDirsRequest AssignReplicasToDirsResponse
    DescribeTopicPartitionsRequest DescribeTopicPartitionsResponse AddRaftVoterRequest AddRaftVoterResponse
    RemoveRaftVoterRequest RemoveRaftVoterResponse UpdateRaftVoterRequest UpdateRaftVoterResponse;
    metadata: SnapshotHeaderRecord SnapshotFooterRecord KRaftVersionRecord;
}

#[test]
fn kafka_protocol_reads_and_writes_what_we_do() {
    let mut compared = 0;
    let mut ours_alone = Vec::new();
    for (name, judge, versions, their_last) in MESSAGES {
        compared += judge();
        ours_alone.extend((their_last + 1..=versions.max).map(|version| format!("{name} v{version}")));
    }
    println!("{compared} versions of {} messages agree; they lack {ours_alone:?}", MESSAGES.len());
    assert_eq!((MESSAGES.len(), compared, ours_alone.len()), (79, 294, 9));
}
