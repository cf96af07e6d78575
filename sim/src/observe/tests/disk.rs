//! What the observing disk tells.

use super::*;
use crate::plan::Survival;
use ::wire::EntryKind;
use properties::{FaultKind, Moment};

const NOTHING: Survival = Survival { writes_permille: 0, entries_permille: 0, torn: false };

#[test]
fn an_append_is_told_batch_by_batch_with_its_records() {
    let mut bench = Bench::new();
    let log = bench.segment(0);
    bench.disk.append(log, &[batch(0, 2), batch(2, 1)].concat()).unwrap();
    bench.disk.append(log, &batch(3, 1)).unwrap();
    let facts = bench.disk.take_facts();
    let Fact::Appended { batch, .. } = &facts[1] else { panic!("{facts:?}") };
    assert_eq!((batch.leader_epoch, batch.max_timestamp, batch.valid, batch.control), (3, 1001, true, false));
    let seen: Vec<_> =
        batch.records.iter().map(|record| (record.offset, record.timestamp, record.payload.clone())).collect();
    assert_eq!(seen, [(0, 1000, Some(payload(0))), (1, 1001, Some(payload(1)))]);
    let lines: Vec<String> = facts.iter().map(line).collect();
    assert_eq!(lines, ["SegmentCreated 77 0", "Appended 0: 0..=1", "Appended 0: 2..=2", "Appended 0: 3..=3"]);
}

#[test]
fn compressed_batches_are_read_and_damaged_ones_are_not() {
    let mut bench = Bench::new();
    let log = bench.segment(0);
    let value = payload(9).encode(500);
    for (at, codec) in
        [Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd].into_iter().enumerate()
    {
        let bytes = BatchBuilder::new(codec).at(at as i64, 0).record(7, Some(b"k"), Some(&value)).build();
        bench.disk.append(log, &bytes).unwrap();
    }
    let mut damaged = batch(4, 1).to_vec();
    damaged[70] ^= 1;
    bench.disk.append(log, &damaged).unwrap();
    bench.disk.append(log, b"no batch at all, but long enough to have a length and a magic").unwrap();
    let facts = bench.disk.take_facts();
    let seen = facts.iter().filter_map(|fact| if let Fact::Appended { batch, .. } = fact { Some(batch) } else { None });
    let seen: Vec<_> =
        seen.map(|batch| (batch.valid, batch.records.first().and_then(|record| record.payload.clone()))).collect();
    let good = (true, Some(payload(9)));
    assert_eq!(seen, [good.clone(), good.clone(), good.clone(), good, (false, None)]);
}

#[test]
fn facts_wait_for_the_topics_id() {
    let mut disk =
        Observed::new(NODE, SimDisk::new(draw(0), 1, 1 << 20), FactSet::of(FactKind::ALL), BatchParser::default());
    disk.begin();
    let root = disk.root(ROOT).unwrap();
    let dir = disk.create_dir(root, "t-0").unwrap();
    let log = disk.create(dir, "00000000000000000000.log").unwrap();
    disk.append(log, &batch(0, 1)).unwrap();
    assert_eq!((disk.take_facts().len(), disk.topic_id("t", 0)), (0, None));
    let id = disk.create(dir, "partition.metadata.tmp").unwrap();
    disk.append(id, PartitionMetadata { topic_id: TOPIC_ID }.text().as_bytes()).unwrap();
    assert_eq!(disk.topic_id("t", 0), Some(TOPIC_ID), "a broker may append and answer before the file has its name");
    disk.rename((dir, "partition.metadata.tmp"), (dir, PARTITION_METADATA)).unwrap();
    let told: Vec<String> = disk.take_facts().iter().map(|fact| line(fact).chars().take(20).collect()).collect();
    assert_eq!(told, ["SegmentCreated 77 0", "Appended 0: 0..=0", "FileReplaced t-0/par"]);
    assert_eq!((disk.topic_id("t", 0), disk.topic_name(TOPIC_ID).as_deref()), (Some(TOPIC_ID), Some("t")));
}

