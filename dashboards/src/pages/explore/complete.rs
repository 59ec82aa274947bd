//! `/complete`: names for somebody who writes a query.

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};

use crate::parameters::{BadParameter, Parameters};
use crate::query::promql::quoted;
use crate::server::App;
use crate::time::Span;

/// Names in one answer.
const MOST: usize = 30;

/// How far back names are looked for.
const BACK_MS: i64 = 3 * 3_600_000;

/// What a name is looked for in.
enum Among {
    Metrics,
    Labels,
    ValuesOf(String),
    /// Tables and columns of SQL.
    Sql,
}

fn parse(query: &str) -> Result<(String, Among), BadParameter> {
    let given = Parameters::parse(query, &["word", "of", "label"], &[])?;
    let word = given.get("word").unwrap_or_default().to_lowercase();
    if word.len() > 200 {
        return Err(BadParameter::new("word", "is longer than 200 bytes"));
    }
    let label = given.get("label").unwrap_or_default();
    let is_name = |name: &str| {
        !name.is_empty()
            && name.len() <= 200
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !name.starts_with(|c: char| c.is_ascii_digit())
    };
    let among = match given.get("of") {
        Some("metrics") => Among::Metrics,
        Some("labels") => Among::Labels,
        Some("sql") => Among::Sql,
        Some("values") if is_name(label) => Among::ValuesOf(label.to_owned()),
        Some("values") => return Err(BadParameter::new("label", "must be the name of a label")),
        _ => return Err(BadParameter::new("of", "must be one of metrics, labels, values, sql")),
    };
    Ok((word, among))
}

/// Answers `/complete?of=metrics&word=cpu` with a JSON array of names that hold the word, those that begin with it first.
pub async fn handle(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let (word, among) = match parse(&query.unwrap_or_default()) {
        Ok(asked) => asked,
        Err(bad) => return (StatusCode::BAD_REQUEST, format!("{bad}\n")).into_response(),
    };
    let now_ms = app.now_ms();
    let span = Span { start_ms: now_ms - BACK_MS, end_ms: now_ms };
    // Where a word is there, the server leaves out what it cannot be.
    let like = quoted(&format!("(?i).*{}.*", regex::escape(&word)));
    let found = match &among {
        Among::Metrics => {
            app.client.label_values("__name__", &format!("{{__name__=~{like},__name__!=\"\"}}"), span).await
        }
        Among::Labels => app.client.label_names(span).await,
        Among::Sql => app.sql_names().await,
        Among::ValuesOf(label) => {
            app.client.label_values(label, &format!("{{{label}=~{like},{label}!=\"\"}}"), span).await
        }
    };
    match found {
        Ok(names) => {
            let body = serde_json::json!(chosen(names, &word)).to_string();
            ([(header::CONTENT_TYPE, "application/json")], body).into_response()
        }
        Err(error) => (error.status(), format!("{error}\n")).into_response(),
    }
}

/// The first names that hold the word.
fn chosen(mut names: Vec<String>, word: &str) -> Vec<String> {
    names.retain(|name| name.to_lowercase().contains(word));
    names.sort_by_cached_key(|name| (!name.to_lowercase().starts_with(word), name.clone()));
    names.truncate(MOST);
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_begin_with_the_word_come_first() {
        let names = ["proc_cpu", "cpu_total", "memory", "CPU_b"].map(str::to_owned).to_vec();
        assert_eq!(chosen(names, "cpu"), ["CPU_b", "cpu_total", "proc_cpu"]);
        assert_eq!(chosen((0..100).map(|n| n.to_string()).collect(), "").len(), MOST);
    }

    #[test]
    fn only_names_are_asked_for() {
        for (query, expected) in [
            ("", "parameter of: must be one of"),
            ("of=values", "parameter label: must be the name of a label"),
            ("of=values&label=a\"}", "parameter label: must be the name of a label"),
            ("of=metrics&x=1", "parameter x: is unknown"),
        ] {
            let Err(error) = parse(query) else { panic!("{query} was accepted") };
            assert!(error.to_string().starts_with(expected), "{query}: {error}");
        }
    }
}
