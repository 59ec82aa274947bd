//! `/changes`: what a host did otherwise in a range than in the time before it.

mod compare;
mod view;

use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::link::Link;
use super::shell;
use super::timeframe::Timeframe;
use crate::parameters::{BadParameter, Parameters};
use crate::query::promql::quoted;
use crate::server::App;

/// What the tables are ranked by: the difference of this figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Cpu,
    Memory,
    Io,
}

/// In the order of [`compare::Figures`].
const SORTS: [(&str, Sort); 3] = [("cpu", Sort::Cpu), ("memory", Sort::Memory), ("io", Sort::Io)];

/// A comparison as it was asked for.
#[derive(Debug, Clone)]
struct ChangesView {
    link: Link,
    frame: Timeframe,
    instance: String,
    sort: Sort,
}

/// The longest range that is compared: windows over every scrape of it are read, twice.
const LONGEST_MS: i64 = 2 * 86_400_000;

impl ChangesView {
    fn parse(query: &str, now_ms: i64) -> Result<ChangesView, BadParameter> {
        let known = ["instance", "from", "until", "tz", "sort"];
        let given = Parameters::parse(query, &known, &[])?;
        let frame = Timeframe::parse(&given, now_ms)?;
        if frame.span.length_ms() > LONGEST_MS {
            return Err(BadParameter::new("from", "is too far from until: two days at most are compared"));
        }
        let sort = given.read("sort", |text| {
            let sort = SORTS.iter().find(|(name, _)| *name == text).map(|(_, sort)| *sort);
            sort.ok_or_else(|| format!("must be one of {}", SORTS.map(|(name, _)| name).join(", ")))
        })?;
        Ok(ChangesView {
            link: Link::asked("/changes", &known, &given),
            frame,
            instance: given.needed_name("instance", "it names the host")?,
            sort: sort.unwrap_or(Sort::Cpu),
        })
    }

    fn matcher(&self) -> String {
        format!("instance={}", quoted(&self.instance))
    }
}

/// Answers `/changes`.
pub async fn handle(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let mut view = match ChangesView::parse(&query.unwrap_or_default(), app.now_ms()) {
        Ok(view) => view,
        Err(bad) => return shell::bad_link(&app, &bad),
    };
    let matcher = view.matcher();
    if let Err(error) = view.frame.measure(&app.client, &matcher, &mut view.link).await {
        return shell::no_answer(&app, &view.instance, &view::bar(&view), &error);
    }
    let (groups, processes) = tokio::join!(compare::groups(&app.client, &view), compare::processes(&app.client, &view));
    shell::drawn(&app, move |app| view::page(app, &view, &groups, &processes)).await
}
