//! Why bytes are not a message, and why a message has no bytes.

/// The bytes are not a message of the version that they claim to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A length or a field reaches beyond the end.
    #[error("the frame ends inside a field")]
    Truncated,
    /// An array says that it has more elements than the remaining bytes could hold.
    #[error("an array is longer than its frame")]
    ArrayTooLong,
    /// A string is longer than Kafka's 32,767 bytes, or a length is out of its range.
    #[error("a length is out of range")]
    BadLength,
    /// A string is not UTF-8.
    #[error("a string is not UTF-8")]
    NotUtf8,
    /// A field is null that its version does not allow to be null.
    #[error("{0} is null")]
    Null(&'static str),
    /// A tagged field that this version of the message lacks.
    #[error("tagged field {0} does not belong to this version")]
    TagNotInVersion(&'static str),
    /// A tagged field is shorter than its stated size.
    #[error("a tagged field has bytes to spare")]
    TagNotConsumed,
    /// Bytes remain behind the message.
    #[error("{0} bytes follow the message")]
    Trailing(usize),
    /// The message has no such version.
    #[error("version {0} is unknown")]
    UnknownVersion(i16),
    /// A metadata record's envelope is of another frame version than 1.
    #[error("frame version {0} is unknown")]
    UnknownFrameVersion(u32),
    /// The message or record has no such type.
    #[error("type {0} is unknown")]
    UnknownType(i64),
}

/// The message cannot be written in the wanted version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The field is null, and the version has no null there.
    #[error("{field} must not be null in version {version}")]
    Null {
        /// The field's name.
        field: &'static str,
        /// The version asked for.
        version: i16,
    },
    /// The field says something that the version cannot say and a peer must not miss.
    #[error("{field} is not in version {version}")]
    NotInVersion {
        /// The field's name.
        field: &'static str,
        /// The version asked for.
        version: i16,
    },
    /// A string or an array is too long for its length field.
    #[error("a field is too long")]
    TooLong,
    /// The message has no such version.
    #[error("version {0} is unknown")]
    UnknownVersion(i16),
    /// The header names another API than the message belongs to.
    #[error("the header's API is not the message's")]
    WrongApi,
}
