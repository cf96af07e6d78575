//! Draws the bytes of a valid message of any version from its table, steered by entropy that proptest can shrink.

use wire::codec::{Context, FieldSpec, Shape, Writer};

/// A finite source of choices; when it is used up, every choice is the simplest.
pub(crate) struct Entropy<'a>(pub(crate) &'a [u8]);

impl Entropy<'_> {
    pub(crate) fn next(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn below(&mut self, n: u8) -> u8 {
        self.next() % n
    }
}

/// Appends a value of this shape.
pub(crate) fn value(shape: &Shape, context: Context, out: &mut Writer, entropy: &mut Entropy<'_>) {
    match shape {
        Shape::Bool => out.put(&[entropy.below(2)]),
        Shape::Fixed(size) => fixed(*size, out, entropy),
        Shape::Str => text(context, out, entropy),
        Shape::Bytes => {
            let len = entropy.below(5);
            length(Some(len), true, context, out);
            (0..len).for_each(|_| out.put(&[entropy.next()]));
        }
        Shape::Array(element) => {
            let len = entropy.below(4);
            length(Some(len), true, context, out);
            (0..len).for_each(|_| value(element, context, out, entropy));
        }
        Shape::Nullable(inner) => {
            if matches!(**inner, Shape::Struct(_)) {
                out.put(&[1]);
            }
            value(inner, context, out, entropy);
        }
        Shape::Struct(rows) => structure(rows, context, out, entropy),
    }
}

/// Small numbers, any numbers, and the extremes.
fn fixed(size: usize, out: &mut Writer, entropy: &mut Entropy<'_>) {
    let (first, rest) = match entropy.below(4) {
        0 => (0, 0),
        1 => (0xff, 0xff),
        2 => (0x7f, 0xff),
        _ => (entropy.next(), entropy.next()),
    };
    out.put(&[first]);
    (1..size).for_each(|_| out.put(&[rest]));
}

fn text(context: Context, out: &mut Writer, entropy: &mut Entropy<'_>) {
    let text = ["", "a", "topic-1", "é", "日本", "PLAINTEXT"][usize::from(entropy.below(6))];
    length(Some(text.len() as u8), false, context, out);
    out.put(text.as_bytes());
}

/// A length, or null.
fn length(len: Option<u8>, wide: bool, context: Context, out: &mut Writer) {
    if context.flexible {
        out.unsigned_varint(len.map_or(0, |len| u32::from(len) + 1));
        return;
    }
    let len = len.map_or(-1, i16::from);
    if wide { out.put(&i32::from(len).to_be_bytes()) } else { out.put(&len.to_be_bytes()) }
}

fn null(inner: &Shape, context: Context, out: &mut Writer) {
    match inner {
        Shape::Struct(_) => out.put(&[0xff]),
        _ => length(None, !matches!(inner, Shape::Str), context, out),
    }
}

fn field(spec: &FieldSpec, shape: &Shape, context: Context, out: &mut Writer, entropy: &mut Entropy<'_>) {
    match shape {
        Shape::Nullable(inner) if spec.nullable.contains(context.version) && entropy.below(4) == 1 => {
            null(inner, context, out);
        }
        _ => value(shape, context, out, entropy),
    }
}

fn structure(rows: &[(FieldSpec, Shape)], context: Context, out: &mut Writer, entropy: &mut Entropy<'_>) {
    let present = || rows.iter().filter(|(spec, _)| spec.versions.contains(context.version));
    for (spec, shape) in present().filter(|(spec, _)| spec.tag.is_none()) {
        field(spec, shape, context, out, entropy);
    }
    if !context.flexible {
        return;
    }
    let mut tagged = Vec::new();
    for (spec, shape) in present() {
        if let (Some(tag), true) = (spec.tag, spec.tag.is_some() && entropy.below(2) == 1) {
            let mut bytes = Writer::default();
            field(spec, shape, context, &mut bytes, entropy);
            tagged.push((tag, bytes.into_bytes()));
        }
    }
    tagged.sort();
    out.unsigned_varint(tagged.len() as u32);
    for (tag, bytes) in tagged {
        out.unsigned_varint(tag);
        out.unsigned_varint(bytes.len() as u32);
        out.put(&bytes);
    }
}
