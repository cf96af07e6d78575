//! Kafka's message encoding: a bounded reader, a writer, and the macro in which messages are tables.
//!
//! A message is a table ([`messages!`](macro@crate::messages)); the macro turns each row into one call of a generic function
//! here, for decoding, encoding and describing (JSON as Kafka's own tools print it). Strings and byte fields share the
//! frame. Nothing is allocated that the remaining bytes cannot fill. Left out on purpose: unknown tagged fields are
//! skipped, not kept.

mod describe;
mod error;
mod fields;
mod reader;
mod table;
mod value;
mod versions;
mod writer;

pub use describe::Describe;
pub use error::{DecodeError, EncodeError};
pub use fields::{
    FieldSpec, TagWriter, describe_field, empty, min_size, read_field, read_marked, read_tagged, write_field,
    write_marked,
};
pub use reader::Reader;
pub use table::Message;
pub use value::{Nullable, Shape, Value};
pub use versions::{Context, Versions};
pub use writer::Writer;
