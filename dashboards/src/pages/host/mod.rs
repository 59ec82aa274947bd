//! `/host`: which groups and processes of a host used what, over any range.

mod busiest;
mod panel;
mod ranking;
mod view;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use futures_util::future::join_all;

use super::link::Link;
use super::timeframe::Timeframe;
use super::whole::{self, Whole};
use super::{happenings, inks, shell};
use crate::chart::Kind;
use crate::parameters::{BadParameter, Parameters};
use crate::query::promql::quoted;
use crate::query::{Client, QueriedSeries, TargetState};
use crate::server::App;

/// What the table of a host is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Cpu,
    Memory,
    Reads,
    Writes,
    Processes,
}

const SORTS: [(&str, Sort); 5] = [
    ("cpu", Sort::Cpu),
    ("memory", Sort::Memory),
    ("reads", Sort::Reads),
    ("writes", Sort::Writes),
    ("processes", Sort::Processes),
];

/// A view of a host as it was asked for.
#[derive(Debug, Clone)]
struct HostView {
    link: Link,
    frame: Timeframe,
    instance: String,
    sort: Sort,
    stacked: bool,
    all_rows: bool,
}

impl HostView {
    fn parse(query: &str, now_ms: i64) -> Result<HostView, BadParameter> {
        let known = ["instance", "from", "until", "tz", "sort", "draw", "rows", "compare"];
        let given = Parameters::parse(query, &known, &[])?;
        let instance = given.needed_name("instance", "it names the host")?;
        let frame = Timeframe::parse(&given, now_ms)?;
        let sort = given.read("sort", |text| {
            SORTS
                .iter()
                .find(|(name, _)| *name == text)
                .map(|(_, sort)| *sort)
                .ok_or_else(|| format!("must be one of {}", SORTS.map(|(name, _)| name).join(", ")))
        })?;
        let stacked = given.read("draw", |text| match text {
            "stack" => Ok(true),
            "lines" => Ok(false),
            _ => Err("must be stack or lines".to_owned()),
        })?;
        let all_rows = given.read("rows", |text| match text {
            "all" => Ok(true),
            _ => Err("must be all".to_owned()),
        })?;
        Ok(HostView {
            link: Link::asked("/host", &known, &given),
            frame,
            instance,
            sort: sort.unwrap_or(Sort::Cpu),
            stacked: stacked.unwrap_or(true),
            all_rows: all_rows.unwrap_or(false),
        })
    }

    /// How the charts are drawn.
    fn kind(&self) -> Kind {
        Kind::stacked(self.stacked)
    }

    /// `instance="..."`.
    fn matcher(&self) -> String {
        format!("instance={}", quoted(&self.instance))
    }
}

/// Answers `/host`.
pub async fn handle(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let now_ms = app.now_ms();
    let mut view = match HostView::parse(&query.unwrap_or_default(), now_ms) {
        Ok(view) => view,
        Err(bad) => return shell::bad_link(&app, &bad),
    };
    // The distance of the scrapes decides the step, and the first query finds out whether there is anybody to ask.
    let matcher = view.matcher();
    let ups = match view.frame.measure(&app.client, &matcher, &mut view.link).await {
        Ok(ups) => ups,
        Err(error) => return shell::no_answer(&app, &view.instance, &view::bar(&view), &error),
    };
    let (mut panels, busiest, reason, events, whole) = tokio::join!(
        join_all(panel::PANELS.iter().map(|panel| panel::fetch(&app.client, panel, &view))),
        busiest::fetch(&app.client, &view),
        reason(&app.client, &view, &ups),
        happenings::of_host(&app, &view.instance, &view.frame),
        whole(&app.client, &view),
    );
    let page = move |app: &App| {
        for drawn in panels.iter_mut().flatten() {
            drawn.chart.events.clone_from(&events);
        }
        let inks = inks::share(panels.iter_mut().flatten().map(|drawn| &mut drawn.chart));
        view::page(app, &view, &view::State { ups: &ups, reason: &reason, whole }, &panels, &busiest, &inks)
    };
    shell::drawn(&app, page).await
}

/// Load and memory of the host at the end of the range; nothing where nobody tells.
async fn whole(client: &Client, view: &HostView) -> Whole {
    let query = whole::query(&format!(",{}", view.matcher()));
    let samples = client.instant(&query, view.frame.span.end_ms).await.unwrap_or_default();
    whole::by_instance(samples).remove(&view.instance).unwrap_or_default()
}

/// Why the host is not scraped now, in the words of the scraper; empty where it is, or where nobody says.
async fn reason(client: &Client, view: &HostView, ups: &[QueriedSeries]) -> String {
    let is_down = ups.iter().filter_map(|series| series.values.last()).any(|point| point.value == 0.0);
    if !view.frame.live || !(is_down || ups.is_empty()) {
        return String::new();
    }
    // Not every server scrapes.
    let targets = client.targets().await.unwrap_or_default();
    let failed =
        |target: &TargetState| target.labels.get("instance") == Some(&view.instance) && !target.last_error.is_empty();
    targets.into_iter().find(failed).map(|target| target.last_error).unwrap_or_default()
}
