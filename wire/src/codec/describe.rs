//! Messages as JSON, with the conventions of Kafka's own converters: camelCase names, fields that the version has,
//! tagged fields unless they hold their default, ids as text, bytes as base64, records as their size alone.

use std::fmt::{Display, Write};

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A JSON text that grows.
#[derive(Debug, Default)]
pub struct Describe {
    text: String,
}

impl Describe {
    /// The text.
    #[must_use]
    pub fn into_string(self) -> String {
        self.text
    }

    /// `null`.
    pub fn null(&mut self) {
        self.text.push_str("null");
    }

    /// A number or a truth value.
    pub fn raw(&mut self, value: impl Display) {
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{value}");
    }

    /// A string, escaped.
    pub fn string(&mut self, value: &str) {
        self.text.push('"');
        for c in value.chars() {
            match c {
                '"' | '\\' => self.text.extend(['\\', c]),
                c if u32::from(c) < 0x20 => self.raw(format_args!("\\u{:04x}", u32::from(c))),
                c => self.text.push(c),
            }
        }
        self.text.push('"');
    }

    /// Bytes as padded base64.
    pub fn base64(&mut self, bytes: &[u8]) {
        self.text.push('"');
        for chunk in bytes.chunks(3) {
            let at = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
            let bits = at(0) << 16 | at(1) << 8 | at(2);
            for i in 0..4 {
                let sextet = (bits >> (18 - 6 * i) & 63) as usize;
                self.text.push(if i > chunk.len() { '=' } else { char::from(BASE64[sextet]) });
            }
        }
        self.text.push('"');
    }

    /// An array.
    pub fn array<T>(&mut self, elements: impl Iterator<Item = T>, mut each: impl FnMut(&mut Self, T)) {
        self.text.push('[');
        for (i, element) in elements.enumerate() {
            if i > 0 {
                self.text.push(',');
            }
            each(self, element);
        }
        self.text.push(']');
    }

    /// An object, whose members `fill` adds with [`Describe::member`].
    pub fn object(&mut self, fill: impl FnOnce(&mut Self)) {
        self.text.push('{');
        fill(self);
        self.text.push('}');
    }

    /// A member's name; its value must follow.
    pub fn member(&mut self, snake_case: &str, suffix: &str) {
        if !self.text.ends_with('{') {
            self.text.push(',');
        }
        self.text.push('"');
        for (i, word) in snake_case.split('_').enumerate() {
            let (head, tail) = word.split_at(word.len().min(1));
            self.text.push_str(&if i > 0 { head.to_ascii_uppercase() } else { head.to_owned() });
            self.text.push_str(tail);
        }
        self.text.push_str(suffix);
        self.text.push_str("\":");
    }
}
