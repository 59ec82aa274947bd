//! How many series may be active at a time: of a job, and of all. Only series that are new are asked about.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// A number of series that targets share.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    /// 0 stands for none.
    limit: AtomicUsize,
    used: AtomicUsize,
    left_out: AtomicU64,
}

/// A budget at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct BudgetState {
    /// Series that are active.
    pub(crate) used: usize,
    /// How many may be; 0 for any number.
    pub(crate) limit: usize,
    /// Counter: samples of new series for which there was no room.
    pub(crate) left_out: u64,
}

impl Budget {
    /// Changes the limit. Where more series are active already, they stay.
    pub(crate) fn set_limit(&self, limit: usize) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// How it stands.
    pub(crate) fn state(&self) -> BudgetState {
        BudgetState {
            used: self.used.load(Ordering::Relaxed),
            limit: self.limit.load(Ordering::Relaxed),
            left_out: self.left_out.load(Ordering::Relaxed),
        }
    }

    fn take(&self) -> bool {
        let limit = match self.limit.load(Ordering::Relaxed) {
            0 => usize::MAX,
            limit => limit,
        };
        let more = |used: usize| (used < limit).then(|| used + 1);
        let taken = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok();
        if !taken {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
        taken
    }
}

/// Whose budget has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    Job,
    Server,
}

/// What one target has of both budgets; given back when it goes.
#[derive(Debug, Default)]
pub(crate) struct Share {
    job: Arc<Budget>,
    server: Arc<Budget>,
    held: usize,
}

impl Share {
    /// Nothing yet.
    pub(crate) fn new(job: Arc<Budget>, server: Arc<Budget>) -> Self {
        Share { job, server, held: 0 }
    }

    /// Takes room for one series.
    pub(crate) fn take(&mut self) -> Result<(), Full> {
        if !self.job.take() {
            return Err(Full::Job);
        }
        if !self.server.take() {
            self.job.used.fetch_sub(1, Ordering::Relaxed);
            return Err(Full::Server);
        }
        self.held += 1;
        Ok(())
    }

    /// Holds as many as are active now, whatever was taken.
    pub(crate) fn settle(&mut self, active: usize) {
        for budget in [&self.job, &self.server] {
            if active > self.held {
                budget.used.fetch_add(active - self.held, Ordering::Relaxed);
            } else {
                budget.used.fetch_sub(self.held - active, Ordering::Relaxed);
            }
        }
        self.held = active;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.settle(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_budgets_have_to_have_room() {
        let (job, other, server) = <(Arc<Budget>, Arc<Budget>, Arc<Budget>)>::default();
        job.set_limit(2);
        server.set_limit(3);
        let mut share = Share::new(job.clone(), server.clone());
        let mut second = Share::new(other.clone(), server.clone());
        assert_eq!([share.take(), share.take(), share.take()], [Ok(()), Ok(()), Err(Full::Job)]);
        assert_eq!([second.take(), second.take()], [Ok(()), Err(Full::Server)]);
        assert_eq!(job.state(), BudgetState { used: 2, limit: 2, left_out: 1 });
        assert_eq!(other.state(), BudgetState { used: 1, limit: 0, left_out: 0 });
        assert_eq!(server.state(), BudgetState { used: 3, limit: 3, left_out: 1 });
        // A page that failed had taken room; one that shrank gives some back.
        share.settle(1);
        assert_eq!(second.take(), Ok(()));
        drop(second);
        share.settle(5);
        assert_eq!((job.state().used, other.state().used, server.state().used), (5, 0, 5));
        drop(share);
        assert_eq!((job.state().used, server.state().used), (0, 0));
    }
}
