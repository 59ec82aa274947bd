//! Maps and sets by the number of a series.

use hashbrown::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// A map by number.
pub(crate) type NumberMap<V> = HashMap<u32, V, BuildHasherDefault<NumberHasher>>;
/// A set of numbers.
pub(crate) type NumberSet = HashSet<u32, BuildHasherDefault<NumberHasher>>;

/// Numbers count up, so that their own low bits spread them, and series that are scraped together stand together in
/// memory. The high bits, which tell entries of one place apart, come from a product. Nobody outside chooses numbers.
#[derive(Clone, Copy, Default)]
pub(crate) struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u32(u32::from(*byte)));
    }

    fn write_u32(&mut self, number: u32) {
        let spread = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = (spread & 0xffff_ffff_0000_0000) | u64::from(number);
    }
}
