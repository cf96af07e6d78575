//! Reads a frame without ever looking beyond its end.

use crate::codec::DecodeError;
use crate::names::{Str, Uuid};
use bytes::Bytes;

/// Kafka's longest string.
const MAX_STRING: usize = i16::MAX as usize;

/// A position in a frame. Bytes that it hands out share the frame's memory, strings have their own.
#[derive(Debug)]
pub struct Reader<'a> {
    frame: &'a Bytes,
    at: usize,
    end: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the frame's first byte.
    #[must_use]
    pub fn new(frame: &'a Bytes) -> Self {
        Reader { frame, at: 0, end: frame.len() }
    }

    /// How many bytes are left.
    #[inline]
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.end - self.at
    }

    /// Fails if bytes are left.
    pub fn finish(&self) -> Result<(), DecodeError> {
        match self.remaining() {
            0 => Ok(()),
            n => Err(DecodeError::Trailing(n)),
        }
    }

    /// What is left, shared.
    #[must_use]
    pub fn rest(&self) -> Bytes {
        self.frame.slice(self.at..self.end)
    }

    /// The next `N` bytes.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let bytes = self.frame.get(self.at..self.end).and_then(|rest| rest.first_chunk::<N>());
        let bytes = *bytes.ok_or(DecodeError::Truncated)?;
        self.at += N;
        Ok(bytes)
    }

    /// The next `len` bytes, shared.
    pub fn bytes(&mut self, len: usize) -> Result<Bytes, DecodeError> {
        if len > self.remaining() {
            return Err(DecodeError::Truncated);
        }
        let slice = self.frame.slice(self.at..self.at + len);
        self.at += len;
        Ok(slice)
    }

    /// The next `len` bytes as a string.
    pub fn str(&mut self, len: usize) -> Result<Str, DecodeError> {
        if len > MAX_STRING {
            return Err(DecodeError::BadLength);
        }
        let text = self.frame[self.at..self.end].get(..len).ok_or(DecodeError::Truncated)?;
        self.at += len;
        Str::from_utf8(text).map_err(|_| DecodeError::NotUtf8)
    }

    /// Runs `read` on the next `len` bytes alone, and requires it to use all of them.
    pub fn within<T>(
        &mut self,
        len: usize,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        if len > self.remaining() {
            return Err(DecodeError::Truncated);
        }
        let outer = std::mem::replace(&mut self.end, self.at + len);
        let value = read(self);
        let rest = self.remaining();
        self.end = outer;
        if value.is_ok() && rest > 0 {
            return Err(DecodeError::TagNotConsumed);
        }
        value
    }

    /// Passes over `len` bytes.
    pub fn skip(&mut self, len: usize) -> Result<(), DecodeError> {
        if len > self.remaining() {
            return Err(DecodeError::Truncated);
        }
        self.at += len;
        Ok(())
    }

    /// One byte.
    #[inline]
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        Ok(self.array::<1>()?[0])
    }

    /// A big-endian `i16`.
    #[inline]
    pub fn i16(&mut self) -> Result<i16, DecodeError> {
        Ok(i16::from_be_bytes(self.array()?))
    }

    /// A big-endian `i32`.
    #[inline]
    pub fn i32(&mut self) -> Result<i32, DecodeError> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    /// A big-endian `i64`.
    #[inline]
    pub fn i64(&mut self) -> Result<i64, DecodeError> {
        Ok(i64::from_be_bytes(self.array()?))
    }

    /// A UUID.
    #[inline]
    pub fn uuid(&mut self) -> Result<Uuid, DecodeError> {
        Ok(Uuid(u128::from_be_bytes(self.array()?)))
    }

    /// An unsigned varint of 32 bits: groups of seven, the lowest first, in at most five bytes.
    #[inline]
    pub fn unsigned_varint(&mut self) -> Result<u32, DecodeError> {
        let mut bits = 0u32;
        for shift in (0..35).step_by(7) {
            let byte = self.u8()?;
            let group = u32::from(byte & 0x7f);
            if group << shift >> shift != group {
                return Err(DecodeError::BadLength);
            }
            bits |= group << shift;
            if byte & 0x80 == 0 {
                return Ok(bits);
            }
        }
        Err(DecodeError::BadLength)
    }

    /// A length as strings, bytes and arrays have it: `None` is null. A flexible message holds the length plus one as a
    /// varint, another a signed number of `wide` or two bytes in which, as in Kafka, every negative one is null.
    #[inline]
    pub(crate) fn length(&mut self, flexible: bool, wide: bool) -> Result<Option<usize>, DecodeError> {
        if flexible {
            return Ok((self.unsigned_varint()? as usize).checked_sub(1));
        }
        let length = if wide { self.i32()? } else { i32::from(self.i16()?) };
        Ok(usize::try_from(length).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_are_read_as_protobuf_has_them() {
        let cases: [(&[u8], Result<u32, DecodeError>); 6] = [
            (&[0], Ok(0)),
            (&[0xac, 0x02], Ok(300)),
            (&[0xff, 0xff, 0xff, 0xff, 0x0f], Ok(u32::MAX)),
            (&[0xff, 0xff, 0xff, 0xff, 0x1f], Err(DecodeError::BadLength)),
            (&[0x80, 0x80, 0x80, 0x80, 0x80, 0x00], Err(DecodeError::BadLength)),
            (&[0x80], Err(DecodeError::Truncated)),
        ];
        for (bytes, expected) in cases {
            assert_eq!(Reader::new(&Bytes::from_static(bytes)).unsigned_varint(), expected, "{bytes:x?}");
        }
    }

    #[test]
    fn a_reader_never_looks_beyond_its_bounds() {
        let frame = Bytes::from_static(&[1, 2, 3, 4]);
        let mut reader = Reader::new(&frame);
        assert_eq!(reader.within(2, |r| r.i32()), Err(DecodeError::Truncated));
        let mut reader = Reader::new(&frame);
        assert_eq!(reader.within(2, |r| r.u8()), Err(DecodeError::TagNotConsumed));
        let mut reader = Reader::new(&frame);
        assert_eq!(reader.within(5, |r| r.u8()), Err(DecodeError::Truncated));
        assert_eq!(reader.bytes(usize::MAX), Err(DecodeError::Truncated));
        assert_eq!(reader.remaining(), 4);
    }
}
