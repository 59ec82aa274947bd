//! Evaluation on threads of its own: how many at a time, how many may wait, for how long.

use super::answer::{ApiError, ErrorType};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// How much longer than its deadline an evaluation is waited for: it looks at the clock between steps, and its own
/// error says more than ours.
const GRACE: Duration = Duration::from_secs(1);

/// Lets a bounded number of evaluations run and a bounded number wait. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    permits: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    max_waiting: usize,
}

/// What running work looks at to see whether it should go on.
#[derive(Clone, Debug)]
pub(crate) struct Leave {
    /// Set when the client has gone away.
    pub(crate) canceled: Arc<AtomicBool>,
    /// When the work must be over.
    pub(crate) deadline: Instant,
}

impl Leave {
    /// An error where the work should stop.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        if self.canceled.load(Ordering::Relaxed) {
            return Err(ApiError::new(ErrorType::Canceled, "query was canceled in expression evaluation"));
        }
        if Instant::now() >= self.deadline {
            return Err(timed_out("expression evaluation"));
        }
        Ok(())
    }
}

/// The error of Prometheus for a query that took too long.
pub(crate) fn timed_out(place: &str) -> ApiError {
    ApiError::new(ErrorType::Timeout, format!("query timed out in {place}"))
}

/// Takes one from a counter when it goes away.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Sets a flag when it goes away: hyper drops a request's future when its client closes the connection.
pub(super) struct CancelOnDrop(pub(super) Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Gate {
    /// A gate for `at_a_time` evaluations and `max_waiting` behind them.
    pub(crate) fn new(at_a_time: usize, max_waiting: usize) -> Self {
        Gate { permits: Arc::new(Semaphore::new(at_a_time)), waiting: Arc::default(), max_waiting }
    }

    /// Runs work on a blocking thread when its turn comes.
    ///
    /// Work that runs on after its deadline or after its client has gone keeps its place until it ends, so that what
    /// was given up cannot pile up.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        deadline: Instant,
        work: impl FnOnce(&Leave) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let permit = match Arc::clone(&self.permits).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                let ahead = self.waiting.fetch_add(1, Ordering::Relaxed);
                let _waiting = Waiting(&self.waiting);
                if ahead >= self.max_waiting {
                    let message = format!("{ahead} queries are waiting already; try again later");
                    return Err(ApiError::new(ErrorType::Unavailable, message));
                }
                tokio::time::timeout_at(deadline.into(), Arc::clone(&self.permits).acquire_owned())
                    .await
                    .map_err(|_| timed_out("query queue"))?
                    .map_err(|e| ApiError::new(ErrorType::Unavailable, e.to_string()))?
            }
        };
        let canceled = Arc::new(AtomicBool::new(false));
        let _cancel = CancelOnDrop(Arc::clone(&canceled));
        let leave = Leave { canceled, deadline };
        let running = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            leave.check().and_then(|()| work(&leave))
        });
        match tokio::time::timeout_at((deadline + GRACE).into(), running).await {
            Ok(Ok(result)) => result,
            Ok(Err(e)) => Err(ApiError::new(ErrorType::Internal, format!("the evaluation broke off: {e}"))),
            Err(_) => Err(timed_out("expression evaluation")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    fn later() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    #[tokio::test]
    async fn runs_work_and_reports_its_panic() {
        let gate = Gate::new(1, 0);
        assert_eq!(gate.run(later(), |_| Ok(7)).await, Ok(7));
        let broken: Result<(), _> = gate.run(later(), |_| panic!("on purpose")).await;
        assert_eq!(broken.unwrap_err().kind, ErrorType::Internal);
        assert_eq!(gate.run(later(), |_| Ok(8)).await, Ok(8), "its place is free again");
    }

    #[tokio::test]
    async fn a_deadline_in_the_past_is_a_timeout() {
        let gate = Gate::new(1, 0);
        let got: Result<(), _> = gate.run(Instant::now(), |_| unreachable!()).await;
        assert_eq!(got, Err(timed_out("expression evaluation")));
    }

    #[tokio::test]
    async fn the_queue_is_bounded_and_its_wait_too() {
        let gate = Gate::new(1, 1);
        let (release, held) = mpsc::channel::<()>();
        let (started, running) = tokio::sync::oneshot::channel();
        let first = tokio::spawn({
            let gate = gate.clone();
            async move {
                let work = move |_: &Leave| {
                    let _ = started.send(());
                    let _ = held.recv();
                    Ok(1)
                };
                gate.run(later(), work).await
            }
        });
        running.await.unwrap();
        let got: Result<(), _> = gate.run(Instant::now(), |_| unreachable!()).await;
        assert_eq!(got, Err(timed_out("query queue")));

        let second = tokio::spawn({
            let gate = gate.clone();
            async move { gate.run(later(), |_| Ok(2)).await }
        });
        while gate.waiting.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        let third: Result<(), _> = gate.run(later(), |_| unreachable!()).await;
        let third = third.unwrap_err();
        assert_eq!(
            (third.kind, third.message.as_str()),
            (ErrorType::Unavailable, "1 queries are waiting already; try again later")
        );
        release.send(()).unwrap();
        assert_eq!((first.await.unwrap(), second.await.unwrap()), (Ok(1), Ok(2)));
    }

    #[tokio::test]
    async fn a_client_that_goes_away_cancels_its_work() {
        let gate = Gate::new(1, 0);
        let (started, running) = tokio::sync::oneshot::channel();
        let (told, seen) = tokio::sync::oneshot::channel();
        let request = tokio::spawn(async move {
            let work = move |leave: &Leave| -> Result<(), ApiError> {
                let _ = started.send(());
                let error = loop {
                    if let Err(e) = leave.check() {
                        break e;
                    }
                    std::thread::yield_now();
                };
                let _ = told.send(error.kind);
                Err(error)
            };
            gate.run(later(), work).await
        });
        running.await.unwrap();
        request.abort();
        assert_eq!(seen.await, Ok(ErrorType::Canceled));
    }
}
