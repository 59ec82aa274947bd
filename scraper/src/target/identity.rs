//! What makes a target itself, over restarts and on every machine.

use super::Target;

impl Target {
    /// A number that depends on the target's labels and URL and on nothing else; with `seed` 0 it is the same in every
    /// process and version. It spreads targets over their interval.
    pub fn hash(&self, seed: u64) -> u64 {
        let mut hash = Fnv1a::default();
        for (name, value) in &self.labels {
            hash.write(name);
            hash.write(value);
        }
        hash.write(&self.url);
        mix(hash.0) ^ seed
    }
}

/// A number for a label set, to be used as a seed.
pub(crate) fn seed(labels: &procession_openmetrics::Labels) -> u64 {
    let mut hash = Fnv1a::default();
    labels.iter().for_each(|(name, value)| {
        hash.write(name);
        hash.write(value);
    });
    if labels.is_empty() { 0 } else { mix(hash.0) }
}

/// FNV-1a, 64 bits. The standard library's hasher may change between versions.
struct Fnv1a(u64);

impl Default for Fnv1a {
    fn default() -> Self {
        Fnv1a(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv1a {
    fn write(&mut self, text: &str) {
        // The byte 0xff stands in no text: it keeps "ab", "c" and "a", "bc" apart.
        for byte in text.bytes().chain([0xff]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

/// Spreads the differences of neighbouring inputs over all bits (the finaliser of MurmurHash3): offsets are a remainder,
/// and the addresses of a fleet differ in their last characters only.
fn mix(mut hash: u64) -> u64 {
    hash = (hash ^ hash >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ hash >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ hash >> 33
}

#[cfg(test)]
mod tests {
    use super::*;
    use procession_openmetrics::Labels;
    use std::time::Duration;

    fn target(host: usize) -> Target {
        let address = format!("host-{host}:9956");
        Target {
            pool: "p".to_owned(),
            discovered: Labels::empty(),
            labels: Labels::from_pairs([("instance", address.as_str()), ("job", "p")]),
            url: format!("http://{address}/metrics"),
            interval: Duration::from_secs(15),
            timeout: Duration::from_secs(10),
        }
    }

    #[test]
    fn a_restart_changes_nothing() {
        // A changed number moves every target of every installation: this one is pinned.
        assert_eq!(target(1).hash(0), PINNED);
        assert_eq!(target(1).hash(7), PINNED ^ 7);
    }

    const PINNED: u64 = 2_111_374_255_682_497_939;

    #[test]
    fn a_fleet_spreads_over_the_interval() {
        let mut tenths = [0; 10];
        for host in 0..1000 {
            tenths[(target(host).hash(0) % 15_000_000_000 / 1_500_000_000) as usize] += 1;
        }
        assert!(tenths.iter().all(|n| (60..140).contains(n)), "{tenths:?}");
    }
}
