//! A 128-bit hash for comparing contents: two 64-bit lanes as in MurmurHash3 x64 (public domain). It has no key, never changes, and
//! is no defence against an adversary.

const C1: u64 = 0x87c3_7b91_1142_53d5;
const C2: u64 = 0x4cf5_ad43_2745_937f;

/// Hashes bytes. Equal on every platform and in every version of this project.
#[must_use]
pub fn hash128(bytes: &[u8]) -> u128 {
    let (mut a, mut b) = (0u64, 0u64);
    let mut blocks = bytes.chunks_exact(16);
    for block in &mut blocks {
        a = (a ^ lane(word(&block[..8]), C1, 31, C2))
            .rotate_left(27)
            .wrapping_add(b)
            .wrapping_mul(5)
            .wrapping_add(0x52dc_e729);
        b = (b ^ lane(word(&block[8..]), C2, 33, C1))
            .rotate_left(31)
            .wrapping_add(a)
            .wrapping_mul(5)
            .wrapping_add(0x3849_5ab5);
    }
    let rest = blocks.remainder();
    a ^= lane(word(&rest[..rest.len().min(8)]), C1, 31, C2);
    b ^= lane(word(&rest[rest.len().min(8)..]), C2, 33, C1);
    finish(a ^ bytes.len() as u64, b ^ bytes.len() as u64)
}

/// Folds another content into a running hash: for prefix hashes of a log.
#[must_use]
pub fn chain128(prefix: u128, next: u128) -> u128 {
    let mut both = [0; 32];
    both[..16].copy_from_slice(&prefix.to_le_bytes());
    both[16..].copy_from_slice(&next.to_le_bytes());
    hash128(&both)
}

fn lane(word: u64, first: u64, turn: u32, second: u64) -> u64 {
    word.wrapping_mul(first).rotate_left(turn).wrapping_mul(second)
}

fn word(bytes: &[u8]) -> u64 {
    let mut padded = [0; 8];
    padded[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(padded)
}

fn finish(a: u64, b: u64) -> u128 {
    let a = a.wrapping_add(b);
    let b = b.wrapping_add(a);
    let a = mix(a).wrapping_add(mix(b));
    let b = mix(b).wrapping_add(a);
    u128::from(a) << 64 | u128::from(b)
}

fn mix(mut word: u64) -> u64 {
    word = (word ^ word >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    word = (word ^ word >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    word ^ word >> 33
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_murmur3_and_stays_so() {
        assert_eq!(hash128(b""), 0);
        assert_eq!(hash128(b"The quick brown fox jumps over the lazy dog"), 0xe34b_bc7b_bc07_1b6c_7a43_3ca9_c49a_9347);
    }

    #[test]
    fn order_and_length_matter() {
        let one = chain128(chain128(0, 1), 2);
        assert_ne!(one, chain128(chain128(0, 2), 1));
        assert_ne!(hash128(&[0; 16]), hash128(&[0; 17]));
    }
}
