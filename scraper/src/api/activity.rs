//! Which queries are waiting or running, and which were slow: listed by `status/active_queries` and
//! `status/slow_queries`, the slow ones also in the log.

use super::ApiState;
use super::answer::{Answer, ApiError};
use super::status::rfc3339;
use axum::extract::State;
use parking_lot::Mutex;
use procession_promql::Statistics;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Slow queries that are remembered.
const MAX_SLOW: usize = 100;
/// Bytes of a query's text that are shown: it may have been very long.
const MAX_TEXT: usize = 4_096;

/// The queries of a service. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Activity(Arc<Mutex<Lists>>);

#[derive(Debug, Default)]
struct Lists {
    next: u64,
    active: BTreeMap<u64, Arc<Asked>>,
    slow: VecDeque<Value>,
}

/// What was asked.
#[derive(Debug)]
struct Asked {
    what: What,
    began: Instant,
    began_ms: i64,
    /// It has its turn.
    runs: AtomicBool,
}

/// What was asked for, as it is shown.
#[derive(Clone, Debug)]
pub(crate) struct What {
    /// The expression.
    pub(crate) query: String,
    /// Milliseconds since the Unix epoch.
    pub(crate) start_ms: i64,
    /// The same of one instant.
    pub(crate) end_ms: i64,
    /// 0 of one instant.
    pub(crate) step_ms: i64,
}

/// A query that waits or runs; it is over when all clones are gone.
#[derive(Clone, Debug)]
pub(crate) struct Active(Arc<Ending>);

#[derive(Debug)]
struct Ending {
    activity: Activity,
    id: u64,
    asked: Arc<Asked>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.activity.0.lock().active.remove(&self.id);
    }
}

impl Activity {
    /// A query comes in.
    pub(crate) fn begin(&self, mut what: What, now_ms: i64) -> Active {
        if what.query.len() > MAX_TEXT {
            let end = (0..=MAX_TEXT).rev().find(|i| what.query.is_char_boundary(*i)).unwrap_or(0);
            what.query.truncate(end);
            what.query.push_str("...");
        }
        let asked = Arc::new(Asked { what, began: Instant::now(), began_ms: now_ms, runs: AtomicBool::new(false) });
        let mut lists = self.0.lock();
        lists.next += 1;
        let id = lists.next;
        lists.active.insert(id, Arc::clone(&asked));
        Active(Arc::new(Ending { activity: self.clone(), id, asked }))
    }
}

impl Active {
    /// It is its turn. Gives back how long it waited.
    pub(crate) fn runs(&self) -> Duration {
        self.0.asked.runs.store(true, Ordering::Relaxed);
        self.0.asked.began.elapsed()
    }

    /// It is done; one that took longer than the threshold (where there is one) is remembered and logged.
    pub(crate) fn finish(&self, result: Result<&Statistics, &str>, threshold: Duration) {
        let took = self.0.asked.began.elapsed();
        if threshold.is_zero() || took < threshold {
            return;
        }
        let asked = &self.0.asked;
        let (samples, error) = match result {
            Ok(statistics) => (statistics.fetches.iter().map(|f| f.samples).sum::<usize>(), ""),
            Err(error) => (0, error),
        };
        let seconds = took.as_secs_f64();
        tracing::warn!(query = asked.what.query, seconds, samples, step_ms = asked.what.step_ms, error, "slow query");
        let mut shown = asked.shown(took);
        shown["samples"] = json!(samples);
        if !error.is_empty() {
            shown["error"] = json!(error);
        }
        let slow = &mut self.0.activity.0.lock().slow;
        slow.truncate(MAX_SLOW - 1);
        slow.push_front(shown);
    }
}

impl Asked {
    fn shown(&self, took: Duration) -> Value {
        json!({
            "query": self.what.query,
            "start": rfc3339(self.what.start_ms),
            "end": rfc3339(self.what.end_ms),
            "stepSeconds": self.what.step_ms as f64 / 1e3,
            "began": rfc3339(self.began_ms),
            "seconds": took.as_secs_f64(),
        })
    }
}

/// `status/active_queries`: those that wait or run, the oldest first.
pub(crate) async fn active_queries(State(state): State<ApiState>) -> Result<Answer, ApiError> {
    let active: Vec<(u64, Arc<Asked>)> =
        state.activity.0.lock().active.iter().map(|(id, asked)| (*id, Arc::clone(asked))).collect();
    let shown = active.into_iter().map(|(id, asked)| {
        let mut shown = asked.shown(asked.began.elapsed());
        shown["id"] = json!(id);
        shown["state"] = json!(if asked.runs.load(Ordering::Relaxed) { "running" } else { "waiting" });
        shown
    });
    Answer::of(&shown.collect::<Vec<_>>())
}

/// `status/slow_queries`: those that took longer than `--query.slow-threshold`, the newest first.
pub(crate) async fn slow_queries(State(state): State<ApiState>) -> Result<Answer, ApiError> {
    let slow: Vec<Value> = state.activity.0.lock().slow.iter().cloned().collect();
    Answer::of(&slow)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(query: &str) -> What {
        What { query: query.to_owned(), start_ms: 0, end_ms: 60_000, step_ms: 15_000 }
    }

    #[test]
    fn is_listed_until_the_last_of_it_is_gone() {
        let activity = Activity::default();
        let ids = || activity.0.lock().active.keys().copied().collect::<Vec<_>>();
        let (first, second) = (activity.begin(what("a"), 0), activity.begin(what("b"), 0));
        let running = first.clone();
        drop(first);
        assert_eq!(ids(), [1, 2]);
        drop((running, second));
        assert!(ids().is_empty());
    }

    #[test]
    fn slow_ones_are_remembered_within_bounds() {
        let activity = Activity::default();
        let fast = activity.begin(what("fast"), 0);
        fast.finish(Ok(&Statistics::default()), Duration::from_secs(3_600));
        fast.finish(Ok(&Statistics::default()), Duration::ZERO);
        assert!(activity.0.lock().slow.is_empty());
        for i in 0..MAX_SLOW + 5 {
            activity.begin(what(&format!("{i}{}", "é".repeat(5_000))), 0).finish(Err("gone"), Duration::from_nanos(1));
        }
        let slow = &activity.0.lock().slow;
        assert_eq!(slow.len(), MAX_SLOW);
        let newest = slow[0]["query"].as_str().unwrap();
        assert!(newest.starts_with(&format!("{}é", MAX_SLOW + 4)) && newest.len() <= MAX_TEXT + 3);
        assert_eq!((&slow[0]["error"], &slow[0]["end"]), (&json!("gone"), &json!("1970-01-01T00:01:00Z")));
    }
}
