//! Sample values as text.

/// A sample's value as Prometheus prints it in JSON (`util/jsonutil`): the shortest digits that give the same number
/// back; an exponent only below 1e-6 and from 1e21 on, as in ECMAScript; `NaN`, `+Inf`, `-Inf`.
pub fn format_value(value: f64) -> String {
    let magnitude = value.abs();
    if value.is_finite() && magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
        with_exponent(value)
    } else {
        format_scalar(value)
    }
}

/// A scalar result's value as Prometheus prints it, and a value as `count_values` makes a label of it: like
/// [`format_value`], but never with an exponent.
pub fn format_scalar(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else {
        value.to_string()
    }
}

/// A number in a message, as Go's `%g` prints it.
pub(crate) fn format_short(value: f64) -> String {
    let magnitude = value.abs();
    if value.is_finite() && magnitude != 0.0 && !(1e-4..1e21).contains(&magnitude) {
        with_exponent(value)
    } else {
        format_scalar(value)
    }
}

/// `1e+21`, `1.5e-07`: the sign always, the exponent with two digits at least.
fn with_exponent(value: f64) -> String {
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((digits, exponent)) => {
            let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |e| ('-', e));
            format!("{digits}e{sign}{exponent:0>2}")
        }
        None => text,
    }
}

/// A float as Go's `strconv.ParseFloat` reads it in labels such as `le`: no other spellings of infinity than Go's.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    // Rust accepts the same spellings of infinities and NaN, in any case, except that Go refuses a signed NaN.
    match text.parse::<f64>() {
        Ok(v) if v.is_nan() && text.starts_with(['+', '-']) => None,
        Ok(v) => Some(v),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_prometheus() {
        for (value, sample, scalar) in [
            (1.0, "1", "1"),
            (0.1, "0.1", "0.1"),
            (-0.0, "-0", "-0"),
            (1e6, "1000000", "1000000"),
            (1e20, "100000000000000000000", "100000000000000000000"),
            (1e21, "1e+21", "1000000000000000000000"),
            (1.5e-7, "1.5e-07", "0.00000015"),
            (-1e-6, "-0.000001", "-0.000001"),
            (1e300, "1e+300", &format!("1{}", "0".repeat(300))),
            (f64::NAN, "NaN", "NaN"),
            (f64::INFINITY, "+Inf", "+Inf"),
            (f64::NEG_INFINITY, "-Inf", "-Inf"),
        ] {
            assert_eq!(format_value(value), sample);
            assert_eq!(format_scalar(value), scalar);
        }
    }
}
