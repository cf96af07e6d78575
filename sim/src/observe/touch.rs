//! What a fault did to a disk, in the words of the ledger: which log, from which offset on.

use super::log::Log;
use crate::disk::Effect;
use properties::{Moment, Touch};
use std::collections::BTreeMap;
use wire::NodeId;
use wire::files::names::{Suffix, parse_segment_file};

/// Where effects are looked up.
pub(super) struct Scopes<'a> {
    pub(super) node: NodeId,
    pub(super) logs: &'a BTreeMap<u64, Log>,
}

impl Scopes<'_> {
    /// The narrowest scope of an effect. Its time is not known here.
    pub(super) fn touch(&self, effect: &Effect) -> Touch {
        let touch = Touch::new(effect.fault, Moment::default()).on(self.node).in_dir(effect.log_dir);
        if effect.path.is_empty() {
            return touch;
        }
        let touch = touch.in_file(effect.path.clone());
        let (folder, file) = effect.path.split_once('/').unwrap_or((&effect.path, ""));
        let Some(log) = self.logs.values().find(|log| log.log_dir == effect.log_dir && log.folder == folder) else {
            return touch;
        };
        match parse_segment_file(file) {
            Some((base, Suffix::Log)) => {
                touch.in_log(log.name.clone(), Some(log.offset_at(base, effect.from.unwrap_or(0))))
            }
            Some((base, _)) => touch.in_log(log.name.clone(), Some(base)),
            None if file.is_empty() => touch.in_log(log.name.clone(), log.start()),
            None => touch,
        }
    }
}
