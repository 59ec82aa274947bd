//! A logarithmic value axis: ticks on powers of ten (of two for bytes), or between them where one decade is all there is.

use super::value::{ValueScale, ticks};
use crate::chart::unit::Unit;

/// The value axis for data from `low` to `high`, the lowest and highest values above zero, with room for at most `most`
/// ticks. Edges that are not above zero are taken from the data.
pub(crate) fn log_scale(
    low: f64,
    high: f64,
    fixed_min: Option<f64>,
    fixed_max: Option<f64>,
    unit: Unit,
    most: usize,
) -> ValueScale {
    let usable = low > 0.0 && high.is_finite() && low <= high;
    let (low, high) = if usable { (low, high) } else { (1.0, 10.0) };
    // A little air; a flat line gets half a decade on each side.
    let air = if high > low * (1.0 + 1e-9) { 10f64.powf((high.log10() - low.log10()) * 0.04) } else { 3.0 };
    let positive = |edge: Option<f64>| edge.filter(|edge| *edge > 0.0);
    let min = positive(fixed_min).unwrap_or((low / air).max(f64::MIN_POSITIVE));
    let mut max = positive(fixed_max).unwrap_or((high * air).min(f64::MAX / 4.0));
    if max <= min {
        max = min * 10.0;
    }
    let base: f64 = if unit.is_binary() { 2.0 } else { 10.0 };
    let (first, last) = ((min.log10() / base.log10()).ceil() as i32, (max.log10() / base.log10()).floor() as i32);
    let powers = (last - first + 1).max(0) as usize;
    let values: Vec<f64> = if powers == 0 || (powers < 3 && base == 10.0) {
        let between = (first - 1..=last).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10f64.powi(power)));
        between.filter(|value| (min..=max).contains(value)).collect()
    } else {
        (first..=last).step_by(powers.div_ceil(most.max(2))).map(|power| base.powi(power)).collect()
    };
    let label = |value| Some(unit.format_tick(value, value, value)).filter(|label| label.len() <= 9);
    let labelled: Vec<(f64, String)> =
        values.into_iter().map(|value| (value, label(value).unwrap_or_else(|| unit.format(value)))).collect();
    // Less than a decade may hold none of those: then the steps of a linear axis.
    let step = (max - min) / most.max(2) as f64;
    let ticks = if labelled.len() >= 2 { labelled } else { ticks(min, max, super::value::nice_step(step, unit), unit) };
    ValueScale { min, max, log: true, ticks }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ticks_of_powers() {
        for (low, high, unit, expected) in [
            (0.001, 100.0, Unit::Cores, "0.001 | 0.1 | 10"),
            (1.0, 90.0, Unit::Short, "1 | 10 | 100"),
            (1.0, 1e6, Unit::Short, "1 | 100 | 10 k | 1 M"),
            (1024.0, 1_073_741_824.0, Unit::Bytes, "1 KiB | 32 KiB | 1 MiB | 32 MiB | 1 GiB"),
            (1.5, 60.0, Unit::Short, "2 | 5 | 10 | 20 | 50"),
            (3.2, 4.1, Unit::Short, "3.2 | 3.4 | 3.6 | 3.8 | 4.0"),
        ] {
            let scale = log_scale(low, high, None, None, unit, 5);
            let labels: Vec<&str> = scale.ticks.iter().map(|(_, label)| label.as_str()).collect();
            assert_eq!(labels.join(" | "), expected, "{low}..{high} {unit}");
        }
    }

    #[test]
    fn the_middle_is_the_geometric_mean() {
        let scale = log_scale(1.0, 100.0, Some(1.0), Some(100.0), Unit::Short, 5);
        assert_eq!((scale.part(1.0), scale.part(10.0), scale.part(100.0)), (0.0, 0.5, 1.0));
    }

    proptest! {
        #[test]
        fn any_data_gives_a_usable_axis(
            a in any::<f64>(), b in any::<f64>(), unit in 0..8usize,
            min in prop::option::of(-1e300..1e300f64), max in prop::option::of(-1e300..1e300f64),
        ) {
            let unit = crate::chart::unit::UNITS[unit].1;
            let scale = log_scale(a.min(b), a.max(b), min, max, unit, 6);
            prop_assert!(0.0 < scale.min && scale.min < scale.max, "{scale:?}");
            prop_assert!(scale.ticks.len() <= 14, "{scale:?}");
            prop_assert!(scale.ticks.windows(2).all(|w| w[0].0 < w[1].0), "{scale:?}");
        }
    }
}
