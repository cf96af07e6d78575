//! The `quorum-state` file: one line of JSON with what a voter must not forget (KIP-595).

use crate::codec::Message;
use crate::codec::empty;
use crate::names::{Str, Uuid};
use serde_json::Value as Json;

crate::messages! {
    /// What a voter has promised: its epoch, its vote, its leader.
    QuorumStateData: key 0, versions "0-1", flexible "0+" {
        /// Always empty.
        cluster_id: Str | "0";
        /// The leader; -1 if there is none.
        leader_id: i32 | "0+" = -1;
        /// The epoch of the leader.
        leader_epoch: i32 | "0+" = -1;
        /// The replica that was voted for; -1 if none was.
        voted_id: i32 | "0+" = -1;
        /// The metadata directory of the replica that was voted for.
        voted_directory_id: Uuid | "1+";
        /// Always 0.
        applied_offset: i64 | "0";
        /// The voters.
        current_voters: Option<Vec<Voter>> | "0", nullable "0" = empty();
    }

    /// A voter by id.
    Voter {
        /// The voter.
        voter_id: i32 | "0";
    }
}

/// The file is not a quorum state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a quorum-state file: {0}")]
pub struct BadQuorumState(String);

impl QuorumStateData {
    /// The file's text: v0 with a static set of voters, v1 with `kraft.version` 1 (KIP-853).
    #[must_use]
    pub fn to_json(&self, version: i16) -> String {
        let body = self.describe_as(version);
        format!("{},\"data_version\":{version}}}", body.strip_suffix('}').unwrap_or(&body))
    }

    /// Reads the file's first line, and says which version it has. Fields that the version has must be there, but for
    /// `clusterId`, which Kafka has long left empty.
    pub fn from_json(text: &str) -> Result<(QuorumStateData, i16), BadQuorumState> {
        let line = text.lines().next().unwrap_or_default();
        let json: Json = serde_json::from_str(line).map_err(|error| BadQuorumState(error.to_string()))?;
        let version = number(&json, "data_version")?;
        let mut state = QuorumStateData {
            leader_id: number(&json, "leaderId")?,
            leader_epoch: number(&json, "leaderEpoch")?,
            voted_id: number(&json, "votedId")?,
            ..QuorumStateData::default()
        };
        match version {
            0 => state.read_v0(&json)?,
            1 => state.voted_directory_id = directory_id(&json)?,
            _ => return Err(BadQuorumState(format!("data_version {version} is unknown"))),
        }
        Ok((state, version))
    }

    fn read_v0(&mut self, json: &Json) -> Result<(), BadQuorumState> {
        self.cluster_id = json["clusterId"].as_str().unwrap_or_default().into();
        self.applied_offset = number(json, "appliedOffset")?;
        self.current_voters = match &json["currentVoters"] {
            Json::Null => None,
            Json::Array(voters) => Some(voters.iter().map(voter).collect::<Result<_, _>>()?),
            _ => return Err(BadQuorumState("currentVoters is no array".to_owned())),
        };
        Ok(())
    }
}

fn voter(json: &Json) -> Result<Voter, BadQuorumState> {
    Ok(Voter { voter_id: number(json, "voterId")? })
}

fn directory_id(json: &Json) -> Result<Uuid, BadQuorumState> {
    let text = json["votedDirectoryId"].as_str().unwrap_or_default();
    text.parse().map_err(|_| BadQuorumState("votedDirectoryId is no UUID".to_owned()))
}

fn number<T: TryFrom<i64>>(json: &Json, name: &str) -> Result<T, BadQuorumState> {
    let value = json[name].as_i64().and_then(|value| T::try_from(value).ok());
    value.ok_or_else(|| BadQuorumState(format!("{name} is missing, or no number of its range")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_kafka_wrote_come_back() {
        let files = [
            concat!(
                r#"{"clusterId":"","leaderId":1,"leaderEpoch":9,"votedId":-1,"appliedOffset":0,"#,
                r#""currentVoters":[{"voterId":1},{"voterId":2}],"data_version":0}"#
            ),
            concat!(
                r#"{"leaderId":-1,"leaderEpoch":2,"votedId":1,"#,
                r#""votedDirectoryId":"J8aAPcfLQt2bqs1JT_rMgQ","data_version":1}"#
            ),
        ];
        for (expected, file) in (0i16..).zip(files) {
            let (state, version) = QuorumStateData::from_json(file).unwrap();
            assert_eq!(version, expected);
            assert_eq!(state.to_json(version), file);
        }
    }

    #[test]
    fn a_broken_file_is_an_error() {
        let state = QuorumStateData { leader_id: 1, leader_epoch: 1, voted_id: 1, ..QuorumStateData::default() };
        let good = &state.to_json(1);
        assert!(QuorumStateData::from_json(good).is_ok());
        let worse = [
            ("}", ""),
            ("data_version", "version"),
            (":1}", ":2}"),
            ("AAAA", ""),
            ("{\"leaderId\":1", "{\"leaderId\":99999999999"),
        ];
        let worse = worse.map(|(from, to)| good.replace(from, to));
        for file in worse.iter().map(String::as_str).chain(["", "[]", "{}"]) {
            assert!(QuorumStateData::from_json(file).is_err(), "{file}");
        }
    }
}
