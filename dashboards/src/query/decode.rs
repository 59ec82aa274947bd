//! From the bytes of an answer to its data, or to words about what came instead.

use std::borrow::Cow;

use serde::de::{DeserializeOwned, IgnoredAny};

use super::address::without_credentials;
use super::answer::Envelope;
use super::error::Error;
use super::rows::Rows;

/// What is told of an answer that cannot be read, in characters.
const TOLD: usize = 120;

fn malformed(server: &str, reason: &str) -> Error {
    Error::Malformed { server: server.to_owned(), reason: reason.to_owned() }
}

/// `data` of an answer from `server` with this status.
pub(super) fn data<T: DeserializeOwned>(server: &str, status: u16, body: &[u8]) -> Result<T, Error> {
    // A label that is no UTF-8 must not cost the other series; where all is, as nearly always, it is checked faster.
    let text = std::str::from_utf8(body).map_or_else(|_| String::from_utf8_lossy(body), Cow::Borrowed);
    match serde_json::from_str::<Envelope<T>>(&text) {
        Ok(Envelope { data: Some(data), status, .. }) if status == "success" => Ok(data),
        Ok(envelope) if envelope.status == "error" => {
            Err(Error::Api { status, kind: told(&envelope.error_type), message: told_at_length(&envelope.error) })
        }
        Ok(_) => Err(malformed(server, "the answer has no data")),
        Err(_) if !(200..300).contains(&status) => {
            Err(malformed(server, &format!("HTTP status {status}: {}", told(&text))))
        }
        Err(error) => Err(malformed(server, &told_at_length(&error.to_string()))),
    }
}

/// The rows of an answer from `server` with this status.
pub(super) fn rows(server: &str, status: u16, body: &[u8]) -> Result<Rows, Error> {
    match status {
        200..300 => Rows::read(&String::from_utf8_lossy(body)).map_err(|error| malformed(server, &error.to_string())),
        404 | 405 | 501 => Err(Error::Missing { server: server.to_owned(), what: "SQL" }),
        _ => data::<IgnoredAny>(server, status, body).and(Err(malformed(server, "the answer has no rows"))),
    }
}

/// The words for an answer that sends us elsewhere.
pub(super) fn redirected(server: &str, status: u16, place: &[u8]) -> Error {
    let place = told(&without_credentials(&String::from_utf8_lossy(place)));
    malformed(server, &format!("HTTP status {status}, a redirection to {place}: name the right address instead"))
}

fn told(text: &str) -> String {
    text.trim().chars().take(TOLD).collect()
}

/// Words of a server that mean something, such as an error with the query in it.
fn told_at_length(text: &str) -> String {
    text.chars().take(4096).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::answer::QueryData;

    #[test]
    fn what_is_no_answer_is_told() {
        let long = "x".repeat(10_000);
        for (status, body, expected) in [
            (200, "<html>", "does not speak the Prometheus API: expected value at line 1 column 1"),
            (200, "", "EOF while parsing a value"),
            (
                200,
                r#"{"status":"success","data":{"resultType":"matrix","result":[{"metr"#,
                "EOF while parsing a string",
            ),
            (200, r#"{"status":"success"}"#, "the answer has no data"),
            (200, r#"{"status":"success","data":null}"#, "the answer has no data"),
            (200, r#"{"status":"success","data":[]}"#, "invalid"),
            (200, r#"{"status":"success","data":{"resultType":"tensor","result":[]}}"#, "unknown variant `tensor`"),
            (500, "<h1>Internal error</h1>", "HTTP status 500: <h1>Internal error</h1>"),
            (503, &long, "HTTP status 503: xxx"),
            (422, r#"{"status":"error","errorType":"execution","error":"too much"}"#, "execution: too much"),
        ] {
            let error = data::<QueryData>("http://s", status, body.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected) && error.len() < 300, "{body}: {error}");
        }
    }

    #[test]
    fn a_redirection_is_told_without_credentials() {
        let error = redirected("http://s", 301, b"https://user:secret@elsewhere/api/v1/query").to_string();
        assert!(error.contains("301, a redirection to https://elsewhere/api/v1/query"), "{error}");
    }
}
