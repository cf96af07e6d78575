//! Stories of one log.

use super::*;
use wire::files::parse_offsets;
use wire::records::Batches;

const SMALL: &[(&str, &str)] = &[("internal.segment.bytes", "500"), ("log.index.interval.bytes", "100")];

fn offsets(bytes: &Bytes) -> Vec<i64> {
    Batches::new(bytes.clone()).map(|batch| batch.header.base_offset).collect()
}

#[test]
fn a_log_rolls_and_reads_back_hot_and_cold() {
    let mut lab = Lab::with_log(SMALL);
    for at in 0..20 {
        assert_eq!(lab.append(at * 10, 50).unwrap().base_offset, at);
    }
    let rolled = lab.events.iter().filter(|event| matches!(event, Event::SegmentRolled { .. })).count();
    assert!(rolled >= 4, "{rolled}");
    for from in 0..20 {
        let bytes = lab.read(from, 300).unwrap();
        assert_eq!(offsets(&bytes).first(), Some(&from));
        assert!(bytes.len() <= 300);
    }
    assert_eq!(offsets(&lab.read(3, 1).unwrap()), [3], "at least one batch, however small the limit");
    assert_eq!(lab.read(20, 300).unwrap(), Bytes::new());
    assert_eq!(lab.read(21, 300), Err(LogError::OutOfRange));
    assert_eq!(lab.read(-1, 300), Err(LogError::OutOfRange));
}

#[test]
fn an_epoch_that_the_log_has_left_behind_is_refused() {
    let mut lab = Lab::with_log(SMALL);
    let mut append = |epoch| {
        let batch = batch(0, 50);
        lab.run(|dirs, io, config| dirs.append(KEY, Origin::Client, &batch, epoch, io, &config.planted))
    };
    assert_eq!(append(3).map(|appended| appended.base_offset), Ok(0));
    assert_eq!(append(2), Err(LogError::StaleEpoch(3)), "recovery would cut it");
    assert_eq!(append(3).map(|appended| appended.base_offset), Ok(1));
}

#[test]
fn a_read_ends_below_the_high_watermark() {
    let mut lab = Lab::with_log(SMALL);
    lab.append_all(0..20);
    let log = lab.dirs.get(KEY).unwrap();
    for (from, upto) in [(0, 3), (2, 3), (17, 18), (18, 18), (19, 20)] {
        let mut slice = log.read(from, upto, 10_000, true, &mut lab.disk).unwrap();
        while let Slice::Cold(cold) = slice {
            let bytes = wire::Disk::read(&mut lab.disk, cold.file, cold.range.clone()).unwrap();
            slice = log.finish_read(cold, bytes).unwrap();
        }
        let Slice::Ready(bytes) = slice else { panic!("cold") };
        assert!(offsets(&bytes).iter().all(|&offset| (from..upto).contains(&offset)), "{from} {upto}");
        assert_eq!(bytes.is_empty(), from >= upto, "{from} {upto}");
    }
}

#[test]
fn a_flush_covers_what_was_there_when_it_began() {
    let mut lab = Lab::with_log(&[("log.flush.interval.messages", "1")]);
    lab.run(|dirs, io, config| dirs.start_epoch(KEY, 0, io, &config.planted)).unwrap();
    lab.sync_all();
    assert_eq!(lab.append(1, 10).unwrap().durable_at, Some(1));
    let [(first, _)] = lab.syncs[..] else { panic!("one sync: {:?}", lab.syncs) };
    lab.syncs.clear();
    assert_eq!(lab.append(2, 10).unwrap().durable_at, Some(2));
    assert_eq!(lab.append(3, 10).unwrap().durable_at, Some(3));
    assert_eq!(lab.syncs, [], "the next sync waits for the first");
    assert_eq!(lab.synced(first, Ok(())), [Durable::Log(KEY, 1)]);
    assert_eq!(lab.ends(), (0, 3, 1));
    assert_eq!(lab.sync_all(), [Durable::Log(KEY, 3)], "one sync for both");
}

