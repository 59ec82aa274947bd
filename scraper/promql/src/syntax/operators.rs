//! Binary operators and aggregations.

use super::convert::{Converter, type_name};
use crate::Error;
use crate::aggregate::Grouping;
use crate::binary::{BinaryOp, Cardinality, Matching, SetOp};
use crate::expr::{AggregateOp, Expr, Scalar, SetBinary, Vector, VectorBinary, WithScalar};
use promql_parser::parser::token::TokenType;
use promql_parser::parser::{AggregateExpr, BinModifier, BinaryExpr, LabelModifier, VectorMatchCardinality};

#[derive(Clone, Copy)]
enum Operator {
    Element(BinaryOp),
    Set(SetOp),
}

pub(super) fn binary(converter: &mut Converter, syntax: &BinaryExpr) -> Result<Expr, Error> {
    let left = converter.expr(&syntax.lhs)?;
    let right = converter.expr(&syntax.rhs)?;
    let name = syntax.op.to_string();
    let modifier = syntax.modifier.clone().unwrap_or_default();
    if modifier.fill_values.lhs.is_some() || modifier.fill_values.rhs.is_some() {
        return Err(Error::Unsupported {
            what: "the modifier \"fill\"".to_owned(),
            why: "Prometheus has it behind a feature flag",
        });
    }
    let op = operator(syntax.op, &name)?;
    let return_bool = modifier.return_bool;
    if return_bool && !matches!(op, Operator::Element(op) if op.is_comparison()) {
        return Err(Error::parse("bool modifier can only be used on comparison operators"));
    }
    match (left, right) {
        (Expr::Vector(left), Expr::Vector(right)) => vectors(op, left, right, &modifier, &name),
        (Expr::Scalar(left), Expr::Scalar(right)) => scalars(op, left, right, &modifier, &name),
        (Expr::Vector(vector), Expr::Scalar(scalar)) => with_scalar(op, vector, scalar, false, &modifier, &name),
        (Expr::Scalar(scalar), Expr::Vector(vector)) => with_scalar(op, vector, scalar, true, &modifier, &name),
        (left, right) => Err(Error::parse(format_args!(
            "binary expression must contain only scalar and instant vector types, got {} {name} {}",
            type_name(&left),
            type_name(&right)
        ))),
    }
}

fn vectors(op: Operator, left: Vector, right: Vector, modifier: &BinModifier, name: &str) -> Result<Expr, Error> {
    let on = match &modifier.matching {
        Some(LabelModifier::Include(labels)) => Grouping::by(labels.labels.clone()),
        Some(LabelModifier::Exclude(labels)) => Grouping::without(labels.labels.clone()),
        None => Grouping::without(Vec::new()),
    };
    Ok(Expr::Vector(match op {
        Operator::Set(op) => {
            if matches!(modifier.card, VectorMatchCardinality::ManyToOne(_) | VectorMatchCardinality::OneToMany(_)) {
                return Err(Error::parse(format_args!("no grouping allowed for {name:?} operation")));
            }
            Vector::Set(Box::new(SetBinary { op, left, right, on }))
        }
        Operator::Element(op) => {
            let (cardinality, include) = match &modifier.card {
                VectorMatchCardinality::ManyToOne(labels) => (Cardinality::ManyToOne, labels.labels.clone()),
                VectorMatchCardinality::OneToMany(labels) => (Cardinality::OneToMany, labels.labels.clone()),
                VectorMatchCardinality::OneToOne | VectorMatchCardinality::ManyToMany => {
                    (Cardinality::OneToOne, Vec::new())
                }
            };
            let matching = Matching { on, cardinality, include };
            Vector::Binary(Box::new(VectorBinary { op, left, right, matching, return_bool: modifier.return_bool }))
        }
    }))
}

fn scalars(op: Operator, left: Scalar, right: Scalar, modifier: &BinModifier, name: &str) -> Result<Expr, Error> {
    refuse_matching(modifier)?;
    match op {
        Operator::Set(_) => Err(not_for_scalars(name)),
        Operator::Element(op) if op.is_comparison() && !modifier.return_bool => {
            Err(Error::parse("comparisons between scalars must use BOOL modifier"))
        }
        Operator::Element(op) => Ok(Expr::Scalar(Scalar::Binary { op, left: Box::new(left), right: Box::new(right) })),
    }
}

