//! The rules that the tables rely on, each on a message that shows it.

#![allow(clippy::unwrap_used)]

use bytes::Bytes;
use wire::codec::{DecodeError, EncodeError, Message, Writer};
use wire::messages::describe_topic_partitions::Cursor;
use wire::messages::fetch::{FetchPartition, FetchTopic, ReplicaState};
use wire::messages::metadata::MetadataRequestTopic;
use wire::messages::*;
use wire::{ApiKey, Str, Uuid};

fn encoded<M: Message>(message: &M, version: i16) -> Result<Bytes, EncodeError> {
    let mut writer = Writer::default();
    message.encode(&mut writer, version)?;
    Ok(writer.into_bytes())
}

/// What is left of a message after a trip in a version.
fn after<M: Message>(message: &M, version: i16) -> Result<M, EncodeError> {
    Ok(M::decode_all(&encoded(message, version)?, version).unwrap())
}

#[test]
fn defaults_are_kafkas() {
    let fetch = FetchRequest::default();
    assert_eq!((fetch.replica_id, fetch.max_bytes, fetch.session_epoch, fetch.cluster_id), (-1, i32::MAX, -1, None));
    assert_eq!(FetchPartition::default().high_watermark, i64::MAX);
    assert_eq!(MetadataRequest::default().topics, Some(vec![]), "nullable, and yet not null by default");
    assert!(MetadataRequest::default().allow_auto_topic_creation);
}

#[test]
fn a_tagged_field_is_written_only_if_it_says_something() {
    let silent = FetchRequest::default();
    let replica_state = ReplicaState { replica_id: 3, replica_epoch: 7 };
    let telling = FetchRequest { replica_state, ..FetchRequest::default() };
    let (silent_bytes, telling_bytes) = (encoded(&silent, 18).unwrap(), encoded(&telling, 18).unwrap());
    assert_eq!(silent_bytes.last(), Some(&0), "no tagged fields");
    // One field: tag 1, 13 bytes: an id, an epoch, no tagged fields of its own.
    assert_eq!(telling_bytes[silent_bytes.len() - 1..], [1, 1, 13, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 7, 0]);
    assert_eq!(after(&telling, 18), Ok(telling));
}

#[test]
fn unknown_tagged_fields_are_skipped() {
    let mut bytes = encoded(&FetchRequest::default(), 18).unwrap().to_vec();
    bytes.pop();
    bytes.extend([2, 9, 3, 1, 2, 3, 100, 0]);
    assert_eq!(FetchRequest::decode_all(&bytes.into(), 18), Ok(FetchRequest::default()));
}

#[test]
fn a_tagged_field_fills_its_size_and_belongs_to_its_version() {
    let with_tags = |tags: &[u8], version| {
        let mut bytes = encoded(&FetchRequest::default(), version).unwrap().to_vec();
        bytes.pop();
        bytes.extend(tags);
        FetchRequest::decode_all(&bytes.into(), version)
    };
    assert_eq!(with_tags(&[1, 0, 3, 2, b'a', 0], 18), Err(DecodeError::TagNotConsumed));
    assert_eq!(with_tags(&[1, 0, 1, 2, b'a'], 18), Err(DecodeError::Truncated));
    assert_eq!(with_tags(&[1, 0, 9, 2, b'a'], 18), Err(DecodeError::Truncated));
    assert_eq!(with_tags(&[1, 1, 1, 0], 14), Err(DecodeError::TagNotInVersion("replica_state")));
}

#[test]
fn what_a_version_cannot_say_is_dropped_if_ignorable_and_refused_otherwise() {
    let topic = FetchTopic { topic: "orders".into(), topic_id: Uuid(1), ..FetchTopic::default() };
    let both = FetchRequest { topics: vec![topic], ..FetchRequest::default() };
    assert_eq!(after(&both, 12).map(|fetch| fetch.topics[0].topic_id), Ok(Uuid::ZERO));
    assert_eq!(after(&both, 13).map(|fetch| fetch.topics[0].topic.clone()), Ok(Str::default()));
    let from_follower = FetchRequest { replica_id: 1, ..FetchRequest::default() };
    assert!(encoded(&from_follower, 14).is_ok());
    assert_eq!(encoded(&from_follower, 15), Err(EncodeError::NotInVersion { field: "replica_id", version: 15 }));
}

