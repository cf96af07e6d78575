//! A file's bytes as shared chunks, so that the page cache, the platter and every fork hold each byte once.
//!
//! A chunk is what one write brought; appending pushes one, cutting drops or shortens the last. Bytes are never
//! changed in place.

use bytes::Bytes;
use std::ops::Range;

/// What fills a hole: a filesystem shows zeros where nothing was ever written.
static ZEROS: [u8; 4096] = [0; 4096];

/// The bytes of a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rope {
    /// Start and bytes of each chunk: without gaps, none empty.
    chunks: Vec<(u64, Bytes)>,
}

impl Rope {
    /// How many bytes there are.
    pub(crate) fn len(&self) -> u64 {
        self.chunks.last().map_or(0, |(start, bytes)| start + bytes.len() as u64)
    }

    /// Where the writes began that these bytes came in.
    pub(crate) fn starts(&self) -> impl ExactSizeIterator<Item = u64> {
        self.chunks.iter().map(|&(start, _)| start)
    }

    /// What is there of a range. Shares memory if one write brought it.
    pub(crate) fn read(&self, range: Range<u64>) -> Bytes {
        let end = range.end.min(self.len());
        if range.start >= end {
            return Bytes::new();
        }
        let first = self.chunk_at(range.start);
        let piece = cut(&self.chunks[first], range.start, end);
        if range.start + piece.len() as u64 == end {
            return piece;
        }
        let mut whole = Vec::with_capacity((end - range.start) as usize);
        let pieces = self.chunks[first..].iter().take_while(|chunk| chunk.0 < end);
        pieces.for_each(|chunk| whole.extend_from_slice(&cut(chunk, range.start, end)));
        Bytes::from(whole)
    }

    /// Puts bytes at a place: over what is there, or beyond it with zeros between.
    pub(crate) fn write(&mut self, at: u64, bytes: Bytes) {
        let end = at + bytes.len() as u64;
        if at >= self.len() {
            self.fill(at);
            return self.push(bytes);
        }
        let tail = self.split_off(end);
        self.truncate(at);
        self.push(bytes);
        self.chunks.extend(tail);
    }

    /// Cuts to a length; a longer one fills with zeros.
    pub(crate) fn truncate(&mut self, len: u64) {
        if len >= self.len() {
            return self.fill(len);
        }
        self.split_off(len);
    }

    fn push(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.chunks.push((self.len(), bytes));
        }
    }

    fn fill(&mut self, len: u64) {
        while self.len() < len {
            let missing = (len - self.len()).min(ZEROS.len() as u64) as usize;
            self.push(Bytes::from_static(&ZEROS[..missing]));
        }
    }

    /// Keeps what is below `at` and returns the chunks from there on.
    fn split_off(&mut self, at: u64) -> Vec<(u64, Bytes)> {
        if at >= self.len() {
            return Vec::new();
        }
        let index = self.chunk_at(at);
        let mut tail = self.chunks.split_off(index);
        if let Some((start, bytes)) = tail.first_mut().filter(|(start, _)| *start < at) {
            let head = bytes.split_to((at - *start) as usize);
            self.chunks.push((*start, head));
            *start = at;
        }
        tail
    }

    /// The chunk that holds a byte which is there.
    fn chunk_at(&self, at: u64) -> usize {
        self.chunks.partition_point(|&(start, _)| start <= at).saturating_sub(1)
    }
}

/// The part of a chunk that lies in a range.
fn cut((start, bytes): &(u64, Bytes), from: u64, to: u64) -> Bytes {
    let low = from.saturating_sub(*start).min(bytes.len() as u64) as usize;
    let high = to.saturating_sub(*start).min(bytes.len() as u64) as usize;
    bytes.slice(low..high.max(low))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_rope_is_a_vector(ops in prop::collection::vec((0u8..3, 0u64..9000, prop::collection::vec(any::<u8>(), 0..40)), 0..30)) {
            let (mut rope, mut model) = (Rope::default(), Vec::new());
            for (kind, at, bytes) in ops {
                match kind {
                    0 => { rope.truncate(at / 20); model.resize((at / 20) as usize, 0); }
                    1 => { rope.write(rope.len(), Bytes::from(bytes.clone())); model.extend(bytes); }
                    _ => {
                        if !bytes.is_empty() {
                            model.resize(model.len().max(at as usize + bytes.len()), 0);
                            model[at as usize..at as usize + bytes.len()].copy_from_slice(&bytes);
                        }
                        rope.write(at, Bytes::from(bytes.clone()));
                        model.resize(model.len().max(rope.len() as usize), 0);
                    }
                }
                prop_assert_eq!(&rope.read(0..u64::MAX)[..], &model[..]);
                let (low, high) = (at / 3, at / 2);
                let part = &model[(low as usize).min(model.len())..(high as usize).min(model.len())];
                prop_assert_eq!(&rope.read(low..high)[..], part);
            }
        }
    }
}
