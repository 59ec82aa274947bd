//! Whether two servers answer alike.

use serde_json::Value;
use std::collections::BTreeMap;

/// The same but for the order of series.
pub(crate) fn alike_in_any_order(a: &Value, b: &Value) -> bool {
    alike(&sorted(a), &sorted(b))
}

/// Series in the order of their labels: the API promises no order of a vector.
fn sorted(data: &Value) -> Value {
    let mut data = data.clone();
    if let Some(result) = data.get_mut("result").and_then(Value::as_array_mut) {
        result.sort_by_key(|series| series["metric"].to_string());
    }
    data
}

/// Which of several series with the least value `topk` takes is up to the server: at each moment the values must be
/// the same, and above the least of them the series too.
pub(crate) fn alike_but_for_ties(a: &Value, b: &Value) -> bool {
    let (a, b) = (by_moment(a), by_moment(b));
    a.len() == b.len()
        && a.iter().zip(&b).all(|((time, ours), (other_time, theirs))| {
            let least = ours.first().map_or(f64::NAN, |(value, _)| *value);
            time == other_time
                && ours.len() == theirs.len()
                && ours
                    .iter()
                    .zip(theirs)
                    .all(|((v, series), (w, other))| close(*v, *w) && (close(*v, least) || series == other))
        })
}

/// The values of each moment in ascending order, with their series.
fn by_moment(data: &Value) -> BTreeMap<String, Vec<(f64, String)>> {
    let mut moments: BTreeMap<String, Vec<(f64, String)>> = BTreeMap::new();
    for series in data["result"].as_array().into_iter().flatten() {
        let points = series["values"].as_array().into_iter().flatten().chain(series.get("value"));
        for point in points {
            let value = point[1].as_str().unwrap().parse().unwrap();
            moments.entry(point[0].to_string()).or_default().push((value, series["metric"].to_string()));
        }
    }
    for values in moments.values_mut() {
        values.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
    }
    moments
}

/// The order of a sum may differ.
fn close(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

/// Equal, numbers as [`close`] as can be.
fn alike(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, v)| b.get(k).is_some_and(|w| alike(v, w)))
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(v, w)| alike(v, w)),
        (Value::String(a), Value::String(b)) => {
            a == b || matches!((a.parse(), b.parse()), (Ok(a), Ok(b)) if close(a, b))
        }
        (Value::Number(a), Value::Number(b)) => {
            matches!((a.as_f64(), b.as_f64()), (Some(a), Some(b)) if (a - b).abs() < 1e-6)
        }
        _ => a == b,
    }
}
