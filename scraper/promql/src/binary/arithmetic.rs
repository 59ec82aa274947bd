//! Operators on two numbers, and on a vector and a scalar.

use crate::eval::{ABSENT, Column, is_absent};
use crate::expr::WithScalar;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BinaryOp {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Atan2,
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
}

/// What an operator does with two numbers.
#[derive(Clone, Copy)]
pub(crate) enum OnNumbers {
    Compute(fn(f64, f64) -> f64),
    Compare(fn(&f64, &f64) -> bool),
}

impl BinaryOp {
    pub(crate) fn on_numbers(self) -> OnNumbers {
        match self {
            BinaryOp::Add => OnNumbers::Compute(|a, b| a + b),
            BinaryOp::Subtract => OnNumbers::Compute(|a, b| a - b),
            BinaryOp::Multiply => OnNumbers::Compute(|a, b| a * b),
            BinaryOp::Divide => OnNumbers::Compute(|a, b| a / b),
            BinaryOp::Modulo => OnNumbers::Compute(|a, b| a % b),
            BinaryOp::Power => OnNumbers::Compute(f64::powf),
            BinaryOp::Atan2 => OnNumbers::Compute(f64::atan2),
            BinaryOp::Equal => OnNumbers::Compare(f64::eq),
            BinaryOp::NotEqual => OnNumbers::Compare(f64::ne),
            BinaryOp::Greater => OnNumbers::Compare(f64::gt),
            BinaryOp::Less => OnNumbers::Compare(f64::lt),
            BinaryOp::GreaterOrEqual => OnNumbers::Compare(f64::ge),
            BinaryOp::LessOrEqual => OnNumbers::Compare(f64::le),
        }
    }

    pub(crate) fn is_comparison(self) -> bool {
        matches!(self.on_numbers(), OnNumbers::Compare(_))
    }

    /// Of two numbers; a comparison gives 0 or 1.
    pub(crate) fn apply(self, left: f64, right: f64) -> f64 {
        match self.on_numbers() {
            OnNumbers::Compute(f) => f(left, right),
            OnNumbers::Compare(f) => f64::from(f(&left, &right)),
        }
    }

    /// Of two elements of vectors; a comparison keeps the left value or nothing.
    pub(crate) fn filter(self, left: f64, right: f64, return_bool: bool) -> f64 {
        match self.on_numbers() {
            OnNumbers::Compute(f) => f(left, right),
            OnNumbers::Compare(f) if return_bool => f64::from(f(&left, &right)),
            OnNumbers::Compare(f) if f(&left, &right) => left,
            OnNumbers::Compare(_) => ABSENT,
        }
    }
}

/// A vector and a scalar, which has one value per step. A comparison keeps the vector's values whichever side it
/// stands on.
pub(crate) fn with_scalar(expr: &WithScalar, columns: Vec<Column>, scalar: &[f64]) -> Vec<Column> {
    let drops_name = !expr.op.is_comparison() || expr.return_bool;
    let change = |mut column: Column| {
        column.drop_name |= drops_name;
        let first = column.first();
        let steps = &scalar[first..column.end()];
        for (value, scalar) in column.values_mut().iter_mut().zip(steps).filter(|(v, _)| !is_absent(**v)) {
            *value = match (expr.scalar_first, drops_name) {
                (false, _) => expr.op.filter(*value, *scalar, expr.return_bool),
                (true, true) => expr.op.apply(*scalar, *value),
                (true, false) if expr.op.apply(*scalar, *value) == 1.0 => *value,
                (true, false) => ABSENT,
            };
        }
        column.trimmed()
    };
    columns.into_iter().filter_map(change).collect()
}
