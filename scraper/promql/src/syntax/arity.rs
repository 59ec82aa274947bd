//! Which functions there are, and how many arguments they take.

/// How many arguments a function takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arity {
    least: usize,
    /// `None` where there is no bound.
    most: Option<usize>,
}

/// The arity of a function, `None` where there is no such function. Names are in small letters.
pub(super) fn of(name: &str) -> Option<Arity> {
    let exactly = |count: usize| (count, Some(count));
    let (least, most) = match name {
        "end" | "pi" | "range" | "start" | "step" | "time" => exactly(0),
        "abs" | "absent" | "acos" | "acosh" | "asin" | "asinh" | "atan" | "atanh" | "ceil" | "cos" | "cosh" | "deg"
        | "exp" | "floor" | "histogram_avg" | "histogram_count" | "histogram_stddev" | "histogram_stdvar"
        | "histogram_sum" | "ln" | "log10" | "log2" | "rad" | "scalar" | "sgn" | "sin" | "sinh" | "sort"
        | "sort_desc" | "sqrt" | "start_timestamp" | "tan" | "tanh" | "timestamp" => exactly(1),
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
        | "ts_of_min_over_time" => exactly(1),
        "clamp" => exactly(3),
        "clamp_max" | "clamp_min" => exactly(2),
        "double_exponential_smoothing" => exactly(3),
        "histogram_fraction" => exactly(3),
        "histogram_quantile" => exactly(2),
        "label_replace" => exactly(5),
        "max_of" | "min_of" => exactly(2),
        "predict_linear" => exactly(2),
        "quantile_over_time" => exactly(2),
        "vector" => exactly(1),
        "day_of_month" | "day_of_week" | "day_of_year" | "days_in_month" | "hour" | "minute" | "month" | "year" => {
            (0, Some(1))
        }
        "info" => (1, Some(2)),
        "round" => (1, Some(2)),
        "histogram_quantiles" => (3, Some(12)),
        "label_join" => (3, None),
        "sort_by_label" | "sort_by_label_desc" => (1, None),
        _ => return None,
    };
    Some(Arity { least, most })
}

impl Arity {
    /// What is wrong with a number of arguments.
    pub(super) fn refuses(&self, name: &str, given: usize) -> Option<String> {
        let (bound, expected) = match self.most {
            Some(most) if most == self.least && given != most => ("", most),
            _ if given < self.least => ("at least ", self.least),
            Some(most) if given > most => ("at most ", most),
            _ => return None,
        };
        Some(format!("expected {bound}{expected} argument(s) in call to {name:?}, got {given}"))
    }
}
