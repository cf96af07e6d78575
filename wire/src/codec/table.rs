//! The one macro in which messages, records and their nested structs are written as tables.

use crate::codec::{Context, DecodeError, Describe, EncodeError, Reader, Value, Versions, Writer};
use bytes::Bytes;

/// A struct that stands for itself: it knows its versions.
pub trait Message: Value + Clone + Default {
    /// Kafka's name.
    const NAME: &'static str;
    /// The API key of a request or response, the type of a metadata record, 0 for others.
    const KEY: i16;
    /// The versions that the table covers.
    const VERSIONS: Versions;
    /// The versions with compact lengths and tagged fields.
    const FLEXIBLE: Versions;

    /// What the encoding of a version depends on.
    #[must_use]
    fn context(version: i16) -> Context {
        Context { version, flexible: Self::FLEXIBLE.contains(version) }
    }

    /// Reads a body of a version that the table covers.
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(version) {
            return Err(DecodeError::UnknownVersion(version));
        }
        Self::read(reader, Self::context(version))
    }

    /// Reads a body that fills `bytes`.
    fn decode_all(bytes: &Bytes, version: i16) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let message = Self::decode(&mut reader, version)?;
        reader.finish()?;
        Ok(message)
    }

    /// Writes the body in a version that the table covers.
    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(version) {
            return Err(EncodeError::UnknownVersion(version));
        }
        self.write(writer, Self::context(version))
    }

    /// The body as JSON, as Kafka's own tools print it.
    fn describe_as(&self, version: i16) -> String {
        let mut out = Describe::default();
        self.describe(&mut out, Self::context(version));
        out.into_string()
    }
}

/// Declares messages and their nested structs.
///
/// A struct with a head (`Name: key 0, versions "3-13", flexible "9+"`) is a [`Message`]; one without is nested in
/// others. A row reads `name: Type | "versions", option, ... = default;`, and rows stand in the order of the wire.
/// Options: `nullable "versions"`; `tag 0`; `ignorable`, if a version that lacks the field drops its value; `records`,
/// if it holds record batches.
#[macro_export]
macro_rules! messages {
    ($(
        $(#[$doc:meta])*
        $struct:ident $(: key $key:literal, versions $valid:literal, flexible $flexible:literal)? {$(
            $(#[$field_doc:meta])*
            $field:ident: $ty:ty | $versions:literal $(, $option:ident $($argument:literal)?)* $(= $default:expr)?;
        )*}
    )*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $struct {$(
            $(#[$field_doc])*
            pub $field: $ty,
        )*}

        impl $struct {
            const ROWS: [($crate::codec::FieldSpec, $crate::codec::Shape); <[&str]>::len(&[$(stringify!($field)),*])] = [$((
                $crate::codec::FieldSpec::new(stringify!($field), $versions)$(.$option($($argument)?))*,
                <$ty as $crate::codec::Value>::SHAPE,
            )),*];
        }

        impl Default for $struct {
            fn default() -> Self {
                $struct { $($field: $crate::messages!(@default $($default)?)),* }
            }
        }

        impl $crate::codec::Value for $struct {
            const SHAPE: $crate::codec::Shape = $crate::codec::Shape::Struct(&Self::ROWS);

            const MIN_SIZE: usize = {
                let [$(($field, _)),*] = &Self::ROWS;
                0 $(+ $crate::codec::min_size($field, <$ty as $crate::codec::Value>::MIN_SIZE))*
            };

            fn read(
                reader: &mut $crate::codec::Reader<'_>,
                context: $crate::codec::Context,
            ) -> Result<Self, $crate::codec::DecodeError> {
                let [$(($field, _)),*] = &Self::ROWS;
                #[allow(unused_mut)]
                let mut value = $struct {$(
                    $field: $crate::codec::read_field(reader, context, $field, || {
                        $crate::messages!(@default $($default)?)
                    })?
                ),*};
                if context.flexible {
                    $crate::codec::read_tagged(reader, &mut |tag, reader| {
                        $($(if $crate::messages!(@is_tag tag, $option $($argument)?) {
                            value.$field = $field.read_tag(reader, context)?;
                            return Ok(true);
                        })*)*
                        let _ = (tag, reader);
                        Ok(false)
                    })?;
                }
                Ok(value)
            }

            fn write(
                &self,
                writer: &mut $crate::codec::Writer,
                context: $crate::codec::Context,
            ) -> Result<(), $crate::codec::EncodeError> {
                let [$(($field, _)),*] = &Self::ROWS;
                #[allow(unused_mut)]
                let mut tags = $crate::codec::TagWriter::default();
                $($crate::codec::write_field(writer, &mut tags, context, $field, &self.$field, || {
                    $crate::messages!(@default $($default)?)
                })?;)*
                tags.finish(writer, context)
            }

            fn describe(&self, out: &mut $crate::codec::Describe, context: $crate::codec::Context) {
                let [$(($field, _)),*] = &Self::ROWS;
                out.object(|out| {
                    let _ = (&out, context);
                    $($crate::codec::describe_field(out, context, $field, &self.$field, || {
                        $crate::messages!(@default $($default)?)
                    });)*
                });
            }
        }

        impl $crate::codec::Nullable for $struct {
            fn read_nullable(
                reader: &mut $crate::codec::Reader<'_>,
                context: $crate::codec::Context,
            ) -> Result<Option<Self>, $crate::codec::DecodeError> {
                $crate::codec::read_marked(reader, context)
            }

            fn write_nullable(
                value: Option<&Self>,
                writer: &mut $crate::codec::Writer,
                context: $crate::codec::Context,
            ) -> Result<(), $crate::codec::EncodeError> {
                $crate::codec::write_marked(value, writer, context)
            }
        }

        $(impl $crate::codec::Message for $struct {
            const NAME: &'static str = stringify!($struct);
            const KEY: i16 = $key;
            const VERSIONS: $crate::codec::Versions = $crate::codec::Versions::parse($valid);
            const FLEXIBLE: $crate::codec::Versions = $crate::codec::Versions::parse($flexible);
        })?
    )*};
    (@default) => { Default::default() };
    (@default $default:expr) => { $default };
    (@is_tag $read:ident, tag $tag:literal) => { $read == $tag };
    (@is_tag $read:ident, $option:ident $($argument:literal)?) => { false };
}
