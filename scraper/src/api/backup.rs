//! `admin/backup`: the running scraper copies its blocks into a folder.

use super::ApiState;
use super::answer::{Answer, ApiError, ErrorType};
use super::gate::CancelOnDrop;
use super::parameters::Parameters;
use crate::commands::backup_said;
use axum::extract::State;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// `admin/backup`: takes a backup into the folder `to`, of which the newest `keep` stay. Only where the flag allows it,
/// since it writes wherever the service may.
pub(crate) async fn backup(State(state): State<ApiState>, parameters: Parameters) -> Result<Answer, ApiError> {
    if !state.admin_api {
        return Err(ApiError::new(ErrorType::Unavailable, "admin APIs disabled: --web.enable-admin-api enables them"));
    }
    let to = PathBuf::from(parameters.get("to"));
    if !to.is_absolute() {
        return Err(ApiError::parameter("to", "expected the absolute path of a folder"));
    }
    let keep = parameters.count("keep", "invalid parameter \"keep\": expected a number from 1 on")?;
    let keep = match keep {
        None => None,
        Some(keep @ 1..) => Some(usize::try_from(keep).unwrap_or(usize::MAX)),
        Some(_) => return Err(ApiError::parameter("keep", "expected a number from 1 on")),
    };
    let canceled = Arc::new(AtomicBool::new(false));
    let _cancel = CancelOnDrop(Arc::clone(&canceled));
    let store = state.store.clone();
    let taken = tokio::task::spawn_blocking(move || {
        let done = store.backup(&to, keep, &|| canceled.load(Ordering::Relaxed));
        done.map(|done| (backup_said(&done, &to), done)).map_err(|e| e.to_string())
    });
    let taken = taken.await.map_err(|e| ApiError::new(ErrorType::Internal, e.to_string()))?;
    let (summary, done) = taken.map_err(|e| ApiError::new(ErrorType::Execution, e))?;
    Answer::of(&serde_json::json!({
        "name": done.name,
        "blocks": done.blocks,
        "samples": done.samples,
        "rollups": done.rollups,
        "copiedBlocks": done.copied_blocks,
        "copiedBytes": done.copied_bytes,
        "removed": done.removed,
        "summary": summary,
    }))
}
