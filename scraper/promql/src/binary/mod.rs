//! Operators between two expressions.

mod arithmetic;
mod matching;
mod set;

pub(crate) use arithmetic::{BinaryOp, with_scalar};
pub(crate) use matching::{Cardinality, Matching, match_vectors};
pub(crate) use set::{SetOp, combine};
