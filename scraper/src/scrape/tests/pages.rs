//! What becomes of pages: the semantics of a scrape, without a network.

use super::job;
use super::recorder::Recorder;
use crate::scrape::buffers::Buffers;
use crate::scrape::fetch::Page;
use crate::scrape::metadata::MetadataStore;
use crate::scrape::worker::{Moment, Worker};
use parking_lot::Mutex;
use procession_openmetrics::Labels;
use std::sync::Arc;
use std::time::Instant;

struct Scrapes {
    job: Arc<crate::config::Job>,
    worker: Worker<usize>,
    recorder: Recorder,
    now_ms: i64,
}

impl Scrapes {
    fn new(lines: &str) -> Self {
        Scrapes {
            job: job(lines),
            worker: Worker::new(Labels::from_pairs([("instance", "i"), ("job", "j")]), Arc::default()),
            recorder: Recorder::default(),
            now_ms: 0,
        }
    }

    /// Scrapes a page of text 0.0.4, ten seconds after the one before. What was stored, without what is stored about
    /// every scrape; that as `up scraped kept added`, with the error.
    fn page(&mut self, body: &str) -> (Vec<String>, String) {
        self.now_ms += 10_000;
        let page =
            Page { body: body.as_bytes().to_vec(), content_type: Some("text/plain".to_owned()), ..Page::default() };
        let moment = Moment { timestamp_ms: self.now_ms, began: Instant::now() };
        let outcome = self.worker.settle(Ok(page), moment, &self.job, &self.recorder.sink(), &Buffers::default());
        let (reports, samples): (Vec<String>, Vec<String>) =
            self.recorder.take().into_iter().partition(|line| line.starts_with("up{") || line.starts_with("scrape_"));
        let suffix = format!(" @{}", self.now_ms);
        let numbers: Vec<&str> =
            reports.iter().map(|l| l.strip_suffix(&suffix).unwrap().rsplit_once(' ').unwrap().1).collect();
        let mut about = numbers.join(" ");
        if !outcome.last.error.is_empty() {
            about = format!("{about} {}", outcome.last.error);
        }
        (samples, about)
    }

