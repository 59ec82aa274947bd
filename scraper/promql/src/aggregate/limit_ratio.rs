//! `limit_ratio`: a share of the series, chosen by a hash of their labels, so that `r` and `r - 1` complement each other.

use crate::Error;
use crate::eval::{ABSENT, Column, Context};
use crate::number::format_short;
use procession_openmetrics::Labels;

pub(super) fn choose(context: &Context<'_>, ratios: &[f64], mut columns: Vec<Column>) -> Result<Vec<Column>, Error> {
    if ratios.iter().all(|r| *r == 0.0) {
        return Ok(Vec::new());
    }
    if ratios.iter().any(|r| r.is_nan()) {
        return Err(Error::Execution("Ratio value is NaN".to_owned()));
    }
    let max = ratios.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let min = ratios.iter().copied().fold(f64::INFINITY, f64::min);
    for (beyond, cap) in [(max > 1.0).then_some((max, 1)), (min < -1.0).then_some((min, -1))].into_iter().flatten() {
        context.warn(format_args!(
            "ratio value should be between -1 and 1, got {}, capping to {cap}",
            format_short(beyond)
        ));
    }
    for column in &mut columns {
        let offset = sampling_offset(&column.labels);
        let first = column.first();
        for (i, value) in column.values_mut().iter_mut().enumerate() {
            let ratio = ratios[first + i].clamp(-1.0, 1.0);
            let keep = if ratio >= 0.0 { offset < ratio } else { offset >= 1.0 + ratio };
            if !keep {
                *value = ABSENT;
            }
        }
    }
    Ok(columns.into_iter().filter_map(Column::trimmed).collect())
}

/// A number in [0, 1) for each label set. Prometheus takes another hash, so its choice differs; the share is the same.
fn sampling_offset(labels: &Labels) -> f64 {
    // FNV-1a, then a finaliser that spreads its weak high bits; stable over runs and machines.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for (name, value) in labels {
        for byte in name.bytes().chain([0xff]).chain(value.bytes()).chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(0xd6e8_feb8_6659_fd93);
    hash ^= hash >> 32;
    // 53 bits, so that the quotient is exact and below 1.
    (hash >> 11) as f64 / (1u64 << 53) as f64
}
