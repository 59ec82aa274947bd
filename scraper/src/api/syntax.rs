//! `format_query` and `parse_query`: queries as texts, nothing is evaluated. Behind the gate, since compiling a query's
//! expressions may take long.

use super::ApiState;
use super::answer::{Answer, ApiError};
use super::parameters::Parameters;
use super::query::failed;
use axum::extract::State;
use procession_promql::{describe_query, format_query as formatted};

/// `format_query`: the query written anew, over several lines where one would be too long.
pub(crate) async fn format_query(State(state): State<ApiState>, parameters: Parameters) -> Result<Answer, ApiError> {
    let format = move |_: &_| Answer::of(&formatted(parameters.get("query")).map_err(failed)?);
    state.gate.run(state.deadline(None), format).await
}

/// `parse_query`: what the query consists of.
pub(crate) async fn parse_query(State(state): State<ApiState>, parameters: Parameters) -> Result<Answer, ApiError> {
    let describe = move |_: &_| Answer::of(&describe_query(parameters.get("query")).map_err(failed)?);
    state.gate.run(state.deadline(None), describe).await
}
