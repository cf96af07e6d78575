//! What a field can hold, and how each kind of value is laid out.

use crate::codec::{Context, DecodeError, Describe, EncodeError, FieldSpec, Reader, Writer};
use crate::names::{Str, Uuid};
use bytes::Bytes;

/// How a value is laid out, for those who walk the tables: generators of test messages, and what prints a frame by its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One byte, 0 or 1.
    Bool,
    /// So many bytes.
    Fixed(usize),
    /// UTF-8 behind a length.
    Str,
    /// Bytes behind a length.
    Bytes,
    /// Elements behind a length.
    Array(&'static Shape),
    /// A value that has a null.
    Nullable(&'static Shape),
    /// A struct's rows in their order; tagged fields follow the others.
    Struct(&'static [(FieldSpec, Shape)]),
}

/// A value that a field can hold.
pub trait Value: Sized + PartialEq {
    /// Its layout, as data.
    const SHAPE: Shape;
    /// No version's encoding is shorter. It bounds what an array may claim.
    const MIN_SIZE: usize;
    /// Reads one.
    fn read(reader: &mut Reader<'_>, context: Context) -> Result<Self, DecodeError>;
    /// Writes it.
    fn write(&self, writer: &mut Writer, context: Context) -> Result<(), EncodeError>;
    /// Says what it holds, as JSON.
    fn describe(&self, out: &mut Describe, context: Context);
    /// Says how long it is, for fields whose content is not text.
    fn describe_size(&self, out: &mut Describe) {
        out.null();
    }
    /// Whether it is null.
    #[inline]
    fn is_null(&self) -> bool {
        false
    }
}

/// A value that may be null, each kind in its own way.
pub trait Nullable: Value {
    /// No encoding is shorter, null included.
    const MIN_NULLABLE: usize = 1;
    /// Reads one, or null.
    fn read_nullable(reader: &mut Reader<'_>, context: Context) -> Result<Option<Self>, DecodeError>;
    /// Writes one, or null.
    fn write_nullable(value: Option<&Self>, writer: &mut Writer, context: Context) -> Result<(), EncodeError>;
}

impl<T: Nullable> Value for Option<T> {
    const SHAPE: Shape = Shape::Nullable(&T::SHAPE);
    const MIN_SIZE: usize = T::MIN_NULLABLE;

    #[inline]
    fn read(reader: &mut Reader<'_>, context: Context) -> Result<Self, DecodeError> {
        T::read_nullable(reader, context)
    }

    #[inline]
    fn write(&self, writer: &mut Writer, context: Context) -> Result<(), EncodeError> {
        T::write_nullable(self.as_ref(), writer, context)
    }

    fn describe(&self, out: &mut Describe, context: Context) {
        match self {
            Some(value) => value.describe(out, context),
            None => out.null(),
        }
    }

    fn describe_size(&self, out: &mut Describe) {
        self.iter().for_each(|value| value.describe_size(out));
    }

    #[inline]
    fn is_null(&self) -> bool {
        self.is_none()
    }
}

macro_rules! numbers {
    ($($ty:ty),*) => {$(
        impl Value for $ty {
            const SHAPE: Shape = Shape::Fixed(size_of::<$ty>());
            const MIN_SIZE: usize = size_of::<$ty>();

            #[inline]
            fn read(reader: &mut Reader<'_>, _: Context) -> Result<Self, DecodeError> {
                Ok(<$ty>::from_be_bytes(reader.array()?))
            }

            #[inline]
            fn write(&self, writer: &mut Writer, _: Context) -> Result<(), EncodeError> {
                writer.put(&self.to_be_bytes());
                Ok(())
            }

            fn describe(&self, out: &mut Describe, _: Context) {
                out.raw(self);
            }
        }
    )*};
}

numbers!(i8, i16, u16, i32, u32, i64, f64);

impl Value for bool {
    const SHAPE: Shape = Shape::Bool;
    const MIN_SIZE: usize = 1;

    #[inline]
    fn read(reader: &mut Reader<'_>, _: Context) -> Result<Self, DecodeError> {
        Ok(reader.u8()? != 0)
    }

    #[inline]
    fn write(&self, writer: &mut Writer, _: Context) -> Result<(), EncodeError> {
        writer.put(&[u8::from(*self)]);
        Ok(())
    }

    fn describe(&self, out: &mut Describe, _: Context) {
        out.raw(self);
    }
}

impl Value for Uuid {
    const SHAPE: Shape = Shape::Fixed(16);
    const MIN_SIZE: usize = 16;

    #[inline]
    fn read(reader: &mut Reader<'_>, _: Context) -> Result<Self, DecodeError> {
        reader.uuid()
    }

    #[inline]
    fn write(&self, writer: &mut Writer, _: Context) -> Result<(), EncodeError> {
        writer.put(&self.0.to_be_bytes());
        Ok(())
    }

    fn describe(&self, out: &mut Describe, _: Context) {
        out.string(&self.to_string());
    }
}

/// Implements `Value` by way of `Nullable`, for kinds whose null is a length.
macro_rules! null_is_a_length {
    ($kind:literal) => {
        const MIN_SIZE: usize = 1;

        #[inline]
        fn read(reader: &mut Reader<'_>, context: Context) -> Result<Self, DecodeError> {
            Self::read_nullable(reader, context)?.ok_or(DecodeError::Null($kind))
        }

        #[inline]
        fn write(&self, writer: &mut Writer, context: Context) -> Result<(), EncodeError> {
            Self::write_nullable(Some(self), writer, context)
        }
    };
}

impl Value for Str {
    const SHAPE: Shape = Shape::Str;
    null_is_a_length!("a string");

    fn describe(&self, out: &mut Describe, _: Context) {
        out.string(self);
    }
}

impl Nullable for Str {
    fn read_nullable(reader: &mut Reader<'_>, context: Context) -> Result<Option<Self>, DecodeError> {
        match reader.length(context.flexible, false)? {
            Some(len) => reader.str(len).map(Some),
            None => Ok(None),
        }
    }

    fn write_nullable(value: Option<&Self>, writer: &mut Writer, context: Context) -> Result<(), EncodeError> {
        let bytes = value.map(|text| text.as_bytes());
        if bytes.is_some_and(|bytes| bytes.len() > i16::MAX as usize) {
            return Err(EncodeError::TooLong);
        }
        writer.length(bytes.map(<[u8]>::len), context.flexible, false)?;
        writer.put(bytes.unwrap_or_default());
        Ok(())
    }
}

impl Value for Bytes {
    const SHAPE: Shape = Shape::Bytes;
    null_is_a_length!("a byte field");

    fn describe(&self, out: &mut Describe, _: Context) {
        out.base64(self);
    }

    fn describe_size(&self, out: &mut Describe) {
        out.raw(self.len());
    }
}

impl Nullable for Bytes {
    fn read_nullable(reader: &mut Reader<'_>, context: Context) -> Result<Option<Self>, DecodeError> {
        match reader.length(context.flexible, true)? {
            Some(len) => reader.bytes(len).map(Some),
            None => Ok(None),
        }
    }

    fn write_nullable(value: Option<&Self>, writer: &mut Writer, context: Context) -> Result<(), EncodeError> {
        writer.length(value.map(|bytes| bytes.len()), context.flexible, true)?;
        writer.put(value.map(|bytes| bytes.as_ref()).unwrap_or_default());
        Ok(())
    }
}

impl<T: Value> Value for Vec<T> {
    const SHAPE: Shape = Shape::Array(&T::SHAPE);
    null_is_a_length!("an array");

    fn describe(&self, out: &mut Describe, context: Context) {
        out.array(self.iter(), |out, element| element.describe(out, context));
    }
}

impl<T: Value> Nullable for Vec<T> {
    fn read_nullable(reader: &mut Reader<'_>, context: Context) -> Result<Option<Self>, DecodeError> {
        let Some(count) = reader.length(context.flexible, true)? else { return Ok(None) };
        if count > reader.remaining() / T::MIN_SIZE.max(1) {
            return Err(DecodeError::ArrayTooLong);
        }
        // An element may be larger here than on the wire: never take more at once than the frame has left.
        let affordable = reader.remaining() / size_of::<T>().max(1);
        let mut elements = Vec::with_capacity(count.min(affordable.max(1)));
        for _ in 0..count {
            elements.push(T::read(reader, context)?);
        }
        Ok(Some(elements))
    }

    fn write_nullable(value: Option<&Self>, writer: &mut Writer, context: Context) -> Result<(), EncodeError> {
        writer.length(value.map(Vec::len), context.flexible, true)?;
        value.into_iter().flatten().try_for_each(|element| element.write(writer, context))
    }
}
