//! Where milliseconds of CPU are spent: reading long answers, drawing charts, writing pages.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// Blocking threads, as many at a time as there are cores: more would make nothing faster, each would have a heap of its
/// own, and tokio's workers stay free for those who ask for little. Clones share them.
#[derive(Debug, Clone)]
pub struct Threads(Arc<Semaphore>);

/// The work panicked, or the service is about to end.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Lost(String);

impl Default for Threads {
    fn default() -> Self {
        Threads(Arc::new(Semaphore::new(std::thread::available_parallelism().map_or(2, usize::from))))
    }
}

impl Threads {
    /// Does `work` once there is a thread for it. It is done to its end even if nobody waits for it any more.
    ///
    /// # Errors
    /// It panicked.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Lost> {
        let lost = |error: &dyn std::fmt::Display| Lost(error.to_string());
        let turn = self.0.clone().acquire_owned().await.map_err(|error| lost(&error))?;
        let work = move || {
            let _turn = turn;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| lost(&error))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn no_more_work_at_a_time_than_cores() {
        let threads = Threads(Arc::new(Semaphore::new(2)));
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let all = (0..20).map(|n| {
            let (threads, running, most) = (threads.clone(), running.clone(), most.clone());
            async move {
                let work = move || {
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::yield_now();
                    running.fetch_sub(1, Ordering::SeqCst);
                    n
                };
                threads.run(work).await.unwrap()
            }
        });
        assert_eq!(futures_util::future::join_all(all).await, (0..20).collect::<Vec<_>>());
        assert!(most.load(Ordering::SeqCst) <= 2);
    }

    #[tokio::test]
    async fn a_panic_costs_nobody_the_thread() {
        let threads = Threads(Arc::new(Semaphore::new(1)));
        let panics = || -> i32 { std::panic::resume_unwind(Box::new("on purpose")) };
        assert!(threads.run(panics).await.is_err());
        assert_eq!(threads.run(|| 1).await.unwrap(), 1);
    }
}
