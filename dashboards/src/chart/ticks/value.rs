//! Ticks of the value axis: 1, 2, 5 for most units, powers of two for bytes, clock steps for durations.

use crate::chart::unit::Unit;

/// A value axis: its range, and the ticks inside it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ValueScale {
    /// The value at the lower edge.
    pub(crate) min: f64,
    /// The value at the upper edge, above `min`.
    pub(crate) max: f64,
    /// True where equal distances are equal ratios; then `min` is above zero.
    pub(crate) log: bool,
    /// Tick values from low to high with what they say.
    pub(crate) ticks: Vec<(f64, String)>,
}

impl ValueScale {
    /// Where a value lies: 0 at the lower edge, 1 at the upper one. On a logarithmic axis NaN for a value below zero,
    /// minus infinity for zero.
    pub(crate) fn part(&self, value: f64) -> f64 {
        let (min, max) = (self.min, self.max);
        if self.log {
            return (value.log10() - min.log10()) / (max.log10() - min.log10());
        }
        // Halves: the difference of two values may be beyond f64.
        (value / 2.0 - min / 2.0) / (max / 2.0 - min / 2.0)
    }
}

/// Durations that people count in, above a second.
const CLOCK: [f64; 17] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 10_800.0, 21_600.0,
    43_200.0,
];

/// The step that people count in nearest above `rough`; powers of two lie far apart, so there one
/// a little below will do.
pub(super) fn nice_step(rough: f64, unit: Unit) -> f64 {
    if unit.is_binary() && rough >= 1.0 {
        return 2f64.powi((rough.log2() - 0.25).ceil() as i32);
    }
    if unit == Unit::Seconds && rough > 0.5 {
        if let Some(step) = CLOCK.iter().find(|step| **step >= rough) {
            return *step;
        }
        return 86_400.0 * decimal_step(rough / 86_400.0);
    }
    if unit == Unit::Ratio {
        return decimal_step(rough * 100.0) / 100.0;
    }
    decimal_step(rough)
}

fn decimal_step(rough: f64) -> f64 {
    let power = rough.log10().floor();
    let base = 10f64.powf(power);
    for factor in [1.0, 2.0, 2.5, 5.0] {
        // 2.5 has one digit more than its neighbours: only where it stays a whole number.
        if factor == 2.5 && power < 1.0 {
            continue;
        }
        if base * factor >= rough * (1.0 - 1e-9) {
            return base * factor;
        }
    }
    base * 10.0
}

/// The value axis for finite data between `low` and `high`, with room for at most `most` ticks (at least 2).
///
/// `fixed_min` and `fixed_max` are kept exactly as given. Otherwise the axis starts at zero for data that is
/// nowhere negative, unless `fit` asks to use the whole height for the data; a flat line gets an axis around it.
pub(crate) fn value_scale(
    low: f64,
    high: f64,
    fixed_min: Option<f64>,
    fixed_max: Option<f64>,
    fit: bool,
    unit: Unit,
    most: usize,
) -> ValueScale {
    let most = most.max(2);
    let (mut min, mut max) = if low.is_finite() && high.is_finite() && low <= high { (low, high) } else { (0.0, 1.0) };
    if !fit {
        min = min.min(0.0);
        max = max.max(0.0);
    }
    // Halves, so that the whole range of f64 cannot overflow to infinity.
    let spread = (max / 2.0 - min / 2.0) * 2.0;
    let spread = if spread.is_finite() { spread } else { f64::MAX / 4.0 };
    if spread <= max.abs().max(min.abs()) * 1e-12 {
        let around = if max == 0.0 { flat_zero(unit) } else { max.abs() * 0.1 };
        min = if max == 0.0 { 0.0 } else { min - around };
        max += around;
    } else {
        // A little air above the highest point, and below where the axis does not stand on zero.
        max = if max == 0.0 { 0.0 } else { max + spread * 0.06 };
        min = if min == 0.0 { 0.0 } else { min - spread * 0.06 };
    }
    max = max.clamp(-f64::MAX / 4.0, f64::MAX / 4.0);
    min = min.clamp(-f64::MAX / 4.0, f64::MAX / 4.0);
    min = fixed_min.unwrap_or(min);
    max = fixed_max.unwrap_or(max);
    if max <= min {
        // One edge was fixed beyond the data.
        match (fixed_min, fixed_max) {
            (None, Some(_)) => min = max - max.abs().max(1.0),
            _ => max = min + min.abs().max(1.0),
        }
    }
    let step = nice_step((max - min) / most as f64, unit);
    ValueScale { min, max, log: false, ticks: ticks(min, max, step, unit) }
}

