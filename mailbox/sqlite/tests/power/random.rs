//! Chance that can be repeated: `FUMIBAKO_SEED=…` makes the same numbers again.

use std::hash::{BuildHasher, Hasher, RandomState};

const SEED: &str = "FUMIBAKO_SEED";
const LONG: &str = "FUMIBAKO_LONG";

/// The `SplitMix64` generator.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn from_seed(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// The seed that was asked for, or one nobody chose.
pub(crate) fn seed() -> u64 {
    let asked = std::env::var(SEED).ok().and_then(|seed| seed.parse().ok());
    asked.unwrap_or_else(|| {
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u32(std::process::id());
        hasher.finish()
    })
}

/// `.ci/long` asks for the long form.
pub(crate) fn is_long() -> bool {
    std::env::var_os(LONG).is_some_and(|asked| asked == "1")
}
