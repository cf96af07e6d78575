//! A 128-bit hash of bytes: the same on every machine and in every build. It tells records apart, it does not resist an
//! attacker.
//!
//! Sixteen bytes a round, two 64-bit lanes, each mixed by a folded 64 by 64 multiplication; the length goes in at the
//! end.

const LANES: (u64, u64) = (0x9e37_79b9_7f4a_7c15, 0xd1b5_4a32_d192_ed03);
const KEYS: (u64, u64) = (0xa076_1d64_78bd_642f, 0xe703_7ed1_a0b4_28db);

/// A hash in the making.
#[derive(Clone, Copy, Debug)]
pub struct Hash128 {
    a: u64,
    b: u64,
}

impl Default for Hash128 {
    fn default() -> Hash128 {
        Hash128 { a: LANES.0, b: LANES.1 }
    }
}

impl Hash128 {
    /// Adds bytes with their length, so that `("ab", "c")` and `("a", "bc")` differ.
    #[must_use]
    pub fn bytes(mut self, bytes: &[u8]) -> Hash128 {
        let (blocks, rest) = bytes.as_chunks::<16>();
        for block in blocks {
            self = self.round(u128::from_le_bytes(*block));
        }
        let mut last = [0; 16];
        last[..rest.len()].copy_from_slice(rest);
        self.round(u128::from_le_bytes(last)).number(bytes.len() as u64)
    }

    /// Adds bytes that may be absent; absent differs from empty.
    #[must_use]
    pub fn optional(self, bytes: Option<&[u8]>) -> Hash128 {
        match bytes {
            Some(bytes) => self.bytes(bytes),
            None => self.number(u64::MAX),
        }
    }

    /// Adds a number.
    #[must_use]
    pub fn number(self, number: u64) -> Hash128 {
        self.round(u128::from(number))
    }

    /// Adds a 128-bit number, as another hash.
    #[must_use]
    pub fn wide(self, number: u128) -> Hash128 {
        self.round(number)
    }

    /// The hash.
    #[must_use]
    pub fn finish(self) -> u128 {
        let last = self.round(0);
        u128::from(last.a) << 64 | u128::from(last.b)
    }

    fn round(self, block: u128) -> Hash128 {
        let (low, high) = (block as u64, (block >> 64) as u64);
        let a = fold(self.a ^ low, KEYS.0 ^ self.b.rotate_left(23));
        let b = fold(self.b ^ high, KEYS.1 ^ low.rotate_left(41)) ^ self.a;
        // A zero factor would swallow the other one; the added keys bring the lanes away from it again.
        Hash128 { a: a.wrapping_add(KEYS.1), b: b.wrapping_add(KEYS.0).wrapping_add(high) }
    }
}

fn fold(x: u64, y: u64) -> u64 {
    let product = u128::from(x) * u128::from(y);
    (product as u64) ^ (product >> 64) as u64
}

/// What identifies a record's contents wherever it turns up: key, value and headers, but not its offset or timestamp.
pub fn record_hash<'a>(
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    headers: impl IntoIterator<Item = (&'a [u8], Option<&'a [u8]>)>,
) -> u128 {
    let body = Hash128::default().optional(key).optional(value);
    let all = headers.into_iter().fold(body, |hash, (name, value)| hash.bytes(name).optional(value));
    all.finish()
}

/// What identifies a batch: everything that its CRC covers.
#[must_use]
pub fn batch_hash(covered: &[u8]) -> u128 {
    Hash128::default().bytes(covered).finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_bit_and_every_border_counts() {
        let bytes: Vec<u8> = (0..100).collect();
        let mut seen = BTreeSet::from([batch_hash(&bytes)]);
        for bit in 0..800 {
            let mut other = bytes.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(seen.insert(batch_hash(&other)), "bit {bit}");
        }
        for len in 0..100 {
            assert!(seen.insert(batch_hash(&bytes[..len])), "length {len}");
        }
    }

    #[test]
    fn parts_of_a_record_do_not_run_into_each_other() {
        let none: [(&[u8], Option<&[u8]>); 0] = [];
        let hashes = [
            record_hash(None, Some(b"ab"), none),
            record_hash(Some(b""), Some(b"ab"), none),
            record_hash(Some(b"a"), Some(b"b"), none),
            record_hash(Some(b"ab"), None, none),
            record_hash(None, Some(b"ab"), [(&b"h"[..], None)]),
            record_hash(None, Some(b"ab"), [(&b"h"[..], Some(&b""[..]))]),
            record_hash(None, Some(b"ab"), [(&b"h"[..], None), (&b"h"[..], None)]),
        ];
        assert_eq!(BTreeSet::from(hashes).len(), hashes.len());
    }

    #[test]
    fn the_value_is_the_same_in_every_build() {
        assert_eq!(batch_hash(b"tribunal"), 309_722_836_895_957_312_492_374_546_234_021_625_898);
    }
}
