//! Seeded draws. SplitMix64: portable, stable in its values, and enough for choices.

/// A source of choices. The same seed gives the same choices, everywhere and for ever.
#[derive(Clone, Debug)]
pub struct Draw {
    state: u64,
}

impl Draw {
    /// A source of its own for a seed and a purpose.
    #[must_use]
    pub fn new(seed: u64, purpose: u64) -> Draw {
        let mut draw = Draw { state: seed ^ purpose.wrapping_mul(0xA076_1D64_78BD_642F) };
        draw.word();
        draw
    }

    /// 64 bits.
    pub fn word(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ self.state >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    /// A number below `end`, or 0 if that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        (self.word() % (end as u64).max(1)) as usize
    }

    /// True in so many cases of a hundred.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.word() % 100 < percent
    }

    /// One of several.
    pub fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }

    /// Mostly the usual value; otherwise one of the odd ones.
    pub fn usually<T: Clone>(&mut self, usual: T, odd: &[T]) -> T {
        if self.percent(85) { usual } else { self.pick(odd) }
    }

    /// A version of a range, the newest half of the time.
    pub fn version(&mut self, versions: wire::codec::Versions) -> i16 {
        if self.percent(50) {
            return versions.max;
        }
        let count = usize::try_from(i32::from(versions.max) - i32::from(versions.min) + 1).unwrap_or(1);
        versions.min + self.below(count) as i16
    }
}
