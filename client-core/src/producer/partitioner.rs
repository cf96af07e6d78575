//! Which partition a record goes to: murmur2 of the key, or a sticky choice for records without one (KIP-480, KIP-794).
//!
//! The sticky choice is uniform over the partitions that have a leader, and moves on after `batch.size` bytes. Left out on purpose: KIP-794's
//! weighting by queue lengths, which would make every choice depend on timing.

use crate::draw::Draw;

/// Kafka's murmur2 of a record's key, as Java's `int`.
pub(crate) fn murmur2(key: &[u8]) -> i32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    let length = u32::try_from(key.len()).unwrap_or(u32::MAX);
    let (words, tail) = key.as_chunks::<4>();
    let mut hash = words.iter().fold(SEED ^ length, |hash, word| {
        let k = u32::from_le_bytes(*word).wrapping_mul(M);
        hash.wrapping_mul(M) ^ (k ^ (k >> 24)).wrapping_mul(M)
    });
    if !tail.is_empty() {
        let rest = tail.iter().rev().fold(0, |rest, &byte| (rest << 8) | u32::from(byte));
        hash = (hash ^ rest).wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    (hash ^ (hash >> 15)).cast_signed()
}

/// The partition of a key among `count` partitions, those without a leader included; 0 if there is none.
pub(crate) fn for_key(key: &[u8], count: usize) -> i32 {
    let positive = i64::from(murmur2(key) & i32::MAX);
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    i32::try_from(positive.checked_rem(count).unwrap_or(0)).unwrap_or(0)
}

/// One topic's sticky partition.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sticky {
    current: Option<i32>,
    bytes: u64,
    moves: u64,
}

impl Sticky {
    /// The partition for a record without a key. `available` lists the partitions that have a leader; if it is empty any of `count` will do.
    pub(crate) fn choose(&mut self, count: usize, available: &(impl Iterator<Item = i32> + Clone), draw: Draw) -> i32 {
        if let Some(current) = self.current {
            return current;
        }
        self.moves += 1;
        let draw = draw.at(self.moves);
        let some = available.clone().count();
        let nth = |end: usize| usize::try_from(draw.below(end as u64)).unwrap_or(0);
        let any = || i32::try_from(nth(count)).unwrap_or(0);
        let chosen = available.clone().nth(nth(some)).unwrap_or_else(any);
        self.current = Some(chosen);
        chosen
    }

    /// Counts what the sticky partition got; after `batch_size` bytes the next record chooses anew.
    pub(crate) fn count(&mut self, bytes: u64, batch_size: u64) {
        self.bytes += bytes;
        if self.bytes >= batch_size {
            self.leave();
        }
    }

    /// Chooses anew for the next record.
    pub(crate) fn leave(&mut self) {
        self.current = None;
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn murmur2_gives_kafkas_values() {
        let facts = [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ];
        for (key, hash) in facts {
            assert_eq!(murmur2(key.as_bytes()), hash, "{key}");
        }
    }

    #[test]
    fn a_sticky_partition_stays_until_a_batch_is_full() {
        let mut sticky = Sticky::default();
        let draw = Draw::seeded(1);
        let first = sticky.choose(8, &(0..8), draw);
        sticky.count(99, 100);
        assert_eq!(sticky.choose(8, &(0..8), draw), first);
        let later: Vec<_> = (0..20)
            .map(|_| {
                sticky.count(100, 100);
                sticky.choose(8, &(0..8), draw)
            })
            .collect();
        assert!(later.iter().any(|&partition| partition != first));
    }

    #[test]
    fn a_sticky_choice_avoids_partitions_without_a_leader() {
        for seed in 0..50 {
            assert_eq!(Sticky::default().choose(8, &[5].into_iter(), Draw::seeded(seed)), 5);
            assert!((0..8).contains(&Sticky::default().choose(8, &[].into_iter(), Draw::seeded(seed))));
        }
    }

    proptest! {
        #[test]
        fn a_key_always_goes_to_the_same_existing_partition(key: Vec<u8>, count in 1usize..200) {
            let partition = for_key(&key, count);
            prop_assert!((0..count).contains(&usize::try_from(partition).unwrap()));
            prop_assert_eq!(partition, for_key(&key, count));
        }
    }
}
