//! Series leave the memory once no sample of theirs is in the hot tables and they have ended.

use super::Shared;
use crate::series::NumberSet;

/// How long a series counts as active after its last sample: as long as a query looks back.
pub(crate) const ACTIVE_MS: i64 = 300_000;

impl Shared {
    /// To be called before the hot table is closed.
    pub(super) fn close_table(&self) {
        let next_number = self.series.read().next_number();
        let mut queue = self.queue.lock();
        let waiting = queue.pending();
        queue.times.close_table(waiting.iter().map(|p| &p.batch), next_number);
    }

    /// To be called when the rows of the closed table have left the database: forgets the series that nothing holds any
    /// more. Whoever kept the number of one is told so when it is used, and asks for a new one.
    pub(super) fn forget_series(&self) -> NumberSet {
        let mut series = self.series.write();
        let mut queue = self.queue.lock();
        let active_since_ms = queue.times.all().last_ms.saturating_sub(ACTIVE_MS);
        let over = queue.times.drop_table(active_since_ms, series.iter_numbers());
        drop(queue);
        series.forget(&over);
        if !over.is_empty() {
            tracing::debug!(forgotten = over.len(), series = series.len(), "let go of series that have ended");
        }
        over
    }
}
