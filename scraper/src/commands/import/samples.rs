//! Pieces of OpenMetrics text to batches.

use super::pieces::Piece;
use anyhow::{bail, ensure};
use hashbrown::HashMap;
use parking_lot::Mutex;
use procession_openmetrics::{Entry, Format, Labels, LabelsBuilder, Parser, STALE_NAN, Sample};
use procession_store::{Appended, Batch, Error, SeriesRef, Store};
use std::mem;

/// How a staleness marker is written. Every parser reads it as an ordinary NaN (the format allows any case), and no
/// program that prints numbers spells NaN so: text of ours keeps its markers, other text gains none.
pub(crate) const STALE_TEXT: &str = "nAN";

/// Series whose text is remembered. A file that goes through more, time by time, is decoded again from time to time.
const REMEMBERED_SERIES: usize = 1_000_000;

/// What the numbers in batches stand for. The store forgets series whose samples are sealed, and a file that goes time by
/// time comes back to them.
#[derive(Default)]
pub(crate) struct Names(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    now: HashMap<SeriesRef, Labels, foldhash::fast::RandomState>,
    /// Of the texts that were remembered before the last ones: batches of theirs may be under way.
    before: HashMap<SeriesRef, Labels, foldhash::fast::RandomState>,
}

impl Names {
    /// Hands a batch to the store, with new numbers for series that it has forgotten.
    pub(crate) fn append(&self, store: &Store, batch: Batch) -> anyhow::Result<Appended> {
        let (mut batch, forgotten) = match store.append(batch) {
            Err(Error::Forgotten(refused)) => (refused.batch, refused.series),
            other => return Ok(other?),
        };
        let names = self.0.lock();
        let label_set = |series: &SeriesRef| names.now.get(series).or_else(|| names.before.get(series));
        let renewed: HashMap<SeriesRef, SeriesRef, foldhash::fast::RandomState> =
            forgotten.iter().filter_map(|old| Some((*old, store.series_ref(label_set(old)?)))).collect();
        for series in &mut batch.series {
            *series = renewed.get(series).copied().unwrap_or(*series);
        }
        Ok(store.append(batch)?)
    }
}

/// Turns pieces into batches and remembers what it saw.
pub(crate) struct Samples<'a> {
    store: &'a Store,
    names: &'a Names,
    refs: HashMap<Box<str>, SeriesRef, foldhash::fast::RandomState>,
    /// The series of the last sample: a file that goes series by series needs no look-up.
    last: Option<(String, SeriesRef)>,
    end: End,
}

/// How far the text has come.
enum End {
    /// Not at its end; the line that follows.
    NotYet(usize),
    /// Behind `# EOF`.
    Seen,
}

impl<'a> Samples<'a> {
    /// Begins a text.
    pub(crate) fn new(store: &'a Store, names: &'a Names) -> Self {
        Samples { store, names, refs: HashMap::default(), last: None, end: End::NotYet(1) }
    }

    /// Adds the samples of the next piece. On an error those before the bad line are in the batch.
    pub(crate) fn read(&mut self, mut piece: Piece, batch: &mut Batch) -> anyhow::Result<()> {
        ensure!(!matches!(self.end, End::Seen), "line {}: text after # EOF", piece.first_line);
        let is_last = piece.bytes.ends_with(b"# EOF\n") || piece.bytes.ends_with(b"# EOF");
        let mut cut_short = false;
        if !is_last {
            // A last line without its end may have lost digits of its timestamp.
            let lines = memchr::memrchr(b'\n', &piece.bytes).map_or(0, |at| at + 1);
            cut_short = lines < piece.bytes.len();
            piece.bytes.truncate(lines);
            // The parser wants a whole exposition.
            piece.bytes.extend_from_slice(b"# EOF\n");
        }
        let lines = memchr::memchr_iter(b'\n', &piece.bytes).count();
        self.read_lines(&piece, batch)?;
        self.end = if is_last { End::Seen } else { End::NotYet(piece.first_line + lines - 1) };
        if cut_short { self.finish() } else { Ok(()) }
    }

    /// Whether the text was whole.
    pub(crate) fn finish(&self) -> anyhow::Result<()> {
        if let End::NotYet(line) = self.end {
            bail!(
                "line {line}: the text ends without # EOF, so it may have been cut short; the samples before it are imported"
            );
        }
        Ok(())
    }

    fn read_lines(&mut self, piece: &Piece, batch: &mut Batch) -> anyhow::Result<()> {
        let in_file = |line: usize| line + piece.first_line - 1;
        let mut parser = Parser::new(&piece.bytes, Format::OpenMetrics);
        loop {
            let sample = match parser.next_entry() {
                Ok(Some(Entry::Sample(sample))) => sample,
                Ok(Some(_)) => continue,
                Ok(None) => return Ok(()),
                Err(e) => bail!("line {}, column {}: {}", in_file(e.line), e.column, e.message),
            };
            let Some(timestamp_ms) = sample.timestamp_ms else {
                let e = sample.error("the sample has no timestamp; only samples with one can be imported");
                bail!("line {}: {}", in_file(e.line), e.message);
            };
            let series = match self.series(&sample) {
                Ok(series) => series,
                Err(e) => bail!("line {}, column {}: {}", in_file(e.line), e.column, e.message),
            };
            let value =
                if sample.value.is_nan() && is_marker(&piece.bytes, sample.series) { STALE_NAN } else { sample.value };
            batch.push(series, timestamp_ms, value);
        }
    }

    fn series(&mut self, sample: &Sample<'_>) -> Result<SeriesRef, procession_openmetrics::ParseError> {
        if let Some((text, series)) = &self.last
            && text == sample.series
        {
            return Ok(*series);
        }
        let series = match self.refs.get(sample.series) {
            Some(series) => *series,
            None => {
                let mut labels = LabelsBuilder::default();
                sample.labels(&mut labels)?;
                let labels = labels.build();
                let series = self.store.series_ref(&labels);
                let mut names = self.names.0.lock();
                if self.refs.len() >= REMEMBERED_SERIES {
                    self.refs.clear();
                    names.before = mem::take(&mut names.now);
                }
                names.now.insert(series, labels);
                self.refs.insert(sample.series.into(), series);
                series
            }
        };
        let (text, last) = self.last.get_or_insert_with(|| (String::new(), series));
        text.clear();
        text.push_str(sample.series);
        *last = series;
        Ok(series)
    }
}

/// Whether the value behind a series, a part of the text, is a staleness marker.
fn is_marker(text: &[u8], series: &str) -> bool {
    let end = (series.as_ptr().addr() + series.len()).saturating_sub(text.as_ptr().addr());
    text.get(end..).is_some_and(|behind| behind.trim_ascii_start().starts_with(STALE_TEXT.as_bytes()))
}
