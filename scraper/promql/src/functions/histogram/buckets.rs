//! Quantiles and shares from cumulative buckets, by linear interpolation within a bucket.

/// A cumulative bucket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    pub(super) upper: f64,
    pub(super) count: f64,
}

/// What was changed to make the counts grow with the bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Corrected {
    pub(super) min_bound: f64,
    pub(super) max_bound: f64,
    pub(super) max_difference: f64,
}

impl Corrected {
    pub(super) fn and(self, other: Corrected) -> Self {
        Corrected {
            min_bound: self.min_bound.min(other.min_bound),
            max_bound: self.max_bound.max(other.max_bound),
            max_difference: self.max_difference.max(other.max_difference),
        }
    }
}

/// Relative differences of counts below this are rounding errors.
const TOLERANCE: f64 = 1e-12;

/// The q-quantile of buckets in the order of their bounds. NaN without a last bucket `+Inf`, without a second bucket,
/// or without observations; in the last bucket the bound before it.
pub(super) fn quantile(q: f64, buckets: &mut Vec<Bucket>) -> (f64, Option<Corrected>) {
    if q.is_nan() {
        return (f64::NAN, None);
    }
    if !(0.0..=1.0).contains(&q) {
        return (if q < 0.0 { f64::NEG_INFINITY } else { f64::INFINITY }, None);
    }
    if buckets.last().is_none_or(|b| b.upper != f64::INFINITY) {
        return (f64::NAN, None);
    }
    coalesce(buckets);
    let corrected = force_monotonic(buckets);
    let last = buckets.len() - 1;
    let observations = buckets[last].count;
    if last == 0 || observations == 0.0 {
        return (f64::NAN, corrected);
    }
    let rank = q * observations;
    let b = first_at_least(&buckets[..last], rank);
    let value = if b == last {
        buckets[last - 1].upper
    } else if b == 0 && buckets[0].upper <= 0.0 {
        buckets[0].upper
    } else {
        let below = if b == 0 { Bucket { upper: 0.0, count: 0.0 } } else { buckets[b - 1] };
        let share = (rank - below.count) / (buckets[b].count - below.count);
        below.upper + (buckets[b].upper - below.upper) * share
    };
    (value, corrected)
}

/// By bisection as Go's `sort.Search` does it, whose answer also counts where counts are NaN.
fn first_at_least(buckets: &[Bucket], rank: f64) -> usize {
    let (mut low, mut high) = (0, buckets.len());
    while low < high {
        let middle = (low + high) / 2;
        if buckets[middle].count >= rank {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// The share of observations between two bounds.
pub(super) fn fraction(lower: f64, upper: f64, buckets: &mut Vec<Bucket>) -> f64 {
    if buckets.last().is_none_or(|b| b.upper != f64::INFINITY) {
        return f64::NAN;
    }
    coalesce(buckets);
    let count = buckets[buckets.len() - 1].count;
    if count == 0.0 || lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    if lower >= upper {
        return 0.0;
    }
    (rank_of(upper, buckets, count) - rank_of(lower, buckets, count)) / count
}

/// How many observations lie below a value. A bucket that is infinitely wide counts as lying at its finite bound.
fn rank_of(value: f64, buckets: &[Bucket], count: f64) -> f64 {
    let mut rank = 0.0;
    let mut bucket_lower = if buckets[0].upper <= 0.0 { f64::NEG_INFINITY } else { 0.0 };
    for bucket in buckets {
        if bucket_lower >= value {
            return cap(rank, count);
        }
        if bucket.upper > value {
            let inside = if bucket_lower == f64::NEG_INFINITY {
                bucket.count
            } else {
                rank + (bucket.count - rank) * (value - bucket_lower) / (bucket.upper - bucket_lower)
            };
            return cap(inside, count);
        }
        rank = bucket.count;
        bucket_lower = bucket.upper;
    }
    count
}

fn cap(rank: f64, count: f64) -> f64 {
    if rank > count { count } else { rank }
}

/// Adds up the counts of equal bounds.
fn coalesce(buckets: &mut Vec<Bucket>) {
    buckets.dedup_by(|next, kept| {
        let same = next.upper == kept.upper;
        if same {
            kept.count += next.count;
        }
        same
    });
}

/// A count below the one before it is raised to it; one that differs by a rounding error alone silently so.
fn force_monotonic(buckets: &mut [Bucket]) -> Option<Corrected> {
    let mut corrected: Option<Corrected> = None;
    let mut before = buckets[0].count;
    for bucket in &mut buckets[1..] {
        let count = bucket.count;
        if count == before {
        } else if almost_equal(before, count) {
            bucket.count = before;
        } else if count < before {
            bucket.count = before;
            let this = Corrected { min_bound: bucket.upper, max_bound: bucket.upper, max_difference: before - count };
            corrected = Some(corrected.map_or(this, |c| c.and(this)));
        } else {
            before = count;
        }
    }
    corrected
}

fn almost_equal(a: f64, b: f64) -> bool {
    if a.is_nan() && b.is_nan() {
        return true;
    }
    let (sum, difference) = (a.abs() + b.abs(), (a - b).abs());
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        difference < TOLERANCE * f64::MIN_POSITIVE
    } else {
        difference / sum.min(f64::MAX) < TOLERANCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(list: &[(f64, f64)]) -> Vec<Bucket> {
        list.iter().map(|(upper, count)| Bucket { upper: *upper, count: *count }).collect()
    }

    #[test]
    fn interpolates() {
        let all = [(0.1, 1.0), (0.2, 3.0), (1.0, 4.0), (f64::INFINITY, 5.0)];
        for (q, expected) in [(0.0, 0.0), (0.1, 0.05), (0.4, 0.15), (0.7, 0.6), (0.9, 1.0), (1.0, 1.0)] {
            let (value, corrected) = quantile(q, &mut buckets(&all));
            assert!((value - expected).abs() < 1e-12 && corrected.is_none(), "{q}: {value}");
        }
        assert!(quantile(0.5, &mut buckets(&all[..3])).0.is_nan());
        assert!(quantile(0.5, &mut buckets(&all[3..])).0.is_nan());
        assert_eq!(fraction(0.1, 0.2, &mut buckets(&all)), 0.4);
        assert_eq!(fraction(f64::NEG_INFINITY, f64::INFINITY, &mut buckets(&all)), 1.0);
    }

    #[test]
    fn forces_counts_to_grow() {
        let (value, corrected) = quantile(0.5, &mut buckets(&[(1.0, 4.0), (2.0, 1.0), (f64::INFINITY, 8.0)]));
        assert_eq!(value, 1.0);
        assert_eq!(corrected, Some(Corrected { min_bound: 2.0, max_bound: 2.0, max_difference: 3.0 }));
    }
}
