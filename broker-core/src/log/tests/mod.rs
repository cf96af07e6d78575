//! Tests of the log: stories, Kafka's own directories, a model, and damage.

mod damage;
mod folder;
mod identity;
mod model;
mod recorded;
mod snapshots;
mod stories;

use super::log::Appended;
use super::{Durable, Log, LogDirs, LogError, LogKey, Origin, Slice};
use crate::broker::{Broker, OpenError};
use crate::bugs::Bug;
use crate::config::Config;
use crate::event::{Event, Partition};
use bytes::Bytes;
use std::collections::BTreeMap;
use wire::records::{Batch, BatchBuilder, Checked, Compression};
use wire::{DiskError, Instant, Io, LogDirId, Now, Output, RamDisk, SyncId, SyncTarget, Timestamp, Uuid};

const DIR: LogDirId = LogDirId(0);
const KEY: LogKey = (Uuid(77), 0);

/// A disk, the log directories on it, and what they asked for.
struct Lab {
    disk: RamDisk,
    config: Config,
    dirs: LogDirs,
    now: Now,
    syncs: Vec<(SyncId, SyncTarget)>,
    events: Vec<Event>,
}

fn config(pairs: &[(&str, &str)]) -> Config {
    Config::parse(&pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()).unwrap()
}

fn lend<'a>(now: Now, disk: &'a mut RamDisk, out: &'a mut Vec<Output<Broker>>) -> Io<'a, Broker> {
    Io::new(now, disk as &mut dyn wire::Disk, out)
}

fn partition() -> Partition {
    Partition { topic_id: KEY.0, topic: "orders".into(), partition: KEY.1 }
}

/// One record of so many bytes at a time.
fn batch(timestamp: i64, bytes: usize) -> Checked {
    let bytes = BatchBuilder::new(Compression::None).record(timestamp, None, Some(&vec![7; bytes])).build();
    Checked::trusted(Batch::parse(bytes).unwrap())
}

impl Lab {
    fn open(disk: RamDisk, config: Config) -> Result<Lab, OpenError> {
        let mut disk = disk;
        let now = Now { mono: Instant(0), wall: Timestamp(1000) };
        let mut out = Vec::new();
        let dirs = LogDirs::open(&config, 1, &mut lend(now, &mut disk, &mut out))?;
        let mut lab = Lab { disk, config, dirs, now, syncs: Vec::new(), events: Vec::new() };
        lab.take(out);
        Ok(lab)
    }

    /// With one log.
    fn with_log(pairs: &[(&str, &str)]) -> Lab {
        let mut lab = Lab::open(RamDisk::default(), config(pairs)).unwrap();
        let topic = lab.config.topic_defaults.clone();
        lab.run(|dirs, io, config| dirs.create(partition(), topic, io, &config.planted)).unwrap();
        lab
    }

    fn run<T>(&mut self, f: impl FnOnce(&mut LogDirs, &mut Io<'_, Broker>, &Config) -> T) -> T {
        let mut out = Vec::new();
        let result = f(&mut self.dirs, &mut lend(self.now, &mut self.disk, &mut out), &self.config);
        self.take(out);
        result
    }

    fn take(&mut self, out: Vec<Output<Broker>>) {
        for output in out {
            match output {
                Output::Sync(id, target) => self.syncs.push((id, target)),
                Output::Event(event) => self.events.push(event),
                _ => {}
            }
        }
    }

    fn append(&mut self, timestamp: i64, bytes: usize) -> Result<Appended, LogError> {
        let (batch, epoch) = (batch(timestamp, bytes), self.log().latest_epoch().max(0));
        self.run(|dirs, io, config| dirs.append(KEY, Origin::Client, &batch, epoch, io, &config.planted))
    }

    /// One batch per timestamp, of 50 bytes.
    fn append_all(&mut self, timestamps: impl Iterator<Item = i64>) {
        for timestamp in timestamps {
            self.append(timestamp, 50).unwrap();
        }
    }

    fn synced(&mut self, id: SyncId, result: Result<(), DiskError>) -> Vec<Durable> {
        self.run(|dirs, io, config| dirs.synced(id, result, io, &config.planted))
    }

    /// Completes every sync, and those that follow from them.
    fn sync_all(&mut self) -> Vec<Durable> {
        let mut done = Vec::new();
        while !self.syncs.is_empty() {
            let (id, _) = self.syncs.remove(0);
            done.extend(self.synced(id, Ok(())));
        }
        done
    }

    fn flush(&mut self) {
        self.run(|dirs, io, config| dirs.flush(KEY, io, &config.planted));
        self.sync_all();
    }

    /// Another incarnation on the same disk: the process died, the page cache did not.
    fn reopen(self) -> Lab {
        Lab::open(self.disk, self.config).unwrap()
    }

    fn close(mut self) -> Lab {
        let end = self.log().log_end_offset();
        self.run(|dirs, io, config| dirs.begin_close(5, &|_| end, io, &config.planted));
        assert!(self.sync_all().contains(&Durable::Closed));
        self
    }

    fn log(&self) -> &Log {
        self.dirs.get(KEY).unwrap()
    }

    fn ends(&self) -> (i64, i64, i64) {
        (self.log().log_start_offset(), self.log().log_end_offset(), self.log().recovery_point())
    }

    /// Reads as a consumer does, following cold reads.
    fn read(&mut self, offset: i64, max_bytes: usize) -> Result<Bytes, LogError> {
        let log = self.dirs.get(KEY).unwrap();
        let mut slice = log.read(offset, i64::MAX, max_bytes, true, &mut self.disk)?;
        loop {
            match slice {
                Slice::Ready(bytes) => return Ok(bytes),
                Slice::Cold(cold) => {
                    let bytes = wire::Disk::read(&mut self.disk, cold.file, cold.range.clone())?;
                    slice = log.finish_read(cold, bytes)?;
                }
            }
        }
    }

    fn has_event(&self, wanted: impl Fn(&Event) -> bool) -> bool {
        self.events.iter().any(wanted)
    }
}