#[test]
fn a_new_segment_is_durable_only_with_its_entry() {
    let mut lab = Lab::with_log(SMALL);
    lab.sync_all();
    lab.append_all(0..8);
    let (dirs, files): (Vec<_>, Vec<_>) =
        lab.syncs.iter().partition(|(_, target)| matches!(target, SyncTarget::Dir(_)));
    assert_eq!((dirs.len(), files.is_empty()), (1, false));
    for (id, _) in files {
        assert_eq!(lab.synced(id, Ok(())), []);
    }
    assert!(matches!(lab.synced(dirs[0].0, Ok(()))[..], [Durable::Log(KEY, _)]));
}

/// A write may go elsewhere while the disk says that it went well.
#[test]
fn an_answer_ends_before_a_hole() {
    for segment_bytes in ["500", "100000"] {
        let mut lab = Lab::with_log(&[("internal.segment.bytes", segment_bytes)]);
        lab.append_all(0..4);
        let path = "orders-0/00000000000000000000.log";
        let size = lab.disk.contents(DIR, path).unwrap().len() / 4;
        lab.disk.contents_mut(DIR, path).unwrap().drain(size * 2..size * 3);
        assert_eq!(offsets(&lab.read(0, 10_000).unwrap()), [0, 1], "{segment_bytes}");
        assert_eq!(offsets(&lab.read(1, 10_000).unwrap()), [1], "{segment_bytes}");
        assert!(lab.read(2, 10_000).is_err(), "{segment_bytes}");
    }
}

/// A power loss can undo an un-synced cut and lose the batch that was written over it: then the older batch fits by its offsets.
#[test]
fn a_batch_of_an_older_epoch_behind_a_newer_one_is_cut() {
    for (older, end) in [(3, 1), (4, 2), (5, 2)] {
        let mut lab = Lab::with_log(&[]);
        for _ in 0..2 {
            let batch = batch(1, 50);
            lab.run(|dirs, io, config| dirs.append(KEY, Origin::Client, &batch, 4, io, &config.planted)).unwrap();
        }
        let file = lab.disk.contents_mut(DIR, "orders-0/00000000000000000000.log").unwrap();
        let second = file.len() / 2;
        file[second + 12..second + 16].copy_from_slice(&i32::to_be_bytes(older));
        assert_eq!(lab.reopen().ends().1, end, "epoch {older} behind epoch 4");
    }
}

#[test]
fn the_indexes_of_a_closed_segment_are_synced_before_the_recovery_point_passes_it() {
    let mut lab = Lab::with_log(SMALL);
    lab.sync_all();
    lab.append_all(0..6);
    let synced: Vec<SyncTarget> = lab.syncs.iter().map(|&(_, target)| target).collect();
    let mut folder = |suffix: &str| {
        let root = wire::Disk::root(&mut lab.disk, DIR).unwrap();
        let folder = wire::Disk::open_dir(&mut lab.disk, root, "orders-0").unwrap();
        wire::Disk::open(&mut lab.disk, folder, &format!("00000000000000000000.{suffix}")).unwrap()
    };
    for suffix in ["log", "index", "timeindex"] {
        assert!(synced.contains(&SyncTarget::File(folder(suffix))), "{suffix}");
    }
}

#[test]
fn a_failed_sync_takes_the_directory_offline() {
    let mut lab = Lab::with_log(&[("log.flush.interval.messages", "1")]);
    lab.sync_all();
    lab.append(1, 10).unwrap();
    let (id, _) = lab.syncs.remove(0);
    assert_eq!(lab.synced(id, Err(DiskError::Io)), [Durable::DirFailed(DIR)]);
    assert_eq!(lab.append(2, 10), Err(LogError::Offline));
    assert_eq!((lab.dirs.online().count(), lab.ends()), (0, (0, 1, 0)));
    assert_eq!(lab.dirs.take_failed(), [DIR]);
    assert!(lab.has_event(|event| matches!(event, Event::LogDirFailed { .. })));
}

