//! `export`: writes history as OpenMetrics text with timestamps, metric by metric, series by series.
//!
//! The store keeps no types, so no `# TYPE` is written: every family is of the type unknown, under its full name. A
//! staleness marker is written as [`STALE_TEXT`], which other programs read as NaN and `import` as the marker.

mod fetch;
mod portion;

use super::import::STALE_TEXT;
use super::progress::Progress;
use crate::api::parse_time;
use anyhow::Context;
use fetch::Fetch;
use procession_openmetrics::{is_stale, write};
use procession_promql::{Matcher, SeriesView, parse_matchers};
use procession_store::{Options, Store};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;

/// Samples in memory at a time: 16 bytes each, and some more while they are fetched.
const SAMPLES_AT_A_TIME: usize = 4_000_000;

/// Flags of `export`.
#[derive(Clone, Debug, clap::Args)]
pub struct Export {
    /// The storage folder; no scraper may be running on it
    #[arg(long = "storage.path", value_name = "DIR")]
    pub storage_path: PathBuf,
    /// Series to write, such as '{job="proc"}'; all where it is left out; of several, each series of any
    #[arg(long = "match", value_name = "SELECTOR", value_parser = selector)]
    pub selectors: Vec<Selector>,
    /// The first moment: Unix seconds or RFC 3339
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true)]
    pub min_time: Option<i64>,
    /// The last moment, included
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true)]
    pub max_time: Option<i64>,
}

/// The matchers of one selector.
#[derive(Clone, Debug)]
pub struct Selector(pub Vec<Matcher>);

fn selector(text: &str) -> Result<Selector, String> {
    parse_matchers(text).map(Selector).map_err(|e| e.to_string())
}

/// What an export wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Series with at least one sample.
    pub series: u64,
    /// Samples, staleness markers among them.
    pub samples: u64,
}

impl Export {
    /// Writes the samples, a series at a time, so `out` need not be buffered.
    pub fn run(&self, out: &mut impl Write) -> anyhow::Result<Exported> {
        // Opening makes a store where there is none, which a reader must not.
        let folder = self.storage_path.display();
        anyhow::ensure!(self.storage_path.is_dir(), "there is no folder {folder}");
        anyhow::ensure!(self.storage_path.join("head.duckdb").is_file(), "the folder {folder} holds no store");
        // Retention is the scraper's to apply, with the age that it was told.
        let options = Options {
            retention: None,
            rollup_retention: None,
            max_selected_samples: SAMPLES_AT_A_TIME,
            ..Options::default()
        };
        let store = Store::open(&self.storage_path, options)?;
        let exported = self.write(&store, out);
        store.close()?;
        exported
    }

    fn write(&self, store: &Store, out: &mut impl Write) -> anyhow::Result<Exported> {
        let sets: Vec<Vec<Matcher>> = self.selectors.iter().map(|s| s.0.clone()).collect();
        let (first_ms, last_ms) = (self.min_time.unwrap_or(i64::MIN), self.max_time.unwrap_or(i64::MAX));
        let mut all = store.series(&sets, first_ms, last_ms, 0)?;
        // By name before all else: a family stands together, though some label names sort before `__name__`.
        all.sort_unstable_by(|a, b| a.metric_name().cmp(b.metric_name()).then_with(|| a.cmp(b)));
        let stats = store.stats();
        let mut fetch = Fetch::new(
            store,
            first_ms.max(stats.min_time_ms.unwrap_or(0)),
            last_ms.min(stats.max_time_ms.unwrap_or(0)),
        );
        let mut exported = Exported::default();
        let series = u64::try_from(all.len()).ok();
        // A terminal that shows the samples has no place for the line.
        let shown = !std::io::stdout().is_terminal();
        let mut progress = if shown { Progress::on_terminal(series) } else { Progress::hidden(series) };
        let mut text = Vec::new();
        for family in all.chunk_by(|a, b| a.metric_name() == b.metric_name()) {
            // Text has no form for a series without a name.
            if family[0].metric_name().is_empty() {
                continue;
            }
            fetch.each(family, &mut |series: SeriesView<'_>, begins| {
                exported.series += u64::from(begins);
                exported.samples += series.timestamps.len() as u64;
                series_text(&mut text, series);
                out.write_all(&text).context("cannot write")?;
                text.clear();
                progress.step(u64::from(begins), exported.samples);
                Ok(())
            })?;
        }
        out.write_all(b"# EOF\n").and_then(|()| out.flush()).context("cannot write")?;
        Ok(exported)
    }
}

fn series_text(text: &mut Vec<u8>, series: SeriesView<'_>) {
    let mut head = Vec::new();
    write::series(&mut head, series.labels);
    head.push(b' ');
    for (timestamp_ms, value) in series.timestamps.iter().zip(series.values) {
        text.extend_from_slice(&head);
        if is_stale(*value) {
            text.extend_from_slice(STALE_TEXT.as_bytes());
        } else {
            write::value(text, *value);
        }
        text.push(b' ');
        write::timestamp(text, *timestamp_ms);
        text.push(b'\n');
    }
}

#[cfg(test)]
mod tests;
