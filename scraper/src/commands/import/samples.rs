//! Pieces of OpenMetrics text to batches.

use super::pieces::Piece;
use anyhow::{bail, ensure};
use hashbrown::HashMap;
use procession_openmetrics::{Entry, Format, LabelsBuilder, Parser, STALE_NAN, Sample};
use procession_store::{Batch, SeriesRef, Store};

/// How a staleness marker is written. Every parser reads it as an ordinary NaN (the format allows any case), and no
/// program that prints numbers spells NaN so: text of ours keeps its markers, other text gains none.
pub(crate) const STALE_TEXT: &str = "nAN";

/// Series whose text is remembered. A file that goes through more, time by time, is decoded again from time to time.
const REMEMBERED_SERIES: usize = 1_000_000;

/// Turns pieces into batches and remembers what it saw.
pub(crate) struct Samples<'a> {
    store: &'a Store,
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
    pub(crate) fn new(store: &'a Store) -> Self {
        Samples { store, refs: HashMap::default(), last: None, end: End::NotYet(1) }
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
                let series = self.store.series_ref(&labels.build());
                if self.refs.len() >= REMEMBERED_SERIES {
                    self.refs.clear();
                }
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
