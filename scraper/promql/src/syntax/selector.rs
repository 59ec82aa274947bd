//! Selectors: matchers, `@`, `offset`.

use crate::expr::{At, Shift};
use crate::matcher::ANCHORS;
use crate::{Error, MatchOp, Matcher};
use procession_openmetrics::METRIC_NAME;
use promql_parser::label;
use promql_parser::parser::{AtModifier, Offset, VectorSelector};
use regex::{Regex, RegexBuilder};
use std::time::{Duration, UNIX_EPOCH};

/// What one compiled expression may take; the regex crate refuses `((a{100}){100}){100}` by it.
const REGEX_SIZE_BYTES: usize = 10 << 20;

pub(super) fn matchers(selector: &VectorSelector) -> Result<Vec<Matcher>, Error> {
    if !selector.matchers.or_matchers.is_empty() {
        return Err(Error::Unsupported {
            what: "\"or\" between matchers".to_owned(),
            why: "Prometheus does not have it",
        });
    }
    let name = selector.name.iter().map(|n| Ok(Matcher::equal(METRIC_NAME, n)));
    name.chain(selector.matchers.matchers.iter().map(matcher)).collect()
}

fn matcher(matcher: &label::Matcher) -> Result<Matcher, Error> {
    let op = match &matcher.op {
        label::MatchOp::Equal => MatchOp::Equal(matcher.value.clone()),
        label::MatchOp::NotEqual => MatchOp::NotEqual(matcher.value.clone()),
        label::MatchOp::Re(r) => MatchOp::Regex(dot_matches_newline(r)?),
        label::MatchOp::NotRe(r) => MatchOp::NotRegex(dot_matches_newline(r)?),
    };
    Ok(Matcher { name: matcher.name.clone(), op })
}

/// The parser has wrapped the pattern in `^(?:...)$` (and escaped braces that repeat nothing, which Go takes
/// literally), but has compiled it without `s`.
fn dot_matches_newline(compiled: &Regex) -> Result<Regex, Error> {
    let text = compiled.as_str();
    let inner = text.strip_prefix("^(?:").and_then(|t| t.strip_suffix(")$")).unwrap_or(text);
    anchored(inner)
}

/// An expression that must match a whole text, its dots also newlines.
pub(super) fn anchored(pattern: &str) -> Result<Regex, Error> {
    RegexBuilder::new(&format!("{}{pattern}{}", ANCHORS.0, ANCHORS.1)).size_limit(REGEX_SIZE_BYTES).build().map_err(
        |e| {
            // A pattern can be as long as a query.
            let start: String = pattern.chars().take(100).collect();
            Error::parse(format_args!("invalid regular expression {start:?}: {}", one_line(&e)))
        },
    )
}

fn one_line(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(limit) => format!("it compiles to more than {limit} bytes"),
        // The last line names the fault, those before it draw it.
        e => e.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned(),
    }
}

pub(super) fn shift(at: Option<&AtModifier>, offset: Option<&Offset>) -> Result<Shift, Error> {
    let at = match at {
        None => None,
        Some(AtModifier::Start) => Some(At::Start),
        Some(AtModifier::End) => Some(At::End),
        Some(AtModifier::At(time)) => Some(At::Millis(match time.duration_since(UNIX_EPOCH) {
            Ok(after) => millis(after)?,
            Err(before) => -millis(before.duration())?,
        })),
    };
    let offset_ms = match offset {
        None => 0,
        Some(Offset::Pos(d)) => millis(*d)?,
        Some(Offset::Neg(d)) => -millis(*d)?,
    };
    Ok(Shift { at, offset_ms })
}

/// Times beyond what Prometheus can hold (2^63 ns, 292 years) are refused, so that sums of them do not overflow.
pub(super) fn millis(duration: Duration) -> Result<i64, Error> {
    i64::try_from(duration.as_millis())
        .ok()
        .filter(|ms| *ms <= i64::MAX / 1000)
        .ok_or_else(|| Error::parse("duration out of range"))
}

/// A range or a step: at least a millisecond.
pub(super) fn positive_millis(duration: Duration) -> Result<i64, Error> {
    match millis(duration)? {
        0 => Err(Error::parse("duration must be greater than 0")),
        ms if ms > i64::MAX / 1_000_000 => Err(Error::parse("duration out of range")),
        ms => Ok(ms),
    }
}