#[test]
fn a_log_that_loses_its_end_is_told_and_one_that_loses_its_head_is_not() {
    let mut bench = Bench::new();
    let first = bench.segment(0);
    bench.disk.append(first, &[batch(0, 2), batch(2, 2)].concat()).unwrap();
    let second = bench.segment(4);
    bench.disk.append(second, &batch(4, 3)).unwrap();
    bench.told();
    bench.disk.truncate(second, batch(4, 3).len() as u64).unwrap();
    assert_eq!(bench.told(), [""; 0], "nothing was cut");
    bench.disk.truncate(second, 0).unwrap();
    bench.disk.remove(bench.dir, "00000000000000000004.log").unwrap();
    bench.disk.truncate(first, batch(0, 2).len() as u64 + 10).unwrap();
    assert_eq!(bench.told(), ["Truncated 4", "Truncated 2"], "the empty segment's removal cuts nothing");
    bench.segment(2);
    bench
        .disk
        .rename((bench.dir, "00000000000000000000.log"), (bench.dir, "00000000000000000000.log.deleted"))
        .unwrap();
    assert_eq!(bench.told(), ["SegmentCreated 77 2"]);
}

#[test]
fn a_log_is_durable_as_far_as_its_bytes_and_names_are() {
    let mut bench = Bench::new();
    let first = bench.segment(0);
    bench.disk.append(first, &batch(0, 2)).unwrap();
    bench.sync(SyncTarget::File(first)).unwrap();
    assert_eq!(bench.told(), ["SegmentCreated 77 0", "Appended 0: 0..=1"], "the name is not durable");
    bench.sync(SyncTarget::Dir(bench.dir)).unwrap();
    assert_eq!(bench.told(), ["LogDurable 2"]);
    let second = bench.segment(2);
    bench.disk.append(first, &batch(99, 1)).unwrap();
    bench.disk.append(second, &batch(2, 1)).unwrap();
    bench.sync(SyncTarget::File(second)).unwrap();
    bench.sync(SyncTarget::Dir(bench.dir)).unwrap();
    assert_eq!(bench.told().len(), 3, "the first segment's end is not durable");
    bench.disk.truncate(first, batch(0, 2).len() as u64).unwrap();
    bench.sync(SyncTarget::File(second)).unwrap();
    assert_eq!(bench.told(), ["LogDurable 3"]);
    bench.disk.faults().fail_sync(ROOT, 1);
    bench.disk.append(second, &batch(3, 1)).unwrap();
    assert_eq!(
        (bench.sync(SyncTarget::File(second)), bench.sync(SyncTarget::File(second))),
        (Err(DiskError::Io), Ok(()))
    );
    bench.disk.append(second, &batch(4, 1)).unwrap();
    bench.sync(SyncTarget::File(second)).unwrap();
    assert_eq!(
        bench.told(),
        ["Appended 2: 3..=3", "DiskFailed true", "Appended 2: 4..=4"],
        "never durable, whatever a later sync says"
    );
}

#[test]
fn a_lying_sync_makes_nothing_durable() {
    let mut bench = Bench::new();
    let log = bench.segment(0);
    bench.disk.append(log, &batch(0, 1)).unwrap();
    bench.sync(SyncTarget::Dir(bench.dir)).unwrap();
    bench.disk.append(log, &batch(1, 1)).unwrap();
    bench.told();
    bench.disk.faults().set_lying(true);
    bench.sync(SyncTarget::File(log)).unwrap();
    assert_eq!(bench.told(), [""; 0]);
    let touches = bench.disk.take_touches(Moment::default());
    let told: Vec<_> = touches.iter().map(|touch| (touch.fault, touch.from_offset, touch.path.as_deref())).collect();
    assert_eq!(told, [(FaultKind::LyingSync, Some(0), Some("t-0/00000000000000000000.log"))]);
}

