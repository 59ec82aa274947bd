//! A checked query: types that cannot hold an ill-typed expression, so that evaluation never meets one.

use crate::aggregate::Grouping;
use crate::binary::{BinaryOp, Matching, SetOp};
use crate::functions::RangeFunction;
use crate::{Matcher, ResultType};
use procession_openmetrics::Labels;
use regex::Regex;
use std::sync::Arc;

/// Any expression, by its type.
#[derive(Clone, Debug)]
pub(crate) enum Expr {
    Scalar(Scalar),
    Vector(Vector),
    Range(Range),
    String(String),
}

impl Expr {
    /// The type of its values at one instant.
    pub(crate) fn result_type(&self) -> ResultType {
        match self {
            Expr::Scalar(_) => ResultType::Scalar,
            Expr::Vector(_) => ResultType::Vector,
            Expr::Range(_) => ResultType::Matrix,
            Expr::String(_) => ResultType::String,
        }
    }
}

/// One number per step.
#[derive(Clone, Debug)]
pub(crate) enum Scalar {
    Number(f64),
    /// `time()`: the step's own time in seconds.
    Time,
    /// Seconds of the whole query: `start()`, `end()`, `range()`, `step()`.
    OfQuery(QueryTime),
    /// `scalar(v)`: the only element's value, NaN where there is none or several.
    FromVector(Box<Vector>),
    Negate(Box<Scalar>),
    Binary {
        op: BinaryOp,
        left: Box<Scalar>,
        right: Box<Scalar>,
    },
    /// `max_of(a, b)`, `min_of(a, b)`.
    Extreme {
        max: bool,
        left: Box<Scalar>,
        right: Box<Scalar>,
    },
}

/// What a query as a whole is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum QueryTime {
    Start,
    End,
    Range,
    Step,
}

/// At most one number per series and step.
#[derive(Clone, Debug)]
pub(crate) enum Vector {
    Selector(Selector),
    /// `vector(s)`.
    FromScalar(Box<Scalar>),
    Negate(Box<Vector>),
    /// A function of one value (`abs`, `hour`, ...).
    Map {
        function: fn(f64) -> f64,
        argument: Box<Vector>,
    },
    Clamp {
        argument: Box<Vector>,
        min: Box<Scalar>,
        max: Box<Scalar>,
    },
    Round {
        argument: Box<Vector>,
        to_nearest: Box<Scalar>,
    },
    /// `timestamp(v)`: of the sample itself where `v` is a selector, else of the step.
    Timestamp(Box<Vector>),
    OverRange {
        function: RangeFunction,
        range: Box<Range>,
    },
    /// `absent(v)` with the labels that its result gets.
    Absent {
        argument: Box<Vector>,
        labels: Labels,
    },
    AbsentOverTime {
        range: Box<Range>,
        labels: Labels,
    },
    Info(Box<Info>),
    LabelReplace(Box<LabelReplace>),
    LabelJoin(Box<LabelJoin>),
    Sort {
        argument: Box<Vector>,
        by: SortBy,
        descending: bool,
    },
    HistogramQuantile {
        quantile: Box<Scalar>,
        argument: Box<Vector>,
    },
    HistogramQuantiles {
        quantiles: Vec<Scalar>,
        label: String,
        argument: Box<Vector>,
    },
    HistogramFraction {
        lower: Box<Scalar>,
        upper: Box<Scalar>,
        argument: Box<Vector>,
    },
    Aggregate {
        op: AggregateOp,
        grouping: Grouping,
        argument: Box<Vector>,
    },
    WithScalar(Box<WithScalar>),
    Binary(Box<VectorBinary>),
    Set(Box<SetBinary>),
}

/// Samples of a span of time per series and step.
#[derive(Clone, Debug)]
pub(crate) enum Range {
    Selector { selector: Selector, range_ms: i64 },
    Subquery(Box<Subquery>),
}

/// Which series, and when.
#[derive(Clone, Debug)]
pub(crate) struct Selector {
    /// Counts the selectors of a query, so that the plan can say which fetch serves which.
    pub(crate) id: usize,
    pub(crate) matchers: Arc<[Matcher]>,
    pub(crate) shift: Shift,
}

/// `@` and `offset`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shift {
    pub(crate) at: Option<At>,
    pub(crate) offset_ms: i64,
}

/// The argument of `@`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    Millis(i64),
    Start,
    End,
}

/// `vector[range:step]`.
#[derive(Clone, Debug)]
pub(crate) struct Subquery {
    pub(crate) inner: Vector,
    pub(crate) range_ms: i64,
    /// `None` means the default of the options.
    pub(crate) step_ms: Option<i64>,
    pub(crate) shift: Shift,
}

/// `info(v, {selector})`
#[derive(Clone, Debug)]
pub(crate) struct Info {
    pub(crate) argument: Vector,
    /// The info series, looked at when the argument's first selector looks.
    pub(crate) selector: Selector,
    /// What names an info metric.
    pub(crate) names: Vec<Matcher>,
    /// The labels that are wanted of it; all where there is none.
    pub(crate) data: Vec<Matcher>,
}

#[derive(Clone, Debug)]
pub(crate) struct LabelReplace {
    pub(crate) argument: Vector,
    pub(crate) destination: String,
    pub(crate) replacement: String,
    pub(crate) source: String,
    pub(crate) regex: Regex,
}

#[derive(Clone, Debug)]
pub(crate) struct LabelJoin {
    pub(crate) argument: Vector,
    pub(crate) destination: String,
    pub(crate) separator: String,
    pub(crate) sources: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) enum SortBy {
    Value,
    /// These labels in turn, in natural order, then all labels.
    Labels(Vec<String>),
}

/// An aggregation with its parameter.
#[derive(Clone, Debug)]
pub(crate) enum AggregateOp {
    Sum,
    Avg,
    Count,
    Group,
    Min,
    Max,
    Stddev,
    Stdvar,
    Quantile(Box<Scalar>),
    TopK(Box<Scalar>),
    BottomK(Box<Scalar>),
    LimitK(Box<Scalar>),
    LimitRatio(Box<Scalar>),
    CountValues(String),
}

/// A vector and a scalar.
#[derive(Clone, Debug)]
pub(crate) struct WithScalar {
    pub(crate) op: BinaryOp,
    pub(crate) vector: Vector,
    pub(crate) scalar: Scalar,
    /// The scalar stands on the left.
    pub(crate) scalar_first: bool,
    pub(crate) return_bool: bool,
}

/// Two vectors.
#[derive(Clone, Debug)]
pub(crate) struct VectorBinary {
    pub(crate) op: BinaryOp,
    pub(crate) left: Vector,
    pub(crate) right: Vector,
    pub(crate) matching: Matching,
    pub(crate) return_bool: bool,
}

/// `and`, `or`, `unless`.
#[derive(Clone, Debug)]
pub(crate) struct SetBinary {
    pub(crate) op: SetOp,
    pub(crate) left: Vector,
    pub(crate) right: Vector,
    pub(crate) on: Grouping,
}
