//! Queries by chance: valid ones over the metrics of [`super::data`], the same for the same seed.

use super::data::Noise;

const METRICS: [&str; 10] = [
    "memory_bytes",
    "memory_bytes{kind=~\"free|used\"}",
    "cpu_seconds_total",
    "cpu_seconds_total{mode!=\"idle\"}",
    "cpus",
    "disk_used_bytes",
    "comes_and_goes",
    "odd",
    "request_seconds_bucket{le=~\"0.1|0.5|.Inf\"}",
    "no_such_metric",
];
const RANGES: [&str; 6] = ["30s", "1m", "2m30s", "5m", "10m", "25m"];

/// An instant vector of at most this depth.
pub(super) fn vector(noise: &mut Noise, depth: usize) -> String {
    if depth == 0 {
        return selector(noise);
    }
    let d = depth - 1;
    match (noise.next() * 14.0) as usize {
        0 | 1 => selector(noise),
        2..=4 => over_range(noise, d),
        5 | 6 => aggregation(noise, d),
        7 => {
            let operator = noise.pick(&["+", "-", "*", "/", "%", "^", "atan2"]);
            with_scalar(noise, d, operator)
        }
        8 => {
            let operator = noise.pick(&["==", "!=", ">", "<", ">=", "<=", "> bool", "== bool"]);
            with_scalar(noise, d, operator)
        }
        9 => {
            let operator = noise.pick(&["+", "-", "*", "/", ">", "<=", "!= bool", "and", "or", "unless"]);
            let set = matches!(operator, "and" | "or" | "unless");
            let matching = noise.pick(match set {
                true => &["", " on (instance)", " ignoring (kind, mode)", " on ()"],
                false => &["", " on (instance)", " on (instance, kind)", " on (instance) group_left", " ignoring (le)"],
            });
            format!("({} {operator}{matching} {})", vector(noise, d), vector(noise, d))
        }
        10 => {
            let function = noise.pick(&["abs", "ceil", "floor", "sqrt", "ln", "exp", "sgn", "round", "timestamp", "-"]);
            format!("{function}({})", vector(noise, d))
        }
        11 => format!("clamp({}, {}, {})", vector(noise, d), scalar(noise, 0), scalar(noise, 0)),
        12 => format!("label_replace({}, \"new\", \"x-$1\", \"instance\", \"(.*)[.].*\")", vector(noise, d)),
        _ => format!("vector({})", scalar(noise, d)),
    }
}

fn with_scalar(noise: &mut Noise, depth: usize, operator: &str) -> String {
    let (vector, scalar) = (vector(noise, depth), scalar(noise, depth));
    if noise.next() < 0.5 {
        format!("({vector} {operator} {scalar})")
    } else {
        format!("({scalar} {operator} {vector})")
    }
}

fn selector(noise: &mut Noise) -> String {
    noise.pick(&METRICS).to_owned() + modifiers(noise)
}

fn modifiers(noise: &mut Noise) -> &'static str {
    noise.pick(&["", "", "", "", " offset 1m", " offset -30s", " @ 1700002345.5", " @ end()", " @ start() offset 2m"])
}

fn over_range(noise: &mut Noise, depth: usize) -> String {
    let function = noise.pick(&[
        "rate",
        "increase",
        "delta",
        "irate",
        "idelta",
        "changes",
        "resets",
        "deriv",
        "avg_over_time",
        "sum_over_time",
        "min_over_time",
        "max_over_time",
        "count_over_time",
        "last_over_time",
        "present_over_time",
        "stddev_over_time",
        "stdvar_over_time",
        "quantile_over_time",
        "predict_linear",
        "absent_over_time",
    ]);
    let range = match noise.next() < 0.75 || depth == 0 {
        true => format!("{}[{}]{}", noise.pick(&METRICS), noise.pick(&RANGES), modifiers(noise)),
        false => {
            let step = noise.pick(&["", "30s", "1m", "17s"]);
            format!("({})[{}:{step}]{}", vector(noise, depth - 1), noise.pick(&RANGES), modifiers(noise))
        }
    };
    match function {
        "quantile_over_time" => format!("{function}({}, {range})", noise.pick(&["0", "0.3", "0.5", "0.9", "1"])),
        "predict_linear" => format!("{function}({range}, {})", noise.pick(&["0", "60", "3600"])),
        _ => format!("{function}({range})"),
    }
}

fn aggregation(noise: &mut Noise, depth: usize) -> String {
    let grouping = noise.pick(&["", " by (instance)", " by (kind, mode)", " without (instance)", " by (le)"]);
    let inner = vector(noise, depth);
    match noise.pick(&["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar", "quantile", "count_values"]) {
        "quantile" => format!("quantile{grouping} ({}, {inner})", noise.pick(&["0", "0.25", "0.5", "1"])),
        "count_values" => format!("count_values{grouping} (\"value\", {inner})"),
        name => format!("{name}{grouping} ({inner})"),
    }
}

fn scalar(noise: &mut Noise, depth: usize) -> String {
    if depth == 0 {
        return noise.pick(&["0", "1", "-1", "2.5", "1e8", "0.3", "time()"]).to_owned();
    }
    match (noise.next() * 3.0) as usize {
        0 => scalar(noise, 0),
        1 => format!("scalar({})", vector(noise, depth - 1)),
        _ => format!("({} {} {})", scalar(noise, depth - 1), noise.pick(&["+", "-", "*", "/"]), scalar(noise, 0)),
    }
}
