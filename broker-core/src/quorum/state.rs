//! `quorum-state`: what a voter must remember of elections, as JSON in Kafka's own form (version 0, static voters).

use std::fmt::Write;

/// The file's name in the metadata log's folder.
pub(crate) const QUORUM_STATE: &str = "quorum-state";

/// An election as one voter saw it last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct QuorumState {
    pub(crate) leader_id: i32,
    pub(crate) leader_epoch: i32,
    pub(crate) voted_id: i32,
    pub(crate) voters: Vec<i32>,
}

impl QuorumState {
    /// The leader of an epoch.
    pub(crate) fn leader(id: i32, leader_epoch: i32, voters: Vec<i32>) -> QuorumState {
        QuorumState { leader_id: id, leader_epoch, voted_id: -1, voters }
    }

    pub(crate) fn text(&self) -> String {
        let mut out = format!(
            "{{\"clusterId\":\"\",\"leaderId\":{},\"leaderEpoch\":{},\"votedId\":{},\"appliedOffset\":0,\"currentVoters\":[",
            self.leader_id, self.leader_epoch, self.voted_id
        );
        for (i, voter) in self.voters.iter().enumerate() {
            // Writing to a String cannot fail.
            let _ = write!(out, "{}{{\"voterId\":{voter}}}", if i > 0 { "," } else { "" });
        }
        out.push_str("],\"data_version\":0}");
        out
    }

    /// None if the text is not a quorum state: an operator must decide, because a vote may be forgotten.
    pub(crate) fn parse(text: &[u8]) -> Option<QuorumState> {
        let text = std::str::from_utf8(text).ok().filter(|text| text.trim_end().ends_with('}'))?;
        let voters = text.match_indices("\"voterId\"").filter_map(|(at, _)| number(&text[at..], "voterId")).collect();
        Some(QuorumState {
            leader_id: number(text, "leaderId")?,
            leader_epoch: number(text, "leaderEpoch").filter(|&epoch| epoch >= 0)?,
            voted_id: number(text, "votedId").unwrap_or(-1),
            voters,
        })
    }
}

/// The number behind a name.
fn number(text: &str, name: &str) -> Option<i32> {
    let (_, rest) = text.split_once(&format!("\"{name}\""))?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start();
    let end = rest.find(|c: char| c != '-' && !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_and_writes_what_kafka_wrote() {
        let recorded = "{\"clusterId\":\"\",\"leaderId\":1,\"leaderEpoch\":9,\"votedId\":-1,\"appliedOffset\":0,\"currentVoters\":[{\"voterId\":1},{\"voterId\":2},{\"voterId\":3}],\"data_version\":0}";
        let state = QuorumState::parse(recorded.as_bytes()).unwrap();
        assert_eq!(state, QuorumState::leader(1, 9, vec![1, 2, 3]));
        assert_eq!(state.text(), recorded);
    }

    #[test]
    fn a_torn_file_is_refused() {
        let text = QuorumState::leader(1, 12, vec![1]).text();
        for len in 0..text.len() {
            assert_eq!(QuorumState::parse(&text.as_bytes()[..len]).map(|state| state.leader_epoch), None, "{len}");
        }
    }
}