#[test]
fn null_is_refused_where_a_version_has_none() {
    let all = MetadataRequest { topics: None, ..MetadataRequest::default() };
    assert_eq!(after(&all, 1).map(|metadata| metadata.topics), Ok(None));
    assert_eq!(encoded(&all, 0), Err(EncodeError::Null { field: "topics", version: 0 }));
    let null_array = Bytes::from_static(&[0xff, 0xff, 0xff, 0xff]);
    assert_eq!(MetadataRequest::decode_all(&null_array, 0), Err(DecodeError::Null("topics")));
    let by_id = MetadataRequestTopic { name: None, topic_id: Uuid(1) };
    let by_id = MetadataRequest { topics: Some(vec![by_id]), ..MetadataRequest::default() };
    assert_eq!(encoded(&by_id, 9), Err(EncodeError::Null { field: "name", version: 9 }));
    assert_eq!(after(&by_id, 13), Ok(by_id));
}

#[test]
fn a_nullable_struct_stands_behind_a_marker() {
    let first = DescribeTopicPartitionsRequest { cursor: None, ..DescribeTopicPartitionsRequest::default() };
    let cursor = Some(Cursor { topic_name: "orders".into(), partition_index: 2 });
    let next = DescribeTopicPartitionsRequest { cursor, ..first.clone() };
    assert_eq!(after(&first, 0), Ok(first));
    assert_eq!(after(&next, 0), Ok(next));
}

#[test]
fn an_array_cannot_be_longer_than_its_frame() {
    let frame = Bytes::from_static(&[0x7f, 0xff, 0xff, 0xff, 0, 1, b'a']);
    assert_eq!(MetadataRequest::decode_all(&frame, 0), Err(DecodeError::ArrayTooLong));
}

#[test]
fn a_string_has_at_most_32767_bytes() {
    let named = |len| ApiVersionsRequest { client_software_name: "a".repeat(len).into(), ..Default::default() };
    assert_eq!(after(&named(32_767), 4), Ok(named(32_767)));
    assert_eq!(encoded(&named(32_768), 4), Err(EncodeError::TooLong));
    let too_long = [&[0x81, 0x80, 0x02][..], &vec![b'a'; 32_768], &[1, 0]].concat();
    assert_eq!(ApiVersionsRequest::decode_all(&too_long.into(), 4), Err(DecodeError::BadLength));
}

#[test]
fn a_frame_that_is_no_request_says_how_far_it_could_be_read() {
    let header = |api_key, api_version| RequestHeader { api_key, api_version, correlation_id: 7, client_id: None };
    let frame = |bytes: &'static [u8]| Request::decode(&Bytes::from_static(bytes));
    assert_eq!(frame(&[0, 200, 0, 0, 0, 0, 0, 7, 0xff, 0xff]), Err(RequestError::UnknownApi(header(200, 0))));
    let produce = RequestError::UnknownVersion(header(0, 2), ApiKey::Produce);
    assert_eq!(frame(&[0, 0, 0, 2, 0, 0, 0, 7, 0xff, 0xff]), Err(produce), "advertised, and refused");
    assert_eq!(frame(&[0, 18, 0, 3, 0, 0]), Err(RequestError::Garbage(DecodeError::Truncated)));
    let metadata = frame(&[0, 3, 0, 0, 0, 0, 0, 7, 0xff, 0xff, 0, 0, 0, 0, 9, 9, 9]);
    let expected = (header(3, 0), MetadataRequest::default().into());
    assert_eq!(metadata, Ok(expected), "bytes behind the body are ignored");
}

#[test]
fn descriptions_are_json() {
    let topic = MetadataRequestTopic { name: Some("a\"b\\c\n".into()), topic_id: Uuid::ZERO };
    let request: Request = MetadataRequest { topics: Some(vec![topic]), ..MetadataRequest::default() }.into();
    assert_eq!(request.to_json(1), r#"{"topics":[{"name":"a\"b\\c\u000a"}]}"#);
    let envelope = EnvelopeRequest { request_data: Bytes::from_static(b"\x00\xff\x10\x20"), ..Default::default() };
    assert_eq!(
        Request::from(envelope).to_json(0),
        r#"{"requestData":"AP8QIA==","requestPrincipal":"","clientHostAddress":""}"#
    );
}
