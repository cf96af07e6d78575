//! Records that identify themselves, so that duplicates, misrouting and corruption are O(1) checks wherever a record turns up.

use wire::Str;

/// Who sent a record, and the how-manieth it was: unique over a whole run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid {
    /// The client.
    pub producer: u16,
    /// The client's incarnation.
    pub session: u16,
    /// Counts the sends of that incarnation.
    pub ordinal: u32,
}

impl std::fmt::Display for Uid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.producer, self.session, self.ordinal)
    }
}

/// What a record's value says of itself. The rest of the value is filler that follows from the uid and the length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// Who.
    pub uid: Uid,
    /// The topic that it was sent to.
    pub topic: Str,
    /// The partition that it was sent to; None if the partitioner was to choose.
    pub partition: Option<i32>,
    /// The transaction's ordinal within its producer; None outside of one.
    pub transaction: Option<u32>,
}
