//! Zeros at the moments at which counters began.

use super::Store;
use crate::{Batch, Error, query};

impl Store {
    /// Hands in samples that may well be too late: what is not newer than the last sample of its series is left out,
    /// which is no fault and not counted. Otherwise as [`append`](Store::append); how many were taken.
    ///
    /// # Errors
    /// As [`append`](Store::append).
    pub fn append_starts(&self, mut batch: Batch) -> Result<usize, Error> {
        let shared = &self.inner.shared;
        let unread = shared.queue.lock().times.to_look_up(&batch);
        if !unread.is_empty() {
            query::look_up(shared, &unread)?;
        }
        let keep: Vec<bool> = {
            let times = &shared.queue.lock().times;
            batch.series.iter().zip(&batch.timestamps_ms).map(|(s, t)| times.get(s.0).last_ms < *t).collect()
        };
        batch.retain(&keep);
        if batch.is_empty() { Ok(0) } else { Ok(self.append(batch)?.stored) }
    }
}
