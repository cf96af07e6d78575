//! Who gets a vote, and what a majority is: pure decisions (KIP-595, KIP-996).

/// What a voter knows when it is asked for its vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It knows of no leader in its epoch; it may have voted there.
    Looking { voted: Option<i32> },
    /// It asks for votes itself, and has its own.
    Candidate,
    /// It follows a leader, and whether that has answered it in this epoch.
    Following { fetched: bool },
    /// It leads.
    Leading,
}

/// Whether a vote is granted to a candidate of the voter's own epoch. A pre-vote binds nobody: a voter grants it unless it has
/// reason to believe that the leader lives. A vote goes to one candidate per epoch.
pub(super) fn grants(standing: Standing, candidate: i32, log_is_up_to_date: bool, pre_vote: bool) -> bool {
    let may = match (standing, pre_vote) {
        (Standing::Leading, _) | (Standing::Following { .. }, false) | (Standing::Candidate, false) => false,
        (Standing::Following { fetched }, true) => !fetched,
        (Standing::Candidate, true) | (Standing::Looking { .. }, true) => true,
        (Standing::Looking { voted }, false) => match voted {
            Some(voted) => return voted == candidate,
            None => true,
        },
    };
    may && log_is_up_to_date
}

/// Whether a candidate's log is at least as far as the voter's: by the last epoch, then by the end.
pub(super) fn is_up_to_date(candidate: (i32, i64), own: (i32, i64)) -> bool {
    candidate >= own
}

/// How many voters are a majority.
pub(super) fn majority(voters: usize) -> usize {
    voters / 2 + 1
}

/// The greatest offset that a majority of voters holds.
pub(super) fn majority_offset(mut ends: Vec<i64>) -> i64 {
    ends.sort_unstable();
    ends.len().checked_sub(majority(ends.len())).and_then(|at| ends.get(at).copied()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vote_goes_to_one_candidate_whose_log_is_as_far() {
        let looking = |voted| Standing::Looking { voted };
        let table = [
            (looking(None), true, false, true),
            (looking(None), false, false, false),
            (looking(Some(2)), true, false, true),
            // A retry of the candidate that has the vote already.
            (looking(Some(2)), false, false, true),
            (looking(Some(3)), true, false, false),
            (looking(Some(3)), true, true, true),
            (Standing::Candidate, true, false, false),
            (Standing::Candidate, true, true, true),
            (Standing::Following { fetched: true }, true, true, false),
            (Standing::Following { fetched: false }, true, true, true),
            (Standing::Following { fetched: false }, true, false, false),
            (Standing::Leading, true, true, false),
        ];
        for (standing, up_to_date, pre_vote, expected) in table {
            assert_eq!(grants(standing, 2, up_to_date, pre_vote), expected, "{standing:?} {up_to_date} {pre_vote}");
        }
    }

    #[test]
    fn logs_are_compared_by_their_last_epoch_first() {
        assert!(is_up_to_date((3, 10), (2, 99)));
        assert!(is_up_to_date((3, 10), (3, 10)));
        assert!(!is_up_to_date((3, 9), (3, 10)));
    }

    #[test]
    fn a_majority_holds_the_lower_middle() {
        let table = [(vec![7], 7), (vec![7, 3], 3), (vec![1, 9, 5], 5), (vec![4, 4, 9, 1], 4), (vec![], 0)];
        for (ends, expected) in table {
            assert_eq!(majority_offset(ends.clone()), expected, "{ends:?}");
        }
    }
}
