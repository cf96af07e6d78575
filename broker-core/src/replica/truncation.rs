//! Where two logs part, and where a follower cuts (KIP-101, KIP-279, KIP-320, KIP-595): pure decisions.

use crate::bugs::Bug;
use crate::log::Log;
use wire::Planted;
use wire::messages::fetch::EpochEndOffset;

/// What a leader answers a follower whose log departs from its own: the greatest epoch that the leader knows up to the follower's last,
/// and where it ends there. None if the follower's log is a prefix, or if it does not say what it has.
pub(crate) fn diverging(log: &Log, last_fetched_epoch: i32, fetch_offset: i64) -> Option<EpochEndOffset> {
    if last_fetched_epoch < 0 || fetch_offset <= log.log_start_offset() {
        return None;
    }
    let (epoch, end_offset) = log.end_offset_of_epoch(last_fetched_epoch)?;
    departs((epoch, end_offset), last_fetched_epoch, fetch_offset).then_some(EpochEndOffset { epoch, end_offset })
}

/// What a log knows of the last epoch of one that is read from it: the greatest epoch up to it, and where that ends; None if it cannot know.
pub(crate) fn known(log: &Log, last_fetched_epoch: i32, bugs: &Planted<Bug>) -> Option<(i32, i64)> {
    let older = log.epochs().first().is_some_and(|&(first, _)| last_fetched_epoch < first);
    if older && bugs.has(Bug::R04) {
        return Some((last_fetched_epoch, log.log_end_offset()));
    }
    let known = log.end_offset_of_epoch(last_fetched_epoch)?;
    let is_another = known.0 < last_fetched_epoch;
    Some(if is_another && bugs.has(Bug::R03) { (last_fetched_epoch, known.1) } else { known })
}

/// Whether a log whose last epoch is this one, and which ends here, is no prefix of one that knows `known` of that epoch.
pub(crate) fn departs(known: (i32, i64), last_fetched_epoch: i32, fetch_offset: i64) -> bool {
    known.0 < last_fetched_epoch || known.1 < fetch_offset
}

/// Where a follower cuts after such an answer.
pub(crate) fn target(log: &Log, diverging: &EpochEndOffset) -> i64 {
    cut_to(log.end_offset_of_epoch(diverging.epoch), log.log_end_offset(), diverging)
}

/// `own` is what the follower knows of the leader's epoch: the greatest of its own up to it, and where that ends. If the follower does not
/// have the epoch, what it has of an older one may still differ; the next fetch shows it.
fn cut_to(own: Option<(i32, i64)>, log_end_offset: i64, diverging: &EpochEndOffset) -> i64 {
    let known = match own {
        Some((epoch, end_offset)) if epoch == diverging.epoch => end_offset.min(diverging.end_offset),
        Some((_, end_offset)) => end_offset,
        None => diverging.end_offset,
    };
    known.min(log_end_offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_follower_cuts_where_the_epoch_ends_on_either_side() {
        let table = [
            // KIP-101: the leader's epoch 2 ends before the follower's.
            (Some((2, 275)), 275, (2, 265), 265),
            (Some((2, 260)), 275, (2, 265), 260),
            // KIP-279: the follower never had the leader's epoch.
            (Some((1, 20)), 40, (2, 30), 20),
            (None, 40, (2, 30), 30),
            (None, 10, (2, 30), 10),
        ];
        for (own, end, (epoch, end_offset), expected) in table {
            assert_eq!(cut_to(own, end, &EpochEndOffset { epoch, end_offset }), expected, "{own:?} {end}");
        }
    }

    #[test]
    fn a_log_departs_by_its_epoch_or_by_its_end() {
        assert!(departs((2, 265), 2, 275));
        assert!(departs((1, 30), 2, 30));
        assert!(!departs((2, 275), 2, 275));
    }
}
