//! Keyed randomness: what is drawn depends on what it is drawn *for*, never on how often somebody else drew before.
//!
//! A [`Draw`] is a 64-bit state. Narrowing it (`of` a purpose, `at` a number) mixes the key in; ending it (`below`,
//! `range`, `permille`) gives a value. Removing one fault or message from a run therefore does not reshuffle the
//! rest, on which shrinking depends. The mix is the finalizer of SplitMix64 (Steele, Lea and Flood 2014), whose
//! values are the same everywhere and for ever. No floats.

/// A place in the tree of draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Draw(u64);

impl Draw {
    /// The root of a run's draws.
    #[must_use]
    pub fn seeded(seed: u64) -> Draw {
        Draw(mix(seed))
    }

    /// The draws for a purpose, or for a thing that has a name.
    #[must_use]
    pub fn of(self, purpose: &str) -> Draw {
        let words = purpose.as_bytes().chunks(8).map(word);
        words.fold(self.at(purpose.len() as u64), Draw::at)
    }

    /// The draws for a number: a node, a link, a step, a count.
    #[must_use]
    pub fn at(self, number: u64) -> Draw {
        Draw(mix(self.0.wrapping_add(mix(number))))
    }

    /// 64 bits.
    #[must_use]
    pub fn bits(self) -> u64 {
        mix(self.0)
    }

    /// A number below `end`; 0 if `end` is 0. The bias is below 2^-64 of each value's chance times `end`, which
    /// nobody can see.
    #[must_use]
    pub fn below(self, end: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(end)) >> 64) as u64
    }

    /// A number from `least` to `most`, both included; `least` if they are the wrong way round.
    #[must_use]
    pub fn range(self, (least, most): (u64, u64)) -> u64 {
        let span = most.saturating_sub(least);
        least + self.below(span.saturating_add(1))
    }

    /// True in so many cases out of a thousand.
    #[must_use]
    pub fn permille(self, chance: u16) -> bool {
        self.below(1000) < u64::from(chance)
    }
}

/// Up to eight bytes as a little-endian number.
fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
}

fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_the_same_for_ever() {
        let draw = Draw::seeded(1).of("disk").at(2);
        assert_eq!((Draw::seeded(1).of("disk").at(2), draw.below(6)), (draw, draw.below(6)));
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf, "the first output of SplitMix64 seeded with 0, as published");
    }

    #[test]
    fn keys_that_differ_anywhere_draw_independently() {
        let root = Draw::seeded(7);
        let draws = [
            root,
            root.of("a"),
            root.of("b"),
            root.of("a\0"),
            root.of("").of("a"),
            root.at(0),
            root.at(1),
            root.at(0).at(0),
        ];
        let distinct: std::collections::BTreeSet<u64> = draws.iter().map(|draw| draw.bits()).collect();
        assert_eq!(distinct.len(), draws.len());
    }

    #[test]
    fn ranges_and_ratios_reach_their_ends_and_nothing_else() {
        let draws = |i| Draw::seeded(3).at(i);
        let seen: std::collections::BTreeSet<u64> = (0..1000).map(|i| draws(i).range((5, 8))).collect();
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), [5, 6, 7, 8]);
        let hits = (0..10_000).filter(|&i| draws(i).permille(250)).count();
        assert!((2_300..2_700).contains(&hits), "{hits}");
        assert!((0..1000).all(|i| !draws(i).permille(0) && draws(i).permille(1000)));
        assert_eq!(
            (draws(0).below(0), draws(0).range((9, 3)), draws(0).range((0, u64::MAX))),
            (0, 9, draws(0).range((0, u64::MAX)))
        );
    }
}
