//! Stretches of samples from several places, put together by series.

use procession_openmetrics::Labels;
use procession_promql::SeriesSet;
use std::collections::BTreeMap;

/// Samples of some series, each in one stretch that ascends in time.
#[derive(Default)]
pub(super) struct Pieces {
    /// Milliseconds since the Unix epoch.
    pub(super) timestamps: Vec<i64>,
    pub(super) values: Vec<f64>,
    /// The place of the series in the result, and where its samples end.
    ends: Vec<(u32, usize)>,
    /// The number of the block that they are from; none where they are recent ones.
    pub(super) block: Option<u32>,
}

impl Pieces {
    /// For samples of a block.
    pub(super) fn of_block(number: u32) -> Self {
        Pieces { block: Some(number), ..Pieces::default() }
    }

    /// Ends the stretch of a series.
    pub(super) fn end(&mut self, slot: u32) {
        let begin = self.ends.last().map_or(0, |(_, end)| *end);
        if self.timestamps.len() > begin {
            self.ends.push((slot, self.timestamps.len()));
        }
    }
}

/// A stretch: whose, when it begins, and where it is.
struct Stretch<'a> {
    slot: u32,
    timestamps: &'a [i64],
    values: &'a [f64],
}

/// Puts the stretches of each series one after the other. `labels[slot]` names the series.
pub(super) fn assemble(all: &[Pieces], labels: Vec<Labels>) -> SeriesSet {
    let mut stretches: Vec<Stretch<'_>> = Vec::new();
    for pieces in all {
        let mut begin = 0;
        for &(slot, end) in &pieces.ends {
            stretches.push(Stretch {
                slot,
                timestamps: &pieces.timestamps[begin..end],
                values: &pieces.values[begin..end],
            });
            begin = end;
        }
    }
    stretches.sort_by_key(|stretch| (stretch.slot, stretch.timestamps[0]));
    let mut set = SeriesSet::with_capacity(labels.len(), all.iter().map(|pieces| pieces.timestamps.len()).sum());
    let mut from: BTreeMap<Option<u32>, usize> = BTreeMap::new();
    for pieces in all.iter().filter(|p| !p.timestamps.is_empty()) {
        *from.entry(pieces.block).or_default() += pieces.timestamps.len();
    }
    for (block, samples) in from {
        set.came_from(block.map_or_else(|| "recent samples".to_owned(), |number| format!("block {number}")), samples);
    }
    let mut stretches = stretches.chunk_by(|a, b| a.slot == b.slot).peekable();
    for (slot, labels) in (0u32..).zip(labels) {
        let Some(of_series) = stretches.next_if(|of_series| of_series[0].slot == slot) else { continue };
        let follow = of_series.windows(2).all(|pair| pair[0].timestamps.last() < pair[1].timestamps.first());
        if follow {
            of_series.iter().for_each(|stretch| set.push_samples(stretch.timestamps, stretch.values));
        } else {
            // Old samples were sealed after newer ones. What stands twice counts once.
            let mut rows: Vec<(i64, f64)> = of_series
                .iter()
                .flat_map(|stretch| stretch.timestamps.iter().copied().zip(stretch.values.iter().copied()))
                .collect();
            rows.sort_by_key(|(timestamp, _)| *timestamp);
            rows.dedup_by_key(|(timestamp, _)| *timestamp);
            rows.into_iter().for_each(|(timestamp, value)| set.push_sample(timestamp, value));
        }
        set.finish_series(labels);
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(series: &[(u32, &[(i64, f64)])]) -> Pieces {
        let mut pieces = Pieces::default();
        for (slot, samples) in series {
            for (timestamp, value) in *samples {
                pieces.timestamps.push(*timestamp);
                pieces.values.push(*value);
            }
            pieces.end(*slot);
        }
        pieces
    }

    #[test]
    fn puts_stretches_in_order() {
        let name = |n: &str| Labels::from_pairs([("n", n)]);
        let all = [
            pieces(&[(2, &[(3, 0.3), (4, 0.4)]), (1, &[])]),
            pieces(&[(0, &[(1, 0.1), (5, 0.5)])]),
            pieces(&[(0, &[(2, 0.2), (5, 9.9)]), (2, &[(1, 0.1)])]),
        ];
        let set = assemble(&all, vec![name("a"), name("empty"), name("c")]);
        let got: Vec<_> = set.iter().map(|s| (s.labels.clone(), s.timestamps.to_vec(), s.values.to_vec())).collect();
        assert_eq!(
            got,
            [(name("a"), vec![1, 2, 5], vec![0.1, 0.2, 0.5]), (name("c"), vec![1, 3, 4], vec![0.1, 0.3, 0.4])]
        );
        assert!(assemble(&[], Vec::new()).is_empty());
    }
}
