//! Function calls: one table from names to checked nodes.

use super::Checker;
use crate::Error;
use crate::expr::{Expr, LabelJoin, LabelReplace, QueryTime, Range, Scalar, SortBy, Vector};
use crate::functions::{RangeFunction, absent, date, math};
use crate::syntax::regex::anchored;
use crate::syntax::signature;
use crate::syntax::tree::Node;

const NEEDS_NATIVE_HISTOGRAMS: &str = "it works on native histograms, and samples here are floats";

impl Checker<'_> {
    pub(super) fn call(&mut self, name: &str, arguments: &[Node], node: &Node) -> Result<Expr, Error> {
        if let Some(message) = signature::of(name).and_then(|s| s.refuses(name, arguments.len())) {
            return Err(self.error(node, message));
        }
        let mut args = Arguments { checker: self, name, node, rest: arguments.iter() };
        if let Some(function) = math::of_one_value(name) {
            return Ok(Expr::Vector(Vector::Map { function, argument: args.vector()? }));
        }
        if let Some(function) = date::of_time(name) {
            let argument = match args.rest.len() {
                0 => Box::new(Vector::FromScalar(Box::new(Scalar::Time))),
                _ => args.vector()?,
            };
            return Ok(Expr::Vector(Vector::Map { function, argument }));
        }
        if let Some(function) = plain_range_function(name) {
            return Ok(Expr::Vector(Vector::OverRange { function, range: args.range()? }));
        }
        match vector_function(&mut args)? {
            Some(vector) => Ok(Expr::Vector(vector)),
            None => scalar_function(&mut args).map(Expr::Scalar),
        }
    }
}

/// Takes the arguments in turn. Their number was checked; a disagreement is an error, never a panic.
struct Arguments<'a, 'c, 't> {
    checker: &'c mut Checker<'t>,
    name: &'a str,
    node: &'a Node,
    rest: std::slice::Iter<'a, Node>,
}

impl<'a> Arguments<'a, '_, '_> {
    fn next(&mut self) -> Result<&'a Node, Error> {
        self.rest.next().ok_or_else(|| {
            self.checker.error(self.node, format_args!("too few arguments in call to function {:?}", self.name))
        })
    }

    fn place(&self) -> String {
        format!("call to function {:?}", self.name)
    }

    fn vector(&mut self) -> Result<Box<Vector>, Error> {
        let node = self.next()?;
        self.checker.vector(node, &self.place()).map(Box::new)
    }

    fn scalar(&mut self) -> Result<Box<Scalar>, Error> {
        let node = self.next()?;
        self.checker.scalar(node, &self.place()).map(Box::new)
    }

    fn range(&mut self) -> Result<Box<Range>, Error> {
        let node = self.next()?;
        self.checker.range(node, &self.place()).map(Box::new)
    }

    fn string(&mut self) -> Result<String, Error> {
        let node = self.next()?;
        self.checker.string(node, &self.place())
    }

    fn strings(&mut self) -> Result<Vec<String>, Error> {
        (0..self.rest.len()).map(|_| self.string()).collect()
    }

    fn unsupported(&self, why: &'static str) -> Error {
        let what = format!("the function {:?}", self.name);
        Error::unsupported_at(self.checker.text, self.node.start, &what, why)
    }
}

fn plain_range_function(name: &str) -> Option<RangeFunction> {
    Some(match name {
        "rate" => RangeFunction::Rate,
        "increase" => RangeFunction::Increase,
        "delta" => RangeFunction::Delta,
        "irate" => RangeFunction::Irate,
        "idelta" => RangeFunction::Idelta,
        "deriv" => RangeFunction::Deriv,
        "changes" => RangeFunction::Changes,
        "resets" => RangeFunction::Resets,
        "avg_over_time" => RangeFunction::Avg,
        "sum_over_time" => RangeFunction::Sum,
        "min_over_time" => RangeFunction::Min,
        "max_over_time" => RangeFunction::Max,
        "count_over_time" => RangeFunction::Count,
        "first_over_time" => RangeFunction::First,
        "last_over_time" => RangeFunction::Last,
        "present_over_time" => RangeFunction::Present,
        "stddev_over_time" => RangeFunction::Stddev,
        "stdvar_over_time" => RangeFunction::Stdvar,
        "mad_over_time" => RangeFunction::Mad,
        "ts_of_first_over_time" => RangeFunction::TimeOfFirst,
        "ts_of_last_over_time" => RangeFunction::TimeOfLast,
        "ts_of_min_over_time" => RangeFunction::TimeOfMin,
        "ts_of_max_over_time" => RangeFunction::TimeOfMax,
        _ => return None,
    })
}

