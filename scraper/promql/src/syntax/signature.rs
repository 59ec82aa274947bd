//! Which functions there are, what they take and what they give.

use crate::ResultType;

/// What a function takes and gives.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signature {
    /// The types of the arguments.
    pub(super) arguments: &'static [ResultType],
    /// How many arguments there may be beyond all but the last; less than none where there is no bound, and 0 where
    /// there are exactly as many as types.
    pub(super) variadic: i8,
    /// The type of what it gives.
    pub(super) returns: ResultType,
}

const VECTOR: ResultType = ResultType::Vector;
const SCALAR: ResultType = ResultType::Scalar;
const RANGE: ResultType = ResultType::Matrix;
const TEXT: ResultType = ResultType::String;

/// The signature of a function, `None` where there is no such function. Names are in small letters.
pub(super) fn of(name: &str) -> Option<Signature> {
    let vector = |arguments, variadic| Signature { arguments, variadic, returns: VECTOR };
    let scalar = |arguments| Signature { arguments, variadic: 0, returns: SCALAR };
    Some(match name {
        "end" | "pi" | "range" | "start" | "step" | "time" => scalar(&[]),
        "max_of" | "min_of" => scalar(&[SCALAR, SCALAR]),
        "scalar" => scalar(&[VECTOR]),
        "abs" | "absent" | "acos" | "acosh" | "asin" | "asinh" | "atan" | "atanh" | "ceil" | "cos" | "cosh" | "deg"
        | "exp" | "floor" | "histogram_avg" | "histogram_count" | "histogram_stddev" | "histogram_stdvar"
        | "histogram_sum" | "ln" | "log10" | "log2" | "rad" | "sgn" | "sin" | "sinh" | "sort" | "sort_desc"
        | "sqrt" | "start_timestamp" | "tan" | "tanh" | "timestamp" => vector(&[VECTOR], 0),
        "absent_over_time"
        | "avg_over_time"
        | "changes"
        | "count_over_time"
        | "delta"
        | "deriv"
        | "first_over_time"
        | "idelta"
        | "increase"
        | "irate"
        | "last_over_time"
        | "mad_over_time"
        | "max_over_time"
        | "min_over_time"
        | "present_over_time"
        | "rate"
        | "resets"
        | "stddev_over_time"
        | "stdvar_over_time"
        | "sum_over_time"
        | "ts_of_first_over_time"
        | "ts_of_last_over_time"
        | "ts_of_max_over_time"
        | "ts_of_min_over_time" => vector(&[RANGE], 0),
        "clamp" => vector(&[VECTOR, SCALAR, SCALAR], 0),
        "clamp_max" | "clamp_min" => vector(&[VECTOR, SCALAR], 0),
        "double_exponential_smoothing" => vector(&[RANGE, SCALAR, SCALAR], 0),
        "histogram_fraction" => vector(&[SCALAR, SCALAR, VECTOR], 0),
        "histogram_quantile" => vector(&[SCALAR, VECTOR], 0),
        "label_replace" => vector(&[VECTOR, TEXT, TEXT, TEXT, TEXT], 0),
        "predict_linear" => vector(&[RANGE, SCALAR], 0),
        "quantile_over_time" => vector(&[SCALAR, RANGE], 0),
        "vector" => vector(&[SCALAR], 0),
        "day_of_month" | "day_of_week" | "day_of_year" | "days_in_month" | "hour" | "minute" | "month" | "year" => {
            vector(&[VECTOR], 1)
        }
        "info" => vector(&[VECTOR, VECTOR], 1),
        "round" => vector(&[VECTOR, SCALAR], 1),
        "histogram_quantiles" => vector(&[VECTOR, TEXT, SCALAR, SCALAR], 9),
        "label_join" => vector(&[VECTOR, TEXT, TEXT, TEXT], -1),
        "sort_by_label" | "sort_by_label_desc" => vector(&[VECTOR, TEXT], -1),
        _ => return None,
    })
}

impl Signature {
    /// What is wrong with a number of arguments.
    pub(super) fn refuses(&self, name: &str, given: usize) -> Option<String> {
        let all = self.arguments.len();
        let (bound, expected) = match usize::try_from(self.variadic) {
            Ok(0) if given != all => ("", all),
            Ok(0) => return None,
            _ if given + 1 < all => ("at least ", all - 1),
            Ok(more) if given + 1 > all + more => ("at most ", all - 1 + more),
            _ => return None,
        };
        Some(format!("expected {bound}{expected} argument(s) in call to {name:?}, got {given}"))
    }
}
