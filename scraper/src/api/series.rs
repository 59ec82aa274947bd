//! `series`, `labels` and `label/<name>/values`: what there is, without samples. Selectors are parsed behind the gate:
//! compiling their expressions may take long.

use super::answer::{Answer, ApiError, ErrorType, Remarks};
use super::parameters::Parameters;
use super::{ApiState, json, label_name, replicas};
use axum::extract::State;
use axum::extract::rejection::PathRejection;
use std::collections::BTreeSet;

/// No answer lists more, whatever `limit` says; one that is cut says so in a warning.
pub(crate) const MAX_LISTED: usize = 1_000_000;

/// `series`: the label sets that one of `match[]` selects.
pub(crate) async fn series(State(state): State<ApiState>, parameters: Parameters) -> Result<Answer, ApiError> {
    if parameters.all("match[]").next().is_none() {
        return Err(ApiError::bad_data("no match[] parameter provided"));
    }
    let limit = parameters.limit()?.unwrap_or(MAX_LISTED).min(MAX_LISTED);
    let (start_ms, end_ms) = parameters.open_range()?;
    let (store, names) = (state.store.clone(), state.limits.replica_labels.clone());
    let list = move |_: &_| {
        let sets = parameters.matchers().map_err(|e| ApiError::parameter("match[]", e))?;
        // Of each series there may be several, which become one.
        let fetched = if names.is_empty() { limit + 1 } else { MAX_LISTED + 1 };
        let mut found = store.series(&sets, start_ms, end_ms, fetched).map_err(store_failed)?;
        if !names.is_empty() {
            let merged: BTreeSet<_> = found.iter().map(|labels| replicas::without(labels, &names)).collect();
            found = merged.into_iter().collect();
        }
        let remarks = cut(&mut found, limit);
        found.sort_unstable();
        Ok(Answer::write(|out| json::array(out, &found, json::labels), &remarks))
    };
    state.gate.run(state.deadline(None), list).await
}

/// `labels`: the names of all labels, or of those that the series of `match[]` have.
pub(crate) async fn labels(State(state): State<ApiState>, parameters: Parameters) -> Result<Answer, ApiError> {
    let limit = parameters.limit()?.unwrap_or(MAX_LISTED).min(MAX_LISTED);
    let (start_ms, end_ms) = parameters.open_range()?;
    let store = state.store.clone();
    let list = move |_: &_| {
        let sets = parameters.matchers()?;
        let mut found = store.label_names(&sets, start_ms, end_ms).map_err(store_failed)?;
        let remarks = cut(&mut found, limit);
        Ok(Answer::strings(&found, &remarks))
    };
    state.gate.run(state.deadline(None), list).await
}

/// `label/<name>/values`: the values of a label, sorted.
pub(crate) async fn label_values(
    State(state): State<ApiState>,
    name: Result<axum::extract::Path<String>, PathRejection>,
    parameters: Parameters,
) -> Result<Answer, ApiError> {
    let name = name.map_err(|e| ApiError::bad_data(format!("invalid label name: {e}")))?;
    let name = label_name::unescape(&name);
    if name.is_empty() {
        return Err(ApiError::bad_data(format!("invalid label name: {name:?}")));
    }
    let limit = parameters.limit()?.unwrap_or(MAX_LISTED).min(MAX_LISTED);
    let (start_ms, end_ms) = parameters.open_range()?;
    let store = state.store.clone();
    let list = move |_: &_| {
        let sets = parameters.matchers()?;
        let mut found = store.label_values(&name, &sets, start_ms, end_ms).map_err(store_failed)?;
        let remarks = cut(&mut found, limit);
        Ok(Answer::strings(&found, &remarks))
    };
    state.gate.run(state.deadline(None), list).await
}

/// A failure of the store that no parameter of the request explains.
pub(crate) fn store_failed(error: impl std::fmt::Display) -> ApiError {
    ApiError::new(ErrorType::Internal, error.to_string())
}

fn cut<T>(list: &mut Vec<T>, limit: usize) -> Remarks {
    let mut remarks = Remarks::default();
    if list.len() > limit {
        list.truncate(limit);
        remarks.truncated();
    }
    remarks
}
