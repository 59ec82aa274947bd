//! The parameters of a request: those of the URL and those of a posted form.

use super::answer::ApiError;
use super::instant;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use procession_promql::{Matcher, parse_matchers};
use std::time::Duration;

/// A posted form may be this large (Go's own bound, so what Prometheus takes fits).
const FORM_BYTES: usize = 10 << 20;
/// A form must have arrived by then.
const FORM_TIMEOUT: Duration = Duration::from_secs(30);

/// Parameters in order; those of a posted form stand before those of the URL, so that they win.
#[derive(Debug, Default)]
pub(crate) struct Parameters {
    pairs: Vec<(String, String)>,
    in_form: usize,
    #[cfg(test)]
    read: Read,
}

/// The names that an endpoint looks for: what the tests compare with its description.
#[cfg(test)]
#[derive(Clone, Debug, Default)]
pub(super) struct Read(pub(super) std::sync::Arc<parking_lot::Mutex<std::collections::BTreeSet<String>>>);

impl<S: Send + Sync> FromRequest<S> for Parameters {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let form = parts.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).is_some_and(|v| {
            v.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
        });
        let mut pairs = Vec::new();
        if form {
            let read = axum::body::to_bytes(body, FORM_BYTES);
            let bytes = tokio::time::timeout(FORM_TIMEOUT, read)
                .await
                .map_err(|_| ApiError::bad_data("error parsing form values: the body did not arrive in time"))?
                .map_err(|e| {
                    ApiError::bad_data(format!("error parsing form values (at most {FORM_BYTES} bytes): {e}"))
                })?;
            pairs.extend(form_urlencoded::parse(&bytes).into_owned());
        }
        let in_form = pairs.len();
        pairs.extend(form_urlencoded::parse(parts.uri.query().unwrap_or("").as_bytes()).into_owned());
        Ok(Parameters {
            pairs,
            in_form,
            #[cfg(test)]
            read: parts.extensions.get::<Read>().cloned().unwrap_or_default(),
        })
    }
}

/// Each may hold costly expressions.
const MAX_SELECTORS: usize = 100;

impl Parameters {
    fn note(&self, _name: &str) {
        #[cfg(test)]
        self.read.0.lock().insert(_name.to_owned());
    }

    /// The first value of a parameter, `""` where it is missing.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.note(name);
        self.pairs.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v)
    }

    /// All values of a parameter.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.note(name);
        self.pairs.iter().filter(move |(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The first value of a parameter in the URL, whatever a form says.
    pub(crate) fn in_url(&self, name: &str) -> &str {
        self.note(name);
        self.pairs[self.in_form..].iter().find(|(n, _)| n == name).map_or("", |(_, v)| v)
    }

    /// A point in time that must be there, in milliseconds.
    pub(crate) fn time(&self, name: &str) -> Result<i64, ApiError> {
        instant::parse_time(self.get(name)).map_err(|e| ApiError::parameter(name, e))
    }

    /// A point in time, in milliseconds.
    pub(crate) fn time_or(&self, name: &str, default_ms: i64) -> Result<i64, ApiError> {
        match self.get(name) {
            "" => Ok(default_ms),
            text => instant::parse_time(text)
                .map_err(|e| ApiError::parameter(name, format_args!("invalid time value for '{name}': {e}"))),
        }
    }

    /// The time range of requests that may leave it open: `(start_ms, end_ms)`.
    pub(crate) fn open_range(&self) -> Result<(i64, i64), ApiError> {
        Ok((self.time_or("start", instant::MIN_TIME_MS)?, self.time_or("end", instant::MAX_TIME_MS)?))
    }

    /// `limit`: `None` where it is missing or zero.
    pub(crate) fn limit(&self) -> Result<Option<usize>, ApiError> {
        let text = self.get("limit");
        if text.is_empty() {
            return Ok(None);
        }
        match text.parse::<i64>() {
            Ok(n @ 0..) => Ok(usize::try_from(n).ok().filter(|n| *n > 0)),
            Ok(_) => Err(ApiError::parameter("limit", "limit must be non-negative")),
            Err(_) => Err(ApiError::parameter("limit", format_args!("parsing {text:?}: invalid syntax"))),
        }
    }

    /// A count for which `message` is the error; `None` where it is missing.
    pub(crate) fn count(&self, name: &str, message: &str) -> Result<Option<i64>, ApiError> {
        match self.get(name) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| ApiError::bad_data(message)),
        }
    }

    /// The selectors of `match[]`, a hundred at most. Each must refuse something: one that every series satisfies is a
    /// mistake. Compiles expressions: not for an async worker.
    pub(crate) fn matchers(&self) -> Result<Vec<Vec<Matcher>>, ApiError> {
        if self.all("match[]").count() > MAX_SELECTORS {
            return Err(ApiError::bad_data(format!("more than {MAX_SELECTORS} match[] parameters")));
        }
        let sets = self.all("match[]").map(parse_matchers).collect::<Result<Vec<_>, _>>();
        let empty = || ApiError::bad_data("match[] must contain at least one non-empty matcher");
        let sets = sets.map_err(|e| match e.to_string() {
            // The parser refuses it too, in the words that a whole query gets.
            text if text.ends_with("must contain at least one non-empty matcher") => empty(),
            text => ApiError::bad_data(text),
        })?;
        if sets.iter().any(|set| set.iter().all(|m| m.matches(""))) {
            return Err(empty());
        }
        Ok(sets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    async fn of(method: &str, query: &str, body: impl Into<Body>) -> Result<Parameters, ApiError> {
        let request = Request::builder()
            .method(method)
            .uri(format!("/x?{query}"))
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
            .body(body.into());
        Parameters::from_request(request.unwrap(), &()).await
    }

    #[tokio::test]
    async fn a_form_comes_before_the_url() {
        let p = of("POST", "a=url&b=%2B+x&match[]=u", "a=form&match%5B%5D=f").await.unwrap();
        assert_eq!((p.get("a"), p.get("b"), p.get("c"), p.in_url("a")), ("form", "+ x", "", "url"));
        assert_eq!(p.all("match[]").collect::<Vec<_>>(), ["f", "u"]);
    }

    #[tokio::test]
    async fn a_form_has_a_bound() {
        let e = of("POST", "", vec![b'a'; FORM_BYTES + 1]).await.unwrap_err();
        assert!(e.message.starts_with("error parsing form values (at most 10485760 bytes): "), "{e}");
        of("POST", "", vec![b'a'; FORM_BYTES]).await.unwrap();
    }

    #[tokio::test]
    async fn limits() {
        for (query, want) in [
            ("", Ok(None)),
            ("limit=0", Ok(None)),
            ("limit=7", Ok(Some(7))),
            ("limit=-1", Err("invalid parameter \"limit\": limit must be non-negative")),
            ("limit=x", Err("invalid parameter \"limit\": parsing \"x\": invalid syntax")),
        ] {
            let got = of("GET", query, "").await.unwrap().limit();
            assert_eq!(got, want.map_err(ApiError::bad_data), "{query}");
        }
    }
}
