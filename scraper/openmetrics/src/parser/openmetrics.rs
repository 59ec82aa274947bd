//! Lines of OpenMetrics text 1.0 (<https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md>).

use super::{ExemplarPart, Line, Point, SampleLine, family};
use crate::error::{Fault, excerpt};
use crate::format::{Format, MetricType};
use crate::scan::cursor::{Cursor, NAME_START};
use crate::scan::escape::unescape;
use crate::scan::{number, series};
use std::ops::Range;

const NO_EOF: &str = "the exposition does not end with `# EOF`: it is cut off, or not OpenMetrics";

/// The next line. The end of the body is an error, since `# EOF` ends the exposition.
#[inline]
pub(super) fn line<'a>(cur: &mut Cursor<'a>) -> Result<Option<Line<'a>>, Fault> {
    match cur.peek() {
        Some(b'#') => descriptor(cur).map(Some),
        Some(b'{') => sample(cur).map(Some),
        Some(_) if cur.next_is(NAME_START) => sample(cur).map(Some),
        Some(b'\n') => Err(Fault::new(cur.at(), "blank lines are not allowed")),
        Some(_) => Err(cur.expected("a metric name or `# `")),
        None => Err(Fault::new(cur.at(), NO_EOF)),
    }
}

/// A line that begins with `#`: metadata or the end.
fn descriptor<'a>(cur: &mut Cursor<'a>) -> Result<Line<'a>, Fault> {
    let at = cur.at();
    if cur.eat_text(b"# EOF") {
        cur.eat(b'\n');
        return match cur.peek() {
            None => Ok(Line::Eof),
            Some(_) => Err(Fault::new(cur.at(), "data behind `# EOF`")),
        };
    }
    let keyword = [("TYPE", &b"# TYPE "[..]), ("HELP", b"# HELP "), ("UNIT", b"# UNIT ")];
    let Some((keyword, _)) = keyword.into_iter().find(|(_, start)| cur.eat_text(start)) else {
        return Err(if memchr::memchr(b'\n', cur.rest()).is_none() {
            Fault::new(cur.body().len(), NO_EOF)
        } else {
            Fault::new(at, "expected `# TYPE `, `# HELP `, `# UNIT ` or `# EOF`; other comments are not allowed")
        });
    };
    let Some(family) = family::<false>(cur)? else {
        return Err(cur.expected(format!("a metric name behind {keyword}")));
    };
    if !cur.eat(b' ') {
        return Err(cur.expected("one space behind the metric name"));
    }
    let range = cur.rest_of_line();
    if !cur.eat(b'\n') {
        return Err(Fault::new(cur.at(), NO_EOF));
    }
    let text_at = range.start;
    match keyword {
        "TYPE" => match MetricType::from_name(&cur.body()[range.clone()], Format::OpenMetrics) {
            Some(kind) => Ok(Line::Type { family, kind }),
            None => Err(Fault::new(
                text_at,
                format!("expected the name of a metric type, such as counter, found `{}`", excerpt(&cur.body()[range])),
            )),
        },
        "HELP" => Ok(Line::Help { family, text: unescape(cur.text(range)?) }),
        _ => {
            let unit = cur.text(range)?;
            if !unit.is_empty() && !family.strip_suffix(unit).is_some_and(|rest| rest.ends_with('_')) {
                let message = format!("the unit `{}` is not the last part of the name", excerpt(unit));
                return Err(Fault::new(text_at, message));
            }
            Ok(Line::Unit { family, unit })
        }
    }
}

#[inline]
fn sample<'a>(cur: &mut Cursor<'a>) -> Result<Line<'a>, Fault> {
    let range = series::scan::<false>(cur, |_| {})?;
    let at = range.start;
    let point = point(cur)?;
    let series = cur.text(range)?;
    let mut exemplar = None;
    if cur.peek() == Some(b' ') {
        exemplar = Some(exemplar_part(cur)?);
    }
    if cur.eat(b'\n') {
        Ok(Line::Sample(SampleLine { series, at, point, exemplar }))
    } else if cur.peek().is_none() {
        Err(Fault::new(cur.at(), NO_EOF))
    } else {
        Err(cur.expected("the end of the line"))
    }
}

/// A value and perhaps a timestamp, each behind one space.
#[inline]
fn point(cur: &mut Cursor<'_>) -> Result<Point, Fault> {
    if !cur.eat(b' ') {
        return Err(cur.expected("one space and a value"));
    }
    let range = token(cur);
    if range.is_empty() {
        return Err(cur.expected("a value"));
    }
    let at = range.start;
    let value = number::value(&cur.body()[range]).map_err(|problem| Fault::new(at, problem))?;
    let mut timestamp = None;
    if cur.peek() == Some(b' ') && !cur.rest().starts_with(b" #") {
        cur.step();
        let range = token(cur);
        if range.is_empty() {
            return Err(cur.expected("a timestamp"));
        }
        let ms =
            number::seconds_as_ms(&cur.body()[range.clone()]).map_err(|problem| Fault::new(range.start, problem))?;
        timestamp = Some((ms, range));
    }
    Ok(Point { value, at, timestamp })
}

/// The bytes up to a space or the end of the line.
#[inline]
fn token(cur: &mut Cursor<'_>) -> Range<usize> {
    let start = cur.at();
    while !matches!(cur.peek(), None | Some(b' ' | b'\n')) {
        cur.step();
    }
    start..cur.at()
}

fn exemplar_part<'a>(cur: &mut Cursor<'a>) -> Result<ExemplarPart<'a>, Fault> {
    if !cur.eat_text(b" # ") || cur.peek() != Some(b'{') {
        return Err(cur.expected("the end of the line or an exemplar, ` # {...} value`"));
    }
    let at = cur.at();
    series::labels::<false>(cur, None, |_| {})?;
    let end = cur.at();
    let point = point(cur)?;
    Ok(ExemplarPart { labels: cur.text(at..end)?, at, point })
}
