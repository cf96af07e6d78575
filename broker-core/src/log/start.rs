//! A log that begins later than before: what lies below is gone, segment by segment.

use super::derived::Step;
use super::dirs::{LogDirs, LogKey};
use super::error::LogError;
use super::log::{Log, remove_segment};
use crate::broker::Broker;
use crate::bugs::Bug;
use crate::event::Event;
use wire::{Disk, DiskError, Io, Planted};

impl LogDirs {
    /// Lets a log begin at an offset, which something else contains what lies below, and removes the segments that lie wholly below it.
    pub(crate) fn raise_start(
        &mut self,
        key: LogKey,
        offset: i64,
        io: &mut Io<'_, Broker>,
        bugs: &Planted<Bug>,
    ) -> Result<(), LogError> {
        let log = self.usable(key)?;
        if offset <= log.log_start_offset() {
            return Ok(());
        }
        let result = log.raise_start(offset, io.disk).map_err(LogError::from);
        let partition = log.partition().clone();
        self.checked(key, result, io)?;
        io.event(Event::LogStartRaised { partition, to: offset });
        self.checkpoint_epochs(key, io, bugs);
        self.checkpoint_recovery_points(io, bugs);
        Ok(())
    }
}

impl Log {
    fn raise_start(&mut self, offset: i64, disk: &mut dyn Disk) -> Result<(), DiskError> {
        self.step(Step::Start(offset));
        while self.segments.get(1).is_some_and(|next| next.base_offset <= offset) {
            let segment = self.segments.remove(0);
            remove_segment(self.folder, &segment, disk)?;
            self.durability.note_new_entry();
        }
        Ok(())
    }
}
