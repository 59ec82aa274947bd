//! Work on many series, shared among a few threads.

use crate::Error;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Fewer samples than this are done before another thread has begun.
const WORTH_A_THREAD: usize = 50_000;
/// The most series that a thread takes at a time. Neighbours cost about the same, and few remain at the end.
const MOST_AT_A_TIME: usize = 64;

/// The results of neighbours, and the number of the first.
type Portion<T> = (usize, Result<Vec<T>, Error>);

/// How many threads are worth the work: no more than allowed, and no more than there are series.
pub(super) fn threads(allowed: NonZeroUsize, samples: usize, series: usize) -> usize {
    allowed.get().min(samples / WORTH_A_THREAD + 1).min(series).max(1)
}

/// Calls the function for `0..len`, on as many threads; the results stand in order. Each thread has a state of its own
/// (buffers). Where one call fails, the others are given up, and of the errors the one with the lowest number counts, as
/// if there were one thread.
pub(super) fn map<S: Default, T: Send>(
    threads: usize,
    len: usize,
    f: impl Fn(&mut S, usize) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Error> {
    if threads <= 1 {
        let mut state = S::default();
        return (0..len).map(|i| f(&mut state, i)).collect();
    }
    let portion = (len / (threads * 4)).clamp(1, MOST_AT_A_TIME);
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let done: Mutex<Vec<Portion<T>>> = Mutex::default();
    let work = || {
        let mut state = S::default();
        while !failed.load(Ordering::Relaxed) {
            let first = next.fetch_add(portion, Ordering::Relaxed);
            if first >= len {
                break;
            }
            let results: Result<Vec<T>, Error> = (first..len.min(first + portion)).map(|i| f(&mut state, i)).collect();
            if results.is_err() {
                failed.store(true, Ordering::Relaxed);
            }
            done.lock().unwrap_or_else(|e| e.into_inner()).push((first, results));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            // Where no thread can be had, the others do its work.
            let _ = std::thread::Builder::new().name("promql".to_owned()).spawn_scoped(scope, work);
        }
        work();
    });
    let mut done = done.into_inner().unwrap_or_else(|e| e.into_inner());
    done.sort_unstable_by_key(|(first, _)| *first);
    let mut all = Vec::with_capacity(len);
    for (_, results) in done {
        all.extend(results?);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_in_order() {
        for threads in [1, 2, 7] {
            for len in [0, 1, 2, 63, 1_000] {
                let squares = map(threads, len, |calls: &mut usize, i| {
                    *calls += 1;
                    Ok(i * i)
                });
                assert_eq!(squares.unwrap(), (0..len).map(|i| i * i).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn an_error_ends_it() {
        for threads in [1, 3] {
            let failed = map(threads, 1_000, |(): &mut (), i| match i {
                0..500 => Ok(i),
                _ => Err(Error::Execution(i.to_string())),
            });
            assert_eq!(failed.unwrap_err().to_string(), "500");
        }
    }

    #[test]
    fn small_work_stays_on_its_thread() {
        let two = NonZeroUsize::new(2).unwrap();
        assert_eq!(threads(two, 10_000, 100), 1);
        assert_eq!(threads(two, 10_000_000, 1), 1);
        assert_eq!(threads(two, 10_000_000, 100), 2);
        assert_eq!(threads(two, 10_000_000, 0), 1);
    }
}
