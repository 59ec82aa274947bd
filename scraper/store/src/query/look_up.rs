//! What the blocks have of series that come with old samples.

use crate::Error;
use crate::head::{Shared, Span};
use procession_openmetrics::Labels;

/// Looks the series up in all blocks, so that the times in memory tell of all that is stored of them.
pub(crate) fn look_up(shared: &Shared, numbers: &[u32]) -> Result<(), Error> {
    let labels: Vec<(u32, Labels)> = {
        let series = shared.series.read();
        numbers.iter().filter_map(|&n| Some((n, series.get(n)?.clone()))).collect()
    };
    let mut spans = vec![Span::NONE; labels.len()];
    // A block that takes the place of others while this goes on has what they had.
    for block in &shared.blocks.list().blocks {
        let index = shared.blocks.indexes.get(block)?;
        for ((_, labels), span) in labels.iter().zip(&mut spans) {
            if let Some(found) = index.span(labels) {
                span.include(found);
            }
        }
    }
    let series = shared.series.read();
    let mut queue = shared.queue.lock();
    for ((number, _), span) in labels.iter().zip(spans) {
        // One that was forgotten meanwhile stays so.
        if series.get(*number).is_some() {
            queue.times.was_looked_up(*number, span);
        }
    }
    Ok(())
}
