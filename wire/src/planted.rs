//! Planted bugs: documented bugs of real systems, each a guarded alternative of at most three lines beside the correct code.
//!
//! A core declares its bugs with [`planted_bugs!`](crate::planted_bugs) and carries a [`Planted`] in its configuration, never a global. Without the
//! cargo feature `bugs` the guard is a constant `false` and the alternative is not compiled into anything.

use std::cell::Cell;

/// Which bugs of one core are switched on, and which were reached. `B` is the enum that `planted_bugs!` declared.
#[derive(Clone, Debug)]
pub struct Planted<B> {
    on: u128,
    reached: Cell<u128>,
    bugs: std::marker::PhantomData<B>,
}

impl<B> Default for Planted<B> {
    /// None is on.
    fn default() -> Self {
        Planted { on: 0, reached: Cell::new(0), bugs: std::marker::PhantomData }
    }
}

impl<B: Copy + Into<u32>> Planted<B> {
    /// Switches one on.
    #[must_use]
    pub fn with(mut self, bug: B) -> Self {
        self.on |= 1 << bug.into();
        self
    }

    /// The guard: whether the bug is planted here; if so, that the run reached it is noted.
    #[inline]
    pub fn has(&self, bug: B) -> bool {
        if cfg!(not(feature = "bugs")) {
            return false;
        }
        let bit = self.on & (1 << bug.into());
        self.reached.set(self.reached.get() | bit);
        bit != 0
    }

    /// Whether a planted bug's guard was passed since the node was opened.
    #[must_use]
    pub fn was_reached(&self) -> bool {
        self.reached.get() != 0
    }
}

/// Declares an enum of planted bugs with their ids: `planted_bugs! { /// doc with the report \n D01, ... }`.
#[macro_export]
macro_rules! planted_bugs {
    ($($(#[$doc:meta])* $id:ident),* $(,)?) => {
        /// The bugs that can be planted in this crate; each names the report that it comes from.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u32)]
        pub enum Bug { $($(#[$doc])* $id),* }

        impl Bug {
            /// All of them, in the order of declaration.
            pub const ALL: &'static [Bug] = &[$(Bug::$id),*];

            /// The catalogue's id, as `D01`.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self { $(Bug::$id => stringify!($id)),* }
            }

            /// The bug with a catalogue id.
            #[must_use]
            pub fn from_id(id: &str) -> Option<Bug> {
                Bug::ALL.iter().copied().find(|bug| bug.id() == id)
            }
        }

        impl From<Bug> for u32 {
            fn from(bug: Bug) -> u32 { bug as u32 }
        }
    };
}