fn vector_function(args: &mut Arguments<'_, '_, '_>) -> Result<Option<Vector>, Error> {
    Ok(Some(match args.name {
        "vector" => Vector::FromScalar(args.scalar()?),
        "timestamp" => Vector::Timestamp(args.vector()?),
        "clamp" => Vector::Clamp { argument: args.vector()?, min: args.scalar()?, max: args.scalar()? },
        "clamp_min" => Vector::Clamp { argument: args.vector()?, min: args.scalar()?, max: number(f64::INFINITY) },
        "clamp_max" => Vector::Clamp { argument: args.vector()?, min: number(f64::NEG_INFINITY), max: args.scalar()? },
        "round" => {
            let argument = args.vector()?;
            let to_nearest = if args.rest.len() > 0 { args.scalar()? } else { number(1.0) };
            Vector::Round { argument, to_nearest }
        }
        "quantile_over_time" => {
            let function = RangeFunction::Quantile(args.scalar()?);
            Vector::OverRange { function, range: args.range()? }
        }
        "predict_linear" => {
            let range = args.range()?;
            Vector::OverRange { function: RangeFunction::PredictLinear(args.scalar()?), range }
        }
        "double_exponential_smoothing" => {
            let range = args.range()?;
            let function = RangeFunction::Smoothing { smoothing: args.scalar()?, trend: args.scalar()? };
            Vector::OverRange { function, range }
        }
        "absent" => {
            let argument = args.vector()?;
            let labels = absent::labels_of_vector(&argument);
            Vector::Absent { argument, labels }
        }
        "absent_over_time" => {
            let range = args.range()?;
            let labels = absent::labels_of_range(&range);
            Vector::AbsentOverTime { range, labels }
        }
        "info" => args.checker.info(args.rest.as_slice())?,
        "label_replace" => label_replace(args)?,
        "label_join" => label_join(args)?,
        "sort" => Vector::Sort { argument: args.vector()?, by: SortBy::Value, descending: false },
        "sort_desc" => Vector::Sort { argument: args.vector()?, by: SortBy::Value, descending: true },
        "sort_by_label" | "sort_by_label_desc" => Vector::Sort {
            argument: args.vector()?,
            by: SortBy::Labels(args.strings()?),
            descending: args.name == "sort_by_label_desc",
        },
        "histogram_quantile" => Vector::HistogramQuantile { quantile: args.scalar()?, argument: args.vector()? },
        "histogram_quantiles" => {
            let (argument, label) = (args.vector()?, args.string()?);
            let quantiles = (0..args.rest.len()).map(|_| args.scalar().map(|s| *s)).collect::<Result<_, _>>()?;
            Vector::HistogramQuantiles { quantiles, label, argument }
        }
        "histogram_fraction" => {
            Vector::HistogramFraction { lower: args.scalar()?, upper: args.scalar()?, argument: args.vector()? }
        }
        "histogram_avg" | "histogram_count" | "histogram_sum" | "histogram_stddev" | "histogram_stdvar" => {
            return Err(args.unsupported(NEEDS_NATIVE_HISTOGRAMS));
        }
        _ => return Ok(None),
    }))
}

fn scalar_function(args: &mut Arguments<'_, '_, '_>) -> Result<Scalar, Error> {
    Ok(match args.name {
        "time" => Scalar::Time,
        "pi" => Scalar::Number(std::f64::consts::PI),
        "scalar" => Scalar::FromVector(args.vector()?),
        "start" => Scalar::OfQuery(QueryTime::Start),
        "end" => Scalar::OfQuery(QueryTime::End),
        "range" => Scalar::OfQuery(QueryTime::Range),
        "step" => Scalar::OfQuery(QueryTime::Step),
        "max_of" => Scalar::Extreme { max: true, left: args.scalar()?, right: args.scalar()? },
        "min_of" => Scalar::Extreme { max: false, left: args.scalar()?, right: args.scalar()? },
        _ => return Err(args.unsupported("it is not evaluated here yet")),
    })
}

fn number(value: f64) -> Box<Scalar> {
    Box::new(Scalar::Number(value))
}

fn label_replace(args: &mut Arguments<'_, '_, '_>) -> Result<Vector, Error> {
    let (argument, destination, replacement) = (*args.vector()?, args.string()?, args.string()?);
    let (source, pattern) = (args.string()?, args.string()?);
    let regex = anchored(&pattern)
        .map_err(|_| Error::Execution(format!("invalid regular expression in label_replace(): {pattern}")))?;
    if destination.is_empty() {
        return Err(Error::Execution(format!("invalid destination label name in label_replace(): {destination}")));
    }
    Ok(Vector::LabelReplace(Box::new(LabelReplace { argument, destination, replacement, source, regex })))
}

fn label_join(args: &mut Arguments<'_, '_, '_>) -> Result<Vector, Error> {
    let (argument, destination, separator) = (*args.vector()?, args.string()?, args.string()?);
    let sources = args.strings()?;
    if let Some(source) = sources.iter().find(|s| s.is_empty()) {
        return Err(Error::Execution(format!("invalid source label name in label_join(): {source}")));
    }
    if destination.is_empty() {
        return Err(Error::Execution(format!("invalid destination label name in label_join(): {destination}")));
    }
    Ok(Vector::LabelJoin(Box::new(LabelJoin { argument, destination, separator, sources })))
}
