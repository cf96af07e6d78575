//! Eight log directories that a real Kafka 4.3 left: recovery finds in them what Kafka's DumpLogSegments printed, batch by batch and
//! record by record, and what is derived from the batches of a clean one equals Kafka's index files.

use super::*;
use std::io::Read;
use wire::Disk;
use wire::files::names::{Folder, log_folder, segment_file};
use wire::files::{MetaProperties, Suffix};
use wire::records::Batches;

pub(super) const NAMES: [&str; 8] =
    ["clean-1", "clean-2", "clean-3", "diverged-3", "killed-3", "killed-all-1", "killed-all-2", "killed-all-3"];

fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/fixtures/logs/{name}.gz", env!("CARGO_MANIFEST_DIR"));
    let packed = std::fs::read(path).unwrap();
    let mut bytes = Vec::new();
    flate2::read::MultiGzDecoder::new(packed.as_slice()).read_to_end(&mut bytes).unwrap();
    bytes
}

/// Loads a GNU tar with sparse files. Of the zeros that Kafka preallocates 4,096 bytes are kept.
pub(super) fn load(name: &str) -> RamDisk {
    let tar = fixture(&format!("{name}.tar"));
    let mut disk = RamDisk::default();
    let mut at = 0;
    while tar.get(at).is_some_and(|&byte| byte != 0) {
        let header = &tar[at..at + 512];
        let path = std::str::from_utf8(&header[..100]).unwrap().trim_end_matches('\0').trim_start_matches("./");
        let stored = octal(&header[124..136]);
        let data = &tar[at + 512..at + 512 + stored];
        match header[156] {
            b'0' => disk.put(DIR, path, data),
            b'S' => disk.put(DIR, path, [data, &[0; 4096][..]].concat()),
            _ => {}
        }
        at += 512 + stored.div_ceil(512) * 512;
    }
    disk
}

fn octal(field: &[u8]) -> usize {
    let text = std::str::from_utf8(field).unwrap().trim_matches(['\0', ' ']);
    usize::from_str_radix(text, 8).unwrap()
}

/// Opens a recorded directory as the node that wrote it.
pub(super) fn open(disk: RamDisk, pairs: &[(&str, &str)]) -> Lab {
    let meta = MetaProperties::parse(disk.contents(DIR, "meta.properties").unwrap()).unwrap();
    let (node, cluster) = (meta.node_id.to_string(), meta.cluster_id.to_string());
    let pairs = [pairs, &[("node.id", node.as_str()), ("cluster.id", cluster.as_str())]].concat();
    Lab::open(disk, config(&pairs)).unwrap()
}

/// A line of a dump as names and values; names may repeat.
struct Line<'a>(&'a str);

impl<'a> Line<'a> {
    fn text(&self, name: &str) -> &'a str {
        let (_, rest) = self.0.split_once(&format!("{name}: ")).unwrap_or_else(|| panic!("{name} in {}", self.0));
        rest.split(' ').next().unwrap()
    }
    fn number<T: std::str::FromStr>(&self, name: &str) -> T {
        self.text(name).parse().unwrap_or_else(|_| panic!("{name} in {}", self.0))
    }
}

/// The batches of each `.log` file of a dump, each with its records.
fn dumped(text: &str) -> BTreeMap<String, Vec<(Line<'_>, Vec<Line<'_>>)>> {
    let mut files: BTreeMap<String, Vec<(Line<'_>, Vec<Line<'_>>)>> = BTreeMap::new();
    let mut batches: Option<&mut Vec<_>> = None;
    for line in text.lines() {
        if let Some(path) = line.strip_prefix("Dumping ") {
            batches = path.ends_with(".log").then(|| files.entry(path.to_owned()).or_default());
        } else if let Some(batches) = &mut batches {
            if line.starts_with("baseOffset: ") {
                batches.push((Line(line), Vec::new()));
            } else if let (Some(record), Some(last)) = (line.strip_prefix("| "), batches.last_mut()) {
                last.1.push(Line(record));
            }
        }
    }
    files
}