fn with_scalar(
    op: Operator,
    vector: Vector,
    scalar: Scalar,
    scalar_first: bool,
    modifier: &BinModifier,
    name: &str,
) -> Result<Expr, Error> {
    refuse_matching(modifier)?;
    match op {
        Operator::Set(_) => Err(not_for_scalars(name)),
        Operator::Element(op) => {
            let with = WithScalar { op, vector, scalar, scalar_first, return_bool: modifier.return_bool };
            Ok(Expr::Vector(Vector::WithScalar(Box::new(with))))
        }
    }
}

fn refuse_matching(modifier: &BinModifier) -> Result<(), Error> {
    match &modifier.matching {
        Some(m) if !m.labels().labels.is_empty() => {
            Err(Error::parse("vector matching only allowed between instant vectors"))
        }
        _ => Ok(()),
    }
}

fn not_for_scalars(name: &str) -> Error {
    Error::parse(format_args!("set operator {name:?} not allowed in binary scalar expression"))
}

fn operator(token: TokenType, name: &str) -> Result<Operator, Error> {
    Ok(match name {
        "+" => Operator::Element(BinaryOp::Add),
        "-" => Operator::Element(BinaryOp::Subtract),
        "*" => Operator::Element(BinaryOp::Multiply),
        "/" => Operator::Element(BinaryOp::Divide),
        "%" => Operator::Element(BinaryOp::Modulo),
        "^" => Operator::Element(BinaryOp::Power),
        "atan2" => Operator::Element(BinaryOp::Atan2),
        "==" => Operator::Element(BinaryOp::Equal),
        "!=" => Operator::Element(BinaryOp::NotEqual),
        ">" => Operator::Element(BinaryOp::Greater),
        "<" => Operator::Element(BinaryOp::Less),
        ">=" => Operator::Element(BinaryOp::GreaterOrEqual),
        "<=" => Operator::Element(BinaryOp::LessOrEqual),
        "and" => Operator::Set(SetOp::And),
        "or" => Operator::Set(SetOp::Or),
        "unless" => Operator::Set(SetOp::Unless),
        _ => return Err(Error::parse(format_args!("unexpected operator {token}"))),
    })
}

pub(super) fn aggregate(converter: &mut Converter, syntax: &AggregateExpr) -> Result<Vector, Error> {
    let name = syntax.op.to_string();
    let place = "aggregation expression";
    let grouping = match &syntax.modifier {
        Some(LabelModifier::Include(labels)) => Grouping::by(labels.labels.clone()),
        Some(LabelModifier::Exclude(labels)) => Grouping::without(labels.labels.clone()),
        None => Grouping::by(Vec::new()),
    };
    let missing = || {
        Error::parse(format_args!(
            "wrong number of arguments for aggregate expression provided, expected 2, got 1 ({name})"
        ))
    };
    let mut scalar = || -> Result<Box<Scalar>, Error> {
        let param = syntax.param.as_deref().ok_or_else(missing)?;
        converter.scalar(param, "aggregation parameter").map(Box::new)
    };
    let op = match name.as_str() {
        "sum" => AggregateOp::Sum,
        "avg" => AggregateOp::Avg,
        "count" => AggregateOp::Count,
        "group" => AggregateOp::Group,
        "min" => AggregateOp::Min,
        "max" => AggregateOp::Max,
        "stddev" => AggregateOp::Stddev,
        "stdvar" => AggregateOp::Stdvar,
        "quantile" => AggregateOp::Quantile(scalar()?),
        "topk" => AggregateOp::TopK(scalar()?),
        "bottomk" => AggregateOp::BottomK(scalar()?),
        "limitk" => AggregateOp::LimitK(scalar()?),
        "limit_ratio" => AggregateOp::LimitRatio(scalar()?),
        "count_values" => {
            let param = syntax.param.as_deref().ok_or_else(missing)?;
            let label = converter.string(param, "aggregation parameter")?;
            if label.is_empty() {
                return Err(Error::Execution(format!("invalid label name {label:?}")));
            }
            AggregateOp::CountValues(label)
        }
        _ => return Err(Error::Unsupported { what: format!("the aggregation {name:?}"), why: "it is not known" }),
    };
    let argument = Box::new(converter.vector(&syntax.expr, place)?);
    Ok(Vector::Aggregate { op, grouping, argument })
}
