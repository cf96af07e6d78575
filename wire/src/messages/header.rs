//! The request header, v1 and v2; v0 went with Kafka 4.0. Response headers are a correlation id and, in v1, tagged
//! fields.

use crate::codec::{Context, DecodeError, EncodeError, Nullable, Reader, Writer, read_tagged};
use crate::messages::ApiKey;
use crate::names::Str;

/// What stands before a request's body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestHeader {
    /// The API key as sent, known or not.
    pub api_key: i16,
    /// The API version as sent, known or not.
    pub api_version: i16,
    /// Copied into the response.
    pub correlation_id: i32,
    /// What the client calls itself.
    pub client_id: Option<Str>,
}

/// The client id has its two length bytes in every version, so that any broker can read any version's header.
const CLIENT_ID: Context = Context { version: 0, flexible: false };

impl RequestHeader {
    /// A header of a known API.
    #[must_use]
    pub fn new(api: ApiKey, api_version: i16, correlation_id: i32, client_id: Option<Str>) -> Self {
        RequestHeader { api_key: api as i16, api_version, correlation_id, client_id }
    }

    /// Reads a header. The version of an unknown API's header is unknown too, and so is where it ends.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (api_key, api_version) = (reader.i16()?, reader.i16()?);
        let correlation_id = reader.i32()?;
        let client_id = Str::read_nullable(reader, CLIENT_ID)?;
        if ApiKey::from_key(api_key).is_some_and(|api| api.flexible().contains(api_version)) {
            read_tagged(reader, &mut |_, _| Ok(false))?;
        }
        Ok(RequestHeader { api_key, api_version, correlation_id, client_id })
    }

    pub(super) fn write(&self, writer: &mut Writer, flexible: bool) -> Result<(), EncodeError> {
        writer.put(&self.api_key.to_be_bytes());
        writer.put(&self.api_version.to_be_bytes());
        writer.put(&self.correlation_id.to_be_bytes());
        Str::write_nullable(self.client_id.as_ref(), writer, CLIENT_ID)?;
        if flexible {
            writer.unsigned_varint(0);
        }
        Ok(())
    }
}
