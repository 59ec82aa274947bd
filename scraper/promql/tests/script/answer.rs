//! Answers against expectations.

use super::Loaded;
use super::block::{Eval, Expect, When};
use procession_openmetrics::Labels;
use procession_promql::{Error, Options, Outcome, Point, Value, instant, parse, range};
use std::collections::BTreeMap;

pub(crate) enum Mismatch {
    Unsupported(String),
    Wrong(String),
}

impl From<String> for Mismatch {
    fn from(why: String) -> Self {
        Mismatch::Wrong(why)
    }
}

pub(crate) fn check(eval: &Eval, loaded: &Loaded) -> Result<(), Mismatch> {
    let answer = run(&eval.query, eval.when, loaded);
    if let Err(e @ Error::Unsupported { .. }) = &answer {
        return Err(Mismatch::Unsupported(e.to_string()));
    }
    let outcome = match (&eval.fail, answer) {
        (Some(expect), Err(e)) if agrees(expect, &e.to_string()) => return Ok(()),
        (Some(_), Err(e)) => return Err(format!("failed otherwise: {e}").into()),
        (Some(_), Ok(_)) => return Err("should have failed".to_owned().into()),
        (None, Err(e)) => return Err(format!("failed: {e}").into()),
        (None, Ok(outcome)) => outcome,
    };
    check_notes("warnings", &eval.warn, eval.no_warn, &outcome.warnings)?;
    check_notes("infos", &eval.info, eval.no_info, &outcome.infos)?;
    check_value(eval, &outcome.value)?;
    if let When::Instant(at_ms) = eval.when {
        check_over_range(eval, at_ms, &outcome.value, loaded)?;
    }
    Ok(())
}

fn run(query: &str, when: When, loaded: &Loaded) -> Result<Outcome, Error> {
    let query = parse(query)?;
    let options = Options::default();
    match when {
        When::Instant(at_ms) => instant(&query, at_ms, loaded, &options),
        When::Range { start_ms, end_ms, step_ms } => range(&query, start_ms, end_ms, step_ms, loaded, &options),
    }
}

/// The same query at steps of a minute around the instant: the middle one must be the instant's answer.
fn check_over_range(eval: &Eval, at_ms: i64, value: &Value, loaded: &Loaded) -> Result<(), Mismatch> {
    let of_query = ["start()", "end()", "range()", "step()"].iter().any(|f| eval.query.contains(f));
    if of_query || matches!(value, Value::String { .. } | Value::Matrix(_)) {
        return Ok(());
    }
    let when = When::Range { start_ms: at_ms - 60_000, end_ms: at_ms + 60_000, step_ms: 60_000 };
    let outcome = run(&eval.query, when, loaded).map_err(|e| format!("failed over a range: {e}"))?;
    let Value::Matrix(set) = outcome.value else { return Err("a range must give a matrix".to_owned().into()) };
    if eval.ordered {
        return Ok(());
    }
    let middle = |s: procession_promql::SeriesView<'_>| {
        let i = s.timestamps.iter().position(|t| *t == at_ms)?;
        Some((s.labels.clone(), s.values[i]))
    };
    let over_range: BTreeMap<Labels, f64> = set.iter().filter_map(middle).collect();
    let at_instant: BTreeMap<Labels, f64> = match value {
        Value::Vector(points) => points.iter().map(|p| (p.labels.clone(), p.value)).collect(),
        Value::Scalar { value, .. } => [(Labels::empty(), *value)].into(),
        _ => BTreeMap::new(),
    };
    let same = over_range.len() == at_instant.len()
        && over_range.iter().zip(&at_instant).all(|((l, v), (m, w))| l == m && almost_equal(*v, *w));
    if same { Ok(()) } else { Err(format!("over a range {over_range:?}, at the instant {at_instant:?}").into()) }
}

fn check_notes(kind: &str, expected: &[Expect], none: bool, notes: &[String]) -> Result<(), Mismatch> {
    if none && !notes.is_empty() {
        return Err(format!("unexpected {kind}: {notes:?}").into());
    }
    let all_found = expected.iter().all(|e| notes.iter().any(|n| agrees(e, n)));
    let all_expected = expected.is_empty() || notes.iter().all(|n| expected.iter().any(|e| agrees(e, n)));
    if all_found && all_expected { Ok(()) } else { Err(format!("{kind} are {notes:?}").into()) }
}

