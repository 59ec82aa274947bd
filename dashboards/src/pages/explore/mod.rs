//! `/explore`: any question in PromQL, answered as a chart and as a table.

mod complete;
mod view;

pub use complete::handle as complete;

use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::figure::known;
use super::link::Link;
use super::shell;
use super::timeframe::Timeframe;
use crate::chart::{Chart, Kind, UNITS, Unit};
use crate::image::{self, ImageRequest};
use crate::parameters::{BadParameter, Parameters, encoded};
use crate::query::{self, Sample};
use crate::server::App;

/// A question as it was asked.
#[derive(Debug, Clone)]
struct ExploreView {
    link: Link,
    frame: Timeframe,
    /// PromQL; empty where nothing was asked yet.
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
        let known = ["query", "from", "until", "tz", "unit", "draw"];
        let given = Parameters::parse(text, &known, &[])?;
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
            query: given.get("query").unwrap_or_default().trim().to_owned(),
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
        for (name, value) in [("from", Some(from)), ("until", self.link.get("until")), ("tz", self.link.get("tz"))] {
            if let Some(value) = value {
                out.push_str(&format!("&{name}={}", encoded(value)));
            }
        }
        out
    }
}

/// Answers `/explore`.
pub async fn handle(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let mut view = match ExploreView::parse(&query.unwrap_or_default(), app.now_ms()) {
        Ok(view) => view,
        Err(bad) => return shell::bad_link(&app, &bad),
    };
    if view.query.is_empty() {
        return view::page(&app, &view, None);
    }
    if let Err(error) = view.frame.measure(&app.client, "", &mut view.link).await {
        return shell::no_answer(&app, "Explore", &view::bar(&view), &error);
    }
    let chart = async {
        let request = ImageRequest::parse(&view.image())?;
        image::chart(&app.client, &request, view.frame.now_ms).await
    };
    let (chart, mut last) = tokio::join!(chart, app.client.instant(&view.query, view.frame.span.end_ms));
    if let Ok(samples) = &mut last {
        samples.sort_by(|a, b| known(b.point.value).total_cmp(&known(a.point.value)));
    }
    view::page(&app, &view, Some(&Answer { chart, last }))
}
