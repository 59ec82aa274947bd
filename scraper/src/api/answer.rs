//! The envelope around every answer, and the errors with their status codes.

use super::json;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// What kind of error an answer reports; Prometheus's `errorType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorType {
    /// A parameter is wrong: 400.
    BadData,
    /// The query could not be evaluated: 422.
    Execution,
    /// It took longer than it may: 503.
    Timeout,
    /// It was given up: 499 (the code that nginx began with and Prometheus took over).
    Canceled,
    /// A fault on this side: 500.
    Internal,
    /// Not now: 503.
    Unavailable,
    /// There is no such thing: 404.
    NotFound,
}

impl ErrorType {
    pub(super) fn text(self) -> &'static str {
        match self {
            ErrorType::BadData => "bad_data",
            ErrorType::Execution => "execution",
            ErrorType::Timeout => "timeout",
            ErrorType::Canceled => "canceled",
            ErrorType::Internal => "internal",
            ErrorType::Unavailable => "unavailable",
            ErrorType::NotFound => "not_found",
        }
    }

    pub(super) fn status(self) -> StatusCode {
        match self {
            ErrorType::BadData => StatusCode::BAD_REQUEST,
            ErrorType::Execution => StatusCode::UNPROCESSABLE_ENTITY,
            ErrorType::Timeout | ErrorType::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            ErrorType::Canceled => StatusCode::from_u16(499).unwrap_or(StatusCode::SERVICE_UNAVAILABLE),
            ErrorType::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            ErrorType::NotFound => StatusCode::NOT_FOUND,
        }
    }
}

/// An error answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// Its kind, which decides the status code.
    pub kind: ErrorType,
    /// For the person who asked.
    pub message: String,
}

impl ApiError {
    /// An error of a kind.
    pub(crate) fn new(kind: ErrorType, message: impl Into<String>) -> Self {
        ApiError { kind, message: message.into() }
    }

    /// A wrong request.
    pub(crate) fn bad_data(message: impl Into<String>) -> Self {
        ApiError::new(ErrorType::BadData, message)
    }

    /// A wrong parameter, in Prometheus's words.
    pub(crate) fn parameter(name: &str, message: impl std::fmt::Display) -> Self {
        ApiError::bad_data(format!("invalid parameter \"{name}\": {message}"))
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut body = br#"{"status":"error","errorType":"#.to_vec();
        json::string(&mut body, self.kind.text());
        body.extend_from_slice(br#","error":"#);
        json::string(&mut body, &self.message);
        body.push(b'}');
        respond(self.kind.status(), body)
    }
}

/// More warnings or infos are counted only, as Prometheus does.
const MAX_REMARKS: usize = 10;

/// A successful answer, its JSON complete.
#[derive(Debug)]
pub(crate) struct Answer {
    body: Vec<u8>,
}

/// What is said beside the data of an answer.
#[derive(Debug, Default)]
pub(crate) struct Remarks {
    /// The answer is not what the person may think.
    pub(crate) warnings: Vec<String>,
    /// The answer is right, the query perhaps not what was meant.
    pub(crate) infos: Vec<String>,
}

impl Remarks {
    /// Adds Prometheus's warning about an answer that `limit` cut.
    pub(crate) fn truncated(&mut self) {
        self.warnings.push("results truncated due to limit".to_owned());
    }
}

impl Answer {
    /// An answer whose data is what the function writes.
    pub(crate) fn write(data: impl FnOnce(&mut Vec<u8>), remarks: &Remarks) -> Self {
        let mut body = br#"{"status":"success","data":"#.to_vec();
        data(&mut body);
        for (kind, texts) in [("warning", &remarks.warnings), ("info", &remarks.infos)] {
            if !texts.is_empty() {
                body.extend_from_slice(format!(",\"{kind}s\":").as_bytes());
                let omitted = texts.len().saturating_sub(MAX_REMARKS);
                let omitted = (omitted > 0).then(|| format!("{omitted} more {kind} annotations omitted"));
                let said = texts.iter().take(MAX_REMARKS).chain(&omitted);
                json::array(&mut body, said, |out, text| json::string(out, text));
            }
        }
        body.push(b'}');
        Answer { body }
    }

    /// An answer whose data is a list of strings.
    pub(crate) fn strings(list: &[String], remarks: &Remarks) -> Self {
        Answer::write(|out| json::array(out, list, |out, text| json::string(out, text)), remarks)
    }

    /// An answer whose data serde writes.
    pub(crate) fn of(data: &impl Serialize) -> Result<Self, ApiError> {
        let data = serde_json::to_vec(data).map_err(|e| ApiError::new(ErrorType::Internal, e.to_string()))?;
        Ok(Answer::write(|out| json::harmless(out, &data), &Remarks::default()))
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        respond(StatusCode::OK, self.body)
    }
}

/// The piece of a body that is compressed or sent between two chances for other tasks.
const PIECE_BYTES: usize = 64 << 10;

fn respond(status: StatusCode, body: Vec<u8>) -> Response {
    let length = body.len();
    let body = if length <= PIECE_BYTES {
        Body::from(body)
    } else {
        // In pieces, so that compressing tens of megabytes does not hold an async worker all that time.
        let body = Bytes::from(body);
        let pieces = (0..length)
            .step_by(PIECE_BYTES)
            .map(move |at| Ok::<_, std::convert::Infallible>(body.slice(at..length.min(at + PIECE_BYTES))));
        Body::from_stream(tokio_stream::iter(pieces))
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CONTENT_LENGTH, length.into());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(response: impl IntoResponse) -> (u16, String) {
        let response = response.into_response();
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn errors_have_type_and_status() {
        for (kind, text, status) in [
            (ErrorType::BadData, "bad_data", 400),
            (ErrorType::Execution, "execution", 422),
            (ErrorType::Timeout, "timeout", 503),
            (ErrorType::Canceled, "canceled", 499),
            (ErrorType::Internal, "internal", 500),
            (ErrorType::Unavailable, "unavailable", 503),
            (ErrorType::NotFound, "not_found", 404),
        ] {
            let want = format!(r#"{{"status":"error","errorType":"{text}","error":"so \"it\" is"}}"#);
            assert_eq!(read(ApiError::new(kind, "so \"it\" is")).await, (status, want));
        }
    }

    #[tokio::test]
    async fn remarks_follow_the_data() {
        let mut remarks = Remarks::default();
        let list = ["a".to_owned()];
        assert_eq!(read(Answer::strings(&list, &remarks)).await.1, r#"{"status":"success","data":["a"]}"#);
        remarks.truncated();
        remarks.infos.push("i".into());
        assert_eq!(
            read(Answer::strings(&[], &remarks)).await.1,
            r#"{"status":"success","data":[],"warnings":["results truncated due to limit"],"infos":["i"]}"#
        );
    }

    #[tokio::test]
    async fn remarks_are_bounded() {
        let warnings = (0..13).map(|i| format!("w{i}")).collect();
        let (_, body) = read(Answer::strings(&[], &Remarks { warnings, ..Remarks::default() })).await;
        assert!(body.ends_with(r#""w9","3 more warning annotations omitted"]}"#), "{body}");
    }

    #[tokio::test]
    async fn a_large_answer_arrives_whole() {
        let list: Vec<String> = (0..50_000).map(|i| format!("value {i}")).collect();
        let response = Answer::strings(&list, &Remarks::default()).into_response();
        let length = response.headers()[header::CONTENT_LENGTH].to_str().unwrap().to_owned();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        assert_eq!(length, body.len().to_string());
        let parsed: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(parsed["data"].as_array().unwrap().len(), list.len());
    }
}
