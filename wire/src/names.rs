//! Names of things that cross the border: nodes, topics, strings, ids.

use smol_str::SmolStr;
use std::fmt;

/// Kafka's `node.id`: the broker id and the controller id of one node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub i32);

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A 128-bit id: topic ids, directory ids, incarnation ids. Zero is Kafka's `ZERO_UUID`, "none".
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(pub u128);

impl Uuid {
    /// Kafka's `ZERO_UUID`.
    pub const ZERO: Uuid = Uuid(0);
}

const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl fmt::Display for Uuid {
    /// Kafka's form: 22 characters of unpadded URL-safe base64.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: String = (0..22).map(|i| char::from(URL_SAFE[sextet(self.0, i)])).collect();
        f.pad(&text)
    }
}

/// The `i`-th group of six bits from the top; the last has two bits and four zeros.
fn sextet(bits: u128, i: u32) -> usize {
    let shifted = if i < 21 { bits >> (128 - 6 * (i + 1)) } else { bits << 4 };
    (shifted & 63) as usize
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Uuid {
    type Err = BadUuid;

    fn from_str(text: &str) -> Result<Uuid, BadUuid> {
        if text.len() != 22 {
            return Err(BadUuid);
        }
        let digit = |c: u8| URL_SAFE.iter().position(|&d| d == c).ok_or(BadUuid);
        let head = text.bytes().take(21).try_fold(0u128, |bits, c| Ok(bits << 6 | digit(c)? as u128))?;
        let last = digit(text.as_bytes()[21])? as u128;
        Ok(Uuid(head << 2 | last >> 4))
    }
}

/// The text is not 22 characters of URL-safe base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a Kafka UUID is 22 characters of URL-safe base64")]
pub struct BadUuid;

/// A string that is cheap to clone: short ones, as most names are, hold their text themselves, others share it.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Str(SmolStr);

impl Str {
    /// A string in static memory.
    #[must_use]
    pub const fn from_static(text: &'static str) -> Str {
        Str(SmolStr::new_static(text))
    }

    /// The bytes if they are UTF-8.
    pub fn from_utf8(bytes: &[u8]) -> Result<Str, std::str::Utf8Error> {
        std::str::from_utf8(bytes).map(Str::from)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl std::ops::Deref for Str {
    type Target = str;
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl std::borrow::Borrow<str> for Str {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl From<&str> for Str {
    fn from(text: &str) -> Str {
        Str(SmolStr::new(text))
    }
}

impl From<String> for Str {
    fn from(text: String) -> Str {
        Str(SmolStr::from(text))
    }
}

impl PartialEq<str> for Str {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Str {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One partition of a topic by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic's name.
    pub topic: Str,
    /// The partition's index.
    pub partition: i32,
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}
