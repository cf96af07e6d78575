//! What a voter must remember across restarts: its epoch, whom it voted for there, who led.

use super::role::QuorumError;
use crate::bugs::Bug;
use bytes::Bytes;
use wire::Planted;
use wire::metadata::QuorumStateData;

/// What the disk remembers of a voter's last part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Remembered {
    pub(super) epoch: i32,
    pub(super) voted: Option<i32>,
    pub(super) leader: Option<i32>,
}

pub(super) fn parse(text: &Bytes) -> Result<Remembered, QuorumError> {
    let parsed = QuorumStateData::from_json(&String::from_utf8_lossy(text));
    let (state, _) = parsed.map_err(|error| QuorumError::Corrupt(error.to_string()))?;
    let known = |id: i32| (id >= 0).then_some(id);
    Ok(Remembered { epoch: state.leader_epoch, voted: known(state.voted_id), leader: known(state.leader_id) })
}

pub(super) fn text(remembered: Remembered, voters: &[i32]) -> Bytes {
    let voter = |&voter_id: &i32| wire::metadata::Voter { voter_id };
    let state = QuorumStateData {
        leader_id: remembered.leader.unwrap_or(-1),
        leader_epoch: remembered.epoch,
        voted_id: remembered.voted.unwrap_or(-1),
        current_voters: Some(voters.iter().map(voter).collect()),
        ..QuorumStateData::default()
    };
    Bytes::from(state.to_json(0).into_bytes())
}

/// The epoch of a lone voter's next election: above all that was seen. A node that was leader must not go on in the epoch that it led:
/// what it had not synced is gone, and its offsets would be used again.
pub(super) fn next_epoch(last: Option<Remembered>, log_epoch: i32, voter: i32, bugs: &Planted<Bug>) -> i32 {
    let last_epoch = last.map_or(0, |state| state.epoch).max(log_epoch).max(0);
    if last.is_some_and(|state| state.leader == Some(voter)) && bugs.has(Bug::C03) {
        return last_epoch;
    }
    last_epoch.saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_start_of_a_lone_voter_is_a_new_epoch_above_all_that_was_seen() {
        let state = |epoch, leader| Remembered { epoch, leader: Some(leader), voted: None };
        let table = [(None, -1, 1), (Some(state(4, 1)), 4, 5), (Some(state(4, 1)), 7, 8), (Some(state(4, 2)), -1, 5)];
        for (last, log_epoch, expected) in table {
            assert_eq!(next_epoch(last, log_epoch, 1, &Planted::default()), expected);
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let remembered = Remembered { epoch: 7, voted: Some(2), leader: None };
        assert_eq!(parse(&text(remembered, &[1, 2, 3])).ok(), Some(remembered));
    }
}
