//! Records that identify themselves, so that duplicates, misrouting and corruption are O(1) checks wherever a record
//! turns up.
//!
//! A value is a header (magic, checksum, uid, partition, transaction, topic) and filler. The filler follows from the
//! uid, and the checksum covers the header and the value's length, so a value that decodes is right to its last byte.
//! Half of the filler repeats the other half and all of it is lower-case, so that every codec has something to do.

use crate::hash::Hash128;
use bytes::Bytes;
use wire::Str;

/// Who sent a record, and the how-manieth it was: unique over a whole run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid {
    /// The client.
    pub producer: u16,
    /// The client's incarnation.
    pub session: u16,
    /// Counts the sends of that incarnation.
    pub ordinal: u32,
}

impl Uid {
    fn to_bits(self) -> u64 {
        u64::from(self.producer) << 48 | u64::from(self.session) << 32 | u64::from(self.ordinal)
    }

    fn from_bits(bits: u64) -> Uid {
        Uid { producer: (bits >> 48) as u16, session: (bits >> 32) as u16, ordinal: bits as u32 }
    }
}

impl std::fmt::Display for Uid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.producer, self.session, self.ordinal)
    }
}

/// What a record's value says of itself. The rest of the value is filler that follows from the uid and the length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// Who.
    pub uid: Uid,
    /// The topic that it was sent to.
    pub topic: Str,
    /// The partition that it was sent to; None if the partitioner was to choose.
    pub partition: Option<i32>,
    /// The transaction's ordinal within its producer; None outside of one.
    pub transaction: Option<u32>,
}

const MAGIC: &[u8; 4] = b"tri1";
/// Magic, checksum, uid, partition, transaction with its flag, length of the topic.
const FIXED: usize = 4 + 8 + 8 + 4 + 5 + 2;

impl Payload {
    /// The smallest value that can carry this payload.
    #[must_use]
    pub fn min_size(&self) -> usize {
        FIXED + self.topic.len()
    }

    /// A value of `size` bytes, or of [`min_size`](Payload::min_size) if that is more.
    #[must_use]
    pub fn encode(&self, size: usize) -> Bytes {
        let size = size.max(self.min_size());
        let mut value = Vec::with_capacity(size);
        value.extend_from_slice(MAGIC);
        value.extend_from_slice(&[0; 8]);
        value.extend_from_slice(&self.uid.to_bits().to_be_bytes());
        value.extend_from_slice(&self.partition.unwrap_or(-1).to_be_bytes());
        value.push(u8::from(self.transaction.is_some()));
        value.extend_from_slice(&self.transaction.unwrap_or(0).to_be_bytes());
        // A topic's name has at most 249 bytes in Kafka; a longer one is cut here and will not decode to itself.
        value.extend_from_slice(&(self.topic.len() as u16).to_be_bytes());
        value.extend_from_slice(self.topic.as_bytes());
        let sum = checksum(&value, size);
        value[4..12].copy_from_slice(&sum.to_be_bytes());
        extend_filler(&mut value, self.uid, size);
        Bytes::from(value)
    }

    /// What a value says of itself; None if it is not one of ours or any byte of it is wrong.
    #[must_use]
    pub fn decode(value: &[u8]) -> Option<Payload> {
        let (fixed, rest) = value.split_first_chunk::<FIXED>()?;
        let topic_len = usize::from(u16::from_be_bytes(*fixed.last_chunk()?));
        let (topic, filler) = rest.split_at_checked(topic_len)?;
        let sum = u64::from_be_bytes(fixed[4..12].try_into().ok()?);
        if &fixed[..4] != MAGIC || checksum(&value[..FIXED + topic_len], value.len()) != sum {
            return None;
        }
        let uid = Uid::from_bits(u64::from_be_bytes(fixed[12..20].try_into().ok()?));
        let partition = i32::from_be_bytes(fixed[20..24].try_into().ok()?);
        let transaction = u32::from_be_bytes(fixed[25..29].try_into().ok()?);
        is_filler(filler, uid).then_some(Payload {
            uid,
            topic: Str::from(std::str::from_utf8(topic).ok()?),
            partition: (partition >= 0).then_some(partition),
            transaction: (fixed[24] == 1).then_some(transaction),
        })
    }
}

/// Over the header without the checksum's own bytes, and the length of the whole value.
fn checksum(header: &[u8], size: usize) -> u64 {
    Hash128::default().bytes(&header[12..]).number(size as u64).finish() as u64
}

fn extend_filler(value: &mut Vec<u8>, uid: Uid, size: usize) {
    for block in blocks(uid) {
        let left = size - value.len();
        if left == 0 {
            return;
        }
        value.extend_from_slice(&block[..left.min(block.len())]);
    }
}

fn is_filler(filler: &[u8], uid: Uid) -> bool {
    filler.chunks(BLOCK).zip(blocks(uid)).all(|(chunk, block)| chunk == &block[..chunk.len()])
}

const BLOCK: usize = 32;

/// Endless filler: of each block the second half repeats the first, sixteen letters of four bits each.
fn blocks(uid: Uid) -> impl Iterator<Item = [u8; BLOCK]> {
    let mut state = uid.to_bits() ^ 0x9e37_79b9_7f4a_7c15;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(0x2545_f491_4f6c_dd1d);
        let bits = state ^ (state >> 29);
        let half = u128::from(bits & LOW_NIBBLES) | u128::from((bits >> 4) & LOW_NIBBLES) << 64;
        let letters = (half | u128::from_le_bytes([b'`'; 16])).to_le_bytes();
        let mut block = [0; BLOCK];
        block[..16].copy_from_slice(&letters);
        block[16..].copy_from_slice(&letters);
        block
    })
}

const LOW_NIBBLES: u64 = 0x0f0f_0f0f_0f0f_0f0f;

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(partition: Option<i32>, transaction: Option<u32>) -> Payload {
        Payload {
            uid: Uid { producer: 3, session: 2, ordinal: 77 },
            topic: Str::from("orders"),
            partition,
            transaction,
        }
    }

    #[test]
    fn a_value_has_its_size_and_says_who_it_is() {
        for size in [0, 1, 36, 37, 38, 63, 64, 65, 100, 1000, 70_000] {
            for payload in [payload(Some(4), None), payload(None, Some(0)), payload(Some(0), Some(u32::MAX))] {
                let value = payload.encode(size);
                assert_eq!(value.len(), size.max(payload.min_size()));
                assert_eq!(Payload::decode(&value), Some(payload));
            }
        }
    }

    #[test]
    fn any_wrong_bit_and_any_other_length_is_seen() {
        let value = payload(Some(4), None).encode(120);
        for bit in 0..value.len() * 8 {
            let mut wrong = value.to_vec();
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Payload::decode(&wrong), None, "bit {bit}");
        }
        for len in 0..value.len() {
            assert_eq!(Payload::decode(&value[..len]), None, "length {len}");
        }
        assert_eq!(Payload::decode(&[&value[..], b"a"].concat()), None);
    }

    #[test]
    fn the_filler_repeats_and_differs_between_records() {
        let one = payload(Some(4), None).encode(37 + 64);
        assert_eq!(one[37..53], one[53..69]);
        let mut other = payload(Some(4), None);
        other.uid.ordinal = 78;
        assert_ne!(one[37..], other.encode(37 + 64)[37..]);
    }
}