/// The height of an axis on which everything is zero.
fn flat_zero(unit: Unit) -> f64 {
    match unit {
        Unit::Bytes | Unit::BytesPerSecond => 1000.0,
        Unit::Percent => 100.0,
        _ => 1.0,
    }
}

pub(super) fn ticks(min: f64, max: f64, step: f64, unit: Unit) -> Vec<(f64, String)> {
    let largest = min.abs().max(max.abs());
    let slack = (max - min) * 1e-9;
    let first = ((min - slack) / step).ceil();
    (0..64)
        .map(|i| (first + f64::from(i)) * step)
        .take_while(|value| *value <= max + slack)
        .map(|value| if value.abs() < step * 1e-9 { 0.0 } else { value })
        .map(|value| (value, unit.format_tick(value, step, largest)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labels(low: f64, high: f64, unit: Unit) -> String {
        let scale = value_scale(low, high, None, None, false, unit, 5);
        scale.ticks.iter().map(|(_, label)| label.as_str()).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn steps_a_person_would_choose() {
        const GIB: f64 = 1_073_741_824.0;
        for (low, high, unit, expected) in [
            (0.0, 1.0, Unit::Cores, "0 | 0.5 | 1.0"),
            (0.1, 0.7, Unit::Cores, "0 | 0.2 | 0.4 | 0.6"),
            (0.0, 4.0, Unit::Cores, "0 | 1 | 2 | 3 | 4"),
            (0.0, 3.0 * GIB, Unit::Bytes, "0 | 1 GiB | 2 GiB | 3 GiB"),
            (0.0, 0.9 * GIB, Unit::Bytes, "0 | 256 MiB | 512 MiB | 768 MiB"),
            (0.0, 90.0, Unit::Percent, "0% | 20% | 40% | 60% | 80%"),
            (0.0, 1.0, Unit::Ratio, "0% | 25% | 50% | 75% | 100%"),
            (0.0, 0.9, Unit::Ratio, "0% | 20% | 40% | 60% | 80%"),
            (0.0, 100.0, Unit::Seconds, "0 | 30 s | 60 s | 90 s"),
            (-5.0, 5.0, Unit::Short, "-5 | 0 | 5"),
            (0.0, 0.0, Unit::Bytes, "0 | 256 B | 512 B | 768 B"),
            (7.0, 7.0, Unit::Short, "0 | 2 | 4 | 6"),
            (0.0, 120_000.0, Unit::Short, "0 | 50 k | 100 k"),
        ] {
            assert_eq!(labels(low, high, unit), expected, "{low}..{high} {unit}");
        }
    }

    #[test]
    fn an_axis_may_fit_its_data() {
        let scale = value_scale(100.0, 104.0, None, None, true, Unit::Short, 5);
        assert!(scale.min > 99.0 && scale.max < 105.0, "{scale:?}");
        let flat = value_scale(100.0, 100.0, None, None, true, Unit::Short, 5);
        assert!(flat.min < 100.0 && flat.max > 100.0, "{flat:?}");
    }

    #[test]
    fn fixed_edges_stay() {
        let scale = value_scale(0.0, 50.0, Some(10.0), Some(20.0), false, Unit::Short, 5);
        assert_eq!((scale.min, scale.max), (10.0, 20.0));
    }

    proptest! {
        #[test]
        fn any_data_gives_a_usable_axis(a in any::<f64>(), b in any::<f64>(), fit in any::<bool>(), unit in 0..8usize) {
            let unit = crate::chart::unit::UNITS[unit].1;
            let scale = value_scale(a.min(b), a.max(b), None, None, fit, unit, 6);
            prop_assert!(scale.min < scale.max, "{scale:?}");
            prop_assert!(scale.ticks.len() <= 14, "{scale:?}");
            prop_assert!(scale.ticks.windows(2).all(|w| w[0].0 < w[1].0), "{scale:?}");
        }
    }
}
