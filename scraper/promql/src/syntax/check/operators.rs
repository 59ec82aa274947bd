//! Binary operators and aggregations.

use super::Checker;
use crate::Error;
use crate::aggregate::Grouping;
use crate::binary::{Cardinality, Matching};
use crate::expr::{AggregateOp, Expr, Scalar, SetBinary, Vector, VectorBinary, WithScalar};
use crate::syntax::tree::{self, Aggregation, Binary, Group, Node, Operator};

impl Checker<'_> {
    pub(super) fn binary(&mut self, tree: &Binary, node: &Node) -> Result<Expr, Error> {
        let left = self.expr(&tree.left)?;
        let right = self.expr(&tree.right)?;
        self.with_operator(tree, left, right, node)
    }

    fn with_operator(&self, tree: &Binary, left: Expr, right: Expr, node: &Node) -> Result<Expr, Error> {
        self.check_modifiers(tree, &left, &right)?;
        match (left, right) {
            (Expr::Vector(left), Expr::Vector(right)) => self.vectors(tree, left, right, node).map(Expr::Vector),
            (left @ (Expr::Scalar(_) | Expr::Vector(_)), right @ (Expr::Scalar(_) | Expr::Vector(_))) => {
                self.with_scalar(tree, left, right, node)
            }
            (left, _) => {
                let is_left = !matches!(left, Expr::Scalar(_) | Expr::Vector(_));
                let wrong = if is_left { &tree.left } else { &tree.right };
                Err(self.error(wrong, "binary expression must contain only scalar and instant vector types"))
            }
        }
    }

    fn check_modifiers(&self, tree: &Binary, left: &Expr, right: &Expr) -> Result<(), Error> {
        let error = |message| Err(Error::parse_at(self.text, tree.operator_start, message));
        let comparison = tree.operator.is_comparison();
        if tree.return_bool && !comparison {
            return error("bool modifier can only be used on comparison operators".to_owned());
        }
        if comparison && !tree.return_bool && matches!((left, right), (Expr::Scalar(_), Expr::Scalar(_))) {
            return error("comparisons between scalars must use BOOL modifier".to_owned());
        }
        if let Some(tree::Matching { on: true, labels, group: Some(group) }) = &tree.matching
            && let Some(label) = labels.iter().find(|l| group.include.contains(l))
        {
            return error(format!("label {label:?} must not occur in ON and GROUP clause at once"));
        }
        Ok(())
    }

    fn vectors(&self, tree: &Binary, left: Vector, right: Vector, node: &Node) -> Result<Vector, Error> {
        let (on, group) = match &tree.matching {
            Some(m) if m.on => (Grouping::by(m.labels.clone()), m.group.as_ref()),
            Some(m) => (Grouping::without(m.labels.clone()), m.group.as_ref()),
            None => (Grouping::without(Vec::new()), None),
        };
        match tree.operator {
            Operator::Set(_) if group.is_some() => {
                let name = tree.operator.name();
                Err(self.error(node, format_args!("no grouping allowed for {name:?} operation")))
            }
            Operator::Set(op) => Ok(Vector::Set(Box::new(SetBinary { op, left, right, on }))),
            Operator::Element(op) => {
                let (cardinality, include) = match group {
                    Some(Group { left: true, include }) => (Cardinality::ManyToOne, include.clone()),
                    Some(Group { left: false, include }) => (Cardinality::OneToMany, include.clone()),
                    None => (Cardinality::OneToOne, Vec::new()),
                };
                let matching = Matching { on, cardinality, include };
                let return_bool = tree.return_bool;
                Ok(Vector::Binary(Box::new(VectorBinary { op, left, right, matching, return_bool })))
            }
        }
    }

    /// At least one side is a scalar, the other may be one.
    fn with_scalar(&self, tree: &Binary, left: Expr, right: Expr, node: &Node) -> Result<Expr, Error> {
        if tree.matching.as_ref().is_some_and(|m| !m.labels.is_empty()) {
            return Err(self.error(node, "vector matching only allowed between instant vectors"));
        }
        let Operator::Element(op) = tree.operator else {
            let name = tree.operator.name();
            return Err(self.error(node, format_args!("set operator {name:?} not allowed in binary scalar expression")));
        };
        let (vector, scalar, scalar_first) = match (left, right) {
            (Expr::Scalar(left), Expr::Scalar(right)) => {
                return Ok(Expr::Scalar(Scalar::Binary { op, left: Box::new(left), right: Box::new(right) }));
            }
            (Expr::Vector(vector), Expr::Scalar(scalar)) => (vector, scalar, false),
            (Expr::Scalar(scalar), Expr::Vector(vector)) => (vector, scalar, true),
            _ => return Err(self.error(node, "binary expression without a scalar")),
        };
        let with = WithScalar { op, vector, scalar, scalar_first, return_bool: tree.return_bool };
        Ok(Expr::Vector(Vector::WithScalar(Box::new(with))))
    }

    pub(super) fn aggregation(&mut self, tree: &Aggregation) -> Result<Expr, Error> {
        let argument = self.vector(&tree.argument, "aggregation expression")?;
        let op = match &tree.parameter {
            None => without_parameter(&tree.name),
            Some(label) if tree.name == "count_values" => count_values(self.string(label, PARAMETER)?)?,
            Some(parameter) => with_parameter(&tree.name, Box::new(self.scalar(parameter, PARAMETER)?)),
        };
        self.with_aggregation(tree, op, argument)
    }

    fn with_aggregation(&self, tree: &Aggregation, op: Option<AggregateOp>, argument: Vector) -> Result<Expr, Error> {
        let op = op.ok_or_else(|| self.error(&tree.argument, format_args!("unknown aggregation {:?}", tree.name)))?;
        let labels = tree.labels.clone();
        let grouping = if tree.without { Grouping::without(labels) } else { Grouping::by(labels) };
        Ok(Expr::Vector(Vector::Aggregate { op, grouping, argument: Box::new(argument) }))
    }
}

fn count_values(label: String) -> Result<Option<AggregateOp>, Error> {
    if label.is_empty() {
        return Err(Error::Execution(format!("invalid label name {label:?}")));
    }
    Ok(Some(AggregateOp::CountValues(label)))
}

const PARAMETER: &str = "aggregation parameter";

fn without_parameter(name: &str) -> Option<AggregateOp> {
    Some(match name {
        "sum" => AggregateOp::Sum,
        "avg" => AggregateOp::Avg,
        "count" => AggregateOp::Count,
        "group" => AggregateOp::Group,
        "min" => AggregateOp::Min,
        "max" => AggregateOp::Max,
        "stddev" => AggregateOp::Stddev,
        "stdvar" => AggregateOp::Stdvar,
        _ => return None,
    })
}

fn with_parameter(name: &str, parameter: Box<Scalar>) -> Option<AggregateOp> {
    Some(match name {
        "quantile" => AggregateOp::Quantile(parameter),
        "topk" => AggregateOp::TopK(parameter),
        "bottomk" => AggregateOp::BottomK(parameter),
        "limitk" => AggregateOp::LimitK(parameter),
        "limit_ratio" => AggregateOp::LimitRatio(parameter),
        _ => return None,
    })
}