#[test]
fn a_clean_shutdown_leaves_a_marker_and_the_next_start_scans_nothing() {
    let mut lab = Lab::with_log(SMALL);
    lab.append_all(0..20);
    let lab = lab.close();
    assert!(lab.disk.contents(DIR, ".kafka_cleanshutdown").is_some());
    let checkpoint = lab.disk.contents(DIR, "recovery-point-offset-checkpoint").unwrap();
    assert!(parse_offsets(checkpoint).unwrap().values().all(|&offset| offset == 20));
    let lab = lab.reopen();
    assert_eq!(lab.dirs.clean_shutdown().unwrap().broker_epoch, 5);
    assert_eq!((lab.ends(), lab.dirs.checkpointed_high_watermark(KEY)), ((0, 20, 20), 20));
    assert!(lab.disk.contents(DIR, ".kafka_cleanshutdown").is_none());
    assert_eq!(lab.reopen().dirs.clean_shutdown(), None);
}

#[test]
fn a_torn_tail_is_cut_above_what_was_synced() {
    let mut lab = Lab::with_log(&[]);
    lab.append_all(0..5);
    let path = "orders-0/00000000000000000000.log";
    let whole = lab.disk.contents(DIR, path).unwrap().len();
    lab.disk.contents_mut(DIR, path).unwrap().truncate(whole - 7);
    let lab = lab.reopen();
    assert_eq!(lab.ends(), (0, 4, 0));
    assert!(lab.has_event(|event| matches!(event, Event::TailTruncated { to: 4, .. })));
    assert_eq!(lab.disk.contents(DIR, path).unwrap().len(), whole / 5 * 4);
}

/// Flushes five batches, checkpoints, and damages the third.
fn rotten(bug: Option<Bug>) -> Lab {
    let mut lab = Lab::with_log(&[]);
    lab.append_all(0..5);
    lab.flush();
    lab.run(|dirs, io, config| dirs.checkpoint_recovery_points(io, &config.planted));
    lab.sync_all();
    let bytes = lab.disk.contents_mut(DIR, "orders-0/00000000000000000000.log").unwrap();
    let third = bytes.len() / 5 * 2;
    bytes[third + 70] ^= 1;
    lab.config = bug.into_iter().fold(lab.config, Config::with_bug);
    lab.reopen()
}

#[test]
fn damage_below_what_was_synced_is_kept_and_said() {
    let mut lab = rotten(None);
    assert_eq!(lab.log().corrupt_from(), Some(2));
    assert!(lab.has_event(|event| matches!(event, Event::CorruptionFound { offset: 2, .. })));
    assert!(lab.read(1, 10_000).is_ok());
    assert_eq!(lab.read(2, 10_000), Err(LogError::Corrupt(2)));
    assert_eq!(lab.read(4, 10_000), Err(LogError::Corrupt(2)), "never the log's end");
    assert_eq!(lab.append(9, 50), Err(LogError::Corrupt(2)));
    let before = lab.disk.contents(DIR, "orders-0/00000000000000000000.log").unwrap().len();
    assert_eq!(before % 5, 0, "nothing was cut");
    let cut = |lab: &mut Lab| lab.run(|dirs, io, config| dirs.truncate(KEY, 2, io, &config.planted));
    assert!(matches!(cut(&mut lab), Err(LogError::Stated(_))), "the checkpoints still say more");
    lab.sync_all();
    cut(&mut lab).unwrap();
    assert_eq!((lab.ends().1, lab.log().corrupt_from()), (2, None));
    assert_eq!(lab.append(9, 50).unwrap().base_offset, 2);
}

