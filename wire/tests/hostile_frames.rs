//! The third judge of the codec: frames that were damaged or made up never panic, and never make it allocate more than
//! a small multiple of what they hold.

#![allow(clippy::unwrap_used)]

mod generate;

use bytes::Bytes;
use flate2::read::GzDecoder;
use generate::Entropy;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::io::Read;
use wire::codec::{Context, Writer};
use wire::metadata::{ControlRecord, MetadataRecord};
use wire::records::Batches;
use wire::{ApiKey, Request, Response};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How many damaged frames are tried.
const FRAMES: u32 = 40_000;
/// A struct with strings is larger in memory than on the wire, where each may be a single byte, and vectors grow by
/// doubling.
const BYTES_PER_BYTE: usize = 40;
/// What any frame may cost: sharing it, and a vector of one element per level.
const BYTES_PER_FRAME: usize = 256;

/// One way to damage a frame.
#[derive(Clone, Debug)]
enum Damage {
    /// A byte becomes another.
    Set(u16, u8),
    /// Lengths like to be huge.
    Huge(u16),
    /// The frame ends early.
    Cut(u16),
    /// Bytes appear in the middle.
    Insert(u16, Vec<u8>),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (any::<u16>(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        any::<u16>().prop_map(Damage::Huge),
        any::<u16>().prop_map(Damage::Cut),
        (any::<u16>(), prop::collection::vec(any::<u8>(), 0..8)).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
    ]
}

impl Damage {
    fn apply(self, frame: &mut Vec<u8>) {
        let len = frame.len().max(1);
        let place = |at: u16| usize::from(at) % len;
        match self {
            Damage::Set(at, byte) => frame.iter_mut().skip(place(at)).take(1).for_each(|b| *b = byte),
            Damage::Huge(at) => {
                frame.iter_mut().skip(place(at)).zip([0x7f, 0xff, 0xff, 0xff]).for_each(|(b, f)| *b = f);
            }
            Damage::Cut(at) => frame.truncate(place(at)),
            Damage::Insert(at, bytes) => {
                let at = place(at).min(frame.len());
                frame.splice(at..at, bytes);
            }
        }
    }
}

/// Which message, in which version, to damage.
#[derive(Clone, Debug)]
struct Case {
    api: ApiKey,
    version: i16,
    is_request: bool,
    entropy: Vec<u8>,
    damage: Vec<Damage>,
}

fn case() -> impl Strategy<Value = Case> {
    let api = prop::sample::select(ApiKey::ALL);
    let frame = (api, any::<u16>(), any::<bool>(), prop::collection::vec(any::<u8>(), 0..300));
    (frame, prop::collection::vec(damage(), 0..4)).prop_map(|((api, version, is_request, entropy), damage)| {
        let versions = api.versions();
        let version = versions.min + (version % (versions.max - versions.min + 1) as u16) as i16;
        Case { api, version, is_request, entropy, damage }
    })
}

impl Case {
    fn frame(&self) -> Bytes {
        let mut frame = Writer::default();
        let context = Context { version: self.version, flexible: self.api.flexible().contains(self.version) };
        let (request, response) = self.api.shapes();
        frame.put(&(self.api as i16).to_be_bytes());
        if self.is_request {
            frame.put(&self.version.to_be_bytes());
            frame.put(&[0, 0, 0, 1, 0xff, 0xff]);
        } else {
            frame.put(&[0, 1]);
        }
        if context.flexible && (self.is_request || self.api != ApiKey::ApiVersions) {
            frame.put(&[0]);
        }
        let shape = if self.is_request { request } else { response };
        generate::value(&shape, context, &mut frame, &mut Entropy(&self.entropy));
        let mut frame = frame.as_slice().to_vec();
        self.damage.iter().for_each(|damage| damage.clone().apply(&mut frame));
        frame.into()
    }
}

/// Holds what decoding allocates against what the frame has, and says how many bytes one byte cost.
fn cost(frame: &Bytes, decode: impl FnOnce()) -> usize {
    let region = Region::new(ALLOCATOR);
    decode();
    let allocated = region.change().bytes_allocated;
    assert!(allocated <= BYTES_PER_FRAME + BYTES_PER_BYTE * frame.len(), "{allocated} bytes for {frame:?}");
    allocated.saturating_sub(BYTES_PER_FRAME) / frame.len().max(1)
}

/// Decodes the frame as a request, and as an answer.
fn decode(api: ApiKey, version: i16, frame: &Bytes) -> usize {
    let request = cost(frame, || drop(Request::decode(frame)));
    request.max(cost(frame, || drop(Response::decode(api, version, frame))))
}

/// Damaged frames of every message.
fn damaged() -> (usize, u32) {
    let cases = case();
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let (mut most, mut decoded) = (0, 0);
    for _ in 0..FRAMES {
        let case = cases.new_tree(&mut runner).unwrap().current();
        let frame = case.frame();
        most = most.max(decode(case.api, case.version, &frame));
        decoded += u32::from(Request::decode(&frame).is_ok());
    }
    (most, decoded)
}

/// Damaged records of a metadata log that Kafka wrote, and control records of every type.
fn damaged_metadata() -> (usize, u32) {
    let mut log = Vec::new();
    GzDecoder::new(include_bytes!("fixtures/metadata/log.gz").as_slice()).read_to_end(&mut log).unwrap();
    let records = Batches::new(log.into()).flat_map(|batch| batch.records(usize::MAX).unwrap());
    let records = records.map(|record| record.unwrap().value.unwrap()).collect::<Vec<_>>();
    let cases = (prop::sample::select(records), prop::collection::vec(damage(), 0..4), 0u8..8);
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let (mut most, mut decoded) = (0, 0);
    for _ in 0..FRAMES {
        let (record, damage, kind) = cases.new_tree(&mut runner).unwrap().current();
        let mut value = record.to_vec();
        damage.into_iter().for_each(|damage| damage.apply(&mut value));
        let (key, value) = (Bytes::copy_from_slice(&[0, 0, 0, kind]), Bytes::from(value));
        most = most.max(cost(&value, || drop(MetadataRecord::decode(&value))));
        most = most.max(cost(&value, || drop(ControlRecord::decode(&key, &value))));
        decoded += u32::from(MetadataRecord::decode(&value).is_ok());
    }
    (most, decoded)
}

/// Frames that claim as many elements as they can pay for: a count somewhere, and then nothing but the cheapest
/// elements.
fn bombs() -> usize {
    let mut most = 0;
    for api in ApiKey::ALL {
        for version in api.versions().min..=api.versions().max {
            for place in 0..40 {
                let counts: [&[u8]; 3] = [&[0xff, 0x1f], &[0, 0, 0x0f, 0], &[0x7f, 0xff, 0xff, 0xff]];
                for (count, filler) in counts.into_iter().flat_map(|count| [(count, 0), (count, 1)]) {
                    let [key, version_bytes] = [(*api as i16).to_be_bytes(), version.to_be_bytes()];
                    let head = [&key[..], &version_bytes, &[0; 6], &vec![0; place], count].concat();
                    let frame = Bytes::from([head, vec![filler; 8192]].concat());
                    most = most.max(decode(*api, version, &frame));
                }
            }
        }
    }
    most
}

/// One test, because the allocator counts for all threads.
#[test]
fn hostile_frames_are_errors_and_cost_no_more_than_they_hold() {
    let (most, decoded) = damaged();
    println!("{FRAMES} damaged frames, {decoded} of them still requests: at most {most} bytes allocated for a byte");
    assert!(decoded > FRAMES / 20 && decoded < FRAMES / 2);
    let (most, decoded) = damaged_metadata();
    println!("{FRAMES} damaged records, {decoded} of them still records: at most {most} bytes allocated for a byte");
    assert!(decoded > FRAMES / 20 && decoded < FRAMES * 2 / 3);
    println!("bombs: at most {} bytes allocated for a byte", bombs());
}
