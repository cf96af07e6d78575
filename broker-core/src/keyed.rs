//! Randomness by key: a draw depends on the node's seed, its purpose and a count, never on what was drawn before for another purpose.

use wire::Uuid;

/// Draws for one incarnation of one node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keyed {
    seed: u64,
}

impl Keyed {
    pub(crate) fn new(seed: u64) -> Keyed {
        Keyed { seed }
    }

    /// A number for the `count`-th draw of a purpose.
    pub(crate) fn number(self, purpose: &str, count: u64) -> u64 {
        let purpose = purpose.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| mix(hash ^ u64::from(byte)));
        mix(mix(self.seed ^ purpose).wrapping_add(count))
    }

    /// A random UUID (version 4), which no reserved id of Kafka's can be.
    pub(crate) fn uuid(self, purpose: &str, count: u64) -> Uuid {
        let [high, low] =
            [count.wrapping_mul(2), count.wrapping_mul(2).wrapping_add(1)].map(|n| self.number(purpose, n));
        let bits = u128::from(high) << 64 | u128::from(low);
        Uuid(bits & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62)
    }
}

/// The finalizer of splitmix64.
fn mix(bits: u64) -> u64 {
    let bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_differ_by_seed_purpose_and_count_and_by_nothing_else() {
        let keyed = Keyed::new(7);
        let draws = [
            keyed.uuid("topic", 0),
            keyed.uuid("topic", 1),
            keyed.uuid("directory", 0),
            Keyed::new(8).uuid("topic", 0),
        ];
        for (i, one) in draws.iter().enumerate() {
            assert!(draws[i + 1..].iter().all(|other| other != one));
            assert_eq!((one.0 >> 76 & 0xf, one.0 >> 62 & 3), (4, 2));
        }
        assert_eq!(keyed.uuid("topic", 1), Keyed::new(7).uuid("topic", 1));
    }
}
