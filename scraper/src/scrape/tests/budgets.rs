//! Budgets of active series: what is there stays, what is new waits for room.

use super::job;
use super::recorder::Recorder;
use crate::config::Job;
use crate::scrape::budget::{Budget, Share};
use crate::scrape::buffers::Buffers;
use crate::scrape::error::ScrapeError;
use crate::scrape::fetch::Page;
use crate::scrape::worker::{Moment, Worker};
use procession_openmetrics::Labels;
use std::sync::Arc;
use std::time::Instant;

/// Targets of one job, `series_limit` 3, beside a job without; 5 for all.
struct Fleet {
    job: Arc<Job>,
    budget: Arc<Budget>,
    all: Arc<Budget>,
    workers: Vec<Worker<usize>>,
    recorder: Recorder,
    now_ms: i64,
}

impl Fleet {
    fn new() -> Self {
        let (budget, other, all) = <(Arc<Budget>, Arc<Budget>, Arc<Budget>)>::default();
        budget.set_limit(3);
        all.set_limit(5);
        let worker = |name: &str, budget: &Arc<Budget>| {
            let share = Share::new(budget.clone(), all.clone());
            Worker::new(Labels::from_pairs([("t", name)]), Arc::default()).sharing(share)
        };
        let workers = vec![worker("0", &budget), worker("1", &budget), worker("2", &other)];
        Fleet { job: job(""), budget, all, workers, recorder: Recorder::default(), now_ms: 0 }
    }

    /// Scrapes a page of words from a target, none for a failure: which were stored, and how many were left out by the
    /// job's budget and by that of all.
    fn scrape(&mut self, target: usize, words: Option<&str>, want: &str, left_out: (usize, usize)) {
        self.now_ms += 1_000;
        let fetched = match words {
            Some(words) => {
                let body = words.split_whitespace().map(|w| format!("{w} 1\n")).collect::<String>().into_bytes();
                Ok(Page { body, content_type: Some("text/plain".to_owned()), ..Page::default() })
            }
            None => Err(ScrapeError::Connection("no".to_owned())),
        };
        let moment = Moment { timestamp_ms: self.now_ms, began: Instant::now() };
        let sink = self.recorder.sink();
        let outcome = self.workers[target].settle(fetched, moment, &self.job, &sink, &Buffers::default());
        let mut got: Vec<String> =
            self.recorder.take().iter().filter_map(|l| Some(l.split_once('{')?.0.to_owned())).collect();
        got.retain(|name| name.len() == 1);
        let told = outcome.last.left_out;
        assert_eq!(
            (got.join(" ").as_str(), (told.over_job_budget, told.over_server_budget)),
            (want, left_out),
            "{words:?}"
        );
    }
}

#[test]
fn a_job_s_targets_share_its_budget() {
    let mut fleet = Fleet::new();
    fleet.scrape(0, Some("a b"), "a b", (0, 0));
    fleet.scrape(1, Some("a b c"), "a", (2, 0));
    // Those that are there are never left out, whatever their order; those that are new still are.
    fleet.scrape(0, Some("c b a"), "b a", (1, 0));
    // A failure keeps the place: the other target does not get it.
    fleet.scrape(0, None, "a b", (0, 0));
    fleet.scrape(1, Some("a b c"), "a", (2, 0));
    fleet.scrape(0, Some("a b"), "a b", (0, 0));
    // What goes makes room at once, and has no right to come back.
    fleet.scrape(0, Some("a"), "a b", (0, 0));
    fleet.scrape(1, Some("a b c"), "a b", (1, 0));
    fleet.scrape(0, Some("a b"), "a", (1, 0));
    assert_eq!((fleet.budget.state().used, fleet.budget.state().left_out), (3, 7));
}

#[test]
fn all_jobs_share_another() {
    let mut fleet = Fleet::new();
    fleet.scrape(0, Some("a b c d"), "a b c", (1, 0));
    fleet.scrape(2, Some("a b c"), "a b", (0, 1));
    // A target that goes gives back what it had, new rules as well.
    let worker = fleet.workers.remove(0);
    worker.end(9_000, &fleet.recorder.sink()).unwrap();
    fleet.recorder.take();
    assert_eq!((fleet.budget.state().used, fleet.all.state().used), (0, 2));
    fleet.scrape(1, Some("a b c"), "a b c", (0, 0));
    let worker = fleet.workers.remove(1).under_new_rules();
    assert_eq!(fleet.all.state().used, 0);
    fleet.workers.push(worker);
    fleet.now_ms = 20_000;
    fleet.scrape(1, Some("a b c"), "a b c", (0, 0));
    assert_eq!(fleet.all.state().used, 3);
}
