//! Rows in any order to columns per series.

use super::scan::Rows;
use procession_openmetrics::Labels;
use procession_promql::SeriesSet;

/// Groups the rows by series, each in order of time. `labels[slot]` names the series of a slot.
pub(crate) fn assemble(rows: &Rows, labels: Vec<Labels>) -> SeriesSet {
    // A counting sort of row numbers, which keeps the order of arrival: that is almost always the order of time.
    let mut ends = vec![0usize; labels.len()];
    for &slot in &rows.slots {
        ends[slot as usize] += 1;
    }
    let mut sum = 0;
    for end in &mut ends {
        // From counts to the beginning of each slot; filling moves it to the end.
        sum += std::mem::replace(end, sum);
    }
    let mut order = vec![0u32; rows.slots.len()];
    for (row, &slot) in (0u32..).zip(&rows.slots) {
        let at = &mut ends[slot as usize];
        order[*at] = row;
        *at += 1;
    }

    let mut set = SeriesSet::default();
    let mut begin = 0;
    for (labels, end) in labels.into_iter().zip(ends) {
        let rows_of_series = &mut order[begin..end];
        let time = |row: &u32| rows.timestamps[*row as usize];
        if !rows_of_series.is_sorted_by_key(time) {
            // DuckDB's threads handed over their parts out of turn: a few sorted runs, which this sort merges.
            rows_of_series.sort_by_key(time);
        }
        for &row in &*rows_of_series {
            set.push_sample(rows.timestamps[row as usize], rows.values[row as usize]);
        }
        set.finish_series(labels);
        begin = end;
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_orders() {
        let name = |n: &str| Labels::from_pairs([("n", n)]);
        let rows =
            Rows { slots: vec![2, 0, 2, 0, 2], timestamps: vec![5, 1, 3, 2, 4], values: vec![0.5, 0.1, 0.3, 0.2, 0.4] };
        let set = assemble(&rows, vec![name("a"), name("empty"), name("c")]);
        let got: Vec<_> = set.iter().map(|s| (s.labels.clone(), s.timestamps.to_vec(), s.values.to_vec())).collect();
        assert_eq!(got, [(name("a"), vec![1, 2], vec![0.1, 0.2]), (name("c"), vec![3, 4, 5], vec![0.3, 0.4, 0.5])]);
        assert!(assemble(&Rows::default(), Vec::new()).is_empty());
    }
}
