//! Series leave the memory once no sample of theirs is in the hot tables and they have ended.

use super::Shared;
use crate::series::NumberSet;

/// Series that are looked through at once.
const PIECE: usize = 20_000;

/// Rows of series that are deleted in one transaction: a commit waits for no more than that.
const ROWS_AT_ONCE: usize = 20_000;

/// How long a series counts as active after its last sample: as long as a query looks back.
pub(crate) const ACTIVE_MS: i64 = 300_000;

/// Takes some of the series whose rows are to be deleted: those of one transaction.
pub(super) fn take_portion(forgotten: &mut Vec<u32>) -> NumberSet {
    forgotten.split_off(forgotten.len().saturating_sub(ROWS_AT_ONCE)).into_iter().collect()
}

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
    ///
    /// A piece at a time: appends and queries wait for no more than that.
    pub(super) fn forget_series(&self) -> NumberSet {
        let mut over = NumberSet::default();
        let numbers = self.series.read().numbers();
        let (closed, active_since_ms) = {
            let mut queue = self.queue.lock();
            let Some(closed) = queue.times.drop_table() else { return over };
            (closed, queue.times.all().last_ms.saturating_sub(ACTIVE_MS))
        };
        for piece in numbers.chunks(PIECE) {
            let mut series = self.series.write();
            let forgotten = self.queue.lock().times.forget(&closed, active_since_ms, piece);
            series.forget(&forgotten);
            over.extend(forgotten);
        }
        if !over.is_empty() {
            tracing::debug!(forgotten = over.len(), "let go of series that have ended");
        }
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_rows_are_deleted_over_many_commits() {
        let mut forgotten: Vec<u32> = (0..45_000).collect();
        let portions: Vec<NumberSet> =
            std::iter::from_fn(|| Some(take_portion(&mut forgotten)).filter(|portion| !portion.is_empty())).collect();
        assert_eq!(portions.iter().map(NumberSet::len).collect::<Vec<_>>(), [20_000, 20_000, 5_000]);
        assert_eq!(portions.into_iter().flatten().collect::<NumberSet>().len(), 45_000);
    }
}
