//! Where options come from: flags, which win, and a YAML file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::{Error, EventQuery, Options};

/// The flags of the service. What is not given comes from the file, and what stands in neither is [`Options::default`].
#[derive(Debug, Clone, Default, clap::Args)]
pub struct DashboardFlags {
    /// Configuration file (YAML), read again on SIGHUP and POST /-/reload. Flags win over it.
    #[arg(id = "config.file", long = "config.file", value_name = "FILE")]
    pub config_file: Option<PathBuf>,

    /// Base URL of the query API: the scraper's, or that of Prometheus, Mimir, Thanos or VictoriaMetrics (with its path
    /// prefix). Default: http://127.0.0.1:9957
    #[arg(long = "query.url", value_name = "URL")]
    pub query_url: Option<String>,

    /// Longest time that one query may take, and all queries of a page or a chart together: 30s, 2m, or a number of
    /// seconds. Default: 30s
    #[arg(long = "query.timeout", value_name = "DURATION", value_parser = timeout)]
    pub query_timeout: Option<Duration>,

    /// Most queries that run at one time. Default: 16
    #[arg(long = "query.max-concurrency", value_name = "N", value_parser = clap::value_parser!(u64).range(CONCURRENCY))]
    pub query_concurrency: Option<u64>,

    /// Name of this installation in the header of each page.
    #[arg(long = "web.page-title", value_name = "TEXT")]
    pub page_title: Option<String>,
}

/// Seconds that a query may be given.
const TIMEOUT: std::ops::RangeInclusive<u64> = 1..=600;
/// Queries that may run at one time.
const CONCURRENCY: std::ops::RangeInclusive<u64> = 1..=1000;

/// Queries for events; each is asked with every page of a host.
const MOST_EVENTS: usize = 8;

/// The file as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a mapping with `query`, `page_title` and `events`")]
struct File {
    query: Query,
    page_title: Option<String>,
    events: Vec<Event>,
}

/// One of `events`: what the pages of hosts mark on their charts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a mapping with `query` and `title`")]
struct Event {
    query: String,
    #[serde(default)]
    title: String,
}

/// `query`: who is asked, and how much at most.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a mapping with `url`, `timeout_seconds` and `max_concurrency`")]
struct Query {
    url: Option<String>,
    timeout_seconds: Option<u64>,
    max_concurrency: Option<u64>,
}

impl Options {
    /// Options of the flags and of the file that they name, checked.
    ///
    /// # Errors
    /// The file can't be read or says what it may not, with file, line and key; or the URL is none.
    pub fn load(flags: &DashboardFlags) -> Result<Options, Error> {
        let file = match &flags.config_file {
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|cause| Error::Read { path: path.clone(), cause })?;
                parse(path, &text)?
            }
            None => File::default(),
        };
        let mut options = Options::default();
        if let Some(url) = flags.query_url.clone().or(file.query.url) {
            options.query_url = url;
        }
        if let Some(timeout) = flags.query_timeout.or(file.query.timeout_seconds.map(Duration::from_secs)) {
            options.limits.timeout = timeout;
        }
        if let Some(queries) = flags.query_concurrency.or(file.query.max_concurrency) {
            options.limits.concurrency = usize::try_from(queries).unwrap_or(usize::MAX);
        }
        if let Some(title) = flags.page_title.clone().or(file.page_title) {
            options.title = title;
        }
        options.events = file.events.into_iter().map(|Event { query, title }| EventQuery { query, title }).collect();
        Ok(options)
    }
}

/// A number alone means seconds, as it does in the file.
fn timeout(text: &str) -> Result<Duration, String> {
    let timeout = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => procession_web::duration::parse(text)?,
    };
    let range = Duration::from_secs(*TIMEOUT.start())..=Duration::from_secs(*TIMEOUT.end());
    match range.contains(&timeout) {
        true => Ok(timeout),
        false => Err("expected 1s to 10m".to_owned()),
    }
}

