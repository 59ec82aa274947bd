//! `count_values`: how many members have each value.

use super::Grouping;
use crate::Error;
use crate::eval::{ABSENT, Column, Context, Grid, is_absent};
use crate::number::format_scalar;
use hashbrown::HashMap;
use procession_openmetrics::Labels;

pub(super) fn count_values(
    context: &Context<'_>,
    label: &str,
    grouping: &Grouping,
    columns: &[Column],
    grid: &Grid,
) -> Result<Vec<Column>, Error> {
    let grouping = grouping.keeping(label);
    let mut places: HashMap<Labels, usize, foldhash::fast::RandomState> = HashMap::default();
    let mut counts: Vec<(Labels, Vec<f64>)> = Vec::new();
    for column in columns {
        context.check()?;
        // A value's label set is the same at every step, and gauges repeat their values.
        let mut known: HashMap<u64, usize, foldhash::fast::RandomState> = HashMap::default();
        for (step, value) in column.present() {
            let place = match known.get(&value.to_bits()) {
                Some(place) => *place,
                None => {
                    let mut builder = column.labels.to_builder();
                    builder.set(label, &format_scalar(value));
                    let labels = grouping.labels(&builder.build());
                    let place = *places.entry(labels.clone()).or_insert_with(|| {
                        counts.push((labels, vec![ABSENT; grid.len()]));
                        counts.len() - 1
                    });
                    context.grow(if place + 1 == counts.len() { grid.len() } else { 0 })?;
                    known.insert(value.to_bits(), place);
                    place
                }
            };
            let count = &mut counts[place].1[step];
            *count = if is_absent(*count) { 1.0 } else { *count + 1.0 };
        }
    }
    Ok(counts.into_iter().filter_map(|(labels, counts)| Column::starting_at(labels, false, 0, &counts)).collect())
}
