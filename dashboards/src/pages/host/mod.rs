//! `/host`: which groups and processes of a host used what, over any range.

mod busiest;
mod inks;
mod panel;
mod ranking;
mod view;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use futures_util::future::join_all;
use http::StatusCode;
use jiff::tz::TimeZone;
use maud::html;

use super::link::HostLink;
use super::range::DEFAULT_FROM;
use super::{scrapes, shell};
use crate::parameters::{BadParameter, Parameters};
use crate::query::promql::quoted;
use crate::server::App;
use crate::time::{Moment, Span, parse_zone, step_for};

/// The width in px for which a page's charts choose their step.
const CHART_WIDTH: f64 = 640.0;

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
    link: HostLink,
    span: Span,
    now_ms: i64,
    /// True where the range ends now.
    live: bool,
    zone: TimeZone,
    sort: Sort,
    stacked: bool,
    all_rows: bool,
    step_ms: i64,
    /// Distance of the scrapes behind the charts.
    interval_ms: i64,
}

impl HostView {
    fn parse(query: &str, now_ms: i64) -> Result<HostView, BadParameter> {
        let known = ["instance", "from", "until", "tz", "sort", "draw", "rows"];
        let given = Parameters::parse(query, &known, &[])?;
        let own = |name: &str| given.get(name).map(str::to_owned);
        let instance = own("instance").ok_or_else(|| BadParameter::new("instance", "is missing: it names the host"))?;
        let zone = given.read("tz", parse_zone)?.unwrap_or_else(TimeZone::system);
        let read = |name, default: &str| {
            let text = given.get(name).unwrap_or(default);
            Moment::parse(text, &zone).map_err(|reason| BadParameter::new(name, reason))
        };
        let (from, until) = (read("from", DEFAULT_FROM)?, read("until", "now")?);
        let span = Span::new(from.resolve(now_ms), until.resolve(now_ms))
            .map_err(|reason| BadParameter::new("from", reason))?;
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
        let link = HostLink {
            instance,
            from: own("from"),
            until: own("until"),
            tz: own("tz"),
            sort: own("sort"),
            draw: own("draw"),
            rows: own("rows"),
        };
        Ok(HostView {
            link,
            span,
            now_ms,
            live: until == Moment::Ago(0),
            zone,
            sort: sort.unwrap_or(Sort::Cpu),
            stacked: stacked.unwrap_or(true),
            all_rows: all_rows.unwrap_or(false),
            step_ms: 0,
            interval_ms: 0,
        })
    }

    /// A page that was opened without a range shows a short one where the host has only just appeared, instead of an
    /// empty hour with its first minute at the edge. `oldest_ms` is the oldest scrape of the last ten minutes.
    fn begin_with_the_data(&mut self, oldest_ms: Option<i64>) {
        if self.link.from.is_some() || !self.live {
            return;
        }
        let known_ms = oldest_ms.map_or(i64::MAX, |oldest| self.now_ms - oldest);
        let (length_ms, from) = match known_ms {
            0..240_000 => (300_000, "-5m"),
            240_000..560_000 => (900_000, "-15m"),
            _ => return,
        };
        self.span.start_ms = self.now_ms - length_ms;
        self.link.from = Some(from.to_owned());
    }

    fn rate_window_ms(&self) -> i64 {
        scrapes::rate_window_ms(self.step_ms, self.interval_ms)
    }

    /// `instance="..."`.
    fn matcher(&self) -> String {
        format!("instance={}", quoted(&self.link.instance))
    }
}

/// Answers `/host`.
pub async fn handle(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let now_ms = app.now_ms();
    let mut view = match HostView::parse(&query.unwrap_or_default(), now_ms) {
        Ok(view) => view,
        Err(bad) => {
            let body = html! {
                section.notice.bad role="alert" {
                    h2 { "This link cannot be shown" }
                    p { (bad.to_string()) }
                    p { a href="/" { "All hosts" } }
                }
            };
            return shell::page(&app, StatusCode::BAD_REQUEST, "Bad request", &html! {}, &body);
        }
    };
    // The distance of the scrapes decides the step, and the first query finds out whether there is anybody to ask.
    let ups = match app.client.raw(&format!("up{{{}}}[10m]", view.matcher()), view.span.end_ms).await {
        Ok(ups) => ups,
        Err(error) => {
            let title = view.link.instance.clone();
            return shell::page(&app, error.status(), &title, &view::bar(&view), &shell::query_failed(&error));
        }
    };
    view.begin_with_the_data(ups.iter().filter_map(|series| series.values.first()).map(|point| point.at_ms).min());
    view.interval_ms = scrapes::slowest_interval_ms(ups.iter().map(|series| series.values.as_slice()));
    view.step_ms = step_for(view.span.length_ms(), CHART_WIDTH, view.interval_ms);
    let (mut panels, busiest) = tokio::join!(
        join_all(panel::PANELS.iter().map(|panel| panel::fetch(&app.client, panel, &view))),
        busiest::fetch(&app.client, &view),
    );
    let inks = inks::share(panels.iter_mut().flatten().map(|drawn| &mut drawn.chart));
    view::page(&app, &view, &ups, &panels, &busiest, &inks)
}
