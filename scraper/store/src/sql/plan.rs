//! Which moments a text asks for, as DuckDB's plan of it tells: nothing else needs to be copied, opened or checked for it.
//!
//! The plan is made over tables that are still empty, without those steps that look at what is in them. Conditions that it
//! applies while it reads a table hold for every row that can count, whatever the tables hold later. Only those are understood that
//! compare a moment with a constant; all else narrows nothing.

use crate::head::Span;
use duckdb::Connection;
use serde_json::Value;

/// All moments.
const ALWAYS: Span = Span { first_ms: i64::MIN, last_ms: i64::MAX };

/// The moments of all samples that a text may use, from the first to the last. `connection` has the views, over nothing but
/// empty tables.
pub(super) fn moments(connection: &Connection, text: &str) -> Span {
    // What cannot be explained is run, and says itself what is wrong.
    plan(connection, text).map_or(ALWAYS, |plan| {
        let mut scans = Vec::new();
        visit(&plan, &mut scans);
        scans.into_iter().fold(Span::NONE, |mut all, span| {
            all.include(span);
            all
        })
    })
}

fn plan(connection: &Connection, text: &str) -> Option<Value> {
    connection.execute_batch("SET disabled_optimizers = 'statistics_propagation,empty_result_pullup'").ok()?;
    let explained = connection.query_row(&format!("EXPLAIN (FORMAT json) {text}"), [], |row| row.get::<_, String>(1));
    connection.execute_batch("RESET disabled_optimizers").ok()?;
    serde_json::from_str(&explained.ok()?).ok()
}

/// Finds where samples are read.
fn visit(node: &Value, scans: &mut Vec<Span>) {
    match node {
        Value::Array(nodes) => nodes.iter().for_each(|node| visit(node, scans)),
        Value::Object(fields) => {
            // Beside it `head_closed` is read in the same way.
            if fields.get("extra_info").is_some_and(|about| about["Table"].as_str().is_some_and(is_samples)) {
                scans.push(within(&node["extra_info"]["Filters"]));
            }
            visit(&node["children"], scans);
        }
        _ => {}
    }
}

fn is_samples(table: &str) -> bool {
    table.rsplit('.').next() == Some("head_samples")
}

/// The moments that the conditions of a scan leave.
fn within(filters: &Value) -> Span {
    let texts = filters.as_str().into_iter().chain(filters.as_array().into_iter().flatten().filter_map(Value::as_str));
    texts.flat_map(|text| conditions(text).unwrap_or_default()).fold(ALWAYS, |all, condition| {
        let one = span(&condition).unwrap_or(ALWAYS);
        Span { first_ms: all.first_ms.max(one.first_ms), last_ms: all.last_ms.min(one.last_ms) }
    })
}

/// The conditions that must all hold; `None` where that is not what a text says.
fn conditions(text: &str) -> Option<Vec<String>> {
    let (mut all, mut one, mut depth, mut quoted) = (Vec::new(), String::new(), 0usize, None);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if quoted.is_none() && depth == 0 {
            if let Some(after) = rest.strip_prefix(" AND ") {
                all.push(std::mem::take(&mut one));
                rest = after;
                continue;
            }
            if rest.starts_with(" OR ") {
                return None;
            }
        }
        match (quoted, c) {
            (Some(quote), _) if c == quote => quoted = None,
            (None, '\'' | '"') => quoted = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.checked_sub(1)?,
            _ => {}
        }
        one.push(c);
        rest = &rest[c.len_utf8()..];
    }
    all.push(one);
    (quoted.is_none() && depth == 0).then_some(all)
}

/// The moments that a condition leaves, if it is one of these: `ts>=1`, `(make_timestamp_ms(ts) < '2026-01-31 00:00:00'::TIMESTAMP)`,
/// `(make_timestamp_ms(ts) BETWEEN ... AND ...)`.
fn span(condition: &str) -> Option<Span> {
    if let Some(rest) = condition.strip_prefix("ts") {
        let digits = rest.trim_start_matches(['<', '>', '=']);
        return compared(&rest[..rest.len() - digits.len()], digits.parse().ok()?);
    }
    let rest = condition.strip_prefix("(make_timestamp_ms(ts) ")?.strip_suffix(')')?;
    if let Some(both) = rest.strip_prefix("BETWEEN ") {
        let (first, last) = both.split_once(" AND ")?;
        return Some(Span { first_ms: moment(first)?, last_ms: moment(last)? });
    }
    let (sign, at) = rest.split_once(' ')?;
    compared(sign, moment(at)?)
}

/// Ends are in it, wanted or not.
fn compared(sign: &str, at_ms: i64) -> Option<Span> {
    match sign {
        "=" => Some(Span { first_ms: at_ms, last_ms: at_ms }),
        ">" | ">=" => Some(Span { first_ms: at_ms, ..ALWAYS }),
        "<" | "<=" => Some(Span { last_ms: at_ms, ..ALWAYS }),
        _ => None,
    }
}

