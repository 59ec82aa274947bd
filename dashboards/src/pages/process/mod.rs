//! `/process`: everything about one process of a host: a pid and the moment at which it began.

mod identity;
mod view;

use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::link::Link;
use super::timeframe::Timeframe;
use super::trends::{self, Metrics, Subject};
use super::{happenings, shell};
use crate::parameters::{BadParameter, Parameters};
use crate::query::promql::quoted;
use crate::server::App;

/// A view of a process as it was asked for.
#[derive(Debug, Clone)]
struct ProcessView {
    link: Link,
    frame: Timeframe,
    instance: String,
    pid: String,
    /// Unix seconds; without it the last process with this pid is meant.
    start: Option<f64>,
}

impl ProcessView {
    fn parse(query: &str, now_ms: i64) -> Result<ProcessView, BadParameter> {
        let known = ["instance", "pid", "start", "from", "until", "tz", "compare"];
        let given = Parameters::parse(query, &known, &[])?;
        let start = given.read("start", |text| {
            let start = text.parse::<f64>().ok().filter(|start| start.is_finite() && start.abs() < 1e11);
            start.ok_or_else(|| "must be Unix seconds".to_owned())
        })?;
        Ok(ProcessView {
            link: Link::asked("/process", &known, &given),
            frame: Timeframe::parse(&given, now_ms)?,
            instance: given.needed_name("instance", "it names the host")?,
            pid: given.needed_name("pid", "it is the number of the process")?,
            start,
        })
    }

    fn matcher(&self) -> String {
        format!("instance={},pid={}", quoted(&self.instance), quoted(&self.pid))
    }
}

/// Answers `/process`.
pub async fn handle(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let mut view = match ProcessView::parse(&query.unwrap_or_default(), app.now_ms()) {
        Ok(view) => view,
        Err(bad) => return shell::bad_link(&app, &bad),
    };
    let host = format!("instance={}", quoted(&view.instance));
    if let Err(error) = view.frame.measure(&app.client, &host, &mut view.link).await {
        return shell::no_answer(&app, &view.pid, &view::bar(&view, None), &error);
    }
    let found = match identity::find(&app.client, &view).await {
        Ok(found) => found,
        Err(error) => return shell::no_answer(&app, &view.pid, &view::bar(&view, None), &error),
    };
    let Some(life) = found.life else { return view::unknown(&app, &view, &found) };
    let name = format!("{} {} on {}", found.identity.name, view.pid, view.instance);
    let subject = Subject { metrics: Metrics::Process, matcher: view.matcher(), instance: view.instance.clone(), name };
    let (mut trends, family, mut events) = tokio::join!(
        trends::fetch(&app.client, &subject, &view.frame, found.within(&view.frame)),
        identity::family(&app.client, &view, &found.identity, life.last_seen_ms),
        happenings::of_host(&app, &view.instance, &view.frame),
    );
    events.extend(life.events(&view.pid, &view.frame));
    trends.mark(&events);
    shell::drawn(&app, move |app| view::page(app, &view, &subject, &found, life, &trends, &family)).await
}
