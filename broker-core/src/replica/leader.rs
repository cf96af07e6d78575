//! What a leader knows of its followers, and what follows from it: the high watermark and the ISR (KIP-497, KIP-966). Pure.

use crate::bugs::Bug;
use std::collections::BTreeMap;
use std::time::Duration;
use wire::{Instant, Planted};

/// A follower as its leader sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Follower {
    /// Its log's end, as its last fetch in this leader epoch said; None before the first.
    pub(crate) end: Option<i64>,
    /// When it last had everything that the leader had.
    caught_up_at: Instant,
    /// The leader's end when it fetched last, and when that was.
    fetched: (i64, Instant),
    /// The registration that fetched; -1 if it did not say.
    pub(crate) broker_epoch: i64,
}

/// What was asked of the controller and is not settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pending {
    /// Members, and of each the registration that fetched when it was proposed: another incarnation may have lost what that one had (KIP-903).
    pub(crate) isr: Vec<(i32, i64)>,
    pub(crate) sent: bool,
}

/// A leadership.
#[derive(Clone, Debug)]
pub(crate) struct Leading {
    /// The ISR that the controller committed.
    pub(crate) isr: Vec<i32>,
    pub(crate) pending: Option<Pending>,
    /// `min.insync.replicas`, at most the number of replicas.
    pub(crate) min_isr: usize,
    /// Where the leader epoch starts.
    pub(crate) epoch_start: i64,
    pub(crate) followers: BTreeMap<i32, Follower>,
}

impl Leading {
    /// A new epoch: of followers nothing is known, but members of the ISR have their time to be heard from.
    pub(crate) fn begin(
        node: i32,
        replicas: &[i32],
        isr: &[i32],
        min_isr: usize,
        epoch_start: i64,
        now: Instant,
    ) -> Leading {
        let follower = |replica: &i32| Follower {
            end: None,
            caught_up_at: if isr.contains(replica) { now } else { Instant::default() },
            fetched: (i64::MAX, Instant::default()),
            broker_epoch: -1,
        };
        let others = replicas.iter().filter(|&&replica| replica != node);
        let followers = others.map(|replica| (*replica, follower(replica))).collect();
        Leading { isr: isr.to_vec(), pending: None, min_isr: min_isr.min(replicas.len()), epoch_start, followers }
    }

    /// Whether a replica is in the ISR, or may be without the leader knowing yet.
    pub(crate) fn is_in_maximal_isr(&self, replica: i32) -> bool {
        self.isr.contains(&replica)
            || self.pending.as_ref().is_some_and(|pending| pending.isr.iter().any(|&(member, _)| member == replica))
    }

    /// Proposes an ISR; `own` is the leader's broker epoch.
    pub(crate) fn propose(&mut self, isr: &[i32], own: i64) {
        let epoch_of = |member| self.followers.get(member).map_or(own, |follower| follower.broker_epoch);
        let isr = isr.iter().map(|member| (*member, epoch_of(member))).collect();
        self.pending = Some(Pending { isr, sent: false });
    }

    /// The ISR and what was asked for.
    pub(crate) fn maximal_isr(&self, replicas: &[i32]) -> Vec<i32> {
        replicas.iter().copied().filter(|&replica| self.is_in_maximal_isr(replica)).collect()
    }

    /// Whether there are enough replicas in sync to take records that all of them must have.
    pub(crate) fn has_enough(&self) -> bool {
        self.isr.len() >= self.min_isr
    }

    /// The end of what every replica has that counts: the maximal ISR, and whoever is about to join it. None while there are fewer in the ISR
    /// that the controller knows than `min.insync.replicas`: it would elect others, who need not have what only an ISR that was asked for has.
    pub(crate) fn high_watermark(
        &self,
        own: i64,
        (now, lag): (Instant, Duration),
        leader_end: i64,
        may_join: impl Fn(i32) -> bool,
        bugs: &Planted<Bug>,
    ) -> Option<i64> {
        if !self.has_enough() && !bugs.has(Bug::R39) {
            return None;
        }
        let counts = |&(&replica, follower): &(&i32, &Follower)| {
            let keeps_up = follower.keeps_up(leader_end, now, lag);
            let awaited = self.is_in_maximal_isr(replica) || (may_join(replica) && keeps_up);
            let not_yet = awaited && !self.isr.contains(&replica) && bugs.has(Bug::R11);
            let not_any_more = awaited && !keeps_up && bugs.has(Bug::Z06);
            awaited && !not_yet && !not_any_more
        };
        let ends = self.followers.iter().filter(counts).map(|(_, follower)| follower.end.unwrap_or(-1));
        Some(ends.min().unwrap_or(own).min(own))
    }

    /// Whether a follower has what it takes to be in sync: all that is committed, and all that this epoch began with (KAFKA-7128).
    pub(crate) fn is_in_sync(&self, replica: i32, high_watermark: i64, ignores_epoch_start: bool) -> bool {
        let end = self.followers.get(&replica).and_then(|follower| follower.end);
        end.is_some_and(|end| end >= high_watermark && (ignores_epoch_start || end >= self.epoch_start))
    }

    /// The ISR without those who have lagged for too long; None if all keep up.
    pub(crate) fn without_laggards(&self, leader_end: i64, now: Instant, lag: Duration) -> Option<Vec<i32>> {
        let keeps_up =
            |replica: &i32| self.followers.get(replica).is_none_or(|follower| follower.keeps_up(leader_end, now, lag));
        let isr: Vec<i32> = self.isr.iter().copied().filter(keeps_up).collect();
        (isr.len() < self.isr.len()).then_some(isr)
    }
}

