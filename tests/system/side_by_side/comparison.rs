//! The series of one job as two scrapers have them, held against each other. Pure.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

/// Raw samples of a job's series, by their labels: moment in seconds and value, ascending.
pub(super) type Series = BTreeMap<String, Vec<(f64, f64)>>;

/// Series, and those of our samples of them that were compared.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) series: usize,
    samples: usize,
}

impl Tally {
    fn count(&mut self, samples: usize) {
        self.series += 1;
        self.samples += samples;
    }
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    /// Scrapes by Prometheus and by us.
    scrapes: (usize, usize),
    /// Those of both that failed.
    pub(super) failed: usize,
    /// Series that both have.
    both: usize,
    /// Values that never changed, and are equal.
    pub(super) constant: Tally,
    /// Values that only rose: each of ours lies between those that Prometheus has from before and after it.
    rising: Tally,
    /// Values that went up and down: only that both have them can be compared.
    moving: Tally,
    /// Of the samples of those, as many as are one of Prometheus's values beside them.
    moving_alike: usize,
    /// Series of one or two scrapes, of failed ones, or of what a thread does in a moment, that only one of both saw.
    blinked: usize,
    /// Everything that should not be, by series.
    pub(super) wrong: BTreeMap<String, String>,
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Comparison { scrapes, failed, both, constant, rising, moving, moving_alike, blinked, wrong } = self;
        let (theirs, ours) = scrapes;
        let whose = |who: &str| wrong.values().filter(|what| what.starts_with(&only(who))).count();
        let (only_theirs, only_ours) = (whose(PROMETHEUS), whose(OURS));
        writeln!(
            f,
            "{both} series are the same; {only_theirs} only Prometheus has, {only_ours} only Procession has \
             (and {blinked} one of both saw for one or two scrapes, as they come and go)"
        )?;
        writeln!(f, "  {theirs} scrapes by Prometheus and {ours} by Procession, of which {failed} failed")?;
        writeln!(f, "  {} series never changed: {} samples of {0} equal", constant.series, constant.samples)?;
        writeln!(
            f,
            "  {} series only rise: {} samples lie between Prometheus's before and after them",
            rising.series, rising.samples
        )?;
        writeln!(
            f,
            "  {} series go up and down between the moments of the two: {moving_alike} of {} samples equal one of \
             Prometheus's beside them, the others cannot be compared",
            moving.series, moving.samples
        )?;
        let beside = wrong.len() - only_theirs - only_ours;
        writeln!(f, "  {beside} series have other values than they may")
    }
}

const PROMETHEUS: &str = "Prometheus";
const OURS: &str = "Procession";

/// How it is told that one of both has a series.
fn only(who: &str) -> String {
    format!("only {who} has it")
}

impl Comparison {
    /// Holds the series of both against each other; `surely` is the stretch of time that both cover. Where a scrape failed,
    /// because the machine was too busy for it, what only one of both has tells nothing.
    pub(super) fn new(theirs: &Series, ours: &Series, surely: &Range<f64>) -> Self {
        let mut found = Comparison {
            scrapes: (scrapes(theirs).count(), scrapes(ours).count()),
            failed: scrapes(theirs).chain(scrapes(ours)).filter(|up| *up == 0.0).count(),
            ..Comparison::default()
        };
        for (one, other, who) in [(theirs, ours, PROMETHEUS), (ours, theirs, OURS)] {
            for (series, samples) in one.iter().filter(|(series, _)| !other.contains_key(*series)) {
                // What lives shorter than an interval is seen by whoever comes by; what is new or ends at the edge, too.
                let inside = samples.iter().filter(|(time, _)| surely.contains(time)).count();
                match inside {
                    0..=2 => found.blinked += 1,
                    _ if found.failed > 0 || is_momentary(series) => found.blinked += 1,
                    _ => drop(found.wrong.insert(series.clone(), format!("{}: {samples:?}", only(who)))),
                }
            }
        }
        // A page is made some time between the moment of a scrape and its end.
        let slack = (longest_scrape(theirs), longest_scrape(ours));
        for (series, ours) in ours {
            let Some(theirs) = theirs.get(series) else { continue };
            found.both += 1;
            // One that now is on the page and now is not is seen by each as often as it happens to be there.
            let comes_and_goes =
                is_momentary(series) || (theirs.len() < found.scrapes.0 && ours.len() < found.scrapes.1);
            if found.failed == 0 && !comes_and_goes && ours.len().abs_diff(theirs.len()) > 2 + theirs.len() / 20 {
                let what = format!("{} samples, Prometheus has {}", ours.len(), theirs.len());
                found.wrong.insert(series.clone(), what);
            }
            found.judge(series, theirs, ours, slack);
        }
        found.count_pages(ours);
        found
    }

    /// Whether we have as many series of each scrape as were on its page.
    fn count_pages(&mut self, ours: &Series) {
        let mut stored: BTreeMap<u64, usize> = BTreeMap::new();
        for (_, samples) in ours.iter().filter(|(series, _)| !is_of_scrape(series)) {
            for (time, _) in samples {
                *stored.entry(time.to_bits()).or_default() += 1;
            }
        }
        for (series, pages) in ours.iter().filter(|(series, _)| series.starts_with(ON_PAGE)) {
            for (time, on_page) in pages {
                let stored = stored.get(&time.to_bits()).copied().unwrap_or_default();
                if stored as f64 != *on_page {
                    self.note(series, format!("{stored} series of the scrape at {time}, {on_page} on its page"));
                }
            }
        }
    }