#[test]
fn damage_that_was_kept_once_is_kept_after_the_next_checkpoints() {
    let mut lab = rotten(None);
    lab.run(|dirs, io, config| {
        dirs.checkpoint_recovery_points(io, &config.planted);
        dirs.checkpoint_high_watermarks(&|_| 2, io, &config.planted);
    });
    lab.sync_all();
    let before = lab.disk.contents(DIR, "orders-0/00000000000000000000.log").unwrap().len();
    let lab = lab.reopen();
    assert_eq!((lab.ends().1, lab.log().corrupt_from()), (2, Some(2)));
    assert_eq!(lab.disk.contents(DIR, "orders-0/00000000000000000000.log").unwrap().len(), before, "nothing was cut");
}

#[test]
#[cfg(feature = "bugs")]
fn planted_recovery_bugs_do_what_their_reports_say() {
    let dropped = rotten(Some(Bug::D11));
    assert_eq!((dropped.ends().1, dropped.log().corrupt_from()), (2, None), "D11 drops what was durable");
    let accepted = rotten(Some(Bug::D10));
    assert_eq!(accepted.ends().1, 5, "D10 takes the damaged batch");
}

#[test]
fn a_log_of_the_same_name_does_not_inherit_checkpoints() {
    let mut lab = Lab::with_log(&[]);
    lab.append_all(0..5);
    lab.flush();
    lab.run(|dirs, io, config| dirs.checkpoint_recovery_points(io, &config.planted));
    lab.sync_all();
    // The next incarnation of the topic, before the checkpoint without the old one is durable.
    let topic = lab.config.topic_defaults.clone();
    let again = Partition { topic_id: Uuid(78), ..partition() };
    lab.run(|dirs, io, config| dirs.create(again, topic, io, &config.planted)).unwrap();
    let lab = lab.reopen();
    let log = lab.dirs.get((Uuid(78), 0)).unwrap();
    assert_eq!((log.log_end_offset(), log.corrupt_from()), (0, None));
    assert!(lab.dirs.get(KEY).is_none());
}

#[test]
fn a_deleted_log_is_removed_after_its_delay() {
    let mut lab = Lab::with_log(&[]);
    lab.append(1, 10).unwrap();
    lab.run(|dirs, io, config| dirs.delete(KEY, io, &config.planted)).unwrap();
    assert!(lab.disk.paths(DIR).iter().any(|path| path.contains("-delete/")));
    let due = lab.dirs.next_removal().unwrap();
    assert_eq!(due.as_millis(), 60_000);
    lab.run(|dirs, io, _| dirs.remove_deleted(io));
    assert_eq!(lab.dirs.next_removal(), Some(due));
    lab.now.mono = due;
    lab.run(|dirs, io, _| dirs.remove_deleted(io));
    assert!(lab.disk.paths(DIR).iter().all(|path| !path.contains("-delete/")));
}

#[test]
fn records_are_found_by_their_time() {
    let mut lab = Lab::with_log(SMALL);
    lab.append_all((0..20).map(|at| 1000 + at * 10));
    let log = lab.dirs.get(KEY).unwrap();
    for (timestamp, offset) in
        [(0, Some(0)), (1000, Some(0)), (1001, Some(1)), (1105, Some(11)), (1190, Some(19)), (1191, None)]
    {
        let found = log.offset_for_timestamp(timestamp, &mut lab.disk).unwrap();
        assert_eq!(found.map(|found| found.offset), offset, "{timestamp}");
    }
    let greatest = log.max_timestamp(&mut lab.disk).unwrap().unwrap();
    assert_eq!((greatest.offset, greatest.timestamp), (19, 1190));
}

#[test]
fn epochs_survive_in_their_checkpoint() {
    let mut lab = Lab::with_log(&[]);
    lab.append(1, 10).unwrap();
    lab.run(|dirs, io, config| dirs.start_epoch(KEY, 4, io, &config.planted)).unwrap();
    lab.sync_all();
    let checkpoint = lab.disk.contents(DIR, "orders-0/leader-epoch-checkpoint").unwrap();
    assert_eq!(checkpoint, b"0\n2\n0 0\n4 1\n");
    // An epoch that starts at the log's end is dropped on opening, as Kafka does.
    let mut lab = lab.reopen();
    assert_eq!(lab.log().epochs(), [(0, 0)]);
    *lab.disk.contents_mut(DIR, "orders-0/leader-epoch-checkpoint").unwrap() = b"0\n7\n".to_vec();
    assert_eq!(lab.reopen().log().epochs(), [(0, 0)], "a damaged checkpoint is rebuilt from the batches");
}

