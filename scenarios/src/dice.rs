//! The dice of the generators: one seeded stream per Plan. (Runs draw by key; a generator need not, since its Plan is explicit data.)

use rand_core::{RngCore, SeedableRng};
use rand_xoshiro::Xoshiro256StarStar;

/// A seeded stream of integer draws, the same on every machine.
pub(crate) struct Dice(Xoshiro256StarStar);

impl Dice {
    /// Dice of a scenario's seed. The name keeps two scenarios from drawing alike.
    pub(crate) fn new(scenario: &str, seed: u64) -> Dice {
        let name = scenario
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Dice(Xoshiro256StarStar::seed_from_u64(name ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    /// Any number.
    pub(crate) fn any(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number from `least` to `most`, both included.
    pub(crate) fn range(&mut self, least: u64, most: u64) -> u64 {
        debug_assert!(least <= most);
        least + self.any() % (most - least + 1)
    }

    /// True in `n` of `of` cases.
    pub(crate) fn chance(&mut self, n: u64, of: u64) -> bool {
        self.any() % of < n
    }

    /// One of these; `choices` is not empty.
    pub(crate) fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.range(0, choices.len() as u64 - 1) as usize].clone()
    }

    /// A subset in which each member is with a chance of one half.
    pub(crate) fn subset<T: Clone>(&mut self, of: &[T]) -> Vec<T> {
        of.iter().filter(|_| self.chance(1, 2)).cloned().collect()
    }
}