/// A moment as the plan writes it: `'2026-01-31 00:00:00.5'::TIMESTAMP`, in milliseconds since 1970. What is finer is left out: moments
/// of samples are whole ones.
fn moment(text: &str) -> Option<i64> {
    let text = text.strip_prefix('\'')?.strip_suffix("'::TIMESTAMP")?;
    let at: jiff::civil::DateTime = text.parse().ok()?;
    Some(jiff::tz::Offset::UTC.to_timestamp(at).ok()?.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::long_views_sql;
    use crate::sql::instance::TABLES;
    use crate::sql::wide::all_columns_sql;

    fn check(text: &str, expected: Option<(i64, i64)>) {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&(TABLES.to_owned() + &long_views_sql(&[], false) + &all_columns_sql())).unwrap();
        let found = moments(&connection, text);
        let found = (found != Span::NONE).then_some((found.first_ms, found.last_ms));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn conditions_on_moments_are_understood() {
        const MIN: i64 = i64::MIN;
        const MAX: i64 = i64::MAX;
        check("SELECT 1", None);
        check("FROM series WHERE name = 'ts>=5'", None);
        check("FROM samples WHERE false", None);
        check("FROM samples", Some((MIN, MAX)));
        check("FROM samples;", Some((MIN, MAX)));
        check("SUMMARIZE samples", Some((MIN, MAX)));
        check("FROM samples WHERE ts >= 5 AND ts < 90 AND name = 'm' AND value > 3", Some((5, 90)));
        check("FROM samples WHERE NOT ts > 5", Some((MIN, 5)));
        check("FROM samples WHERE ts IN (7, 8)", Some((7, 8)));
        check("FROM samples WHERE ts IN (7, 90)", Some((MIN, MAX)));
        check("FROM stored_samples WHERE ts >= -5 LIMIT 2", Some((-5, MAX)));
        check("FROM samples WHERE ts >= epoch_ms(TIMESTAMP '1970-01-01 00:00:05')", Some((5000, MAX)));
        check("SELECT max(resident_bytes) FROM processes WHERE ts > 4 GROUP BY pid", Some((4, MAX)));
        check("FROM groups WHERE time >= '1970-01-01 00:00:01.5' AND NOT ended", Some((1500, MAX)));
        check("FROM samples WHERE time BETWEEN '1970-01-01' AND '1970-01-02 00:00:01'", Some((0, 86_401_000)));
        check("FROM samples WHERE time::DATE = '1970-01-02'", Some((86_400_000, 172_800_000)));
        // Each scan may need others.
        check("SELECT (SELECT max(ts) FROM samples WHERE ts < 3), * FROM samples WHERE ts = 9", Some((MIN, 9)));
        check("FROM samples a JOIN samples b USING (labels) WHERE a.ts = 3 AND b.ts = 5", Some((3, 5)));
        check("WITH a AS MATERIALIZED (FROM samples WHERE ts > 6) FROM a WHERE ts < 9", Some((6, MAX)));
        // What is not understood narrows nothing.
        check("FROM samples WHERE ts = 5 OR value > 100", Some((MIN, MAX)));
        check("FROM samples WHERE ts != 5", Some((MIN, MAX)));
        check("FROM samples WHERE ts > (SELECT max(ts) FROM samples)", Some((MIN, MAX)));
        check("FROM samples WHERE ts > 5 AND 'a AND ts>9 AND b' || ts <> '' AND ts < 100", Some((5, 100)));
        check("FROM samples WHERE 'it''s AND ts>9 AND ' || ts <> '' AND ts < 100", Some((MIN, 100)));
        check("FROM samples WHERE ts < 50 AND (value = 1 OR (ts > 7 AND value > 9))", Some((MIN, 50)));
        check("FROM nothing", Some((MIN, MAX)));
    }

    #[test]
    fn conditions_are_told_apart() {
        let check = |text: &str, expected: Option<&[&str]>| {
            assert_eq!(
                conditions(text).as_deref(),
                expected.map(|e| e.iter().map(|e| (*e).to_owned()).collect::<Vec<_>>()).as_deref(),
                "{text}"
            );
        };
        check("ts>=1 AND ts<2", Some(&["ts>=1", "ts<2"]));
        check("ts=1 OR ts>3 AND ts<2", None);
        check("(a AND ts>1) AND ts<2", Some(&["(a AND ts>1)", "ts<2"]));
        check("x='a'' AND ts>1 AND (' AND ts<2", Some(&["x='a'' AND ts>1 AND ('", "ts<2"]));
        check("x='a AND ts<2", None);
        check("a) AND ts<2", None);
    }
}
