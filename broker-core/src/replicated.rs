//! A replicated state machine: state that is the fold of a log's records. The controller is one; groups and transactions will be.
//!
//! Records are applied to the latest state when they are proposed, so that the next decision sees them, and to the committed state when
//! the high watermark passes them; only then an answer goes out. If the log loses them, the latest state is the committed one again.

use std::collections::VecDeque;

/// State that a log's records make.
pub(crate) trait Fold: Clone + Default {
    /// What the log holds.
    type Record;
    /// Takes the record at an offset.
    fn apply(&mut self, offset: i64, record: &Self::Record);
}

/// A batch that was appended and is not known to be committed; without records, a decision that only looked.
#[derive(Clone, Debug)]
struct Proposal<R, A> {
    base_offset: i64,
    records: Vec<R>,
    answer: Option<A>,
}

impl<R, A> Proposal<R, A> {
    fn end_offset(&self) -> i64 {
        self.base_offset.saturating_add(i64::try_from(self.records.len()).unwrap_or(i64::MAX))
    }
}

/// The committed state, the latest state, and what lies between them. `A` is what is to be answered once a proposal is committed.
#[derive(Clone, Debug)]
pub(crate) struct Replicated<S: Fold, A> {
    committed: S,
    latest: S,
    proposals: VecDeque<Proposal<S::Record, A>>,
}

impl<S: Fold, A> Default for Replicated<S, A> {
    fn default() -> Self {
        Replicated { committed: S::default(), latest: S::default(), proposals: VecDeque::new() }
    }
}

/// A proposal that the high watermark passed.
#[derive(Clone, Debug)]
pub(crate) struct Committed<R, A> {
    /// The offset of the first record.
    pub(crate) base_offset: i64,
    pub(crate) records: Vec<R>,
    pub(crate) answer: Option<A>,
}

impl<S: Fold, A> Replicated<S, A> {
    /// The state that everybody may see.
    pub(crate) fn committed(&self) -> &S {
        &self.committed
    }

    /// The state that decisions build on.
    pub(crate) fn latest(&self) -> &S {
        &self.latest
    }

    /// The records stand in the log from `base_offset` on.
    pub(crate) fn propose(&mut self, base_offset: i64, records: Vec<S::Record>, answer: Option<A>) {
        for (offset, record) in (base_offset..).zip(&records) {
            self.latest.apply(offset, record);
        }
        self.proposals.push_back(Proposal { base_offset, records, answer });
    }

    /// A decision that changes nothing has seen what is proposed: its answer waits until that is committed. Returned if nothing is.
    pub(crate) fn defer(&mut self, answer: A) -> Option<A> {
        let Some(last) = self.proposals.back() else { return Some(answer) };
        let base_offset = last.end_offset();
        self.proposals.push_back(Proposal { base_offset, records: Vec::new(), answer: Some(answer) });
        None
    }

    /// Takes the next proposal that lies below the high watermark as a whole, and applies it.
    pub(crate) fn commit(&mut self, high_watermark: i64) -> Option<Committed<S::Record, A>> {
        let next = self.proposals.front()?;
        if next.end_offset() > high_watermark {
            return None;
        }
        let Proposal { base_offset, records, answer } = self.proposals.pop_front()?;
        for (offset, record) in (base_offset..).zip(&records) {
            self.committed.apply(offset, record);
        }
        Some(Committed { base_offset, records, answer })
    }

    /// Applies every proposal that lies below an offset, without a word: what was loaded and is found to be committed.
    pub(crate) fn commit_below(&mut self, offset: i64) {
        while self.proposals.front().is_some_and(|proposal| proposal.base_offset < offset) {
            self.commit(i64::MAX);
        }
    }

    /// Begins again with a state that a snapshot holds; returns what will never be answered otherwise.
    pub(crate) fn install(&mut self, state: S) -> Vec<A> {
        self.committed = state;
        self.revert()
    }

    /// The log lost what was not committed; returns what will never be answered otherwise.
    pub(crate) fn revert(&mut self) -> Vec<A> {
        self.latest = self.committed.clone();
        self.proposals.drain(..).filter_map(|proposal| proposal.answer).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, Default, PartialEq)]
    struct Sum(i64);

    impl Fold for Sum {
        type Record = i64;
        fn apply(&mut self, offset: i64, record: &i64) {
            self.0 += record * (offset + 1);
        }
    }

    fn machine() -> Replicated<Sum, &'static str> {
        let mut machine = Replicated::default();
        machine.propose(0, vec![1, 1], Some("first"));
        machine.propose(2, vec![10], Some("second"));
        machine
    }

    #[test]
    fn decisions_see_proposals_and_answers_wait_for_the_high_watermark() {
        let mut machine = machine();
        assert_eq!((machine.latest(), machine.committed()), (&Sum(33), &Sum(0)));
        assert!(machine.commit(1).is_none());
        assert_eq!(machine.commit(2).and_then(|committed| committed.answer), Some("first"));
        assert!(machine.commit(2).is_none());
        assert_eq!(machine.committed(), &Sum(3));
        assert_eq!(machine.commit(3).and_then(|committed| committed.answer), Some("second"));
        assert_eq!(machine.committed(), machine.latest());
    }

    #[test]
    fn who_only_looked_is_answered_when_what_was_seen_is_committed() {
        let mut machine = machine();
        assert_eq!(machine.defer("seen"), None);
        machine.commit(3);
        assert_eq!(machine.commit(2).and_then(|committed| committed.answer), None);
        assert_eq!(machine.commit(3).and_then(|committed| committed.answer), Some("second"));
        assert_eq!(machine.commit(3).and_then(|committed| committed.answer), Some("seen"));
        assert_eq!(machine.defer("at once"), Some("at once"));
    }

    #[test]
    fn a_lost_proposal_is_undone() {
        let mut machine = machine();
        machine.commit(2);
        assert_eq!(machine.revert(), ["second"]);
        assert_eq!((machine.latest(), machine.committed()), (&Sum(3), &Sum(3)));
        assert!(machine.commit(9).is_none());
    }
}