#[test]
fn each_incarnation_is_told_what_it_finds() {
    let mut bench = Bench::new();
    let log = bench.segment(0);
    bench.disk.append(log, &[batch(0, 1), batch(1, 1)].concat()).unwrap();
    bench.sync(SyncTarget::File(log)).unwrap();
    bench.sync(SyncTarget::Dir(bench.dir)).unwrap();
    bench.disk.append(log, &batch(2, 1)).unwrap();
    bench.told();
    bench.disk.power_loss(&NOTHING, draw(1));
    let touches = bench.disk.take_touches(Moment::default());
    assert_eq!(
        touches.iter().map(|touch| (touch.fault, touch.from_offset)).collect::<Vec<_>>(),
        [(FaultKind::PowerLoss, Some(2))]
    );
    bench.disk.begin();
    assert_eq!(bench.told(), ["Survived t-0 0..=0 1..=1", "LogDurable 2"]);
    let dir = bench.disk.open_dir(bench.root, "t-0").unwrap();
    let log = bench.disk.open(dir, "00000000000000000000.log").unwrap();
    bench.disk.truncate(log, batch(0, 1).len() as u64).unwrap();
    bench.disk.opened();
    assert_eq!(bench.told(), ["Truncated 1", "Recovered t-0 0..=0"]);
    bench.disk.append(log, &batch(1, 1)).unwrap();
    bench.disk.kill(draw(1));
    bench.disk.begin();
    assert_eq!(bench.told(), ["Appended 0: 1..=1", "Survived t-0 0..=0 1..=1", "LogDurable 1"]);
}