impl Follower {
    /// A fetch from an offset, in this leader epoch. What an earlier incarnation than one that has fetched sent was long on its way, and
    /// counts for nothing, whatever the metadata says as yet.
    pub(crate) fn fetches(&mut self, offset: i64, leader_end: i64, broker_epoch: i64, now: Instant) {
        if broker_epoch != -1 && broker_epoch < self.broker_epoch {
            return;
        }
        if offset >= leader_end {
            self.caught_up_at = self.caught_up_at.max(now);
        } else if offset >= self.fetched.0 {
            self.caught_up_at = self.caught_up_at.max(self.fetched.1);
        }
        self.end = Some(offset);
        self.fetched = (leader_end, now);
        self.broker_epoch = broker_epoch;
    }

    /// Whether it has everything, or had not long ago.
    fn keeps_up(&self, leader_end: i64, now: Instant, lag: Duration) -> bool {
        self.end == Some(leader_end) || now < self.caught_up_at + lag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAG: Duration = Duration::from_nanos(30);

    fn leading(isr: &[i32], ends: &[(i32, i64)]) -> Leading {
        let mut leading = Leading::begin(1, &[1, 2, 3], isr, 2, 10, Instant(0));
        for &(replica, end) in ends {
            leading.followers.get_mut(&replica).unwrap().fetches(end, 20, -1, Instant(0));
        }
        leading
    }

    #[test]
    fn the_high_watermark_is_what_every_member_has() {
        let table = [
            (leading(&[1, 2, 3], &[(2, 15), (3, 12)]), Some(12)),
            (leading(&[1, 2, 3], &[(2, 15)]), Some(-1)),
            (leading(&[1, 2], &[(2, 15), (3, 12)]), Some(15)),
            (leading(&[1], &[(2, 15)]), None),
            (
                Leading {
                    pending: Some(Pending { isr: vec![(1, 5), (2, 6)], sent: true }),
                    ..leading(&[1], &[(2, 15)])
                },
                None,
            ),
        ];
        for (leading, expected) in table {
            let found = leading.high_watermark(20, (Instant(99), LAG), 20, |_| true, &Planted::default());
            assert_eq!(found, expected, "{leading:?}");
        }
    }

    #[test]
    fn who_was_asked_for_counts_as_a_member() {
        let mut leading = leading(&[1, 2], &[(2, 20), (3, 12)]);
        leading.propose(&[1, 2, 3], 5);
        assert_eq!(leading.high_watermark(20, (Instant(99), LAG), 20, |_| false, &Planted::default()), Some(12));
        assert_eq!(leading.maximal_isr(&[3, 2, 1]), [3, 2, 1]);
    }

    #[test]
    fn what_an_earlier_incarnation_sent_counts_for_nothing_when_a_later_one_has_fetched() {
        let mut leading = leading(&[1, 2], &[]);
        let follower = leading.followers.get_mut(&2).unwrap();
        follower.fetches(12, 20, 9, Instant(0));
        follower.fetches(20, 20, 7, Instant(1));
        let high_watermark = leading.high_watermark(20, (Instant(99), LAG), 20, |_| true, &Planted::default());
        assert_eq!(high_watermark, Some(12));
    }

    #[test]
    fn an_isr_is_proposed_of_those_incarnations_that_fetched() {
        let mut leading = leading(&[1], &[]);
        leading.followers.get_mut(&2).unwrap().fetches(20, 20, 7, Instant(0));
        leading.propose(&[1, 2], 5);
        leading.followers.get_mut(&2).unwrap().fetches(12, 20, 9, Instant(1));
        assert_eq!(leading.pending, Some(Pending { isr: vec![(1, 5), (2, 7)], sent: false }));
    }

    #[test]
    fn who_keeps_up_and_may_join_is_waited_for() {
        let leading = leading(&[1, 2], &[(2, 20), (3, 20)]);
        assert_eq!(leading.high_watermark(25, (Instant(10), LAG), 25, |_| true, &Planted::default()), Some(20));
        let mut slow = leading;
        slow.followers.get_mut(&2).unwrap().end = Some(25);
        assert_eq!(
            slow.high_watermark(25, (Instant(99), LAG), 25, |_| true, &Planted::default()),
            Some(25),
            "3 has lagged for too long"
        );
    }

    #[test]
    fn a_follower_joins_when_it_has_the_committed_and_the_epochs_beginning() {
        let leading = leading(&[1], &[(2, 9), (3, 10)]);
        assert!(!leading.is_in_sync(2, 5, false), "below the epoch's start");
        assert!(leading.is_in_sync(2, 5, true));
        assert!(leading.is_in_sync(3, 10, false) && !leading.is_in_sync(3, 11, false));
    }

    #[test]
    fn who_lags_for_too_long_leaves() {
        let leading = leading(&[1, 2, 3], &[(2, 20), (3, 12)]);
        assert_eq!(leading.without_laggards(20, Instant(29), LAG), None);
        assert_eq!(leading.without_laggards(20, Instant(30), LAG), Some(vec![1, 2]));
        assert_eq!(leading.without_laggards(21, Instant(31), LAG), Some(vec![1]));
    }
}
