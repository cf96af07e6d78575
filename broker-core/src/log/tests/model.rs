//! The log against a simple model: a list of batches.

use super::*;
use proptest::prelude::*;
use wire::files::Suffix;
use wire::files::names::segment_file;
use wire::records::Batches;

/// What happens to a log.
#[derive(Clone, Debug)]
enum Act {
    Append(u8),
    Flush,
    Truncate(u8),
    Read(u8, u16),
    Checkpoint,
    /// The process dies; the page cache survives.
    Kill,
    /// The power fails: of what was not synced, so many 255ths of the bytes survive; the indexes may be lost.
    PowerLoss(u8, bool),
    Close,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => any::<u8>().prop_map(Act::Append),
        2 => Just(Act::Flush),
        1 => any::<u8>().prop_map(Act::Truncate),
        4 => (any::<u8>(), any::<u16>()).prop_map(|(from, max)| Act::Read(from, max)),
        1 => Just(Act::Checkpoint),
        1 => Just(Act::Kill),
        2 => (any::<u8>(), any::<bool>()).prop_map(|(share, indexes)| Act::PowerLoss(share, indexes)),
        1 => Just(Act::Close),
    ]
}

/// What the log holds: each batch's bytes; and what is durable.
#[derive(Default)]
struct Model {
    batches: Vec<Bytes>,
    durable: usize,
}

fn settings() -> Vec<(&'static str, &'static str)> {
    vec![("internal.segment.bytes", "700"), ("log.index.interval.bytes", "150")]
}

fn check(lab: &mut Lab, model: &Model) {
    let end = model.batches.len() as i64;
    assert_eq!((lab.log().log_end_offset(), lab.log().corrupt_from()), (end, None));
    assert!(lab.log().recovery_point() <= end);
    let mut all = Vec::new();
    while (all.len() as i64) < end {
        all.extend(Batches::new(lab.read(all.len() as i64, 400).unwrap()).map(|batch| batch.bytes));
    }
    assert_eq!(all, model.batches);
    check_indexes(lab);
}

/// Every index entry points at a batch boundary with the right offset, and files say what memory says.
fn check_indexes(lab: &Lab) {
    for segment in &lab.log().segments {
        let path = format!("orders-0/{}", segment_file(segment.base_offset, Suffix::Log));
        let batches = Batches::new(Bytes::copy_from_slice(lab.disk.contents(DIR, &path).unwrap()));
        let mut at = 0;
        let mut ends = BTreeMap::new();
        for batch in batches {
            ends.insert(at as i32, batch.header.last_offset());
            at += batch.bytes.len();
        }
        for entry in &segment.indexes.offsets {
            assert_eq!(ends.get(&entry.position), Some(&(segment.base_offset + i64::from(entry.relative_offset))));
        }
        let path = path.replace(".log", ".index");
        assert_eq!(lab.disk.contents(DIR, &path).unwrap().len(), segment.indexes.offsets.len() * 8);
    }
}

/// Cuts what was not synced so that a share of it survives.
fn lose_power(lab: &mut Lab, model: &mut Model, share: u8, indexes: bool) {
    let sizes: Vec<usize> = model.batches.iter().map(Bytes::len).collect();
    let durable: usize = sizes[..model.durable].iter().sum();
    let total: usize = sizes.iter().sum();
    let mut left = durable + (total - durable) * usize::from(share) / 255;
    let mut kept = 0;
    model.batches = std::mem::take(&mut model.batches)
        .into_iter()
        .take_while(|batch| {
            kept += batch.len();
            kept <= left
        })
        .collect();
    let bases: Vec<i64> = lab.log().segments.iter().map(|segment| segment.base_offset).collect();
    for base_offset in bases {
        let path = format!("orders-0/{}", segment_file(base_offset, Suffix::Log));
        let bytes = lab.disk.contents_mut(DIR, &path).unwrap();
        bytes.truncate(left);
        left -= bytes.len();
        if indexes {
            lab.disk.contents_mut(DIR, &path.replace(".log", ".index")).unwrap().clear();
            lab.disk.contents_mut(DIR, &path.replace(".log", ".timeindex")).unwrap().truncate(5);
        }
    }
}

fn perform(mut lab: Lab, model: &mut Model, step: i64, act: &Act) -> Lab {
    match act {
        Act::Append(size) => {
            let batch = batch(1000 + step, usize::from(*size));
            let appended =
                lab.run(|dirs, io, config| dirs.append(KEY, Origin::Client, &batch, 0, io, &config.planted)).unwrap();
            assert_eq!(appended.base_offset, model.batches.len() as i64);
            model.batches.push(Bytes::from(batch.stored(appended.base_offset, 0, None)));
        }
        Act::Flush => lab.flush(),
        Act::Truncate(to) => {
            let to = usize::from(*to) % (model.batches.len() + 1);
            // Below what is durable only leaders' orders may cut; that changes what a crash may keep.
            if to >= model.durable {
                lab.run(|dirs, io, config| dirs.truncate(KEY, to as i64, io, &config.planted)).unwrap();
                model.batches.truncate(to);
            }
        }
        Act::Read(from, max) => {
            let from = usize::from(*from) % (model.batches.len() + 1);
            let bytes = lab.read(from as i64, usize::from(*max)).unwrap();
            let expected: Vec<u8> = model.batches[from..].concat();
            assert!(expected.starts_with(&bytes) && bytes.is_empty() == expected.is_empty());
        }
        Act::Checkpoint => {
            lab.run(|dirs, io, config| dirs.checkpoint_recovery_points(io, &config.planted));
            lab.sync_all();
        }
        Act::Kill => lab = lab.reopen(),
        Act::PowerLoss(share, indexes) => {
            lose_power(&mut lab, model, *share, *indexes);
            lab = lab.reopen();
        }
        Act::Close => lab = lab.close().reopen(),
    }
    model.durable = model.durable.max(lab.log().recovery_point() as usize);
    lab
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_log_is_its_model(acts in prop::collection::vec(act(), 1..60)) {
        let mut lab = Lab::with_log(&settings());
        lab.sync_all();
        let mut model = Model::default();
        for (step, act) in acts.iter().enumerate() {
            lab = perform(lab, &mut model, step as i64, act);
            check(&mut lab, &model);
        }
    }
}
