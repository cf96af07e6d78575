//! A session on a cluster as data, also as JSON: recordings hold whole sessions, so that they outlive the generator.

use crate::session::Step;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use wire::Request;

/// What a session does, one after the other.
#[derive(Clone, Debug, Serialize, Deserialize)]
// Of a session's dozens of acts most are requests.
#[allow(clippy::large_enum_variant)]
pub enum Act {
    /// Sends a request and waits for the reaction.
    Ask(Target, #[serde(with = "as_frame")] Step),
    /// Takes a node away.
    Strike(Target, Fault),
    /// Brings back who was taken away.
    Recover,
    /// Waits until everybody who is there agrees, and tells what they agree on.
    Settle,
}

/// Who is meant, by role. Nodes are numbered from 1, which is the active controller at the session's beginning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// A node.
    Node(i32),
    /// The leader of a partition, as of the last time that everybody agreed.
    Leader(String, i32),
    /// Among the nodes that are there, the n-th that does not lead the partition; replicas come first, in the order of their assignment.
    Other(String, i32, usize),
}

/// How a node is taken away, and how it comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    /// kill -9; started again.
    Kill,
    /// SIGSTOP; SIGCONT.
    Pause,
    /// A controlled shutdown; started again.
    Shutdown,
}

mod as_frame {
    use super::*;
    use serde::de::Error;

    pub(super) fn serialize<S: serde::Serializer>(step: &Step, to: S) -> Result<S::Ok, S::Error> {
        let frame = step.frame(0).map_err(serde::ser::Error::custom)?;
        to.serialize_str(&frame.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Step, D::Error> {
        let text = String::deserialize(from)?;
        let byte = |at| text.get(at..at + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let frame: Option<Bytes> = (0..text.len()).step_by(2).map(byte).collect();
        let frame = frame.ok_or_else(|| D::Error::custom("not a frame in hexadecimal digits"))?;
        let (header, request) = Request::decode(&frame).map_err(|error| D::Error::custom(format!("{error:?}")))?;
        Ok(Step::new(header.api_version, request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::generate::session;

    #[test]
    fn a_session_comes_back_from_json_as_it_was() {
        for seed in 0..20 {
            let acts = session(seed);
            let text = serde_json::to_string(&acts).unwrap();
            let again: Vec<Act> = serde_json::from_str(&text).unwrap();
            // Versions that name a topic by its id do not carry its name.
            assert!(acts.len() == again.len() && text == serde_json::to_string(&again).unwrap(), "session {seed}");
        }
    }
}
