//! Which blocks are merged into one.

use super::Block;
use std::sync::Arc;

/// The most blocks that are merged at a time, and the most series that they may have together where they are more than
/// two: each takes some 50 bytes meanwhile. What is left is merged with the result of it.
const MAX_BLOCKS: usize = 16;
const MAX_SERIES: u64 = 1_500_000;

/// The next blocks to merge into one, oldest windows first: two or more that lie in one window of time that is over,
/// and have no more samples together than a block may have.
///
/// `windows_ms` ascend (two hours, a day); a window begins at a multiple of its length. It is over when `newest_ms` is past
/// its end.
pub(crate) fn next_merge(
    blocks: &[Arc<Block>],
    windows_ms: &[i64],
    newest_ms: i64,
    max_samples: u64,
) -> Option<Vec<Arc<Block>>> {
    windows_ms.iter().filter(|&&w| w > 0).find_map(|&width| {
        let window = |b: &Arc<Block>| {
            let at = b.meta.first_ms.div_euclid(width);
            (at == b.meta.last_ms.div_euclid(width) && at < newest_ms.div_euclid(width)).then_some(at)
        };
        let mut of_windows: Vec<(i64, &Arc<Block>)> = blocks.iter().filter_map(|b| Some((window(b)?, b))).collect();
        of_windows.sort_by_key(|(at, b)| (*at, b.meta.first_ms, b.meta.number));
        of_windows.chunk_by(|a, b| a.0 == b.0).find_map(|chunk| group(chunk, max_samples))
    })
}

/// The first blocks of a window that fit into one.
fn group(window: &[(i64, &Arc<Block>)], max_samples: u64) -> Option<Vec<Arc<Block>>> {
    let mut rest = window;
    while rest.len() >= 2 {
        let (mut samples, mut series) = (0u64, 0u64);
        let fit = rest.iter().enumerate().take_while(|(at, (_, b))| {
            samples = samples.saturating_add(b.meta.samples);
            series = series.saturating_add(b.meta.series);
            samples <= max_samples && (*at < 2 || (*at < MAX_BLOCKS && series <= MAX_SERIES))
        });
        let fit = fit.count();
        if fit >= 2 {
            return Some(rest[..fit].iter().map(|(_, b)| (*b).clone()).collect());
        }
        rest = &rest[fit.max(1)..];
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::meta::meta;
    use super::*;

    fn check(blocks: &[(u32, i64, i64)], max_samples: u64, expected: Option<&[u32]>) {
        let blocks: Vec<_> = blocks
            .iter()
            .map(|&(n, first, last)| Arc::new(Block::new("x".into(), meta(n, &[n], first, last))))
            .collect();
        let newest_ms = blocks.iter().map(|b| b.meta.last_ms).max().unwrap_or(0);
        let found = next_merge(&blocks, &[10, 100], newest_ms, max_samples);
        let numbers = found.map(|found| found.iter().map(|b| b.meta.number).collect::<Vec<_>>());
        assert_eq!(numbers.as_deref(), expected);
    }

    #[test]
    fn takes_closed_windows_small_ones_first() {
        const MANY: u64 = 1_000_000;
        check(&[], MANY, None);
        check(&[(1, 0, 4), (2, 5, 9)], MANY, None);
        check(&[(1, 0, 4), (2, 5, 9), (3, 10, 12)], MANY, Some(&[1, 2]));
        // One reaches into the next window and is left alone until the longer window is over.
        check(&[(1, 0, 4), (2, 5, 11), (3, 20, 22)], MANY, None);
        check(&[(1, 0, 4), (2, 5, 11), (3, 120, 122)], MANY, Some(&[1, 2]));
        // Each of these has 1000 samples.
        check(&[(1, 0, 4), (2, 5, 6), (3, 7, 9), (4, 10, 12)], 2000, Some(&[1, 2]));
        check(&[(1, 0, 4), (2, 5, 6), (4, 10, 12)], 1500, None);
        // Before 1970, too.
        check(&[(1, -10, -8), (2, -5, -1), (3, 0, 5)], MANY, Some(&[1, 2]));
    }
}
