//! The leader epoch cache (KIP-101): where each leader epoch starts. Ascending in epoch and in offset.

/// The cache. An epoch may have no batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Epochs {
    entries: Vec<(i32, i64)>,
}

impl Epochs {
    /// From a checkpoint; entries that do not ascend are dropped with what follows them.
    pub(super) fn from_checkpoint(entries: Vec<(i32, i64)>) -> Epochs {
        let mut epochs = Epochs::default();
        for (epoch, start_offset) in entries {
            let ascends = epochs.entries.last().is_none_or(|&(e, start)| epoch > e && start_offset > start);
            if !ascends || epoch < 0 || start_offset < 0 {
                break;
            }
            epochs.entries.push((epoch, start_offset));
        }
        epochs
    }

    /// (epoch, start offset), ascending.
    pub(super) fn entries(&self) -> &[(i32, i64)] {
        &self.entries
    }

    /// The last epoch; -1 if there is none.
    pub(super) fn latest(&self) -> i32 {
        self.entries.last().map_or(-1, |&(epoch, _)| epoch)
    }

    /// An epoch starts, if it is new. An older one that would start at or behind it had no batch and goes.
    pub(super) fn assign(&mut self, epoch: i32, start_offset: i64) {
        if epoch > self.latest() {
            self.cut_end(start_offset);
            self.entries.push((epoch, start_offset));
        }
    }

    /// The log ends at `end` now: epochs that start there or later go.
    pub(super) fn cut_end(&mut self, end: i64) {
        let keep = self.entries.partition_point(|&(_, start)| start < end);
        self.entries.truncate(keep);
    }

    /// The log starts at `start` now: the epoch that contains it starts there too, earlier ones go.
    pub(super) fn cut_start(&mut self, start: i64) {
        let first = self.entries.partition_point(|&(_, entry)| entry <= start).saturating_sub(1);
        self.entries.drain(..first);
        if let Some(entry) = self.entries.first_mut() {
            entry.1 = entry.1.max(start);
        }
    }

    /// The greatest known epoch that is not above `epoch`, and where it ends: what OffsetsForLeaderEpoch answers. An epoch older than all
    /// known ones, even a negative one, ends where the first of them starts. None is "undefined".
    pub(super) fn end_of(&self, epoch: i32, log_end_offset: i64) -> Option<(i32, i64)> {
        if epoch == -1 || self.entries.is_empty() || epoch > self.latest() {
            return None;
        }
        let above = self.entries.partition_point(|&(e, _)| e <= epoch);
        let floor = above.checked_sub(1).map_or(epoch, |index| self.entries[index].0);
        Some((floor, self.entries.get(above).map_or(log_end_offset, |&(_, start)| start)))
    }

    /// The first offset from which on this cache and a checkpointed one differ; None if they are equal.
    pub(super) fn differs_from(&self, checkpointed: &[(i32, i64)]) -> Option<i64> {
        let same = self.entries.iter().zip(checkpointed).take_while(|(a, b)| a == b).count();
        let starts = [self.entries.get(same), checkpointed.get(same)];
        starts.into_iter().flatten().map(|&(_, start)| start).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epochs(entries: &[(i32, i64)]) -> Epochs {
        Epochs::from_checkpoint(entries.to_vec())
    }

    #[test]
    fn an_epoch_without_a_batch_gives_way() {
        let mut cache = epochs(&[(0, 0), (1, 10)]);
        cache.assign(2, 10);
        assert_eq!(cache.entries(), [(0, 0), (2, 10)]);
        cache.assign(1, 20);
        assert_eq!(cache.latest(), 2);
    }

    #[test]
    fn cutting_keeps_what_the_log_holds() {
        let table = [
            (4, &[(0, 4), (1, 30), (2, 250)][..]),
            (29, &[(0, 29), (1, 30), (2, 250)]),
            (30, &[(1, 30), (2, 250)]),
            (300, &[(2, 300)]),
        ];
        for (start, expected) in table {
            let mut cache = epochs(&[(0, 0), (1, 30), (2, 250)]);
            cache.cut_start(start);
            assert_eq!(cache.entries(), expected, "{start}");
        }
        let mut cache = epochs(&[(0, 0), (1, 30)]);
        cache.cut_end(30);
        assert_eq!(cache.entries(), [(0, 0)]);
    }

    #[test]
    fn where_an_epoch_ends() {
        let cache = epochs(&[(1, 10), (3, 30)]);
        let table =
            [(-1, None), (0, Some((0, 10))), (1, Some((1, 30))), (2, Some((1, 30))), (3, Some((3, 99))), (4, None)];
        for (epoch, expected) in table {
            assert_eq!(cache.end_of(epoch, 99), expected, "{epoch}");
        }
    }

    #[test]
    fn the_first_difference_decides() {
        let cache = epochs(&[(0, 0), (1, 30)]);
        assert_eq!(cache.differs_from(&[(0, 0), (1, 30)]), None);
        assert_eq!(cache.differs_from(&[(0, 0)]), Some(30));
        assert_eq!(cache.differs_from(&[(0, 0), (1, 20)]), Some(20));
    }
}
