//! The JSON of what a query found.

use super::json;
use procession_promql::{SeriesSet, Value, write_scalar};

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
        Value::Matrix(series) => matrix(out, series, limit),
    }
    more(out);
    out.push(b'}');
}

/// Points that are written before it is looked whether there is room for more.
const POINTS: usize = 512;

/// Room is made as the points before tell how much the others take: growing by doubling would copy and waste.
fn matrix(out: &mut Vec<u8>, series: &SeriesSet, limit: usize) {
    let begin = out.len();
    let mut left: usize = series.iter().take(limit).map(|one| one.values.len()).sum();
    let mut written = 0;
    out.push(b'[');
    for (i, one) in series.iter().take(limit).enumerate() {
        out.extend_from_slice(if i > 0 { br#",{"metric":"# } else { br#"{"metric":"# });
        json::labels(out, one.labels);
        out.extend_from_slice(br#","values":["#);
        for (n, (times, values)) in one.timestamps.chunks(POINTS).zip(one.values.chunks(POINTS)).enumerate() {
            let bytes = (out.len() - begin).checked_div(written).map_or(28, |bytes| bytes + 2);
            if out.capacity() - out.len() < times.len() * bytes {
                out.reserve_exact(bytes * if written == 0 { times.len() } else { left });
            }
            for (i, (time, value)) in times.iter().zip(values).enumerate() {
                if n + i > 0 {
                    out.push(b',');
                }
                sample(out, *time, *value);
            }
            written += times.len();
            left -= times.len();
        }
        out.extend_from_slice(b"]}");
    }
    out.push(b']');
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
