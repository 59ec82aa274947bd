//! Matchers and a stretch of time to columns of samples.

use super::assemble::assemble;
use super::scan::scan;
use super::sealed::Parts;
use crate::Error;
use crate::database::Pool;
use crate::head::{Shared, Span};
use procession_promql::{Selection, SeriesSet};

/// How often a look is repeated whose moment was missed: seals are far apart, so twice is rare.
const MAX_LOOKS: usize = 50;

/// The samples of the series that satisfy every matcher, `start_ms < timestamp <= end_ms`, at one moment: of each batch
/// all that was asked for is seen, or nothing.
pub(crate) fn select(shared: &Shared, pool: &Pool, selection: &Selection, limit: usize) -> Result<SeriesSet, Error> {
    // The connection first: while this waits for its turn, nothing is kept from being freed.
    let connection = pool.get()?;
    // What is said of times holds only for the batches that were known when it was said. One that comes in after it and
    // is committed before the snapshot would be seen without the series that were left out; then all series are read.
    // And where a block was sealed meanwhile, the list of blocks must be looked at again.
    let mut by_time = true;
    for _ in 0..MAX_LOOKS {
        let mut of_head = selection.clone();
        let (numbers, mut labels, pending, appended, list) = {
            let series = shared.series.read();
            let mut numbers = series.resolve(&selection.matchers);
            let queue = shared.queue.lock();
            if by_time {
                let (first_ms, end_ms) = (selection.start_ms.saturating_add(1), selection.end_ms);
                let mut all = Span::NONE;
                numbers.retain(|&n| {
                    let span = queue.times.get(n);
                    let meets = span.meets(first_ms, end_ms);
                    if meets {
                        all.include(span);
                    }
                    meets
                });
                // DuckDB skips what lies outside: series that lived for a minute are found in that minute.
                of_head.start_ms = of_head.start_ms.max(all.first_ms.saturating_sub(1));
                of_head.end_ms = of_head.end_ms.min(all.last_ms);
            }
            let (pending, appended) = (queue.pending(), queue.appended());
            drop(queue);
            let labels = numbers.iter().filter_map(|&n| series.get(n).cloned()).collect::<Vec<_>>();
            (numbers, labels, pending, appended, shared.blocks.list())
        };
        let parts = Parts::resolve(&connection, shared, &list, selection, &mut labels)?;
        if labels.is_empty() {
            return Ok(SeriesSet::default());
        }
        let look = scan(&connection, &pending, &numbers, &parts, &of_head, selection, limit)?;
        if look.sealed <= list.sealed && (look.committed <= appended || !by_time) {
            // The next one may have it while this one sorts.
            drop(connection);
            return Ok(assemble(&look.rows, labels));
        }
        by_time &= look.committed <= appended;
    }
    Err(Error::query("the samples moved too fast to be read at one moment; ask again"))
}
