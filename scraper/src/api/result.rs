//! The JSON of what a query found.

use super::json;
use procession_promql::{Value, write_scalar};

/// Writes the data of `query` and `query_range`: result type, result, and what the function adds behind them.
pub(crate) fn query_data(out: &mut Vec<u8>, value: &Value, limit: usize, more: impl FnOnce(&mut Vec<u8>)) {
    let kind = match value {
        Value::Scalar { .. } => "scalar",
        Value::String { .. } => "string",
        Value::Vector(_) => "vector",
        Value::Matrix(_) => "matrix",
    };
    out.extend_from_slice(br#"{"resultType":""#);
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(br#"","result":"#);
    match value {
        Value::Scalar { timestamp_ms, value } => {
            pair(out, *timestamp_ms, |out| {
                out.push(b'"');
                write_scalar(out, *value);
                out.push(b'"');
            });
        }
        Value::String { timestamp_ms, value } => pair(out, *timestamp_ms, |out| json::string(out, value)),
        Value::Vector(points) => json::array(out, points.iter().take(limit), |out, point| {
            out.extend_from_slice(br#"{"metric":"#);
            json::labels(out, &point.labels);
            out.extend_from_slice(br#","value":"#);
            sample(out, point.timestamp_ms, point.value);
            out.push(b'}');
        }),
        Value::Matrix(series) => {
            // A point of a counter or a gauge takes about 26 bytes; growing by doubling would copy and waste.
            out.reserve(series.sample_count().saturating_mul(28));
            json::array(out, series.iter().take(limit), |out, one| {
                out.extend_from_slice(br#"{"metric":"#);
                json::labels(out, one.labels);
                out.extend_from_slice(br#","values":"#);
                json::array(out, one.timestamps.iter().zip(one.values), |out, (t, v)| sample(out, *t, *v));
                out.push(b'}');
            });
        }
    }
    more(out);
    out.push(b'}');
}

/// Whether `limit` leaves out a part of a result.
pub(crate) fn is_longer(value: &Value, limit: usize) -> bool {
    match value {
        Value::Scalar { .. } | Value::String { .. } => false,
        Value::Vector(points) => points.len() > limit,
        Value::Matrix(series) => series.len() > limit,
    }
}

fn sample(out: &mut Vec<u8>, timestamp_ms: i64, value: f64) {
    pair(out, timestamp_ms, |out| json::value(out, value));
}

fn pair(out: &mut Vec<u8>, timestamp_ms: i64, second: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'[');
    json::timestamp(out, timestamp_ms);
    out.push(b',');
    second(out);
    out.push(b']');
}