#[test]
fn a_failed_append_tells_what_stands() {
    let whole = batch(0, 1);
    let mut seen = std::collections::BTreeSet::new();
    for n in 0..60 {
        let mut bench = Bench::new();
        let log = bench.segment(0);
        bench.disk.faults().fail_write(ROOT, 1, draw(n));
        bench.told();
        assert_eq!(bench.disk.append(log, &[&whole[..], &batch(1, 1)].concat()), Err(DiskError::Io));
        seen.insert(bench.told());
        bench.disk.truncate(log, 0).unwrap();
        bench.disk.append(log, &whole).unwrap();
        assert_eq!(bench.told().last().map(String::as_str), Some("Appended 0: 0..=0"));
    }
    let expected =
        [vec!["AppendFailed", "DiskFailed true"], vec!["Appended 0: 0..=0", "AppendFailed", "DiskFailed true"]];
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_call_in_which_the_machine_died_tells_what_still_took_effect() {
    let mut seen = std::collections::BTreeSet::new();
    for n in 0..60 {
        let mut bench = Bench::new();
        let log = bench.segment(0);
        bench.disk.append(log, &batch(0, 1)).unwrap();
        bench.disk.faults().die_at_call(1, draw(n));
        bench.told();
        assert_eq!(bench.disk.remove(bench.dir, "00000000000000000000.log"), Err(DiskError::Gone));
        let told = bench.told();
        bench.disk.kill(draw(n));
        bench.disk.begin();
        seen.insert((told, bench.told()));
    }
    let expected = [
        (vec![], vec!["Survived t-0 0..=0".to_owned()]),
        (vec!["Truncated 0".to_owned()], vec!["Survived t-0 ".to_owned()]),
    ];
    let strip = |(told, found): (Vec<String>, Vec<String>)| (told, found.into_iter().take(1).collect::<Vec<_>>());
    assert_eq!(seen.into_iter().map(strip).collect::<Vec<_>>(), expected);
}

#[test]
fn small_files_are_told_when_they_have_their_final_name() {
    let mut bench = Bench::new();
    let tmp = bench.disk.create(bench.root, "recovery-point-offset-checkpoint.tmp").unwrap();
    bench.disk.append(tmp, b"0\n0\n").unwrap();
    let index = bench.disk.create(bench.dir, "00000000000000000000.index").unwrap();
    bench.disk.append(index, b"12345678").unwrap();
    assert_eq!(bench.told(), [""; 0]);
    let name = "recovery-point-offset-checkpoint";
    bench.disk.rename((bench.root, "recovery-point-offset-checkpoint.tmp"), (bench.root, name)).unwrap();
    assert_eq!(bench.told(), ["FileReplaced recovery-point-offset-checkpoint 0\n0\n"]);
    let again = bench.disk.open(bench.root, name).unwrap();
    bench.disk.append(again, b"!").unwrap();
    bench.disk.truncate(again, 1).unwrap();
    let marker = bench.disk.create(bench.root, ".kafka_cleanshutdown").unwrap();
    bench.disk.append(marker, b"x").unwrap();
    let expected = [
        "FileReplaced recovery-point-offset-checkpoint 0\n0\n!",
        "FileReplaced recovery-point-offset-checkpoint 0",
        "FileReplaced .kafka_cleanshutdown ",
        "FileReplaced .kafka_cleanshutdown x",
    ];
    assert_eq!(bench.told(), expected);
}

#[test]
fn a_folder_that_is_renamed_for_deletion_is_no_log_any_more() {
    let mut bench = Bench::new();
    let log = bench.segment(0);
    bench.disk.append(log, &batch(0, 1)).unwrap();
    bench.told();
    let partition = ::wire::TopicPartition { topic: "t".into(), partition: 0 };
    let deleted = ::wire::files::names::delete_folder(&partition, 5);
    bench.disk.rename((bench.root, "t-0"), (bench.root, &deleted)).unwrap();
    bench.disk.append(log, &batch(1, 1)).unwrap();
    assert_eq!((bench.told(), bench.disk.topic_id("t", 0)), (vec!["LogRemoved".to_owned()], None));
    let again = bench.disk.create_dir(bench.root, "t-0").unwrap();
    assert_eq!(bench.disk.list(again), Ok(Vec::<(String, EntryKind)>::new()));
    bench.disk.remove_dir(bench.root, "t-0").unwrap();
    bench.disk.begin();
    assert_eq!(bench.told(), [""; 0]);
}

#[test]
fn touches_name_the_log_and_the_offset_that_was_hit() {
    let mut bench = Bench::new();
    let log = bench.segment(0);
    bench.disk.append(log, &[batch(0, 1), batch(1, 1), batch(2, 1)].concat()).unwrap();
    let index = bench.disk.create(bench.dir, "00000000000000000000.index").unwrap();
    bench.disk.append(index, b"12345678").unwrap();
    let cp = bench.disk.create(bench.root, "replication-offset-checkpoint").unwrap();
    bench.disk.append(cp, b"0\n0\n").unwrap();
    for target in [
        SyncTarget::File(log),
        SyncTarget::File(index),
        SyncTarget::File(cp),
        SyncTarget::Dir(bench.dir),
        SyncTarget::Dir(bench.root),
    ] {
        bench.sync(target).unwrap();
    }
    bench.told();
    let hits = [
        (".log", 0, Some(0)),
        (".log", 500, Some(1)),
        (".log", 1000, Some(2)),
        (".index", 500, Some(0)),
        ("-checkpoint", 0, None),
    ];
    for (ending, permille, offset) in hits {
        assert!(bench.disk.faults().rot(ROOT, ending, permille, draw(1)));
        let touches = bench.disk.take_touches(Moment { at: ::wire::Instant(9), seq: 1 });
        let [touch] = touches.as_slice() else { panic!("{touches:?}") };
        assert_eq!(
            (touch.fault, touch.node, touch.log_dir, touch.when.seq),
            (FaultKind::BitRot, Some(NODE), Some(ROOT), 1)
        );
        assert_eq!((touch.from_offset, touch.log.is_some()), (offset, offset.is_some()), "{ending}");
        assert!(touch.path.as_ref().is_some_and(|path| path.ends_with(ending)));
    }
    bench.disk.wipe(ROOT);
    let touches = bench.disk.take_touches(Moment::default());
    assert_eq!(
        touches.iter().map(|touch| (touch.fault, touch.path.clone())).collect::<Vec<_>>(),
        [(FaultKind::WipedDisk, None)]
    );
}

#[test]
fn nothing_is_told_that_nobody_wants() {
    let wants = FactSet::of(&[FactKind::LogDurable]);
    let mut disk = Observed::new(NODE, SimDisk::new(draw(0), 1, 1 << 20), wants, BatchParser::default());
    disk.begin();
    let root = disk.root(ROOT).unwrap();
    let dir = disk.create_dir(root, "__cluster_metadata-0").unwrap();
    let log = disk.create(dir, "00000000000000000000.log").unwrap();
    disk.append(log, &batch(0, 1)).unwrap();
    for (id, target) in [SyncTarget::File(log), SyncTarget::Dir(dir), SyncTarget::Dir(root)].into_iter().enumerate() {
        disk.mark(SyncId(id as u64), target);
        disk.complete_sync(SyncId(id as u64)).unwrap();
    }
    disk.opened();
    assert_eq!(disk.take_facts().iter().map(line).collect::<Vec<_>>(), ["LogDurable 1"]);
}
