//! Damaged images: whatever the files of a log directory hold, opening them ends, and nothing is read that is not there.

use super::*;
use proptest::prelude::*;

/// A directory with a log of several segments, closed or not.
fn image(clean: bool) -> RamDisk {
    let mut lab = Lab::with_log(&[("internal.segment.bytes", "600"), ("log.index.interval.bytes", "100")]);
    lab.sync_all();
    for at in 0..25 {
        lab.append(1000 + at, 40).unwrap();
        if at % 7 == 0 {
            lab.run(|dirs, io, config| dirs.start_epoch(KEY, at as i32, io, &config.planted)).unwrap();
        }
    }
    lab.flush();
    lab.run(|dirs, io, config| dirs.checkpoint_recovery_points(io, &config.planted));
    lab.sync_all();
    if clean { lab.close().disk } else { lab.disk }
}

/// Opens a damaged directory and reads all that it offers.
fn exercise(disk: RamDisk) {
    let most = disk.paths(DIR).iter().filter_map(|path| disk.contents(DIR, path)).map(<[u8]>::len).sum::<usize>();
    let Ok(mut lab) = Lab::open(disk, config(&[("log.index.interval.bytes", "100")])) else { return };
    let Some(log) = lab.dirs.get(KEY) else { return };
    let (start, end) = (log.log_start_offset(), log.log_end_offset());
    assert!(start <= end);
    let _ = (log.offset_for_timestamp(1010, &mut lab.disk), log.max_timestamp(&mut lab.disk));
    for offset in start..end.min(start + 100) {
        if let Ok(bytes) = lab.read(offset, 1 << 20) {
            assert!(bytes.len() <= most);
        }
    }
    let _ = lab.append(5000, 10);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_image_never_panics(
        clean in any::<bool>(),
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 1..6),
    ) {
        let mut disk = image(clean);
        for (file, at, byte, how) in hits {
            let paths = disk.paths(DIR);
            let path = paths[file.index(paths.len())].clone();
            let bytes = disk.contents_mut(DIR, &path).unwrap();
            let at = at.index(bytes.len() + 1);
            match how {
                0 if at < bytes.len() => bytes[at] ^= byte,
                1 => bytes.truncate(at),
                2 => bytes.extend(std::iter::repeat_n(byte, at)),
                _ => bytes.iter_mut().skip(at).take(20).for_each(|there| *there = byte),
            }
        }
        exercise(disk);
    }
}

#[test]
fn a_missing_file_is_noticed() {
    let disk = image(false);
    let logs: Vec<String> = disk.paths(DIR).into_iter().filter(|path| path.ends_with(".log")).collect();
    for path in &logs {
        let mut disk = disk.clone();
        let root = wire::Disk::root(&mut disk, DIR).unwrap();
        let folder = wire::Disk::open_dir(&mut disk, root, "orders-0").unwrap();
        let base: i64 = path[9..29].parse().unwrap();
        wire::Disk::remove(&mut disk, folder, &path[9..]).unwrap();
        let mut lab = Lab::open(disk, config(&[])).unwrap();
        let log = lab.log();
        if base == 0 {
            assert!(log.log_start_offset() > 0 && log.corrupt_from().is_none(), "{path}: as after retention");
        } else {
            assert_eq!(log.corrupt_from(), Some(base), "{path}");
            assert_eq!(lab.read(base, 1000), Err(LogError::Corrupt(base)));
        }
    }
    assert!(logs.len() > 3);
}

#[test]
fn an_index_that_says_something_else_is_rebuilt() {
    for clean in [false, true] {
        let disk = image(clean);
        let indexes: Vec<String> = disk.paths(DIR).into_iter().filter(|path| path.ends_with("index")).collect();
        for path in indexes {
            let mut damaged = disk.clone();
            damaged.contents_mut(DIR, &path).unwrap().extend([1, 2, 3]);
            let lab = Lab::open(damaged, config(&[("log.index.interval.bytes", "100")])).unwrap();
            assert!(lab.has_event(|event| matches!(event, Event::IndexRebuilt { .. })), "{path}");
            assert_eq!(lab.disk.contents(DIR, &path), disk.contents(DIR, &path), "{path}");
        }
    }
}