/// Prometheus ends its notes with a position, which ours do not have.
fn agrees(expect: &Expect, text: &str) -> bool {
    match expect {
        Expect::Any => true,
        Expect::Message(message) => {
            let position = message.rfind(" (").filter(|i| message.ends_with(')') && message[*i..].contains(':'));
            text == message || position.is_some_and(|i| text == &message[..i]) || text.ends_with(message.as_str())
        }
        Expect::Regex(regex) => {
            let pattern = regex.rfind(" \\(").map_or(regex.as_str(), |i| &regex[..i]);
            regex::Regex::new(pattern).is_ok_and(|r| r.is_match(text))
        }
    }
}

fn check_value(eval: &Eval, value: &Value) -> Result<(), Mismatch> {
    match value {
        Value::String { value, .. } if eval.expected_string.as_deref() == Some(value) => Ok(()),
        Value::Scalar { value, .. } => match eval.expected_scalar {
            Some(expected) if almost_equal(*value, expected) => Ok(()),
            other => Err(format!("got the scalar {value} instead of {other:?}").into()),
        },
        Value::Vector(points) if eval.expected_scalar.is_none() => Ok(check_vector(eval, points)?),
        Value::Matrix(set) => {
            let (start_ms, step_ms) = match (eval.when, eval.expected_range) {
                (_, Some(expected)) => expected,
                (When::Range { start_ms, step_ms, .. }, None) => (start_ms, step_ms),
                (When::Instant(at), None) => (at, 1),
            };
            let got = set.iter().map(|s| {
                (s.labels.clone(), s.timestamps.iter().copied().zip(s.values.iter().copied()).collect::<Vec<_>>())
            });
            let expected = eval.expected.iter().map(|(labels, values)| {
                let at = |i: usize| start_ms + i as i64 * step_ms;
                (labels.clone(), values.iter().enumerate().filter_map(|(i, v)| Some((at(i), (*v)?))).collect())
            });
            Ok(check_matrix(&got.collect(), &expected.collect())?)
        }
        other => Err(format!("got {other:?}").into()),
    }
}

fn check_vector(eval: &Eval, points: &[Point]) -> Result<(), String> {
    let expected: Vec<(&Labels, f64)> =
        eval.expected.iter().filter_map(|(labels, values)| Some((labels, (*values.first()?)?))).collect();
    let differs =
        || format!("got {:?} instead of {expected:?}", points.iter().map(|p| (&p.labels, p.value)).collect::<Vec<_>>());
    if expected.len() != points.len() {
        return Err(differs());
    }
    for (i, point) in points.iter().enumerate() {
        let place = expected.iter().position(|(labels, _)| **labels == point.labels);
        match place {
            Some(place) if eval.ordered && place != i => return Err(differs()),
            Some(place) if almost_equal(expected[place].1, point.value) => {}
            _ => return Err(differs()),
        }
    }
    Ok(())
}

type Matrix = BTreeMap<Labels, Vec<(i64, f64)>>;

fn check_matrix(got: &Matrix, expected: &Matrix) -> Result<(), String> {
    let same_samples = |a: &[(i64, f64)], b: &[(i64, f64)]| {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0 && almost_equal(a.1, b.1))
    };
    let same =
        got.len() == expected.len() && got.iter().zip(expected).all(|((l, a), (m, b))| l == m && same_samples(a, b));
    if same { Ok(()) } else { Err(format!("got {got:?} instead of {expected:?}")) }
}

/// Within a millionth, as Prometheus's own tests compare.
fn almost_equal(a: f64, b: f64) -> bool {
    if a == b || (a.is_nan() && b.is_nan()) {
        return true;
    }
    let (sum, difference) = (a.abs() + b.abs(), (a - b).abs());
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        difference < 1e-6 * f64::MIN_POSITIVE
    } else {
        difference / sum.min(f64::MAX) < 1e-6
    }
}
