//! Writes a frame.

use crate::codec::EncodeError;
use bytes::Bytes;

/// A growing frame.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// An empty one with room for `capacity` bytes.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Writer { bytes: Vec::with_capacity(capacity) }
    }

    /// What was written.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        Bytes::from(self.bytes)
    }

    /// What was written so far.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    /// Appends bytes as they are.
    #[inline]
    pub fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// An unsigned varint of 32 bits.
    #[inline]
    pub fn unsigned_varint(&mut self, mut bits: u32) {
        while bits >= 0x80 {
            self.bytes.push(bits as u8 | 0x80);
            bits >>= 7;
        }
        self.bytes.push(bits as u8);
    }

    /// A length, or null, as strings, bytes and arrays have it: see [`Reader`](crate::codec::Reader).
    #[inline]
    pub(crate) fn length(&mut self, len: Option<usize>, flexible: bool, wide: bool) -> Result<(), EncodeError> {
        if !flexible && wide {
            let len = len.map_or(Ok(-1), i32::try_from).map_err(|_| EncodeError::TooLong)?;
            self.put(&len.to_be_bytes());
            return Ok(());
        }
        if !flexible {
            let len = len.map_or(Ok(-1), i16::try_from).map_err(|_| EncodeError::TooLong)?;
            self.put(&len.to_be_bytes());
            return Ok(());
        }
        let len = i32::try_from(len.map_or(0, |len| len.saturating_add(1))).map_err(|_| EncodeError::TooLong)?;
        self.unsigned_varint(len as u32);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Reader;

    #[test]
    fn varints_come_back() {
        for value in (0..32).flat_map(|bit| [1u32 << bit, (1 << bit) - 1]).chain([u32::MAX]) {
            let mut writer = Writer::default();
            writer.unsigned_varint(value);
            let frame = writer.into_bytes();
            let mut reader = Reader::new(&frame);
            assert_eq!(reader.unsigned_varint(), Ok(value));
            assert_eq!(reader.finish(), Ok(()));
        }
    }
}
