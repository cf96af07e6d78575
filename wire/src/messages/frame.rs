//! Whole frames: header and body, without the four length bytes.

use crate::codec::{Context, DecodeError, Describe, EncodeError, Reader, Writer, read_tagged};
use crate::error::ErrorCode;
use crate::messages::{ApiKey, Request, RequestHeader, Response};
use bytes::Bytes;

/// Why a frame is not a request that we can serve.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RequestError {
    /// No header, or a body that is not what its header says. Kafka closes the connection.
    #[error("not a request: {0}")]
    Garbage(#[from] DecodeError),
    /// An API that is not implemented. Kafka closes the connection.
    #[error("API {} is unknown", .0.api_key)]
    UnknownApi(RequestHeader),
    /// A version that is not implemented. Kafka answers ApiVersions with a v0 body and UNSUPPORTED_VERSION, and closes
    /// the connection for any other.
    #[error("{} has no version {}", .1.name(), .0.api_version)]
    UnknownVersion(RequestHeader, ApiKey),
}

fn context(api: ApiKey, version: i16) -> Context {
    Context { version, flexible: api.flexible().contains(version) }
}

/// ApiVersions has the old response header in every version: who asks does not know yet what the peer understands
/// (KIP-511).
fn has_tagged_response_header(api: ApiKey, version: i16) -> bool {
    api != ApiKey::ApiVersions && api.flexible().contains(version)
}

impl Request {
    /// Reads a request frame. Bytes behind the body are ignored, as Kafka does.
    pub fn decode(frame: &Bytes) -> Result<(RequestHeader, Request), RequestError> {
        let mut reader = Reader::new(frame);
        let header = RequestHeader::read(&mut reader)?;
        let Some(api) = ApiKey::from_key(header.api_key) else { return Err(RequestError::UnknownApi(header)) };
        if !api.versions().contains(header.api_version) {
            return Err(RequestError::UnknownVersion(header, api));
        }
        let request = Request::read(api, &mut reader, context(api, header.api_version))?;
        Ok((header, request))
    }

    /// Writes a request frame.
    pub fn encode(&self, header: &RequestHeader) -> Result<Bytes, EncodeError> {
        let api = self.api();
        if header.api_key != api as i16 {
            return Err(EncodeError::WrongApi);
        }
        if !api.versions().contains(header.api_version) {
            return Err(EncodeError::UnknownVersion(header.api_version));
        }
        let context = context(api, header.api_version);
        let mut writer = Writer::with_capacity(256);
        header.write(&mut writer, context.flexible)?;
        self.write(&mut writer, context)?;
        Ok(writer.into_bytes())
    }

    /// The body as JSON, as Kafka's own tools print it.
    #[must_use]
    pub fn to_json(&self, version: i16) -> String {
        let mut out = Describe::default();
        self.describe(&mut out, context(self.api(), version));
        out.into_string()
    }
}

impl Response {
    /// Reads the answer to a request of this API and version: the correlation id and the body.
    ///
    /// A broker that does not know an ApiVersions request's version answers UNSUPPORTED_VERSION with a v0 body; that is
    /// read as such.
    pub fn decode(api: ApiKey, version: i16, frame: &Bytes) -> Result<(i32, Response), DecodeError> {
        if !api.versions().contains(version) {
            return Err(DecodeError::UnknownVersion(version));
        }
        let mut reader = Reader::new(frame);
        let correlation_id = reader.i32()?;
        if has_tagged_response_header(api, version) {
            read_tagged(&mut reader, &mut |_, _| Ok(false))?;
        }
        let refused =
            api == ApiKey::ApiVersions && Reader::new(&reader.rest()).i16()? == ErrorCode::UnsupportedVersion as i16;
        let body = Response::read(api, &mut reader, context(api, if refused { 0 } else { version }))?;
        reader.finish()?;
        Ok((correlation_id, body))
    }

    /// Writes the answer to a request of this version.
    pub fn encode(&self, version: i16, correlation_id: i32) -> Result<Bytes, EncodeError> {
        let api = self.api();
        if !api.versions().contains(version) {
            return Err(EncodeError::UnknownVersion(version));
        }
        let mut writer = Writer::with_capacity(256);
        writer.put(&correlation_id.to_be_bytes());
        if has_tagged_response_header(api, version) {
            writer.unsigned_varint(0);
        }
        self.write(&mut writer, context(api, version))?;
        Ok(writer.into_bytes())
    }

    /// The body as JSON, as Kafka's own tools print it.
    #[must_use]
    pub fn to_json(&self, version: i16) -> String {
        let mut out = Describe::default();
        self.describe(&mut out, context(self.api(), version));
        out.into_string()
    }
}