/// Compares one batch and its records with what Kafka printed. Returns how many records it has.
fn compare(path: &str, batch: &Batch, line: &Line<'_>, records: &[Line<'_>]) -> usize {
    let header = &batch.header;
    let attributes = header.attributes;
    assert!(batch.is_valid(), "{path} {}", line.0);
    assert_eq!(header.base_offset, line.number::<i64>("baseOffset"), "{path}");
    assert_eq!(header.last_offset(), line.number::<i64>("lastOffset"), "{path}");
    assert_eq!(header.count, line.number::<i32>("count"));
    assert_eq!(header.base_sequence, line.number::<i32>("baseSequence"));
    assert_eq!(header.producer_id, line.number::<i64>("producerId"));
    assert_eq!(header.producer_epoch, line.number::<i16>("producerEpoch"));
    assert_eq!(header.partition_leader_epoch, line.number::<i32>("partitionLeaderEpoch"));
    assert_eq!(attributes.is_transactional(), line.number::<bool>("isTransactional"));
    assert_eq!(attributes.is_control(), line.number::<bool>("isControl"));
    let time = if attributes.is_log_append_time() { "LogAppendTime" } else { "CreateTime" };
    assert_eq!(header.max_timestamp, line.number::<i64>(time));
    assert_eq!(batch.bytes.len(), line.number::<usize>("size"));
    assert_eq!(header.crc, line.number::<u32>("crc"));
    assert_eq!(attributes.compression().unwrap().name(), line.text("compresscodec"));
    let found: Vec<_> = batch.records(1 << 24).unwrap().map(Result::unwrap).collect();
    assert_eq!(found.len(), records.len(), "{path} {}", line.0);
    for (record, line) in found.iter().zip(records) {
        compare_record(record, line, time);
    }
    records.len()
}

fn compare_record(record: &wire::records::Record, line: &Line<'_>, time: &str) {
    let size = |bytes: &Option<Bytes>| bytes.as_ref().map_or(-1, |bytes| bytes.len() as i64);
    assert_eq!(record.offset, line.number::<i64>("offset"));
    assert_eq!(record.timestamp, line.number::<i64>(time));
    assert_eq!(size(&record.key), line.number::<i64>("keySize"), "{}", line.0);
    assert_eq!(size(&record.value), line.number::<i64>("valueSize"));
    assert_eq!(record.sequence, line.number::<i32>("sequence"));
    let keys: Vec<_> = record.headers.iter().map(|header| String::from_utf8_lossy(&header.key).into_owned()).collect();
    assert_eq!(format!("[{}]", keys.join(",")), line.text("headerKeys"));
    let text = |bytes: &Option<Bytes>| bytes.as_ref().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    // Kafka prints what it can decode of its own topics as JSON; everybody else's bytes it prints as they are.
    let tail = line.0.split_once("] ").map_or("", |(_, tail)| tail);
    if !tail.contains('{') && !tail.contains("Marker") && !tail.contains("LeaderChange") && !tail.contains("Snapshot") {
        let key = text(&record.key).map(|key| format!("key: {key}"));
        let value = text(&record.value).map(|value| format!("payload: {value}"));
        let expected = [key, value].into_iter().flatten().collect::<Vec<_>>().join(" ");
        assert_eq!(tail.trim_end(), expected);
    }
}

#[test]
fn recovery_finds_what_kafkas_dump_says() {
    let (mut batches, mut records) = (0, 0);
    for name in NAMES {
        let text = String::from_utf8(fixture(&format!("{name}.dump.txt"))).unwrap();
        let mut expected = dumped(&text);
        let mut lab = open(load(name), &[]);
        let logs: Vec<Log> = lab.dirs.iter().map(|(_, log)| log.clone()).collect();
        for log in &logs {
            assert_eq!(log.corrupt_from(), None, "{name} {:?}", log.partition());
            let folder = log_folder(&super::super::folders::name_of(log.partition()));
            for segment in &log.segments {
                let path = format!("{folder}/{}", segment_file(segment.base_offset, Suffix::Log));
                let bytes = lab.disk.read(segment.file, 0..segment.size).unwrap();
                let found: Vec<Batch> = Batches::new(bytes).collect();
                let lines = expected.remove(&path).unwrap_or_default();
                assert_eq!(found.len(), lines.len(), "{name} {path}");
                for (batch, (line, lines)) in found.iter().zip(&lines) {
                    batches += 1;
                    records += compare(&path, batch, line, lines);
                }
            }
        }
        assert_eq!(expected.into_keys().collect::<Vec<_>>(), Vec::<String>::new(), "{name}: logs that were not opened");
        assert!(!lab.has_event(|event| matches!(event, Event::TailTruncated { .. } | Event::CorruptionFound { .. })));
    }
    assert!(batches > 3000 && records > 8000, "{batches} batches, {records} records");
}

