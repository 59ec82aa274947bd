//! `rules`, `alerts`, `alertmanagers`: asked for by clients, and empty, since nothing here evaluates rules.

use super::ApiState;
use super::answer::{Answer, ApiError};
use super::parameters::Parameters;
use axum::extract::State;
use serde_json::json;

/// `rules`: no groups.
pub(crate) async fn rules(State(state): State<ApiState>, parameters: Parameters) -> Result<Answer, ApiError> {
    let kind = parameters.in_url("type").to_lowercase();
    if !matches!(kind.as_str(), "" | "alert" | "record") {
        return Err(ApiError::parameter("type", format_args!("not supported value {kind:?}")));
    }
    let check = move |_: &_| parameters.matchers().and_then(|_| Answer::of(&json!({ "groups": [] })));
    state.gate.run(state.deadline(None), check).await
}

/// `alerts`: none.
pub(crate) async fn alerts() -> Result<Answer, ApiError> {
    Answer::of(&json!({ "alerts": [] }))
}

/// `alertmanagers`: none.
pub(crate) async fn alertmanagers() -> Result<Answer, ApiError> {
    Answer::of(&json!({ "activeAlertmanagers": [], "droppedAlertmanagers": [] }))
}
