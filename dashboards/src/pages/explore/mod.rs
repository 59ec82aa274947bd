//! `/explore`: any question in PromQL or SQL, answered as a chart and as a table.

mod complete;
mod promql;
mod sql;

pub use complete::handle as complete;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use maud::{Markup, html};

use super::figure::known;
use super::link::Link;
use super::timeframe::Timeframe;
use super::{range, shell};
use crate::chart::{Chart, Kind, UNITS, Unit};
use crate::image::{self, ImageRequest};
use crate::parameters::{BadParameter, Parameters, encoded};
use crate::query::{self, Sample};
use crate::server::App;

/// What a question is asked in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    PromQl,
    Sql,
}

/// A question as it was asked.
#[derive(Debug, Clone)]
struct ExploreView {
    link: Link,
    frame: Timeframe,
    language: Language,
    /// Empty where nothing was asked yet.
    query: String,
    unit: Unit,
    stacked: bool,
}

/// What is known of the answer: over the range, and at its end.
struct Answer {
    chart: Result<Chart, image::Error>,
    last: Result<Vec<Sample>, query::Error>,
}

impl ExploreView {
    fn parse(text: &str, now_ms: i64) -> Result<ExploreView, BadParameter> {
        let known = ["lang", "query", "from", "until", "tz", "unit", "draw", "compare"];
        let given = Parameters::parse(text, &known, &[])?;
        let language = given.read("lang", |text| match text {
            "promql" => Ok(Language::PromQl),
            "sql" => Ok(Language::Sql),
            _ => Err("must be promql or sql".to_owned()),
        })?;
        let unit = given.read("unit", |text| {
            Unit::parse(text).ok_or_else(|| format!("must be one of {}", UNITS.map(|(name, _)| name).join(", ")))
        })?;
        let stacked = given.read("draw", |text| match text {
            "stack" => Ok(true),
            "lines" => Ok(false),
            _ => Err("must be stack or lines".to_owned()),
        })?;
        Ok(ExploreView {
            link: Link::asked("/explore", &known, &given),
            frame: Timeframe::parse(&given, now_ms)?,
            language: language.unwrap_or(Language::PromQl),
            query: given.read("query", question)?.unwrap_or_default(),
            unit: unit.unwrap_or_default(),
            stacked: stacked.unwrap_or(false),
        })
    }

    /// The parameters of the same as an image.
    fn image(&self) -> String {
        let mut out = format!(
            "query={}&unit={}&kind={}",
            encoded(&self.query),
            encoded(&self.unit.to_string()),
            Kind::stacked(self.stacked).name()
        );
        let from = self.link.get("from").unwrap_or(super::timeframe::DEFAULT_FROM);
        out.push_str(&format!("&from={}", encoded(from)));
        for name in ["until", "tz", "compare"] {
            if let Some(value) = self.link.get(name) {
                out.push_str(&format!("&{name}={}", encoded(value)));
            }
        }
        out
    }
}

/// The longest question, in bytes: what a chart's query may have.
const LONGEST: usize = 8192;

fn question(text: &str) -> Result<String, String> {
    match text.len() {
        0..=LONGEST => Ok(text.trim().to_owned()),
        _ => Err(format!("is longer than {LONGEST} bytes")),
    }
}

/// Answers `/explore`.
pub async fn handle(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let mut view = match ExploreView::parse(&query.unwrap_or_default(), app.now_ms()) {
        Ok(view) => view,
        Err(bad) => return shell::bad_link(&app, &bad),
    };
    if view.language == Language::Sql {
        return sql::answer(&app, &view).await;
    }
    if view.query.is_empty() {
        return promql::page(&app, &view, None);
    }
    if let Err(error) = view.frame.measure(&app.client, "", &mut view.link).await {
        return shell::no_answer(&app, "Explore", &bar(&view), &error);
    }
    let chart = async {
        let request = ImageRequest::parse(&view.image())?;
        image::chart(&app.client, &request, view.frame.now_ms).await
    };
    let (chart, mut last) = tokio::join!(chart, app.client.instant(&view.query, view.frame.span.end_ms));
    if let Ok(samples) = &mut last {
        samples.sort_by(|a, b| known(b.point.value).total_cmp(&known(a.point.value)));
    }
    let answer = Answer { chart, last };
    shell::drawn(&app, move |app| promql::page(app, &view, Some(&answer))).await
}

/// The name of the page beside the name of the installation.
fn bar(view: &ExploreView) -> Markup {
    html! {
        span.sep aria-hidden="true" { "/" }
        h1 { "Explore" }
        (range::picker(&view.link, &view.frame))
    }
}

fn form(view: &ExploreView) -> Markup {
    let is_sql = view.language == Language::Sql;
    let other = |lang: &str| view.link.without("query").with("lang", lang).href();
    let place = if is_sql {
        "SQL: SELECT name, max(resident_bytes) FROM processes WHERE ts BETWEEN $from AND $until GROUP BY name"
    } else {
        "PromQL: sum by (group) (rate(proc_group_cpu_seconds_total[5m]))"
    };
    html! {
        form.explore action="/explore" method="get" {
            @for (name, value) in view.link.pairs().filter(|(name, _)| !matches!(*name, "query" | "unit" | "draw")) {
                input type="hidden" name=(name) value=(value);
            }
            span.seg.lang {
                a href=(other("promql")) aria-current=[(!is_sql).then_some("true")] { "PromQL" }
                a href=(other("sql")) aria-current=[is_sql.then_some("true")] { "SQL" }
            }
            label.ask {
                span.sr { @if is_sql { "SQL" } @else { "PromQL" } }
                textarea name="query" rows=(if is_sql { 5 } else { 2 }) maxlength="8192" spellcheck="false" autocomplete="off" autocapitalize="off"
                    data-lang=(if is_sql { "sql" } else { "promql" }) placeholder=(place) { (view.query) }
            }
            div.how {
                label { "Unit " select name="unit" { @for (name, unit) in UNITS { option value=(name) selected[unit == view.unit] { (name) } } } }
                label { "Drawn as " select name="draw" { option value="lines" { "lines" } option value="stack" selected[view.stacked] { "stack" } } }
                button { "Run" }
                span.dim.keys { @if is_sql { "Ctrl+Enter runs" } @else { "Enter runs, Shift+Enter begins a line" } }
            }
        }
    }
}