    /// Adds what was found of another job.
    pub(super) fn add(&mut self, other: Comparison) {
        let Comparison { scrapes, failed, both, constant, rising, moving, moving_alike, blinked, wrong } = other;
        self.scrapes = (self.scrapes.0 + scrapes.0, self.scrapes.1 + scrapes.1);
        self.failed += failed;
        self.both += both;
        for (own, other) in [(&mut self.constant, constant), (&mut self.rising, rising), (&mut self.moving, moving)] {
            own.series += other.series;
            own.samples += other.samples;
        }
        self.moving_alike += moving_alike;
        self.blinked += blinked;
        self.wrong.extend(wrong);
    }

    /// Compares the values of one series.
    fn judge(&mut self, series: &str, theirs: &[(f64, f64)], ours: &[(f64, f64)], slack: (f64, f64)) {
        let same = |a: f64, b: f64| a == b || (a.is_nan() && b.is_nan());
        let first = theirs[0].1;
        // The values that Prometheus has from surely before and surely after a moment of ours.
        let neighbours = |time: f64| {
            let before = theirs.partition_point(|(t, _)| t + slack.0 < time);
            let after = theirs.partition_point(|(t, _)| *t <= time + slack.1);
            Some((theirs.get(before.checked_sub(1)?)?.1, theirs.get(after)?.1))
        };
        let compared: Vec<(f64, f64, f64)> =
            ours.iter().filter_map(|(time, v)| neighbours(*time).map(|(least, most)| (least, *v, most))).collect();
        let moving = |found: &mut Comparison| {
            found.moving.count(compared.len());
            found.moving_alike += compared.iter().filter(|(a, v, b)| same(*a, *v) || same(*v, *b)).count();
        };
        if !rises(theirs) || (!is_counter(series) && !rises(ours)) || OWN.iter().any(|own| series.starts_with(own)) {
            moving(self);
        } else if theirs.iter().all(|(_, v)| same(*v, first)) {
            match compared.iter().filter(|(_, v, _)| !same(*v, first)).count() {
                0 => self.constant.count(compared.len()),
                // A gauge that moved there and back while Prometheus did not look.
                n if !is_counter(series) && n <= 1 + ours.len() / 2 => moving(self),
                n => self.note(series, format!("always {first} at Prometheus, {n} others here: {ours:?}")),
            }
        } else {
            match compared.iter().filter(|(least, v, most)| v < least || v > most).count() {
                0 => self.rising.count(compared.len()),
                // By chance a gauge rose in both; a counter of process-exporter falls when processes leave a group.
                _ if !is_counter(series) || !rises(ours) => moving(self),
                n => self.note(series, format!("{n} beside their neighbours: {ours:?}, Prometheus: {theirs:?}")),
            }
        }
    }

    fn note(&mut self, series: &str, what: String) {
        self.wrong.insert(series.to_owned(), what);
    }
}

/// Whether each scrape succeeded.
fn scrapes(series: &Series) -> impl Iterator<Item = f64> {
    let up = series.iter().filter(|(name, _)| name.starts_with("up{"));
    up.flat_map(|(_, samples)| samples).map(|(_, up)| *up)
}

/// How long the longest scrape took, in seconds.
fn longest_scrape(series: &Series) -> f64 {
    let durations = series.iter().filter(|(name, _)| name.starts_with("scrape_duration_seconds"));
    durations.flat_map(|(_, samples)| samples).map(|(_, duration)| *duration).fold(0.0, f64::max)
}

/// What is about a scrape itself, or about what goes on beside it: each has its own.
const OWN: [&str; 4] = [
    "scrape_duration_seconds",
    "scrape_series_added",
    "promhttp_metric_handler_requests_in_flight",
    "namedprocess_namegroup_states{",
];

/// How many series a scrape's page had.
const ON_PAGE: &str = "scrape_samples_post_metric_relabeling{";

/// Whether a series is made by the scrape, and on no page.
fn is_of_scrape(series: &str) -> bool {
    let name = series.split('{').next().unwrap_or_default();
    matches!(
        name,
        "up" | "scrape_duration_seconds"
            | "scrape_samples_scraped"
            | "scrape_samples_post_metric_relabeling"
            | "scrape_series_added"
    )
}

/// Whether a series is there only while a thread happens to do what its labels say: one of both may meet it at each of
/// its scrapes, and the other hardly ever.
fn is_momentary(series: &str) -> bool {
    series.starts_with("namedprocess_namegroup_threads_wchan{")
}

/// Whether no value is less than the one before; NaN stays NaN.
fn rises(samples: &[(f64, f64)]) -> bool {
    samples.is_sorted_by(|(_, a), (_, b)| a <= b || (a.is_nan() && b.is_nan()))
}

/// Whether a series says by its name that it only rises.
fn is_counter(series: &str) -> bool {
    let name = series.split('{').next().unwrap_or_default();
    // process-exporter calls a gauge so.
    name != "namedprocess_namegroup_thread_count"
        && ["_total", "_count", "_bucket"].iter().any(|end| name.ends_with(end))
}
