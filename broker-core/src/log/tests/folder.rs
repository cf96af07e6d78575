//! A log directory in a real folder: what is written there is what Kafka's `DumpLogSegments` was shown (CONTRIBUTING says how).

use super::*;
use std::fs;
use std::path::{Path, PathBuf};
use wire::records::compression;
use wire::records::record::Header;

/// A log with every codec, headers, tombstones and several segments, closed in a controlled way.
fn written() -> RamDisk {
    let mut lab = Lab::with_log(&[("internal.segment.bytes", "6000"), ("log.index.interval.bytes", "500")]);
    let headers = [Header { key: "h".into(), value: Some("1".into()) }, Header { key: "h".into(), value: None }];
    for at in 0..100i64 {
        let codec = compression::ALL[at as usize % 5];
        let value = vec![b'a' + (at % 26) as u8; 50 + at as usize];
        let bytes = BatchBuilder::new(codec)
            .record(1_700_000_000_000 + at * 10, Some(b"key"), Some(&value))
            .record_with(1_700_000_000_005 + at * 10, Some(b"gone"), None, &headers)
            .build();
        let batch = Checked::trusted(Batch::parse(bytes).unwrap());
        let epoch = at as i32 / 40;
        lab.run(|dirs, io, config| dirs.append(KEY, Origin::Client, &batch, epoch, io, &config.planted)).unwrap();
    }
    lab.close().disk
}

fn store(disk: &RamDisk, to: &Path) {
    for path in disk.paths(DIR) {
        let file = to.join(&path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, disk.contents(DIR, &path).unwrap()).unwrap();
    }
}

fn fetch(from: &Path, below: &Path, disk: &mut RamDisk) {
    for entry in fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            fetch(from, &path, disk);
        } else {
            disk.put(DIR, path.strip_prefix(from).unwrap().to_str().unwrap(), fs::read(&path).unwrap());
        }
    }
}

#[test]
fn a_directory_on_a_real_file_system_opens_again() {
    let folder: PathBuf = std::env::temp_dir().join(format!("tribunal-log-{}", std::process::id()));
    let disk = written();
    store(&disk, &folder);
    let mut back = RamDisk::default();
    fetch(&folder, &folder, &mut back);
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(back.paths(DIR), disk.paths(DIR));
    let lab = Lab::open(back, config(&[])).unwrap();
    assert_eq!((lab.ends(), lab.log().epochs()), ((0, 200, 200), &[(0, 0), (1, 80), (2, 160)][..]));
    assert!(lab.log().segments.len() > 2 && lab.dirs.clean_shutdown().is_some());
}
