//! What a log costs: the work that the bench times, on whatever disk it lends.

use super::{LogDirs, LogKey, Origin};
use crate::broker::Broker;
use crate::config::Config;
use crate::event::Partition;
use bytes::Bytes;
use wire::records::{Batch, Checked};
use wire::{Disk, Instant, Io, Now, Output, Timestamp, Uuid};

const KEY: LogKey = (Uuid(1 << 100), 0);

/// One log, to be appended to. Nothing is ever synced: durability is the disk's cost.
pub struct Measured {
    config: Config,
    dirs: LogDirs,
    now: Now,
    out: Vec<Output<Broker>>,
}

impl Measured {
    /// Opens the log directories and recovers what they hold. None if that fails.
    pub fn open(config: Config, disk: &mut (dyn Disk + 'static)) -> Option<Measured> {
        let now = Now { mono: Instant(0), wall: Timestamp(0) };
        let mut out = Vec::new();
        let mut io = Io::new(now, disk, &mut out);
        let mut dirs = LogDirs::open(&config, 1, &mut io).ok()?;
        let partition = Partition { topic_id: KEY.0, topic: "measured".into(), partition: KEY.1 };
        dirs.create(partition, config.topic_defaults.clone(), &mut io, &config.planted).ok()?;
        Some(Measured { config, dirs, now, out })
    }

    /// Appends a batch as a leader does. False if it was refused.
    pub fn append(&mut self, batch: &Bytes, disk: &mut (dyn Disk + 'static)) -> bool {
        let Some(batch) = Batch::parse(batch.clone()) else { return false };
        self.out.clear();
        let mut io = Io::new(self.now, disk, &mut self.out);
        self.dirs.append(KEY, Origin::Client, &Checked::trusted(batch), 0, &mut io, &self.config.planted).is_ok()
    }

    /// How many bytes the log holds.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.dirs.get(KEY).map_or(0, super::Log::size)
    }
}
