//! Whether a question is cheaper to answer from rows or from samples: both are counted in samples of blocks that are
//! decoded. Rows are stored as some eight of them.

use super::Rollups;
use crate::blocks::{Block, Blocks};
use crate::query::Parts;

/// What a stored sample of a row costs, which is put together with others; opening the columns of a block; reading one
/// series of an index that is not in memory; and one of a block of an earlier version, which has no index.
const OF_ROW: f64 = 2.0;
const OF_BLOCK: f64 = 5_000.0;
const OF_SERIES: f64 = 3.0;
const WITHOUT_INDEX: f64 = 100.0;

/// The share that the rows of `parts`, which are of the width at this place, cost of what the samples do that they stand for in
/// these stretches of time.
pub(super) fn share_of_samples(
    rollups: &Rollups,
    at: usize,
    parts: &Parts,
    samples: &Blocks,
    stretches: &[(i64, i64)],
) -> f64 {
    let (blocks, rows) = stretches.iter().fold((0, 0), |(blocks, rows), stretch| {
        let of_stretch = parts.about(*stretch);
        (of_stretch.0.max(blocks), of_stretch.1 + rows)
    });
    let of_rows = blocks as f64 * OF_BLOCK + rows as f64 * OF_ROW;
    // What the series are of all is only known where the index is read; it is taken to be the same in rows and samples.
    let all_rows: f64 = rollups.blocks[at].list().blocks.iter().map(|b| samples_in(b, stretches)).sum();
    let share = rows as f64 / all_rows.max(1.0);
    let of_samples: f64 = (samples.list().blocks.iter())
        .map(|block| (block, samples_in(block, stretches)))
        .filter(|(_, samples)| *samples > 0.0)
        .map(|(block, count)| {
            let of_series = match &block.meta {
                meta if samples.indexes.has(meta.number) => 0.0,
                meta if meta.index_file.is_some() => OF_SERIES,
                _ => WITHOUT_INDEX,
            };
            OF_BLOCK + block.meta.series as f64 * of_series + count * share
        })
        .sum();
    of_rows / of_samples.max(1.0)
}

/// About how many samples a block has in stretches of time, as if they were evenly spread.
fn samples_in(block: &Block, stretches: &[(i64, i64)]) -> f64 {
    let meta = &block.meta;
    // Both ends are in it.
    let (first, end) = (meta.first_ms - 1, meta.last_ms);
    let within = |(a, b): &(i64, i64)| ((*b).min(end) - (*a).max(first)).max(0) as f64;
    let length = (end - first) as f64;
    meta.samples as f64 * (stretches.iter().map(within).sum::<f64>() / length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_spread_evenly() {
        let block = Block::new("x".into(), crate::blocks::meta(1, &[1], 101, 200));
        assert_eq!(samples_in(&block, &[(100, 200)]), 1000.0);
        assert_eq!(samples_in(&block, &[(0, 110), (150, 160)]), 200.0);
        assert_eq!(samples_in(&block, &[(0, 100), (200, 900)]), 0.0);
    }
}
