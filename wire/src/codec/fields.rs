//! What a table's row says of its field, and the functions that the macro calls for each row.

use crate::codec::{Context, DecodeError, Describe, EncodeError, Reader, Value, Versions, Writer};

/// A row of a message's table, without its type and default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldSpec {
    /// The name in snake_case.
    pub name: &'static str,
    /// The versions that have the field.
    pub versions: Versions,
    /// The versions in which it may be null.
    pub nullable: Versions,
    /// Its tag, if it is a tagged field.
    pub tag: Option<u32>,
    /// Whether a version that lacks the field drops its value, where another is an error.
    pub ignorable: bool,
    /// Whether it holds record batches.
    pub records: bool,
}

impl FieldSpec {
    /// A mandatory field that is never null.
    #[must_use]
    pub const fn new(name: &'static str, versions: &str) -> Self {
        let versions = Versions::parse(versions);
        FieldSpec { name, versions, nullable: Versions::NONE, tag: None, ignorable: false, records: false }
    }

    /// The option `nullable "versions"`.
    #[must_use]
    pub const fn nullable(mut self, versions: &str) -> Self {
        self.nullable = Versions::parse(versions);
        self
    }

    /// The option `tag n`.
    #[must_use]
    pub const fn tag(mut self, tag: u32) -> Self {
        self.tag = Some(tag);
        self
    }

    /// The option `ignorable`.
    #[must_use]
    pub const fn ignorable(mut self) -> Self {
        self.ignorable = true;
        self
    }

    /// The option `records`.
    #[must_use]
    pub const fn records(mut self) -> Self {
        self.records = true;
        self
    }
}

/// Kafka's default of a nullable field that names none: empty, not null.
#[must_use]
pub fn empty<T: Default>() -> Option<T> {
    Some(T::default())
}

/// What a row adds to its struct's [`Value::MIN_SIZE`]: its own, if every version has it.
#[must_use]
pub const fn min_size(spec: &FieldSpec, field: usize) -> usize {
    if spec.versions.min == 0 && spec.versions.max == i16::MAX && spec.tag.is_none() { field } else { 0 }
}

/// Reads a field if the version has it and it is not tagged; its default otherwise.
#[inline]
pub fn read_field<T: Value>(
    reader: &mut Reader<'_>,
    context: Context,
    spec: &FieldSpec,
    default: fn() -> T,
) -> Result<T, DecodeError> {
    if spec.tag.is_some() || !spec.versions.contains(context.version) {
        return Ok(default());
    }
    read_present(reader, context, spec)
}

#[inline]
fn read_present<T: Value>(reader: &mut Reader<'_>, context: Context, spec: &FieldSpec) -> Result<T, DecodeError> {
    let value = T::read(reader, context)?;
    if value.is_null() && !spec.nullable.contains(context.version) {
        return Err(DecodeError::Null(spec.name));
    }
    Ok(value)
}

/// Reads the tagged fields at a struct's end. `known` reads the one of that tag, or returns false; an unknown one is
/// skipped.
pub fn read_tagged(
    reader: &mut Reader<'_>,
    known: &mut dyn FnMut(u32, &mut Reader<'_>) -> Result<bool, DecodeError>,
) -> Result<(), DecodeError> {
    for _ in 0..reader.unsigned_varint()? {
        let tag = reader.unsigned_varint()?;
        let size = reader.unsigned_varint()? as usize;
        reader.within(size, |reader| match known(tag, reader)? {
            true => Ok(()),
            false => reader.skip(size),
        })?;
    }
    Ok(())
}

impl FieldSpec {
    /// Reads this tagged field.
    pub fn read_tag<T: Value>(&self, reader: &mut Reader<'_>, context: Context) -> Result<T, DecodeError> {
        if !self.versions.contains(context.version) {
            return Err(DecodeError::TagNotInVersion(self.name));
        }
        read_present(reader, context, self)
    }

    fn check(&self, context: Context, is_null: bool) -> Result<(), EncodeError> {
        if is_null && !self.nullable.contains(context.version) {
            return Err(EncodeError::Null { field: self.name, version: context.version });
        }
        Ok(())
    }
}

/// Writes a field if the version has it and it is not tagged. A value that the version lacks is dropped if the field is
/// ignorable or holds its default, and an error otherwise.
#[inline]
pub fn write_field<T: Value>(
    writer: &mut Writer,
    tags: &mut TagWriter,
    context: Context,
    spec: &FieldSpec,
    value: &T,
    default: fn() -> T,
) -> Result<(), EncodeError> {
    if !spec.versions.contains(context.version) {
        if spec.ignorable || *value == default() {
            return Ok(());
        }
        return Err(EncodeError::NotInVersion { field: spec.name, version: context.version });
    }
    spec.check(context, value.is_null())?;
    match spec.tag {
        None => value.write(writer, context),
        Some(_) if *value == default() => Ok(()),
        Some(tag) => tags.put(tag, value, context),
    }
}

/// The tagged fields of a struct that are to be written: those that do not hold their default.
#[derive(Debug, Default)]
pub struct TagWriter {
    fields: Vec<(u32, Writer)>,
}

impl TagWriter {
    fn put<T: Value>(&mut self, tag: u32, value: &T, context: Context) -> Result<(), EncodeError> {
        let mut writer = Writer::default();
        value.write(&mut writer, context)?;
        self.fields.push((tag, writer));
        Ok(())
    }

    /// Writes them at the struct's end, in the order of their tags.
    #[inline]
    pub fn finish(mut self, writer: &mut Writer, context: Context) -> Result<(), EncodeError> {
        if !context.flexible {
            return Ok(());
        }
        self.fields.sort_by_key(|(tag, _)| *tag);
        writer.unsigned_varint(self.fields.len() as u32);
        for (tag, field) in self.fields {
            writer.unsigned_varint(tag);
            writer.unsigned_varint(u32::try_from(field.as_slice().len()).map_err(|_| EncodeError::TooLong)?);
            writer.put(field.as_slice());
        }
        Ok(())
    }
}

/// Describes a field if the version has it, but a tagged one only if it does not hold its default.
pub fn describe_field<T: Value>(out: &mut Describe, context: Context, spec: &FieldSpec, value: &T, default: fn() -> T) {
    if !spec.versions.contains(context.version) || spec.tag.is_some() && *value == default() {
        return;
    }
    if spec.records && !value.is_null() {
        out.member(spec.name, "SizeInBytes");
        value.describe_size(out);
    } else {
        out.member(spec.name, "");
        value.describe(out, context);
    }
}

/// Reads a struct behind the byte that says whether there is one.
pub fn read_marked<T: Value>(reader: &mut Reader<'_>, context: Context) -> Result<Option<T>, DecodeError> {
    if i8::read(reader, context)? < 0 { Ok(None) } else { T::read(reader, context).map(Some) }
}

/// Writes a struct behind the byte that says whether there is one.
pub fn write_marked<T: Value>(value: Option<&T>, writer: &mut Writer, context: Context) -> Result<(), EncodeError> {
    let Some(value) = value else { return (-1i8).write(writer, context) };
    1i8.write(writer, context)?;
    value.write(writer, context)
}
