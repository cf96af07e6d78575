//! What is derived from a log's contents: one fold over three things, used by append, recovery and truncation alike. Producer state and
//! the transaction index will join it.

use super::epochs::Epochs;
use super::scan::Placed;
use super::segment::Segment;

/// What can happen to a log.
pub(super) enum Step<'a> {
    /// A batch stands in a segment.
    Batch(&'a Placed, &'a mut Segment, u32),
    /// A leader epoch starts, with or without a batch.
    Epoch(i32, i64),
    /// The log starts later than before.
    Start(i64),
}

/// The derived state.
#[derive(Clone, Debug, Default)]
pub(super) struct Derived {
    pub(super) epochs: Epochs,
    pub(super) log_start_offset: i64,
    pub(super) log_end_offset: i64,
}

impl Derived {
    /// Takes one step.
    pub(super) fn fold(&mut self, step: Step<'_>) {
        match step {
            Step::Batch(placed, segment, index_interval_bytes) => {
                let header = &placed.header;
                self.fold(Step::Epoch(header.partition_leader_epoch, header.base_offset));
                segment.fold(header, placed.position, placed.size, index_interval_bytes);
                self.log_end_offset = header.next_offset();
            }
            Step::Epoch(epoch, start_offset) => self.epochs.assign(epoch, start_offset),
            Step::Start(offset) if offset > self.log_start_offset => {
                self.log_start_offset = offset;
                self.log_end_offset = self.log_end_offset.max(offset);
                self.epochs.cut_start(offset);
            }
            Step::Start(_) => {}
        }
    }

    /// The log ends at `end` now.
    pub(super) fn cut(&mut self, end: i64) {
        self.epochs.cut_end(end);
        self.log_end_offset = end;
    }
}
