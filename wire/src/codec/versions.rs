//! Ranges of versions, written as Kafka writes them: `"3+"`, `"0-12"`, `"5"`, `"none"`.

/// A range of versions, both ends included; empty if `max < min`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// The first.
    pub min: i16,
    /// The last.
    pub max: i16,
}

impl Versions {
    /// No version.
    pub const NONE: Versions = Versions { min: 0, max: -1 };

    /// Reads Kafka's notation. It is called in constants alone, where a malformed text fails the build.
    #[must_use]
    pub const fn parse(text: &str) -> Versions {
        let text = text.as_bytes();
        if matches!(text, b"none") {
            return Versions::NONE;
        }
        let (min, at) = number(text, 0);
        if at == text.len() {
            return Versions { min, max: min };
        }
        if text[at] == b'+' && at + 1 == text.len() {
            return Versions { min, max: i16::MAX };
        }
        assert!(text[at] == b'-', "versions are written as 3+, 0-12, 5 or none");
        let (max, end) = number(text, at + 1);
        assert!(end == text.len() && min <= max, "versions are written as 3+, 0-12, 5 or none");
        Versions { min, max }
    }

    /// Whether `version` is one of these.
    #[inline]
    #[must_use]
    pub const fn contains(self, version: i16) -> bool {
        self.min <= version && version <= self.max
    }
}

/// Reads a decimal number from `at`, and says where it ends.
const fn number(text: &[u8], mut at: usize) -> (i16, usize) {
    let (mut value, start) = (0i16, at);
    while at < text.len() && text[at].is_ascii_digit() {
        value = value * 10 + (text[at] - b'0') as i16;
        at += 1;
    }
    assert!(at > start, "versions are written as 3+, 0-12, 5 or none");
    (value, at)
}

/// What a field's encoding depends on besides its value: the message's version, and whether that is a flexible one
/// (KIP-482).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// The message's version.
    pub version: i16,
    /// Compact lengths and tagged fields.
    pub flexible: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_kafka_writes_them() {
        let cases = [("3+", 3, i16::MAX), ("0-12", 0, 12), ("5", 5, 5), ("none", 0, -1)];
        for (text, min, max) in cases {
            assert_eq!(Versions::parse(text), Versions { min, max }, "{text}");
        }
        assert!(!Versions::NONE.contains(0));
        assert!(Versions::parse("3+").contains(3) && !Versions::parse("3+").contains(2));
    }
}