#[test]
fn a_follower_takes_only_what_continues_its_log() {
    let mut leader = Lab::with_log(&[]);
    leader.append_all(0..4);
    let all = leader.read(0, 1 << 20).unwrap();
    let tail = leader.read(2, 1 << 20).unwrap();
    let mut follower = Lab::with_log(&[]);
    let mut fetch =
        |bytes: &Bytes| follower.run(|dirs, io, config| dirs.append_as_follower(KEY, bytes, 0, io, &config.planted));
    assert_eq!(fetch(&tail), Err(LogError::NotNext));
    let cut = all.slice(..all.len() / 2 + 20);
    assert_eq!(fetch(&cut).unwrap().last_offset, 1);
    assert_eq!(fetch(&tail).unwrap().last_offset, 3);
    let mut damaged = tail.to_vec();
    damaged[100] ^= 1;
    assert_eq!(fetch(&Bytes::from(damaged)), Err(LogError::NotNext));
    assert_eq!(follower.read(0, 1 << 20).unwrap(), all);
}

#[test]
fn a_follower_takes_no_epoch_that_was_not_or_goes_back() {
    let mut leader = Lab::with_log(&[]);
    leader.append_all(0..3);
    let batches: Vec<Bytes> = Batches::new(leader.read(0, 1 << 20).unwrap()).map(|batch| batch.bytes).collect();
    let of = |epochs: [u8; 3]| -> Bytes {
        let in_epoch = |(batch, epoch): (&Bytes, u8)| [&batch[..12], &[0, 0, 0, epoch], &batch[16..]].concat();
        batches.iter().zip(epochs).flat_map(in_epoch).collect::<Vec<u8>>().into()
    };
    let taken = |epochs, leader_epoch| {
        let mut follower = Lab::with_log(&[]);
        let batches = of(epochs);
        follower
            .run(|dirs, io, config| dirs.append_as_follower(KEY, &batches, leader_epoch, io, &config.planted))
            .is_ok()
    };
    assert!(taken([1, 1, 3], 3));
    assert!(!taken([1, 1, 3], 2), "an epoch beyond the leader's own");
    assert!(!taken([1, 3, 1], 3), "an epoch that goes back");
}

#[test]
fn a_foreign_directory_is_refused() {
    let lab = Lab::with_log(&[]);
    let mut lab = Lab { syncs: Vec::new(), ..lab };
    lab.sync_all();
    let Lab { mut disk, .. } = lab;
    disk.put(DIR, "meta.properties", "version=1\nnode.id=9\ncluster.id=x\n");
    assert!(matches!(Lab::open(disk, config(&[])), Err(OpenError::Refused(_))));
}

#[test]
fn a_small_file_is_replaced_atomically_and_the_newest_wins() {
    let mut lab = Lab::with_log(&[]);
    lab.sync_all();
    let put = |lab: &mut Lab, text: &'static str| {
        lab.run(|dirs, io, config| dirs.replace_file(Some(KEY), "quorum-state", Bytes::from(text), io, &config.planted))
            .unwrap()
    };
    let path = "orders-0/quorum-state";
    let tickets = [put(&mut lab, "one"), put(&mut lab, "two"), put(&mut lab, "three")];
    assert_eq!(lab.disk.contents(DIR, path), None, "not before its bytes are durable");
    assert_eq!(lab.sync_all(), tickets.map(Durable::File));
    assert_eq!(lab.disk.contents(DIR, path), Some(&b"three"[..]));
}

