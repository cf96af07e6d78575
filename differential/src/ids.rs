//! Topic ids and the ids of fetch sessions differ between any two brokers. Sessions name them by symbols; each peer's own ids are put in on
//! the way out, and those of topics are taken out again on the way in.

use crate::session::{FETCH_SESSION, SYMBOL, symbol};
use bytes::{Bytes, BytesMut};
use serde_json::Value;
use std::collections::BTreeMap;
use wire::Uuid;

/// What one peer calls the topics of a session.
#[derive(Clone, Debug, Default)]
pub struct Ids {
    incarnations: BTreeMap<String, u32>,
    real: BTreeMap<Uuid, Uuid>,
    symbols: BTreeMap<String, Uuid>,
    /// The peer's node ids and the session's; where there are several nodes.
    nodes: BTreeMap<i32, i32>,
    /// The fetch session that the peer opened last.
    fetch_session: Option<i32>,
}

/// Members that hold a node's id, or several.
const NODES: [&str; 9] = [
    "nodeId",
    "brokerId",
    "leaderId",
    "preferredReadReplica",
    "replicaNodes",
    "isrNodes",
    "offlineReplicas",
    "eligibleLeaderReplicas",
    "lastKnownElr",
];

impl Ids {
    /// For a cluster whose nodes the session calls otherwise: from the cluster's ids to the session's.
    #[must_use]
    pub fn with_nodes(nodes: BTreeMap<i32, i32>) -> Ids {
        Ids { nodes, ..Ids::default() }
    }

    /// Whether an id, or the symbol of one, is that of a topic.
    #[must_use]
    pub fn names(&self, id: Uuid, topic: &str) -> bool {
        let last = self.incarnations.get(topic).copied().unwrap_or_default();
        (1..=last).any(|incarnation| symbol(topic, incarnation) == id)
    }

    /// A topic was created, and the peer assigned this id.
    pub fn learn(&mut self, topic: &str, real: Uuid) {
        if self.symbols.contains_key(&real.to_string()) {
            return;
        }
        let incarnation = self.incarnations.entry(topic.to_owned()).or_default();
        *incarnation += 1;
        let symbol = symbol(topic, *incarnation);
        self.real.insert(symbol, real);
        self.symbols.insert(real.to_string(), symbol);
    }

    /// The peer opened a fetch session, or went on with one.
    pub fn learn_session(&mut self, session_id: i32) {
        self.fetch_session = Some(session_id);
    }

    /// A frame in the peer's terms: symbols that it has an id for are replaced, wherever they stand.
    #[must_use]
    pub fn outgoing(&self, frame: &Bytes) -> Bytes {
        let mut bytes = BytesMut::from(frame.as_ref());
        let mut at = 0;
        while let Some(found) = find(&bytes[at..], &SYMBOL.to_be_bytes()) {
            at += found;
            let Some(word) = bytes.get(at..at + 16).and_then(|word| <[u8; 16]>::try_from(word).ok()) else { break };
            if let Some(real) = self.real.get(&Uuid(u128::from_be_bytes(word))) {
                bytes[at..at + 16].copy_from_slice(&real.0.to_be_bytes());
            }
            at += 4;
        }
        if let (Some(at), Some(id)) = (find(&bytes, &FETCH_SESSION.to_be_bytes()), self.fetch_session) {
            bytes[at..at + 4].copy_from_slice(&id.to_be_bytes());
        }
        bytes.freeze()
    }

    /// Puts symbols in place of the peer's ids in what it said.
    pub fn incoming(&self, value: &mut Value) {
        match value {
            Value::Array(elements) => elements.iter_mut().for_each(|element| self.incoming(element)),
            Value::Object(members) => members.iter_mut().for_each(|(name, member)| match member {
                Value::String(text) if name == "topicId" => *text = self.word(text),
                // Any broker may call itself the controller: clients do not need one.
                Value::Number(id) if name == "controllerId" && !self.nodes.is_empty() && id.as_i64() > Some(0) => {
                    *member = "a broker".into();
                }
                member if NODES.contains(&name.as_str()) => self.renumber(member),
                member => self.incoming(member),
            }),
            _ => {}
        }
    }

    fn renumber(&self, value: &mut Value) {
        match value {
            Value::Array(ids) => ids.iter_mut().for_each(|id| self.renumber(id)),
            id => {
                let known = id.as_i64().and_then(|id| self.nodes.get(&i32::try_from(id).ok()?));
                if let Some(number) = known {
                    *id = (*number).into();
                }
            }
        }
    }

    /// The symbol of an id that was learned. What we sent comes back as it is; any other id is the peer's alone, like that of a topic
    /// that was only validated.
    fn word(&self, text: &str) -> String {
        let ours = |id: Uuid| id.0 >> 96 == u128::from(SYMBOL) || id.0 <= 1;
        match self.symbols.get(text) {
            Some(symbol) => symbol.to_string(),
            None if text.parse().is_ok_and(ours) => text.to_owned(),
            None => "an id of its own".to_owned(),
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8; 4]) -> Option<usize> {
    bytes.windows(4).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_fetch_session_goes_out_as_the_peers_own() {
        let mut ids = Ids::default();
        let frame: Bytes = [&[1, 2][..], &FETCH_SESSION.to_be_bytes()].concat().into();
        assert_eq!(ids.outgoing(&frame), frame);
        ids.learn_session(7);
        assert_eq!(ids.outgoing(&frame).as_ref(), [1, 2, 0, 0, 0, 7]);
    }

    #[test]
    fn symbols_go_out_as_ids_and_ids_come_in_as_symbols() {
        let mut ids = Ids::default();
        ids.learn("t", Uuid(5));
        ids.learn("t", Uuid(5));
        ids.learn("t", Uuid(6));
        let mut frame = b"ab".to_vec();
        let words = [symbol("t", 2), symbol("t", 1), symbol("t", 3)];
        words.iter().for_each(|word| frame.extend(word.0.to_be_bytes()));
        frame.extend(&SYMBOL.to_be_bytes());
        let mut expected = b"ab".to_vec();
        [Uuid(6), Uuid(5), symbol("t", 3)].iter().for_each(|word| expected.extend(word.0.to_be_bytes()));
        expected.extend(&SYMBOL.to_be_bytes());
        assert_eq!(ids.outgoing(&frame.into()), expected);

        let mut said = serde_json::json!({"topics": [{"topicId": Uuid(6).to_string(), "name": "t"}]});
        ids.incoming(&mut said);
        assert_eq!(said["topics"][0]["topicId"], symbol("t", 2).to_string());
        let of = |id: Uuid| ids.word(&id.to_string());
        assert_eq!(of(symbol("u", 1)), symbol("u", 1).to_string());
        assert_eq!((of(Uuid::ZERO), of(Uuid(1 << 100))), (Uuid::ZERO.to_string(), "an id of its own".to_owned()));
    }
}
