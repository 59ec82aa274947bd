//! `/add`: how a host comes to be seen here, with commands to copy; it says when the host has come.

mod view;

use axum::extract::{RawQuery, State};
use axum::response::Response;

pub(super) use self::view::steps;
use super::link::Link;
use super::{scrapes, shell};
use crate::chart::Point;
use crate::parameters::{BadParameter, Parameters};
use crate::query::promql::quoted;
use crate::query::{Client, Error};
use crate::server::App;

/// The exporter's port where none is given.
const PORT: u16 = 9956;

/// What a target may be called: what stands in a URL between `//` and `/`, and in a shell without quotes.
fn target(text: &str) -> Result<Option<String>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok().filter(|port| *port > 0)),
        _ => (text, Some(PORT)),
    };
    let plain = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_host = match plain {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.len() <= 253 && !host.starts_with('-') && host.chars().all(is_name),
    };
    match port.filter(|_| is_host) {
        Some(port) => Ok(Some(format!("{host}:{port}"))),
        None => {
            Err("must be the name or the address of a host, with or without a port: web-1, 10.0.0.7:9956, [::1]:9956"
                .to_owned())
        }
    }
}

/// The page as it was asked for.
#[derive(Debug, Clone)]
struct AddView {
    link: Link,
    /// `host:port`; none while nobody has said which.
    target: Option<String>,
}

/// How far a host has come.
#[derive(Debug, Clone, PartialEq)]
enum Progress {
    /// The scraper does not know it.
    Unknown,
    /// It is a target, and was not scraped yet.
    Waiting,
    /// The last scrape failed, in the scraper's words.
    Failing(String),
    /// It is scraped.
    Here,
}

/// Answers `/add`.
pub async fn handle(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let view = match parse(&query.unwrap_or_default()) {
        Ok(view) => view,
        Err(bad) => return shell::bad_link(&app, &bad),
    };
    let progress = match &view.target {
        Some(target) => Some(progress(&app.client, target, app.now_ms()).await),
        None => None,
    };
    view::page(&app, &view, progress.as_ref())
}

fn parse(query: &str) -> Result<AddView, BadParameter> {
    let known = ["host"];
    let given = Parameters::parse(query, &known, &[])?;
    Ok(AddView { link: Link::asked("/add", &known, &given), target: given.read("host", target)?.flatten() })
}

async fn progress(client: &Client, target: &str, now_ms: i64) -> Result<Progress, Error> {
    let ups = client.raw(&format!("up{{instance={}}}[10m]", quoted(target)), now_ms).await?;
    // Not every server scrapes.
    let targets = client.targets().await.unwrap_or_default();
    let known = targets.into_iter().find(|known| known.labels.get("instance").is_some_and(|name| name == target));
    let last: Option<&Point> = ups.iter().filter_map(|series| series.values.last()).max_by_key(|point| point.at_ms);
    let interval_ms = scrapes::slowest_interval_ms(ups.iter().map(|series| series.values.as_slice()));
    Ok(match (last, known) {
        (Some(point), _) if point.value != 0.0 && now_ms - point.at_ms <= 4 * interval_ms => Progress::Here,
        (_, Some(known)) if !known.last_error.is_empty() => Progress::Failing(known.last_error),
        (Some(point), _) if point.value == 0.0 => Progress::Failing(String::new()),
        (_, Some(_)) => Progress::Waiting,
        _ => Progress::Unknown,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_as_people_write_them() {
        for (text, expected) in [
            ("web-1", Some("web-1:9956")),
            (" web-1.example.org:1 ", Some("web-1.example.org:1")),
            ("10.0.0.7", Some("10.0.0.7:9956")),
            ("[::1]", Some("[::1]:9956")),
            ("[fe80::1]:99", Some("[fe80::1]:99")),
            ("", None),
        ] {
            assert_eq!(target(text).unwrap().as_deref(), expected, "{text}");
        }
        for text in ["a b", "a;rm -rf", "$(id)", "a:0", "a:70000", "http://a", "-a", "[a]", "::1", "'a'"] {
            assert!(target(text).is_err(), "{text}");
        }
    }
}
