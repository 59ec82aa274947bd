//! The samples of one series, packed.
//!
//! A sample is a byte that says what follows, then what its timestamp differs by from the expected one (as far from the
//! last as the last from the one before), then the bytes in which its value differs from the last value. A sample that
//! came on time with an unchanged value is one byte. Every [`RUN`] samples it starts afresh, so that reading can too.

/// Samples between two places where reading can begin.
const RUN: u32 = 128;

/// Packed columns of one series, ascending in time.
#[derive(Debug, Default)]
pub(super) struct Samples {
    bytes: Vec<u8>,
    /// Where the runs after the first begin, and the timestamp of their first sample.
    marks: Vec<(u32, i64)>,
    first_ms: i64,
    last_ms: i64,
    last_delta: i64,
    last_bits: u64,
    count: u32,
}

impl Samples {
    pub(super) fn push(&mut self, timestamp_ms: i64, value: f64) {
        let bits = value.to_bits();
        if self.count.is_multiple_of(RUN) {
            if self.count == 0 {
                self.first_ms = timestamp_ms;
            } else {
                // A series of four gigabytes would have been sealed long before.
                self.marks.push((self.bytes.len() as u32, timestamp_ms));
            }
            (self.last_ms, self.last_delta, self.last_bits) = (timestamp_ms, 0, 0);
        }
        let delta = timestamp_ms.wrapping_sub(self.last_ms);
        let late = delta.wrapping_sub(self.last_delta);
        let changed = bits ^ self.last_bits;
        let low = if changed == 0 { 0 } else { changed.trailing_zeros() / 8 };
        let length = if changed == 0 { 0 } else { 8 - low - changed.leading_zeros() / 8 };
        // At most 7 * 9 + 8, which leaves the highest bit.
        self.bytes.push((low * 9 + length) as u8 | if late == 0 { 0 } else { 0x80 });
        if late != 0 {
            push_varint(&mut self.bytes, ((late << 1) ^ (late >> 63)) as u64);
        }
        self.bytes.extend_from_slice(&(changed >> (low * 8)).to_le_bytes()[..length as usize]);
        (self.last_ms, self.last_delta, self.last_bits) = (timestamp_ms, delta, bits);
        self.count += 1;
    }

    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// What it takes in memory beside itself.
    pub(super) fn memory_bytes(&self) -> usize {
        self.bytes.capacity() + self.marks.capacity() * size_of::<(u32, i64)>()
    }

    /// The first and the last timestamp.
    pub(super) fn span_ms(&self) -> (i64, i64) {
        (self.first_ms, self.last_ms)
    }

    /// The last sample. Meaningless where there is none.
    pub(super) fn last(&self) -> (i64, f64) {
        (self.last_ms, f64::from_bits(self.last_bits))
    }

    /// Appends the samples with `start_ms < timestamp <= end_ms`.
    pub(super) fn read(&self, start_ms: i64, end_ms: i64, timestamps: &mut Vec<i64>, values: &mut Vec<f64>) {
        if self.count == 0 || self.last_ms <= start_ms || self.first_ms > end_ms {
            return;
        }
        let later = self.marks.partition_point(|(_, first_ms)| *first_ms <= start_ms.saturating_add(1));
        let (mut at, mut time) = match later {
            0 => (0, self.first_ms),
            n => (self.marks[n - 1].0 as usize, self.marks[n - 1].1),
        };
        let mut marks = self.marks[later..].iter();
        let mut next = marks.next();
        let (mut delta, mut bits) = (0i64, 0u64);
        while let Some(&head) = self.bytes.get(at) {
            if next.is_some_and(|(mark, _)| *mark as usize == at) {
                time = next.map_or(time, |(_, first_ms)| *first_ms);
                (delta, bits) = (0, 0);
                next = marks.next();
            }
            at += 1;
            if head & 0x80 != 0 {
                let late = read_varint(&self.bytes, &mut at);
                delta = delta.wrapping_add((late >> 1) as i64 ^ -((late & 1) as i64));
            }
            time = time.wrapping_add(delta);
            if time > end_ms {
                return;
            }
            let (low, length) = (u32::from(head & 0x7f) / 9, usize::from(head & 0x7f) % 9);
            let mut changed = [0; 8];
            changed[..length].copy_from_slice(&self.bytes[at..at + length]);
            at += length;
            bits ^= u64::from_le_bytes(changed) << (low * 8);
            if time > start_ms {
                timestamps.push(time);
                values.push(f64::from_bits(bits));
            }
        }
    }
}

fn push_varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn read_varint(bytes: &[u8], at: &mut usize) -> u64 {
    let (mut number, mut shift) = (0, 0);
    loop {
        let byte = bytes[*at];
        *at += 1;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return number;
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use procession_openmetrics::STALE_NAN;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = f64> {
        prop_oneof![
            any::<u64>().prop_map(f64::from_bits),
            (0u32..50).prop_map(f64::from),
            Just(STALE_NAN),
            Just(-0.0),
            Just(f64::INFINITY)
        ]
    }

    proptest! {
        #[test]
        fn gives_back_what_it_took(
            first in prop_oneof![Just(i64::MIN / 2), Just(0), Just(1_735_689_600_000)],
            steps in proptest::collection::vec(
                (prop_oneof![Just(15_000i64), 1i64..3, Just(1 << 50)], value()), 0..600),
            from in 0usize..600,
            until in 0usize..600,
        ) {
            let (mut samples, mut time, mut all) = (Samples::default(), first, Vec::new());
            for (step, value) in steps {
                time += step;
                samples.push(time, value);
                all.push((time, value.to_bits()));
            }
            let moment = |at: usize| all.get(at).map_or(first + at as i64, |(t, _)| *t);
            let (start, end) = (moment(from), moment(until));
            let (mut timestamps, mut values) = (Vec::new(), Vec::new());
            samples.read(start, end, &mut timestamps, &mut values);
            let got: Vec<_> = timestamps.into_iter().zip(values.into_iter().map(f64::to_bits)).collect();
            let expected: Vec<_> = all.iter().copied().filter(|(t, _)| *t > start && *t <= end).collect();
            prop_assert_eq!(got, expected);
            prop_assert_eq!(samples.count() as usize, all.len());
        }
    }

    #[test]
    fn what_repeats_is_small() {
        let mut samples = Samples::default();
        (0..10_000).for_each(|i| samples.push(i * 15_000, 42.0));
        assert!(samples.bytes.len() < 11_000, "{}", samples.bytes.len());
    }
}