#[test]
fn ends_and_epochs_are_those_of_the_story() {
    let table = [("killed-3", 30, false), ("diverged-3", 275, false), ("clean-1", 269, true), ("clean-3", 269, true)];
    for (name, end, clean) in table {
        let lab = open(load(name), &[]);
        let orders =
            lab.dirs.iter().find(|(_, log)| log.partition().topic == "orders" && log.partition().partition == 0);
        let log = orders.unwrap().1;
        assert_eq!(log.log_end_offset(), end, "{name}");
        assert_eq!(lab.dirs.clean_shutdown().is_some(), clean, "{name}");
        if name == "clean-1" {
            assert_eq!(log.log_start_offset(), 4);
            assert_eq!(log.epochs(), [(0, 4), (1, 30), (2, 250), (3, 265)]);
            assert_eq!(log.end_offset_of_epoch(2), Some((2, 265)));
            assert_eq!(lab.dirs.clean_shutdown().unwrap().broker_epoch, 706);
        }
    }
}

#[test]
fn folders_and_files_for_deletion_are_no_logs() {
    let lab = open(load("killed-3"), &[]);
    assert!(lab.disk.paths(DIR).iter().all(|path| !path.ends_with(".deleted")));
    let lab = open(load("clean-1"), &[]);
    assert!(lab.dirs.next_removal().is_some());
    let doomed = lab
        .disk
        .paths(DIR)
        .iter()
        .filter(|path| matches!(path.split('/').next().map(Folder::parse), Some(Some(Folder::Deleted(_)))))
        .count();
    assert!(doomed > 0);
}

/// The entries of an index file, without preallocated zeros.
fn stripped(disk: &RamDisk, path: &str, entry: usize) -> Vec<u8> {
    let bytes = disk.contents(DIR, path).unwrap();
    let used = bytes.chunks(entry).rposition(|chunk| chunk.iter().any(|&byte| byte != 0)).map_or(0, |last| last + 1);
    bytes[..(used * entry).min(bytes.len())].to_vec()
}

#[test]
fn indexes_rebuilt_from_batches_alone_equal_kafkas() {
    let mut compared = 0;
    for name in ["clean-1", "clean-2", "clean-3"] {
        for (interval, rolling) in [("200", true), ("4096", false)] {
            let recorded = load(name);
            let mut bare = recorded.clone();
            let is_index =
                |path: &String| path.ends_with("index") && !path.contains("-delete/") && !path.ends_with(".txnindex");
            let indexes: Vec<String> = recorded.paths(DIR).into_iter().filter(is_index).collect();
            for path in &indexes {
                let (folder, file) = path.split_once('/').unwrap();
                let root = bare.root(DIR).unwrap();
                let dir = bare.open_dir(root, folder).unwrap();
                bare.remove(dir, file).unwrap();
            }
            let lab = open(bare, &[("log.index.interval.bytes", interval)]);
            for path in
                indexes.iter().filter(|path| path.starts_with("rolling-") == rolling && !path.starts_with("__cluster"))
            {
                let entry = if path.ends_with(".timeindex") { 12 } else { 8 };
                assert_eq!(stripped(&lab.disk, path, entry), stripped(&recorded, path, entry), "{name} {path}");
                compared += 1;
            }
        }
    }
    assert!(compared > 100, "{compared}");
}

#[test]
fn a_clean_directory_is_opened_without_touching_its_indexes() {
    let recorded = load("clean-1");
    let lab = open(recorded.clone(), &[]);
    // The metadata log has no recovery point in Kafka's checkpoint, so it is always scanned.
    let rebuilt = |event: &Event| matches!(event, Event::IndexRebuilt { partition, .. } if partition.topic != "__cluster_metadata");
    assert!(!lab.has_event(rebuilt));
    for path in recorded.paths(DIR).iter().filter(|path| path.ends_with(".log")) {
        assert_eq!(lab.disk.contents(DIR, path), recorded.contents(DIR, path), "{path}");
    }
}