fn parse(path: &Path, text: &str) -> Result<File, Error> {
    let line = |key| procession_web::yaml::line_of_key(text, key).map(|line| format!("{line}:"));
    let refuse = |place: Option<String>, reason: String| {
        let place = place.unwrap_or_default();
        Error::Config { path: path.to_owned(), place, reason }
    };
    let file: Option<File> = serde_yaml::from_str(text).map_err(|error| {
        let message = error.to_string();
        // The place stands at the beginning already.
        let reason = message.rsplit_once(" at line ").map_or(message.as_str(), |(reason, _)| reason);
        refuse(error.location().map(|at| format!("{}:{}:", at.line(), at.column())), reason.to_owned())
    })?;
    let file = file.unwrap_or_default();
    for (key, value, range) in [
        ("query.timeout_seconds", file.query.timeout_seconds, TIMEOUT),
        ("query.max_concurrency", file.query.max_concurrency, CONCURRENCY),
    ] {
        if let Some(value) = value.filter(|value| !range.contains(value)) {
            let (least, most) = (range.start(), range.end());
            return Err(refuse(line(key), format!("{key}: expected {least} to {most}, found {value}")));
        }
    }
    if file.events.len() > MOST_EVENTS {
        return Err(refuse(line("events"), format!("events: at most {MOST_EVENTS}, found {}", file.events.len())));
    }
    if file.events.iter().any(|event| event.query.trim().is_empty()) {
        return Err(refuse(line("events"), "events: query is empty".to_owned()));
    }
    if let Some(url) = &file.query.url
        && let Err(error) = crate::query::check_url(url)
    {
        return Err(refuse(line("query.url"), format!("query.url: {error}")));
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: &str) {
        match parse(Path::new("d.yml"), text) {
            Err(error) => assert_eq!(error.to_string(), want),
            Ok(file) => panic!("accepted {text:?} as {file:?}"),
        }
    }

    #[test]
    fn timeouts() {
        for (text, want) in [
            ("30s", Ok(30)),
            ("2m", Ok(120)),
            ("45", Ok(45)),
            ("0", Err("expected 1s to 10m")),
            ("11m", Err("expected 1s to 10m")),
            ("soon", Err("\"soon\" is not a duration: expected a number and a unit, as in 500ms, 15s, 5m or 1h30m")),
        ] {
            assert_eq!(timeout(text).map(|t| t.as_secs()), want.map_err(str::to_owned), "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        check(
            "page_titel: x",
            "d.yml:1:1: unknown field `page_titel`, expected one of `query`, `page_title`, `events`",
        );
        check(
            "query:\n  url: http://a\n  timeout: 3\n",
            "d.yml:3:3: query: unknown field `timeout`, expected one of `url`, `timeout_seconds`, `max_concurrency`",
        );
        check("query: {timeout_seconds: 0}", "d.yml:1: query.timeout_seconds: expected 1 to 600, found 0");
        check("events: [{title: x}]", "d.yml:1:10: events[0]: missing field `query`");
        check("events: [{query: ' '}]", "d.yml:1: events: query is empty");
        check("[]", "d.yml:1:1: invalid type: sequence, expected a mapping with `query`, `page_title` and `events`");
        assert!(
            parse(Path::new("d.yml"), "query: {url: 'ftp://x'}")
                .unwrap_err()
                .to_string()
                .starts_with("d.yml:1: query.url: ")
        );
    }

    #[test]
    fn flags_win_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dashboards.yml");
        std::fs::write(&path, "page_title: of the file\nquery: {url: 'http://file:1', timeout_seconds: 7}\n").unwrap();
        let flags = DashboardFlags {
            config_file: Some(path),
            query_url: Some("http://flag:2".to_owned()),
            ..DashboardFlags::default()
        };
        let options = Options::load(&flags).unwrap();
        assert_eq!((options.query_url.as_str(), options.title.as_str()), ("http://flag:2", "of the file"));
        assert_eq!(
            (options.limits.timeout.as_secs(), options.limits.concurrency),
            (7, Options::default().limits.concurrency)
        );
    }

    #[test]
    fn an_empty_file_says_nothing() {
        for text in ["", "# nothing\n", "{}", "query: {}"] {
            assert!(parse(Path::new("d.yml"), text).unwrap().query.url.is_none(), "{text:?}");
        }
    }
}
