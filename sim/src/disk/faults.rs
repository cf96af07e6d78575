//! Faults that are armed and wait for their moment, and bit rot, which does not wait.

use super::SimDisk;
use crate::Draw;
use bytes::Bytes;
use properties::FaultKind;
use wire::LogDirId;

/// Which faults wait on this disk.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults {
    syncs: Vec<Countdown>,
    writes: Vec<Countdown>,
    reads: Vec<Countdown>,
    misdirects: Vec<(String, LogDirId, Draw)>,
    full: Vec<LogDirId>,
    pub(super) lying: bool,
    slow_us: Option<(u64, u64)>,
    pub(super) death: Option<Death>,
}

/// A fault that strikes at the n-th call from now.
#[derive(Clone, Debug)]
struct Countdown {
    log_dir: LogDirId,
    left: u32,
    draw: Draw,
}

/// The machine or process will die inside a mutating call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Death {
    pub(super) left: u32,
    pub(super) draw: Draw,
}

impl Faults {
    pub(super) fn fails_sync(&mut self, log_dir: LogDirId) -> bool {
        strike(&mut self.syncs, log_dir).is_some()
    }

    pub(super) fn fails_write(&mut self, log_dir: LogDirId) -> Option<Draw> {
        strike(&mut self.writes, log_dir)
    }

    pub(super) fn fails_read(&mut self, log_dir: LogDirId) -> bool {
        strike(&mut self.reads, log_dir).is_some()
    }

    pub(super) fn is_full(&self, log_dir: LogDirId) -> bool {
        self.full.contains(&log_dir)
    }

    /// Whether this call is the one that the machine does not survive.
    pub(super) fn dies(&mut self) -> Option<Draw> {
        let death = self.death.as_mut()?;
        death.left = death.left.saturating_sub(1);
        (death.left == 0).then_some(death.draw)
    }
}

/// Counts a call, and says whether a fault strikes it. Several may strike at once; the first one's draw counts.
fn strike(waiting: &mut Vec<Countdown>, log_dir: LogDirId) -> Option<Draw> {
    let mut struck = None;
    waiting.retain_mut(|fault| {
        fault.left -= u32::from(fault.log_dir == log_dir);
        if fault.left == 0 {
            struck = struck.or(Some(fault.draw));
        }
        fault.left > 0
    });
    struck
}

impl SimDisk {
    /// The n-th completion of a sync from now (1 is the next) fails: reported once, its pages readable and never
    /// durable.
    pub fn fail_sync(&mut self, log_dir: LogDirId, nth: u32) {
        self.faults.syncs.push(Countdown { log_dir, left: nth.max(1), draw: self.draw });
    }

    /// The n-th mutating call from now fails with EIO; if it is an append, a drawn prefix of it stands.
    pub fn fail_write(&mut self, log_dir: LogDirId, nth: u32, draw: Draw) {
        self.faults.writes.push(Countdown { log_dir, left: nth.max(1), draw });
    }

    /// The n-th read of a file from now, immediate or cold, fails with EIO.
    pub fn fail_read(&mut self, log_dir: LogDirId, nth: u32) {
        self.faults.reads.push(Countdown { log_dir, left: nth.max(1), draw: self.draw });
    }

    /// Appends and creations fail with ENOSPC until this is called with `false`; nested periods count.
    pub fn set_full(&mut self, log_dir: LogDirId, full: bool) {
        if full {
            self.faults.full.push(log_dir);
        } else if let Some(index) = self.faults.full.iter().position(|&other| other == log_dir) {
            self.faults.full.remove(index);
        }
    }

    /// Until this is called with `false`, syncs report success and do nothing.
    pub fn set_lying(&mut self, lying: bool) {
        self.faults.lying = lying;
    }

    /// Until this is called with None, syncs take so much longer: at least and at most, in microseconds.
    pub fn set_slow(&mut self, delay_us: Option<(u64, u64)>) {
        self.faults.slow_us = delay_us;
    }

    /// How much longer a sync takes that begins now, in microseconds. The World asks once per sync.
    pub fn sync_delay_us(&mut self, draw: Draw) -> u64 {
        let delay_us = self.faults.slow_us.map_or(0, |range| draw.range(range));
        if delay_us > 0 {
            self.report(FaultKind::SlowSync, LogDirId(0), String::new(), None);
        }
        delay_us
    }

    /// The next append to a file whose path ends so, and that holds earlier writes, lands on one of those; zeros
    /// stand where it belongs.
    pub fn misdirect(&mut self, log_dir: LogDirId, ending: &str, draw: Draw) {
        self.faults.misdirects.push((ending.to_owned(), log_dir, draw));
    }

    /// No fault that waits or lasts remains (the World heals).
    pub fn heal(&mut self) {
        self.faults = Faults::default();
    }

    /// Where an append to this file goes instead, if a misdirection waits for it.
    pub(super) fn misdirected(&mut self, inode: u64, len: u64) -> Option<u64> {
        if self.faults.misdirects.is_empty() {
            return None;
        }
        let (log_dir, path) = (self.inode(inode).ok()?.log_dir, self.path(inode)?);
        let waits = |(ending, dir, _): &(String, LogDirId, Draw)| *dir == log_dir && path.ends_with(ending.as_str());
        let index = self.faults.misdirects.iter().position(waits)?;
        let draw = self.faults.misdirects[index].2;
        let starts: Vec<u64> =
            self.file(inode).ok()?.cached.starts().filter(|start| start + len <= self.cached_len(inode)).collect();
        let target = *starts.get(draw.below(starts.len() as u64) as usize)?;
        self.faults.misdirects.remove(index);
        Some(target)
    }

    /// A bit flips in a byte at rest: on the platter and, as it is read again from there, in the page cache. The file
    /// is drawn among those whose path ends so and that have bytes which every sync has covered. Returns whether
    /// there was one.
    pub fn rot(&mut self, log_dir: LogDirId, ending: &str, permille: u16, draw: Draw) -> bool {
        let at_rest = |(path, _): &(String, u64)| path.ends_with(ending) && self.settled(log_dir, path) > 0;
        let paths: Vec<String> = self.files(log_dir).into_iter().filter(at_rest).map(|(path, _)| path).collect();
        let Some(path) = paths.get(draw.of("file").below(paths.len() as u64) as usize) else { return false };
        let at = (self.settled(log_dir, path) - 1) * u64::from(permille.min(1000)) / 1000;
        let Some(inode) = self.find(log_dir, path) else { return false };
        let bit = 1u8 << draw.of("bit").below(8);
        let Ok(file) = self.file_mut(inode) else { return false };
        for rope in [&mut file.cached, &mut file.durable] {
            let flipped: Vec<u8> = rope.read(at..at + 1).iter().map(|byte| byte ^ bit).collect();
            rope.write(at, Bytes::from(flipped));
        }
        self.report(FaultKind::BitRot, log_dir, path.clone(), Some(at));
        true
    }

    /// How many of a file's bytes, from the first on, are the same in the page cache and on the platter.
    fn settled(&self, log_dir: LogDirId, path: &str) -> u64 {
        self.find(log_dir, path).and_then(|inode| self.file(inode).ok()).map_or(0, |file| file.durable_len())
    }
}
