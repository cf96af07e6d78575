//! A session as data: what a client sends, step by step, good and bad.

use bytes::{BufMut, Bytes, BytesMut};
use wire::codec::EncodeError;
use wire::{ApiKey, Request, RequestHeader, Str, Uuid};

/// What one client sends, on up to three connections.
#[derive(Clone, Debug)]
pub struct Session {
    /// It was drawn from this; topic names contain it, so that one Kafka serves all sessions.
    pub seed: u64,
    /// In order; each waits for the answer to the one before.
    pub steps: Vec<Step>,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Step {
    /// Which of the session's connections; one that was closed is opened again.
    pub conn: u32,
    /// The version that the body is written in.
    pub version: i16,
    /// The request. Topic ids in it are [`symbol`]s, which stand for what a peer assigned, and [`FETCH_SESSION`] is the fetch session
    /// that the peer opened last.
    pub request: Request,
    /// What is done to the frame.
    pub tweak: Tweak,
}

/// How a frame is spoilt before it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tweak {
    /// Not at all.
    None,
    /// The header names another version.
    Version(i16),
    /// The header names another API.
    Key(i16),
    /// The frame ends early: so many thousandths of the body are left.
    Truncate(u32),
    /// Bytes follow the body.
    Trail(u8),
    /// A byte of the body, by thousandths, is changed.
    Flip(u32, u8),
}

/// What stands for a fetch session in a frame; no other field is likely to have it.
pub const FETCH_SESSION: i32 = 0x5e55_1d0a;

/// Where a body begins: behind key, version, correlation id, client id, and the tagged fields of a flexible header.
const HEADER: usize = 8 + 2 + CLIENT_ID.len();

/// Every session's client id.
const CLIENT_ID: &str = "differential";

impl Step {
    /// A step that is not spoilt.
    #[must_use]
    pub fn new(version: i16, request: impl Into<Request>) -> Step {
        Step { conn: 0, version, request: request.into(), tweak: Tweak::None }
    }

    /// Its API.
    #[must_use]
    pub fn api(&self) -> ApiKey {
        self.request.api()
    }

    /// The frame, without its length bytes.
    pub fn frame(&self, correlation_id: i32) -> Result<Bytes, EncodeError> {
        let client_id = Some(Str::from_static(CLIENT_ID));
        let header = RequestHeader::new(self.api(), self.version, correlation_id, client_id);
        Ok(spoil(&self.request.encode(&header)?, self.tweak))
    }
}

fn spoil(frame: &Bytes, tweak: Tweak) -> Bytes {
    let mut bytes = BytesMut::from(frame.as_ref());
    let at = |permille: u32| HEADER + (bytes.len() - HEADER) * permille as usize / 1000;
    match tweak {
        Tweak::None => {}
        Tweak::Version(version) => bytes[2..4].copy_from_slice(&version.to_be_bytes()),
        Tweak::Key(key) => bytes[..2].copy_from_slice(&key.to_be_bytes()),
        Tweak::Truncate(permille) => bytes.truncate(at(permille)),
        Tweak::Trail(count) => bytes.put_bytes(0x5A, count.into()),
        Tweak::Flip(permille, mask) => {
            let at = at(permille).min(bytes.len() - 1);
            bytes[at] ^= mask;
        }
    }
    bytes.freeze()
}

/// What every symbol begins with; no frame has these bytes by chance.
pub const SYMBOL: u32 = 0xD1FF_1D5E;

/// Stands for the id of a topic's n-th incarnation, counted from 1, until the peer that is asked has told its own.
#[must_use]
pub fn symbol(topic: &str, incarnation: u32) -> Uuid {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    let hash = topic.bytes().fold(0xCBF2_9CE4_8422_2325, mix);
    Uuid(u128::from(SYMBOL) << 96 | u128::from(incarnation) << 64 | u128::from(hash))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::messages::DescribeClusterRequest;

    #[test]
    fn a_tweak_changes_what_it_says_and_no_more() {
        let step = |tweak| Step { tweak, ..Step::new(0, DescribeClusterRequest::default()) };
        let plain = step(Tweak::None).frame(7).unwrap();
        assert_eq!(plain.len(), HEADER + 3, "tagged fields, a flag, tagged fields");
        assert_eq!(&step(Tweak::Version(9)).frame(7).unwrap()[..4], [0, 60, 0, 9]);
        assert_eq!(&step(Tweak::Key(900)).frame(7).unwrap()[..4], [3, 132, 0, 0]);
        assert_eq!(step(Tweak::Truncate(500)).frame(7).unwrap(), plain[..HEADER + 1]);
        assert_eq!(step(Tweak::Trail(2)).frame(7).unwrap()[plain.len()..], *b"ZZ");
        assert_eq!(step(Tweak::Flip(999, 1)).frame(7).unwrap()[HEADER + 2], 1);
    }
}
