//! Lines of the Prometheus text format 0.0.4
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>).

use super::{Line, Point, SampleLine, family};
use crate::error::{Fault, excerpt};
use crate::format::{Format, MetricType};
use crate::scan::cursor::{Cursor, NAME_START, NUMBER};
use crate::scan::escape::unescape_text_help;
use crate::scan::{number, series};

/// The next line that says something, or `None` at the end.
#[inline]
pub(super) fn line<'a>(cur: &mut Cursor<'a>) -> Result<Option<Line<'a>>, Fault> {
    loop {
        cur.blanks();
        match cur.peek() {
            None => return Ok(None),
            Some(b'\n') => cur.step(),
            Some(b'#') => {
                if let Some(line) = comment(cur)? {
                    return Ok(Some(line));
                }
            }
            Some(b'{') => return sample(cur).map(Some),
            Some(_) if cur.next_is(NAME_START) => return sample(cur).map(Some),
            Some(_) => return Err(cur.expected("a metric name, `#` or a blank line")),
        }
    }
}

/// A HELP or TYPE line; any other comment is stepped over.
fn comment<'a>(cur: &mut Cursor<'a>) -> Result<Option<Line<'a>>, Fault> {
    cur.step();
    let is_apart = matches!(cur.peek(), Some(b' ' | b'\t'));
    cur.blanks();
    let help = cur.eat_text(b"HELP");
    let is_keyword = help || cur.eat_text(b"TYPE");
    let is_metadata = is_apart && is_keyword && matches!(cur.peek(), Some(b' ' | b'\t'));
    if !is_metadata {
        cur.rest_of_line();
        return Ok(None);
    }
    cur.blanks();
    let Some(family) = family::<true>(cur)? else {
        return Err(cur.expected(if help { "a metric name behind HELP" } else { "a metric name behind TYPE" }));
    };
    let name_end = cur.at();
    cur.blanks();
    let parted = cur.at() > name_end || matches!(cur.peek(), None | Some(b'\n'));
    let text_at = cur.at();
    let range = cur.rest_of_line();
    if help {
        // The name goes on with what a name cannot hold: such a text is about nothing that can be scraped.
        if !parted {
            return Ok(None);
        }
        return Ok(Some(Line::Help { family, text: unescape_text_help(cur.text(range)?) }));
    }
    let name = cur.body()[range].trim_ascii_end();
    match MetricType::from_name(name, Format::Text) {
        Some(kind) if parted => Ok(Some(Line::Type { family, kind })),
        _ => Err(Fault::new(
            text_at,
            format!("expected counter, gauge, histogram, summary or untyped, found `{}`", excerpt(name)),
        )),
    }
}

#[inline]
fn sample<'a>(cur: &mut Cursor<'a>) -> Result<Line<'a>, Fault> {
    let range = series::scan::<true>(cur, |_| {})?;
    let at = range.start;
    cur.blanks();
    let value_range = cur.run(NUMBER);
    if value_range.is_empty() {
        return Err(cur.expected("a value"));
    }
    let value_at = value_range.start;
    let value = number::value(&cur.body()[value_range]).map_err(|problem| Fault::new(value_at, problem))?;
    cur.blanks();
    let mut timestamp = None;
    if !matches!(cur.peek(), None | Some(b'\n')) {
        let range = cur.run(NUMBER);
        if range.is_empty() {
            return Err(cur.expected("a timestamp or the end of the line"));
        }
        let ms =
            number::milliseconds(&cur.body()[range.clone()]).map_err(|problem| Fault::new(range.start, problem))?;
        timestamp = Some((ms, range));
        cur.blanks();
    }
    if !cur.eat(b'\n') && cur.peek().is_some() {
        return Err(cur.expected("the end of the line"));
    }
    let series = cur.text(range)?;
    Ok(Line::Sample(SampleLine { series, at, point: Point { value, at: value_at, timestamp }, exemplar: None }))
}