#[test]
fn a_checkpoint_from_before_a_deletion_does_not_appear_after_it() {
    let mut lab = Lab::with_log(&[]);
    lab.append_all(0..5);
    lab.flush();
    lab.run(|dirs, io, config| {
        dirs.checkpoint_recovery_points(io, &config.planted);
        dirs.checkpoint_high_watermarks(&|_| 5, io, &config.planted);
        dirs.delete(KEY, io, &config.planted)
    })
    .unwrap();
    lab.sync_all();
    let read = |name| lab.disk.contents(DIR, name).map(|text| parse_offsets(text).unwrap());
    assert_eq!(read("recovery-point-offset-checkpoint"), Some(BTreeMap::new()));
    assert_eq!(read("replication-offset-checkpoint"), Some(BTreeMap::new()));
}

#[test]
fn a_cut_waits_until_no_checkpoint_says_more_and_a_death_in_it_damages_nothing() {
    let mut lab = Lab::with_log(&[]);
    lab.append_all(0..5);
    lab.flush();
    lab.run(|dirs, io, config| {
        dirs.checkpoint_recovery_points(io, &config.planted);
        dirs.checkpoint_high_watermarks(&|_| 4, io, &config.planted);
    });
    lab.sync_all();
    let cut = |lab: &mut Lab| lab.run(|dirs, io, config| dirs.truncate(KEY, 2, io, &config.planted));
    assert!(matches!(cut(&mut lab), Err(LogError::Stated(_))));
    assert_eq!(lab.ends().1, 5, "nothing is cut yet");
    assert!(lab.dirs.awaits_cut(KEY));
    lab.sync_all();
    assert!(!lab.dirs.awaits_cut(KEY));
    cut(&mut lab).unwrap();
    let lab = lab.reopen();
    assert_eq!((lab.ends().1, lab.log().corrupt_from()), (2, None));
}

#[test]
fn a_log_that_begins_anew_at_its_own_end_is_durable_only_when_its_new_segment_is() {
    let mut lab = Lab::with_log(&[]);
    lab.append_all(0..5);
    lab.flush();
    assert_eq!(lab.log().recovery_point(), 5);
    lab.run(|dirs, io, config| dirs.restart_at(KEY, 5, io, &config.planted)).unwrap();
    assert_eq!((lab.ends().1, lab.log().recovery_point()), (5, 4));
    lab.sync_all();
    assert_eq!(lab.log().recovery_point(), 5);
}

#[test]
fn a_cut_is_something_to_sync_although_every_byte_that_is_left_was() {
    let mut lab = Lab::with_log(&[]);
    lab.append_all(0..5);
    lab.flush();
    lab.run(|dirs, io, config| dirs.truncate(KEY, 3, io, &config.planted)).unwrap();
    assert!(lab.log().is_dirty(), "a power loss may undo it");
    lab.flush();
    assert!(!lab.log().is_dirty());
}

#[test]
fn a_flush_does_not_cover_a_segment_that_came_after_it_under_the_same_name() {
    let mut lab = Lab::with_log(&[]);
    lab.sync_all();
    let cut = |lab: &mut Lab, to| lab.run(|dirs, io, config| dirs.truncate(KEY, to, io, &config.planted)).unwrap();
    lab.append_all(0..5);
    cut(&mut lab, 4);
    lab.run(|dirs, io, config| dirs.flush(KEY, io, &config.planted));
    lab.run(|dirs, io, config| dirs.restart_at(KEY, 0, io, &config.planted)).unwrap();
    lab.append_all(0..5);
    cut(&mut lab, 3);
    for (id, _) in std::mem::take(&mut lab.syncs) {
        lab.synced(id, Ok(()));
    }
    let segment = lab.log().active().unwrap();
    assert_eq!((segment.synced, segment.cuts, segment.synced_cuts), (0, 1, 0));
    lab.sync_all();
    lab.flush();
    assert!(!lab.log().is_dirty());
}
