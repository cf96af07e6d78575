//! Keyed draws: what a client draws depends on its seed and on what the draw is for, never on how often it drew before.

/// A place in the tree of draws. The mix is SplitMix64's finalizer, whose values are the same everywhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draw(u64);

/// What draws are for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    Reconnect = 1,
    Retry,
    Metadata,
    AnyNode,
    Sticky,
}

impl Draw {
    pub(crate) fn seeded(seed: u64) -> Draw {
        Draw(mix(seed))
    }

    pub(crate) fn of(self, purpose: Purpose) -> Draw {
        self.at(purpose as u64)
    }

    pub(crate) fn at(self, number: u64) -> Draw {
        Draw(mix(self.0.wrapping_add(mix(number))))
    }

    /// A number below `end`; 0 if `end` is 0.
    pub(crate) fn below(self, end: u64) -> u64 {
        let wide = u128::from(mix(self.0)) * u128::from(end);
        u64::try_from(wide >> 64).unwrap_or(0)
    }
}

fn mix(state: u64) -> u64 {
    let z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