    fn check(&mut self, body: &str, samples: &[&str], about: &str) {
        let (got, got_about) = self.page(body);
        let shorten = |line: &String| line.replace(r#"instance="i",job="j""#, "T");
        assert_eq!(got.iter().map(shorten).collect::<Vec<_>>(), samples, "{body}");
        assert_eq!(got_about, about, "{body}");
    }
}

#[test]
fn samples_get_the_target_s_labels_and_the_scrape_s_time() {
    let mut scrapes = Scrapes::new("");
    scrapes.check(
        "# TYPE a counter\na 1\nb{x=\"1\",job=\"own\"} 2.5\n",
        &[r"a{T} 1 @10000", r#"b{exported_job="own",T,x="1"} 2.5 @10000"#],
        "1 2 2 2",
    );
    scrapes.check("a 2\n", &["a{T} 2 @20000", r#"b{exported_job="own",T,x="1"} stale @20000"#], "1 1 1 0");
    scrapes.check("a 3\n", &["a{T} 3 @30000"], "1 1 1 0");
}

#[test]
fn a_failed_scrape_ends_all_series() {
    let mut scrapes = Scrapes::new("");
    scrapes.check("a 1\nb 1\n", &["a{T} 1 @10000", "b{T} 1 @10000"], "1 2 2 2");
    let (samples, about) = scrapes.page("a 2\nc 1\nthis is not text\n");
    assert_eq!(samples.len(), 2, "{samples:?}");
    assert!(samples.iter().all(|line| line.ends_with("stale @20000")), "{samples:?}");
    assert!(about.starts_with("0 2 2 0 line 3, column "), "{about}");
    // It is still down: nothing more to end. Then all is new again, and what the bad page brought was never there.
    assert_eq!(scrapes.page("{").0, Vec::<String>::new());
    scrapes.check("a 3\nb 3\n", &["a{T} 3 @40000", "b{T} 3 @40000"], "1 2 2 0");
}

#[test]
fn the_first_of_two_samples_stays() {
    let mut scrapes = Scrapes::new("");
    scrapes.check("a 1\na 2\n", &["a{T} 1 @10000"], "1 2 2 1");
    // Another order of labels is the same series, and so not gone.
    scrapes.check("b{x=\"1\",y=\"2\"} 1\n", &[r#"b{T,x="1",y="2"} 1 @20000"#, "a{T} stale @20000"], "1 1 1 1");
    scrapes.check("b{y=\"2\",x=\"1\"} 2\n", &[r#"b{T,x="1",y="2"} 2 @30000"#], "1 1 1 1");
}

#[test]
fn timestamps_of_targets() {
    // Honoured: no marker is due, since the target says when. Far ahead of our clock they are left out.
    let mut scrapes = Scrapes::new("");
    scrapes.check("a 1 5000\nb 1 610001\nc 1 610000\n", &["a{T} 1 @5000", "c{T} 1 @610000"], "1 3 3 3");
    scrapes.check("a 1 6000\na 2 7000\n", &["a{T} 1 @6000", "a{T} 2 @7000"], "1 2 2 0");
    scrapes.check("", &[], "1 0 0 0");
    // Not honoured.
    let mut scrapes = Scrapes::new("  honor_timestamps: false\n");
    scrapes.check("a 1 5000\n", &["a{T} 1 @10000"], "1 1 1 1");
    scrapes.check("", &["a{T} stale @20000"], "1 0 0 0");
    // Followed all the same.
    let mut scrapes = Scrapes::new("  track_timestamps_staleness: true\n");
    scrapes.check("a 1 5000\n", &["a{T} 1 @5000"], "1 1 1 1");
    scrapes.check("", &["a{T} stale @20000"], "1 0 0 0");
}

#[test]
fn dropped_samples_are_counted_and_not_stored() {
    let mut scrapes =
        Scrapes::new("  metric_relabel_configs: [{source_labels: [__name__], regex: 'go_.*', action: drop}]\n");
    scrapes.check("go_a 1\na 1\n", &["a{T} 1 @10000"], "1 2 1 1");
    scrapes.check("go_a 1\na 1\n", &["a{T} 1 @20000"], "1 2 1 0");
}

#[test]
fn limits_fail_the_scrape() {
    let mut scrapes = Scrapes::new("  sample_limit: 2\n");
    scrapes.check("a 1\nb 1\n", &["a{T} 1 @10000", "b{T} 1 @10000"], "1 2 2 2");
    scrapes.check(
        "a 1\nb 1\nc 1\nd 1\n",
        &["a{T} stale @20000", "b{T} stale @20000"],
        "0 4 4 0 sample limit exceeded: 4 samples, the limit is 2",
    );
    let mut scrapes = Scrapes::new("  label_limit: 3\n");
    scrapes.check("a{x=\"1\"} 1\n", &[], "0 1 0 0 label_limit exceeded: a has 4 labels, the limit is 3");
}

#[test]
fn a_full_store_is_said_to_be_full() {
    let mut scrapes = Scrapes::new("");
    scrapes.recorder.refuse("too many samples are waiting");
    let moment = Moment { timestamp_ms: 1, began: Instant::now() };
    let page = Page { content_type: Some("text/plain".to_owned()), ..Page::default() };
    let outcome = scrapes.worker.settle(Ok(page), moment, &scrapes.job, &scrapes.recorder.sink(), &Buffers::default());
    assert_eq!(outcome.last.error, "the store takes no samples: too many samples are waiting");
}

/// `b` ends while the store takes nothing: its marker comes with the next scrape that is taken, `a`'s sample does not.
#[test]
fn markers_that_were_not_taken_come_later() {
    let mut scrapes = Scrapes::new("");
    scrapes.page("a 1\nb 1\nc 1\n");
    scrapes.recorder.refuse("full");
    scrapes.page("a 2\n");
    scrapes.recorder.accept();
    scrapes.check("a 3\nc 4\n", &["a{T} 3 @30000", "c{T} 4 @30000", "b{T} stale @30000"], "1 2 2 0");
}

#[test]
fn what_ends_is_ended() {
    let mut scrapes = Scrapes::new("");
    scrapes.page("a 1\n");
    let Scrapes { worker, recorder, .. } = scrapes;
    // The clock stands still or went back: markers still come after the samples.
    worker.end(9_000, &recorder.sink()).unwrap();
    let ended = recorder.take();
    assert_eq!(ended.len(), 6, "{ended:?}");
    assert!(ended.iter().all(|line| line.ends_with("stale @10001")), "{ended:?}");
    // A target that was never scraped leaves nothing.
    Worker::<usize>::new(Labels::empty(), Arc::default()).end(1, &recorder.sink()).unwrap();
    assert_eq!(recorder.take(), Vec::<String>::new());
}

#[test]
fn metadata_is_kept() {
    let mut scrapes = Scrapes::new("");
    let metadata: Arc<Mutex<MetadataStore>> = Arc::default();
    scrapes.worker = Worker::new(Labels::empty(), metadata.clone());
    scrapes.page("# HELP a What it is\n# TYPE a counter\na 1\n");
    let metadata = metadata.lock();
    let all: Vec<_> = metadata.iter().map(|(n, m)| (n, m.kind.as_str(), m.help.as_str())).collect();
    assert_eq!(all, [("a", "counter", "What it is")]);
}

#[test]
fn a_soft_limit_leaves_new_series_out_and_keeps_the_others() {
    let mut scrapes = Scrapes::new("  soft_sample_limit: 2\n");
    scrapes.check("a 1\nb 1\nc 1\n", &["a{T} 1 @10000", "b{T} 1 @10000"], "1 3 2 2");
    // Those that are there keep their places, wherever they stand on the page.
    scrapes.check("d 1\nc 1\nb 2\na 2\n", &["b{T} 2 @20000", "a{T} 2 @20000"], "1 4 2 0");
    // A place that became free is given away by the scrape after.
    scrapes.check("c 1\nb 3\n", &["b{T} 3 @30000", "a{T} stale @30000"], "1 2 1 0");
    scrapes.check("d 1\nc 1\nb 4\n", &["d{T} 1 @40000", "b{T} 4 @40000"], "1 3 2 1");
}

#[test]
fn series_that_the_store_has_forgotten_are_named_again() {
    let mut scrapes = Scrapes::new("  metric_relabel_configs: [{regex: y, action: labeldrop}]");
    scrapes.check(
        "a{x=\"q\\\"\",y=\"1\"} 1\nb 1\nc 1\n",
        &[r#"a{T,x="q\""} 1 @10000"#, "b{T} 1 @10000", "c{T} 1 @10000"],
        "1 3 3 3",
    );
    scrapes.recorder.forget();
    // One goes on under its name, with all that is written about every scrape; the end of one that is forgotten is no news.
    scrapes.check("a{x=\"q\\\"\",y=\"1\"} 2\nb 2\n", &[r#"a{T,x="q\""} 2 @20000"#, "b{T} 2 @20000"], "1 2 2 0");
    scrapes.check("b 3\nc 3\n", &["b{T} 3 @30000", "c{T} 3 @30000", r#"a{T,x="q\""} stale @30000"#], "1 2 2 0");
    scrapes.recorder.forget();
    let worker = scrapes.worker;
    worker.end(40_000, &scrapes.recorder.sink()).unwrap();
    assert_eq!(scrapes.recorder.take(), Vec::<String>::new());
}

#[test]
fn timestamps_years_away_are_left_out_and_nothing_else() {
    let mut scrapes = Scrapes::new("");
    scrapes.now_ms = 1_700_000_000_000;
    let page = "a 1\nb 1 1\nc 1 4000000000000\nd 1 1700000000000\ne 1 -1\nf 1 9223372036854775807\n";
    scrapes.check(page, &["a{T} 1 @1700000010000", "d{T} 1 @1700000000000"], "1 6 6 6");
    let moment = Moment { timestamp_ms: scrapes.now_ms + 1, began: Instant::now() };
    let page = Page { body: page.as_bytes().to_vec(), content_type: Some("text/plain".to_owned()), ..Page::default() };
    let outcome = scrapes.worker.settle(Ok(page), moment, &scrapes.job, &scrapes.recorder.sink(), &Buffers::default());
    assert_eq!((outcome.last.left_out.ahead, outcome.last.left_out.behind), (2, 2));
    assert_eq!(outcome.last.error, "");
}
