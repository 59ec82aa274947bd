//! What a part of an expression is called where the evaluation is explained.

use crate::Matcher;
use crate::expr::{AggregateOp, Range, Scalar, Selector, Vector};
use crate::functions::RangeFunction;

impl Scalar {
    pub(crate) fn name(&self) -> String {
        match self {
            Scalar::Number(value) => crate::format_value(*value),
            Scalar::Time => "time()".to_owned(),
            Scalar::OfQuery(time) => first_word(time).to_lowercase() + "()",
            Scalar::FromVector(_) => "scalar".to_owned(),
            Scalar::Negate(_) => "-".to_owned(),
            Scalar::Binary { op, .. } => first_word(op).to_lowercase(),
            Scalar::Extreme { max, .. } => if *max { "max_of" } else { "min_of" }.to_owned(),
        }
    }
}

impl Vector {
    pub(crate) fn name(&self) -> String {
        match self {
            Vector::Selector(s) => selector(s),
            Vector::FromScalar(_) => "vector".to_owned(),
            Vector::Negate(_) => "-".to_owned(),
            Vector::Map { .. } => "function of each value".to_owned(),
            Vector::OverRange { function, range } => over_range(function, range),
            Vector::AbsentOverTime { range, .. } => format!("absent_over_time of {}", of_range(range)),
            Vector::Aggregate { op, grouping, .. } => {
                let word = match op {
                    AggregateOp::CountValues(_) => "count_values".to_owned(),
                    AggregateOp::LimitRatio(_) => "limit_ratio".to_owned(),
                    op => first_word(op).to_lowercase(),
                };
                match (grouping.is_without(), grouping.names()) {
                    (false, []) => word,
                    (without, names) => {
                        format!("{word} {} ({})", if without { "without" } else { "by" }, names.join(", "))
                    }
                }
            }
            Vector::WithScalar(w) => format!("{} with a scalar", first_word(&w.op).to_lowercase()),
            Vector::Binary(b) => format!("{} of two vectors", first_word(&b.op).to_lowercase()),
            Vector::Set(s) => first_word(&s.op).to_lowercase(),
            Vector::LabelReplace(_) => "label_replace".to_owned(),
            Vector::LabelJoin(_) => "label_join".to_owned(),
            Vector::HistogramQuantile { .. } => "histogram_quantile".to_owned(),
            Vector::HistogramQuantiles { .. } => "histogram_quantiles".to_owned(),
            Vector::HistogramFraction { .. } => "histogram_fraction".to_owned(),
            Vector::Clamp { .. } => "clamp".to_owned(),
            Vector::Round { .. } => "round".to_owned(),
            Vector::Timestamp(_) => "timestamp".to_owned(),
            Vector::Absent { .. } => "absent".to_owned(),
            Vector::Info(_) => "info".to_owned(),
            Vector::Sort { .. } => "sort".to_owned(),
        }
    }
}

/// Derived `Debug` begins with the variant's name.
fn first_word(value: &impl std::fmt::Debug) -> String {
    format!("{value:?}").chars().take_while(|c| c.is_alphanumeric()).collect()
}

fn over_range(function: &RangeFunction, range: &Range) -> String {
    format!("{} of {}", first_word(function).to_lowercase(), of_range(range))
}

fn of_range(range: &Range) -> String {
    match range {
        Range::Selector { selector: s, range_ms } => format!("{}[{}s]", selector(s), *range_ms as f64 / 1e3),
        Range::Subquery(s) => format!("a subquery of {} s", s.range_ms as f64 / 1e3),
    }
}

fn selector(selector: &Selector) -> String {
    let text = |m: &Matcher| format!("{}{}", m.name, m.op.text());
    format!("{{{}}}", selector.matchers.iter().map(text).collect::<Vec<_>>().join(","))
}
