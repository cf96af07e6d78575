//! The metadata log and a snapshot that a Kafka 4.3 controller wrote: every record decodes to what Kafka's `DumpLogSegments` saw in it,
//! and encodes back to the same bytes.

#![allow(clippy::unwrap_used)]

use bytes::Bytes;
use flate2::read::GzDecoder;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read;
use wire::metadata::{ControlRecord, MetadataRecord};
use wire::records::{Batches, Record};

fn unzip(gz: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(gz).read_to_end(&mut bytes).unwrap();
    bytes
}

/// `PARTITION_CHANGE_RECORD` and `PartitionChangeRecord` are one name.
fn same_name(screaming: &Value, camel: &str) -> bool {
    screaming.as_str().unwrap().replace('_', "").eq_ignore_ascii_case(camel)
}

fn check_control(record: &Record, said: &Value) -> String {
    let (key, value) = (record.key.clone().unwrap(), record.value.clone().unwrap());
    let control = ControlRecord::decode(&key, &value).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&control.to_json()).unwrap(), *said);
    assert_eq!(control.encode().unwrap(), (key, value), "{said}");
    format!("control {}", control.kind())
}

fn check_metadata(value: &Bytes, said: &Value) -> String {
    let (record, version) = MetadataRecord::decode(value).unwrap();
    assert!(same_name(&said["type"], record.name()) && said["version"] == version, "{said}");
    assert_eq!(serde_json::from_str::<Value>(&record.to_json(version)).unwrap(), said["data"]);
    assert_eq!(record.encode(version).unwrap(), value, "{said}");
    format!("{} v{version}", record.name())
}

/// Checks a file against its dump; says how often each kind of record came.
fn check(log: &[u8], dump: &[u8]) -> BTreeMap<String, u32> {
    let dump = String::from_utf8(unzip(dump)).unwrap();
    let mut dump = dump.lines().filter(|line| line.starts_with("| offset"));
    let mut seen = BTreeMap::new();
    for batch in Batches::new(unzip(log).into()) {
        for record in batch.records(usize::MAX).unwrap() {
            let (record, line) = (record.unwrap(), dump.next().unwrap());
            assert!(line.starts_with(&format!("| offset: {} ", record.offset)), "{line}");
            let said = serde_json::from_str(&line[line.find('{').unwrap()..]).unwrap();
            let kind = match batch.header.attributes.is_control() {
                true => check_control(&record, &said),
                false => check_metadata(record.value.as_ref().unwrap(), &said),
            };
            *seen.entry(kind).or_insert(0) += 1;
        }
    }
    assert_eq!(dump.next(), None);
    seen
}

#[test]
fn recorded_metadata_records_come_back() {
    let log = check(include_bytes!("fixtures/metadata/log.gz"), include_bytes!("fixtures/metadata/log.dump.txt.gz"));
    let checkpoint = check(
        include_bytes!("fixtures/metadata/checkpoint.gz"),
        include_bytes!("fixtures/metadata/checkpoint.dump.txt.gz"),
    );
    println!("log: {log:?}\ncheckpoint: {checkpoint:?}");
    assert_eq!((log.values().sum::<u32>(), log.len()), (891, 17));
    assert_eq!((checkpoint.values().sum::<u32>(), checkpoint.len()), (59, 9));
}
