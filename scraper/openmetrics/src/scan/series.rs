//! A series as it stands on a line: the metric name and the labels in braces.

use super::cursor::{Cursor, LABEL, LABEL_START, NAME, NAME_START, QUOTED};
use crate::error::Fault;
use std::ops::Range;

/// A name with its value, or the metric name, as offsets without the quotes.
pub(crate) struct Part {
    pub(crate) name: Range<usize>,
    /// Whether the name stood in quotes, so that it may hold escapes.
    pub(crate) quoted: bool,
    /// The value of a label, possibly with escapes; `None` means that the name is the metric's.
    pub(crate) value: Option<Range<usize>>,
}

/// Scans a metric name and labels, `name{label="value",...}` or `{"quoted name",label="value",...}`, and gives each
/// part to `sink`. The range reaches from the name or brace to the end of the name or brace.
///
/// `TEXT` is Prometheus's reading of format 0.0.4: blanks between tokens, no need for commas between labels, line feeds
/// in quotes. Without it the reading is that of OpenMetrics with the one liberty that Prometheus takes, a comma behind
/// the last label. A name that stands twice is not noticed here.
#[inline]
pub(crate) fn scan<const TEXT: bool>(cur: &mut Cursor<'_>, mut sink: impl FnMut(Part)) -> Result<Range<usize>, Fault> {
    let start = cur.at();
    let mut named = false;
    if cur.next_is(NAME_START) {
        sink(Part { name: cur.run(NAME), quoted: false, value: None });
        named = true;
    }
    let mut end = cur.at();
    if TEXT {
        cur.blanks();
    }
    if cur.peek() == Some(b'{') {
        labels::<TEXT>(cur, Some(&mut named), sink).map_err(|fault| blame_open_quote(cur.body(), start, fault))?;
        end = cur.at();
    }
    if !named {
        return Err(Fault::new(start, "no metric name"));
    }
    Ok(start..end)
}

/// Scans labels in braces. `named` says whether there is a metric name already; `None` means that there can be none
/// (an exemplar).
#[inline]
pub(crate) fn labels<const TEXT: bool>(
    cur: &mut Cursor<'_>,
    mut named: Option<&mut bool>,
    mut sink: impl FnMut(Part),
) -> Result<(), Fault> {
    if !cur.eat(b'{') {
        return Err(cur.expected("`{`"));
    }
    loop {
        if TEXT {
            cur.blanks();
        }
        let name_at = cur.at();
        let (name, in_quotes) = match cur.peek() {
            Some(b'}') => {
                cur.step();
                return Ok(());
            }
            Some(b'"') => (quoted::<TEXT>(cur)?, true),
            _ if cur.next_is(LABEL_START) => (cur.run(LABEL), false),
            _ => return Err(cur.expected("a label name or `}`")),
        };
        if TEXT {
            cur.blanks();
        }
        if in_quotes && name.is_empty() {
            return Err(Fault::new(name_at, "the name in quotes is empty"));
        }
        if !cur.eat(b'=') {
            let (true, Some(named), Some(b',' | b'}')) = (in_quotes, named.as_deref_mut(), cur.peek()) else {
                return Err(cur.expected("`=` behind the label name"));
            };
            if *named {
                return Err(Fault::new(name_at, "a second metric name"));
            }
            *named = true;
            sink(Part { name, quoted: true, value: None });
            cur.eat(b',');
            continue;
        }
        if TEXT {
            cur.blanks();
        }
        if cur.peek() != Some(b'"') {
            return Err(cur.expected("a label value in double quotes"));
        }
        let value = quoted::<TEXT>(cur)?;
        sink(Part { name, quoted: in_quotes, value: Some(value) });
        if TEXT {
            cur.blanks();
        }
        match cur.peek() {
            Some(b',') => cur.step(),
            Some(b'}') => {}
            // Prometheus reads `{a="1" b="2"}` in the text format.
            _ if TEXT && (cur.next_is(LABEL_START) || cur.peek() == Some(b'"')) => {}
            _ => return Err(cur.expected("`,` or `}` behind the label value")),
        }
    }
}

/// Scans a text in double quotes and gives what stands between them.
#[inline]
pub(crate) fn quoted<const TEXT: bool>(cur: &mut Cursor<'_>) -> Result<Range<usize>, Fault> {
    let open = cur.at();
    cur.step();
    loop {
        let plain = cur.run(QUOTED);
        match cur.peek() {
            Some(b'"') => {
                cur.step();
                return Ok(open + 1..plain.end);
            }
            Some(b'\\') => {
                cur.step();
                // Whatever is escaped cannot close the quotes. A line feed is looked at in the next round.
                if cur.peek().is_some_and(|b| b != b'\n') {
                    cur.step();
                }
            }
            Some(_) if TEXT => cur.step(),
            Some(_) => return Err(Fault::new(open, "the quotes that open here do not close on this line")),
            None => return Err(Fault::new(open, "the quotes that open here do not close")),
        }
    }
}

/// Where the text format's quotes ran over a line end and what followed made no sense, the quotes are more likely to
/// blame than the place where the sense was lost.
#[cold]
fn blame_open_quote(body: &[u8], start: usize, fault: Fault) -> Fault {
    let end = fault.at.min(body.len());
    let Some(line_end) = memchr::memchr(b'\n', &body[start..end]) else {
        return fault;
    };
    let open = memchr::memrchr(b'"', &body[start..start + line_end]).map_or(start, |i| start + i);
    Fault::new(open, format!("quotes do not close on this line; read on, {}", fault.message))
}
