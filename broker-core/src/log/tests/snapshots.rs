//! Snapshots of the metadata (KIP-630) in the eight recorded directories, 118 in all: the log folded up to each of them is that snapshot, and
//! a node opens each directory with its newest one. And: a log that begins later.

use super::recorded::{NAMES, load, open};
use super::*;
use crate::controller::Image;
use crate::quorum::{METADATA, Quorum};
use crate::replicated::Fold;
use std::collections::BTreeSet;
use wire::metadata::{MetadataRecord, Snapshot};
use wire::records::Batches;
use wire::{Disk, Str};

/// The records of a metadata log with their offsets, and where each batch ends.
fn recorded(lab: &mut Lab) -> Vec<(i64, MetadataRecord)> {
    let segments: Vec<_> = lab.dirs.get(METADATA).unwrap().segments.iter().map(|it| (it.file, it.size)).collect();
    let mut records = Vec::new();
    for (file, size) in segments {
        let batches = Batches::new(lab.disk.read(file, 0..size).unwrap());
        for batch in batches.filter(|batch| !batch.header.attributes.is_control()) {
            for record in batch.records(1 << 24).unwrap().map(Result::unwrap) {
                records.push((record.offset, MetadataRecord::decode(&record.value.unwrap()).unwrap().0));
            }
        }
    }
    records
}

fn snapshots(lab: &mut Lab) -> Vec<(i64, Snapshot)> {
    let found = lab.run(|dirs, io, _| dirs.snapshots(METADATA, io)).unwrap();
    let read = |(id, size): (crate::log::SnapshotId, u64)| {
        let bytes = lab.run(|dirs, io, _| dirs.read_snapshot(METADATA, id, 0..size, io)).unwrap();
        (id.end_offset, Snapshot::decode(bytes).unwrap())
    };
    found.into_iter().map(read).collect()
}

fn fold(records: &[(i64, MetadataRecord)], below: i64) -> Image {
    let mut image = Image::default();
    records.iter().filter(|(offset, _)| *offset < below).for_each(|(offset, record)| image.apply(*offset, record));
    image
}

/// The records as a set. Features of brokers have no order, and no cordoned directories are an empty list of them.
fn set(snapshot: Snapshot) -> BTreeSet<(Str, Bytes)> {
    let settle = |(mut record, version): (MetadataRecord, i16)| {
        if let MetadataRecord::RegisterBroker(broker) = &mut record {
            broker.features.sort_by(|one, other| one.name.cmp(&other.name));
            broker.cordoned_log_dirs.get_or_insert_default();
        }
        (Str::from(record.name()), record.encode(version).unwrap())
    };
    snapshot.records.into_iter().map(settle).collect()
}

#[test]
fn the_recorded_log_folded_up_to_each_snapshot_is_that_snapshot() {
    let mut compared = 0;
    for name in NAMES {
        let mut lab = open(load(name), &[]);
        let records = recorded(&mut lab);
        for (end, snapshot) in snapshots(&mut lab) {
            assert_eq!(Image::of_snapshot(&snapshot, end).snapshot(0).records.len(), snapshot.records.len());
            let folded = fold(&records, end).snapshot(0);
            assert_eq!(set(folded), set(snapshot), "{name} {end}");
            compared += 1;
        }
    }
    assert_eq!(compared, 118);
}

#[test]
fn a_recorded_directory_is_opened_with_its_newest_snapshot() {
    for name in NAMES {
        let voters = ("controller.quorum.voters", "1@a:1,2@b:1,3@c:1");
        let mut lab = open(load(name), &[voters]);
        let (records, newest) = (recorded(&mut lab), snapshots(&mut lab).pop().unwrap().0);
        let (quorum, opened) = lab.run(|dirs, io, config| Quorum::open(config, dirs, io)).unwrap();
        assert_eq!((quorum.high_watermark, opened.image.last_offset), (newest, Some(newest - 1)), "{name}");
        let mut image = opened.image;
        for (base_offset, records) in &opened.batches {
            assert!(*base_offset >= newest);
            (*base_offset..).zip(records).for_each(|(offset, record)| image.apply(offset, record));
        }
        let whole = fold(&records, i64::MAX);
        assert_eq!(set(image.snapshot(0)), set(whole.snapshot(0)), "{name}");
        assert!(
            lab.has_event(|event| matches!(event, Event::SnapshotLoaded { end_offset, .. } if *end_offset == newest))
        );
    }
}

#[test]
fn a_log_begins_later_and_loses_the_segments_that_lie_below() {
    let mut lab = Lab::with_log(&[("internal.segment.bytes", "300")]);
    lab.append_all(0..12);
    lab.flush();
    let bases: Vec<i64> = lab.log().segments.iter().map(|segment| segment.base_offset).collect();
    assert!(bases.len() > 3, "{bases:?}");
    let start = bases[2] + 1;
    lab.run(|dirs, io, config| dirs.raise_start(KEY, start, io, &config.planted)).unwrap();
    assert_eq!((lab.log().log_start_offset(), lab.log().segments[0].base_offset), (start, bases[2]));
    assert!(lab.has_event(|event| matches!(event, Event::LogStartRaised { to, .. } if *to == start)));
    assert_eq!(lab.read(start - 1, 1), Err(LogError::OutOfRange));
    assert!(!lab.read(start, 1).unwrap().is_empty());
    lab.sync_all();
    let lab = lab.reopen();
    assert_eq!((lab.log().log_start_offset(), lab.log().log_end_offset()), (start, 12));
}
