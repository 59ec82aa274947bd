//! `import`: loads OpenMetrics text whose samples carry timestamps, a file of any size in bounded memory.
//!
//! One thread reads and parses a piece after another, this one hands the samples to the store, whose writer commits them:
//! three at a time.

mod pieces;
mod samples;

pub(crate) use samples::STALE_TEXT;

use super::progress::Progress;
use anyhow::Context;
use pieces::Pieces;
use procession_store::{Appended, Batch, Options, Store};
use samples::{Names, Samples};
use std::fs::File;
use std::io::{Read, stdin};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Instant;

/// Parsed pieces that may wait for the store, some 50,000 samples each.
const PIECES_AHEAD: usize = 4;
/// Samples that may wait for their commit. Larger commits cost less a sample than the scraper's own, which are made
/// every second.
const PENDING_SAMPLES: usize = 2_000_000;

/// Flags of `import`.
#[derive(Clone, Debug, clap::Args)]
pub struct Import {
    /// The storage folder; no scraper may be running on it
    #[arg(long = "storage.path", value_name = "DIR")]
    pub storage_path: PathBuf,
    /// A file of OpenMetrics text, `-` for standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Samples taken.
    pub samples: u64,
    /// Left out: the series has a sample at that moment, and the first one stays.
    pub duplicates: u64,
    /// Left out: older than the newest sample of its series.
    pub out_of_order: u64,
    /// Left out: too far from 1970 to be stored.
    pub out_of_bounds: u64,
}

impl Imported {
    fn add(&mut self, appended: Appended) {
        self.samples += appended.stored as u64;
        self.duplicates += appended.duplicates as u64;
        self.out_of_order += appended.out_of_order as u64;
        self.out_of_bounds += appended.out_of_bounds as u64;
    }
}

impl Import {
    /// Loads the file. An error names its line; the samples on the lines before it stay imported.
    pub fn run(&self) -> anyhow::Result<Imported> {
        let (input, length, shown): (Box<dyn Read + Send>, _, _) = if self.file.as_os_str() == "-" {
            (Box::new(stdin()), None, "standard input".to_owned())
        } else {
            let shown = self.file.display().to_string();
            let file = File::open(&self.file).with_context(|| format!("cannot open {shown}"))?;
            let length = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|m| m.len());
            (Box::new(file), length, shown)
        };
        // Retention counts back from the newest sample. It is the scraper's to apply, with the age that it was told.
        let options = Options {
            retention: None,
            rollup_retention: None,
            max_pending_samples: PENDING_SAMPLES,
            ..Options::default()
        };
        let store = Store::open(&self.storage_path, options)?;
        let began = Instant::now();
        let mut progress = Progress::on_terminal(length);
        let (imported, result) = load(&store, input, &mut progress);
        progress.end();
        let series = store.stats().series;
        // Nothing follows that the samples should wait for; in a block they take a tenth of the room.
        if result.is_ok()
            && let Err(error) = store.seal()
        {
            tracing::warn!(%error, "the samples are safe, but not in blocks yet; the scraper will see to that");
        }
        let closed = store.close();
        report(&imported, series, began);
        result.context(shown)?;
        closed?;
        Ok(imported)
    }
}

#[expect(clippy::print_stderr, reason = "the command's own words to the person who runs it")]
fn report(imported: &Imported, series: usize, began: Instant) {
    let seconds = began.elapsed().as_secs_f64();
    eprintln!(
        "imported {} samples in {seconds:.1} s; the store has {series} series; left out: {} duplicates, {} out of order, {} out of bounds",
        imported.samples, imported.duplicates, imported.out_of_order, imported.out_of_bounds
    );
}

/// Loads a stream. What was imported stands beside the error that ended it.
pub(crate) fn load(store: &Store, input: impl Read + Send, progress: &mut Progress) -> (Imported, anyhow::Result<()>) {
    let mut imported = Imported::default();
    let names = Names::default();
    let result = std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(PIECES_AHEAD);
        // The sender goes with the parser, so that the receiver sees the end.
        let parser = {
            let names = &names;
            scope.spawn(move || parse(store, names, input, &sender))
        };
        let appended = append(store, &names, receiver, &mut imported, progress);
        // Where appending failed, the receiver is gone and the parser has ended at its next piece.
        let parsed = parser.join().unwrap_or_else(|_| Err(anyhow::anyhow!("the parser broke off")));
        appended.and(parsed)
    });
    (imported, result)
}

/// The samples of a piece and its size.
struct Parsed {
    batch: Batch,
    bytes: u64,
}

fn parse(store: &Store, names: &Names, input: impl Read, sender: &SyncSender<Parsed>) -> anyhow::Result<()> {
    let mut pieces = Pieces::new(input);
    let mut samples = Samples::new(store, names);
    while let Some(piece) = pieces.next_piece().context("cannot read on")? {
        let bytes = piece.bytes.len() as u64;
        let mut batch = Batch::default();
        let result = samples.read(piece, &mut batch);
        if sender.send(Parsed { batch, bytes }).is_err() {
            return Ok(());
        }
        result?;
    }
    samples.finish()
}

fn append(
    store: &Store,
    names: &Names,
    parsed: Receiver<Parsed>,
    imported: &mut Imported,
    progress: &mut Progress,
) -> anyhow::Result<()> {
    let mut since_flush = 0;
    for Parsed { batch, bytes } in parsed {
        let length = batch.len();
        if since_flush + length > PENDING_SAMPLES {
            // The writer began to commit when half of them were waiting: this waits for the rest.
            store.flush()?;
            since_flush = 0;
        }
        since_flush += length;
        imported.add(names.append(store, batch)?);
        progress.step(bytes, imported.samples);
    }
    store.flush()?;
    Ok(())
}

/// Loads a whole text, for the tests of `export`.
#[cfg(test)]
pub(crate) fn load_for_tests(store: &Store, text: &[u8]) -> anyhow::Result<()> {
    load(store, text, &mut Progress::hidden(None)).1
}

#[cfg(test)]
mod tests;
