//! Stretches of samples from several places, put together by series.

use procession_openmetrics::Labels;
use procession_promql::SeriesSet;
use std::collections::BTreeMap;
use std::ops::Range;

/// Samples of some series, each in one stretch that ascends in time.
#[derive(Default)]
pub(crate) struct Pieces {
    /// Milliseconds since the Unix epoch.
    pub(super) timestamps: Vec<i64>,
    pub(super) values: Vec<f64>,
    /// The place of the series in the result, and where its samples end.
    ends: Vec<(u32, usize)>,
    /// The number of the block that they are from; none where they are recent ones.
    pub(super) block: Option<u32>,
}

impl Pieces {
    /// For about so many samples of a block, and room for `more` timestamps.
    pub(super) fn of_block(number: u32, samples: usize, more: usize) -> Pieces {
        let (timestamps, values) = (Vec::with_capacity(samples + more), Vec::with_capacity(samples));
        Pieces { timestamps, values, ends: Vec::new(), block: Some(number) }
    }

    /// Gives back the room that growing by doubling left.
    pub(super) fn shrink(&mut self) {
        self.timestamps.shrink_to_fit();
        self.values.shrink_to_fit();
    }

    /// Ends the stretch of a series. False where it has no samples.
    pub(super) fn end(&mut self, slot: u32) -> bool {
        let begin = self.ends.last().map_or(0, |(_, end)| *end);
        let any = self.timestamps.len() > begin;
        if any {
            self.ends.push((slot, self.timestamps.len()));
        }
        any
    }
}

/// A stretch: whose, and where it is.
struct Stretch {
    slot: u32,
    first_ms: i64,
    pieces: usize,
    rows: Range<usize>,
}

/// Puts the stretches of each series one after the other. `labels[slot]` names the series. What is of one stretch stays
/// where it is.
pub(crate) fn assemble(all: Vec<Pieces>, labels: Vec<Labels>) -> SeriesSet {
    let mut stretches: Vec<Stretch> = Vec::new();
    for (at, pieces) in all.iter().enumerate() {
        let mut begin = 0;
        for &(slot, end) in &pieces.ends {
            stretches.push(Stretch { slot, first_ms: pieces.timestamps[begin], pieces: at, rows: begin..end });
            begin = end;
        }
    }
    stretches.sort_by_key(|stretch| (stretch.slot, stretch.first_ms));
    let timestamps = |stretch: &Stretch| &all[stretch.pieces].timestamps[stretch.rows.clone()];
    let values = |stretch: &Stretch| &all[stretch.pieces].values[stretch.rows.clone()];

    let mut set = SeriesSet::default();
    let mut from: BTreeMap<Option<u32>, usize> = BTreeMap::new();
    for pieces in all.iter().filter(|p| !p.timestamps.is_empty()) {
        *from.entry(pieces.block).or_default() += pieces.timestamps.len();
    }
    for (block, samples) in from {
        set.came_from(block.map_or_else(|| "recent samples".to_owned(), |number| format!("block {number}")), samples);
    }
    let in_parts = stretches.chunk_by(|a, b| a.slot == b.slot).filter(|of_series| of_series.len() > 1);
    set.reserve(in_parts.flatten().map(|stretch| stretch.rows.len()).sum());
    let mut whole: Vec<(Labels, usize, Range<usize>)> = Vec::new();
    let mut stretches = stretches.chunk_by(|a, b| a.slot == b.slot).peekable();
    for (slot, labels) in (0u32..).zip(labels) {
        let Some(of_series) = stretches.next_if(|of_series| of_series[0].slot == slot) else { continue };
        if let [one] = of_series {
            whole.push((labels, one.pieces, one.rows.clone()));
            continue;
        }
        if of_series.windows(2).all(|pair| timestamps(&pair[0]).last() < timestamps(&pair[1]).first()) {
            of_series.iter().for_each(|stretch| set.push_samples(timestamps(stretch), values(stretch)));
        } else {
            // Old samples were sealed after newer ones. What stands twice counts once.
            let rows = |stretch: &Stretch| {
                timestamps(stretch).iter().copied().zip(values(stretch).iter().copied()).collect::<Vec<_>>()
            };
            let mut rows: Vec<(i64, f64)> = of_series.iter().flat_map(rows).collect();
            rows.sort_by_key(|(timestamp, _)| *timestamp);
            rows.dedup_by_key(|(timestamp, _)| *timestamp);
            rows.into_iter().for_each(|(timestamp, value)| set.push_sample(timestamp, value));
        }
        set.finish_series(labels);
    }
    let mut kept = vec![None; all.len()];
    for (_, pieces, _) in &whole {
        kept[*pieces] = Some(0);
    }
    for (pieces, kept) in all.into_iter().zip(&mut kept) {
        // Those that were copied as a whole go.
        *kept = kept.map(|_| set.add_columns(pieces.timestamps, pieces.values));
    }
    for (labels, pieces, rows) in whole {
        if let Some(columns) = kept[pieces] {
            set.add_series(labels, columns, rows);
        }
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
        let all = vec![
            pieces(&[(2, &[(3, 0.3), (4, 0.4)]), (1, &[])]),
            pieces(&[(0, &[(1, 0.1), (5, 0.5)])]),
            pieces(&[(0, &[(2, 0.2), (5, 9.9)]), (2, &[(1, 0.1)])]),
        ];
        let set = assemble(all, vec![name("a"), name("empty"), name("c")]);
        let mut got: Vec<_> =
            set.iter().map(|s| (s.labels.clone(), s.timestamps.to_vec(), s.values.to_vec())).collect();
        got.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(
            got,
            [(name("a"), vec![1, 2, 5], vec![0.1, 0.2, 0.5]), (name("c"), vec![1, 3, 4], vec![0.1, 0.3, 0.4])]
        );
        assert!(assemble(Vec::new(), Vec::new()).is_empty());
    }
}
